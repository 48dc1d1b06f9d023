"""What a note as a whole leaves standing of its endplate facts: corrections, second reads, repetitions."""
from __future__ import annotations

import re

from .. import levels as lv
from ..attach import groups
from ..component import Draft, NoteView

_WRONG_LEVEL = re.compile(r"\blevels?\b.{0,60}\b(?:mis\w+|wrong\w*|incorrect\w*|in\s+error|erroneous\w*)|"
                          r"\b(?:mis\w+|wrong|incorrect|erroneous)\s+(?:\w+\s+){0,3}levels?\b")
_MISTAKEN = re.compile(
    r"\b(?:dictat\w+|erroneous\w*|in\s+error|incorrect\w*|mistake\w*|error|should\s+(?:read|have|be|state)|correct(?:ed|ion)\w*|"
    r"mis-?(?:stated|labell?ed|numbered|dictated|typed|reported)|rather\s+than|instead\s+of|amend\w*|not)\b")
_QUOTED = re.compile(r"\b(?:reportedly|outside\s+(?:\w+\s+)?(?:report|read\w*|mri|interpretation)|(?:previously|originally|initially)\s+(?:reported|read|described|interpreted))\b")
_EARLIER_SECTIONS = ("indication", "comparison")


def settled(note: NoteView, drafts: list[Draft]) -> list[Draft]:
    """What the note as a whole leaves standing of its endplate facts."""
    wrong = _corrected(note, drafts)
    drafts = [draft for draft in drafts if draft not in wrong]
    for draft in drafts:
        if _refuted(note, draft, drafts):
            draft.assertion = "historical"
    typed = [d for d in drafts if d.attributes["type"] != "unspecified"]
    return [draft for draft in drafts if not _restates(draft, typed)]


def _corrected(note: NoteView, drafts: list[Draft]) -> list[Draft]:
    """The facts that an addendum corrects: it gives the same type at another level and names theirs as mistaken."""
    addenda = [s for s in note.sentences if s.section == "addendum"]
    if not addenda or not any(_MISTAKEN.search(s.text) for s in addenda):
        return []
    named = {level for s in addenda for group in groups(s) for level in group.levels}
    if any(_WRONG_LEVEL.search(s.text) for s in addenda):
        named |= lv.LUMBAR
    wrong = []
    for new in drafts:
        if new.sentence.section != "addendum" or new.assertion != "present" or not new.attributes["levels"]:
            continue
        for old in drafts:
            if old.sentence.section != "addendum" and old.assertion == "present" and _replaces(new, old, named):
                wrong.append(old)
                if new.attributes["type"] == "unspecified":
                    new.attributes |= {"type": old.attributes["type"], "basis": old.attributes["basis"]}
    return wrong


def _replaces(new: Draft, old: Draft, named: set[str] | frozenset[str]) -> bool:
    """Whether a corrected statement gives an old one another level (one that the addendum names), or another type."""
    types = new.attributes["type"], old.attributes["type"]
    levels = set(old.attributes["levels"])
    if levels.isdisjoint(new.attributes["levels"]):
        return bool(levels & named) and (types[0] == types[1] or types[0] == "unspecified")
    return types[0] != types[1] and "unspecified" not in types


def _refuted(note: NoteView, draft: Draft, drafts: list[Draft]) -> bool:
    """Whether the report's own reading denies a change that its indication or comparison quotes."""
    if draft.assertion != "present" or not (draft.sentence.section in _EARLIER_SECTIONS or (
            note.note_type == "radiology" and _QUOTED.search(draft.sentence.text))):
        return False
    levels = set(draft.attributes["levels"])
    for other in drafts:
        apart = other.attributes["type"] not in ("unspecified", draft.attributes["type"]) and draft.attributes["type"] != "unspecified"
        if other.assertion == "present" and apart and levels and levels <= set(other.attributes["levels"]) and (
                other.sentence.index > draft.sentence.index and _QUOTED.search(draft.sentence.text)):
            return True
        if other.assertion == "absent" and other.sentence.section not in _EARLIER_SECTIONS:
            denied = set(other.attributes["levels"])
            if (not denied and other.attributes["type"] == "unspecified") or (levels and levels <= denied):
                return not any(o is not draft and o.assertion == "present" and o.sentence.section not in _EARLIER_SECTIONS
                               and (not levels or levels & set(o.attributes["levels"])) for o in drafts)
    return False


def _restates(draft: Draft, typed: list[Draft]) -> bool:
    """Whether a statement only repeats, without the type or without the level, what the note has said before in full."""
    if draft.attributes["type"] != "unspecified":
        return draft.assertion == "present" and not draft.attributes["levels"] and any(
            d.sentence.index < draft.sentence.index and d.assertion == "present" and d.attributes["levels"]
            and d.attributes["type"] == draft.attributes["type"] for d in typed)
    if draft.sentence.section == "addendum" and draft.assertion == "present" and _MISTAKEN.search(draft.sentence.text):
        return True
    if draft.assertion not in ("present", "possible") or (
            re.search(r"multilevel|multi-level|multiple", draft.sentence.text)):
        return False
    levels = set(draft.attributes["levels"])
    before = [d for d in typed if d.sentence.index < draft.sentence.index and d.assertion in ("present", "possible")]
    return bool(before) and levels <= {level for d in before for level in d.attributes["levels"]}
