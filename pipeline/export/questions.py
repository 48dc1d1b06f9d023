"""What each test of a policy asks of a chart, as questions of a FHIR Questionnaire."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..criteria.chart import OP_WORDS, figure
from ..criteria.levels import BODIES
from ..criteria.policy import FINDINGS
from ..values import CHOICES
from .fhir_parts import ODI_CODE, PAIN_CODE, Json, clean, coding

NOT_DONE = ("declined", "not_tried", "contraindicated")
MODIC_TYPES = tuple(name for name in CHOICES["modic.type"] if name != "unspecified")
LEVELS = (*map("-".join, itertools.pairwise(BODIES)), "L5-S1")
PATTERNS = (*CHOICES["axial_pain.predominance"], "mixed")


@dataclass(slots=True)
class Question:
    """One question. `role` says how it is answered; `codes` are its options, of the local code system `system`."""

    link: str
    role: str
    text: str
    type: str
    system: str = ""
    codes: tuple[str, ...] = ()
    required: bool = False
    repeats: bool = False
    loinc: Json | None = None
    children: list[Question] = field(default_factory=list)

    def item(self) -> Json:
        item: Json = {"linkId": self.link, "text": clean(self.text), "type": self.type}
        if self.loinc:
            item["code"] = [self.loinc]
        item |= {"required": self.required, "repeats": self.repeats}
        if self.codes:
            item["answerOption"] = [{"valueCoding": coding(self.system, code)} for code in self.codes]
        if self.children:
            item["item"] = [child.item() for child in self.children]
        return item


def _bound(test: Any, number: float) -> str:
    return f" (the policy asks for {OP_WORDS[test.op]} {figure(number)})"


def _duration(name: str, test: Any) -> list[Question]:
    text = "Months of low back pain, at least, at the last note that documents it" + _bound(test, test.months)
    return [Question(f"{name}.months", "months", text, "decimal", required=True)]


def _therapy(name: str, test: Any) -> list[Question]:
    link = f"{name}.therapy.{re.sub(r'[^A-Za-z0-9_-]', '_', test.item)}"
    children = [
        Question(f"{link}.weeks", "weeks", "Weeks, the longest documented", "decimal"),
        Question(f"{link}.sessions", "sessions", "Sessions, the most documented", "decimal"),
        Question(
            f"{link}.outcome", "outcome", "Latest documented result", "choice", "outcome", CHOICES["therapy.outcome"]
        ),
    ]
    text = f"Tried as {test.name}, or why not"
    codes = (*test.any_of, *NOT_DONE)
    return [Question(link, "therapy", text, "choice", "therapy", codes, True, True, children=children)]


def _care_duration(name: str, test: Any) -> list[Question]:
    text = "Weeks of conservative care, the longest documented" + _bound(test, test.months).replace(")", " months)")
    return [Question(f"{name}.weeks", "care_weeks", text, "decimal", required=True)]


def _care_outcome(name: str, _: Any) -> list[Question]:
    text = "Documented results of conservative care"
    codes = tuple(code for code in CHOICES["therapy.outcome"] if code != "unknown")
    return [Question(f"{name}.outcome", "care_outcome", text, "choice", "outcome", codes, True, True)]


def _imaging(name: str, test: Any) -> list[Question]:
    types = f"Modic types documented (the policy accepts {', '.join(map(str, test.types))})"
    levels = f"Disc levels of the Modic changes (the policy accepts {test.from_body} to {test.to_body})"
    codes = (*MODIC_TYPES, "none")
    return [
        Question(f"{name}.modic_type", "modic_type", types, "choice", "modic-type", codes, True, True),
        Question(f"{name}.modic_suspected", "modic_suspected", "Modic types only suspected", "choice", "modic-type",
                 CHOICES["modic.type"], repeats=True),
        Question(f"{name}.levels", "modic_levels", levels, "choice", "disc-level", LEVELS, repeats=True),
        Question(f"{name}.report_date", "report_date", "Dates of the imaging reports", "date", repeats=True),
    ]  # fmt: skip


def _pain_pattern(name: str, _: Any) -> list[Question]:
    signs = CHOICES["radicular.finding"]
    return [
        Question(f"{name}.predominance", "pattern", "Where the pain is", "choice", "pain-pattern", PATTERNS),
        Question(f"{name}.radicular", "radicular", "Radicular findings", "choice", "radicular", signs, repeats=True),
    ]


def _alternatives(name: str, _: Any) -> list[Question]:
    codes = FINDINGS["alternative"]
    asked = (
        ("source", "Named as the source of the pain"),
        ("present", "Documented as present"),
        ("suspected", "Only suspected"),
        ("absent", "Documented as absent"),
    )
    return [
        Question(f"{name}.{role}", f"alternative.{role}", text, "choice", "diagnosis", codes, repeats=True)
        for role, text in asked
    ]


def _odi(name: str, test: Any) -> list[Question]:
    text = "Most recent Oswestry score in percent" + _bound(test, test.value)
    bands = CHOICES["odi.category"]
    return [
        Question(f"{name}.odi", "odi", text, "decimal", required=True, loinc=ODI_CODE),
        Question(
            f"{name}.odi_category", "odi_category", "Category, where no score is given", "choice", "odi-category", bands
        ),
        Question(f"{name}.odi_date", "odi_date", "Date of the note with that score", "date"),
    ]


def _pain_score(name: str, test: Any) -> list[Question]:
    text = "Latest pain score of 10" + _bound(test, test.value)
    return [
        Question(f"{name}.score", "pain", text, "decimal", required=True, loinc=PAIN_CODE),
        Question(f"{name}.score_date", "pain_date", "Date of the note with that score", "date"),
    ]


def _impairment(name: str, _: Any) -> list[Question]:
    codes = CHOICES["functional_impairment.activity"]
    return [Question(f"{name}.activities", "activities", "Limited activities", "choice", "activity", codes, True, True)]


def _bodies(name: str, _: Any) -> list[Question]:
    text = "Vertebral bodies beside the Modic levels"
    return [Question(f"{name}.bodies", "bodies", text, "choice", "vertebra", BODIES, True, True)]


def _prior_ablation(name: str, _: Any) -> list[Question]:
    text = "Was the basivertebral nerve ablated before?"
    return [Question(f"{name}.prior_ablation", "prior_ablation", text, "boolean", required=True)]


def _attest(name: str, test: Any) -> list[Question]:
    link = f"{name}.attest.{re.sub(r'[^A-Za-z0-9_-]', '_', test.item)}"
    text = f"{test.ask.rstrip('.')} (a person must confirm it)"
    return [Question(link, "attest", text, "boolean", required=True)]


def _finding(name: str, test: Any) -> list[Question]:
    codes = tuple(test.values)
    return [
        Question(f"{name}.{test.kind}", f"finding.{test.kind}", "Documented", "choice", "finding", codes, repeats=True)
    ]


ASKED: dict[str, Callable[[str, Any], list[Question]]] = {
    "duration": _duration,
    "therapy": _therapy,
    "care_duration": _care_duration,
    "care_outcome": _care_outcome,
    "imaging": _imaging,
    "pain_pattern": _pain_pattern,
    "alternatives": _alternatives,
    "odi": _odi,
    "pain_score": _pain_score,
    "impairment": _impairment,
    "bodies": _bodies,
    "prior_ablation": _prior_ablation,
    "attest": _attest,
    "finding": _finding,
}
