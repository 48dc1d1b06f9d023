"""The leg examination: strength, sensation, reflexes and nerve tension tests, from the words of `leg_exam.yml`.

A result ("5/5", "decreased", "2+") belongs to what stands before it since the last result, or, where nothing does, to
what follows ("5/5 strength in both legs"). A normal result counts only where legs, a leg muscle, a root or a leg reflex
is named; a reflex of 1+ only where one side has it. Source of the rules: the annotation guide, kind 3.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..attach import side
from ..component import Draft, NoteView
from ..sentences import Sentence
from ..targets import Target
from .sites import other_disease

_SITES = {"leg", "muscle", "movement", "root", "reflex_name"}
_MOTOR = {"motor", "muscle"}
_SUBJECTS = {*_SITES, "arm", "motor", "sensory", "reflex", "neutral"}
_GENERIC = {"motor", "sensory", "reflex", "neutral"}
_TESTED = {"movement", "muscle"}
_PLACES = {"leg", "root", "arm", "sensory"}
_RESULTS = {"normal", "abnormal"}
_BEHIND = re.compile(r"\s*(?:(?:bilaterally|throughout|in|of|for|at|on|over|across|along|to|and|or|upper|all|the|both|muscle|groups?|and|symmetric(?:al)?|equal|intact|left|right"
                     r"|major|entire|key|levels?|dermatomes?|distribution|his|her|bilateral|b/l|bilat|[lrb]|pattern|lateral|medial|"
                     r"dorsal|dorsum|plantar|posterior|anterior|aspects?)[\s,/]*){0,8}")
_BOTH = re.compile(r"\bsymmetric|\bbilateral|\bboth\b|\bthroughout|\bb/l\b|\bequal")
_LEGS_OVER = re.compile(r"\blegs?\b|\blower\s+(?:ext|limb)|\bb?les?\b")
_COMPLAINT_OVER = re.compile(r"\bpain|\bsymptom|\bcomplain|\bsx\b")
_SKIP_SECTIONS = {"goals", "plan", "legend", "education", "technique"}


def words(sentence: Sentence) -> list[Target]:
    """The examination words of a sentence, in text order."""
    return [target for target in sentence.targets if target.group == "leg_exam"]


def in_test(target: Target) -> bool:
    """Whether a complaint stands behind a nerve tension test: pain there is part of the result."""
    return any(word.attributes["role"] == "slr" and word.start < target.start for word in words(target.sentence))


@dataclass(slots=True)
class Finding:
    """Subjects with their result, as they stand in one sentence."""
    subjects: list[Target]
    result: Target
    start: int
    end: int

    def roles(self) -> set[str]:
        return {target.attributes["role"] for target in self.subjects}


class Exam:
    """The examination findings of one note."""

    def __init__(self, note: NoteView) -> None:
        self.note = note

    def find(self) -> Iterator[Draft]:
        for sentence in self.note.sentences:
            found = words(sentence)
            if not found or sentence.section in _SKIP_SECTIONS:
                continue
            yield from self._tension(sentence, found)
            yield from self._other_side(sentence, found)
            for finding in _findings(sentence, found):
                yield from self._deficits(sentence, finding)

    def _deficits(self, sentence: Sentence, finding: Finding) -> Iterator[Draft]:
        roles, result = finding.roles(), finding.result
        over = f"{sentence.heading} {sentence.label}"
        legs = bool(roles & _SITES) or bool(_LEGS_OVER.search(over) and not _COMPLAINT_OVER.search(over))
        arms = "arm" in roles or bool(re.search(r"\barms?\b|\bupper\s+(?:ext|limb)|\bues?\b", over))
        if arms and not roles & _SITES:
            return
        text = sentence.text[finding.start:finding.end]
        normal = result.attributes["role"] == "normal"
        if normal and not legs:
            return
        if not normal and other_disease(self.note, sentence):
            return
        assertion = result.assertion if result.assertion in ("hypothetical", "historical", "family", "general", "possible") else (
            "absent" if normal or (result.assertion == "absent" and result.rule == "leg_exam.abnormal") else "present")
        if normal and result.assertion == "absent":
            return
        for name in _names(finding, legs, text, sentence):
            yield Draft(sentence, finding.start, finding.end, result.rule, {"finding": name, "side": side(text)},
                        assertion, result.cue)

    def _tension(self, sentence: Sentence, found: list[Target]) -> Iterator[Draft]:
        for number, test in enumerate(found):
            if test.attributes["role"] != "slr":
                continue
            yield from _results(sentence, found, number)

    def _other_side(self, sentence: Sentence, found: list[Target]) -> Iterator[Draft]:
        """The other side of a test in a sentence of its own: "SLR positive on the right; left negative"."""
        before = self.note.before(sentence)
        if before is None or before.line != sentence.line or not _is_value(found[0]):
            return
        tests = [word for word in words(before) if word.attributes["role"] in ("slr", "other")]
        if tests and tests[-1].attributes["role"] == "slr" and _OTHER_SIDE.fullmatch(sentence.text[:found[0].start]):
            yield _result(sentence, found[0], 0, found[0].end, sentence.text[:found[0].end])


_OTHER_SIDE = re.compile(r"(?:and\s+|but\s+|on\s+)?(?:the\s+)?(?:left|right|lt|rt|[lr])(?:\s+side)?\s*(?:is\s+|was\s+|side\s+|:\s*)?$")


def _names(finding: Finding, legs: bool, text: str, sentence: Sentence) -> Iterator[str]:
    """The findings that a result speaks of."""
    roles, result = finding.roles(), finding.result
    attributes = result.attributes
    graded, reflex_grade = attributes.get("graded"), attributes.get("reflex")
    one_sided = side(text) is not None or bool(roles & {"root", "leg"})
    if attributes["role"] == "normal":
        motor = bool(roles & _MOTOR) or (graded and "movement" in roles)
    else:
        motor = (bool(roles & {"muscle", "movement"}) and bool(graded or "motor" in roles)) or (
            "motor" in roles and (legs or one_sided))
    if motor and not reflex_grade:
        yield "leg_weakness"
    if graded:
        return
    sensory = "sensory" in roles and not reflex_grade
    tendon = "reflex_name" in roles or ("reflex" in roles and (legs or side(text) in ("left", "right")))
    if attributes.get("low") and (_BOTH.search(sentence.text) or ("reflex_name" not in roles and not legs)):
        tendon = False
    if (sensory and (attributes["role"] == "normal" or legs or one_sided)) or tendon:
        yield "reflex_or_sensory_deficit"


def _findings(sentence: Sentence, found: list[Target]) -> Iterator[Finding]:
    """Each result of a sentence with its subjects."""
    at = 0
    last: list[Target] = []
    for number, result in enumerate(found):
        if result.attributes["role"] not in _RESULTS or number < at:
            continue
        left = _left(found[at:number])
        if left is None:
            at = number + 1
            continue
        right, stop = _right(sentence, found, number, left)
        subjects = left + right or (last if _same_again(sentence.text, found[number - 1], result) else [])
        at, last = stop, subjects
        if subjects:
            lead = [*(subjects if left or right else []), result]
            start, end = min(t.start for t in lead), max(t.end for t in lead)
            yield Finding(subjects, result, _from_side(sentence.text, start), _with_side(sentence.text, end))


def _left(between: list[Target]) -> list[Target] | None:
    """The subjects since the last result; None where the result belongs to another test ("gait normal")."""
    subjects: list[Target] = []
    for target in reversed(between):
        role = target.attributes["role"]
        if role in _SUBJECTS:
            subjects.insert(0, target)
        elif role in ("other", "slr"):
            if not subjects:
                return None
            break
    return subjects


def _right(sentence: Sentence, found: list[Target], number: int, left: list[Target]) -> tuple[list[Target], int]:
    """The subjects behind a result: only places where it has subjects before it, else all up to the next result."""
    subjects: list[Target] = []
    last = found[number].end
    at = number + 1
    while at < len(found):
        target = found[at]
        role = target.attributes["role"]
        if left and not _goes_on(sentence.text, left, subjects, target, last):
            break
        if not left and (role not in _SUBJECTS or (subjects and _new_clause(sentence.text, last, target.start))):
            break
        subjects.append(target)
        last = target.end
        at += 1
    return subjects, at


def _same_again(text: str, before: Target, result: Target) -> bool:
    """Whether a deficit is the other side's ("Achilles 2+ R, 1+ L"); a normal other side is no fact of its own."""
    return result.attributes["role"] == "abnormal" and 0 < result.start - before.end < 16 and "," in text[before.end:result.start] and bool(
        _SIDE_BEHIND.match(text, result.end) or side(text[before.end:result.start]))


