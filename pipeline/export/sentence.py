"""Where the words of a fact stand in its sentence."""

from __future__ import annotations

from ..schema import Fact


def place(fact: Fact, text: str | None) -> tuple[int, int] | None:
    """Start and end of the fact's words in its sentence, None where they are not there.

    With the note's text the place is exact; without it, the first of several equal places is given.
    """
    sentence, length = fact.sentence, fact.end - fact.start
    if text is not None:
        at = text.find(sentence, max(fact.end - len(sentence), 0), fact.start + len(sentence))
        if at >= 0 and sentence and at <= fact.start:
            return fact.start - at, fact.end - at
    start = sentence.find(fact.text)
    return (start, start + length) if start >= 0 and fact.text else None


def around(fact: Fact, text: str | None, size: int) -> str:
    """The fact's sentence, or, where it is longer than `size` characters, the part of it around the fact's words."""
    start, end = place(fact, text) or (0, 0)
    first = max(0, min(start - (size - (end - start)) // 2, start, len(fact.sentence) - size))
    return fact.sentence[first : first + size]
