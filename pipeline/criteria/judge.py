"""From a patient's facts to verdicts under one policy. Facts only: no text is read here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..schema import Fact, Verdict
from . import alternatives, care, duration, imaging, pattern, scores, store, targets, therapy
from .chart import Chart, Reading, days, listed, named, number, words
from .levels import TREATABLE, cpt, disc_levels, target_bodies
from .logic import all_of, combine
from .policy import AllRule, AnyRule, Criterion, NOfRule, Policy, tests_of

READERS: dict[str, Callable[[Chart, Any], Reading]] = {
    "duration": duration.read,
    "therapy": therapy.read,
    "care_duration": care.read_duration,
    "care_outcome": lambda chart, _: care.read_outcome(chart),
    "imaging": imaging.read,
    "pain_pattern": lambda chart, _: pattern.read(chart),
    "alternatives": alternatives.read,
    "odi": scores.read_odi,
    "pain_score": scores.read_pain_score,
    "impairment": lambda chart, _: scores.read_impairment(chart),
    "bodies": targets.read_bodies,
    "prior_ablation": lambda chart, _: targets.read_prior_ablation(chart),
    "attest": lambda _, test: targets.read_attest(test),
    "finding": targets.read_finding,
}
OVERALL = {"not_met": "not_met", "missing": "incomplete", "review": "review", "met": "met"}


@dataclass(slots=True, frozen=True)
class Request:
    """One thing to ask the clinic for: an item code, the criterion it serves, a sentence to act on."""

    item: str
    criterion: str
    sentence: str


@dataclass(slots=True)
class Judgement:
    """A patient under one policy. `verdicts` end with `overall`; `blocking` are the criteria that decide it;
    `smallest_change` are the fewest additions that would make it met; `values` are the key values of patients.csv."""

    patient_id: str
    policy: Policy
    as_of: str | None
    verdicts: list[Verdict]
    values: dict[str, Any]
    requests: list[Request] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)
    smallest_change: list[Request] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def overall(self) -> Verdict:
        return self.verdicts[-1]


def judge(
    patient_id: str, facts: list[Fact], notes: Iterable[Any], policy: Policy, as_of: str | None = None
) -> Judgement:
    """Judge one patient's facts under a policy.

    `notes` need note_id, note_date (ISO or None) and note_type; `as_of` is ISO, None for the latest note date. Facts of
    other patients and of notes after `as_of` do not count. Of a packaged policy with several versions the one in force
    at that date is used."""
    chart = Chart(patient_id, facts, notes, as_of)
    policy, warnings = store.version_for(policy, chart.as_of)
    readings = {
        c.id: (c, reading) for c in store.criteria_of(policy) if (reading := evaluate(c.rule, chart)) is not None
    }
    matched, told = _exclusions(chart, policy)
    readings.update(matched)
    verdicts = [_verdict(patient_id, policy, c, r) for c, r in readings.values()]
    requests = [
        Request(item, c.id, text)
        for c, r in readings.values()
        if c.source_grade != "unverified" and r.status in ("missing", "review")
        for item, text in r.asks.items()
    ]
    overall, blocking = _overall(patient_id, policy, verdicts)
    warnings += [w for _, r in readings.values() for w in r.warnings] + told + _warnings(chart, policy)
    change = [
        Request(v.criterion, v.criterion, _unmet(v)) for v in verdicts if v.status == "not_met"
    ]
    return Judgement(
        patient_id,
        policy,
        chart.as_of,
        [*verdicts, overall],
        values(chart),
        requests,
        blocking,
        [*change, *requests],
        list(dict.fromkeys(warnings)),
    )


def with_verdicts(judgement: Judgement, verdicts: list[Verdict]) -> Judgement:
    """The judgement with these verdicts (`overall` left out) in place of its own: `overall` is made anew, and nothing
    is asked for a criterion that a person set to a status that asks for nothing."""
    overall, blocking = _overall(judgement.patient_id, judgement.policy, verdicts)
    before = {v.criterion: v.status for v in judgement.verdicts}
    asked = {v.criterion for v in verdicts if v.status == before[v.criterion] or v.status in ("missing", "review")}
    requests = [request for request in judgement.requests if request.criterion in asked]
    failed = [Request(v.criterion, v.criterion, _unmet(v)) for v in verdicts if v.status == "not_met"]
    return replace(
        judgement,
        verdicts=[*verdicts, overall],
        requests=requests,
        blocking=blocking,
        smallest_change=[*failed, *requests],
    )


def _unmet(verdict: Verdict) -> str:
    return f"Documented as not met; only new findings could change it: {verdict.rationale}"


def evaluate(rule: Any, chart: Chart) -> Reading | None:
    """Reads a rule; None where the policy is silent on all of it."""
    if rule is None:
        return None
    if isinstance(rule, (AllRule, AnyRule, NOfRule)):
        children = rule.n_of.of if isinstance(rule, NOfRule) else rule.all if isinstance(rule, AllRule) else rule.any
        read = [reading for child in children if (reading := evaluate(child, chart)) is not None]
        needed = rule.n_of.n if isinstance(rule, NOfRule) else None if isinstance(rule, AllRule) else 1
        return combine(read, needed) if read else None
    return None if rule.silent else READERS[rule.test](chart, rule)


def _verdict(patient_id: str, policy: Policy, criterion: Criterion, reading: Reading) -> Verdict:
    evidence = list(dict.fromkeys(f.fact_id for f in reading.facts if f.fact_id))
    if criterion.source_grade == "unverified":
        return Verdict(
            patient_id,
            policy.id,
            criterion.id,
            "unverified",
            f"This rule was not read in its source and decides nothing; the chart: {reading.sentence}",
            [],
            evidence,
        )
    items = list(reading.asks) if reading.status == "missing" else []
    return Verdict(patient_id, policy.id, criterion.id, reading.status, reading.sentence, items, evidence)


def _exclusions(chart: Chart, policy: Policy) -> tuple[dict[str, tuple[Criterion, Reading]], list[str]]:
    """Exclusions that match: those that decide as criteria of their own, the others as warnings."""
    deciding, warnings = {}, []
    for exclusion in policy.exclusions:
        reading = evaluate(exclusion.when, chart)
        if reading is None or reading.status not in ("met", "review"):
            continue
        told = f"{exclusion.says}: {reading.sentence}"
        if exclusion.on_match == "warn" or exclusion.source_grade == "unverified":
            warnings.append(told)
            continue
        status = "not_met" if exclusion.on_match == "fail" and reading.status == "met" else "review"
        criterion = Criterion(id=exclusion.id, source=exclusion.source, source_grade=exclusion.source_grade, rule=None)
        asks = {exclusion.id: f"Clarify, because {told}"} if status == "review" else {}
        deciding[exclusion.id] = (criterion, Reading(status, told, reading.facts, asks))
    return deciding, warnings


def _overall(patient_id: str, policy: Policy, verdicts: list[Verdict]) -> tuple[Verdict, list[str]]:
    """The overall verdict and the criteria that decide it. Unverified criteria decide nothing, and a policy with
    nothing but those is left to a person."""
    items = list(dict.fromkeys(item for v in verdicts for item in v.missing_items))
    deciding = [v for v in verdicts if v.status != "unverified"]
    worst = all_of([v.status for v in deciding])
    blocking = [v.criterion for v in deciding if v.status == worst != "met"]
    status, names = OVERALL[worst], listed(words(name) for name in blocking)
    if policy.position == "excludes":
        how = "is complete" if worst == "met" else f"is {words(status)} ({names})"
        return Verdict(
            patient_id,
            policy.id,
            "overall",
            "excluded",
            f"{policy.payer} does not cover the procedure; for an "
            f"appeal, the documentation by {policy.criteria_from or 'its criteria'} {how}.",
            items,
        ), ["policy"]
    if not deciding:
        return Verdict(
            patient_id,
            policy.id,
            "overall",
            "review",
            "No criterion of this policy was read in its source: a person must read it.",
        ), [v.criterion for v in verdicts]
    sentence = {
        "met": "The chart documents every criterion.",
        "not_met": f"Documented and not met: {names}.",
        "incomplete": f"Not documented: {names}.",
        "review": f"For a person to decide: {names}.",
    }[status]
    evidence = list(dict.fromkeys(e for v in deciding if v.status == worst for e in v.evidence))
    return Verdict(patient_id, policy.id, "overall", status, sentence, items, evidence), blocking


def _warnings(chart: Chart, policy: Policy) -> list[str]:
    """What no criterion decides but a reviewer should know."""
    told = []
    if flags := alternatives.red_flags(chart):
        names = named(flags, "diagnosis")
        told.append(
            f"Red flag, stop and refer: {names} ({days(flags)}) is documented and not excluded; a clinician must see "
            "this before anything is submitted."
        )
    asked = any(
        t.test == "prior_ablation" for c in store.criteria_of(policy) if c.rule is not None for t in tests_of(c.rule)
    )
    if (done := targets.prior_ablations(chart)) and not asked:
        told.append(
            f"A basivertebral nerve ablation is documented as done ({days(done)}); check that no body is treated twice."
        )
    if chart.later_notes:
        told.append(f"{chart.later_notes} notes dated after {chart.as_of} were not counted.")
    if chart.undated_notes:
        told.append(f"{chart.undated_notes} notes have no date and were taken as the oldest.")
    return told + _code_warnings(chart, policy)


def _code_warnings(chart: Chart, policy: Policy) -> list[str]:
    told = []
    bodies = target_bodies(targets.modic_facts(chart))
    codes = {str(f.attributes.get("code")).upper() for f in chart.of("code")}
    if outside := [body for body in bodies if body not in TREATABLE]:
        told.append(f"{listed(outside)} beside a Modic level lies outside L3-S1, the levels of the device clearance.")
    if bodies and "64629" in codes and len(bodies) < 3:
        told.append(f"CPT 64629 is documented, but the Modic levels target {listed(bodies)} only (64628).")
    if bodies and "64628" in codes and "64629" not in codes and len(bodies) > 2:
        told.append(f"The Modic levels target {listed(bodies)} (64628 and 64629), the chart names 64628 only.")
    listed_codes = policy.claim.icd10 if policy.claim else []
    if listed_codes and not codes & set(listed_codes):
        told.append(f"No diagnosis code of the policy's list is documented ({listed(listed_codes)}).")
    return told


def values(chart: Chart) -> dict[str, Any]:
    """Key values of patients.csv: lists for several, '' or None where nothing is documented."""
    modic = targets.modic_facts(chart)
    shown = modic or _other_modic(chart)
    odi = next(iter(scores.latest_odi(chart)), None)
    longest = care.longest(chart.used([care.SUMMARY])) or care.longest(chart.used(care.CONSERVATIVE))
    bodies = target_bodies(modic)
    return {
        "modic": sorted({str(f.attributes.get("type")) for f in shown}) or _modic_in_doubt(chart),
        "modic_levels": sorted({level for f in shown for level in disc_levels(f)}),
        "duration_months": duration.months_at_as_of(chart),
        "odi": (
            number(odi.attributes.get("score"))
            if number(odi.attributes.get("score")) is not None
            else odi.attributes.get("category")
        )
        if odi
        else None,
        "odi_date": odi.note_date if odi else None,
        "conservative_weeks": care.weeks(longest) if longest else None,
        "therapies": care.therapies(chart),
        "pain_pattern": pattern.value(chart),
        "target_bodies": bodies,
        "cpt": cpt(bodies),
    }


def _other_modic(chart: Chart) -> list[Fact]:
    """Present changes that do not qualify, of the MRI reports first."""
    present = chart.of("modic")
    return [f for f in present if f.note_type == "radiology"] or present


def _modic_in_doubt(chart: Chart) -> list[str]:
    """'possible 1' where a change is only suspected, 'none' where it is denied."""
    possible = sorted({f"possible {f.attributes.get('type')}" for f in chart.of("modic", "possible")})
    return possible or (["none"] if chart.of("modic", "absent") else [])
