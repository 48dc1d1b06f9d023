"""Structures whose state is named: "canal and foramina are widely patent", "facets: mild", the column "Canal | normal".

A normal state denies the structure's disease at the level of the line, a bare grade asserts it (annotation guide, "A
structure said to be normal"). Words and structures come from `lexicons/structure.yml`.
"""
from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from ..attach import severity, side
from ..sentences import Sentence
from ..targets import Target

_LINK = (r"(?:is|are|was|were|be|appear|appears|appeared|remain|remains|look|looks|looked|seem|seems|shows?|demonstrates?|"
         r"has|have|within|of|in|at|the|all|both|every|any|each|widely|otherwise|grossly|still|well|also|are|visible|these|"
         r"visuali[sz]ed|overall|bilaterally|bilateral|throughout|level|levels|joint|joints|diameters?|caliber|calibre|"
         r"in\s+the\s+field(?:\s+of\s+view)?|field|there|here|that|this|size|sizes|lumbar|on|left|right|lt|rt|relatively|completely|entirely|essentially|"
         r"central|spinal|neural|bony|remaining|other|itself|is\s+of|maintains?|sides?|to|from|through|and|or|"
         r"l\d(?:-?[ls]?\d)?|s1|t1[12]|[ltd]\d{1,2}/[ls]?\d{1,2}|l\d/[ls]?\d|\d)")
