"""The leg examination: strength, sensation and reflexes, from the words of `leg_exam.yml`.

A result ("5/5", "decreased", "2+") belongs to what stands before it since the last result, or, where nothing does, to
what follows ("5/5 strength in both legs"). A normal result counts only where legs, a leg muscle, a root or a leg reflex
is named; a reflex of 1+ only where one side has it. Source of the rules: the annotation guide, kind 3.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..attach import side
from ..component import Draft, NoteView
from ..sentences import Sentence
from ..targets import Target
from . import nerve_tension
from .nerve_tension import SIDE_BEHIND, with_side, words
from .sites import other_disease

_SITES = {"leg", "muscle", "movement", "root", "reflex_name"}
_MOTOR = {"motor", "muscle"}
_SUBJECTS = {*_SITES, "arm", "motor", "sensory", "reflex", "neutral"}
_GENERIC = {"motor", "sensory", "reflex", "neutral"}
_TESTED = {"movement", "muscle"}
_PLACES = {"leg", "root", "arm", "sensory"}
_EXCEPT = re.compile(r"\b(?:except|but|other\s+than|apart\s+from|aside\s+from|save)\b")
_RESULTS = {"normal", "abnormal"}
_TELLING = {*_RESULTS, "slr", "positive", "negative", "equivocal"}  # without one of these a sentence tells nothing
_BEHIND = re.compile(r"\s*(?:(?:bilaterally|throughout|in|of|for|at|on|over|across|along|to|and|or|upper|all|the|both|muscle|groups?|and|symmetric(?:al)?|equal|intact|left|right"
                     r"|major|entire|key|levels?|dermatomes?|distribution|his|her|bilateral|b/l|bilat|[lrb]|pattern|lateral|medial|"
                     r"dorsal|dorsum|plantar|posterior|anterior|aspects?)[\s,/]*){0,8}")
_BOTH = re.compile(r"\bsymmetric|\bbilateral|\bboth\b|\bthroughout|\bb/l\b|\bequal")
_LEGS_OVER = re.compile(r"\blegs?\b|\blower\s+(?:ext|limb)|\bb?les?\b")
_COMPLAINT_OVER = re.compile(r"\bpain|\bsymptom|\bcomplain|\bsx\b")
_SKIP_SECTIONS = {"goals", "plan", "legend", "education", "technique"}


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
        telling = {word.sentence.index: word.sentence for word in self.note.targets("leg_exam") if word.attributes["role"] in _TELLING}
        for sentence in telling.values():
            if sentence.section in _SKIP_SECTIONS:
                continue
            found = words(sentence)
            row = words(self.note.line(sentence)[0]) if sentence.cell else []
            if row and row[0].sentence is not sentence:
                yield from self._cell(sentence, row, found[0])
                continue
            yield from nerve_tension.results(self.note, sentence, found)
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
        kept = ("hypothetical", "family", "general", "possible", *(() if normal else ("historical",)))
        assertion = result.assertion if result.assertion in kept else (
            "absent" if normal or (result.assertion == "absent" and result.rule == "leg_exam.abnormal") else "present")
        if normal and result.assertion == "absent" and _denied(sentence, result):
            return
        for name in _names(finding, legs, text, sentence):
            yield Draft(sentence, finding.start, finding.end, result.rule, {"finding": name, "side": side(text)},
                        assertion, result.cue)

    def _cell(self, sentence: Sentence, row: list[Target], result: Target) -> Iterator[Draft]:
        """A result in a table: the row names what is tested, the column the side."""
        roles = {word.attributes["role"] for word in row}
        if "slr" in roles and nerve_tension.is_value(result):
            yield nerve_tension.result(sentence, result, result.start, result.end, sentence.label)
        elif result.attributes["role"] in _RESULTS and not roles & {"other", "arm"}:
            finding = Finding(row, result, result.start, result.end)
            for draft in self._deficits(sentence, finding):
                draft.attributes["side"] = side(sentence.label) or side(row[0].sentence.text)
                yield draft


def _denied(sentence: Sentence, result: Target) -> bool:
    """Whether a denial stands right before a normal result ("not intact")."""
    if result.cue is None or result.cue.end > sentence.source(result.start):
        return False
    return "," not in sentence.text[max(0, result.cue.end - sentence.start):result.start]


def _names(finding: Finding, legs: bool, text: str, sentence: Sentence) -> Iterator[str]:
    """The findings that a result speaks of."""
    roles, result = finding.roles(), finding.result
    attributes = result.attributes
    graded, reflex_grade = attributes.get("graded"), attributes.get("reflex")
    one_sided = side(text) is not None or bool(roles & {"root", "leg"})
    if attributes["role"] == "normal":
        motor = bool(roles & _MOTOR) or (graded and bool(roles & {"movement", "leg"}))
    else:
        motor = (bool(roles & {"muscle", "movement"}) and bool(graded or "motor" in roles)) or (
            "motor" in roles and (legs or one_sided))
    if motor and not reflex_grade:
        yield "leg_weakness"
    if graded:
        return
    sensory = "sensory" in roles and not reflex_grade
    tendon = "reflex_name" in roles or ("reflex" in roles and (legs or side(text) in ("left", "right")))
    if attributes.get("low") and (_BOTH.search(sentence.text, finding.start, finding.end + 24) or ("reflex_name" not in roles and not legs)):
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
        if left is None or _of_another_test(sentence.text, found, number):
            at = number + 1
            continue
        right, stop = _right(sentence, found, number, left)
        if not left and right and _EXCEPT.search(sentence.text, found[number - 1].end, result.start):
            left = [word for word in last if word.attributes["role"] in _GENERIC]
        subjects = left + right or (last if _same_again(sentence.text, found[number - 1], result) else [])
        at, last = stop, subjects
        if subjects:
            lead = [*(subjects if left or right else []), result]
            start, end = min(t.start for t in lead), max(t.end for t in lead)
            yield Finding(subjects, result, _from_side(sentence.text, start), with_side(sentence.text, end))


def _of_another_test(text: str, found: list[Target], number: int) -> bool:
    """Whether a result is the adjective of another test ("normal gait")."""
    behind = found[number + 1] if number + 1 < len(found) else None
    return behind is not None and behind.attributes["role"] == "other" and bool(
        re.fullmatch(r"\s+(?:\w+\s+)?", text[found[number].end:behind.start]))


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
    between = text[before.end:result.start]
    return result.attributes["role"] == "abnormal" and len(between) < 24 and bool(
        SIDE_BEHIND.match(text, result.end) or side(between))


def _goes_on(text: str, left: list[Target], right: list[Target], target: Target, last: int) -> bool:
    """Whether a place behind a result is one of its own: "5/5 in hip flexion, knee extension and EHL"."""
    role, between = target.attributes["role"], text[last:target.start]
    generic = all(word.attributes["role"] in _GENERIC for word in left)
    if generic and role in {word.attributes["role"] for word in left} and not between.strip():
        return True
    listed = bool(right) and role in _TESTED and right[-1].attributes["role"] in _TESTED
    places = _PLACES | _TESTED | {"reflex_name"} if generic else _PLACES
    return role in places and (listed or "," not in between) and bool(_BEHIND.fullmatch(between))


def _new_clause(text: str, start: int, end: int) -> bool:
    return ";" in text[start:end] or " but " in text[start:end] or end - start > 60


_SIDE_AHEAD = re.compile(r"(?:^|[\s(,;:.])((?:left|right|lt|rt|bilateral|both|l|r|b/l)\s*[-,:]?\s*(?:the\s+)?)$")


def _from_side(text: str, start: int) -> int:
    """`start` moved before a side that stands directly ahead."""
    match = _SIDE_AHEAD.search(text, max(0, start - 16), start)
    return match.start(1) if match else start
