"""Disc levels, vertebrae and endplates in text, in canonical form, and which of them belongs to a finding.

Canonical: discs "L4-L5" (from "L4/5", "L4-5", "L45", "L4 over L5"; ranges expanded), vertebrae "L3", endplates
"L3 superior" / "L3 inferior". "D12" is T12; "T12-L1" counts as lumbar; discs above it are outside (`outside`).
Works on folded text (`normalize.fold`). Source of the forms: lumbar disc nomenclature 2.0 (Fardon 2014) and the
annotation guide's levels section.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from .memory import remembered
from .words import guard, has

SPINE = [*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)), "S1", "S2"]
DISCS = [f"{a}-{b}" for a, b in pairwise(SPINE)]
_HEIGHT = {name: float(n) for n, name in enumerate(SPINE)} | {"L6": SPINE.index("S1") - 0.5}
LUMBAR = frozenset([*DISCS[DISCS.index("T12-L1"):], "L5-L6", "L6-S1"])
_ORDER = {disc: n for n, disc in enumerate(DISCS)} | {"L5-L6": 23.3, "L6-S1": 23.6}

_V = r"(?:[cls]\s?[1-7]|[td]\s?1[0-2]|[td]\s?[1-9])"
_VERTEBRA = rf"(?<![a-z0-9]){_V}(?![0-9a-z])"
# the second half of a disc may drop its letter ("l4-5", "l4/5", "l45", "l5s1")
_SECOND = rf"(?:{_V}|[1-6](?![0-9a-z]))"
_DISC = rf"(?:(?<![a-z0-9])|(?<=\bat)){_V}(?:\s?[-/_]\s?{_SECOND}|\s?[ls][1-6](?![0-9])|(?<=l)[1-5][1-6](?![0-9a-z%/.]))"
_DISC45 = r"(?<![a-z0-9])l(?:12|23|34|45|56|5\s?1)(?![0-9a-z%/.])"
_CHAIN = re.compile(rf"(?:{_DISC}|{_DISC45})(?:\s?[-/]\s?{_V}(?![0-9a-z]|\s?[-/]\s?[ls]?\d))?")
_BARE_DISC = re.compile(r"(?:,\s*(?:and\s+|&\s*)?|\s*&\s*|\s+and\s+|\s*/\s*)([1-5])\s?[-/]\s?([2-5]|s?1)(?![0-9/%.\w]|\s*(?:mm|cm|weeks?|wks?|months?|mos?|days?|years?|yrs?|times?|x|per|visits?|sessions?|out|of\s+10)\b)")
_TO = re.compile(r"\s*(?:-|to|through|thru|till|until|down\s+to)\s*")
_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$")
_AND = re.compile(r"\s*(?:and|&)\s*")
_OVER = re.compile(rf"({_VERTEBRA})\s+(?:vertebra(?:l\s+body)?\s+)?(?:over|on|upon|relative\s+to|with\s+respect\s+to)\s+({_V})(?![0-9a-z])")
_VERT = re.compile(_VERTEBRA)
_NAME = re.compile(r"([cltds])\s?(\d{1,2})")
_PART = re.compile(r"([cltds])?\s?(\d{1,2})")
# what T1 and T2 mean in a report, unless a bone follows, is the MRI weighting
_SEQUENCE = re.compile(r"(?<![a-z0-9])t\s?[12](?:\s?[-/,&]\s?t\s?[12])?(?![0-9a-z])(?!\s?[-/]\s?(?:t?\s?[2-9]|1[0-2])(?![0-9]))"
                       r"(?!\s+(?:(?:superior|inferior|upper|lower|compression|wedge)\s+)?(?:vertebra|bod(?:y|ies)|fracture|level|end|lamina|pedicle|spinous))")
# a root, dermatome or reflex carries the name of a vertebra and is none
_ROOT = re.compile(rf"(?:\s*(?:,|/|&|and|or|\))?\s*{_V}(?![0-9a-z]))?[\s)]{{0,3}}(?:(?:exit(?:ing)?|traversing|descending|nerve|spinal|sided?|left|right|lt|rt|motor|sensory)\s*){{0,3}}"
                   r"(?:roots?|nerves?|radicul\w+|dermatom\w+|myotom\w+|distribution|reflex\w*|innervat\w+)\b")
_EXIT_ROOT = re.compile(r"nerve\s*roots?\s*\(\s*$")
_LOWEST = re.compile(r"(?:lower|lowest|last|bottom|caudal)\s+(?:(2|two)|3|three)\s+(?:lumbar\s+|lumbosacral\s+|disc\s+)*(?:levels?|discs?|interspaces?|segments?)")
_LUMBOSACRAL = re.compile(r"lumbo-?sacral\s+(?:disc|interspace|level|junction)")
_SIDE = r"(superior\s+and\s+inferior|inferior\s+and\s+superior|upper\s+and\s+lower|superior|inferior|upper|lower|sup\.?|inf\.?|both|bilateral)"
# what dictation makes of "L4-5"
_SPOKEN = re.compile(r"(?<![a-z0-9])l\s?([1-4])\s+(two|three|four|five)\b")
_SPOKEN_NUMBER = {"two": 2, "three": 3, "four": 4, "five": 5}
_END_BEFORE = re.compile(rf"(?<![a-z]){_SIDE}\s+(?:(?:vertebral\s+)?(?:end[\s-]?plates?|corners?|aspects?|margins?|surfaces?)\s+(?:of|at)\s+)?(?:the\s+)?({_V})(?![0-9a-z])(?!\s?[-/]\s?[ls]?\d)")
_END_AFTER = re.compile(rf"({_VERTEBRA})(?!\s?[-/]\s?\d)\s*[:,]?\s+(?:vertebral\s+|body\s+)*{_SIDE}(?=\s+(?:end|corner|aspect|margin|surface)|[\s,.;)]|$)(?!\s+(?:[cls]\d|facet|disc|sided?|recess|foram))")
_SIDE_WORDS = guard(("sup", "inf", "upper", "lower", "both", "bilateral"), _END_BEFORE, _END_AFTER)

HEADING_LEVELS = re.compile(
    r"\s*(?:at\s+(?:the\s+)?)?((?:[LSTDlstd]\s?\d{1,2}\s?[-/–—]\s?[LSls]?\s?\d|[Ll][1-5][1-6](?!\d))"
    r"(?:\s*(?:(?:,|(?i:and|to|through|thru)|&|/|-|–|—)\s*)?[LSTDlstd]\s?\d{1,2}(?:\s?[-/–—]\s?\d|\s\d)?)*)(?![\w/])"
    r"(?:\s+(?:disc\s+)?(?:level|space|interspace|disc)s?)?(?:\s*(?=[:.\-–—,)=]|//|$)|(?=\s+[A-Z]))")


@dataclass(slots=True, frozen=True)
class Mention:
    """Levels named in one place: `kind` is disc, vertebra or endplate; offsets are those of the text given."""
    start: int
    end: int
    kind: str
    levels: tuple[str, ...] = ()
    vertebrae: tuple[str, ...] = ()
    endplates: tuple[str, ...] = ()

    @property
    def outside(self) -> bool:
        """Whether all that is named lies above the lumbar spine."""
        if self.levels:
            return LUMBAR.isdisjoint(self.levels) and "S1-S2" not in self.levels
        return bool(self.vertebrae) and all(v[0] in "CT" and v != "T12" for v in self.vertebrae)


@remembered
def vertebra(text: str) -> str | None:
    """Canonical vertebra ("L4", "T12") of a folded name such as "l4", "d 12"; None for one that nobody has ("s6")."""
    match = _NAME.fullmatch(text.strip())
    if not match:
        return None
    letter = "T" if match[1] == "d" else match[1].upper()
    name = f"{letter}{int(match[2])}"
    return name if name in _HEIGHT else None


def _next(name: str) -> str | None:
    if name == "L6":
        return "S1"
    return SPINE[SPINE.index(name) + 1] if name in SPINE[:-1] else None


def disc_range(first: str, last: str) -> tuple[str, ...]:
    """The discs between two vertebrae: L3, S1 gives L3-L4, L4-L5, L5-S1; empty where they are not in order."""
    if "L6" in (first, last):
        return (f"{first}-{last}",) if (first, last) in (("L5", "L6"), ("L6", "S1")) else ()
    if first not in SPINE or last not in SPINE or SPINE.index(first) >= SPINE.index(last):
        return ()
    names = SPINE[SPINE.index(first):SPINE.index(last) + 1]
    return tuple(f"{a}-{b}" for a, b in pairwise(names))


def _parts(text: str) -> list[str]:
    """The vertebrae named by a chain: "l4-5" L4, L5; "l5s1" L5, S1; "l3-l4-l5" L3, L4, L5; "l45" L4, L5."""
    names: list[str] = []
    letter = "L"
    for named, number in _PART.findall(text):
        if named:
            letter = "T" if named == "d" else named.upper()
        if letter == "L" and len(number) == 2 and number not in ("10", "11", "12"):
            names += [f"L{number[0]}", _follow(int(number[0]), number[1])]
        elif letter == "L" and number == "12" and named:
            names += ["L1", "L2"]
        elif named:
            names.append(f"{letter}{int(number)}")
        else:
            names.append(_follow(int(re.sub(r"\D", "", names[-1])) if names else 0, number, letter))
    return names


def _follow(before: int, number: str, letter: str = "L") -> str:
    if letter == "L" and number == "1" and before >= 5:
        return "S1"
    if letter == "T" and before == 12 and number == "1":
        return "L1"
    return f"{letter}{int(number)}"


@remembered
def find(text: str) -> tuple[Mention, ...]:
    """All level mentions of a folded text, in order, ranges expanded, nothing twice."""
    starts = [match.start() for match in _START.finditer(text)]
    if not (starts or has(text, _WITHOUT_NAMES)):
        return ()
    found = _endplates(text) if starts else []
    taken = [(m.start, m.end) for m in found]
    if has(text, _SEQUENCE_WORDS):
        taken += [match.span() for match in _SEQUENCE.finditer(text)]
    discs = _discs(text, starts)
    if taken:
        discs = [m for m in discs if not _overlap(m.start, m.end, taken)]
    taken += [(m.start, m.end) for m in discs]
    verts = []
    for start in starts:
        match = _VERT.match(text, start)
        if not match or _overlap(start, match.end(), taken):
            continue
        if (name := vertebra(match.group())) and not _ROOT.match(text, match.end()) and not _EXIT_ROOT.search(text, 0, start):
            verts.append(Mention(start, match.end(), "vertebra", vertebrae=(name,)))
    return tuple(sorted([*found, *discs, *_downwards(text, _ranges(text, verts))], key=lambda m: m.start))


_START = re.compile(r"[cltds]\s?\d")  # of any name of a vertebra
_SEQUENCE_WORDS, _OVER_WORDS = guard(("t1", "t2", "t 1", "t 2"), _SEQUENCE), guard(("over", " on ", "upon", "relative", "respect"), _OVER)
_SPOKEN_WORDS = guard(("two", "three", "four", "five"), _SPOKEN)
_LOWEST_WORDS, _LUMBOSACRAL_WORDS = guard(("lowe", "last", "bottom", "caudal"), _LOWEST), guard(("sacral",), _LUMBOSACRAL)
_WITHOUT_NAMES = guard((*_LOWEST_WORDS, *_LUMBOSACRAL_WORDS), _LOWEST, _LUMBOSACRAL)


def _overlap(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    for a, b in spans:  # noqa: SIM110  `any` takes three times as long
        if a < end and start < b:
            return True
    return False


def _discs(text: str, starts: list[int]) -> list[Mention]:
    found = _slips(text) if has(text, _OVER_WORDS) else []
    spans = [(m.start, m.end) for m in found]
    end = 0
    for start in starts:
        if start >= end and (chain := _CHAIN.match(text, start)):
            end = chain.end()
            if (levels := chain_levels(chain.group())) and not _overlap(start, end, spans):
                found += [Mention(start, end, "disc", levels), *_bare_followers(text, end)]
    if has(text, _SPOKEN_WORDS):
        for match in _SPOKEN.finditer(text):
            if _SPOKEN_NUMBER[match[2]] == int(match[1]) + 1:
                found.append(Mention(match.start(), match.end(), "disc", (f"L{match[1]}-L{int(match[1]) + 1}",)))
    if has(text, _LOWEST_WORDS):
        found += [Mention(m.start(), m.end(), "disc", disc_range("L4" if m[1] else "L3", "S1")) for m in _LOWEST.finditer(text)]
    if has(text, _LUMBOSACRAL_WORDS):
        found += [Mention(m.start(), m.end(), "disc", ("L5-S1",)) for m in _LUMBOSACRAL.finditer(text)]
    found.sort(key=lambda m: m.start)
    return _join_ranges(text, found)


def _slips(text: str) -> list[Mention]:
    """The discs of "l4 over l5"."""
    found: list[Mention] = []
    for match in _OVER.finditer(text):
        first, last = vertebra(match[1]), vertebra(match[2])
        if first and last:
            levels = disc_range(*sorted((first, last), key=lambda v: _HEIGHT[v]))
            if len(levels) == 1:
                found.append(Mention(match.start(), match.end(), "disc", levels, (first, last)))
    return found


@remembered
def chain_levels(text: str) -> tuple[str, ...]:
    """Disc levels of one chain: "l4-5" L4-L5, "l3-s1" L3-L4, L4-L5, L5-S1, "l3-l4-l5" L3-L4, L4-L5."""
    return tuple(dict.fromkeys(level for first, last in pairwise(_parts(text)) for level in disc_range(first, last)))


def _bare_followers(text: str, at: int) -> list[Mention]:
    """The "4-5" and "5-1" of "l3-4, 4-5 and 5-1"."""
    found = []
    while match := _BARE_DISC.match(text, at):
        levels = disc_range(f"L{match[1]}", _follow(int(match[1]), match[2].lstrip("s")))
        if len(levels) != 1:
            break
        found.append(Mention(match.start(1), match.end(), "disc", levels))
        at = match.end()
    return found


def _join_ranges(text: str, found: list[Mention]) -> list[Mention]:
    """Join "l1-2 through l3-4" to one mention with the discs between."""
    joined: list[Mention] = []
    for mention in found:
        before = joined[-1] if joined else None
        if before and _TO.fullmatch(text, before.end, mention.start) and before.levels and mention.levels:
            low, high = _ORDER.get(before.levels[0]), _ORDER.get(mention.levels[-1])
            if low is not None and high is not None and low < high:
                joined[-1] = Mention(before.start, mention.end, "disc", tuple(disc for disc in DISCS if low <= _ORDER[disc] <= high))
                continue
        joined.append(mention)
    return joined


def _ranges(text: str, verts: list[Mention]) -> list[Mention]:
    """Join "l3 to s1" (spaced, by word) to its discs; a single vertebra stays a vertebra."""
    joined: list[Mention] = []
    for mention in verts:
        before = joined[-1] if joined else None
        if before and before.kind == "vertebra" and (
                _TO.fullmatch(text, before.end, mention.start)
                or (_BETWEEN.search(text, 0, before.start) and _AND.fullmatch(text, before.end, mention.start))):
            levels = disc_range(before.vertebrae[0], mention.vertebrae[0])
            if levels:
                names = dict.fromkeys(name for level in levels for name in level.split("-"))
                joined[-1] = Mention(before.start, mention.end, "disc", levels, tuple(names))
                continue
        joined.append(mention)
    return joined


_DOWN = re.compile(r"\s*(?:vertebra\s+)?(?:downwards?|down|and\s+below|(?:to|through|-)\s*(?:the\s+)?sacrum)\b")


def _downwards(text: str, mentions: list[Mention]) -> list[Mention]:
    """Single vertebrae that open a range to the sacrum: "from L4 downwards", "L3 to the sacrum"."""
    result = []
    for mention in mentions:
        down = _DOWN.match(text, mention.end)
        levels = disc_range(mention.vertebrae[0], "S1") if down and mention.kind == "vertebra" else ()
        result.append(Mention(mention.start, down.end(), "disc", levels, mention.vertebrae) if down and levels else mention)
    return result


def _endplates(text: str) -> list[Mention]:
    found: dict[tuple[int, int], Mention] = {}
    if not has(text, _SIDE_WORDS):
        return []
    for pattern, side_group, name_group in ((_END_BEFORE, 1, 2), (_END_AFTER, 2, 1)):
        for match in pattern.finditer(text):
            name = vertebra(match[name_group])
            sides = _sides(match[side_group])
            if match[side_group] in ("both", "bilateral") and not (
                    "end" in match.group() or text.startswith((" end", " vertebral end"), match.end())):
                continue
            if name and sides and not any(a < match.end() and match.start() < b for a, b in found):
                found[match.span()] = Mention(match.start(), match.end(), "endplate", facing(name, sides), (name,),
                                              tuple(f"{name} {side}" for side in sides))
    return list(found.values())


def _sides(text: str) -> list[str]:
    both = text in ("both", "bilateral")
    return [side for side, words in (("superior", ("sup", "upper")), ("inferior", ("inf", "lower"))) if both or has(text, words)]


def facing(name: str, sides: list[str]) -> tuple[str, ...]:
    """The discs that the named endplates face: L4 inferior faces L4-L5, L4 superior L3-L4."""
    if name == "L6":
        return tuple(disc for side, disc in (("superior", "L5-L6"), ("inferior", "L6-S1")) if side in sides)
    above = f"{SPINE[SPINE.index(name) - 1]}-{name}" if "superior" in sides and name in SPINE[1:] else ""
    below = f"{name}-{after}" if "inferior" in sides and (after := _next(name)) else ""
    return tuple(level for level in (above, below) if level)


def ordered(levels: list[str] | tuple[str, ...]) -> list[str]:
    """Levels without repeats, from head to foot."""
    return sorted(set(levels), key=lambda level: _ORDER.get(level, 99))
