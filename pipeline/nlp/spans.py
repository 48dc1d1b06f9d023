"""From note offsets to tokens and spaCy spans.

ConText counts its scopes in tokens. `DocTokens` gives them from a whole Doc; `NoteTokens` tokenises only around the
sentences it is asked about, which gives the same tokens because spaCy's tokenizer never looks beyond a blank.
"""
from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spacy.tokens import Doc, Span

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WORD = 200


def token_span(doc: Doc, start: int, end: int, label: str = "", number: int = 0) -> Span:
    """The tokens that touch the characters `start:end`, with `number` as the span's id; raises ValueError where there are none."""
    span = doc.char_span(start, end, label=label, span_id=number, alignment_mode="expand")
    if span is None:
        raise ValueError(f"no token at {start}:{end} of a note of {len(doc.text)} characters")
    return span


@dataclass(slots=True)
class Tokens:
    """Where the tokens of a note or of a part of it start and end, in characters of the note."""
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The tokens that touch the characters `start:end`, as spaCy's `char_span` expands them."""
        first = bisect_right(self.starts, start) - 1
        if first >= 0 and start == self.ends[first]:
            first += 1
        return first, bisect_right(self.starts, end - 1)

    def first_from(self, offset: int) -> int:
        """The first token that reaches beyond `offset`; a bullet glued to its word ("-No") opens the sentence."""
        return bisect_right(self.ends, offset)


class TokenSource(Protocol):
    """Gives the tokens around the characters `start:end`."""

    def around(self, start: int, end: int) -> Tokens: ...

    def reach(self, start: int, end: int) -> tuple[int, int] | None: ...


class DocTokens:
    """The tokens of a Doc."""

    def __init__(self, doc: Doc) -> None:
        self._doc = doc
        self._tokens: Tokens | None = None

    def around(self, start: int, end: int) -> Tokens:
        if self._tokens is None:
            self._tokens = _tokens(self._doc, 0)
        return self._tokens

    def reach(self, start: int, end: int) -> None:
        return None


class NoteTokens:
    """The tokens of parts of a note, up to the blanks around them."""

    def __init__(self, tokenizer: Callable[[str], Doc], text: str) -> None:
        self._tokenizer, self._text = tokenizer, text
        self._whole: Tokens | None = None

    def reach(self, start: int, end: int) -> tuple[int, int] | None:
        """The part of the note, from blank to blank, whose tokens `around` gives; None where a word has no end."""
        text, first, last = self._text, start, end
        while first > 0 and start - first < _LONGEST_WORD and not text[first - 1].isspace():
            first -= 1
        while 0 < last < len(text) and not text[last - 1].isspace() and last - end < _LONGEST_WORD and not text[last].isspace():
            last += 1
        return (first, last) if start - first < _LONGEST_WORD and last - end < _LONGEST_WORD else None

    def around(self, start: int, end: int) -> Tokens:
        if self._whole is None:
            part = self.reach(start, end)
            if part:
                return _tokens(self._tokenizer(self._text[part[0]:part[1]]), part[0])
            self._whole = _tokens(self._tokenizer(self._text), 0)  # a word without end would be read again for each sentence
        return self._whole


def _tokens(doc: Doc, offset: int) -> Tokens:
    found = Tokens([], [])
    for token in doc:
        start = token.idx + offset
        found.starts.append(start)
        found.ends.append(start + len(token))
    return found
