"""Notes to facts: the spaCy pipeline of medspaCy components, and `extract`, which runs it on one note."""
from __future__ import annotations

from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..schema import ATTRIBUTES, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.language import Language

    from ..schema import Note

COMPONENTS = ("bvn_sentences", "bvn_sections", "bvn_targets", "bvn_assertion", "bvn_modic", "bvn_alternative",
              "bvn_duration", "bvn_radicular", "bvn_axial_pain", "bvn_therapy", "bvn_odi", "bvn_pain_score",
              "bvn_function", "bvn_code")
_MAX_LENGTH = 100_000_000
_PLACE = attrgetter("start", "end", "kind")


def load(lexicons: str | None = None, *, gate: bool = True) -> Language:
    """A blank English pipeline with the medspaCy components of `COMPONENTS`; `lexicons` is another folder of words."""
    import spacy

    from . import tokenizer
    from .components import register
    register()
    if lexicons:
        from .lexicon_check import refuse_slow
        refuse_slow(lexicons)
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": tokenizer.NAME}}})
    nlp.max_length = _MAX_LENGTH
    for name in COMPONENTS:
        config: dict[str, Any] = {}
        if name in ("bvn_sentences", "bvn_sections", "bvn_targets", "bvn_assertion", "bvn_therapy"):
            config["lexicons"] = lexicons
        if name == "bvn_targets":
            config["gate"] = gate
        nlp.add_pipe(name, config=config)
    return nlp


def extract(nlp: Language, note: Note) -> list[Fact]:
    """The facts of one note, in text order, each distinct statement once, with ids."""
    facts: list[Fact] = []
    seen: set[str] = set()
    for fact in _in_order(_read(nlp, note)):
        said = _said(fact)
        if said in seen:
            continue
        seen.add(said)
        fact.note_id, fact.patient_id = note.note_id, note.patient_id
        fact.note_date, fact.note_type = note.note_date, note.note_type
        fact.fact_id = f"{note.note_id}#{len(facts) + 1}"
        facts.append(fact)
    return facts


def _read(nlp: Language, note: Note) -> list[Fact]:
    """All facts that the components find. Only components that are not ours need a Doc of the whole note."""
    from .spans import NoteTokens
    from .view import NoteView

    pipeline = nlp.pipeline  # spaCy makes this list anew each time
    if all(hasattr(component, "read_note") for _, component in pipeline):
        view = NoteView(note.text, [], note.note_date, note.note_type, NoteTokens(nlp.tokenizer, note.text))
        for name, component in pipeline:
            try:
                component.read_note(view)  # type: ignore[attr-defined]
            except Exception as error:
                error.add_note(f"in component {name}")
                raise
        view.release()
        return view.facts
    doc = nlp.make_doc(note.text)
    doc.user_data["bvn_note"] = {"date": note.note_date, "type": note.note_type}
    for name, component in pipeline:
        with _named(name):
            doc = component(doc)
    return [Fact.from_dict(span._.fact) for span in doc.spans.get("facts", ())]


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in the notes of an error which component raised it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in component {name}")
        raise


def _in_order(facts: list[Fact]) -> list[Fact]:
    """By place and kind, and those alike by their attributes as text."""
    alike = len(set(map(_PLACE, facts))) < len(facts)
    return sorted(facts, key=(lambda fact: (*_PLACE(fact), str(fact.attributes))) if alike else _PLACE)


def _said(fact: Fact) -> str:
    """What a fact says, as text: 1 is not True. The order of its attributes says nothing."""
    attributes, names = fact.attributes, ATTRIBUTES.get(fact.kind, ())
    if tuple(attributes) != names:
        attributes = {name: attributes[name] for name in (*names, *sorted(attributes)) if name in attributes}
    return f"{fact.kind}|{fact.assertion}|{attributes}"
