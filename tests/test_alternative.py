"""Other pain generators: what a report says line by line, and what of it is one fact."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note

REPORT = """MRI LUMBAR SPINE
L3-4: Normal disc. No stenosis.
L4-5: Mild bulge. Moderate facet arthropathy. Mild canal and moderate left foraminal stenosis.
L5-S1: Central protrusion abutting the left S1 root.

IMPRESSION: Lower lumbar facet arthropathy."""


def facts(nlp, text, note_type="radiology"):
    found = extract(nlp, Note("n", "p", text, note_type=note_type))
    return {(f.attributes["diagnosis"], f.assertion, *f.attributes["levels"]) for f in found if f.kind == "alternative"}


def test_each_line_gives_its_findings_once(nlp):
    assert facts(nlp, REPORT) == {
        ("central_stenosis", "absent", "L3-L4"), ("foraminal_stenosis", "absent", "L3-L4"),
        ("disc_bulge", "present", "L4-L5"), ("facet_arthropathy", "present", "L4-L5"),
        ("central_stenosis", "present", "L4-L5"), ("foraminal_stenosis", "present", "L4-L5"),
        ("disc_protrusion", "present", "L5-S1"), ("nerve_root_compression", "present", "L5-S1")}


@pytest.mark.parametrize(("state", "assertion"), [
    ("patent", "absent"), ("adequate", "absent"), ("not stenotic", "absent"), ("moderately narrowed", "present")])
def test_the_state_of_the_canal(nlp, state, assertion):
    assert facts(nlp, f"MRI lumbar spine. L4-5: The central canal is {state}.") == {("central_stenosis", assertion, "L4-L5")}


@pytest.mark.parametrize("text", ["", ":", "|", "L4-5", "no", "facets", "L4-5 | | |", "SI joints:", "[ ]", "? ? ?", "foramina:\n\n\n"])
def test_scraps_give_no_fact_and_no_error(nlp, text):
    assert facts(nlp, text) == set()


def test_the_words_of_the_text_are_the_evidence(nlp):
    for fact in extract(nlp, Note("n", "p", REPORT, note_type="radiology")):
        assert REPORT[fact.start:fact.end] == fact.text


@pytest.mark.parametrize("blank", [" ", "\n", "\r\n"])
def test_words_of_a_visit_are_seen_over_the_end_of_a_line(nlp, blank):
    """A crash told in a visit; a report without a region is taken for one of the lumbar spine."""
    assert facts(nlp, f"The patient{blank}was hit from behind.\nNo acute fracture.", "unknown") == set()
    assert facts(nlp, "No acute fracture.", "unknown") == {("compression_fracture", "absent")}
