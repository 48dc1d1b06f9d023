"""What of a Doc is stored: facts, sections and modifiers survive bytes, JSON, pickle and copies; ConText graphs do not.

A Doc holds its facts in the note under `user_data["bvn_view"]`; `span._.fact` finds its fact by the span's id, since
spaCy keeps extensions by offsets and facts may share theirs, and `doc._.facts` are all of them. Stored, they are JSON
text: medspaCy's decoders take any dictionary with a key "section" for one of its own.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import srsly
from spacy.tokens import Doc, Span, SpanGroup

from ..schema import Fact
from .medspacy_parts import ConTextGraph, ConTextModifier, ConTextRule
from .medspacy_parts import Section as MedspacySection
from .spans import token_span
from .view import NoteView


class Section(MedspacySection):
    """A section whose rule stays behind when it is stored."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Section, (self.category, self.title_start, self.title_end, self.body_start, self.body_end)


class Modifier(ConTextModifier):
    """A modifier that leaves its targets behind when it is stored."""

    def __reduce__(self) -> tuple[Any, ...]:
        rule = (self.rule.literal, self.rule.category, self.rule.direction)
        return _modifier, (*rule, self._start, self._end, self._scope_start, self._scope_end)


class Graph(ConTextGraph):
    """A graph that is empty when it is stored: its nodes are parts of the Doc."""

    def __reduce__(self) -> tuple[Any, ...]:
        return ConTextGraph, ()


def _modifier(literal: str, category: str, direction: str, *places: int) -> Modifier:
    start, end, scope_start, scope_end = places
    return Modifier(ConTextRule(literal, category, direction=direction), start, end, None, scope_start, scope_end)


def packed(note: NoteView) -> str:
    return json.dumps([fact.to_dict() for fact in note.facts])


def unpacked(text: str) -> NoteView:
    return NoteView("", [], None, "unknown", facts=[Fact.from_dict(row) for row in json.loads(text)])


_KEYS: dict[type, str] = {NoteView: "bvn:note", Section: "bvn:section", Modifier: "bvn:modifier"}
_MAKERS: dict[str, Callable[..., Any]] = {"bvn:note": unpacked, "bvn:section": Section, "bvn:modifier": _modifier}


@srsly.msgpack_encoders("bvn_evidence")
def _encode(item: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    if isinstance(item, Graph):
        return None
    for kind, key in _KEYS.items():
        if isinstance(item, kind):
            return {key: list(item.__reduce__()[1])}
    return item if chain is None else chain(item)


@srsly.msgpack_decoders("bvn_evidence")
def _decode(item: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    if len(item) == 1:
        ((key, values),) = item.items()
        if key in _MAKERS:
            return _MAKERS[key](*values)
    return item if chain is None else chain(item)


def fact_spans(doc: Doc, facts: Iterable[Fact], first: int = 1) -> list[Span]:
    """The spans of facts, labelled with their kind, their ids counted from `first`."""
    return [token_span(doc, fact.start, fact.end, fact.kind, number) for number, fact in enumerate(facts, first)]


def _note(doc: Doc) -> NoteView | None:
    note = doc.user_data.get("bvn_view")
    if isinstance(note, dict):  # read from bytes before this module was imported
        note = doc.user_data["bvn_view"] = _decode(note)
    return note


def _fact(span: Span) -> dict[str, Any] | None:
    note = _note(span.doc)
    return note.facts[span.id - 1].to_dict() if note and 0 < span.id <= len(note.facts) else None


def _facts(doc: Doc) -> list[dict[str, Any]]:
    note = _note(doc)
    return [fact.to_dict() for fact in note.facts] if note else []


def _set_facts(doc: Doc, rows: list[dict[str, Any]]) -> None:
    """Facts from `doc._.facts` or `Doc.from_json`, which knows no span ids."""
    facts = [Fact.from_dict(row) for row in rows]
    doc.user_data["bvn_view"] = NoteView(doc.text, [], None, "unknown", facts=facts)
    doc.spans["facts"] = SpanGroup(doc, name="facts", spans=fact_spans(doc, facts))


if not Span.has_extension("fact"):
    Span.set_extension("fact", getter=_fact)
if not Doc.has_extension("facts"):
    Doc.set_extension("facts", getter=_facts, setter=_set_facts)
