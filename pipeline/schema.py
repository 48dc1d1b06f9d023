"""The few types all rooms share: a note, a fact, a verdict."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = ("modic", "symptom_duration", "radicular", "axial_pain", "therapy", "odi", "pain_score",
         "functional_impairment", "alternative", "code")
ASSERTIONS = ("present", "absent", "possible", "historical", "hypothetical", "family")
NOTE_TYPES = ("clinic", "radiology", "pt", "procedure", "telephone", "referral", "questionnaire", "letter", "unknown")
NOTE_STATUSES = ("processed", "empty", "duplicate", "rejected")

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "modic": ("type", "basis", "levels", "endplates"),
    "symptom_duration": ("months", "qualifier"),
    "radicular": ("finding", "side"),
    "axial_pain": ("predominance",),
    "therapy": ("modality", "status", "outcome", "duration_weeks", "sessions"),
    "odi": ("score", "category"),
    "pain_score": ("score", "max"),
    "functional_impairment": ("activity",),
    "alternative": ("diagnosis", "levels", "vertebrae", "side", "severity", "primary"),
    "code": ("system", "code"),
}


@dataclass(slots=True)
class Note:
    """One note as read. `text` is the decoded text, line ends kept; `note_date` is ISO or None."""
    note_id: str
    patient_id: str
    text: str
    path: str = ""
    note_date: str | None = None
    note_type: str = "unknown"
    encoding: str = "utf-8"
    sha256: str = ""


@dataclass(slots=True)
class Cue:
    """The words that set a fact's assertion: offsets in the note, the text and the id of the modifier rule."""
    start: int
    end: int
    text: str
    rule: str

    def to_dict(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "text": self.text, "rule": self.rule}


@dataclass(slots=True)
class Fact:
    """One documented statement. `start`/`end` count Unicode characters: `note.text[start:end] == text`."""
    kind: str
    assertion: str
    start: int
    end: int
    text: str
    sentence: str
    section: str
    rule: str
    attributes: dict[str, Any]
    cue: Cue | None = None
    fact_id: str = ""
    patient_id: str = ""
    note_id: str = ""
    note_date: str | None = None
    note_type: str = "unknown"
    review: dict[str, Any] | None = None  # what a reviewer decided: origin, reviewer, when, why, found (if corrected)

    def to_dict(self) -> dict[str, Any]:
        """The fact as it stands in facts.jsonl, keys in the order of the contract."""
        row = {"fact_id": self.fact_id, "patient_id": self.patient_id, "note_id": self.note_id,
               "note_date": self.note_date, "note_type": self.note_type, "kind": self.kind,
               "assertion": self.assertion, "start": self.start, "end": self.end, "text": self.text,
               "sentence": self.sentence, "section": self.section, "rule": self.rule,
               "cue": self.cue.to_dict() if self.cue else None, "attributes": self.attributes}
        return {**row, "review": self.review} if self.review else row

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Fact:
        """Inverse of `to_dict`."""
        cue = row.get("cue")
        return cls(**{**row, "cue": Cue(**cue) if cue else None})


@dataclass(slots=True)
class Verdict:
    """A criterion (or `overall`) of one patient under one policy."""
    patient_id: str
    policy: str
    criterion: str
    status: str
    rationale: str
    missing_items: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
