"""One note as the components see it, made from a Doc by `bvn_sentences` or, without a Doc, by `extract`."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc

if TYPE_CHECKING:
    from ..schema import Fact
    from .sentences import Sentence
    from .spans import TokenSource
    from .targets import Target


@dataclass(slots=True)
class NoteView:
    """One note as components see it: sentences with their targets, the note's date (ISO or None) and type."""
    text: str
    sentences: list[Sentence]
    note_date: str | None
    note_type: str
    tokens: TokenSource | None = None
    facts: list[Fact] = field(default_factory=list)
    cache: dict[str, Any] = field(default_factory=dict)

    def targets(self, *groups: str) -> Iterator[Target]:
        """The targets of the given lexicons in text order."""
        for sentence in self.sentences:
            for target in sentence.targets:
                if target.group in groups:
                    yield target

    def line(self, sentence: Sentence) -> list[Sentence]:
        """All sentences of the logical line (list item, table row, paragraph) that holds `sentence`."""
        lines: dict[int, list[Sentence]] | None = self.cache.get("lines")
        if lines is None:
            lines = self.cache["lines"] = {}
            for each in self.sentences:
                lines.setdefault(each.line, []).append(each)
        return lines[sentence.line]

    def before(self, sentence: Sentence) -> Sentence | None:
        return self.sentences[sentence.index - 1] if sentence.index else None

    def after(self, sentence: Sentence) -> Sentence | None:
        return self.sentences[sentence.index + 1] if sentence.index + 1 < len(self.sentences) else None


def view(doc: Doc) -> NoteView:
    """The laid-out note of a Doc that has been through `bvn_sentences`."""
    found: NoteView | None = doc.user_data.get("bvn_view")
    if found is None:
        raise ValueError("bvn_* components need 'bvn_sentences' before them in the pipeline; add it first")
    return found
