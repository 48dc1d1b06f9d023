"""The side and grade said of a finding behind it: ", moderate, right greater than left", "at L4-5 is severe", "on the left".

The words behind a finding are walked as long as they are grades, sides, levels and words that link these. They fall into
phrases at commas and "and"; a last phrase that runs into another noun ("protrusion, mild canal narrowing") is that noun's,
with what is joined to it ("bulge, mild central and moderate foraminal stenosis").
Of one side said to be worse, both have the finding where the structure is paired (annotation guide, `side`).
"""
from __future__ import annotations

import re
from typing import NamedTuple

from ..attach import severity, side
from ..levels import find as levels_in
from ..memory import remembered


class Qualified(NamedTuple):
    """The side and severity of a finding, and the levels these are said of where others have their own."""
    side: str | None
    severity: str | None
    levels: tuple[str, ...] = ()


class _Phrase(NamedTuple):
    side: str | None
    severity: str | None
    worse: bool  # whether a side is said to be worse than the other
    levels: tuple[str, ...]


_PAIRED = frozenset(["foraminal_stenosis", "lateral_recess_stenosis", "facet_arthropathy", "nerve_root_compression", "si_joint_dysfunction"])
_TOKEN = re.compile(r"[a-z0-9]+(?:[/'-][a-z0-9]+)*|[^\sa-z0-9]")
_GRADES = r"mild(?:ly)?|minimal(?:ly)?|slight(?:ly)?|trace|early|minor|mod|moderate(?:ly)?|severe(?:ly)?|marked(?:ly)?|advanced|critical|pronounced|high|low|end|stage"
_SIDES = r"(?:left|right|lt|rt)(?:-sided?)?|[lr]|bilateral(?:ly)?|both|either|sides?|sided|one"
_LINKS = (r"to|the|an?|at|on|in|of|towards?|levels?|degree|graded?|rated|as|judged|considered|which|noted|seen|present|again|identified|now|"
          r"still|only|overall|relatively|fairly|quite|very|rather|somewhat|noticeably|midline|changes?|discs?|joints?|through|thru|"
          r"(?:para-?|far-?|postero-?)?lateral|(?:para-?)?central|foraminal|posterior|subarticular|zone|aspect")
_SAYS = r"is|are|was|were|be|appears?|remains?"
_WORSE = r"more|greater|worse|worst|larger|than|>|mostly|mainly|largely|predominantly|especially"
_LEVEL = r"(?:[ltds]-?\d{1,2}|[1-5])(?:[/-][lts]?\d{1,2})*"
_WORD = re.compile(rf"(?:{_GRADES})(?:-(?:{_GRADES}|grade))*|{_SIDES}|{_LINKS}|{_SAYS}|{_WORSE}|{_LEVEL}")
_APART = frozenset([",", ":", "-", "(", ")", "and", "&"])
_CLOSE = frozenset([".", ";", "]", "}", "|", "with", "without", "but", "where", "while", "that", "due", "secondary", "from", "since", "unchanged",
                    "stable", "compared", "plus", "or", "not", "no"])
_VERB, _COMPARES, _GRADE = re.compile(_SAYS), re.compile(_WORSE), re.compile(_GRADES)
_PARTICIPLE = re.compile(r"(?:compress|abutt|contact|indent|displac|effac|encroach|caus|result|produc|contribut|extend|migrat|measur|imping|touch|"
                         r"obliterat|deform|lead|crowd|flatten|irritat)ing")
_PART = re.compile(r"(?:para-?|far-?|postero-?)?lateral|(?:para-?)?central|foraminal|subarticular")
_REACH = 120


