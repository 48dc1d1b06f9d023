"""Where in the spine a diagnosis is: its disc levels or vertebrae, and whether the text speaks of another region.

Reports of several regions head each part ("Cervical MRI:"); clinic notes name the region in the clause. Findings there
give no fact (annotation guide: findings outside the lumbar or lumbosacral spine give nothing).
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from .. import levels as lv
from ..attach import Group, attach, groups
from ..component import NoteView
from ..sentences import Sentence

_OUTSIDE = re.compile(r"\b(?:cervical|thoracic|dorsal|c[\s.-]?spine|t[\s.-]?spine|d[\s.-]?spine|neck|mid[\s-]?back|brain|"
                      r"knees?|shoulders?|elbows?|wrists?|ankles?)\b")
_LUMBAR = re.compile(r"\b(?:lumb\w*|lss|ls|l[\s./-]*s?[\s.-]*spine|sacr\w*|scaro\w*|si|sij|low(?:er)?[\s-]+back|whole\s+spine|back)\b|thoraco-?lumbar|dorso-?lumbar")
_STUDY = re.compile(r"\b(?:mri?|m\.r\.i\.?|ct|x-?rays?|xr|radiographs?|myelogram|scan|spine|joints?)\b")
_CLAUSE = re.compile(r"[,.;:()]|\band\b|\bbut\b")
_SAME = re.compile(r"\b(?:this|that|the\s+same|same|both(?:\s+of\s+these)?|these|those|said|above)\s+(?:disc\s+)?levels?\b|\bhere\b|\bthere\s+(?:is\s+only|also)\b|\b(?:canal|facets?|foramina)\s+there\b")
_NO_PLACE = re.compile(r"\b(?:any|other|all|every|remaining)\s+(?:other\s+|lumbar\s+|remaining\s+)*levels?\b|\belsewhere\b|\bthroughout\b|\banywhere\b")
_CONTINUES = re.compile(r"\s*(?:-\s*)?(?:(?:mild|mildly|slight|slightly|significant|significantly|moderately|severely|largely|and|with|also)\s+)*"
                        r"(?:compress|encroach|abut|indent|caus|result|associated|narrowing\s+(?:the|both|left|right|lt|rt|of)|contacting|displacing|impinging|leading|touching|effacing)")


@dataclass(slots=True)
class Place:
    """Levels and vertebrae (endplates where the text names them) of a finding."""
    levels: list[str]
    vertebrae: list[str]


class Regions:
    """Which sentences of a note stand under the heading of another region of the body."""

    def __init__(self, note: NoteView) -> None:
        self.outside: set[int] = set()
        away, line = False, -1
        for sentence in note.sentences:
            label = re.match(r"[^:.]{3,60}(?=:)", sentence.text)
            head = sentence.text if len(sentence.text) < 60 and sentence.text.rstrip().endswith(":") else ""
            alone = not sentence.cell and len(sentence.text) < 70 and (head or (label is None and note.line(sentence) == [sentence]))
            if sentence.line != line and alone and _STUDY.search(sentence.text):
                if _LUMBAR.search(sentence.text):
                    away = False
                elif _OUTSIDE.search(sentence.text):
                    away = True
            line = sentence.line
            over = f"{sentence.heading} {label.group() if label else ''}"
            if away or (_OUTSIDE.search(over) and not _LUMBAR.search(over)):
                self.outside.add(sentence.index)


def elsewhere(text: str, start: int, end: int) -> bool:
    """Whether the clause around a finding names another region of the spine and not the lumbar one."""
    first = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    last = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    clause = text[first:last]
    return bool(_OUTSIDE.search(clause)) and not _LUMBAR.search(clause)


def place(note: NoteView, sentence: Sentence, start: int, end: int, rivals: list[tuple[int, int]], kind: str) -> Place | None:
    """Where the finding at `start:end` is; `kind` is disc, vertebra or none. None where it lies outside the lumbar spine."""
    if kind == "none":
        return Place([], [])
    group = _group(note, sentence, start, end, rivals, vertebrae=kind == "vertebra")
    if group is None:
        return Place([], [])
    if group.outside:
        return None
    if kind == "disc":
        return Place(lumbar(group.levels), [])
    return Place(lumbar(group.levels), group.endplates or group.vertebrae)


def lumbar(levels: list[str]) -> list[str]:
    """The levels from T12-L1 down."""
    return [level for level in levels if level in lv.LUMBAR or level == "S1-S2"]


def _group(note: NoteView, sentence: Sentence, start: int, end: int, rivals: list[tuple[int, int]], *, vertebrae: bool) -> Group | None:
    if not groups(sentence) and _NO_PLACE.search(sentence.text, start):
        return None
    if not groups(sentence) and (_SAME.search(sentence.text) or _CONTINUES.match(sentence.text)):
        named = _named_before(note, sentence, far=not _CONTINUES.match(sentence.text))
        if named is not None:
            return named
    group = attach(note, sentence, start, end, rivals, vertebrae=vertebrae)
    return group


def _named_before(note: NoteView, sentence: Sentence, *, far: bool) -> Group | None:
    """The last disc levels named before a sentence that points back ("at this level") or goes on ("compressing ...")."""
    before, steps = note.before(sentence), 0
    while before is not None and steps < (6 if far else 2):
        found = [group for group in groups(before) if group.levels]
        if found:
            return found[-1]
        before, steps = note.before(before), steps + 1
    return None
