"""How an endplate finding is meant: named by the next sentence, asked for, taken back, resolved, turned into another type."""
from __future__ import annotations

import re
from dataclasses import replace

from ..component import NoteView
from ..sentences import Sentence
from .finding import Finding
from .types import described_types

_REFERS = re.compile(
    r"\s*(?:this|these|the\s+(?:findings?|features?|appearances?|changes?)|findings?|features?|appearances?|overall|in\s+keeping|"
    r"it|they|consistent|compatible|representing|likely\s+represent\w*|which|suggest\w*|both)\b")
_INSTEAD = re.compile(r"\b(?:rather\s+than|as\s+opposed\s+to|instead\s+of|and\s+not|not\s+(?:typical|characteristic)\s+(?:of|for)|unlike)\s+(?:\w+\s+){0,3}$")
_TOLD = re.compile(r"\b(?:reported(?:ly)?|described|called|interpreted|read|raised|suggested|outside|prior|previous(?:ly)?|initial(?:ly)?|labell?ed|questioned)\b")
_EXPLAINED_AWAY = re.compile(
    r"[^.;]{0,80}?\b(?:is|was|are|were|represents?|appears?|reflects?|likely|probably|rather)\b[^.;]{0,40}?\b(?:artifact\w*|artefact\w*|"
    r"volume\s+averag\w+|ha?emangioma|normal|basivertebral|heterogen\w+|red\s+marrow|not\s+(?:\w+ly\s+)?(?:confirmed|real|reproduced|"
    r"substantiated|convincing|seen|present|supported|agreed)|unconvincing|incorrect|an?\s+error)\b")
_NONE_AFTER = re.compile(r"\s*[:=-]?\s*(?:none|absent|negative|nil)\b")
_ANSWER = re.compile(r"(?:a(?:nswer)?:\s*)?(?:(yes|y)|no|n|none)\b")
_CONVERTED = re.compile(
    r"\b(?:convert\w*|conversion|evol\w+|progress\w*|transform\w*|transition\w*|matur\w+|chang(?:ed|ing)|become|became|replaced|now|currently)\b")
_CONVERSION_OF = re.compile(r"\b(?:conversion|evolution|progression|transition|transformation)\s+(?:of|from)\s+(?:the\s+)?(?:[\w/-]+\s+){0,3}$")
_INTO = re.compile(r"[^.;]{0,40}?\b(?:convert\w*|evolv\w+|transform\w*|chang(?:ed|ing)|matur\w+|progress\w*)\s+(?:in)?to\s+"
                   r"((?:\w+\s+){0,2}?(?:fat(?:ty)?|sclero\w+|o?e?dema\w*)\b)")
_BEFORE_THAT = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|earlier|prior(?:ly)?|was|were|from|originally|initially|old)\s+(?:(?:noted|seen|described|reported|read|as|a|the|mixed)\s+){0,3}$")
_PAST_YEAR = re.compile(r"[\s,]*(?:\w+\s+)?(?:in|on|from)\s+(?:the\s+)?(?:\w+\s+)?(?:19|20)\d\d\b(?!\s+(?:and|mri))")
_NOW = re.compile(r"\b(?:now|currently|current|today|at\s+present|converted|conversion)\b")


def meanings(note: NoteView, found: list[Finding]) -> list[Finding]:
    """The findings of a note, with assertions as the words around them mean them."""
    found = [item for item in _referred(found) if not _taken_back(item)]
    for item in found:
        _read(note, item)
        if item.assertion == "possible" and _asks(note, item.sentence):
            item.assertion = "hypothetical"
    return _converted(found)


def _referred(found: list[Finding]) -> list[Finding]:
    """Drop the descriptors that the next sentence puts a name to ("This represents Modic type 1")."""
    kept: list[Finding] = []
    for item in found:
        if item.named and _REFERS.match(item.sentence.text):
            near = [f for f in kept[-8:] if f.sentence.line == item.sentence.line and not f.normal
                    and 0 < item.sentence.index - f.sentence.index <= 4]
            item.meant = next((f for f in reversed(near) if item.sentence.index - f.sentence.index <= 2
                               and f.assertion == "present"), None)
            item.merged += [f for f in near if not f.named and f.assertion in ("present", "possible") and _describes(f, item)]
            kept[-8:] = [f for f in kept[-8:] if not any(f is told for told in item.merged)]
        kept.append(item)
    return kept


def _describes(told: Finding, item: Finding) -> bool:
    """Whether what the sentence before describes is of the type that this one names."""
    if not told.types:
        return told.assertion == item.assertion or not item.types
    return not item.types or set(told.types) <= set(item.types)


