"""Conservative care as a whole: for how long in all, and with what result."""

from __future__ import annotations

from collections.abc import Callable

from ..schema import Fact
from .chart import (
    OP_WORDS,
    WEEKS_PER_MONTH,
    Chart,
    Reading,
    day,
    days,
    figure,
    months_between,
    named,
    number,
    reaches,
    upper,
    words,
)
from .policy import CareDurationTest

SUMMARY = "conservative_unspecified"
EXERCISE = ("physical_therapy", "home_exercise")
MEDICATION = ("nsaid", "acetaminophen", "opioid", "muscle_relaxant", "neuropathic_agent", "oral_steroid", "topical")
COMPONENTS = (EXERCISE, MEDICATION, ("activity_modification",))
CORE = (*EXERCISE, *MEDICATION, "activity_modification", SUMMARY)
Enough = Callable[[float], bool]  # whether so many weeks reach the minimum
CONSERVATIVE = (*CORE, "chiropractic", "acupuncture", "massage", "bracing", "heat_ice", "tens", "cbt", "weight_loss")


def weeks(fact: Fact) -> float:
    """Documented weeks, 0 where none are given."""
    return number(fact.attributes.get("duration_weeks")) or 0.0


def longest(facts: list[Fact]) -> Fact | None:
    """The fact with the longest documented duration."""
    return max((f for f in facts if weeks(f)), key=weeks, default=None)


def read_duration(chart: Chart, test: CareDurationTest) -> Reading:
    """A stated total decides. It cannot be shorter than one of its parts; such a pair, and care that went on after
    a short total was stated, is for a person. Without a total the longest single therapy is a lower bound."""
    assert test.months is not None
    required = f"{OP_WORDS[test.op]} {figure(test.months)} months required"
    used = chart.used(CONSERVATIVE)

    def enough(total_weeks: float) -> bool:
        return reaches(test.op, total_weeks / WEEKS_PER_MONTH, test.months or 0)

    totals = [f for f in used if f.attributes.get("modality") == SUMMARY and weeks(f)]
    parts = [f for f in used if f.attributes.get("modality") != SUMMARY and weeks(f)]
    total, part = longest(totals), longest(parts)
    if total and enough(weeks(total)):
        return Reading("met", f"Conservative care of {_months(total)} documented ({day(total)}; {required}).", [total])
    if total:
        return _short_total(chart, totals, parts, enough, required)
    if part and enough(weeks(part)):
        return Reading(
            "met",
            f"Conservative care of at least {_months(part)} documented "
            f"({named([part], 'modality')}, {day(part)}; {required}).",
            [part],
        )
    return _no_total(used, parts, enough, required)


def _short_total(chart: Chart, totals: list[Fact], parts: list[Fact], enough: Enough, required: str) -> Reading:
    last = max(totals, key=lambda f: (f.note_date or "", weeks(f)))
    later = [f for f in parts if enough(weeks(f)) and (f.note_date or "") > (last.note_date or "")]
    if later:
        return Reading(
            "met",
            f"Conservative care of at least {_months(later[-1])} documented "
            f"({named(later[-1:], 'modality')}, {day(later[-1])}; {required}).",
            later[-1:],
        )
    told = f"a total of {_months(last)} is stated on {day(last)}"
    longer = [f for f in parts if enough(weeks(f))]
    if longer:
        one = f"{named(longer[-1:], 'modality')} of {_months(longer[-1])} on {day(longer[-1])}"
        return Reading(
            "review",
            f"The duration of conservative care contradicts itself: {told}, but {one}.",
            [*totals, *longer],
            {"conservative_duration": f"Clarify the total duration of conservative care: {told}, but {one}."},
        )
    going_on = [
        f
        for f in chart.used(CONSERVATIVE)
        if f.attributes.get("status") == "ongoing"
        and enough(weeks(last) + months_between(last.note_date, f.note_date) * WEEKS_PER_MONTH)
    ]
    if going_on:
        seen = f"care is still documented on {day(going_on[-1])}"
        return Reading(
            "review",
            f"{upper(told)} and {seen}; the total since then is not restated ({required}).",
            [*totals, going_on[-1]],
            {"conservative_duration": f"State the total duration of conservative care to date: {told}, and {seen}."},
        )
    return Reading(
        "not_met", f"Only {_months(last)} of conservative care documented ({day(last)}; {required}).", totals
    )


def _no_total(used: list[Fact], parts: list[Fact], enough: Enough, required: str) -> Reading:
    each: dict[str, float] = {}
    for fact in parts:
        name = str(fact.attributes["modality"])
        each[name] = max(each.get(name, 0.0), weeks(fact))
    complete = all(any(m in each for m in component) for component in COMPONENTS)
    if complete and all(f.attributes.get("modality") in each for f in used) and not enough(sum(each.values())):
        return Reading(
            "not_met",
            f"The documented therapies add up to {figure(sum(each.values()))} weeks at most ({required}).",
            parts,
        )
    found = (
        f"the longest single therapy is {words(max(each, key=lambda n: each[n]))} of {figure(max(each.values()))} weeks"
        if each
        else "no note gives a duration"
    )
    return Reading(
        "missing",
        f"The total duration of conservative care is not documented; {found}.",
        parts,
        {
            "conservative_duration": f"State since when and for how long in all conservative care was given: {found}, "
            f"{required}."
        },
    )


def _months(fact: Fact) -> str:
    return f"{figure(weeks(fact) / WEEKS_PER_MONTH)} months"


def read_outcome(chart: Chart) -> Reading:
    """Without adequate relief: failed, or partial and temporary. The latest documented result counts."""
    used = [f for f in chart.used(CONSERVATIVE) if f.attributes.get("outcome") in ("failed", "partial", "effective")]
    poor = [f for f in used if f.attributes["outcome"] != "effective"]
    good = [f for f in used if f.attributes["outcome"] == "effective" and f.attributes["modality"] in CORE]
    if not poor and not good:
        names = named(chart.used(CORE), "modality")
        told = f"the chart names {names} without a result" if names else "no therapy with a result is documented"
        return Reading(
            "missing",
            f"The result of conservative care is not documented; {told}.",
            [],
            {"conservative_outcome": f"State the result of conservative care (how much relief, for how long): {told}."},
        )
    last_good, last_poor = (max((f.note_date or "" for f in facts), default=None) for facts in (good, poor))
    if last_good is None or (last_poor is not None and last_poor > last_good):
        failed = [f for f in poor if f.attributes["outcome"] == "failed"]
        how = (
            "without relief"
            if len(failed) == len(poor)
            else "with partial relief"
            if not failed
            else "with no or partial relief"
        )
        return Reading("met", f"Conservative care ended {how} ({days(poor)}).", poor)
    relieved = named(good, "modality")
    if last_poor is None or last_good > last_poor:
        return Reading("not_met", f"Adequate relief is documented for {relieved} ({days(good)}).", good)
    return Reading(
        "review",
        f"Relief is documented for {relieved} and denied for other therapies in the notes of {last_good}.",
        [*good, *poor],
        {
            "conservative_outcome": f"State whether conservative care gave adequate relief: the chart "
            f"documents relief from {relieved} ({days(good)}) and failure of others."
        },
    )


def therapies(chart: Chart) -> list[str]:
    """The key value: each therapy used, with its latest documented result, 'nsaid:partial'."""
    result: dict[str, str] = {}
    for fact in chart.used():
        name, outcome = str(fact.attributes.get("modality")), str(fact.attributes.get("outcome") or "unknown")
        if outcome != "unknown" or name not in result:
            result[name] = outcome
    return [f"{name}:{outcome}" for name, outcome in result.items()]
