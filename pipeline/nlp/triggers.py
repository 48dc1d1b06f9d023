"""Which literal strings a regular expression cannot match folded text without: the proof behind the gate.

`gates(pattern)` returns, for each top-level alternative of the pattern, sets of strings: a text in which the alternative
matches contains at least one string of every set. A sentence that fails this for all alternatives needs no look at the
pattern. `required(pattern)` is the union of the first sets. `entrances(pattern)` says what its matches begin
with, where that is certain: only there is the pattern tried.
"""
from __future__ import annotations

import re
import re._compiler as compiler  # type: ignore[import-not-found]
import re._constants as c  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from .normalize import fold

_MAX_SET = 64
_MAX_BRANCHES = 64
_MAX_START, _MAX_STARTS, _MAX_REPEATED = 8, 256, 16
_BLANK = (c.CATEGORY, c.CATEGORY_SPACE)  # the only blank of folded text is " "

Gate = tuple[frozenset[str], ...]
Start = tuple[str, bool]


@lru_cache(maxsize=1)
def _parsed(pattern: str) -> Any:
    return parser.parse(pattern)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """`re.compile`, without parsing again what has just been looked at here; the pattern does not know its own text."""
    found: re.Pattern[str] = compiler.compile(_parsed(pattern))
    return found


@cache
def gates(pattern: str) -> tuple[Gate, ...]:
    """A gate an alternative, its most telling set first; no gates at all where one alternative has nothing certain."""
    found = {_gate(branch) for branch in _branches(list(_parsed(pattern)))}
    return _ordered(found) if all(found) else ()


@cache
def required(pattern: str) -> frozenset[str]:
    """The strings of which every text that `pattern` matches in holds at least one; empty where nothing is certain."""
    return frozenset(string for gate in gates(pattern) for string in gate[0])


@cache
def entrances(pattern: str) -> tuple[frozenset[Start], tuple[Gate, ...]]:
    """What to look for in place of `pattern`: how its matches begin, and gates of the alternatives that begin uncertainly.

    A start is a string and whether it must open a word. Nothing at all where an alternative has nothing certain.
    """
    parsed = _parsed(pattern)
    plain = parsed.state.flags == re.UNICODE and parsed.getwidth()[0] > 0
    begins: set[Start] = set()
    behind: set[Gate] = set()
    for branch in _branches(list(parsed)):
        found = _starts(branch) if plain else set()
        if found:
            begins |= found
        else:
            behind.add(_gate(branch))
    return (frozenset(begins), _ordered(behind)) if all(behind) else (frozenset(), ())


def beginnings(pattern: str) -> set[str]:
    """The strings one of which every match of `pattern` begins with, however short; the empty one where that is uncertain."""
    parsed = _parsed(pattern)
    return set.union(*_beginnings(parsed)) if parsed.state.flags == re.UNICODE else {""}


def _ordered(found: set[Gate]) -> tuple[Gate, ...]:
    return tuple(sorted(found, key=lambda gate: [sorted(strings) for strings in gate]))


def _starts(branch: list[Any]) -> set[Start]:
    """How an alternative can begin; empty where that is uncertain or tells too little."""
    whole, begun = _beginnings(branch)
    strings = _heads(whole | begun)
    at_word = _at_word(branch) and all(string[:1].isalnum() for string in strings)
    return {(string, at_word) for string in strings} if all(_tells(string, at_word) for string in strings) else set()


def _tells(string: str, at_word: bool) -> bool:
    """Whether a beginning is rare enough: three characters, two that open a word, two blanks, or a mark."""
    return len(string) >= (2 if at_word or string == "  " else 3) or (string != "" and not string[0].isalnum() and string[0] != " ")


def _heads(strings: set[str]) -> set[str]:
    """Without the strings that begin with another of the set."""
    kept: list[str] = []
    for string in sorted(strings):
        if not kept or not string.startswith(kept[-1]):
            kept.append(string)
    return set(kept)


