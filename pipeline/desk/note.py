"""A note cut into pieces that each lie in the same spans, so that a browser needs to count no characters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..nlp.levels import find
from ..nlp.normalize import fold
from ..schema import Fact


@dataclass(slots=True, frozen=True)
class Mark:
    """A span to mark: of a fact (`fact`), of the words that set its assertion (`cue`) or of its level (`level`)."""

    start: int
    end: int
    role: str
    item: str


def marks(text: str, facts: list[tuple[str, Fact]]) -> list[Mark]:
    """The marks of a note's facts, each named by its key; a fact whose words do not stand at its place has none."""
    made = []
    for key, fact in facts:
        if text[fact.start : fact.end] != fact.text:
            continue
        made.append(Mark(fact.start, fact.end, "fact", key))
        if fact.cue is not None:
            made.append(Mark(fact.cue.start, fact.cue.end, "cue", key))
        made += [Mark(start, end, "level", key) for start, end in _levels(text, fact)]
    return made


def _levels(text: str, fact: Fact) -> list[tuple[int, int]]:
    """Where the fact's levels are named in its sentence or on its line."""
    wanted = {str(value) for name in ("levels", "endplates", "vertebrae") for value in fact.attributes.get(name) or ()}
    if not wanted:
        return []
    sentence = text.rfind(fact.sentence, 0, fact.end + len(fact.sentence)) if fact.sentence else -1
    line = text.rfind("\n", 0, fact.start) + 1
    start = min(line, sentence) if 0 <= sentence <= fact.start else line
    end = text.find("\n", fact.end)
    end = max(end if end >= 0 else len(text), sentence + len(fact.sentence) if 0 <= sentence <= fact.start else 0)
    return [
        (start + mention.start, start + mention.end)
        for mention in find(fold(text[start:end]))
        if wanted & {*mention.levels, *mention.vertebrae, *mention.endplates}
    ]


def lanes(found: list[Mark]) -> dict[str, int]:
    """A lane for each fact, so that spans that overlap are underlined below each other."""
    ends: list[int] = []
    placed = {}
    for mark in sorted((m for m in found if m.role == "fact"), key=lambda m: (m.start, -m.end)):
        lane = next((n for n, end in enumerate(ends) if end <= mark.start), len(ends))
        ends[lane : lane + 1] = [mark.end]
        placed[mark.item] = lane
    return placed


def pieces(text: str, found: list[Mark]) -> list[dict[str, Any]]:
    """The text in pieces, each with the facts, cues and levels it lies in, and the facts that begin with it."""
    cuts = sorted({0, len(text), *(at for mark in found for at in (mark.start, mark.end))})
    opening = sorted(found, key=lambda mark: mark.start)
    running: list[Mark] = []
    made, at = [], 0
    for start, end in pairwise(cuts):
        running = [mark for mark in running if mark.end > start]
        while at < len(opening) and opening[at].start == start:
            running.append(opening[at])
            at += 1
        piece: dict[str, Any] = {"t": text[start:end]}
        for role in ("fact", "cue", "level"):
            if items := list(dict.fromkeys(mark.item for mark in running if mark.role == role)):
                piece[role] = items
        if begins := [mark.item for mark in running if mark.role == "fact" and mark.start == start]:
            piece["begins"] = begins
        made.append(piece)
    return made