def _taken_back(item: Finding) -> bool:
    """Whether an addendum names it as the mistake ("type 2 rather than type 1")."""
    return item.sentence.section == "addendum" and bool(_INSTEAD.search(item.sentence.text, 0, item.start))


def _asks(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence gives the reason for an imaging study."""
    if sentence.section != "indication" and (note.note_type != "radiology" or sentence.section not in ("hpi", "chief_complaint")):
        return False
    line = note.line(sentence)
    head = note.before(line[0])
    if head is not None and head.section == sentence.section and len(note.line(head)) == 1 and not head.text.endswith("."):
        line = note.line(head)  # a heading on a line of its own
    opens = note.before(line[0])
    return opens is None or opens.section != sentence.section


def _read(note: NoteView, item: Finding) -> None:
    """Set the assertion where the words beside a finding say more than ConText does."""
    text = item.sentence.text
    if item.assertion == "historical" and not _resolved(item):
        item.assertion, item.cue = "present", None
    if item.assertion == "present" and _TOLD.search(text, 0, item.start) and _EXPLAINED_AWAY.match(text, item.end):
        item.assertion = "historical"
    after = note.after(item.sentence)
    if text.endswith("?") and after and after.line == item.sentence.line and (answer := _ANSWER.match(after.text)):
        item.assertion, item.cue = ("present" if answer[1] else "absent"), None
    if _NONE_AFTER.match(text, item.end) and item.assertion == "present" and not item.types:
        item.assertion = "absent"
    if _INSTEAD.search(text, 0, item.start) and item.assertion in ("present", "possible"):
        item.assertion = "absent"
    if item.assertion == "absent" and item.cue and item.named and item.types and len(item.types) == 1:
        between = text[:item.start].rsplit(item.cue.text.lower(), 1)[-1]
        if "," in between and not re.search(r"\b(?:or|nor|and|no|not)\b", between + text[item.end:item.end + 60]):
            item.assertion, item.cue = "present", None


def _resolved(item: Finding) -> bool:
    """Whether a change is over: said so of it, not of another finding; a heading such as "past history" is not enough."""
    if item.cue is None or not item.cue.rule.startswith("assertion.resolved"):
        return False
    sentence = item.sentence
    start, end = sentence.source(item.start), sentence.source(item.end)
    gap = (item.cue.end, start) if item.cue.end <= start else (end, item.cue.start)
    if item.cue.end <= start and _NOW.search(sentence.text, max(0, item.start - (start - item.cue.end)), item.start):
        return False
    return not any(t.group == "alternative" and gap[0] <= sentence.source(t.start) < gap[1] for t in sentence.targets)


def _converted(found: list[Finding]) -> list[Finding]:
    """Of a change that turned from one type into another, the first is historical."""
    named: dict[int, list[Finding]] = {}
    for item in found:
        if item.named:
            named.setdefault(item.sentence.index, []).append(item)
    for item in list(found):
        if item.assertion != "present" or not item.named or not item.types:
            continue
        text = item.sentence.text
        others = [f for f in named[item.sentence.index] if f is not item and f.types != item.types]
        if len(item.types) == 2 and re.search(r"\bto\b|-+>", text[item.start:item.end]) and _CONVERTED.search(text):
            found.append(replace(item, types=item.types[:1], assertion="historical", merged=[]))
            item.types = item.types[1:]
        elif match := _INTO.match(text, item.end):
            found.append(replace(item, types=described_types(match[1]), start=match.start(1), end=match.end(1), merged=[]))
            item.assertion = "historical"
        elif _superseded(text, item, others):
            item.assertion = "historical"
    return sorted(found, key=lambda item: item.sentence.index)


def _superseded(text: str, item: Finding, others: list[Finding]) -> bool:
    """Whether a type is that of an earlier exam: "previously type 1", "converted from type 1", "type 1 in 2021, now 2"."""
    if _BEFORE_THAT.search(text, 0, item.start):
        return bool(others or _CONVERTED.search(text))
    if others and re.match(r"[^.;]{0,30}?\b(?:formerly|previously|earlier|originally|initially)\b", text[item.end:]) and _NOW.search(text, item.end):
        return True
    if others and _PAST_YEAR.match(text, item.end) and _NOW.search(text):
        return True
    return any(f.start > item.end and re.search(r"\b(?:in)?to\b", text[item.end:f.start])
               and (_CONVERTED.search(text, item.end, f.start) or _CONVERSION_OF.search(text, 0, item.start)) for f in others)
