"""Documented Oswestry and pain scores as FHIR Observations, each with the words it was read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..case import Case
from ..criteria.chart import number
from ..schema import Fact
from .fhir_parts import ODI_CODE, PAIN_CODE, Json, amount, derivations, note_reference, patient_reference, resource_id

_SURVEY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}]}


def observations(case: Case) -> Iterator[Json]:
    """One Observation a note and score that is asserted of the day itself; quoted earlier scores have no date."""
    found: dict[tuple[str, str, float, float | None], list[Fact]] = {}
    for fact in case.facts:
        score = number(fact.attributes.get("score"))
        if fact.kind in ("odi", "pain_score") and fact.assertion == "present" and score is not None:
            scale = 100.0 if fact.kind == "odi" else number(fact.attributes.get("max"))
            found.setdefault((fact.note_id, fact.kind, score, scale), []).append(fact)
    for (note_id, kind, score, scale), facts in found.items():
        yield _observation(case, note_id, kind, score, scale, facts)


def _observation(case: Case, note_id: str, kind: str, score: float, scale: float | None, facts: list[Fact]) -> Json:
    day = facts[0].note_date
    odi = kind == "odi"
    source = note_reference(note_id)
    of_document = source["reference"].startswith("DocumentReference/")  # the only kind of note `derivedFrom` takes
    return {
        "resourceType": "Observation",
        "id": resource_id("Observation", case.patient_id, note_id, kind, str(score), str(scale)),
        "extension": derivations(facts),
        "status": "final" if _settled(facts) else "preliminary",
        "category": [_SURVEY],
        "code": {"coding": [ODI_CODE]} if odi else _pain_code(scale),
        "subject": patient_reference(case),
        **({"effectiveDateTime": day} if day else {}),
        "valueQuantity": amount(score, "%", "%") if odi else amount(score, "{score}", "{score}"),
        **({"derivedFrom": [source]} if of_document else {}),
    }


def _pain_code(scale: float | None) -> Json:
    """The LOINC code is that of the scale of ten; other scales are told in words."""
    if scale == 10:
        return {"coding": [PAIN_CODE]}
    return {"text": f"Pain score of {scale:g}" if scale else "Pain score, scale not stated"}


def _settled(facts: Iterable[Fact]) -> bool:
    """A score is preliminary until a reviewer has accepted or corrected it."""
    return any(fact.review for fact in facts)
