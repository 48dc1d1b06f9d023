from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.nlp import extract
from bvn_evidence.nlp.normalize import Speller, fold
from bvn_evidence.schema import Note

SPELLER = Speller(["protrusion", "stenosis", "thecal", "modic", "compression"], ["decompression", "impression", "music"])


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)


def test_folding_makes_plain():
    assert fold("L4–L5\u00a0“Modic”\tİ") == 'l4-l5 "modic" İ'.replace("İ", fold("İ"))


def test_typing_errors_in_key_words_are_mended():
    assert SPELLER.mend("a disc protruion at the tehcal sac")[0] == "a disc protrusion at the thecal sac"
    assert SPELLER.mend("modec type 1")[0] == "modic type 1"


def test_words_of_their_own_stay():
    for text in ("decompression of music", "impression", "the model is medical"):
        assert SPELLER.mend(text) == (text, None)


@given(st.lists(st.sampled_from(["protruion", "stenossis", "tehcal", "and", "L4-5", "modec", "disc"]), max_size=8))
def test_offsets_lead_back_to_the_words_as_written(words):
    text = fold(" ".join(words))
    mended, offsets = SPELLER.mend(text)
    at = 0
    for word, right in zip(text.split(), mended.split(), strict=True):
        start = mended.index(right, at)
        at = start + len(right)
        source = offsets.source if offsets else int
        assert text[source(start):source(at)] == word


NOTE = "Low back pain for 3 years. No radiculopathy; Modic type 1 changes at L4-L5, mild spinal stenossis. Failed physical therapy."


@pytest.mark.parametrize("char", ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u200e"])
def test_characters_that_nobody_sees_hide_nothing(nlp, char):
    """Copied from a web page, words may hold zero-width characters and soft hyphens."""
    def told(text):
        facts = extract(nlp, Note("n", "p", text, note_date="2024-03-05"))
        assert all(text[fact.start:fact.end] == fact.text for fact in facts)
        return [(fact.kind, fact.assertion, fact.attributes, fact.text.replace(char, "")) for fact in facts]

    found = told(NOTE)
    assert len(found) == 5
    assert told(re.sub(r"[A-Za-z]{4,}", lambda word: word[0][:3] + char + word[0][3:], NOTE)) == found


def test_a_line_end_and_an_indent_are_one_blank(nlp):
    for end in ("\n", "\r\n", "\r\n    ", "\n\t"):
        text = f"Low back pain, and he puts it at 7 out of{end}10."
        scores = [fact for fact in extract(nlp, Note("n", "p", text)) if fact.kind == "pain_score"]
        assert [(fact.attributes["score"], fact.text) for fact in scores] == [(7, f"7 out of{end}10")]
