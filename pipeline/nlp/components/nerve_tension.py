"""Nerve tension tests (straight leg raise, slump): positive or negative, on which side.

One fact a side where the sides differ. A test limited by back pain, or that reproduces only back pain, says nothing.
Source of the rules: the annotation guide, kind 3.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ..attach import side
from ..component import Draft, NoteView
from ..sentences import Sentence
from ..targets import Target


def words(sentence: Sentence) -> list[Target]:
    """The examination words of a sentence, in text order."""
    found: list[Target] | None = sentence.cache.get("leg_exam")
    if found is None:
        found = sentence.cache["leg_exam"] = [target for target in sentence.targets if target.group == "leg_exam"]
    return found


def in_test(target: Target) -> bool:
    """Whether a complaint stands behind a nerve tension test: pain there is part of the result."""
    return any(word.attributes["role"] == "slr" and word.start < target.start for word in words(target.sentence))


SIDE_BEHIND = re.compile(r"\s*(?:on\s+|of\s+|in\s+)?(?:the\s+)?\(?(?:left|right|lt|rt|bilaterally|bilateral|bilat|both\s+sides|both|l|r|b/l|b)\b")


def with_side(text: str, end: int) -> int:
    """`end` moved behind a side that follows directly."""
    match = SIDE_BEHIND.match(text, end)
    return match.end() if match else end


_OTHER_SIDE = re.compile(r"(?:and\s+|but\s+|on\s+)?(?:the\s+)?(?:left|right|lt|rt|[lr])(?:\s+side)?\s*(?:is\s+|was\s+|side\s+|:\s*)?$")



def results(note: NoteView, sentence: Sentence, found: list[Target]) -> Iterator[Draft]:
    """The results of all tests of one sentence; `found` are its examination words."""
    for number, test in enumerate(found):
        if test.attributes["role"] == "slr":
            yield from _of_test(sentence, found, number)
    yield from _other_side(note, sentence, found)


def _other_side(note: NoteView, sentence: Sentence, found: list[Target]) -> Iterator[Draft]:
    """The other side of a test in a sentence of its own: "SLR positive on the right; left negative"."""
    before = note.before(sentence)
    if before is None or before.line != sentence.line or not is_value(found[0]):
        return
    tests = [word for word in words(before) if word.attributes["role"] in ("slr", "other")]
    if tests and tests[-1].attributes["role"] == "slr" and _OTHER_SIDE.fullmatch(sentence.text[:found[0].start]):
        yield result(sentence, found[0], 0, found[0].end, sentence.text[:found[0].end])


_PARTS = re.compile(r",|/(?!-)|;|\band\b|\bbut\b")
_VALUES = {"positive", "negative", "normal", "equivocal"}
_OWN = re.compile(r"(?:\b(?:mildly|slightly|strongly|weakly|equivocally|a|for|bilateral(?:ly)?|left|right|both|supine|seated|sitting"
                  r"|passive|on|the|[lrb]|b/l|lt|rt|bilat)\b[\s,.-]*)*")


def _of_test(sentence: Sentence, found: list[Target], number: int) -> Iterator[Draft]:
    """The results of one nerve tension test: one a side where sides differ."""
    test, text = found[number], sentence.text
    start = test.start
    drafts = []
    before = found[number - 1] if number else None
    if before and before.attributes["role"] in _VALUES and _OWN.fullmatch(
            text[before.end:test.start].strip()) is not None:
        drafts.append(result(sentence, before, before.start, test.end, text[before.start:test.start]))
    stop = _stop(found, number, bool(drafts), text)
    values = [word for word in found[number + 1:] if word.start < stop and is_value(word)]
    named = side(test.text) or side(_lead(text, start))
    cuts = [test.end, *(_cut_between(text, a.end, b.start) for a, b in pairwise(values)), stop]
    for position, value in enumerate(values):
        part = text[cuts[position]:cuts[position + 1]]
        if drafts and side(part) is None:
            continue
        drafts.append(result(sentence, value, min(start, value.start) if position == 0 else cuts[position],
                              value.end, part, named))
    if len(drafts) == 1 and drafts[0].attributes["side"] is None:
        drafts[0].attributes["side"] = named or side(text[test.end:stop])
    if not drafts and test.assertion == "absent" and not sentence.cell:
        drafts.append(Draft(sentence, test.start, test.end, test.rule, {"finding": "positive_slr", "side": named},
                            "absent", test.cue))
    yield from drafts


def result(sentence: Sentence, value: Target, start: int, end: int, part: str, named: str | None = None) -> Draft:
    """The fact of one result word; its side stands in `part`, else it is `named`, the side of the test itself."""
    positive = value.attributes["role"] == "positive" or value.text == "abnormal"
    assertion = value.assertion if value.assertion in ("hypothetical", "historical", "family", "general", "possible") else (
        "possible" if value.attributes["role"] == "equivocal" else
        "present" if positive and value.assertion != "absent" else "absent")
    found = side(part) or ("bilateral" if re.search(r"[-+]\s?/\s?[-+]", value.text) else None) or named
    return Draft(sentence, start, with_side(sentence.text, end), value.rule, {"finding": "positive_slr", "side": found},
                 assertion, value.cue)


def is_value(word: Target) -> bool:
    """Whether a word is the result of a test."""
    return word.attributes["role"] in _VALUES or (word.rule == "leg_exam.abnormal" and word.text in ("abnormal", "absent"))


def _lead(text: str, start: int) -> str:
    return _PARTS.split(text[max(0, start - 20):start])[-1]


def _cut_between(text: str, start: int, end: int) -> int:
    """Where, between two results, the part of the second begins."""
    match = _PARTS.search(text, start, end)
    return match.start() if match else start


_SIDE_AHEAD = re.compile(r"[,;]?\s*(?:and\s+|but\s+)?(?:left|right|lt|rt|l|r|bilateral)\s*$")


def _stop(found: list[Target], number: int, closed: bool, text: str) -> int:
    """Where the next test takes over, with the side before it: at once where this one has a result, else behind that."""
    seen = closed
    for target in found[number + 1:]:
        role = target.attributes["role"]
        if is_value(target):
            seen = True
        elif role in ("slr", "other", "motor", "reflex", "reflex_name", "sensory", "muscle") and seen:
            ahead = _SIDE_AHEAD.search(text, found[number].end, target.start)
            return ahead.start() if ahead else target.start
    return len(text)
