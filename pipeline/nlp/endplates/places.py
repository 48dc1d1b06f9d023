"""The levels and endplates of an endplate finding, beyond what `attach` knows of any finding."""
from __future__ import annotations

import re

from .. import levels as lv
from ..attach import Group, Rivals, attach, groups, heading_groups
from ..component import NoteView
from ..sentences import Sentence
from .finding import Finding

_EVERYWHERE = re.compile(
    r"\b(?:(?:remaining|other|remainder|rest|all|every|any|each|elsewhere|throughout|no\s+level)(?:\s+of\s+the)?(?:\s+\w+)?\s+"
    r"(?:levels?|end[\s-]?plates?|segments?)|elsewhere|throughout|at\s+any|remaining|(?:any|all|every|other)\s+(?:other\s+)?(?:lumbar\s+)?"
    r"(?:levels?|end[\s-]?plates?))\b")
_BACK = re.compile(r"^(?:the|this)\s+(?:end[\s-]?plate|marrow)\s+(?:signal|changes?|o?edema|abnormality)\b|\b(?:this|the\s+same|that|these|those)\s+(?:dis[ck]\s+|lumbar\s+)?(?:levels?|segments?|end[\s-]?plates?|vertebra\w*)|(?:adjacent|adjoining|neighbou?ring|corresponding|opposing)\s+(?:vertebral\s+)?end[\s-]?plates?|\bthere\s*[.,]?$|\bhere\s*[.,]?$")
_MULTILEVEL = re.compile(r"\bmulti-?\s?(?:level|segmental)\w*\s+(?:[\w-]+\s+){0,3}(?:end|modic|disc)")
_SIDE_ONLY = re.compile(r"\b(superior|inferior|upper|lower)\s+end[\s-]?plates?\b")


def levels(group: Group | None) -> list[str]:
    """The discs of a group; two neighbouring vertebrae named together stand for the disc between."""
    if group is None:
        return []
    if group.levels or len(group.vertebrae) < 2:
        return list(group.levels)
    names = sorted(group.vertebrae, key=lambda name: lv.SPINE.index(name) if name in lv.SPINE else 99)
    return list(lv.disc_range(names[0], names[-1]))


def rivals_of(sentence: Sentence, found: list[Finding]) -> Rivals:
    """Where all findings of a sentence stand, those of the endplates (`found`) and the other diagnoses."""
    return tuple([(f.start, f.end) for f in found] + [(t.start, t.end) for t in sentence.targets if t.group == "alternative"])


def group_of(note: NoteView, item: Finding, rivals: Rivals) -> Group | None:
    """The levels of a finding among the findings of its sentence; None where it has none."""
    sentence = item.sentence
    start = min([item.start, *(f.start for f in item.merged if f.sentence is sentence)])
    end = max([item.end, *(f.end for f in item.merged if f.sentence is sentence)])
    if sentence.checked and item.rule == "modic.field":
        return _form_level(note, sentence)
    own = groups(sentence)
    if not any(g.levels or g.endplates or (len(g.vertebrae) > 1 and _near(g, item)) for g in own):
        return _inherit(note, item)
    group = attach(note, sentence, item.start, item.end, rivals)
    if item.merged and (start, end) != (item.start, item.end) and (group is None or not group.endplates):
        wider = [g for f in item.merged if f.sentence is sentence and (g := attach(note, sentence, f.start, f.end, rivals))
                 and g.endplates]
        group = wider[0] if wider else group
    if item.assertion in ("absent", "hypothetical") and group and not _bound(sentence, group, item):
        return _inherit(note, item)
    return group


def _near(group: Group, item: Finding) -> bool:
    gap = item.sentence.text[min(group.end, item.end):max(group.start, item.start)]
    return "," not in gap and len(gap) < 60


def _bound(sentence: Sentence, group: Group, item: Finding) -> bool:
    """Whether a denied or conditional change is denied of just these levels: named by "at", before it, or opening the sentence."""
    if group.start < item.end and item.start < group.end:
        return True
    if group.start >= item.end:
        return bool(re.fullmatch(r"[\s(]*(?:[\w/-]+\s+){0,5}?(?:at|of|in|involving|between|from|on)?\s*(?:both\s+|the\s+)*(?:\w+\s+){0,2}",
                                 sentence.text[item.end:group.start])) and not (
            re.search(r"\b(?:and|but|except|apart|other|save|aside)\s", sentence.text[item.end:group.start]) or _EVERYWHERE.search(sentence.text, item.end))
    if _EVERYWHERE.search(sentence.text, group.end):
        return False
    opens = re.search(r"(?:^|[,;(]\s*(?:and\s+)?)$", sentence.text[:group.start]) and re.match(r"\s*(?:-|:)", sentence.text[group.end:])
    return group.start <= 8 or item.start - group.end <= 12 or bool(opens)


def _inherit(note: NoteView, item: Finding) -> Group | None:
    """Levels for a sentence that names none: of the sentence it refers to, of its heading, of its line."""
    sentence = item.sentence
    told = item.merged[0] if item.merged and item.merged[0].sentence is not sentence else item.meant
    if told:
        return group_of(note, told, rivals_of(told.sentence, []))
    if sentence.checked:
        return _form_level(note, sentence)
    if side := _SIDE_ONLY.search(sentence.text):
        return _endplate(note, sentence, side[1])
    if _BACK.search(sentence.text):
        before = note.before(sentence)
        if before is not None and before.line == sentence.line and groups(before) and not heading_groups(sentence):
            return groups(before)[-1]
    if _MULTILEVEL.search(sentence.text, 0, item.start + 12):
        return None
    if item.assertion in ("absent", "hypothetical"):
        if _EVERYWHERE.search(sentence.text):
            return None
        over = heading_groups(sentence)
        return over[-1] if over else None
    found = attach(note, sentence, item.start, item.end, ((item.start, item.end),))
    after = note.after(sentence)
    if found is None and after is not None and after.line == sentence.line and re.match(r"levels?\s*:", after.text):
        return next(iter(groups(after)), None)
    return found


def _endplate(note: NoteView, sentence: Sentence, side: str) -> Group | None:
    """The endplate of "inferior endplate: type 1" in a line on one vertebra."""
    over = [g for s in note.line(sentence) if s.index < sentence.index for g in groups(s)]
    over += heading_groups(sentence)
    name = next((name for g in over for name in g.vertebrae), None)
    if name is None:
        return attach(note, sentence, 0, 0, ())
    side = {"upper": "superior", "lower": "inferior"}.get(side, side)
    return Group.of([lv.Mention(0, 0, "endplate", lv.facing(name, [side]), (name,), (f"{name} {side}",))])


def _form_level(note: NoteView, sentence: Sentence) -> Group | None:
    """The level of a ticked box: the last named before it in its line, else the first behind it."""
    line = note.line(sentence)
    before = [g for s in line if s.index < sentence.index for g in groups(s) if g.levels]
    behind = [g for s in line if s.index > sentence.index for g in groups(s) if g.levels]
    found = before[-1:] or behind[:1] or heading_groups(sentence)[-1:]
    return found[0] if found else None
