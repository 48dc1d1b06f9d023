from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.nlp.normalize import Speller, fold

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
