"""Where in the spine a diagnosis is: its disc levels or vertebrae."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .. import levels as lv
from ..attach import Group, Rivals, attach, groups
from ..component import NoteView
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target
from ..words import guard, has
from .body import imaging

_SAME = re.compile(r"\b(?:this|that|the\s+same|same|both(?:\s+of\s+these)?|these|those|said|above)\s+(?:two\s+|2\s+|three\s+)?(?:disc\s+)?levels?\b|\bhere\b|\bthere\s*(?:$|[.,;])|\b(?:canal|facets?|foramina)\s+there\b")
_NO_PLACE = re.compile(r"\b(?:any|other|all|every|remaining)\s+(?:other\s+|lumbar\s+|remaining\s+){0,4}levels?\b|\belsewhere\b|\bthroughout\b|\banywhere\b|^(?:the\s+)?(?:remaining|rest\s+of\s+the|other)\b")
_NO_PLACE_WORDS = guard(("level", "elsewhere", "throughout", "anywhere", "remaining", "rest", "other"), _NO_PLACE)
_SAME_WORDS = guard(("level", "here"), _SAME)
_CONTINUES = re.compile(r"\s*(?:-\s*)?(?:(?:mild|mildly|slight|slightly|significant|significantly|moderately|severely|largely|and|with|also)\s+)*"
                        r"(?:with\s+(?:spinal|canal|secondary|central|associated)|compress(?!ion\s+(?:fract|deform))|encroach|abut|indent|caus|result|associated|narrowing\s+(?:the|both|left|right|lt|rt|of)|contacting|displacing|impinging|leading|touching|effacing)")

@dataclass(slots=True)
class Place:
    """Levels and vertebrae (endplates where the text names them) of a finding."""
    levels: list[str]
    vertebrae: list[str]


def place(note: NoteView, target: Target, diagnosis: str, assertion: str, rivals: Rivals) -> Place | None:
    """Where a finding is, by the attribute `place` of its entry (disc, vertebra or none); None outside the lumbar spine."""
    kind = target.attributes.get("place", "disc")
    if kind == "none" or diagnosis == "si_joint_dysfunction":
        return Place([], [])
    if kind == "own" and not groups(target.sentence):
        return Place([], [])
    group = _group(note, target, diagnosis, assertion, rivals, kind == "vertebra")
    if group is None:
        return Place([], [])
    if group.outside:
        return None
    if kind in ("disc", "own"):
        return Place(lumbar(group.levels), [])
    return Place(lumbar(group.levels), list(group.endplates or group.vertebrae))


def in_its_terms(diagnosis: str, where: Place, absent: bool) -> Place:
    """Fractures, pars, curves and tumours lie at vertebrae; a slip of L4 is one at L4-L5; a fusion of L4 and L5 too."""
    if not (where.levels or where.vertebrae):
        return where
    if diagnosis == "spondylolysis" and where.levels:
        return Place(where.levels, where.vertebrae[:1])
    if diagnosis == "compression_fracture" and where.levels and not where.vertebrae:
        return Place([], list(dict.fromkeys(name for level in where.levels for name in level.split("-"))))
    if diagnosis in ("compression_fracture", "spondylolysis", "scoliosis", "spinal_tumor") and where.vertebrae:
        return Place([], where.vertebrae)
    if diagnosis == "spondylolisthesis" and len(where.vertebrae) == 1 and not where.levels and not absent:
        name = where.vertebrae[0]
        return Place(list(lv.disc_range(name, _below(name))), where.vertebrae)
    if diagnosis in ("prior_fusion", "prior_decompression") and len(where.vertebrae) == 2 and not where.levels:
        return Place(list(lv.disc_range(*where.vertebrae)), where.vertebrae)
    if diagnosis in ("spondylolisthesis", "prior_fusion", "prior_decompression") and where.levels:
        return Place(where.levels, [])
    return where


def _below(name: str) -> str:
    return "S1" if name == "L5" else f"{name[0]}{int(name[1:]) + 1}" if name != "T12" else "L1"


def lumbar(levels: Iterable[str]) -> list[str]:
    """The levels from T12-L1 down."""
    return [level for level in levels if level in lv.LUMBAR or level == "S1-S2"]


def _group(note: NoteView, target: Target, diagnosis: str, assertion: str, rivals: Rivals, vertebrae: bool) -> Group | None:
    sentence, text, start, end = target.sentence, target.sentence.text, target.start, target.end
    named = groups(sentence)
    if named and named[0].outside and all(group.outside for group in named):
        return named[0]
    own = [group for group in named if vertebrae or group.levels]
    if target.attributes.get("exam"):
        return next((group for group in own if -24 < group.start - end < 60), None)
    if diagnosis == "scoliosis":
        return next((group for group in own if _APEX.fullmatch(text, end, group.start)), None)
    if assertion == "absent" and _ANY_OTHER.match(text, end):
        return None
    if own:
        group = attach(note, sentence, start, end, rivals, vertebrae=vertebrae)
        if group is None or group not in own:
            return group
        apart = _apart(text, start, end, diagnosis, assertion, (group.start, group.end), rivals)
        return None if apart == "always" or (apart == "in visits" and not imaging(note)) else group
    points = _points(text, start, end)
    if points is None:
        return None
    steps, every = points
    if steps and (earlier := _named_before(note, sentence, steps=steps, every=every)) is not None:
        return earlier
    if diagnosis in ("compression_fracture", "spinal_tumor", "scoliosis") or (
            diagnosis == "spondylolysis" and assertion == "absent"):
        return None
    return attach(note, sentence, start, end, rivals, vertebrae=vertebrae) or (
        _of_paragraph(note, target, diagnosis, assertion))


@remembered
def _points(text: str, start: int, end: int) -> tuple[int, bool] | None:
    """How many sentences back the level of a finding may stand ("at this level", "compressing ..."), and whether all levels
    there are meant; None where the finding is said to have no level of its own ("at any level")."""
    near = (max(0, start - _WINDOW), end + _WINDOW)
    if has(text, _NO_PLACE_WORDS) and (_NO_PLACE.search(text, start, near[1]) or _NO_PLACE.match(text)):
        return None
    goes_on = bool(_CONTINUES.match(text))
    if goes_on or (has(text, _SAME_WORDS) and _SAME.search(text, *near)):
        return 2 if goes_on else 6, bool(_BOTH.search(text, *near))
    return 0, False


@remembered
def _apart(text: str, start: int, end: int, diagnosis: str, assertion: str, level: tuple[int, int], rivals: Rivals) -> str:
    """Whether a finding is an item of a list ("..., no stenosis, mild facet change") whose `level` stands in another item:
    always, only outside imaging reports ("in visits"), or not at all.

    A level that opens the sentence rules all its items; in reports a level said of a finding also holds for the items
    that qualify it.
    """
    if level[0] < end and start < level[1]:
        return ""
    if level[0] >= end:
        gap = text[end:level[0]]
        if "," in gap and any(first >= level[1] and not text[level[1]:first].strip() for first, _ in rivals):
            return "always"
        return "always" if "," in gap and assertion == "absent" and not re.search(r"\b(?:or|nor|and)\b", gap) else ""
    opening = _OPENS.match(text)
    if opening and level[0] <= opening.end():
        return ""
    back = max(0, start - 200)
    item = max((m.end() for m in _ITEM.finditer(text, back, start)), default=back)
    if item <= level[1] or _QUALIFIES.match(text[item:end]):
        return ""
    if assertion == "absent":
        return ("always" if diagnosis in _GLOBAL else "in visits") if _DENIES.match(text[item:end]) else ""
    lesion = any(stop <= level[0] < stop + 30 for _, stop in rivals)
    follows = lesion and diagnosis in ("central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "nerve_root_compression")
    return "" if follows else "in visits"


def _of_paragraph(note: NoteView, target: Target, diagnosis: str, assertion: str) -> Group | None:
    """The level that a finding without one takes from its paragraph or, for a disc finding, from the labelled line above."""
    sentence = target.sentence
    positive = assertion in ("present", "possible")
    if sentence.cell or (diagnosis in _GLOBAL and not (positive and diagnosis == "spondylolisthesis")):
        return None
    named: list[Group] = []
    line = _line_so_far(note, sentence)
    reports = len(line) > 1 and imaging(note)
    for before in line[:-1] if reports else line[-2:-1]:
        if _turns(before):
            return None
        named += [group for group in groups(before) if group.levels]
    single = len({group.levels for group in named}) == 1 and len(named[0].levels) == 1
    if single and diagnosis not in _GLOBAL:
        dedicated = any(m.kind == "disc" and m.levels for group in groups(line[0]) for m in group.mentions)
        reads = reports and (positive or (sentence.section != "impression" and dedicated))
        if reads or (positive and diagnosis in _DISC):
            return named[-1]
    if positive and not named and (diagnosis in _DISC or diagnosis == "spondylolisthesis") and not _MANY.search(
            sentence.text, max(0, target.start - _WINDOW), target.end + _WINDOW):
        above = note.before(line[0])
        if above is not None and note.text[above.end:line[0].start].count("\n") == 1:
            opener = _line_so_far(note, above)[0]
            found = [group for group in groups(opener) if group.levels]
            if found and re.match(r"\s*(?:level\s*)?:", opener.text[found[0].end:]) and found[0].start == 0:
                return found[0]
    return None


def _turns(sentence: Sentence) -> bool:
    """Whether a sentence turns from one level to all or the others."""
    return _turns_away(sentence.text)


@remembered
def _turns_away(text: str) -> bool:
    return bool((has(text, _NO_PLACE_WORDS) and _NO_PLACE.search(text)) or _OTHERS.search(text))


def _line_so_far(note: NoteView, sentence: Sentence) -> list[Sentence]:
    """The sentences of the line up to and with `sentence`, at most 40."""
    first = sentence.index
    sentences, last = note.sentences, sentence.index
    while first > 0 and sentences[first - 1].line == sentence.line and last - first < 40:
        first -= 1
    return sentences[first:last + 1]


def _named_before(note: NoteView, sentence: Sentence, *, steps: int, every: bool = False) -> Group | None:
    """The last disc levels named before a sentence that points back ("at this level") or goes on ("compressing ...")."""
    before = note.before(sentence)
    while before is not None and steps:
        found = [group for group in groups(before) if group.levels]
        if found:
            return Group.joined(found) if every else found[-1]
        before, steps = note.before(before), steps - 1
    return None


_APEX = re.compile(r"[^,;.]{0,30}\b(?:at|of|about|around|on)\s+(?:the\s+)?(?:\w+\s+)?|.{0,60}\b(?:apex|cent(?:er|re)d)\b.{0,20}")
_ITEM = re.compile(r",\s*(?:and\s+)?|\band\s+(?=there\b|no\b)")
_WINDOW = 300
_BOTH = re.compile(r"\b(?:both|these|those|same)\s+(?:two\s+|2\s+|three\s+)?(?:disc\s+)?levels?\b")
_GLOBAL = ("compression_fracture", "spinal_tumor", "spondylolisthesis", "scoliosis", "spondylolysis", "prior_fusion",
           "prior_decompression", "osteoporosis", "cauda_equina_syndrome", "si_joint_dysfunction")
_DISC = ("disc_bulge", "disc_protrusion", "disc_extrusion", "disc_sequestration", "annular_fissure", "nerve_root_compression",
         "spinal_infection", "central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis")
_ANY_OTHER = re.compile(r"[^.;]{0,40}\b(?:or|and|nor)\s+(?:elsewhere|(?:at\s+)?any\s+(?:other\s+)?(?:lumbar\s+)?level)")
_OTHERS = re.compile(r"\b(?:other|remaining)\s+(?:lumbar\s+)?(?:discs?|disks?|interspaces)\b|\band\s+above\b|\bthe\s+rest\b")
_MANY = re.compile(r"\b(?:multi-?\s?levels?|multiple|elsew\w+|elswere|other|several|lower\s+lumbar)\b")
_DENIES = re.compile(r"(?:there\s+(?:is|are)\s+)?(?:no|not|without|negative)\b")
_OPENS = re.compile(r"(?:[a-z][\w\s/-]{0,30}:\s*)?(?:(?:at|on|the)\s+)*")
_QUALIFIES = re.compile(r"(?:(?:mild|mildly|slight|slightly|significantly|largely|severely|and|also|all|again)\s+)*(?:\w+ing\b|with\b|without\b|associated|which|that|more\b|caus|consistent|compatible|in\s+keeping|suspicious|suggest)")
