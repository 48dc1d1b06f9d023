"""A linear multi-pattern matcher that stands in for medspaCy's own inside its components.

medspaCy's MedspacyMatcher tests every pattern at every token. Here each rule's regular expression is run only on
sentences that hold the strings it cannot match without (`triggers.gates`); the first of them are found for all rules in
one Aho-Corasick pass. Rules stay medspaCy rules (TargetRule, ConTextRule): `rules`, `labels` and `add` work as usual.
"""
from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import ahocorasick

from .triggers import gates

_KEPT_SENTENCES = 20_000


@dataclass(slots=True, frozen=True)
class Hit:
    """A match of one rule in one sentence; offsets are those of the sentence text."""
    rule: Any
    start: int
    end: int


class _Compiled:
    __slots__ = ("exclude", "finditer", "order", "rule")

    def __init__(self, order: int, rule: Any) -> None:
        self.order, self.rule = order, rule
        self.finditer = re.compile(rule.pattern).finditer
        self.exclude = [re.compile(pattern) for pattern in (rule.metadata or {}).get("exclude", ())]


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
        self._known: dict[str, list[Hit]] = {}
        self._triggers: dict[str, set[int]] = {}
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
            self._compiled.append(_Compiled(order, rule))
            found = gates(rule.pattern) if self.gate else ()
            for first, *rest in found:
                for string in first:
                    self._triggers.setdefault(string, set()).add(len(self._gates))
                self._gates.append((order, tuple(self._test(strings) for strings in rest)))
            if not found:
                self._always.append(order)
        self._automaton = None
        self._known.clear()

    def _test(self, strings: frozenset[str]) -> int:
        """The number of the test for one set of strings; gates that share a set share its test."""
        number = self._sets.setdefault(strings, len(self._tests))
        if number == len(self._tests):
            self._tests.append(re.compile("|".join(map(re.escape, sorted(strings)))).search)
        return number

    def _build(self) -> Any:
        automaton = ahocorasick.Automaton()
        for string, numbers in self._triggers.items():
            automaton.add_word(string, tuple(numbers))
        automaton.make_automaton()
        return automaton

    def candidates(self, text: str) -> list[_Compiled]:
        """The rules that can match in `text`, in their order."""
        orders = set(self._always)
        if self._triggers:
            if self._automaton is None:
                self._automaton = self._build()
            reached: set[int] = set()
            for _, found in self._automaton.iter(text):
                reached.update(found)
            done: dict[int, bool] = {}
            for number in reached:
                order, tests = self._gates[number]
                if order not in orders and self._holds(text, tests, done):
                    orders.add(order)
        return [self._compiled[order] for order in sorted(orders)]

    def _holds(self, text: str, tests: tuple[int, ...], done: dict[int, bool]) -> bool:
        for number in tests:
            if number not in done:
                done[number] = self._tests[number](text) is not None
            if not done[number]:
                return False
        return True

    def find(self, text: str) -> list[Hit]:
        """All hits in one sentence, without those that an exclusion covers; overlaps are kept.

        Clinics and radiologists write the same sentence again and again, so what was found is kept for a while.
        """
        known = self._known.get(text)
        if known is None:
            known = [hit for rule in self.candidates(text) for hit in _hits(rule, text)]
            if len(self._known) >= _KEPT_SENTENCES:
                self._known.clear()
            self._known[text] = known
        return known


def _hits(compiled: _Compiled, text: str) -> Iterator[Hit]:
    found = [(match.start(), match.end()) for match in compiled.finditer(text) if match.end() > match.start()]
    if found and compiled.exclude:
        blocked = [match.span() for pattern in compiled.exclude for match in pattern.finditer(text)]
        found = [(a, b) for a, b in found if not any(x < b and a < y for x, y in blocked)]
    for start, end in found:
        yield Hit(compiled.rule, start, end)


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Of overlapping hits the longest (at a tie the earlier rule), in text order."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end)):
        if not any(other.start < hit.end and hit.start < other.end for other in kept):
            insort(kept, hit, key=lambda h: h.start)
    return kept