def _goes_on(text: str, left: list[Target], right: list[Target], target: Target, last: int) -> bool:
    """Whether a place behind a result is one of its own: "5/5 in hip flexion, knee extension and EHL"."""
    role, between = target.attributes["role"], text[last:target.start]
    generic = all(word.attributes["role"] in _GENERIC for word in left)
    listed = bool(right) and role in _TESTED and right[-1].attributes["role"] in _TESTED
    places = _PLACES | _TESTED | {"reflex_name"} if generic else _PLACES
    return role in places and (listed or "," not in between) and bool(_BEHIND.fullmatch(between))


def _new_clause(text: str, start: int, end: int) -> bool:
    return ";" in text[start:end] or " but " in text[start:end] or end - start > 60


_SIDE_BEHIND = re.compile(r"\s*(?:on\s+|of\s+|in\s+)?(?:the\s+)?\(?(?:left|right|lt|rt|bilaterally|bilateral|bilat|both\s+sides|both|l|r|b/l|b)\b")


def _with_side(text: str, end: int) -> int:
    """`end` moved behind a side that follows directly."""
    match = _SIDE_BEHIND.match(text, end)
    return match.end() if match else end


_SIDE_AHEAD = re.compile(r"(?:^|[\s(,;:.])((?:left|right|lt|rt|bilateral|both|l|r|b/l)\s*[-,:]?\s*(?:the\s+)?)$")


