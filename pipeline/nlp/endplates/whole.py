"""What a note as a whole leaves standing of its endplate facts: corrections, second reads, repetitions."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .. import levels as lv
from ..attach import groups
from ..component import Draft, NoteView

_WRONG_LEVEL = re.compile(r"\blevels?\b.{0,60}\b(?:mis\w+|wrong\w*|incorrect\w*|in\s+error|erroneous\w*)|"
                          r"\b(?:mis\w+|wrong|incorrect|erroneous)\s+(?:\w+\s+){0,3}levels?\b")
_MISTAKEN = re.compile(
    r"\b(?:dictat\w+|erroneous\w*|in\s+error|incorrect\w*|mistake\w*|error|should\s+(?:read|have|be|state)|correct(?:ed|ion)\w*|"
    r"mis-?(?:stated|labell?ed|numbered|dictated|typed|reported)|rather\s+than|instead\s+of|amend\w*|not)\b")
_QUOTED = re.compile(r"\b(?:reportedly|outside\s+(?:\w+\s+)?(?:report|read\w*|mri|interpretation)|(?:previously|originally|initially)\s+(?:reported|read|described|interpreted))\b")
_MULTILEVEL = re.compile(r"multi-?\s?level|multiple")
_EARLIER_SECTIONS = ("indication", "comparison")


def settled(note: NoteView, drafts: list[Draft]) -> list[Draft]:
    """What the note as a whole leaves standing of its endplate facts."""
    wrong = _corrected(note, drafts)
    drafts = [draft for draft in drafts if id(draft) not in wrong]
    for draft in _refuted(note, drafts):
        draft.assertion = "historical"
    return list(_told_once(drafts))


def _key(draft: Draft) -> tuple[str, tuple[str, ...]]:
    return draft.attributes["type"], tuple(draft.attributes["levels"])


def _by_key(drafts: Iterable[Draft]) -> dict[tuple[str, tuple[str, ...]], list[Draft]]:
    """Drafts by type and levels: a note has many facts, but few of these."""
    found: dict[tuple[str, tuple[str, ...]], list[Draft]] = {}
    for draft in drafts:
        found.setdefault(_key(draft), []).append(draft)
    return found


def _corrected(note: NoteView, drafts: list[Draft]) -> set[int]:
    """The ids of facts that an addendum corrects: it gives the same type at another level and names theirs as mistaken."""
    addenda = [s for s in note.sentences if s.section == "addendum"]
    if not addenda or not any(_MISTAKEN.search(s.text) for s in addenda):
        return set()
    named = {level for s in addenda for group in groups(s) for level in group.levels}
    if any(_WRONG_LEVEL.search(s.text) for s in addenda):
        named |= lv.LUMBAR
    present = [d for d in drafts if d.assertion == "present"]
    old = _by_key(d for d in present if d.sentence.section != "addendum")
    wrong: set[int] = set()
    for new, corrections in _by_key(d for d in present if d.sentence.section == "addendum" and d.attributes["levels"]).items():
        for key, mistaken in old.items():
            if not _replaces(new, key, named):
                continue
            wrong |= {id(draft) for draft in mistaken}
            for draft in corrections:
                if draft.attributes["type"] == "unspecified":
                    draft.attributes |= {"type": key[0], "basis": mistaken[0].attributes["basis"]}
    return wrong


def _replaces(new: tuple[str, tuple[str, ...]], old: tuple[str, tuple[str, ...]], named: set[str]) -> bool:
    """Whether a corrected statement gives an old one another level (one that the addendum names), or another type."""
    if set(old[1]).isdisjoint(new[1]):
        return bool(set(old[1]) & named) and new[0] in (old[0], "unspecified")
    return new[0] != old[0] and "unspecified" not in (new[0], old[0])


def _refuted(note: NoteView, drafts: list[Draft]) -> Iterator[Draft]:
    """The changes that a report quotes of an earlier reading and that its own reading denies, or types otherwise."""
    quoted = [d for d in drafts if d.assertion == "present" and (d.sentence.section in _EARLIER_SECTIONS or (
        note.note_type == "radiology" and _QUOTED.search(d.sentence.text)))]
    if not quoted:
        return
    ids = {id(draft) for draft in quoted}
    own = [d for d in drafts if id(d) not in ids and d.sentence.section not in _EARLIER_SECTIONS]
    seen = _by_key(d for d in own if d.assertion == "present")
    denied = _by_key(d for d in own if d.assertion == "absent")
    for draft in quoted:
        kind, levels = draft.attributes["type"], set(draft.attributes["levels"])
        again = any(not levels or levels & set(where) for _, where in seen)
        other_type = any(other not in ("unspecified", kind) and levels and levels <= set(where) for other, where in seen)
        if again:
            if other_type and kind != "unspecified" and _QUOTED.search(draft.sentence.text):
                yield draft
        elif any((not where and other == "unspecified") or (levels and levels <= set(where)) for other, where in denied):
            yield draft


def _told_once(drafts: list[Draft]) -> Iterator[Draft]:
    """The facts without those that only repeat, without the type or without the level, what was said before in full."""
    by_sentence: dict[int, list[Draft]] = {}
    for draft in drafts:
        by_sentence.setdefault(draft.sentence.index, []).append(draft)
    levelled: set[str] = set()  # types told with a level
    typed: set[str] = set()  # levels told with a type
    behind: dict[int, set[str]] = {}  # levels that a line types in a sentence that opens with the type: "Type 1 at L4-5."
    for draft in drafts:
        if draft.assertion == "present" and draft.start == 0 and draft.attributes["type"] != "unspecified":
            line = draft.sentence.line
            behind[line] = behind.get(line, set()) | {
                level for d in by_sentence[draft.sentence.index] for level in d.attributes["levels"]}
    any_typed = False
    waiting: list[Draft] = []
    for draft in drafts:
        if waiting and waiting[0].sentence is not draft.sentence:
            for told in waiting:
                any_typed = True
                typed |= set(told.attributes["levels"])
                if told.assertion == "present" and told.attributes["levels"]:
                    levelled.add(told.attributes["type"])
            waiting = []
        kind, levels = draft.attributes["type"], draft.attributes["levels"]
        if kind != "unspecified":
            if draft.assertion in ("present", "possible"):
                waiting.append(draft)
            if draft.assertion == "present" and not levels and kind in levelled:
                continue
        elif draft.assertion in ("present", "possible"):
            if levels and draft.attributes["basis"] == "named" and set(levels) <= behind.get(draft.sentence.line, set()):
                continue
            if draft.sentence.section == "addendum" and draft.assertion == "present" and _MISTAKEN.search(draft.sentence.text):
                continue
            if any_typed and set(levels) <= typed and not _MULTILEVEL.search(draft.sentence.text):
                continue
        yield draft
