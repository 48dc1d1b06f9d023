"""How a question of a policy's form is answered from the facts of a chart, each answer with the facts it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..criteria.care import CONSERVATIVE, weeks
from ..criteria.chart import Chart, number
from ..criteria.levels import disc_bodies, disc_levels, target_bodies, vertebrae
from ..criteria.scores import span
from ..schema import Fact, Verdict
from .fhir_parts import coding, plain_number
from .questions import MODIC_TYPES, NOT_DONE, Question


@dataclass(slots=True)
class Answer:
    """One answer: the FHIR element, its value, the facts behind it and the answers to the questions below it."""

    element: str
    value: Any
    facts: list[Fact]
    below: list[tuple[Question, list[Answer]]] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """A question put to a chart: the verdict of its criterion, the facts behind that, and the key values."""

    question: Question
    verdict: Verdict
    evidence: list[Fact]
    chart: Chart
    values: dict[str, str]

    def of(self, kind: str, *assertions: str) -> list[Fact]:
        """The evidence of one kind with one of the assertions (default: present)."""
        wanted = assertions or ("present",)
        return [fact for fact in self.evidence if fact.kind == kind and fact.assertion in wanted]

    def codes(self, pairs: Iterable[tuple[str, Fact]]) -> list[Answer]:
        """An answer for each code that is an option, with all facts that say so."""
        found: dict[str, list[Fact]] = {}
        for code, fact in pairs:
            if code in self.question.codes:
                found.setdefault(code, []).append(fact)
        return [Answer("valueCoding", coding(self.question.system, code), facts) for code, facts in found.items()]

    def by_attribute(self, facts: Iterable[Fact], name: str) -> list[Answer]:
        return self.codes((str(fact.attributes.get(name)), fact) for fact in facts)

    def one(self, element: str, value: Any, facts: list[Fact], attribute: str) -> list[Answer]:
        """A single value; none without facts, and none where a person must choose between facts that differ."""
        differ = len({fact.attributes.get(attribute) for fact in facts}) > 1
        if value is None or not facts or (self.verdict.status == "review" and differ):
            return []
        return [Answer(element, value, facts)]


def answers(asked: Asked) -> list[Answer]:
    return ANSWERED[asked.question.role](asked)


def _months(asked: Asked) -> list[Answer]:
    stated = [fact for fact in asked.of("symptom_duration") if number(fact.attributes.get("months")) is not None]
    return asked.one("valueDecimal", _key_number(asked, "duration_months"), stated, "months")


def _key_number(asked: Asked, name: str) -> float | int | None:
    value = number(asked.values.get(name))
    return None if value is None else plain_number(value)


def _therapy(asked: Asked) -> list[Answer]:
    """What was used; where nothing was, what the notes say of it instead."""
    modalities = [code for code in asked.question.codes if code not in NOT_DONE]
    used = asked.chart.used(modalities)
    if not used:
        undone = [
            fact for fact in asked.of("therapy", "present", "absent") if fact.attributes.get("modality") in modalities
        ]
        return asked.by_attribute(undone, "status")
    found = asked.by_attribute(used, "modality")
    for answer in found:
        answer.below = [(child, BELOW[child.role](asked, child, answer.facts)) for child in asked.question.children]
    return found


def _most(name: str) -> Callable[[Asked, Question, list[Fact]], list[Answer]]:
    def read(_: Asked, __: Question, facts: list[Fact]) -> list[Answer]:
        known = [(value, fact) for fact in facts if (value := number(fact.attributes.get(name)))]
        most = max((value for value, _ in known), default=0.0)
        behind = [fact for value, fact in known if value == most]
        return [Answer("valueDecimal", plain_number(most), behind)] if behind else []

    return read


def _outcome(_: Asked, child: Question, facts: list[Fact]) -> list[Answer]:
    """The latest documented result; what no note tells is no answer."""
    told = [
        fact
        for fact in facts
        if fact.attributes.get("outcome") in child.codes and fact.attributes["outcome"] != "unknown"
    ]
    behind = [fact for fact in told if fact.attributes["outcome"] == told[-1].attributes["outcome"]]
    return [Answer("valueCoding", coding(child.system, str(told[-1].attributes["outcome"])), behind)] if told else []


def _care_weeks(asked: Asked) -> list[Answer]:
    """The longest stated total, else the longest therapy; none where a therapy is said to be longer than the total."""
    value = _key_number(asked, "conservative_weeks")
    used = asked.chart.used(CONSERVATIVE)
    contradicted = asked.verdict.status == "review" and any(weeks(fact) > (value or 0) for fact in used)
    behind = [fact for fact in used if value and weeks(fact) == value]
    return [Answer("valueDecimal", value, behind)] if behind and not contradicted else []


def _care_outcome(asked: Asked) -> list[Answer]:
    return asked.by_attribute(asked.of("therapy"), "outcome")


def _modic_type(asked: Asked) -> list[Answer]:
    """The types of present changes; `none` where the notes deny them and assert none."""
    present = asked.of("modic")
    if present:
        return asked.codes((str(fact.attributes.get("type")), fact) for fact in present if _typed(fact))
    return asked.codes(("none", fact) for fact in asked.of("modic", "absent"))


def _typed(fact: Fact) -> bool:
    return fact.attributes.get("type") in MODIC_TYPES


def _modic_suspected(asked: Asked) -> list[Answer]:
    return asked.by_attribute(asked.of("modic", "possible"), "type")


def _modic_levels(asked: Asked) -> list[Answer]:
    return asked.codes((level, fact) for fact in asked.of("modic") for level in disc_levels(fact))


def _report_date(asked: Asked) -> list[Answer]:
    reports: dict[str, list[Fact]] = {}
    for fact in asked.evidence:
        if fact.note_type == "radiology" and fact.note_date:
            reports.setdefault(fact.note_date, []).append(fact)
    return [Answer("valueDate", day, facts) for day, facts in sorted(reports.items())]


def _pattern(asked: Asked) -> list[Answer]:
    value = asked.values.get("pain_pattern_value", "")
    stated = asked.of("axial_pain")
    return asked.codes((value, fact) for fact in stated if value in ("mixed", fact.attributes.get("predominance")))


def _radicular(asked: Asked) -> list[Answer]:
    return asked.by_attribute(asked.of("radicular"), "finding")


def _diagnoses(*assertions: str, source: bool = False) -> Callable[[Asked], list[Answer]]:
    def read(asked: Asked) -> list[Answer]:
        facts = [
            fact
            for fact in asked.of("alternative", *assertions)
            if not source or fact.attributes.get("primary") is True
        ]
        return asked.by_attribute(facts, "diagnosis")

    return read


def _odi(asked: Asked) -> list[Answer]:
    scored = _odi_facts(asked)
    return asked.one("valueDecimal", _key_number(asked, "odi"), scored, "score")


def _odi_facts(asked: Asked) -> list[Fact]:
    facts = [fact for fact in asked.of("odi", "present", "historical") if span(fact)]
    if asked.verdict.status == "review":
        return facts
    value = number(asked.values.get("odi"))
    return [fact for fact in facts if number(fact.attributes.get("score")) == value]


def _odi_category(asked: Asked) -> list[Answer]:
    unscored = [fact for fact in _odi_facts(asked) if number(fact.attributes.get("score")) is None]
    found = asked.by_attribute(unscored, "category")
    return found if len(found) == 1 else []


def _odi_date(asked: Asked) -> list[Answer]:
    day = asked.values.get("odi_date")
    return asked.one("valueDate", day or None, [f for f in _odi_facts(asked) if f.note_date == day], "score")


def _scored_pain(asked: Asked) -> list[tuple[float, Fact]]:
    return [
        (score * 10 / (number(fact.attributes.get("max")) or 10.0), fact)
        for fact in asked.of("pain_score")
        if (score := number(fact.attributes.get("score"))) is not None
    ]


def _pain(asked: Asked) -> list[Answer]:
    """The score of the latest note, brought to a scale of 10; none where that note gives several."""
    scored = _scored_pain(asked)
    if len({score for score, _ in scored}) != 1:
        return []
    return [Answer("valueDecimal", plain_number(round(scored[0][0], 2)), [fact for _, fact in scored])]


def _pain_date(asked: Asked) -> list[Answer]:
    facts = [fact for _, fact in _scored_pain(asked) if fact.note_date]
    return [Answer("valueDate", facts[0].note_date, facts)] if len({fact.note_date for fact in facts}) == 1 else []


def _activities(asked: Asked) -> list[Answer]:
    return asked.by_attribute(asked.of("functional_impairment"), "activity")


def _bodies(asked: Asked) -> list[Answer]:
    facts = asked.of("modic")
    beside = {
        id(fact): {*vertebrae(fact), *(b for level in disc_levels(fact) for b in disc_bodies(level))} for fact in facts
    }
    return asked.codes((body, fact) for body in target_bodies(facts) for fact in facts if body in beside[id(fact)])


def _prior_ablation(asked: Asked) -> list[Answer]:
    facts = [
        fact for fact in asked.of("therapy", "present", "absent") if fact.attributes.get("modality") == "bvn_ablation"
    ]
    done = [fact for fact in facts if fact.assertion == "present"]
    return [Answer("valueBoolean", bool(done), done or facts)] if facts else []


def _finding(kind: str, name: str) -> Callable[[Asked], list[Answer]]:
    return lambda asked: asked.by_attribute(asked.of(kind, "present", "possible"), name)


BELOW: dict[str, Callable[[Asked, Question, list[Fact]], list[Answer]]] = {
    "weeks": _most("duration_weeks"),
    "sessions": _most("sessions"),
    "outcome": _outcome,
}
ANSWERED: dict[str, Callable[[Asked], list[Answer]]] = {
    "months": _months,
    "therapy": _therapy,
    "care_weeks": _care_weeks,
    "care_outcome": _care_outcome,
    "modic_type": _modic_type,
    "modic_suspected": _modic_suspected,
    "modic_levels": _modic_levels,
    "report_date": _report_date,
    "pattern": _pattern,
    "radicular": _radicular,
    "alternative.source": _diagnoses("present", source=True),
    "alternative.present": _diagnoses("present"),
    "alternative.suspected": _diagnoses("possible"),
    "alternative.absent": _diagnoses("absent"),
    "odi": _odi,
    "odi_category": _odi_category,
    "odi_date": _odi_date,
    "pain": _pain,
    "pain_date": _pain_date,
    "activities": _activities,
    "bodies": _bodies,
    "prior_ablation": _prior_ablation,
    "attest": lambda asked: [],  # never read from notes: a reviewer's decision answers it
    "finding.alternative": _finding("alternative", "diagnosis"),
    "finding.radicular": _finding("radicular", "finding"),
    "finding.therapy": _finding("therapy", "modality"),
}
