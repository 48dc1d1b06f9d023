"""Which literal strings a regular expression cannot match without: the proof behind the gate.

`gates(pattern)` returns, for each top-level alternative of the pattern, sets of strings: a text in which the alternative
matches contains at least one string of every set. A sentence that fails this for all alternatives needs no look at the
pattern. `required(pattern)` is the union of the first sets.
"""
from __future__ import annotations

import re._constants as c  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from functools import cache
from typing import Any

_MAX_SET = 64
_MAX_BRANCHES = 64


Gate = tuple[frozenset[str], ...]


@cache
def gates(pattern: str) -> tuple[Gate, ...]:
    """A gate an alternative, its most telling set first; no gates at all where one alternative has nothing certain."""
    found = {_gate(branch) for branch in _branches(list(parser.parse(pattern)))}
    return tuple(sorted(found, key=lambda gate: [sorted(strings) for strings in gate])) if all(found) else ()


@cache
def required(pattern: str) -> frozenset[str]:
    """The strings of which every text that `pattern` matches in holds at least one; empty where nothing is certain."""
    return frozenset(string for gate in gates(pattern) for string in gate[0])


def _branches(items: list[Any], most: int = _MAX_BRANCHES) -> list[list[Any]]:
    """The alternatives of a pattern: choices in it are multiplied out as long as there are not too many."""
    for at, (op, arg) in enumerate(items):
        if op is c.SUBPATTERN:
            options = _branches(list(arg[-1]), most) if _exact(op, arg) is None else []
        else:
            options = [list(part) for part in arg[1]] if op is c.BRANCH and _exact(op, arg) is None else []
        if 1 < len(options) <= most:
            parts = [items[:at] + option + items[at + 1:] for option in options]
            return [branch for part in parts for branch in _branches(part, most // len(options))]
    return [items]


def _gate(items: list[Any]) -> Gate:
    sets = {frozenset(strings) for strings in _sets(items)}
    return tuple(sorted(sets, key=lambda strings: (_worth(strings), sorted(strings)), reverse=True))


def _of_sequence(items: list[Any]) -> set[str] | None:
    """The best certain set of a sequence: the one whose shortest string is longest."""
    return max(_sets(items), key=_worth, default=None)


def _sets(items: list[Any]) -> list[set[str]]:
    """All certain sets of a sequence."""
    candidates: list[set[str]] = []
    runs: set[str] = {""}
    for op, arg in items:
        if op is c.ASSERT:  # what is looked at ahead or behind stands in the sentence too
            candidates += _sets(list(arg[1]))
        exact = _exact(op, arg)
        if exact is not None and len(runs) * len(exact) <= _MAX_SET:
            runs = {a + b for a in runs for b in exact}
            continue
        candidates.append(runs)
        runs = {""}
        candidates += _inner_sets(op, arg)
    candidates.append(runs)
    return [_shortest(found) for found in candidates if found and "" not in found]


def _shortest(strings: set[str]) -> set[str]:
    """Without the strings that hold another of the set."""
    return {string for string in strings if not any(other in string for other in strings if other != string)}


def _worth(strings: set[str] | frozenset[str]) -> tuple[int, int]:
    return min(min(map(len, strings)), 4), -len(strings)


def _exact(op: Any, arg: Any) -> set[str] | None:
    """All strings that the item can match, where they are few."""
    if op is c.LITERAL:
        return {chr(arg)}
    if op is c.AT or op in (c.ASSERT, c.ASSERT_NOT):
        return {""}
    if op is c.IN:
        chars: set[str] = set()
        for kind, value in arg:
            if kind is c.LITERAL:
                chars.add(chr(value))
            elif kind is c.RANGE and value[1] - value[0] < 12:
                chars |= {chr(code) for code in range(value[0], value[1] + 1)}
            else:
                return None
        return chars if len(chars) <= 12 else None
    if op is c.SUBPATTERN:
        return _exact_sequence(arg[-1])
    if op is c.BRANCH:
        strings: set[str] = set()
        for branch in arg[1]:
            found = _exact_sequence(branch)
            if found is None or len(strings | found) > _MAX_SET:
                return None
            strings |= found
        return strings
    if op in (c.MAX_REPEAT, c.MIN_REPEAT) and arg[0] == 0 and arg[1] == 1:
        found = _exact_sequence(arg[2])
        return None if found is None else found | {""}
    return None


def _exact_sequence(items: Any) -> set[str] | None:
    strings = {""}
    for op, arg in items:
        found = _exact(op, arg)
        if found is None or len(strings) * len(found) > _MAX_SET:
            return None
        strings = {a + b for a in strings for b in found}
    return strings


def _inner_sets(op: Any, arg: Any) -> list[set[str]]:
    """The certain sets inside one item."""
    if op is c.SUBPATTERN:
        return _sets(list(arg[-1]))
    if op is c.BRANCH:
        best = [_of_sequence(list(branch)) for branch in arg[1]]
        return [set().union(*(found for found in best if found))] if all(best) else []
    if op in (c.MAX_REPEAT, c.MIN_REPEAT) and arg[0] >= 1:
        return _sets(list(arg[2]))
    return []
