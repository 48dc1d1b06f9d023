"""One patient under one policy as a FHIR QuestionnaireResponse: every answer with its origin and its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..case import Case
from ..criteria.chart import Chart
from ..schema import Fact, Verdict
from .answers import Answer, Asked, answers
from .fhir_parts import AUTO, Json, clean, coding, derivations, origin, patient_reference, resource_id
from .questionnaire import Form, Group
from .questions import Question

Decided = tuple[str, str | None]  # the code of information-origin and, where a person decided, who


def response(case: Case, policy: str, form: Form, chart: Chart, run: Json) -> Json:
    """The QuestionnaireResponse of `case` under `policy`; `run` is the run.json it comes from.

    It is `in-progress` while a criterion is missing or for review, or a required question has no answer.
    """
    verdicts = [verdict for verdict in case.verdicts if verdict.policy == policy]
    filled = [_Filled(case, form.group(verdict.criterion), verdict, chart) for verdict in verdicts]
    by_person = {"incomplete", "missing", "review"}
    is_open = any(verdict.status in by_person for verdict in verdicts) or any(group.lacks for group in filled)
    finished = run.get("timings", {}).get("finished")
    return {
        "resourceType": "QuestionnaireResponse",
        "id": resource_id("QuestionnaireResponse", case.patient_id, policy),
        "questionnaire": form.canonical,
        "status": "in-progress" if is_open or not verdicts else "completed",
        "subject": patient_reference(case),
        **({"authored": finished} if finished else {}),
        "author": {"type": "Device", "display": f"bvn-evidence {run.get('program', {}).get('version', '')}".strip()},
        "item": [group.item for group in filled],
    }


class _Filled:
    """The group of one criterion with its answers; `lacks` says whether a required question has none."""

    def __init__(self, case: Case, group: Group, verdict: Verdict, chart: Chart) -> None:
        facts = {fact.fact_id: fact for fact in case.facts}
        self._evidence = [facts[name] for name in verdict.evidence if name in facts]
        self._decided = _decided(case, verdict)
        self._verdict = verdict
        status = Answer("valueCoding", coding("status", verdict.status), self._evidence)
        items = [_item(f"{group.criterion}.status", [_written(status, self._decided)])]
        if reason := clean(verdict.rationale):
            reasons = _written(Answer("valueString", reason, self._evidence), self._decided)
            items.append(_item(f"{group.criterion}.rationale", [reasons]))
        self.lacks = False
        for question in group.questions:
            asked = Asked(question, verdict, self._evidence, chart, case.values.get(verdict.policy, {}))
            written = self._attested(group, question) or [_written(answer, None) for answer in answers(asked)]
            self.lacks |= question.required and not written
            if written:
                items.append(_item(question.link, written))
        self.item: Json = {"linkId": group.criterion, "item": items}

    def _attested(self, group: Group, question: Question) -> list[Json]:
        """What only a person can say: `manual`, where a reviewer settled a criterion that asks for nothing else."""
        source, reviewer = self._decided
        known = self._verdict.status in ("met", "not_met")
        if not (group.attested and question.role == "attest" and source == "override" and known):
            return []
        return [_written(Answer("valueBoolean", self._verdict.status == "met", []), ("manual", reviewer))]


def _decided(case: Case, verdict: Verdict) -> Decided:
    """An accepted verdict stays the program's own answer; one that a reviewer set is an override."""
    for mark in case.marks.get(f"{verdict.policy}/{verdict.criterion}", ()):
        how, _, who = mark.partition(" by ")
        if how == "overridden":
            return "override", who
    return AUTO, None


def _fact_decision(facts: list[Fact]) -> Decided:
    corrected = [fact.review for fact in facts if fact.review and fact.review.get("origin") == "corrected"]
    if corrected:
        return "override", str(max(corrected, key=lambda review: str(review.get("when"))).get("reviewer", ""))
    return AUTO, None


def _item(link: str, written: list[Json]) -> Json:
    return {"linkId": link, "answer": written}


def _written(answer: Answer, decided: Decided | None) -> Json:
    source, author = decided or _fact_decision(answer.facts)
    made: Json = {
        "extension": [origin(source, author), *derivations(answer.facts)],
        answer.element: answer.value,
    }
    below = list(_below(answer))
    return {**made, "item": below} if below else made


def _below(answer: Answer) -> Iterator[dict[str, Any]]:
    for question, found in answer.below:
        if found:
            yield _item(question.link, [_written(one, None) for one in found])
