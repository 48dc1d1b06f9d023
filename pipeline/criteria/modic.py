"""What one note says of Modic changes, boiled down to a state."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..schema import Fact
from .chart import Chart, xray_sclerosis
from .levels import disc_bodies, disc_levels, vertebrae, within
from .policy import ImagingTest


@dataclass(slots=True)
class View:
    """One note's statement on Modic changes. `state`: qualifies, clash, hedged, edge, split, no_level, no_type,
    descriptor, other_type, outside, absent, resolved or silent."""

    note_id: str
    note_date: str | None
    state: str
    facts: list[Fact] = field(default_factory=list)
    levels: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        what = "MRI" if self.facts and self.facts[0].note_type == "radiology" else "note"
        return f"{what} of {self.note_date or 'unknown date'}"


def types(fact: Fact) -> set[int]:
    """Modic types a fact names; a mixed change names both."""
    return {int(part) for part in str(fact.attributes.get("type")).split("/") if part in ("1", "2", "3")}


def place(fact: Fact, test: ImagingTest) -> str:
    """'in' the policy's range, 'out' of it, 'edge' at its border with an endplate inside, or '' for no level."""
    groups = [disc_bodies(level) for level in disc_levels(fact)] or [(body,) for body in vertebrae(fact)]
    if any(within(group, test.from_body, test.to_body) for group in groups):
        return "in"
    if not groups:
        return ""
    return "edge" if any(within([body], test.from_body, test.to_body) for body in vertebrae(fact)) else "out"


def view(facts: list[Fact], test: ImagingTest) -> View:
    """Reads the Modic facts of one note."""
    present = [f for f in facts if f.assertion == "present"]
    wanted = [f for f in present if types(f) & set(test.types)]
    typed = [f for f in wanted if f.attributes.get("basis") == "named" or test.accept_descriptors]
    good = [f for f in typed if place(f, test) == "in"]
    denied = [f for f in facts if f.assertion == "absent"]
    possible = [f for f in facts if f.assertion == "possible" and (types(f) & set(test.types) or not types(f))]
    untyped = [f for f in present if not types(f)]

    def made(state: str, shown: list[Fact]) -> View:
        return View(
            facts[0].note_id, facts[0].note_date, state, shown, frozenset(x for f in shown for x in disc_levels(f))
        )

    if good:
        clashing = [d for d in denied for f in good if _same_place(d, f)]
        return made("clash", [*good, *clashing]) if clashing else made("qualifies", good)
    if possible:
        return made("hedged", possible)
    if edge := [f for f in typed if place(f, test) == "edge"]:
        return made("edge", edge)
    if bare := [f for f in typed if not place(f, test)]:
        located = [f for f in untyped if place(f, test) == "in"]
        return made("split", [*bare, *located]) if located else made("no_level", bare)
    if typed:
        return made("outside", typed)
    if wanted:
        return made("descriptor", wanted)
    if present and not untyped:
        return made("other_type", present)
    if _denies_all(denied, test, named_only=bool(untyped)):
        return made("absent", denied)
    if untyped:
        return made("no_type", untyped)
    past = [f for f in facts if f.assertion == "historical"]
    return made("resolved", past) if past else made("silent", [f for f in facts if f.assertion == "absent"])


def _same_place(denied: Fact, found: Fact) -> bool:
    """Denied and found at one level in one note, for the same type. A denial without a level means 'elsewhere'."""
    shared = set(disc_levels(denied)) & set(disc_levels(found))
    plates, other = (set(f.attributes.get("endplates") or []) for f in (denied, found))
    same_type = not types(denied) or types(denied) >= types(found)
    return bool(shared) and same_type and not (plates and other and not plates & other)


def _denies_all(denied: list[Fact], test: ImagingTest, named_only: bool) -> bool:
    """Whether the denials cover every wanted type at no level in particular, or at both lowest levels."""
    counted = [f for f in denied if not named_only or f.attributes.get("basis") == "named"]
    general = [f for f in counted if not disc_levels(f) and not vertebrae(f)]
    if any(not types(f) for f in general) or {t for f in general for t in types(f)} >= set(test.types):
        return True
    levels = {level for f in counted if not types(f) for level in disc_levels(f)}
    return {"L4-L5", "L5-S1"} <= levels


def views(chart: Chart, test: ImagingTest) -> tuple[list[View], list[View]]:
    """Views of the MRI reports and of all other notes, oldest first, without those that have no say."""
    reports, by_note = chart.mri_reports(), chart.by_note("modic")
    said = {
        note: [f for f in facts if f.assertion in ("present", "absent", "possible", "historical")]
        for note, facts in by_note.items()
    }
    mri = []
    for note, shown in reports.items():
        modic = said.get(note) or []
        seen = view(modic, test) if modic else View(note, shown[0].note_date, "silent")
        if not any(f in shown for f in seen.facts):
            seen.facts = [*seen.facts, shown[0]]  # what shows that the note is an MRI report at all
        mri.append(seen)
    letters = [
        view(kept, test)
        for note, facts in said.items()
        if note not in reports and (kept := [f for f in facts if not xray_sclerosis(f)])
    ]
    return mri, [v for v in letters if v.state != "silent"]
