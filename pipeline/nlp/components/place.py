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
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target

_OUTSIDE = re.compile(r"\b(?:cervical|thoracic|dorsal|c[\s.-]?spine|t[\s.-]?spine|d[\s.-]?spine|(?<!femoral )neck|mid[\s-]?back|brain|"
                      r"knees?|shoulders?|elbows?|wrists?|ankles?)\b")
_LUMBAR = re.compile(r"\b(?:lumb\w*|lss|ls|l[\s./-]*(?:s[\s.-]*)?spine|sacr\w*|scaro\w*|si|sij|low(?:er)?[\s-]+back|whole\s+spine|back)\b|thoraco-?lumbar|dorso-?lumbar")
_BODY = re.compile(_OUTSIDE.pattern + r"|\b(?:hips?|arms?|hands?|fingers?|foot|feet|toes?|heel|plantar|metatarsals?|calcane\w+|jaw|sternum|ribs?|skull|tibia|femur|rotator|cuff|carpal|upper\s+extremit\w+)\b")
_SPINE_ABOVE = re.compile(r"\b(?:cervical|thoracic|dorsal|c[\s.-]?spine|t[\s.-]?spine|d[\s.-]?spine|(?<!femoral )neck)\b")
_SPINE = re.compile(r"(?<!cervical )(?<!thoracic )\b(?:spine|spinal|vertebra\w*)\b")
_STUDY = re.compile(r"\b(?:mri?|m\.r\.i\.?|ct|x-?rays?|xr|radiographs?|myelogram|scan|spine|joints?)\b")
_CLAUSE = re.compile(r"[,.;:()]|\band\b|\bbut\b")
_SAME = re.compile(r"\b(?:this|that|the\s+same|same|both(?:\s+of\s+these)?|these|those|said|above)\s+(?:two\s+|2\s+|three\s+)?(?:disc\s+)?levels?\b|\bhere\b|\bthere\s*(?:$|[.,;])|\b(?:canal|facets?|foramina)\s+there\b")
_NO_PLACE = re.compile(r"\b(?:any|other|all|every|remaining)\s+(?:other\s+|lumbar\s+|remaining\s+){0,4}levels?\b|\belsewhere\b|\bthroughout\b|\banywhere\b|^(?:the\s+)?(?:remaining|rest\s+of\s+the|other)\b")
_CONTINUES = re.compile(r"\s*(?:-\s*)?(?:(?:mild|mildly|slight|slightly|significant|significantly|moderately|severely|largely|and|with|also)\s+)*"
                        r"(?:with\s+(?:spinal|canal|secondary|central|associated)|compress(?!ion\s+(?:fract|deform))|encroach|abut|indent|caus|result|associated|narrowing\s+(?:the|both|left|right|lt|rt|of)|contacting|displacing|impinging|leading|touching|effacing)")


@dataclass(slots=True)
class Place:
    """Levels and vertebrae (endplates where the text names them) of a finding."""
    levels: list[str]
    vertebrae: list[str]


class Regions:
    """Which sentences of a note stand under the heading of another region of the body."""

    def __init__(self, note: NoteView) -> None:
        self.outside: set[int] = set()
        folded = note.text.lower()
        if not _LUMBAR.search(folded) and not re.search(r"\bl\s?[1-5]\b|\bl[1-5]\s?[-/]", folded) and _OUTSIDE.search(folded):
            self.outside.update(sentence.index for sentence in note.sentences)
            return
        away, line = False, -1
        for sentence in note.sentences:
            label = _label(sentence.text)
            if sentence.line != line and (region := _study(sentence.text)) and _is_title(note, sentence, bool(label)):
                away = region == "outside" if region != "study" else away
            line = sentence.line
            if away or _is_outside(f"{sentence.heading} {label}"):
                self.outside.add(sentence.index)


@remembered
def _label(text: str) -> str:
    label = re.match(r"[^:.]{3,60}(?=:)", text)
    return label.group() if label else ""


@remembered
def _study(text: str) -> str:
    """The region of the study that a text names: lumbar, outside, or just a study; nothing where it names none."""
    if not _STUDY.search(text):
        return ""
    return "lumbar" if _LUMBAR.search(text) else "outside" if _OUTSIDE.search(text) else "study"


@remembered
def _is_outside(over: str) -> bool:
    return bool(_OUTSIDE.search(over)) and not _LUMBAR.search(over)


