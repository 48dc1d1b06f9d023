"""Function and pain: the latest Oswestry score, the latest pain score, stated limitations."""

from __future__ import annotations

from ..schema import Fact
from .chart import OP_WORDS, OPERATORS, Chart, Reading, day, days, figure, listed, named, number
from .policy import OdiTest, PainScoreTest

# Fairbank's bands of the Oswestry Disability Index, in percent
BANDS = {
    "minimal": (0.0, 20.0),
    "moderate": (21.0, 40.0),
    "severe": (41.0, 60.0),
    "crippled": (61.0, 80.0),
    "bed-bound": (81.0, 100.0),
}


def span(fact: Fact) -> tuple[float, float] | None:
    """Lowest and highest percent an ODI fact can mean; None where it says neither."""
    score = number(fact.attributes.get("score"))
    if score is not None:
        return (score, score) if score <= 100 else None
    category = str(fact.attributes.get("category") or "").lower().replace("_", "-").replace("bedbound", "bed-bound")
    return next((band for name, band in BANDS.items() if name in category), None)


def latest_odi(chart: Chart) -> list[Fact]:
    """The most recent ODI, with any score that makes it doubtful which one is the most recent.

    That is: two scores of one day; a score that reappears after another one, as copied-forward text does; an earlier
    score quoted later that no note holds as its own. Quoted scores stand in where no note holds an own one."""
    own = [f for f in chart.of("odi") if span(f)]
    quoted = [f for f in chart.of("odi", "historical") if span(f)]
    if not own:
        return [f for f in quoted if f.note_date == quoted[-1].note_date]
    last = own[-1].note_date or ""
    pool = [f for f in own if (f.note_date or "") == last]
    older = [f for f in own if (f.note_date or "") < last]
    others = [f for f in older if span(f) not in [span(p) for p in pool]]
    if others and any(
        span(f) in [span(p) for p in pool] and (f.note_date or "") < (others[-1].note_date or "") for f in older
    ):
        pool += [f for f in older if span(f) in [span(p) for p in pool]] + others[-1:]
    return pool + [f for f in quoted if (f.note_date or "") > last and span(f) not in [span(o) for o in own]]


def read_odi(chart: Chart, test: OdiTest) -> Reading:
    """The most recent ODI against the threshold. Limited activities alone are no score."""
    assert test.value is not None
    required = f"{OP_WORDS[test.op]} {figure(test.value)} required"
    pool = latest_odi(chart)
    if not pool:
        return _no_odi(chart, required)
    spans = [s for f in pool if (s := span(f))]
    reached = [OPERATORS[test.op](low, test.value) for low, _ in spans]
    possible = [OPERATORS[test.op](high, test.value) for _, high in spans]
    if all(reached):
        return Reading("met", f"Most recent ODI {_told(pool[0])} ({day(pool[0])}; {required}).", pool)
    if not any(possible):
        return Reading("not_met", f"Most recent ODI {_told(pool[0])} ({day(pool[0])}; {required}).", pool)
    every = listed(f"{_told(f)} ({day(f)})" for f in pool)
    every_odi = [band for f in chart.of("odi", "present", "historical") if (band := span(f))]
    if not any(OPERATORS[test.op](low, test.value) == OPERATORS[test.op](high, test.value) for low, high in every_odi):
        return Reading(
            "missing",
            f"The ODI is given only as {every}, without a score.",
            pool,
            {"odi": f"Add the Oswestry score in percent: the chart gives only {every}; {required}."},
        )
    return Reading(
        "review",
        f"It is unclear which ODI is the most recent: {every} ({required}).",
        pool,
        {"odi": f"State the current Oswestry score with its date: the chart holds {every}."},
    )


def _told(fact: Fact) -> str:
    score = number(fact.attributes.get("score"))
    return f"{figure(score)} %" if score is not None else f"category {fact.attributes.get('category')}"


def _no_odi(chart: Chart, required: str) -> Reading:
    limits = chart.of("functional_impairment")
    names = named(limits, "activity")
    told = (
        f"limits of {names} are documented ({days(limits[-1:])}), but no score" if limits else "no score is documented"
    )
    return Reading(
        "missing",
        f"No Oswestry score is documented{'; ' + told if limits else ''}.",
        [],
        {"odi": f"Add a completed Oswestry questionnaire with its score in percent and date: {told}; {required}."},
    )


def read_pain_score(chart: Chart, test: PainScoreTest) -> Reading:
    """The pain scores of the latest note that has one, on a scale of 10."""
    assert test.value is not None
    required = f"{OP_WORDS[test.op]} {figure(test.value)} of 10 required"
    scored = [
        (f, float(f.attributes["score"]) * 10 / (number(f.attributes.get("max")) or 10.0))
        for f in chart.of("pain_score")
        if number(f.attributes.get("score")) is not None
    ]
    latest = [(f, score) for f, score in scored if f.note_date == scored[-1][0].note_date]
    facts = [f for f, _ in latest]
    if not latest:
        return Reading(
            "missing",
            "No numeric pain score is documented.",
            [],
            {"pain_score": f"Add a numeric score of the low back pain with its date; {required}."},
        )
    hits = [OPERATORS[test.op](score, test.value) for _, score in latest]
    told = listed(figure(score) for _, score in latest)
    if all(hits) or not any(hits):
        return Reading(
            "met" if all(hits) else "not_met", f"Latest pain score {told} of 10 ({day(facts[0])}; {required}).", facts
        )
    return Reading(
        "review",
        f"Pain scores of {told} of 10 on {day(facts[0])} lie on both sides of the threshold ({required}).",
        facts,
        {"pain_score": f"State which pain score is the usual one: {told} of 10 on {day(facts[0])}."},
    )


def read_impairment(chart: Chart) -> Reading:
    """Any stated limitation of daily life."""
    limits = chart.of("functional_impairment")
    if limits:
        names = named(limits, "activity")
        return Reading("met", f"Functional impairment documented: {names} ({days(limits)}).", limits)
    return Reading(
        "missing",
        "No functional impairment is documented.",
        [],
        {
            "functional_impairment": "Describe what the back pain keeps the patient from doing (sitting, walking, "
            "work, sleep), with limits; the chart names none."
        },
    )
