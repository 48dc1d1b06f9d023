"""What happened when, as marks on lanes: scores, imaging, therapies and the notes themselves. Geometry, no markup.

Units are those of the SVG's view box, `WIDTH` wide. A date is that of the note that documents the fact, since most
facts have no date of their own; a bar of a therapy has its documented length and ends with that note.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..corpus import NoteRow
from ..schema import Fact
from ..wording import title, told

WIDTH, LEFT, RIGHT = 1000, 186, 978
_LANE, _SCORES, _TOP, _BOTTOM = 26, 56, 10, 26
_LONGEST = timedelta(days=3 * 365)
_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
_MOST_TICKS = 9
_APART, _LETTER = 14, 6.6
_REFUSED = ("declined", "not_tried", "contraindicated")


@dataclass(slots=True)
class Mark:
    """A sign on a lane: `number` is that of the fact (0: a note), `label` is written beside it."""

    day: date
    shape: str
    says: str
    number: int = 0
    label: str = ""
    weeks: float = 0.0
    value: float = 0.0
    x: float = 0.0
    y: float = 0.0
    bar: float = 0.0


@dataclass(slots=True)
class Lane:
    """A row of the timeline; `curve` are the points of a line through the scores."""

    name: str
    marks: list[Mark] = field(default_factory=list)
    top: float = 0.0
    height: float = _LANE
    curve: str = ""

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(slots=True)
class Timeline:
    lanes: list[Lane]
    ticks: list[tuple[float, str]]
    height: float


def timeline(rows: list[NoteRow], facts: list[tuple[int, Fact]]) -> Timeline | None:
    """The timeline of a patient; None where no note has a date."""
    lanes: dict[str, Lane] = {}
    for name in ("ODI", "Pain score", "Imaging"):
        lanes[name] = Lane(name)
    for number, fact in facts:
        day = _day(fact.note_date)
        found = _mark(fact, day, number) if day else None
        if found:
            name, mark = found
            _put(lanes.setdefault(name, Lane(name)), mark)
    notes = lanes.setdefault("Notes", Lane("Notes"))
    for row in rows:
        day = _day(row.note_date)
        if row.status == "processed" and day:
            _put(notes, Mark(day, "tick", f"{title(row.note_type)} note", label=""))
    if not notes.marks:
        return None
    return _placed([lane for lane in lanes.values() if lane.marks])


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _mark(fact: Fact, day: date, number: int) -> tuple[str, Mark] | None:
    """The lane and the sign of a fact; None for facts that no lane shows."""
    values, says = fact.attributes, told(fact)
    score = values.get("score")
    if fact.kind in ("odi", "pain_score") and isinstance(score, (int, float)):
        if fact.assertion != "present":  # an earlier score, quoted: its day is not this note's
            return None
        share = score / (100 if fact.kind == "odi" else float(values.get("max") or 10))
        mark = Mark(day, "dot", says, number, f"{score:g}", value=min(max(share, 0.0), 1.0))
        return ("ODI" if fact.kind == "odi" else "Pain score"), mark
    if fact.kind == "modic" and fact.note_type == "radiology" and fact.assertion in ("present", "possible", "absent"):
        shape = {"present": "diamond", "possible": "hollow", "absent": "cross"}[fact.assertion]
        return "Imaging", Mark(day, shape, f"{says}: {fact.assertion}", number, _short(fact))
    if fact.kind == "therapy" and fact.assertion in ("present", "absent", "historical"):
        status = str(values.get("status"))
        shape = (
            "cross"
            if status in _REFUSED or fact.assertion == "absent"
            else {"planned": "ring", "ongoing": "play"}.get(status, "dot")
        )
        weeks = values.get("duration_weeks")
        return title(str(values.get("modality"))), Mark(day, shape, says, number, weeks=float(weeks or 0))
    return None


def _short(fact: Fact) -> str:
    if fact.assertion == "absent":
        return ""
    kind = fact.attributes.get("type")
    levels = fact.attributes.get("levels") or []
    return " ".join(filter(None, ["" if kind in (None, "unspecified") else str(kind), " ".join(map(str, levels))]))


def _put(lane: Lane, mark: Mark) -> None:
    """Add a mark, or what it says to the mark of the same day and shape."""
    for other in lane.marks:
        if other.day == mark.day and other.shape == mark.shape and other.value == mark.value:
            if mark.says not in other.says.split("; "):
                other.says += f"; {mark.says}"
            other.weeks = max(other.weeks, mark.weeks)
            other.label = other.label or mark.label
            return
    lane.marks.append(mark)


def _placed(lanes: list[Lane]) -> Timeline:
    days = [mark.day for lane in lanes for mark in lane.marks]
    first, last = min(days), max(days)
    starts = [_start(mark) for lane in lanes for mark in lane.marks]
    begin = max(min(starts), first - _LONGEST)
    pad = max((last - begin) * 0.03, timedelta(days=14))
    begin, end = begin - pad, last + 2 * pad
    scale = (RIGHT - LEFT) / (end - begin).days

    def x(day: date) -> float:
        return round(LEFT + max((day - begin).days, 0) * scale, 1)

    top = float(_TOP)
    for lane in lanes:
        lane.top = top
        lane.height = _SCORES if lane.name in ("ODI", "Pain score") else _LANE
        _place(lane, x)
        top += lane.height
    return Timeline(lanes, [(x(day), label) for day, label in _ticks(begin, end)], top + _BOTTOM)


def _start(mark: Mark) -> date:
    return mark.day - timedelta(weeks=min(mark.weeks, 1000))


def _place(lane: Lane, x: Callable[[date], float]) -> None:
    """Where the marks of a lane stand: side by side where they would cover each other, labels only where they fit."""
    scored = lane.height == _SCORES
    if any(mark.shape in ("diamond", "hollow") for mark in lane.marks):  # what the same report denies elsewhere
        found = {mark.day for mark in lane.marks if mark.shape != "cross"}
        lane.marks = [mark for mark in lane.marks if mark.shape != "cross" or mark.day not in found]
    lane.marks.sort(key=lambda mark: (mark.day, mark.number))
    at = 0.0
    for mark in lane.marks:
        mark.x = at = x(mark.day) if mark.shape == "tick" else max(x(mark.day), at + _APART)
        mark.y = round(lane.top + lane.height - 12 - mark.value * (lane.height - 26), 1) if scored else lane.middle
        mark.bar = round(mark.x - x(_start(mark)), 1) if mark.weeks else 0.0
    for mark, after in itertools.pairwise(lane.marks):
        if mark.x + 20 + _LETTER * len(mark.label) > after.x:
            mark.label = ""
    lane.curve = " ".join(f"{mark.x},{mark.y}" for mark in lane.marks) if scored and len(lane.marks) > 1 else ""


def _ticks(begin: date, end: date) -> list[tuple[date, str]]:
    """The first days of months, as many as are readable."""
    months = (end.year - begin.year) * 12 + end.month - begin.month + 1
    step = next((step for step in _STEPS if months / step <= _MOST_TICKS), months)
    found = []
    for index in range(begin.year * 12 + begin.month, end.year * 12 + end.month):
        if index % step == 0:
            day = date(index // 12, index % 12 + 1, 1)
            found.append((day, f"{day.year}" if step >= 12 else f"{day:%b} {day.year}"))
    return found
