"""How long the low back pain has lasted, measured at the date of judgement."""

from __future__ import annotations

from ..schema import Fact
from .chart import OP_WORDS, Chart, Reading, day, figure, listed, months_between, number, reaches
from .policy import DurationTest

STILL_IN_PAIN = ("symptom_duration", "axial_pain", "pain_score", "odi")


def statements(chart: Chart) -> list[Fact]:
    """Per note the longest duration stated as present. The indication of an imaging order counts only where no
    other note states one: it is second hand."""
    stated = [f for f in chart.of("symptom_duration") if number(f.attributes.get("months")) is not None]
    first_hand = [f for f in stated if f.note_type != "radiology"]
    longest: dict[str, Fact] = {}
    for fact in first_hand or stated:
        known = longest.get(fact.note_id)
        if known is None or fact.attributes["months"] > known.attributes["months"]:
            longest[fact.note_id] = fact
    return list(longest.values())


def carried_forward(chart: Chart, fact: Fact) -> tuple[float, float, str | None]:
    """Least and most months at the last note that still documents the pain, and that note's date.

    A duration holds at its own note's date and grows from there, but only as far as later notes show pain."""
    later = [f.note_date for kind in STILL_IN_PAIN for f in chart.of(kind) if f.note_date]
    last = max([d for d in later if fact.note_date and d >= fact.note_date], default=fact.note_date)
    grown = months_between(fact.note_date, last)
    months, qualifier = float(fact.attributes["months"]), fact.attributes.get("qualifier")
    least = grown if qualifier == "less_than" else months + grown
    most = float("inf") if qualifier == "at_least" else months + grown - (0.1 if qualifier == "less_than" else 0)
    return least, most, last


def months_at_as_of(chart: Chart) -> float | None:
    """The key value: months by the latest statement, at least."""
    stated = statements(chart)
    return round(carried_forward(chart, stated[-1])[0], 1) if stated else None


def read(chart: Chart, test: DurationTest) -> Reading:
    """met where the latest statement reaches the minimum; not_met where no statement can; review where they part,
    which is what copied-forward text and old episodes look like."""
    assert test.months is not None
    required = f"{OP_WORDS[test.op]} {figure(test.months)} required"
    stated = statements(chart)
    if not stated:
        vague = [f for f in chart.of("symptom_duration") if f.attributes.get("months") is None]
        found = f" (an onset without a date is mentioned on {day(vague[-1])})" if vague else ""
        return Reading(
            "missing",
            f"No note states how long the low back pain has lasted{found}.",
            vague,
            {
                "duration": f"State in a dated note since when the low back pain has been present{found}; "
                f"{required.removesuffix(' required')} months are needed."
            },
        )
    spans = [(f, *carried_forward(chart, f)) for f in stated]
    latest, least, _, last = spans[-1]
    told = f"{figure(float(latest.attributes['months']))} months stated {day(latest)}"
    if reaches(test.op, least, test.months):
        by_itself = reaches(test.op, float(latest.attributes["months"]), test.months)
        months = float(latest.attributes["months"]) if by_itself else least
        source = f"stated {day(latest)}" if by_itself else f"{told}, pain still documented {last}"
        short = [day(f) for f, _, most, _ in spans if not reaches(test.op, most, test.months)]
        warnings = [f"The note of {listed(short)} states a shorter duration of pain."] if short else []
        return Reading(
            "met",
            f"Low back pain documented for {figure(months)} months ({source}; {required}).",
            [latest],
            warnings=warnings,
        )
    if not any(reaches(test.op, most, test.months) for _, _, most, _ in spans):
        return Reading(
            "not_met",
            f"Low back pain documented for {figure(max(m for _, _, m, _ in spans))} months only ({told}; {required}).",
            stated,
        )
    every = listed(f"{_bound(f)}{figure(float(f.attributes['months']))} months ({day(f)})" for f in stated)
    return Reading(
        "review",
        f"The stated durations of low back pain do not settle whether it is {required}: {every}.",
        stated,
        {"duration": f"Clarify since when the low back pain has been present: the chart states {every}."},
    )


def _bound(fact: Fact) -> str:
    return {"less_than": "less than ", "at_least": "at least "}.get(str(fact.attributes.get("qualifier")), "")
