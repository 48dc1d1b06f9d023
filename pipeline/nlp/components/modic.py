"""Finds endplate (Modic) changes: what each sentence says, its levels, and what the rest of the note makes of it."""
import re
from collections.abc import Iterator
from dataclasses import replace

from spacy.language import Language

from .. import levels as lv
from ..attach import Group, attach, groups, heading_groups
from ..component import Draft, FactComponent, NoteView
from ..modic_findings import Finding, findings
from ..modic_types import described_types, joined
from ..sentences import Sentence

_EVERYWHERE = re.compile(
    r"\b(?:(?:remaining|other|remainder|rest|all|every|any|each|elsewhere|throughout|no\s+level)(?:\s+of\s+the)?(?:\s+\w+)?\s+"
    r"(?:levels?|end[\s-]?plates?|segments?)|elsewhere|throughout|at\s+any|remaining|(?:any|all|every|other)\s+(?:other\s+)?(?:lumbar\s+)?"
    r"(?:levels?|end[\s-]?plates?))\b")
_BACK = re.compile(r"\b(?:this|the\s+same|that|these|those)\s+(?:dis[ck]\s+|lumbar\s+)?(?:levels?|segments?|end[\s-]?plates?|vertebra\w*)|(?:adjacent|adjoining|neighbou?ring|corresponding|opposing)\s+(?:vertebral\s+)?end[\s-]?plates?|\bthere\s*[.,]?$|\bhere\s*[.,]?$")
_REFERS = re.compile(
    r"\s*(?:this|these|the\s+(?:findings?|features?|appearances?|changes?)|findings?|features?|appearances?|overall|in\s+keeping|"
    r"it|they|consistent|compatible|representing|likely\s+represent\w*|which|suggest\w*|both)\b")
_CONVERTED = re.compile(
    r"\b(?:convert\w*|conversion|evol\w+|progress\w*|transform\w*|transition\w*|matur\w+|chang(?:ed|ing)|become|became|replaced|now|currently)\b")
_CONVERSION_OF = re.compile(r"\b(?:conversion|evolution|progression|transition|transformation)\s+(?:of|from)\s+(?:the\s+)?(?:[\w/-]+\s+){0,3}$")
_INTO = re.compile(r"[^.;]{0,40}?\b(?:convert\w*|evolv\w+|transform\w*|chang(?:ed|ing)|matur\w+|progress\w*)\s+(?:in)?to\s+"
                   r"((?:\w+\s+){0,2}?(?:fat(?:ty)?|sclero\w+|o?e?dema\w*)\b)")
_BEFORE_THAT = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|earlier|prior(?:ly)?|was|were|from|originally|initially|old)\s+(?:(?:noted|seen|described|reported|a|the|mixed)\s+){0,2}$")
_PAST_YEAR = re.compile(r"[\s,]*(?:\w+\s+)?(?:in|on|from)\s+(?:the\s+)?(?:\w+\s+)?(?:19|20)\d\d\b(?!\s+(?:and|mri))")
_NOW = re.compile(r"\b(?:now|currently|current|today|at\s+present|converted|conversion)\b")
_INSTEAD = re.compile(r"\b(?:rather\s+than|as\s+opposed\s+to|instead\s+of|and\s+not|not\s+(?:typical|characteristic)\s+(?:of|for)|unlike)\s+(?:\w+\s+){0,3}$")
_TOLD = re.compile(r"\b(?:reported(?:ly)?|described|called|interpreted|read|raised|suggested|outside|prior|previous(?:ly)?|initial(?:ly)?|labell?ed|questioned)\b")
_EXPLAINED_AWAY = re.compile(
    r"[^.;]{0,80}?\b(?:is|was|are|were|represents?|appears?|reflects?|likely|probably|rather)\b[^.;]{0,40}?\b(?:artifact\w*|artefact\w*|"
    r"volume\s+averag\w+|ha?emangioma|normal|basivertebral|heterogen\w+|red\s+marrow|not\s+(?:\w+ly\s+)?(?:confirmed|real|reproduced|"
    r"substantiated|convincing|seen|present|supported|agreed)|unconvincing|incorrect|an?\s+error)\b")
