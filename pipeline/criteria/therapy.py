"""One component of conservative care: really tried, refused, only ordered, or not documented."""

from __future__ import annotations

from ..schema import Fact
from .care import CONSERVATIVE, SUMMARY
from .chart import Chart, Reading, day, days, figure, named, number, upper
from .policy import TherapyTest


def read(chart: Chart, test: TherapyTest) -> Reading:
    """One component: tried, refused, or not documented as done. An order, a referral or a plan is not a trial."""
    used = chart.used(test.any_of)
    refused = _refused(chart, test, used)
    if refused:
        how = "declined" if refused[-1].attributes.get("status") == "declined" else "documented as never tried"
        return Reading("not_met", f"{upper(named(refused, 'modality'))} was {how} ({days(refused)}).", refused)
    barred = [
        f
        for f in chart.of("therapy")
        if f.attributes.get("status") == "contraindicated" and f.attributes.get("modality") in test.any_of
    ]
    if not used and barred and test.contraindication_counts:
        return Reading(
            "met", f"{upper(test.name)} is documented as contraindicated ({days(barred[-1:])}).", barred[-1:]
        )
    if not used:
        return _undone(chart, test, barred)
    doubts = [f for f in chart.of("therapy", "absent") if f.attributes.get("modality") in test.indispensable]
    if doubts and not chart.used(test.indispensable):
        name = named(doubts, "modality")
        return Reading(
            "review",
            f"{upper(name)} was never tried ({days(doubts)}), only {named(used, 'modality')}.",
            [*doubts, *used],
            {
                test.item: f"Clarify whether {named(used, 'modality')} counts as "
                f"{test.name}: {name} is documented as never tried ({days(doubts)})."
            },
        )
    if test.min_sessions is not None:
        return _sessions(test, used)
    names = named(used, "modality")
    return Reading("met", f"{upper(test.name)} tried: {names} ({days(used)}).", used)


def _refused(chart: Chart, test: TherapyTest, used: list[Fact]) -> list[Fact]:
    """Refusals that decide: of an indispensable modality never had, or of the component where nothing else was used."""
    declined = [f for f in chart.of("therapy") if f.attributes.get("status") == "declined"]
    never = [f for f in chart.of("therapy", "absent") if f.attributes.get("status") in ("not_tried", "declined")]
    had = {f.attributes.get("modality") for f in used}
    decisive = [
        f
        for f in declined
        if f.attributes.get("modality") in test.indispensable and f.attributes.get("modality") not in had
    ]
    if not used:
        decisive += [f for f in (*declined, *never) if f.attributes.get("modality") in test.refusal_fails]
        if not chart.used(CONSERVATIVE):
            decisive += [f for f in never if f.attributes.get("modality") == SUMMARY]
    return sorted({id(f): f for f in decisive}.values(), key=lambda f: f.note_date or "")


def _undone(chart: Chart, test: TherapyTest, barred: list[Fact]) -> Reading:
    ordered = [
        f
        for f in chart.of("therapy", "present", "hypothetical", "possible")
        if f.attributes.get("modality") in test.any_of and f.attributes.get("status") == "planned"
    ]
    if ordered:
        what = f"{named(ordered[-1:], 'modality')} was ordered or recommended on {day(ordered[-1])}"
        return Reading(
            "missing",
            f"{upper(what)}, but no note documents that it was done.",
            ordered[-1:],
            {
                test.item: f"Add records of {test.name} with dates and result: {what}, but no note documents "
                "that it was done."
            },
        )
    if barred:
        what = f"{named(barred[-1:], 'modality')} is documented as contraindicated ({day(barred[-1])})"
        return Reading(
            "missing",
            f"No {test.name} is documented as tried; {what}.",
            barred[-1:],
            {test.item: f"Document what was tried as {test.name}: {what}, and no alternative is named."},
        )
    return Reading(
        "missing",
        f"No note documents {test.name}.",
        [],
        {
            test.item: f"Document {test.name} for the low back: what was tried, when, and with what result; "
            "the chart names none."
        },
    )


def _sessions(test: TherapyTest, used: list[Fact]) -> Reading:
    assert test.min_sessions is not None
    counted = [f for f in used if number(f.attributes.get("sessions")) is not None]
    most = max((float(f.attributes["sessions"]) for f in counted), default=0.0)
    need = f"at least {test.min_sessions} sessions required"
    if not counted:
        return Reading(
            "missing",
            f"{upper(test.name)} is documented ({days(used)}) without the number of sessions ({need}).",
            used,
            {
                test.item: f"State the number of sessions of {test.name}: the note of {days(used[-1:])} gives "
                f"none, {need}."
            },
        )
    status = "met" if most >= test.min_sessions else "not_met"
    return Reading(
        status, f"{upper(test.name)}: {figure(most)} sessions documented ({days(counted)}; {need}).", counted
    )
