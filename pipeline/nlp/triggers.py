"""Which literal strings a regular expression cannot match without: the proof behind the gate.

`required(pattern)` returns a set of strings such that a text in which the pattern matches contains at least one of
them, or an empty set where no such set is known. A sentence that holds none of them needs no look at the pattern.
"""
from __future__ import annotations

import re._constants as c  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from functools import cache
from typing import Any

_MAX_SET = 64


@cache
def required(pattern: str) -> frozenset[str]:
    """The strings of which every text that `pattern` matches in holds at least one; empty where nothing is certain."""
    return frozenset(_of_sequence(list(parser.parse(pattern))) or ())


def _of_sequence(items: list[Any]) -> set[str] | None:
    """The best certain set of a sequence: the one whose shortest string is longest."""
    candidates: list[set[str]] = []
    runs: set[str] = {""}
    for op, arg in items:
        if op is c.ASSERT:  # what is looked at ahead or behind stands in the sentence too
            seen = _of_sequence(list(arg[1]))
            candidates += [seen] if seen else []
        exact = _exact(op, arg)
        if exact is not None and len(runs) * len(exact) <= _MAX_SET:
            runs = {a + b for a in runs for b in exact}
            continue
        candidates.append(runs)
        runs = {""}
        inner = _required_of(op, arg)
        if inner:
            candidates.append(inner)
    candidates.append(runs)
    candidates = [found for found in candidates if found and "" not in found]
    return max(candidates, key=_worth) if candidates else None


def _worth(strings: set[str]) -> tuple[int, int]:
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


def _required_of(op: Any, arg: Any) -> set[str] | None:
    if op is c.SUBPATTERN:
        return _of_sequence(list(arg[-1]))
    if op is c.BRANCH:
        union: set[str] = set()
        for branch in arg[1]:
            found = _of_sequence(list(branch))
            if not found:
                return None
            union |= found
        return union
    if op in (c.MAX_REPEAT, c.MIN_REPEAT) and arg[0] >= 1:
        return _of_sequence(list(arg[2]))
    return None