_WRONG_LEVEL = re.compile(r"\blevels?\b.{0,60}\b(?:mis\w+|wrong\w*|incorrect\w*|in\s+error|erroneous\w*)|"
                          r"\b(?:mis\w+|wrong|incorrect|erroneous)\s+(?:\w+\s+){0,3}levels?\b")
_NONE_AFTER = re.compile(r"\s*[:=-]?\s*(?:none|absent|negative|nil)\b")
_ANSWER = re.compile(r"(?:a(?:nswer)?:\s*)?(?:(yes|y)|no|n|none)\b")
_MISTAKEN = re.compile(
    r"\b(?:dictat\w+|erroneous\w*|in\s+error|incorrect\w*|mistake\w*|error|should\s+(?:read|have|be|state)|correct(?:ed|ion)\w*|"
    r"mis-?(?:stated|labell?ed|numbered|dictated|typed|reported)|rather\s+than|instead\s+of|amend\w*|not)\b")
_QUOTED = re.compile(r"\b(?:reportedly|outside\s+(?:\w+\s+)?(?:report|read\w*|mri|interpretation)|(?:previously|originally|initially)\s+(?:reported|read|described|interpreted))\b")
_SIDE_ONLY = re.compile(r"\b(superior|inferior|upper|lower)\s+end[\s-]?plates?\b")
_EARLIER_SECTIONS = ("indication", "comparison")


class Modic(FactComponent):
    """Finds endplate changes of the Modic family."""

    kind = "modic"

    def find(self, note: NoteView) -> Iterator[Draft]:
        found = [item for sentence in note.sentences for item in findings(note, sentence)]
        found = [item for item in _referred(found) if not _taken_back(item)]
        for item in found:
            _read(note, item)
            if item.assertion == "possible" and _asks(note, item.sentence):
                item.assertion = "hypothetical"
        _converted(found)
        drafts = [draft for item in found for draft in _drafts(note, item, found)]
        yield from _settled(note, drafts)


def _referred(found: list[Finding]) -> list[Finding]:
    """Drop the descriptors that the next sentence puts a name to ("This represents Modic type 1")."""
    kept: list[Finding] = []
    for item in found:
        if item.named and _REFERS.match(item.sentence.text):
            item.meant = next((f for f in reversed(kept) if f.sentence.line == item.sentence.line and not f.normal
                               and 0 < item.sentence.index - f.sentence.index <= 2 and f.assertion == "present"), None)
            meant = [f for f in kept if f.sentence.line == item.sentence.line and not f.named and not f.normal
                     and 0 < item.sentence.index - f.sentence.index <= 4 and f.assertion in ("present", "possible")
                     and ((not f.types and f.assertion == item.assertion) or not item.types
                          or (f.types and set(f.types) <= set(item.types)))]
            item.merged += meant
            kept = [f for f in kept if f not in meant]
        kept.append(item)
    return kept


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
    return not any(t.group == "alternative" and gap[0] <= sentence.source(t.start) < gap[1] for t in sentence.targets)


def _converted(found: list[Finding]) -> None:
    """Of a change that turned from one type into another, the first is historical."""
    for item in list(found):
        if item.assertion != "present" or not item.named or not item.types:
            continue
        text = item.sentence.text
        others = [f for f in found if f.sentence is item.sentence and f.named and f is not item and f.types != item.types]
        if len(item.types) == 2 and re.search(r"\bto\b|-+>", text[item.start:item.end]) and _CONVERTED.search(text):
            found.append(replace(item, types=item.types[:1], assertion="historical", merged=[]))
            item.types = item.types[1:]
        elif match := _INTO.match(text, item.end):
            found.append(replace(item, types=described_types(match[1]), start=match.start(1), end=match.end(1), merged=[]))
            item.assertion = "historical"
        elif _superseded(text, item, others):
            item.assertion = "historical"


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


