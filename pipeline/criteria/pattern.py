"""Whether the pain is in the back or in the leg, now: axial statements against radicular ones, over time."""

from __future__ import annotations

from datetime import date

from ..schema import Fact
from .chart import LETTERS, Chart, Reading, day, days, named, upper

BACK, LEG = ("axial_only", "axial_predominant"), ("leg_predominant",)
SYNDROMES = ("radiculopathy", "sciatica", "neurogenic_claudication")
LEG_FREE = ("leg_pain", "radiculopathy", "sciatica")
SECOND_HAND = (*LETTERS, "radiology", "questionnaire")
RESOLVED_AFTER = 90  # days: a denial sooner than this contradicts the earlier note, a later one follows it


def current(chart: Chart) -> tuple[list[Fact], list[Fact], list[Fact]]:
    """Axial statements, leg-predominant statements and radicular signs that later notes have not overtaken."""
    stated = chart.of("axial_pain")
    back = [f for f in stated if f.attributes.get("predominance") in BACK]
    leg = [f for f in stated if f.attributes.get("predominance") in LEG]
    signs = [
        f
        for f in chart.of("radicular", "present", "possible")
        if f.assertion == "present" or _counts_as_doubt(chart, f)
    ]
    return (
        [f for f in back if not _overtaken(f, leg, back)],
        [f for f in leg if not _overtaken(f, back, leg)],
        [f for f in signs if not _resolved(chart, f, signs)],
    )


def _counts_as_doubt(chart: Chart, fact: Fact) -> bool:
    """A suspected syndrome counts unless a radiologist suspects it or its own note denies leg symptoms."""
    denied = any(
        f.note_id == fact.note_id and f.attributes.get("finding") in LEG_FREE for f in chart.of("radicular", "absent")
    )
    return fact.attributes.get("finding") in SYNDROMES and fact.note_type != "radiology" and not denied


def _gap(first: Fact, later: Fact) -> int:
    if not first.note_date or not later.note_date:
        return 0
    return (date.fromisoformat(later.note_date) - date.fromisoformat(first.note_date)).days


def _overtaken(fact: Fact, other: list[Fact], same: list[Fact]) -> bool:
    """An exam note months later says the opposite, and no note from then on repeats the statement."""
    return any(
        _gap(fact, o) >= RESOLVED_AFTER
        and o.note_type not in SECOND_HAND
        and not any((s.note_date or "") >= (o.note_date or "") for s in same)
        for o in other
    )


def _resolved(chart: Chart, sign: Fact, signs: list[Fact]) -> bool:
    """A later exam note denies leg symptoms, calls them past or comes months later, and no sign follows. A letter
    never resolves a sign: it argues a case."""
    for denial in chart.of("radicular", "absent"):
        if (
            denial.attributes.get("finding") not in LEG_FREE
            or denial.note_type in SECOND_HAND
            or _gap(sign, denial) <= 0
        ):
            continue
        if any((s.note_date or "") >= (denial.note_date or "") for s in signs):
            continue
        called_past = any(f.note_id == denial.note_id for f in chart.of("radicular", "historical"))
        if called_past or _gap(sign, denial) >= RESOLVED_AFTER:
            return True
    return False


def read(chart: Chart) -> Reading:
    """Back without significant radicular signs is met; leg first, or a syndrome without an axial statement, is not;
    both asserted is for a person."""
    back, leg, signs = current(chart)
    if leg and not back:
        return Reading("not_met", f"Leg-predominant pain documented ({days(leg)}).", [*leg, *signs])
    if leg:
        return Reading(
            "review",
            f"Notes contradict: back-predominant ({days(back)}) and leg-predominant pain ({days(leg)}).",
            [*back, *leg, *signs],
            {
                "pain_pattern": f"Reconcile the notes: back-predominant pain on {days(back)}, "
                f"leg-predominant pain on {days(leg)}."
            },
        )
    if back:
        return _axial(chart, back, signs)
    names = _names(signs)
    if any(f.attributes.get("finding") in SYNDROMES and f.assertion == "present" for f in signs):
        return Reading(
            "not_met",
            f"Current {names} documented ({days(signs)}) without a statement that the pain is mainly in the back.",
            signs,
        )
    if signs:
        return Reading(
            "review",
            f"{upper(names)} documented ({days(signs)}), but no note says whether back or leg pain is worse.",
            signs,
            {
                "pain_pattern": f"State whether the pain is mainly in the back or in the leg: {names} is documented on "
                f"{days(signs)}."
            },
        )
    denied = [f for f in chart.of("radicular", "absent") if f.attributes.get("finding") == "leg_pain"]
    told = (
        f"leg pain is denied ({day(denied[-1])}), but no note says that the pain is axial"
        if denied
        else ("no note says where the pain is")
    )
    return Reading(
        "missing",
        f"Pain pattern not documented: {told}.",
        denied[-1:],
        {"pain_pattern": f"State whether the low back pain is axial and whether there are leg symptoms: {told}."},
    )


def _axial(chart: Chart, back: list[Fact], signs: list[Fact]) -> Reading:
    told = (
        "Axial low back pain"
        if all(f.attributes["predominance"] == "axial_only" for f in back)
        else "Back-predominant pain"
    )
    past = [f for f in chart.of("radicular", "present") if f not in signs]
    warnings = [f"Earlier {_names(past)} ({days(past)}) is denied in later notes."] if past else []
    if not signs:
        return Reading(
            "met", f"{told} documented ({days(back)}) without current radicular findings.", back, warnings=warnings
        )
    if minor := _minor_leg_pain(chart, back, signs):
        return Reading(
            "met",
            f"{told} documented ({days(back)}); the lesser leg pain ({days(signs)}) is without radicular signs.",
            [*back, *minor],
            warnings=[*warnings, "Leg pain is documented beside the back pain."],
        )
    names = _names(signs)
    return Reading(
        "review",
        f"{told} documented ({days(back)}), but also {names} ({days(signs)}).",
        [*back, *signs],
        {
            "pain_pattern": f"Reconcile the leg findings with the axial diagnosis: the notes of {days(signs)} "
            f"document {names}, those of {days(back)} axial pain."
        },
    )


def _minor_leg_pain(chart: Chart, back: list[Fact], signs: list[Fact]) -> list[Fact]:
    """Leg pain alone, in notes that call the back worse, with a negative exam: the facts that show it, else none."""
    weighed = {f.note_id for f in back if f.attributes["predominance"] == "axial_predominant"}
    if any(f.attributes.get("finding") != "leg_pain" or f.note_id not in weighed for f in signs):
        return []
    return [
        f
        for f in chart.of("radicular", "absent")
        if f.attributes.get("finding")
        in ("positive_slr", "numbness_tingling", "leg_weakness", "reflex_or_sensory_deficit", "radiculopathy")
    ]


def _names(facts: list[Fact]) -> str:
    return named(facts, "finding")


def value(chart: Chart) -> str:
    """The key value: the predominance documented now, 'mixed' where notes differ between back and leg."""
    back, leg, _ = current(chart)
    if back and leg:
        return "mixed"
    latest = (back or leg)[-1:]
    return str(latest[0].attributes["predominance"]) if latest else ""
