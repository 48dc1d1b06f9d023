"""What every fact component shares: it reads the laid-out sentences and adds facts to `doc.spans["facts"]`."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from ..schema import ASSERTIONS, Cue, Fact
from .sentences import Sentence
from .spans import token_span
from .targets import Target


def _fact(span: Span) -> dict[str, Any] | None:
    facts: list[dict[str, Any]] = span.doc.user_data.get("bvn_facts", [])
    return facts[span.id - 1] if 0 < span.id <= len(facts) else None


if not Span.has_extension("fact"):  # by the span's id: spaCy keeps extensions by offsets, and facts may share theirs
    Span.set_extension("fact", getter=_fact)


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


@dataclass(slots=True)
class NoteView:
    """One note as components see it: sentences with their targets, the note's date (ISO or None) and type."""
    text: str
    sentences: list[Sentence]
    note_date: str | None
    note_type: str
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
    found = doc.user_data.get("bvn_view")
    if found is None:
        if "bvn_sentences" not in doc.user_data:
            raise ValueError("bvn_* components need 'bvn_sentences' before them in the pipeline; add it first")
        about = doc.user_data.get("bvn_note") or {}
        found = NoteView(doc.user_data["bvn_text"], doc.user_data["bvn_sentences"], about.get("date"), about.get("type") or "unknown")
        doc.user_data["bvn_view"] = found
    return found


class FactComponent:
    """Base of the fact components: subclasses name their `kind` and yield drafts from `find`."""

    kind = ""

    def __init__(self, nlp: Language, name: str) -> None:
        self.name = name

    def find(self, note: NoteView) -> Iterable[Draft]:
        """Yield the facts of one note."""
        raise NotImplementedError

    def __call__(self, doc: Doc) -> Doc:
        note = view(doc)
        if "facts" not in doc.spans:
            doc.spans["facts"] = SpanGroup(doc, name="facts")
        drafts = [draft for draft in self.find(note) if draft.assertion in ASSERTIONS]
        if drafts:
            doc.spans["facts"].extend([_span(doc, note.text, self.kind, draft) for draft in drafts])
        return doc


def _span(doc: Doc, text: str, kind: str, draft: Draft) -> Span:
    sentence = draft.sentence
    start, end = draft.start, draft.end
    if not draft.absolute:
        start, end = sentence.source(start), sentence.source(end)
    while end > start and text[end - 1] in " \t\r\n,;":
        end -= 1
    while start < end and text[start] in " \t\r\n,;":
        start += 1
    facts = doc.user_data.setdefault("bvn_facts", [])
    facts.append(Fact(kind, draft.assertion, start, end, text[start:end], text[sentence.start:sentence.end],
                      sentence.section, draft.rule, draft.attributes, draft.cue).to_dict())
    return token_span(doc, start, end, kind, len(facts))