_BETWEEN = re.compile(rf"(?:[\s,/&():-]|{_LINK}\b)*")
_NOUNS = re.compile(r"\s*(?:,|/|&|\band\b|\bor\b)\s*(?:the\s+)?(?:(?!\b(?:no|without|is|are|normal)\b)[a-z-]+\s+){0,2}?(?:muscles?|discs?|endplates?|recess(?:es)?|soft\s+tissues?|cord|conus|ligaments?|sacrum|hips?|musculature|roots?|facets?|joints?|thecal\s+sac)\b")
_BEFORE = re.compile(r"(?:[\s,/&-]|(?:central|spinal|neural|bilateral|both|the|smooth|articular|surfaces?|of|in|appearing|appearance|appearances|lumbar|visuali[sz]ed|widely|all|caliber|calibre|and|or|left|right|lt|rt|bony|diameter|size)\b)*")
_ELSEWHERE = re.compile(r"(?:otherwise|elsewhere|remaining|remainder|other|others|the\s+rest|rest|normal\s+elsewhere)\b")
_LABEL_LEAD = re.compile(r"[^:|]{0,60}:\s*[\[{(]?\s*(?:(?:all|both|grossly|appear|appears|widely|is|are|overall|otherwise|within|bilaterally|partially|included|visible|visuali[sz]ed|imaged|portions?|parts?|shows?|seen|as|the|of|left|right|lt|rt|l|r|[lt]\d{1,2}[-/][ls]?\d)\.?\s+)*")
_GRADE_END = re.compile(r"\s*(?:(?:bilaterally|bilateral|both\s+sides?|on\s+the\s+(?:left|right)|left|right|lt|rt|b/l|l|r|b|at|and|to|&|l\d[^\s.,;)\]}]*(?![^\s.,;)\]}])|,|(?:non-?\s?|not\s+)?tender|asymptomatic|only|change|changes|stable|unchanged)\s*)*(?:[.\],;)}]|$)")
_VALUE_END = re.compile(r"\s*(?:$|[.,;)\]}:-]|(?:at|in|on|to|bilaterally|bilateral|throughout|both\s+sides|as|for|without|with|and|appearance|caliber|calibre|size|of|left|right|l\d)\b)")
# "right moderately narrowed, left normal", "L3-4 none; L4-5 mild"
_NEXT_ITEM = re.compile(r"(?:^|[,;{\[])\s*(?:left|right|lt|rt|both\s+sides|[lt]\d{1,2}[-/][ls]?\d)\s*:?\s*(?:is\s+|are\s+)?$")
_OTHER_SIDE = re.compile(r"\s*(?:,|;|\band\b|/)\s*(?:left|right|lt|rt|l|r|other\s+side)\s*(?:is|:|side|sided)?\s*")
_DISEASES = ("facet_arthropathy", "central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "si_joint_dysfunction")


@dataclass(slots=True)
class State:
    """A structure and what is said of it: absent (normal) or present with a grade; offsets of the sentence text."""
    structure: Target
    word: Target
    diagnosis: str
    assertion: str
    side: str | None
    severity: str | None
    start: int
    end: int
    elsewhere: bool = False


def states(sentence: Sentence, targets: list[Target], over: list[str]) -> list[State]:
    """The states of structures that a sentence names by its structure terms; `over` are the structures its label names."""
    named = [target for target in targets if "structure" in target.attributes]
    found: list[State] = []
    words = [target for target in targets if "state" in target.attributes]
    if not (words and (named or over)):
        return found
    said = [word for word in words if not word.attributes.get("label_only")]
    done: set[int] = set()
    for structure in named:
        word = _state_of(sentence.text, structure, _near(named, structure), _near(said, structure))
        if word is not None:
            done.add(id(word))
            diagnosis = structure.attributes["structure"]
            found += _state(sentence, structure, word, diagnosis)
            for other in [later for later in _near(said, word) if later.start >= word.end]:  # "foramina: left mild, right normal"
                if not _OTHER_SIDE.fullmatch(sentence.text, word.end, other.start):
                    break
                done.add(id(other))
                found += _state(sentence, other, other, diagnosis)
                word = other
    for word in words:
        if id(word) not in done and over and (elsewhere := _of_label(sentence, word, named)) is not None:
            for diagnosis in over:
                found += _state(sentence, word, word, diagnosis, elsewhere)
    return found


def denied(sentence: Sentence) -> bool:
    """Whether a table cell says that its column's finding is missing ("none")."""
    return sentence.cell and _NONE.fullmatch(sentence.text) is not None


_NONE = re.compile(r"(?:none|no|nil|absent|negative|not\s+present|none\s+seen|0)\.?")


def _state(sentence: Sentence, structure: Target, word: Target, diagnosis: str, elsewhere: bool = False) -> Iterator[State]:
    start, end = min(structure.start, word.start), max(structure.end, word.end)
    text = sentence.text[start:end]
    if word.attributes["state"] == "normal":
        yield State(structure, word, diagnosis, "absent", side(text), None, start, end, elsewhere)
    elif diagnosis in _DISEASES and _GRADE_END.match(sentence.text, word.end):
        around = sentence.text[start:_GRADE_END.match(sentence.text, word.end).end()]  # type: ignore[union-attr]
        yield State(structure, word, diagnosis, "present", side(around), severity(word.text), start, end, elsewhere)


def _near(targets: list[Target], target: Target) -> list[Target]:
    """Those of some targets, in text order, that stand near one of them."""
    if len(target.sentence.text) <= 250:
        return targets
    low = bisect_left(targets, target.start - 250, key=lambda other: other.start)
    return targets[low:bisect_left(targets, target.end + 250, key=lambda other: other.start)]


def _state_of(text: str, structure: Target, named: list[Target], words: list[Target]) -> Target | None:
    """The state said of a structure: the word that follows it over linking words only, else the one right before it."""
    at = structure.end
    for _ in range(4):
        stop = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        word = next((w for w in words if at <= w.start <= stop), None)
        if word is not None:
            return word
        other = next((s for s in named if at <= s.start <= stop and s is not structure), None)
        if other is not None:
            at = other.end
        elif nouns := _NOUNS.match(text, at):
            at = nouns.end()
        else:
            break
    before = [w for w in words if w.end <= structure.start and w.attributes["state"] == "normal"]
    at = structure.start
    for word in reversed(before):
        gap = text[word.end:at]
        for other in named:
            if word.end <= other.start and other.end <= at:
                gap = gap.replace(other.text, " ")
        if _BEFORE.fullmatch(gap) and not re.match(r"\s*[,.;]", gap):
            return word
    return None


def _of_label(sentence: Sentence, word: Target, named: list[Target]) -> bool | None:
    """Whether a state word is the value of the sentence's label: True for "otherwise normal", None where it is not."""
    text = sentence.text
    lead = _LABEL_LEAD.match(text) if not sentence.cell else None
    opening = lead.end() if lead else 0
    if word.start <= opening <= word.end or (not lead and word.start == 0):
        return False if _VALUE_END.match(text, word.end) else None
    if word.text.startswith("no erosion") or _NEXT_ITEM.search(text, max(0, word.start - 24), word.start):
        return False
    if word.attributes["state"] == "normal" and _ELSEWHERE.search(text, max(0, word.start - 24), word.start):
        return True
    return None
