"""A linear multi-pattern matcher that stands in for medspaCy's own inside its components.

medspaCy's MedspacyMatcher tests every pattern at every token. Here each rule's regular expression is run only on
sentences that hold the strings it cannot match without (`triggers.gates`); the first of them are found for all rules in
one Aho-Corasick pass. Rules stay medspaCy rules (TargetRule, ConTextRule): `rules`, `labels` and `add` work as usual.
"""
from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import ahocorasick

from .triggers import Gate, gates


@dataclass(slots=True)
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
        self._gates: list[tuple[int, Gate]] = []  # the rule and what else its sentence must hold
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
                self._gates.append((order, tuple(rest)))
            if not found:
                self._always.append(order)
        self._automaton = None

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
            for number in reached:
                order, rest = self._gates[number]
                if order not in orders and all(any(string in text for string in strings) for strings in rest):
                    orders.add(order)
        return [self._compiled[order] for order in sorted(orders)]

    def find(self, text: str) -> list[Hit]:
        """All hits in one sentence, without those that an exclusion covers; overlaps are kept."""
        return [hit for rule in self.candidates(text) for hit in _hits(rule, text)]


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
