"""The view of one patient as plain values for the browser: verdicts, facts, decisions, notes in pieces."""

from __future__ import annotations

import hashlib
from typing import Any

from ..criteria.chart import words
from ..criteria.policy import tests_of
from ..criteria.store import criteria_of
from ..reviews import Decision, fact_item
from ..schema import ATTRIBUTES, Fact
from ..values import CHOICES, FLAGS, LISTS, NUMBERS, REQUIRED
from .cohort import Cohort, Standing
from .note import lanes, marks, pieces

KINDS_OF_TEST = {
    "duration": ("symptom_duration",),
    "therapy": ("therapy",),
    "care_duration": ("therapy",),
    "care_outcome": ("therapy",),
    "imaging": ("modic",),
    "pain_pattern": ("axial_pain", "radicular"),
    "alternatives": ("alternative", "radicular"),
    "odi": ("odi",),
    "pain_score": ("pain_score",),
    "impairment": ("functional_impairment",),
    "bodies": ("modic",),
    "prior_ablation": ("therapy",),
}


def key_of(fact: Fact) -> str:
    """A short name for a fact that stays the same while it is corrected."""
    return hashlib.sha256("|".join(fact_item(fact)).encode()).hexdigest()[:12]


def form() -> dict[str, Any]:
    """What the fields of a correction are, by kind."""
    return {
        kind: [
            {
                "name": name,
                "type": "choice" if f"{kind}.{name}" in CHOICES else "number" if f"{kind}.{name}" in NUMBERS
                else "flag" if f"{kind}.{name}" in FLAGS else "list" if f"{kind}.{name}" in LISTS else "text",
                "choices": CHOICES.get(f"{kind}.{name}", ()),
                "required": f"{kind}.{name}" in REQUIRED,
            }
            for name in names
        ]
        for kind, names in ATTRIBUTES.items()
    }  # fmt: skip


def chart(cohort: Cohort, patient: str, policy: str) -> dict[str, Any]:
    """Everything the desk shows of a patient."""
    standing = cohort.standing(patient, policy)
    after = {key_of(fact): fact for fact in standing.facts}
    facts = [_fact(fact, after.get(key_of(fact)), standing.decisions.get(fact_item(fact))) for fact in standing.found]
    keys = {fact["id"]: fact["key"] for fact in facts}
    return {
        "patient": patient,
        "policy": policy,
        "as_of": standing.judgement.as_of,
        "verdicts": _verdicts(cohort, standing, keys),
        "facts": {fact["key"]: fact for fact in facts},
        "notes": _notes(cohort, patient, standing, after),
        "warnings": standing.judgement.warnings,
    }


def _fact(found: Fact, now: Fact | None, decision: Decision | None) -> dict[str, Any]:
    shown = now or found
    values = {name: shown.attributes.get(name) for name in ATTRIBUTES[shown.kind]}
    return {
        "key": key_of(found),
        "id": found.fact_id,
        "note": found.note_id,
        "date": found.note_date,
        "note_type": found.note_type,
        "kind": found.kind,
        "assertion": shown.assertion,
        "was": found.assertion,
        "text": found.text,
        "sentence": " ".join(found.sentence.split()),
        "section": found.section,
        "rule": found.rule,
        "cue": found.cue.text if found.cue else None,
        "attributes": values,
        "found": {name: found.attributes.get(name) for name in ATTRIBUTES[found.kind]},
        "decision": _decision(decision),
    }


def _decision(decision: Decision | None) -> dict[str, str] | None:
    if decision is None:
        return None
    return {"what": decision.what, "reviewer": decision.reviewer, "when": decision.when, "why": decision.why}


def _verdicts(cohort: Cohort, standing: Standing, keys: dict[str, str]) -> list[dict[str, Any]]:
    judgement = standing.judgement
    kinds = {
        criterion.id: {kind for test in tests_of(criterion.rule) for kind in KINDS_OF_TEST.get(test.test, ())}
        for criterion in criteria_of(judgement.policy)
        if criterion.rule is not None
    }
    rows = []
    for verdict in judgement.verdicts:
        evidence = [keys[one] for one in verdict.evidence if one in keys]
        related = [
            key_of(fact)
            for fact in standing.found
            if fact.kind in kinds.get(verdict.criterion, ()) and key_of(fact) not in evidence
        ]
        asks = [request.sentence for request in judgement.requests if request.criterion == verdict.criterion]
        rows.append(
            {
                "criterion": verdict.criterion,
                "name": words(verdict.criterion),
                "status": verdict.status,
                "said": standing.said.get(verdict.criterion, verdict.status),
                "rationale": verdict.rationale,
                "asks": asks,
                "evidence": evidence,
                "related": related,
                "decision": _decision(standing.origins.get(verdict.criterion)),
            }
        )
    return rows


def _notes(cohort: Cohort, patient: str, standing: Standing, after: dict[str, Fact]) -> list[dict[str, Any]]:
    made = []
    for note_id, note in cohort.texts(patient).items():
        facts = [(key_of(fact), after.get(key_of(fact), fact)) for fact in standing.found if fact.note_id == note_id]
        found = marks(note.text, facts)
        lost = len(facts) - sum(mark.role == "fact" for mark in found)
        made.append(
            {
                "id": note_id,
                "date": note.note_date,
                "type": note.note_type,
                "pieces": pieces(note.text, found),
                "lanes": lanes(found),
                "changed": lost,
            }
        )
    return sorted(made, key=lambda note: (note["date"] or "", note["id"]))
