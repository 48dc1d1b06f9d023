"""A linear multi-pattern matcher that stands in for medspaCy's own inside its components.

medspaCy's MedspacyMatcher tests every pattern at every token. Here one Aho-Corasick pass over a sentence finds for all
rules the strings that their matches begin with (`triggers.entrances`), and each rule's regular expression is tried only
there. A rule of which one alternative begins uncertainly is run on sentences that hold the strings without which that
alternative cannot match. Rules stay medspaCy rules (TargetRule, ConTextRule): `rules`, `labels` and `add` work as usual.
"""
from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import ahocorasick

from .triggers import Gate, compiled, entrances
from .triggers import gates as gates_of

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")


class Hit(NamedTuple):
    """A match of one rule in one sentence; offsets are those of the sentence text."""
    rule: Any
    start: int
    end: int


class _String:
    """A string to look for: the rules that can begin with it, after any character or after none of a word, and the gates."""
    __slots__ = ("anywhere", "at_word", "gates")

    def __init__(self) -> None:
        self.anywhere: list[int] = []
        self.at_word: list[int] = []
        self.gates: list[int] = []


class _Compiled:
    def __init__(self, rule: Any) -> None:
        self.rule = rule
        pattern = compiled(rule.pattern)
        self.finditer, self.match = pattern.finditer, pattern.match
        self.exclude = [_Exclusion(text) for text in (rule.metadata or {}).get("exclude", ())]

    def allowed(self, text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The spans that no exclusion touches."""
        blocked: list[tuple[int, int]] = []
        for exclusion in self.exclude:
            for string in exclusion.needs:
                if string in text:
                    blocked += [match.span() for match in exclusion.finditer(text)]
                    break
        return [(a, b) for a, b in spans if not any(x < b and a < y for x, y in blocked)] if blocked else spans


class _Exclusion:
    """A pattern whose matches are no hits, tried on texts that hold one of the strings it cannot match without."""

    def __init__(self, pattern: str) -> None:
        rarest = [max(gate, key=_rarity) for gate in gates_of(pattern)]
        self.needs = tuple(sorted(set().union(*rarest), key=len)) or ("",)
        self.finditer = compiled(pattern).finditer


def _rarity(strings: frozenset[str]) -> tuple[int, int]:
    return min(map(len, strings)), -len(strings)


class LinearMatcher:
    """Finds medspaCy rules in sentences; each rule's `pattern` is a regular expression over folded text."""

    def __init__(self, gate: bool = True) -> None:
        self.gate = gate
        self.rule_map: dict[str, Any] = {}
        self.labels: set[str] = set()
        self._compiled: list[_Compiled] = []
        self._always: list[int] = []
        self._gates: list[tuple[int, tuple[int, ...]]] = []  # the rule, and the sets its sentence must hold besides
        self._sets: dict[frozenset[str], int] = {}
        self._tests: list[Callable[[str], object]] = []
        self._strings: dict[str, _String] = {}
        self._automaton: Any = None

    @property
    def rules(self) -> list[Any]:
        return list(self.rule_map.values())

    def add(self, rules: Iterable[Any]) -> None:
        for rule in rules:
            if not isinstance(rule.pattern, str):  # a rule given as a literal, as medspaCy users write them
                from .lexicon import term_regex
                rule.pattern = term_regex(rule.literal)
            order = len(self._compiled)
            rule._rule_id = f"{rule.category}_{order}"
            self.rule_map[rule._rule_id] = rule
            self.labels.add(rule.category)
            begins, behind = entrances(rule.pattern) if self.gate else ((), ())
            self._compiled.append(_Compiled(rule))
            for string, at_word in begins:
                found = self._string(string)
                found.at_word.append(order)
                if not at_word:
                    found.anywhere.append(order)
            for gate in behind:
                self._gate(order, gate)
            if not begins and not behind:
                self._always.append(order)
        self._automaton = None

    def _string(self, string: str) -> _String:
        return self._strings.setdefault(string, _String())

    def _gate(self, order: int, gate: Gate) -> None:
        """Note what a sentence must hold for an alternative of which it is not known where it begins."""
        for string in gate[0]:
            self._string(string).gates.append(len(self._gates))
        self._gates.append((order, tuple(self._test(strings) for strings in gate[1:])))

    def _test(self, strings: frozenset[str]) -> int:
        """The number of the test for one set of strings; gates that share a set share its test."""
        number = self._sets.setdefault(strings, len(self._tests))
        if number == len(self._tests):
            self._tests.append(re.compile("|".join(map(re.escape, sorted(strings)))).search)
        return number

    def _build(self) -> Any:
        automaton = ahocorasick.Automaton()
        for string, found in self._strings.items():
            automaton.add_word(string, (len(string) - 1, tuple(found.anywhere), tuple(found.at_word), tuple(found.gates)))
        automaton.make_automaton()
        return automaton

    def candidates(self, text: str) -> dict[int, list[int] | None]:
        """The rules that can match in `text`, each with the places to try, None where it must search for them."""
        places: dict[int, list[int] | None] = dict.fromkeys(self._always)
        if self._automaton is None:
            self._automaton = self._build()
        reached: set[int] = set()
        for end, (before, anywhere, at_word, gates) in self._automaton.iter(text) if self._strings else ():
            start = end - before
            for order in anywhere if start and text[start - 1] in _LETTERS else at_word:
                if order not in places:
                    places[order] = [start]
                elif (known := places[order]) is not None:
                    known.append(start)
            if gates:
                reached.update(gates)
        done: dict[int, bool] = {}
        for number in reached:
            order, tests = self._gates[number]
            if places.get(order, ()) is not None and self._holds(text, tests, done):
                places[order] = None
        return places

    def _holds(self, text: str, tests: tuple[int, ...], done: dict[int, bool]) -> bool:
        for number in tests:
            if number not in done:
                done[number] = self._tests[number](text) is not None
            if not done[number]:
                return False
        return True

    def find(self, text: str) -> list[Hit]:
        """All hits in one sentence, without those that an exclusion covers; overlaps are kept."""
        places = self.candidates(text)
        hits: list[Hit] = []
        for order in sorted(places):
            compiled, at = self._compiled[order], places[order]
            spans = _anywhere(compiled.finditer, text) if at is None else _at(compiled.match, text, at)
            if spans:
                hits += [Hit(compiled.rule, start, end) for start, end in compiled.allowed(text, spans)]
        return hits


def _anywhere(finditer: Callable[[str], Iterator[re.Match[str]]], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in finditer(text) if match.end() > match.start()]


def _at(match: Callable[[str, int], re.Match[str] | None], text: str, places: list[int]) -> list[tuple[int, int]]:
    """What `finditer` finds, where a match can begin only at `places`."""
    spans: list[tuple[int, int]] = []
    last = 0
    for start in sorted(places) if len(places) > 1 else places:
        if start >= last and (found := match(text, start)):
            last = found.end()
            spans.append((start, last))
    return spans


def longest(hits: list[Hit]) -> list[Hit]:
    """Of overlapping hits the longest (at a tie the earlier rule), in text order."""
    if len(hits) < 2:
        return hits
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end)):
        if not any(other.start < hit.end and hit.start < other.end for other in kept):
            insort(kept, hit, key=lambda h: h.start)
    return kept
