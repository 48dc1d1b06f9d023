"""How notes are cut: lines, sentences, and what stands over a sentence."""
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.nlp import extract
from bvn_evidence.nlp.sentences import split
from bvn_evidence.schema import Note


def texts(note):
    return [note[piece.start:piece.end] for piece in split(note)]


@pytest.mark.parametrize(("note", "sentences"), [
    ("Dr. Smith saw her. She is a 54 y.o. woman.", ["Dr. Smith saw her.", "She is a 54 y.o. woman."]),
    ("PT for 6 wks. w/o relief.", ["PT for 6 wks. w/o relief."]),
    ("ODI 42%. Pain 7/10.", ["ODI 42%.", "Pain 7/10."]),
    ("Mild bulge.L5-S1: normal.", ["Mild bulge.", "L5-S1: normal."]),
    ("Changes at L4-5. Mild stenosis.", ["Changes at L4-5.", "Mild stenosis."]),
    ("The disc is dry; the facets are normal.", ["The disc is dry", "the facets are normal."]),
    ("FINDINGS:  ,The discs are dry.,IMPRESSION: ,Normal.", ["FINDINGS:", "The discs are dry.", "IMPRESSION:", "Normal."]),
    ("- first item\n- second item", ["first item", "second item"]),
    ("A value of 2.5 mm was seen.", ["A value of 2.5 mm was seen."]),
])
def test_sentences(note, sentences):
    assert texts(note) == sentences


def test_wrapped_lines_are_one_sentence():
    assert texts("There is Modic\ntype 1 change.") == ["There is Modic\ntype 1 change."]


def test_short_lines_are_items_of_their_own():
    assert texts("meloxicam 15 mg daily\ngabapentin 300 mg\n\nPlan") == ["meloxicam 15 mg daily", "gabapentin 300 mg", "Plan"]


def test_a_heading_stands_over_its_line_and_over_the_lines_below():
    pieces = split("L4-5: Small bulge. No stenosis.\nL5-S1:\nDry disc.\n\nConus normal.")
    assert [piece.heading for piece in pieces] == ["L4-5", "L4-5", "L5-S1", "L5-S1", ""]


def test_fields_in_one_line_have_their_own_labels():
    pieces = split("L3/L4: [Disc: bulge. Facets: mild. Canal: patent]")
    assert [(piece.heading, piece.label) for piece in pieces] == [("L3/L4", "disc"), ("L3/L4", "facets"), ("L3/L4", "canal")]


def test_checkboxes_are_ticked_or_not():
    note = "Radiation: [x] none  [ ] left leg"
    assert [(note[p.start:p.end], p.checked) for p in split(note)] == [
        ("Radiation:", None), ("[x] none", True), ("[ ] left leg", False)]


def test_a_table_row_is_headed_by_its_first_cell_and_its_cells_by_their_columns():
    note = "Level | Endplates | Canal\nL4-5 | Modic I | patent"
    cells = [(note[p.start:p.end], p.heading, p.label) for p in split(note)][3:]
    assert cells == [("L4-5", "L4-5", "level"), ("Modic I", "L4-5", "endplates"), ("patent", "L4-5", "canal")]


@given(st.text(alphabet=st.sampled_from("aB1 .,;:\n\r\t|[]x-/()?L45\u2028\ufeffé😀")))
def test_pieces_are_in_order_and_nothing_but_blanks_and_marks_is_lost(note):
    pieces = split(note)
    at = 0
    for piece in pieces:
        assert at <= piece.start < piece.end <= len(note)
        lost = note[at:piece.start]
        assert not any(char.isalpha() or char in "😀" for char in lost if char not in "abBxLé"), lost
        at = piece.end


@pytest.mark.parametrize("unit", ["the patient walks along and was seen at\n", "?", "DISCUSSION: ", "L4-5 ", "a\t|", "[ ]", "- a\n"])
def test_text_of_any_length_and_kind_is_laid_out_at_once(unit):
    """Each of them took minutes where work grew with the square of the length; now a tenth of a second."""
    begun = time.process_time()
    pieces = split("Plan " + unit * (300_000 // len(unit)))
    assert time.process_time() - begun < 6
    assert max(piece.end - piece.start for piece in pieces) <= 4000


def test_of_the_headings_that_fit_the_longest_counts(nlp):
    for heading in ("Clinical assessment", "CLINICAL ASSESSMENT"):
        (fact,) = extract(nlp, Note("n", "p", f"{heading}:\nBroad based disc bulge at L3-4.\n"))
        assert fact.section == "assessment"
