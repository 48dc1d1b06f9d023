"""Endplates in forms and tables, where a word under a label is a statement: normal, none, II, a ticked box."""
from __future__ import annotations

import re

from ..component import NoteView
from ..memory import remembered
from ..sentences import Sentence
from .finding import Finding
from .types import types

_PLATE = re.compile(r"\bend[\s-]?p[la]{2}t?e?s?\b|\bmodic\b")
_FIELD = re.compile(r"(?:findings?|vertebra(?:e|l)?|bod(?:y|ies)|bones?|marrow|and|of|the|modic|end[\s-]?plates?|changes?|types?|signal|status|present|"
                    r"lumbar|grade|adjacent|disc|level|[lst]\d{1,2}|\d|classification|mri|degenerative|[\s/&(),?:-])+")
_TYPE_CELL = re.compile(r"(?:types?|grade)?[\s-]*(?:[il]{1,3}|[123])(?:\s*(?:/|-|,|&|and|\+)\s*(?:[il]{1,3}|[123]))?(?:\s+(?:changes?|mild|early))?")
_NORMAL_CELL = re.compile(
    r"(?:(?:appear|are|is|all|otherwise|elsewhere|others?|remaining|levels?|remainder)\s+)*(?:normal|unremarkable|intact|preserved|maintained|smooth|regular|spared|nl|wnl|nad|"
    r"within\s+normal\s+limits|clear|ok)\b(?!\s+(?:dis[ck]|canal|height|align|foram|facet))")
_NONE_CELL = re.compile(r"(?:none|no|nil|absent|negative|neg|0|not\s+(?:seen|present)|no\s+changes?)(?=\s*(?:[.,;)}]|$|in\s+(?:19|20)|at\b|seen|noted|identified|present))")
_CHANGE_CELL = re.compile(r"\b(?:(?:degenerative|reactive|discogenic)(?:\s+(?:signal|marrow))?(?:\s+changes?)?|irregular(?:ity)?|signal\s+changes?)\b")
_SPARED = re.compile(r"(?:and\s+|the\s+)*[lst]\s?\d[\dlst\s/,&and-]{0,60}?\s(?:are|is|appears?|remains?)\s+(spared|unaffected|uninvolved|not\s+(?:involved|affected))[\s.]*")
_LISTED = re.compile(r"(?:and\s+)?[lstd]\s?\d[\dlst\s/,&-]{0,40}[:=-]\s*(normal|none|intact|preserved|unremarkable|nl|wnl)\s*[.,]?$")
_OPENS = re.compile(r"(?:(?:and|the)\s+)*[lstd]\s?\d|answer")
_REPLY = re.compile(r"answer\s*:\s*(?:(no|none|not)|yes)\b")


def elliptic(note: NoteView, sentence: Sentence) -> list[Finding]:
    """What a sentence says of the endplates that the one before it named: "L1-L2 is spared", "Answer: No"."""
    listed = _LISTED.match(sentence.text)
    if listed and re.match(r"(?:vertebral\s+)?end[\s-]?plates?\s*[:-]", note.line(sentence)[0].text):
        return [Finding(sentence, listed.start(1), listed.end(1), (), "list", "descriptor", "absent", None, "modic.field")]
    before = note.before(sentence)
    named = before is not None and any(t.group == "modic" and t.attributes["role"] in ("named", "change") for t in before.targets)
    if not named or before is None:
        return []
    spared = _SPARED.fullmatch(sentence.text) if before.line == sentence.line else None
    reply = _REPLY.match(sentence.text) if before.text.endswith("?") and before.line != sentence.line else None
    if spared:
        return [Finding(sentence, spared.start(1), spared.end(1), (), "list", "named", "absent", None, "modic.field")]
    if reply:
        return [Finding(sentence, 0, reply.end(), (), "list", "named", "absent" if reply[1] else "present", None, "modic.field")]
    return []


@remembered
def answers(text: str) -> bool:
    """Whether a text can be such a sentence."""
    return _OPENS.match(text) is not None and bool(_LISTED.match(text) or _SPARED.fullmatch(text) or _REPLY.match(text))


@remembered
def _over(name: str) -> str:
    match = _PLATE.search(name)
    return match.group() if match and _FIELD.fullmatch(name) else ""


def field_label(sentence: Sentence) -> str:
    """The label or heading over a sentence where it names endplates or Modic."""
    return (sentence.label and _over(sentence.label)) or (sentence.heading and _over(sentence.heading))


def field_of(sentence: Sentence, over: str, only_none: bool = False) -> list[Finding]:
    """What a field or a table cell under "Endplates" or "Modic" says in a word: normal, none, II, degenerative."""
    text = sentence.text
    label = re.match(r"[^:]{0,40}:\s*", text)
    at = label.end() if label and _PLATE.search(label.group()) else 0
    body = re.sub(r"^\[\s?x\s?\]\s*", "", text[at:]).strip(" .[]{}")
    if sentence.checked:  # behind wide blanks the next question of the form begins
        body = re.split(r"\s{2,}", body)[0]
    start = at + text[at:].find(body) if body else at
    named = "modic" in over

    def make(end: int, names: tuple[str, ...], basis: str, assertion: str, relation: str = "list", begin: int = start) -> list[Finding]:
        return [Finding(sentence, begin, end, names, relation, basis, assertion, None, "modic.field", assertion == "absent")]

    if not body:
        return []
    if not only_none and (match := _NORMAL_CELL.match(body)):
        return make(start + match.end(), (), "named" if named else "descriptor", "absent")
    if match := _NONE_CELL.match(body):
        return make(start + match.end(), (), "named" if named else "descriptor", "absent")
    if only_none:
        return []
    if (named or sentence.cell or sentence.checked) and _TYPE_CELL.fullmatch(body):
        found = types(body)
        return make(start + len(body), found.names, "named", "present", found.relation)
    if match := _CHANGE_CELL.search(text, at):
        return make(match.end(), (), "descriptor", "present", begin=match.start())
    return []
