"""What the words of a workbook mean: statuses, assertions, kinds of facts, their attributes and values."""

from __future__ import annotations

from collections.abc import Iterator

from ..schema import ATTRIBUTES
from ..values import CHOICES, FLAGS, LISTS, NUMBERS
from ..wording import KIND_WORDS, STATUS_WORDS, title

ASSERTION_WORDS = {
    "present": "Present",
    "absent": "Absent",
    "possible": "Possible",
    "historical": "Historical",
    "hypothetical": "Hypothetical",
    "family": "Family",
}
_STATUSES = {
    "met": "The notes document the criterion, or all criteria.",
    "not_met": "The notes document that the criterion is not met; overall: that one of them is not.",
    "missing": "The notes do not say; the sheet Requests has what to ask for.",
    "incomplete": "Overall: no criterion fails, and at least one is missing.",
    "review": "The notes contradict themselves, or a person has to read them.",
    "excluded": "Overall: the plan does not cover the procedure, whatever the notes say.",
    "unverified": "A rule of the policy that could not be checked at its source, or that notes do not show.",
}
_ASSERTIONS = {
    "present": "Said of this patient.",
    "absent": "Denied or negated.",
    "possible": "Hedged: probably, suspicious for, cannot exclude.",
    "historical": "Past and no longer so; an earlier score quoted again.",
    "hypothetical": "A condition, a warning, a plan, the reason for an exam.",
    "family": "Said of someone else.",
}
_KINDS = {
    "modic": "Endplate or marrow change of the Modic family.",
    "symptom_duration": "How long the low back pain has lasted.",
    "radicular": "A symptom or sign of the leg or of a nerve root.",
    "axial_pain": "Whether back or leg pain leads.",
    "therapy": "A treatment of the back: tried, ongoing, planned, declined ...",
    "odi": "Oswestry Disability Index.",
    "pain_score": "Score of the back pain.",
    "functional_impairment": "An activity that the patient cannot do, or does with difficulty.",
    "alternative": "Another finding or diagnosis of the spine.",
    "code": "A diagnosis or procedure code as written.",
}
_ATTRIBUTES = {
    "modic.type": "Modic type; 1/2 is one mixed change",
    "modic.basis": "the word Modic (named), or the signal described (descriptor)",
    "levels": "disc levels",
    "endplates": "vertebrae or endplates",
    "vertebrae": "vertebrae",
    "months": "months, from years, weeks and days too",
    "qualifier": "how exact the duration is",
    "finding": "what is found",
    "side": "side",
    "predominance": "axial_only: back pain only",
    "modality": "the treatment",
    "therapy.status": "what became of it",
    "outcome": "relief",
    "duration_weeks": "weeks (a month is 4.345 weeks)",
    "sessions": "number of visits or sessions",
    "odi.score": "percent",
    "category": "disability category, where no score is given",
    "pain_score.score": "the score",
    "max": "the highest score of the scale",
    "activity": "the activity",
    "diagnosis": "the finding",
    "severity": "severity",
    "primary": "true: named as the source of the pain",
    "system": "code system",
    "code": "the code",
}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """(where, name, meaning, values) for statuses, assertions, kinds and attributes."""
    for status, meaning in _STATUSES.items():
        yield "Status", STATUS_WORDS[status], meaning, ""
    for assertion, meaning in _ASSERTIONS.items():
        yield "Assertion", ASSERTION_WORDS[assertion], meaning, ""
    for kind, names in ATTRIBUTES.items():
        yield "Kind of fact", KIND_WORDS[kind], _KINDS[kind], ""
        for name in names:
            meaning = _ATTRIBUTES.get(f"{kind}.{name}") or _ATTRIBUTES[name]
            yield KIND_WORDS[kind], name, meaning[:1].upper() + meaning[1:] + ".", _values(f"{kind}.{name}")


def _values(name: str) -> str:
    if name in CHOICES:
        return ", ".join(title(value) if "_" in value else value for value in CHOICES[name])
    if name in FLAGS:
        return "true, false"
    if name in NUMBERS:
        return f"0 to {NUMBERS[name]}"
    return "a list, such as L4-L5, L5-S1" if name in LISTS else "text"
