"""One note as the components see it, made from a Doc by `bvn_sentences` or, without a Doc, by `extract`."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc

from .spans import DocTokens

if TYPE_CHECKING:
    from spacy.language import Language

    from ..schema import Fact
    from .sentences import Sentence
    from .spans import TokenSource
    from .targets import Target


_LONE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(slots=True)
class NoteView:
    """One note as components see it: sentences with their targets, the note's date (ISO or None) and type.

    `text` is the note with one kind of line end in place of lone carriage returns, of the same length; `raw` is as written.
    """
    text: str
    sentences: list[Sentence]
    note_date: str | None
    note_type: str
    tokens: TokenSource | None = None
    facts: list[Fact] = field(default_factory=list)
    cache: dict[str, Any] = field(default_factory=dict)
    raw: str = field(init=False)
    done: set[str] = field(default_factory=set)  # the components a Doc has been through, of those others need

    def __post_init__(self) -> None:
        self.raw = self.text
        if "\r" in self.text:
            self.text = _LONE_RETURN.sub("\n", self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied or stored, a note keeps its facts alone: sentences and targets hold on to the Doc."""
        from .stored import packed, unpacked
        return unpacked, (packed(self),)

    def release(self) -> None:
        """Part sentences and targets, which know each other: a note that is done is then freed at once, not by the collector."""
        for sentence in self.sentences:
            sentence.targets.clear()
            sentence.cache.clear()

    def targets(self, *groups: str) -> Iterator[Target]:
        """The targets of the given lexicons in text order."""
        by_group: dict[str, list[Target]] | None = self.cache.get("targets")
        if by_group is None:
            by_group = self.cache["targets"] = defaultdict(list)
            for sentence in self.sentences:
                for target in sentence.targets:
                    by_group[target.group].append(target)
        if len(groups) == 1:
            return iter(by_group.get(groups[0], ()))
        return (target for sentence in self.sentences for target in sentence.targets if target.group in groups)

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


def new_view(doc: Doc) -> NoteView:
    """A note not yet laid out, kept with its Doc; `user_data["bvn_note"]` may give its date and type."""
    about = doc.user_data.get("bvn_note") or {}
    note = NoteView(doc.text, [], about.get("date"), about.get("type") or "unknown", DocTokens(doc))
    doc.user_data["bvn_view"] = note
    return note


class Before:
    """What a component needs done before it. Where the pipeline lacks that component, it is made at the first Doc and reads
    the note without a mark on the Doc, whose sentences and sections may be those of others."""

    def __init__(self, nlp: Language, *names: str) -> None:
        self._nlp, self._names = nlp, names
        self._made: dict[str, Any] = {}

    def view(self, doc: Doc) -> NoteView:
        """The note of a Doc, with all done that is needed."""
        note = doc.user_data.get("bvn_view")
        if not isinstance(note, NoteView) or not note.done:  # none yet, or a stored one, which is read anew
            note = new_view(doc)
        for name in self._names:
            if name not in note.done:
                if name not in self._made:
                    self._made[name] = self._nlp.create_pipe(name)
                self._made[name].read_note(note)
                note.done.add(name)
        return note
