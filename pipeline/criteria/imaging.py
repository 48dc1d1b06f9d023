"""The imaging criterion: reports against each other, and letters against reports."""

from __future__ import annotations

from datetime import date

from ..schema import Fact
from .chart import Chart, Reading, day, listed
from .levels import BODIES, disc_levels, vertebrae
from .modic import View, views
from .policy import ImagingTest

YEAR = 365
NEGATIVE = ("absent", "other_type", "outside", "resolved")


def qualifying(chart: Chart, test: ImagingTest) -> list[Fact]:
    """Facts that document the wanted Modic change now: of the latest MRI report that does, else of the latest note."""
    for group in views(chart, test):
        found = [v for v in group if v.state == "qualifies"]
        if found:
            return found[-1].facts
    return []


def clashing(chart: Chart, test: ImagingTest) -> list[View]:
    """Notes that document a wanted change and deny it at the same place, MRI reports first."""
    return [v for group in views(chart, test) for v in group if v.state == "clash"]


def read(chart: Chart, test: ImagingTest) -> Reading:
    """The report decides; a letter decides only where no report is on file. Reports that contradict each other, and
    letters that say more than the report, are for a person."""
    mri, letters = views(chart, test)
    if test.radiology_report and not mri:
        shown = [f for v in letters for f in v.facts]
        return Reading(
            "missing",
            "The chart holds no MRI report"
            + (f"; Modic changes are mentioned only in the note of {_dates(letters)}." if letters else "."),
            shown,
            {
                "mri_report": "Add the radiologist's MRI report: this policy needs the Modic type on the report itself"
                + (f", and it stands only in the note of {_dates(letters)}." if letters else ".")
            },
        )
    deciding = mri or letters
    if not deciding:
        return _no_mri(chart)
    good = [v for v in deciding if v.state == "qualifies"]
    if good:
        return _positive(chart, good, [v for v in deciding if v.state != "qualifies"], letters if mri else [], test)
    if mri and (claims := [v for v in letters if v.state == "qualifies"]):
        return _review(
            f"The note of {_dates(claims)} states a Modic type and level that the MRI report "
            f"({_dates(mri)}) does not give",
            [*claims, *mri],
            f"The note of {_dates(claims)} states {_what(claims)}, but the MRI report of {_dates(mri)} "
            "does not: ask the radiologist for an addendum, or correct the note.",
        )
    return _unmet(deciding, test)


def _no_mri(chart: Chart) -> Reading:
    quoted = [f for f in chart.of("alternative") if str(f.attributes.get("diagnosis")).startswith("disc_")]
    if quoted:
        return Reading(
            "missing",
            f"The note of {day(quoted[-1])} quotes imaging but says nothing of the endplates.",
            quoted[-1:],
            {
                "modic_type": f"Add the MRI report: the note of {day(quoted[-1])} quotes imaging without a word on "
                "Modic changes; ask the radiologist whether there are any, of which type and where."
            },
        )
    return Reading(
        "missing",
        "The chart holds no MRI result.",
        [],
        {"mri_report": "Add the lumbar MRI report, with Modic type and level for each affected endplate."},
    )


def _positive(chart: Chart, good: list[View], others: list[View], letters: list[View], test: ImagingTest) -> Reading:
    newest = good[-1]
    against = [v for v in others if v.state in (*NEGATIVE, "clash", "hedged") and _contradicts(v, good)]
    against += [v for v in letters if v.state == "absent" and (v.note_date or "") >= (newest.note_date or "")]
    if against:
        return _review(
            f"The {good[-1].source} documents {_what(good[-1:])}, the {against[-1].source} {_says(against[-1])}",
            [*good, *against],
            f"The {good[-1].source} documents {_what(good[-1:])}, but the {against[-1].source} "
            f"{_says(against[-1])}: ask for an over-read of both studies or an addendum that settles it.",
        )
    age = _age(newest.note_date, chart.as_of)
    if test.max_age_days is not None and (age is None or age > test.max_age_days):
        return Reading(
            "missing",
            f"The MRI of {newest.note_date or 'unknown date'} is older than {test.max_age_days} days.",
            newest.facts,
            {
                "mri_report": f"Add a newer MRI: the one on file is of {newest.note_date or 'unknown date'}, "
                f"and this policy allows {test.max_age_days} days."
            },
        )
    warnings = [
        f"The {v.source} {_says(v)}; a later study documents the change." for v in others if v.state in NEGATIVE
    ]
    if newest.facts[0].note_type != "radiology":
        warnings.append("The MRI is quoted in a note; the radiologist's report itself is not in the chart.")
    if any(f.attributes.get("type") == "2/3" for f in newest.facts):
        warnings.append("The change is a mixed type 2/3.")
    when = f" ({age} days before {chart.as_of})" if age else ""
    return Reading(
        "met",
        f"The {newest.source}{when} documents {_what([newest])}.",
        newest.facts,
        warnings=warnings,
    )


