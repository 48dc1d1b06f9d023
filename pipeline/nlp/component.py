"""What every fact component shares: it reads the laid-out sentences and adds facts to `doc.spans["facts"]`."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from ..schema import ASSERTIONS, Cue, Fact
from .sentences import Sentence
from .stored import fact_spans
from .targets import Target
from .view import Before, NoteView


@dataclass(slots=True)
class Draft:
    """A fact as a component finds it; offsets are those of the sentence text, or of the note where `absolute`."""
    sentence: Sentence
    start: int
    end: int
    rule: str
    attributes: dict[str, Any]
    assertion: str = "present"
    cue: Cue | None = None
    absolute: bool = False

    @classmethod
    def of(cls, target: Target, attributes: dict[str, Any], start: int | None = None, end: int | None = None) -> Draft:
        """The fact of one target, from `start` to `end` where the evidence is more than its term."""
        return cls(target.sentence, target.start if start is None else start, target.end if end is None else end,
                   target.rule, attributes, target.assertion, target.cue)


class FactComponent:
    """Base of the fact components: subclasses name their `kind` and yield drafts from `find`."""

    kind = ""

    def __init__(self, nlp: Language, name: str) -> None:
        self.name = name
        self._before = Before(nlp, "bvn_sentences", "bvn_sections", "bvn_targets", "bvn_assertion")

    def find(self, note: NoteView) -> Iterable[Draft]:
        """Yield the facts of one note."""
        raise NotImplementedError

    def read_note(self, note: NoteView) -> None:
        """Add the facts of one note to `note.facts`."""
        for draft in self.find(note):
            if draft.assertion in ASSERTIONS:
                note.facts.append(_made(note.raw, self.kind, draft))

    def __call__(self, doc: Doc) -> Doc:
        note = self._before.view(doc)
        if not note.facts:
            doc.spans["facts"] = SpanGroup(doc, name="facts")
        known = len(note.facts)
        self.read_note(note)
        doc.spans["facts"].extend(fact_spans(doc, note.facts[known:], known + 1))
        return doc


def by_sentence(targets: Iterable[Target]) -> dict[int, list[Target]]:
    """Targets by the number of their sentence."""
    found: dict[int, list[Target]] = {}
    for target in targets:
        found.setdefault(target.sentence.index, []).append(target)
    return found


def _made(text: str, kind: str, draft: Draft) -> Fact:
    sentence = draft.sentence
    start, end = draft.start, draft.end
    if not draft.absolute:
        start, end = sentence.source(start), sentence.source(end)
    start, end = _trimmed(text, start, end)
    if start >= end:
        raise ValueError(f"a fact of rule {draft.rule} without text")
    return Fact(kind, draft.assertion, start, end, text[start:end], text[sentence.start:sentence.end],
                sentence.section, draft.rule, draft.attributes, draft.cue and _as_written(text, draft.cue))


def _as_written(text: str, cue: Cue) -> Cue:
    """The cue in the words of the note, whatever form of them its rule was matched in."""
    start, end = _trimmed(text, cue.start, cue.end)
    return Cue(start, end, text[start:end], cue.rule)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start and text[end - 1] in " \t\r\n,;":
        end -= 1
    while start < end and text[start] in " \t\r\n,;":
        start += 1
    return start, end