def _from_side(text: str, start: int) -> int:
    """`start` moved before a side that stands directly ahead."""
    match = _SIDE_AHEAD.search(text, max(0, start - 16), start)
    return match.start(1) if match else start


_PARTS = re.compile(r",|/(?!-)|;|\band\b|\bbut\b")
_VALUES = {"positive", "negative", "normal"}
_OWN = re.compile(r"(?:\b(?:mildly|slightly|strongly|weakly|equivocally|a|for|bilateral(?:ly)?|left|right|both|supine|seated|sitting"
                  r"|passive|on|the|[lrb]|b/l|lt|rt|bilat)\b[\s,.-]*)*")


def _results(sentence: Sentence, found: list[Target], number: int) -> Iterator[Draft]:
    """The results of one nerve tension test: one a side where sides differ."""
    test, text = found[number], sentence.text
    start = test.start
    drafts = []
    before = found[number - 1] if number else None
    if before and before.attributes["role"] in _VALUES and _OWN.fullmatch(
            text[before.end:test.start].strip()) is not None:
        drafts.append(_result(sentence, before, before.start, test.end, text[before.start:test.start]))
    stop = _stop(found, number, bool(drafts), len(text))
    values = [word for word in found[number + 1:] if word.start < stop and _is_value(word)]
    named = side(test.text) or side(_lead(text, start))
    cuts = [test.end, *(_cut_between(text, a.end, b.start) for a, b in pairwise(values)), stop]
    for position, value in enumerate(values):
        part = text[cuts[position]:cuts[position + 1]]
        if drafts and side(part) is None:
            continue
        drafts.append(_result(sentence, value, min(start, value.start) if position == 0 else cuts[position],
                              value.end, part, named))
    if len(drafts) == 1 and drafts[0].attributes["side"] is None:
        drafts[0].attributes["side"] = named or side(text[test.end:stop])
    if not drafts and test.assertion == "absent":
        drafts.append(Draft(sentence, test.start, test.end, test.rule, {"finding": "positive_slr", "side": named},
                            "absent", test.cue))
    yield from drafts


def _result(sentence: Sentence, value: Target, start: int, end: int, part: str, named: str | None = None) -> Draft:
    positive = value.attributes["role"] == "positive" or value.text == "abnormal"
    assertion = value.assertion if value.assertion in ("hypothetical", "historical", "family", "general", "possible") else (
        "present" if positive and value.assertion != "absent" else "absent")
    found = side(part) or ("bilateral" if re.search(r"[-+]\s?/\s?[-+]", value.text) else None) or named
    return Draft(sentence, start, _with_side(sentence.text, end), value.rule, {"finding": "positive_slr", "side": found},
                 assertion, value.cue)


def _is_value(word: Target) -> bool:
    return word.attributes["role"] in _VALUES or (word.rule == "leg_exam.abnormal" and word.text in ("abnormal", "absent"))


def _lead(text: str, start: int) -> str:
    return _PARTS.split(text[max(0, start - 20):start])[-1]


def _cut_between(text: str, start: int, end: int) -> int:
    """Where, between two results, the part of the second begins."""
    match = _PARTS.search(text, start, end)
    return match.start() if match else start


def _stop(found: list[Target], number: int, closed: bool, end: int) -> int:
    """Where the next test takes over: at once where this one has a result, else behind the first result."""
    seen = closed
    for target in found[number + 1:]:
        role = target.attributes["role"]
        if _is_value(target):
            seen = True
        elif role in ("slr", "other", "motor", "reflex", "reflex_name", "sensory", "muscle") and seen:
            return target.start
    return end
