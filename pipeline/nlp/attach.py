"""Which level, side and severity belongs to which finding: before it, after it, in the line's heading, shared by "and".

One place for all components. Within a sentence each group of levels ("L4-5 and L5-S1") goes to the findings of its
clause; a sentence without a level of its own takes the heading's, then that of the sentence before it in the same line.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import levels as lv
from .component import NoteView
from .memory import remembered
from .sentences import Sentence

_JOIN = re.compile(r"(?:\s|,|&|/|;|>|<|\(|and|to\s+a\s+lesser\s+(?:extent|degree)|(?:greater|more|less|worse)\s+than|as\s+well\s+as|"
                   r"(?:(?:mild|minimal|moderate|severe|mildly|moderately|severely|slight|marked)(?:\s+to\s+(?:mild|moderate|severe))?)(?=\s+(?:at|on|in|l\d))|"
                   r"\((?:mild|minimal|moderate|severe|marked|slight)[^()]{0,20}\)|possibly|amd|amnd|adn|an|to|or|also|the|at|of|on|in|level|levels|endplates?|vertebral|bod(?:y|ies)|disc|discs)*")
_BIND = re.compile(r"(?!\s*,?\s*(?:and|but|with|or)\s+(?:at|in|on|involving)\b)\s*(?:\w+[\s,]+){0,4}?(?:at|of|in|involving|along|affecting|within|on|adjacent\s+to|about|from)\s+(?:both\s+|the\s+|all\s+)*"
                   r"(?:level\s+of\s+|levels\s+of\s+|level\s+)?(?:the\s+)?(?:\w+\s+){0,2}?")
_CLOSE = re.compile(r"[\s(:]*(?:(?:changes?|signal|noted|seen|present|identified|is|are)\s+){0,2}")
_BEYOND = re.compile(r"\b(?:above|below|cephalad\s+to|caudal\s+to|proximal\s+to)\s+(?:(?:an?|the|prior|solid)\s+){0,2}$")
_LATTER = re.compile(r"\s*(?:[\w-]+\s+){0,4}?(?:at|in|of)\s+the\s+(latter|lower|second|former|upper|first)\b(?!\s+(?:lumbar|end))")
_IN_BRACKETS = re.compile(r"\s*\((?:[\w-]+\s+){0,2}")
_NEW_CLAUSE = re.compile(r".{0,60}?(?:,|;|\band|\bwhile|\bwhereas|\bbut)\s+(?:at|on)\s+(?:the\s+)?")
_NEXT_TO = re.compile(r"[\s:]*(?:(?!and\b|with\b)[\w-]+\s+){0,3}")
_SHARED = re.compile(r"\s*(?:and|or|/|&|,?\s+and)\s*(?:(?!at\b|in\b)[\w-]+\s+){0,3}")
_ROOT = re.compile(r"\s*(?:(?:,|and|&|or|/)\s*[ls]\s?\d\s+)?(?:(?:spinal|exiting|traversing|descending)\s+)*"
                   r"(?:nerves?|roots?|dermatom\w*|radicul\w*|myotom\w*|distribution)\b")
_MULTILEVEL = re.compile(r"\bmulti-?\s?(?:level|segmental)\w*\s+(?:[\w-]+\s+){0,3}$")
_LINE_REACH = 60  # sentences of one line that a level may reach over
_LEAD = re.compile(r"\s*(?:(?:at|on|for)\s+(?:the\s+)?(?:level\s+)?|level\s*:?\s+)")
# levels that a statement on other levels only stresses: "noticeably at L4-5"
_STRESS = re.compile(r"\b(?:notic\w+|notabl\w+|particularly|especially|predominantly|largest|worst|worse|most\s+\w+|"
                     r"more\s+so|maximal|maximum)\s+(?:noted\s+)?(?:at|on|in)\s+(?:the\s+)?(?:level\s+of\s+)?$")
_WHERE = re.compile(r"(?:\s+levels?)?\s*,?\s+where\b")
_AS_LABEL = re.compile(r"(?:\s+(?:levels?|discs?|spaces?))?\s*(?:[:=\])]|-+\s|\.\s|,)")
_ALL_LEVELS = re.compile(r"\b(?:any|other|all|every|remaining|each|rest\s+of\s+the)\s+(?:other\s+|lumbar\s+|remaining\s+|of\s+the\s+){0,4}levels?\b|\belsewhere\b|\bthroughout\b")


Rivals = tuple[tuple[int, int], ...]  # where all findings of a sentence stand


@dataclass(slots=True, frozen=True)
class Group:
    """Level mentions that stand together, and all they name; `outside` where that lies above the lumbar spine."""
    start: int
    end: int
    mentions: tuple[lv.Mention, ...]
    levels: tuple[str, ...]
    endplates: tuple[str, ...]
    vertebrae: tuple[str, ...]
    outside: bool

    @classmethod
    def of(cls, mentions: Sequence[lv.Mention]) -> Group:
        """The group of some mentions, of which there is at least one."""
        if len(mentions) == 1:
            one = mentions[0]
            levels = one.levels if len(one.levels) < 2 else tuple(lv.ordered(one.levels))
            return cls(one.start, one.end, (one,), levels, one.endplates, one.vertebrae, one.outside)
        return cls(mentions[0].start, mentions[-1].end, tuple(mentions),
                   tuple(lv.ordered([level for mention in mentions for level in mention.levels])),
                   tuple(dict.fromkeys(plate for mention in mentions for plate in mention.endplates)),
                   tuple(dict.fromkeys(name for mention in mentions for name in mention.vertebrae)),
                   all(mention.outside for mention in mentions))

    @classmethod
    def joined(cls, groups: Sequence[Group]) -> Group:
        """Groups of levels as one."""
        return groups[0] if len(groups) == 1 else cls.of([mention for group in groups for mention in group.mentions])


def groups(sentence: Sentence) -> tuple[Group, ...]:
    """The groups of level mentions of a sentence, in order."""
    return _groups(sentence.text)


def heading_groups(sentence: Sentence) -> tuple[Group, ...]:
    """The levels in the heading over a sentence (its line's label, a table row's first cell)."""
    return _groups(sentence.heading) if sentence.heading else ()


@remembered
def _groups(text: str) -> tuple[Group, ...]:
    grouped: list[list[lv.Mention]] = []
    for mention in lv.find(text):
        if mention.kind == "vertebra" and _ROOT.match(text, mention.end):
            continue
        if grouped and _JOIN.fullmatch(text, grouped[-1][-1].end, mention.start):
            grouped[-1].append(mention)
        else:
            grouped.append([mention])
    return tuple(Group.of(group) for group in grouped)


def attach(note: NoteView, sentence: Sentence, start: int, end: int, rivals: Rivals, *,
           vertebrae: bool = True) -> Group | None:
    """The level group that belongs to the finding at `start:end`; `rivals` are the spans of all findings of the sentence.

    Groups that name only vertebrae count unless `vertebrae` is False.

    Order: a group inside the finding; one bound right behind it by "at", "of", "in"; the only one; one right before
    it that no other finding is bound to; one bound behind a finding that "and" joins to it ("bulge and stenosis at
    L4-5"); where the sentence names levels first, the nearest before; else the next one behind, else the nearest before;
    then heading and line. A "multilevel" finding takes only levels named behind it. Roots ("the L5 root") are no levels.
    "At the latter" is the last level named before.
    """
    if groups(sentence):
        named, group = _attached(sentence.text, sentence.heading, start, end, rivals, vertebrae)
        if named:
            return group
    return inherited(note, sentence)


@remembered
def _attached(text: str, heading: str, start: int, end: int, rivals: Rivals,
              vertebrae: bool) -> tuple[bool, Group | None]:
    """Whether a sentence itself names levels that may belong to a finding, and the group that does."""
    over = _groups(heading) if heading else ()
    here = [group for group in _groups(text) if not _is_heading(text, over, group) and (vertebrae or group.levels)]
    others = sorted(span for span in rivals if span != (start, end))
    stressed = [group for group in here if _STRESS.search(text, max(0, group.start - 60), group.start)]
    if stressed and (here[0] not in stressed or over):
        where = next((group for group in stressed if _WHERE.match(text, group.end) and group.end <= start
                      and not _between(others, group.end, start)), None)
        if where:
            return True, where
        here = [group for group in here if group not in stressed]
    return (True, _nearest(text, here, start, end, others)) if here else (False, None)


def _nearest(text: str, here: list[Group], start: int, end: int, others: list[tuple[int, int]]) -> Group | None:
    """The group of the sentence that belongs to a finding, in the order that `attach` gives."""
    for group in here:
        if group.start < end and start < group.end:
            return group
    behind = next((group for group in here if group.start >= end and not _BEYOND.search(text, end, group.start)), None)
    ahead = next((group for group in reversed(here) if group.end <= start), None)
    apart = behind is not None and _between(others, end, behind.start)
    beside = ahead is not None and bool(_NEXT_TO.fullmatch(text, ahead.end, start))
    if behind and beside and ahead and not text[end:behind.start].strip() and len(text[ahead.end:start].split()) > 1:
        beside = False
    if behind and ahead and ahead.start == 0 and "," in text[end:behind.start] and "," not in text[ahead.end:start]:
        return ahead
    if behind and not apart and (_BIND.fullmatch(text, end, behind.start) or (
            not beside and _CLOSE.fullmatch(text, end, behind.start))):
        return behind
    if _MULTILEVEL.search(text, max(0, start - 60), start):
        return behind if behind and (not apart or _STRESS.search(text, max(0, behind.start - 60), behind.start)) else None
    if ahead and (match := _LATTER.match(text, end)):
        return _one(ahead, -1 if match[1] in ("latter", "lower", "second") else 0)
    if len(here) == 1:
        return here[0]
    if ahead and (not text[ahead.end:start].strip() or _IN_BRACKETS.fullmatch(text, ahead.end, start) or (beside and not _owned(text, ahead, others))):
        return ahead
    if behind and (last := _joined(text, end, others)) > end and _BIND.fullmatch(text, last, behind.start):
        return behind
    first = min([(start, end), *others])[0]
    if ahead and (here[0].start < first or apart or (behind and _NEW_CLAUSE.fullmatch(text, end, behind.start))):
        return ahead
    return behind or ahead


def _one(group: Group, number: int) -> Group:
    """The first or last level of a group."""
    mention = group.mentions[number]
    levels = mention.levels[number:][:1] if mention.levels else ()
    return Group.of([replace(mention, levels=levels)])


def _owned(text: str, group: Group, spans: list[tuple[int, int]]) -> bool:
    """Whether an earlier finding is bound to a group by "at"."""
    before = [b for _, b in spans if b <= group.start]
    return bool(before) and bool(_BIND.fullmatch(text, max(before), group.start))


def _joined(text: str, end: int, spans: list[tuple[int, int]]) -> int:
    """Where the findings that "and" joins to one that ends at `end` come to an end."""
    for start, stop in spans:
        if start >= end and _SHARED.fullmatch(text, end, start):
            end = stop
    return end


def _between(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(a >= start and b <= end for a, b in spans)


def _is_heading(text: str, over: tuple[Group, ...], group: Group) -> bool:
    """Whether a group is the label that opens the sentence's own line; `over` are the levels in its heading."""
    return group.start == 0 and bool(over) and over[0].levels == group.levels and text[group.end:].lstrip().startswith(":")


def inherited(note: NoteView, sentence: Sentence) -> Group | None:
    """The levels that a sentence without its own takes from what stands before it in its line, else from its heading.

    In a line, a level that labels its own sentence ("L4-5: ...", "At L4-5, ...") reaches to the next such label, and
    ends where the text turns to all levels ("No herniation at any level."); a semicolon carries any level on.
    """
    over = heading_groups(sentence)
    named: set[str] = set()
    before = note.before(sentence)
    while before is not None and before.line == sentence.line and not sentence.cell and (
            sentence.index - before.index < _LINE_REACH):
        turns, labels, found = _carries(before.text)
        if turns:
            return None
        if labels:
            return found[0] if named <= set(found[0].levels) else None
        if found and not over and before.index == sentence.index - 1 and ";" in note.text[before.end - 1:sentence.start]:
            return found[-1]
        if not over:
            named.update(level for group in found for level in group.levels)
        before = note.before(before)
    return None if not over or named else Group.joined(over)


@remembered
def _carries(text: str) -> tuple[bool, bool, tuple[Group, ...]]:
    """What a sentence carries on to those behind it: whether it turns to all levels, whether its first level is a label,
    and the groups with levels."""
    found = tuple(group for group in _groups(text) if group.levels)
    return _ALL_LEVELS.search(text) is not None, bool(found) and _labels(text, found[0]), found


def _labels(text: str, group: Group) -> bool:
    """Whether a level opens its sentence as a label: "L4-5:", "L4-5 -", "Findings: L4-5:", "At L4-5,"."""
    lead = _LEAD.match(text)
    if lead and group.start == lead.end():
        return True
    opening = text[:group.start].strip()
    return (not opening or opening.endswith(":")) and bool(_AS_LABEL.match(text, group.end))


_SIDES = re.compile(r"\b(?:(bilateral(?:ly)?|both|bilat|b/l|b|either)|(left|lt|l)(?:\s?-?\s?sided)?|(right|rt|r)(?:\s?-?\s?sided)?)(?![\w/]|-(?!(?:greater|more|worse)-than-)|\d|\s\d(?!\d)|\s+(?:away|now)\b)")


@remembered
def side(text: str) -> str | None:
    """The side named in a folded text: left, right, bilateral (also where both are named), or None."""
    found = {("bilateral" if match[1] else "left" if match[2] else "right") for match in _SIDES.finditer(text)}
    if "bilateral" in found or {"left", "right"} <= found:
        return "bilateral"
    return found.pop() if found else None


_SEVERITY = re.compile(
    r"(?<!most )\b(?:(severe|severely|marked|markedly|advanced|high[\s-]grade|critical|end[\s-]stage|pronounced)|"
    r"(moderate|moderately|mod)|(mild|mildly|minimal|minimally|slight|slightly(?!\s+(?:more|to|towards?)\b)|trace|early|minor|low[\s-]grade))\b")


@remembered
def severity(text: str) -> str | None:
    """The severity named in a folded text: severe, moderate or mild; of a range the higher."""
    found = [3 if match[1] else 2 if match[2] else 1 for match in _SEVERITY.finditer(text)]
    return {3: "severe", 2: "moderate", 1: "mild"}[max(found)] if found else None