def _is_title(note: NoteView, sentence: Sentence, labelled: bool) -> bool:
    """Whether a sentence is a heading of its own line."""
    if sentence.cell or len(sentence.text) >= 70:
        return False
    return sentence.text.rstrip().endswith(":") or (not labelled and alone(note, sentence))


def imaging(note: NoteView) -> bool:
    """Whether a note is an imaging report: by its type or, where that is unknown, for want of any words of a visit."""
    found = note.cache.get("imaging")
    if found is None:
        found = note.cache["imaging"] = note.note_type == "radiology" or (
            note.note_type == "unknown" and not _VISIT.search(note.text))
    return bool(found)


_VISIT = re.compile(r"\b(?:assessment|plan|hpi|chief\s+complaint|subjective|medications?|physical\s+exam\w*|on\s+exam|exam:|denies|"
                    r"(?:patient|he|she|pt)\s+(?:reports|states|denies|has|is|was)|vitals|allerg\w+|follow[\s-]up|pmh|psh)\b", re.I)


@remembered
def elsewhere(text: str, start: int, end: int, whole: bool) -> bool:
    """Whether the words around a finding speak of another region of the body and not of the lumbar spine.

    `whole`: any region named in the sentence counts (fractures and operations occur everywhere), not only in the clause.
    """
    text = text[max(0, start - _WINDOW):end + _WINDOW]
    start, end = min(start, _WINDOW), min(start, _WINDOW) + end - start
    if not _BODY.search(text):
        return False
    if (whole or _SPINE_ABOVE.search(text)) and not _LUMBAR.search(text) and not _SPINE.search(text) and not groups_in(text):
        return True
    first = max((m.end() for m in _CLAUSE.finditer(text, max(0, start - 200), start)), default=max(0, start - 200))
    last = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    clause = text[first:last]
    return bool(_OUTSIDE.search(clause)) and not _LUMBAR.search(clause)


def groups_in(text: str) -> bool:
    """Whether a text names lumbar levels or vertebrae."""
    return any(not mention.outside for mention in lv.find(text))


def place(note: NoteView, target: Target, diagnosis: str, assertion: str, rivals: list[tuple[int, int]]) -> Place | None:
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
    return Place(lumbar(group.levels), group.endplates or group.vertebrae)


def in_its_terms(diagnosis: str, where: Place, absent: bool) -> Place:
    """Fractures, pars, curves and tumours lie at vertebrae; a slip of L4 is one at L4-L5; a fusion of L4 and L5 too."""
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


def lumbar(levels: list[str]) -> list[str]:
    """The levels from T12-L1 down."""
    return [level for level in levels if level in lv.LUMBAR or level == "S1-S2"]


def _group(note: NoteView, target: Target, diagnosis: str, assertion: str, rivals: list[tuple[int, int]],
           vertebrae: bool) -> Group | None:
    sentence, text = target.sentence, target.sentence.text
    named = groups(sentence)
    if named and all(group.outside for group in named):
        return named[0]
    own = [group for group in named if vertebrae or group.levels]
    if target.attributes.get("exam"):
        return next((group for group in own if -24 < group.start - target.end < 60), None)
    if diagnosis == "scoliosis":
        return next((group for group in own if _APEX.fullmatch(text, target.end, group.start)), None)
    if assertion == "absent" and _ANY_OTHER.match(text, target.end):
        return None
    if own:
        group = attach(note, sentence, target.start, target.end, rivals, vertebrae=vertebrae)
        return None if group in own and _item_apart(
            note, target, diagnosis, assertion, group, rivals) else group
    near = (max(0, target.start - _WINDOW), target.end + _WINDOW)
    if _NO_PLACE.search(text, target.start, near[1]) or _NO_PLACE.match(text):
        return None
    goes_on = bool(_CONTINUES.match(text))
    if goes_on or _SAME.search(text, *near):
        earlier = _named_before(note, sentence, steps=2 if goes_on else 6, every=bool(_BOTH.search(text, *near)))
        if earlier is not None:
            return earlier
    if diagnosis in ("compression_fracture", "spinal_tumor", "scoliosis") or (
            diagnosis == "spondylolysis" and assertion == "absent"):
        return None
    return attach(note, sentence, target.start, target.end, rivals, vertebrae=vertebrae) or (
        _of_paragraph(note, target, diagnosis, assertion))


