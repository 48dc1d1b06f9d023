"""The pipelines that are compared: ours, stock medspaCy with the same target terms, and spaCy's bare tokenizer."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def ours() -> Callable[[str], Any]:
    """Facts of one text by the whole pipeline."""
    from bvn_evidence.nlp import extract, load
    from bvn_evidence.schema import Note

    nlp = load()
    return lambda text: extract(nlp, Note("n", "p", text, note_date="2024-06-15"))


def tokenizer() -> Callable[[str], Any]:
    """spaCy's tokenizer alone: the floor of anything that makes a Doc."""
    import spacy

    return spacy.blank("en").make_doc


def stock() -> Callable[[str], Any]:
    """medspaCy as it comes: PyRuSH, target matcher, default ConText and sections, with the terms of our lexicons."""
    import medspacy
    from loguru import logger

    logger.disable("PyRuSH")
    from medspacy.target_matcher import TargetRule

    nlp = medspacy.load()
    nlp.add_pipe("medspacy_sectionizer")
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(term, kind) for _, kind, term in terms()])
    nlp.max_length = 100_000_000
    return nlp


def terms() -> Iterator[tuple[str, str, str]]:
    """Rule id, kind and literal of every plain term of the lexicons; for a pattern, the strings it cannot match without."""
    from bvn_evidence.nlp import lexicon
    from bvn_evidence.nlp.targets import LEXICONS
    from bvn_evidence.nlp.triggers import required

    seen: set[tuple[str, str]] = set()
    for name in LEXICONS:
        data = lexicon.read(name)
        for row, entry in zip(data.get("entries") or [], lexicon.entries(name), strict=True):
            literals = [str(term) for term in row.get("terms") or []] or sorted(required(entry.regex))
            for literal in literals:
                if literal.strip() and (data.get("kind", name), literal) not in seen:
                    seen.add((data.get("kind", name), literal))
                    yield entry.id, data.get("kind", name), literal.strip()


PIPELINES = {"ours": ours, "stock": stock, "tokenizer": tokenizer}