def _beginnings(items: Any) -> tuple[set[str], set[str]]:
    """The strings a sequence can match as a whole, and those of which only the beginning is known."""
    whole, begun = {""}, set[str]()
    for op, arg in _with_words(items):
        more, open_ends = ({arg}, set()) if op is None else _beginning(op, arg)
        if (len(whole) * (len(more) + len(open_ends)) + len(begun)) > _MAX_STARTS:
            return set(), begun | {a + b for a in whole for b in _shortened(more | open_ends, _MAX_STARTS // len(whole))}
        begun |= {a + b for a in whole for b in open_ends}
        longer = {a + b for a in whole for b in more}
        begun |= {string[:_MAX_START] for string in longer if len(string) >= _MAX_START}
        whole = {string for string in longer if len(string) < _MAX_START}
        if not whole:
            break
    return whole, begun


def _with_words(items: Any) -> Iterator[tuple[Any, Any]]:
    """The items of a sequence, those that follow one another as plain characters as one string without an operator."""
    for literal, group in groupby(items, key=lambda item: item[0] is c.LITERAL):
        if literal:
            yield None, "".join(_seen(arg) for _, arg in group)
        else:
            yield from group


def _shortened(strings: set[str], most: int) -> set[str]:
    """Beginnings of the strings, as long as they can be where there are to be no more than `most`."""
    for size in range(_MAX_START, 0, -1):
        cut = {string[:size] for string in strings}
        if len(cut) <= most:
            return cut
    return {""}


def _beginning(op: Any, arg: Any) -> tuple[set[str], set[str]]:
    """`_beginnings` of one item."""
    exact = _exact(op, arg) if op in (c.LITERAL, c.AT, c.ASSERT_NOT, c.IN) or (op is c.ASSERT and arg[0] < 0) else None
    if op is c.IN and exact is None:
        exact = _exact(op, [(c.LITERAL, 32) if item == _BLANK else item for item in arg])
    if exact is not None:
        return exact, set()
    if op is c.SUBPATTERN and not arg[1] and not arg[2]:
        return _beginnings(arg[-1])
    if op is c.ASSERT and arg[0] > 0:
        whole, begun = _beginnings(arg[1])
        return set(), whole | begun
    if op is c.BRANCH:
        parts = [_beginnings(branch) for branch in arg[1]]
        return set().union(*(whole for whole, _ in parts)), set().union(*(begun for _, begun in parts))
    if op in (c.MAX_REPEAT, c.MIN_REPEAT):
        least, most, inner = arg
        whole, begun = _beginnings(inner)
        if most > 1:  # once, or twice and who knows how often
            short = least <= 1 and "" not in whole and len(whole) <= _MAX_REPEATED
            begun |= {a + b for a in whole for b in whole | begun} if short else whole
            whole = whole if short else set()
        return (whole | {""} if least == 0 else whole), begun
    return set(), {""}


def _at_word(items: Any) -> bool:
    """Whether a sequence begins with "no letter before"."""
    if not len(items):
        return False
    op, arg = items[0]
    if op is c.SUBPATTERN:
        return _at_word(arg[-1])
    if op is c.BRANCH:
        return all(_at_word(branch) for branch in arg[1])
    if op is c.AT:
        return bool(arg is c.AT_BOUNDARY)
    return op is c.ASSERT_NOT and arg[0] < 0 and len(arg[1]) == 1 and arg[1][0][0] is c.IN and (
        (c.RANGE, (97, 122)) in arg[1][0][1] and (c.NEGATE, None) not in arg[1][0][1])


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
        return {_seen(arg)}
    if op is c.AT or op in (c.ASSERT, c.ASSERT_NOT):
        return {""}
    if op is c.IN:
        chars: set[str] = set()
        for kind, value in arg:
            if kind is c.LITERAL:
                chars.add(_seen(value))
            elif kind is c.RANGE and value[1] - value[0] < 12:
                chars |= {_seen(code) for code in range(value[0], value[1] + 1)}
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


def _seen(code: int) -> str:
    """A character of a pattern as it stands in folded text, also where the pattern takes capitals for small letters."""
    return fold(chr(code))


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