def behind(text: str, end: int, diagnosis: str, where: str | None, grade: str | None) -> list[Qualified]:
    """The side and severity of a finding that ends at `end` of a folded sentence, once a side or level that is graded apart.

    `where` and `grade` are the side and severity said in front of it, which go before what is said behind it.
    """
    phrases = _phrases(text, end)
    sides = [Qualified(phrase.side, phrase.severity) for phrase in phrases if phrase.side in ("left", "right") and phrase.severity]
    if len(sides) == 2 and sides[0].side != sides[1].side and not grade:
        return sides
    by_level = _by_level(phrases)
    if len(by_level) > 1:
        return [Qualified(one.side or where, one.severity or grade, one.levels) for one in by_level]
    for phrase in phrases:
        grade = grade or phrase.severity
        if phrase.side and phrase.worse and diagnosis in _PAIRED and phrase.side != where:
            where = "bilateral"
        where = where or phrase.side
    return [Qualified(where, grade)]


def ahead(text: str, start: int) -> list[Qualified]:
    """What is said of each level in front of a finding that starts at `start`, where levels are graded or sided apart:
    "mild L3-4 and moderate L4-5 disc bulges"."""
    phrases: list[list[str]] = [[]]
    for match in reversed([*_TOKEN.finditer(text, max(0, start - _REACH), start)]):
        word = match.group()
        if word in _APART:
            phrases.append([])
        elif _WORD.fullmatch(word):
            phrases[-1].insert(0, word)
        else:
            break
    return apart([Qualified(one.side, one.severity, one.levels) for one in map(_read, reversed(phrases)) if one != _NOTHING])


def apart(found: list[Qualified]) -> list[Qualified]:
    """What is said of each level, where each has something of its own said of it; else nothing."""
    own = len({one.levels for one in found}) > 1 and len({one[:2] for one in found}) > 1
    return found if own and all(one.levels and (one.side or one.severity) for one in found) else []


def _by_level(phrases: tuple[_Phrase, ...]) -> list[Qualified]:
    """What is said of each level: a grade goes with the levels of its phrase, or those named since the last grade."""
    found: list[Qualified] = []
    open_levels: tuple[str, ...] = ()
    for phrase in phrases:
        if phrase.severity and phrase.levels and open_levels:
            found.append(Qualified(None, None, open_levels))
            open_levels = ()
        open_levels += phrase.levels
        if phrase.severity and open_levels:
            found.append(Qualified(phrase.side, phrase.severity, open_levels))
            open_levels = ()
    return [*found, Qualified(None, None, open_levels)] if open_levels else found


_NOTHING = _Phrase(None, None, False, ())


@remembered
def _phrases(text: str, end: int) -> tuple[_Phrase, ...]:
    """What stands behind `end`, by commas and "and"."""
    phrases: list[list[str]] = [[]]
    joins: list[str] = []
    for match in _TOKEN.finditer(text, end, min(len(text), end + _REACH)):
        word = match.group()
        if word in _CLOSE:
            break
        if word in _APART:
            phrases.append([])
            joins.append(word)
        elif _WORD.fullmatch(word):
            phrases[-1].append(word)
        elif not _PARTICIPLE.fullmatch(word):
            return _read_all(_without_noun(phrases, joins))
        else:
            if not any(map(_VERB.fullmatch, phrases[-1])):  # "mildly compressing", but "is severe, compressing"
                while phrases[-1] and _GRADE.fullmatch(phrases[-1][-1]):
                    phrases[-1].pop()
            break
    else:
        if end + _REACH < len(text):
            return _read_all(_without_noun(phrases, joins))
    return _read_all(phrases)


def _without_noun(phrases: list[list[str]], joins: list[str]) -> list[list[str]]:
    """The phrases without those that stand before another noun: the last, and what is joined to it or names its place."""
    while len(phrases) > 1 and phrases[-1] and not any(map(_VERB.fullmatch, phrases[-2])) and (
            len(phrases) > 2 and (joins[-1] in ("and", "&") or any(map(_PART.fullmatch, phrases[-2])))):
        phrases.pop()
        joins.pop()
    return phrases[:-1]


def _read_all(phrases: list[list[str]]) -> tuple[_Phrase, ...]:
    return tuple([_read(phrase) for phrase in phrases if phrase])


def _read(phrase: list[str]) -> _Phrase:
    said = " ".join(phrase)
    return _Phrase(side(said), severity(said), any(map(_COMPARES.fullmatch, phrase)),
                   tuple([level for mention in levels_in(said) for level in mention.levels]))