def _contradicts(other: View, good: list[View]) -> bool:
    """Whether another report speaks against the positive ones: at a shared level or for all of them, and not so long
    before that a new change explains both."""
    if all(other.levels and v.levels and not other.levels & v.levels for v in good):
        return False
    latest = max((v.note_date or "" for v in good), default="")
    if not other.note_date or not latest:
        return True
    if other.state == "hedged":
        return other.note_date > latest
    gap = (date.fromisoformat(latest) - date.fromisoformat(other.note_date)).days
    return gap <= YEAR


def _unmet(deciding: list[View], test: ImagingTest) -> Reading:
    """No note qualifies: the latest one that speaks of endplates counts, but gaps do not hide a contradiction."""
    speaking = [v for v in deciding if v.state != "silent"] or deciding
    last = speaking[-1]
    if last.state in ("no_type", "descriptor", "no_level"):
        last = next((v for v in reversed(speaking) if v.state == "clash"), last)
    where = f" at {listed(sorted(last.levels, key=_height))}" if last.levels else ""
    wanted = " or ".join(str(t) for t in test.types)
    if last.state in ("clash", "hedged", "edge", "split", "resolved"):
        doubt = {
            "clash": "contradicts itself on Modic changes",
            "hedged": "only suspects Modic changes",
            "edge": f"documents a Modic change at the border of {test.from_body}-{test.to_body}",
            "split": "leaves open at which level the typed Modic change lies",
            "resolved": "describes the Modic change as a former one",
        }[last.state]
        return _review(
            f"The {last.source} {doubt}{where}",
            speaking,
            f"The {last.source} {doubt}{where}: ask the radiologist for an addendum that states type and level.",
        )
    if last.state in ("absent", "other_type", "outside"):
        found = {
            "absent": "documents the absence of Modic changes",
            "other_type": f"documents {_what([last])} only",
            "outside": f"documents Modic changes outside {test.from_body}-{test.to_body} only",
        }[last.state]
        return Reading("not_met", f"The {last.source} {found} (type {wanted} required).", last.facts)
    shown = {
        "no_type": f"describes endplate changes{where} but gives no Modic type",
        "descriptor": f"describes signal changes{where} but does not name a Modic type",
        "no_level": f"gives {_what([last])} but no level",
        "silent": "says nothing of Modic changes",
    }[last.state]
    item = "modic_level" if last.state == "no_level" else "modic_type"
    need = "at which level" if item == "modic_level" else "the Modic type" + ("" if where else " and level")
    return Reading(
        "missing",
        f"The {last.source} {shown}.",
        last.facts,
        {item: f"The {last.source} {shown}: ask the radiologist for an addendum that states {need}."},
    )


def _review(sentence: str, shown: list[View], ask: str) -> Reading:
    return Reading("review", sentence + ".", [f for v in shown for f in v.facts], {"imaging": ask})


def _what(shown: list[View]) -> str:
    """'Modic type 1 at L4-L5 and type 2 at L5-S1'."""
    pairs = [
        (str(f.attributes.get("type")), level)
        for v in shown
        for f in v.facts
        if f.assertion == "present"
        for level in disc_levels(f) or vertebrae(f) or [""]
    ]
    unique = sorted(dict.fromkeys(pairs), key=lambda pair: (_height(pair[1]), pair[0]))
    told = listed(f"type {kind}" + (f" at {level}" if level else "") for kind, level in unique)
    return f"Modic {told}" if told else "Modic changes"


def _says(shown: View) -> str:
    return {
        "absent": "denies Modic changes",
        "other_type": f"gives {_what([shown])}",
        "outside": f"gives {_what([shown])}",
        "resolved": "calls the change resolved",
        "clash": "contradicts itself",
        "hedged": "only suspects Modic changes",
    }[shown.state]


def _dates(shown: list[View]) -> str:
    return listed(v.note_date or "unknown date" for v in shown)


def _age(first: str | None, last: str | None) -> int | None:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days if first and last else None


def _height(level: str) -> int:
    return BODIES.index(level.split("-")[0]) if level.split("-")[0] in BODIES else len(BODIES)