def _item_apart(note: NoteView, target: Target, diagnosis: str, assertion: str, group: Group, rivals: list[tuple[int, int]]) -> bool:
    """Whether a finding is an item of a list ("..., no stenosis, mild facet change") whose level stands in another item.

    A level that opens the sentence rules all its items; in reports a level said of a finding also holds for the items
    that qualify it.
    """
    text = target.sentence.text
    if group.start < target.end and target.start < group.end:
        return False
    low, high = min(group.end, target.start), max(group.start, target.end)
    if group.start >= target.end:
        gap = text[target.end:group.start]
        if "," in gap and any(start >= group.end and not text[group.end:start].strip() for start, _ in rivals):
            return True
        return "," in gap and assertion == "absent" and not re.search(r"\b(?:or|nor|and)\b", gap)
    opening = _OPENS.match(text)
    if opening and group.start <= opening.end():
        return False
    back = max(0, target.start - 200)
    item = max((m.end() for m in _ITEM.finditer(text, back, target.start)), default=back)
    if item <= group.end or low >= high:
        return False
    words = text[item:target.end]
    if assertion == "absent":
        return (not imaging(note) or diagnosis in _GLOBAL) and bool(re.match(r"(?:there\s+(?:is|are)\s+)?(?:no|not|without|negative)\b", words)) and not _QUALIFIES.match(words)
    lesion = any(stop <= group.start < stop + 30 for _, stop in rivals)
    follows = lesion and diagnosis in ("central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "nerve_root_compression")
    return not imaging(note) and not follows and not _QUALIFIES.match(words)


def _of_paragraph(note: NoteView, target: Target, diagnosis: str, assertion: str) -> Group | None:
    """The level that a finding without one takes from its paragraph or, for a disc finding, from the labelled line above."""
    sentence = target.sentence
    positive = assertion in ("present", "possible")
    if sentence.cell or (diagnosis in _GLOBAL and not (positive and diagnosis == "spondylolisthesis")):
        return None
    named: list[Group] = []
    reports = imaging(note)
    line = _line_so_far(note, sentence)
    for before in line[:-1] if reports else line[-2:-1]:
        if _turns(before):
            return None
        named += [group for group in groups(before) if group.levels]
    single = len({tuple(group.levels) for group in named}) == 1 and len(named[0].levels) == 1
    first = line[0]
    dedicated = any(m.kind == "disc" and m.levels for group in groups(first) for m in group.mentions)
    reads = reports and (positive or (sentence.section != "impression" and dedicated))
    if single and diagnosis not in _GLOBAL and (reads or (positive and diagnosis in _DISC)):
        return named[-1]
    if positive and diagnosis in (*_DISC, "spondylolisthesis") and not _MANY.search(sentence.text, max(0, target.start - _WINDOW), target.end + _WINDOW) and not named:
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
    return bool(_NO_PLACE.search(text) or _OTHERS.search(text))


def _line_so_far(note: NoteView, sentence: Sentence) -> list[Sentence]:
    """The sentences of the line up to and with `sentence`, at most 40."""
    first = sentence.index
    while first > 0 and note.sentences[first - 1].line == sentence.line and sentence.index - first < 40:
        first -= 1
    return note.sentences[first:sentence.index + 1]


def alone(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence is all of its line."""
    before, after = note.before(sentence), note.after(sentence)
    return (before is None or before.line != sentence.line) and (after is None or after.line != sentence.line)


def _named_before(note: NoteView, sentence: Sentence, *, steps: int, every: bool = False) -> Group | None:
    """The last disc levels named before a sentence that points back ("at this level") or goes on ("compressing ...")."""
    before = note.before(sentence)
    while before is not None and steps:
        found = [group for group in groups(before) if group.levels]
        if found:
            return _joined(found) if every else found[-1]
        before, steps = note.before(before), steps - 1
    return None


def _joined(found: list[Group]) -> Group:
    """Groups of levels as one."""
    return Group(found[0].start, found[-1].end, tuple(mention for group in found for mention in group.mentions))


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
_OPENS = re.compile(r"(?:[a-z][\w\s/-]{0,30}:\s*)?(?:(?:at|on|the)\s+)*")
_QUALIFIES = re.compile(r"(?:(?:mild|mildly|slight|slightly|significantly|largely|severely|and|also|all|again)\s+)*(?:\w+ing\b|with\b|without\b|associated|which|that|more\b|caus|consistent|compatible|in\s+keeping|suspicious|suggest)")