def _drafts(note: NoteView, item: Finding, found: list[Finding]) -> Iterator[Draft]:
    """The facts of one finding: one a type where types are listed apart, one for a mixed change."""
    group = _group(note, item, found)
    if group and group.outside:
        return
    levels, plates = _levels(group), group.endplates if group else []
    for name, where in _distribute(item, levels):
        attributes = {"type": name, "basis": item.basis, "levels": where, "endplates": plates}
        hedged = item.assertion == "present" and item.relation == "choice" and name != "unspecified"
        yield Draft(item.sentence, item.start, item.end, item.rule, attributes, "possible" if hedged else item.assertion, item.cue)


def _distribute(item: Finding, levels: list[str]) -> list[tuple[str, list[str]]]:
    names = item.types
    if not names:
        return [("unspecified", levels)]
    if len(names) == 1:
        return [(names[0], levels)]
    if len(item.sequence) == len(levels) and (item.relation == "in order" or "respectively" in item.sentence.text):
        pairs = list(zip(item.sequence, levels, strict=True))
        return [(name, [level for which, level in pairs if which == name]) for name in names]
    whole = joined(names)
    one_change = item.relation == "mixed" or (item.relation == "list" and item.assertion == "present" and len(levels) < 2)
    if item.assertion != "absent" and whole and one_change:
        return [(whole, levels)]
    apart = [(name, levels) for name in names]
    return [("unspecified", levels), *apart] if item.relation == "choice" and item.assertion == "present" else apart


def _levels(group: Group | None) -> list[str]:
    """The discs of a group; two neighbouring vertebrae named together stand for the disc between."""
    if group is None:
        return []
    if group.levels or len(group.vertebrae) < 2:
        return group.levels
    names = sorted(group.vertebrae, key=lambda name: lv.SPINE.index(name) if name in lv.SPINE else 99)
    return list(lv.disc_range(names[0], names[-1]))


def _group(note: NoteView, item: Finding, found: list[Finding]) -> Group | None:
    sentence = item.sentence
    rivals = [(f.start, f.end) for f in found if f.sentence is sentence]
    rivals += [(t.start, t.end) for t in sentence.targets if t.group == "alternative"]
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
    return group.start <= 8 or item.start - group.end <= 12


def _inherit(note: NoteView, item: Finding) -> Group | None:
    """Levels for a sentence that names none: of the sentence it refers to, of its heading, of its line."""
    sentence = item.sentence
    told = item.merged[0] if item.merged and item.merged[0].sentence is not sentence else item.meant
    if told:
        return _group(note, told, [])
    if sentence.checked:
        return _form_level(note, sentence)
    if side := _SIDE_ONLY.search(sentence.text):
        return _endplate(note, sentence, side[1])
    if _BACK.search(sentence.text):
        before = note.before(sentence)
        if before is not None and before.line == sentence.line and groups(before) and not heading_groups(sentence):
            return groups(before)[-1]
    if item.assertion in ("absent", "hypothetical"):
        if _EVERYWHERE.search(sentence.text):
            return None
        over = heading_groups(sentence)
        return over[-1] if over else None
    return attach(note, sentence, item.start, item.end, [(item.start, item.end)])


def _endplate(note: NoteView, sentence: Sentence, side: str) -> Group | None:
    """The endplate of "inferior endplate: type 1" in a line on one vertebra."""
    over = [g for s in note.line(sentence) if s.index < sentence.index for g in groups(s)] + heading_groups(sentence)
    name = next((name for g in over for name in g.vertebrae), None)
    if name is None:
        return attach(note, sentence, 0, 0, [])
    side = {"upper": "superior", "lower": "inferior"}.get(side, side)
    return Group(0, 0, (lv.Mention(0, 0, "endplate", lv.facing(name, [side]), (name,), (f"{name} {side}",)),))


def _form_level(note: NoteView, sentence: Sentence) -> Group | None:
    """The level of a ticked box: the last named before it in its line, else the first behind it."""
    line = note.line(sentence)
    before = [g for s in line if s.index < sentence.index for g in groups(s) if g.levels]
    behind = [g for s in line if s.index > sentence.index for g in groups(s) if g.levels]
    found = before[-1:] or behind[:1] or heading_groups(sentence)[-1:]
    return found[0] if found else None


def _settled(note: NoteView, drafts: list[Draft]) -> list[Draft]:
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


@Language.factory("bvn_modic", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Modic:
    """Create the component."""
    return Modic(nlp, name)
