"""What an output knows of one patient: made by the run, or read back from the tables of a finished run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .corpus import NoteRow
from .criteria import Judgement
from .criteria.chart import words
from .schema import Fact, Verdict
from .tables import AUTO, VALUES, plain

Key = str  # a fact id, or "policy/criterion" of a verdict


@dataclass(slots=True, frozen=True)
class Ask:
    """One line of the request list: criterion and item in words, and the sentence to act on."""

    criterion: str
    item: str
    sentence: str


@dataclass(slots=True, frozen=True)
class PolicyInfo:
    """A policy version, as run.json names it."""

    id: str
    title: str = ""
    payer: str = ""
    version: str = ""
    effective_from: str = ""
    effective_to: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PolicyInfo:
        return cls(**{name: str(row.get(name) or "") for name in cls.__dataclass_fields__})

    def in_force(self, on: str | None) -> bool:
        return not on or (self.effective_from or on) <= on <= (self.effective_to or on)


@dataclass(slots=True)
class Case:
    """One patient: inputs, texts by note id (without those that cannot be shown), facts, verdicts and requests.

    `values` and `asks` are by policy id; `withheld` says by note id why its text is not shown; `marks` are what
    reviewers said, by fact id or "policy/criterion", a line each.
    """

    patient_id: str
    rows: list[NoteRow]
    texts: dict[str, str]
    facts: list[Fact]
    verdicts: list[Verdict]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    asks: dict[str, list[Ask]] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    marks: dict[Key, list[str]] = field(default_factory=dict)
    as_of: str | None = None

    def facts_by_note(self) -> defaultdict[str, list[Fact]]:
        """The facts of each note by its id, in the order of the tables."""
        found = defaultdict(list)
        for fact in self.facts:
            found[fact.note_id].append(fact)
        return found

    def notes_at_hand(self) -> Iterator[tuple[NoteRow, str, list[Fact]]]:
        """Each note whose text is at hand, with the text and its facts."""
        of_note = self.facts_by_note()
        for row in self.rows:
            if row.note_id in self.texts:
                yield row, self.texts[row.note_id], of_note[row.note_id]

    @property
    def judged_on(self) -> str | None:
        """The date of judgement: the one given, else that of the latest note."""
        dates = [row.note_date for row in self.rows if row.status == "processed" and row.note_date]
        return self.as_of or max(dates, default=None)


def asks_of(judgement: Judgement) -> list[Ask]:
    """The requests of a judgement, in the words of missing.md."""
    return [
        Ask(words(request.criterion), words(request.item), " ".join(request.sentence.split()))
        for request in judgement.requests
    ]


def marks_of(facts: Iterable[Fact], origins: Mapping[Key, tuple[str, str]]) -> dict[Key, list[str]]:
    """What reviewers decided, as the tables tell it; `origins` are (origin, reviewer) by "policy/criterion"."""
    marks = {
        fact.fact_id: [f"{review['origin']} by {review['reviewer']}, {review['when'][:10]}" + _because(review["why"])]
        for fact in facts
        if (review := fact.review)
    }
    marks.update({key: [f"{origin} by {by}"] for key, (origin, by) in origins.items() if (origin, by) != AUTO})
    return marks


def _because(why: str) -> str:
    return f": {why}" if why else ""


def plain_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The key values as they stand in patients.csv."""
    return {name: plain(values.get("pain_pattern" if name == "pain_pattern_value" else name)) for name in VALUES}


def policy_of(policies: Iterable[PolicyInfo], policy_id: str, on: str | None) -> PolicyInfo:
    """The version of a policy in force on a day, else the last one known."""
    versions = [info for info in policies if info.id == policy_id] or [PolicyInfo(policy_id)]
    return next((info for info in reversed(versions) if info.in_force(on)), versions[-1])
