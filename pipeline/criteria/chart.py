"""What the readings read: one patient's facts in time order, up to the date of judgement."""

from __future__ import annotations

import json
import operator
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..schema import Fact

DAYS_PER_MONTH = 30.4
WEEKS_PER_MONTH = 4.345
OPERATORS = {">=": operator.ge, ">": operator.gt}
OP_WORDS = {">=": "at least", ">": "more than"}
# Findings only a cross-sectional study shows: a radiology note with one of them is an MRI (or CT) of the lumbar spine,
# not an X-ray, and not an MRI of another region, which yields no facts.
SOFT_TISSUE = {
    "disc_bulge",
    "disc_protrusion",
    "disc_extrusion",
    "disc_sequestration",
    "disc_herniation",
    "annular_fissure",
    "central_stenosis",
    "foraminal_stenosis",
    "lateral_recess_stenosis",
    "nerve_root_compression",
}
LETTERS = {"letter", "referral"}  # they argue a case: no exam, no first-hand reading
WORDS = {
    "nsaid": "NSAID",
    "cbt": "cognitive behavioural therapy",
    "tens": "TENS",
    "rfa": "radiofrequency ablation",
    "si_joint_dysfunction": "SI joint dysfunction",
    "bvn_ablation": "basivertebral nerve ablation",
    "positive_slr": "positive straight leg raise",
    "si_injection": "SI joint injection",
    "conservative_unspecified": "conservative care",
    "numbness_tingling": "numbness or tingling",
    "reflex_or_sensory_deficit": "reflex or sensory deficit",
}


@dataclass(slots=True)
class Reading:
    """What the chart says about one test: `status`, a plain sentence, the facts behind it and what to ask for."""

    status: str
    sentence: str
    facts: list[Fact] = field(default_factory=list)
    asks: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Chart:
    """The facts of one patient in time order. Facts of other patients and of notes after `as_of` are left out."""

    def __init__(self, patient_id: str, facts: Iterable[Fact], notes: Iterable[Any], as_of: str | None = None) -> None:
        mine = [f for f in facts if f.patient_id == patient_id]
        my_notes = [n for n in notes if getattr(n, "patient_id", patient_id) == patient_id]
        days = [d for d in (*(f.note_date for f in mine), *(n.note_date for n in my_notes)) if d]
        self.patient_id = patient_id
        self.as_of = as_of or max(days, default=None)
        in_time = [f for f in mine if not self._later(f.note_date)]
        named = len({f.fact_id for f in in_time}) == len(in_time)
        self.facts = sorted(in_time, key=_order if named else _order_of_unnamed)
        self._by_kind: dict[tuple[str, str], list[tuple[int, Fact]]] = defaultdict(list)
        for place, fact in enumerate(self.facts):
            self._by_kind[fact.kind, fact.assertion].append((place, fact))
        self.later_notes = len({n.note_id for n in my_notes if self._later(n.note_date)})
        self.undated_notes = len({n.note_id for n in my_notes if not n.note_date})

    def _later(self, day: str | None) -> bool:
        return bool(day and self.as_of and day > self.as_of)

    def of(self, kind: str, *assertions: str) -> list[Fact]:
        """Facts of one kind with one of the assertions (default: present), oldest first."""
        placed = [pair for a in assertions or ("present",) for pair in self._by_kind.get((kind, a), ())]
        return [fact for _, fact in sorted(placed, key=operator.itemgetter(0))]

    def used(self, modalities: Iterable[str] | None = None) -> list[Fact]:
        """Therapies that were really tried or are in use; ordered, declined and conditional ones are not."""
        wanted = None if modalities is None else set(modalities)
        return [
            f
            for f in self.of("therapy")
            if f.attributes.get("status") in ("tried", "ongoing")
            and (wanted is None or f.attributes.get("modality") in wanted)
        ]

    def by_note(self, kind: str) -> dict[str, list[Fact]]:
        """Facts of one kind grouped by note, oldest note first."""
        groups: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            if fact.kind == kind:
                groups[fact.note_id].append(fact)
        return dict(groups)

    def mri_reports(self) -> dict[str, list[Fact]]:
        """Radiology notes on the lumbar spine that only an MRI (or CT) can be, each with the facts that show it."""
        reports: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            shown = fact.assertion in ("present", "absent", "possible", "historical")
            soft = fact.attributes.get("diagnosis") in SOFT_TISSUE or (
                fact.kind == "modic" and not xray_sclerosis(fact)
            )
            if fact.note_type == "radiology" and shown and soft:
                reports[fact.note_id].append(fact)
        return dict(reports)


def xray_sclerosis(fact: Fact) -> bool:
    """Endplate sclerosis without the name Modic: an X-ray shows it too, so alone it proves no MRI."""
    return fact.attributes.get("type") == "3" and fact.attributes.get("basis") == "descriptor"


def _order(fact: Fact) -> tuple[str, str, int, str]:
    return fact.note_date or "", fact.note_id, fact.start, fact.fact_id


def _order_of_unnamed(fact: Fact) -> tuple[tuple[str, str, int, str], str]:
    """Facts that share an id go by what they say, so that the order they came in does not matter."""
    return _order(fact), json.dumps([fact.kind, fact.assertion, fact.attributes], sort_keys=True, default=str)


def number(value: Any) -> float | None:
    """A finite, non-negative number, or None."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if 0 <= result < float("inf") else None


def months_between(first: str | None, last: str | None) -> float:
    """Months from one ISO date to a later one; 0 where either is unknown or the order is reversed."""
    if not first or not last or last <= first:
        return 0.0
    return (date.fromisoformat(last) - date.fromisoformat(first)).days / DAYS_PER_MONTH


def reaches(op: str, months: float, required: float) -> bool:
    """Compares months to one decimal, the precision of the facts (26 weeks are 6.0 months)."""
    return bool(OPERATORS[op](round(months, 1), required))


def words(name: str) -> str:
    """A code of the schema in plain English."""
    return WORDS.get(name, name.replace("_", " "))


def listed(names: Iterable[str]) -> str:
    """'a, b and c', each once, in the order given."""
    unique = list(dict.fromkeys(names))
    return " and ".join(unique) if len(unique) < 3 else ", ".join(unique[:-1]) + " and " + unique[-1]


def upper(text: str) -> str:
    """A sentence's first letter in upper case."""
    return text[:1].upper() + text[1:]


def named(facts: Iterable[Fact], attribute: str) -> str:
    """The values of one attribute in plain English, each once: 'physical therapy and NSAID'."""
    return listed(words(str(f.attributes.get(attribute))) for f in facts)


def day(fact: Fact) -> str:
    """The note's date in words, for sentences."""
    return fact.note_date or "an undated note"


def days(facts: Sequence[Fact]) -> str:
    """The dates of the notes of these facts, each once."""
    return listed(day(f) for f in facts)


def figure(value: float) -> str:
    """36.0 as '36', 5.5 as '5.5'."""
    return f"{round(value, 1):g}"
