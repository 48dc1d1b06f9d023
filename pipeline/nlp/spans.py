"""From note offsets to spaCy spans."""
from __future__ import annotations

from spacy.tokens import Doc, Span


def token_span(doc: Doc, start: int, end: int, label: str = "", number: int = 0) -> Span:
    """The tokens that touch the characters `start:end`, with `number` as the span's id; raises ValueError where there are none."""
    span = doc.char_span(start, end, label=label, span_id=number, alignment_mode="expand")
    if span is None:
        raise ValueError(f"no token at {start}:{end} of a note of {len(doc.text)} characters")
    return span
