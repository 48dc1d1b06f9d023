"""Every example sentence of the lexicons is a test."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import examples, lexicon

ENTRIES = [entry for name in lexicon.names() if name not in ("macros", "spelling") for entry in lexicon.entries(name)
           if entry.positive or entry.negative]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_examples(nlp, entry):
    assert not list(examples.failures(nlp, entry.id, entry.positive, entry.negative))


def test_parse_gives_the_text_without_marks():
    text, expected = examples.parse('No <modic assertion=absent levels="L4-L5,L5-S1">Modic changes</modic> there.')
    assert text == "No Modic changes there."
    assert [(e.kind, text[e.start:e.end], e.attributes) for e in expected] == [
        ("modic", "Modic changes", {"assertion": "absent", "levels": "L4-L5,L5-S1"})]
