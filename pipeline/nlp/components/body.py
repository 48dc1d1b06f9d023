"""Which region of the body a text is about: the lumbar spine or another one, in a report or in a visit.

Reports of several regions head each part ("Cervical MRI:"); clinic notes name the region in the clause. Findings there
give no fact (annotation guide: findings outside the lumbar or lumbosacral spine give nothing).
"""
from __future__ import annotations

import re

from .. import levels as lv
from ..component import NoteView
from ..memory import remembered
from ..sentences import Sentence

_OUTSIDE = re.compile(r"\b(?:cervical|thoracic|dorsal|c[\s.-]?spine|t[\s.-]?spine|d[\s.-]?spine|(?<!femoral )neck|mid[\s-]?back|brain|"
                      r"knees?|shoulders?|elbows?|wrists?|ankles?)\b")
_LUMBAR = re.compile(r"\b(?:lumb\w*|lss|ls|l[\s./-]*(?:s[\s.-]*)?spine|sacr\w*|scaro\w*|si|sij|low(?:er)?[\s-]+back|whole\s+spine|back)\b|thoraco-?lumbar|dorso-?lumbar")
_BODY = re.compile(_OUTSIDE.pattern + r"|\b(?:hips?|arms?|hands?|fingers?|foot|feet|toes?|heel|plantar|metatarsals?|calcane\w+|jaw|sternum|ribs?|skull|tibia|femur|rotator|cuff|carpal|upper\s+extremit\w+)\b")
_SPINE_ABOVE = re.compile(r"\b(?:cervical|thoracic|dorsal|c[\s.-]?spine|t[\s.-]?spine|d[\s.-]?spine|(?<!femoral )neck)\b")
_SPINE = re.compile(r"(?<!cervical )(?<!thoracic )\b(?:spine|spinal|vertebra\w*)\b")
_LEVEL = re.compile(r"\bl\s?[1-5]\b|\bl[1-5]\s?[-/]")
_STUDY = re.compile(r"\b(?:mri?|m\.r\.i\.?|ct|x-?rays?|xr|radiographs?|myelogram|scan|spine|joints?)\b")
_CLAUSE = re.compile(r"[,.;:()]|\band\b|\bbut\b")
_VISIT = re.compile(r"\b(?:assessment|plan|hpi|chief\s+complaint|subjective|medications?|physical\s+exam\w*|on\s+exam|exam:|denies|"
                    r"(?:patient|he|she|pt)\s+(?:reports|states|denies|has|is|was)|vitals|allerg\w+|follow[\s-]up|pmh|psh)\b")
_WINDOW = 300  # characters around a finding in which a region counts


def outside(note: NoteView) -> set[int]:
    """The numbers of the sentences that stand under the heading of another region of the body."""
    if _of_other_region(note.text.lower()):
        return set(range(len(note.sentences)))
    found: set[int] = set()
    away, line = False, -1
    for sentence in note.sentences:
        region, colon, over = _heads(sentence.text, sentence.heading)
        if region and sentence.line != line and not sentence.cell and (colon or alone(note, sentence)):
            away = region == "outside"
        line = sentence.line
        if away or over:
            found.add(sentence.index)
    return found


def _of_other_region(folded: str) -> bool:
    """Whether a note names other regions and never the lumbar spine."""
    return not ("lumbar" in folded or _LUMBAR.search(folded) or _LEVEL.search(folded)) and _OUTSIDE.search(folded) is not None


@remembered
def _heads(text: str, heading: str) -> tuple[str, bool, bool]:
    """Of a sentence: the region that it names as a heading would, whether its colon makes it one wherever it stands, and
    whether its label or what stands over it puts it in another region."""
    end = text.find(":", 0, 61)
    label = text[:end] if end >= 3 and "." not in text[:end] else ""
    colon = text.rstrip().endswith(":")
    region = _study(text) if len(text) < 70 and (colon or not label) else ""
    return region, colon, bool(heading or label) and _is_outside(f"{heading} {label}")


@remembered
def _is_outside(over: str) -> bool:
    return _OUTSIDE.search(over) is not None and not _LUMBAR.search(over)


def _study(text: str) -> str:
    """The region of the study that a text names: lumbar or outside; nothing where it names none."""
    if not _STUDY.search(text):
        return ""
    return "lumbar" if _LUMBAR.search(text) else "outside" if _OUTSIDE.search(text) else ""


def imaging(note: NoteView) -> bool:
    """Whether a note is an imaging report: by its type or, where that is unknown, for want of any words of a visit."""
    found = note.cache.get("imaging")
    if found is None:
        found = note.cache["imaging"] = note.note_type == "radiology" or (
            note.note_type == "unknown" and not _VISIT.search(note.text.lower()))  # lines may break its words
    return bool(found)


def elsewhere(text: str, start: int, end: int, whole: bool) -> bool:
    """Whether the words around a finding speak of another region of the body and not of the lumbar spine.

    `whole`: any region named in the sentence counts (fractures and operations occur everywhere), not only in the clause.
    """
    return _names_other(text) and _is_elsewhere(text, start, end, whole)


@remembered
def _names_other(text: str) -> bool:
    return _BODY.search(text) is not None


def _is_elsewhere(text: str, start: int, end: int, whole: bool) -> bool:
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


def alone(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence is all of its line."""
    before, after = note.before(sentence), note.after(sentence)
    return (before is None or before.line != sentence.line) and (after is None or after.line != sentence.line)
