"""Leg findings and pain pattern as a user sees them."""
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note


def _facts(nlp, text, kind="radicular"):
    return [fact for fact in extract(nlp, Note("n", "p", text)) if fact.kind == kind]


def _said(nlp, text):
    return {(fact.attributes["finding"], fact.assertion) for fact in _facts(nlp, text)}


def test_a_listed_complaint_gives_each_finding_with_its_cue(nlp):
    facts = _facts(nlp, "Back pain. She denies pain, numbness or weakness in her legs.")
    assert {fact.attributes["finding"] for fact in facts} == {"leg_pain", "numbness_tingling", "leg_weakness"}
    assert {fact.assertion for fact in facts} == {"absent"}
    assert {fact.cue.text for fact in facts} == {"denies"}


def test_facts_on_the_same_words_are_both_kept(nlp):
    facts = extract(nlp, Note("n", "p", "The low back pain never goes down the legs."))
    assert {(fact.kind, fact.assertion) for fact in facts} >= {("radicular", "absent"), ("axial_pain", "present")}


def test_numbness_present_leaves_no_denied_tingling(nlp):
    assert _said(nlp, "Back pain. Numbness of the left foot. Denies tingling.") == {("numbness_tingling", "present")}


@pytest.mark.parametrize(("result", "assertion"), [("5/5", "absent"), ("4/5", "present"), ("full", "absent")])
@pytest.mark.parametrize("frame", ["{} strength in both lower extremities", "Lower extremity strength is {}",
                                   "LE motor strength {}", "Strength {} in the legs"])
def test_leg_strength_in_either_order(nlp, frame, result, assertion):
    assert _said(nlp, f"Low back pain.\nExam: {frame.format(result)}.") == {("leg_weakness", assertion)}


@pytest.mark.parametrize("site", ["arms", "upper extremities", "right hand", "face", "saddle area", "groin"])
@pytest.mark.parametrize("frame", ["Numbness in the {}.", "Denies numbness in the {}.", "Call for numbness in the {}."])
def test_other_parts_of_the_body_give_nothing(nlp, site, frame):
    assert not _facts(nlp, "Low back pain. " + frame.format(site))


def _phrases():
    """Phrases with the findings and predominances they state: `text<TAB>finding assertion; ...`, \\n for a line's end."""
    lines = (Path(__file__).parent / "phrases" / "radicular.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize(("text", "stated"), _phrases())
def test_phrase_states_these_findings_and_no_others(nlp, text, stated):
    facts = extract(nlp, Note("n", "p", text.replace("\\n", "\n"), note_type="clinic"))
    found = {f"{fact.attributes.get('finding') or fact.attributes.get('predominance')} {fact.assertion}"
             for fact in facts if fact.kind in ("radicular", "axial_pain")}
    assert "; ".join(sorted(found)) == stated


WORDS = ["no", "denies", "left", "leg", "pain", "numbness", "5/5", "SLR", "+", "-", "(-)", "neg", "reflex", "ankle", "1+", ",",
         ";", ".", ":", "[x]", "[ ]", "radiates", "to", "the", "calf", "strength", "back", ">", "\n", "|", "?", "if", "EHL"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_order_of_the_words_gives_facts_that_are_cut_from_the_note(nlp, text):
    for fact in extract(nlp, Note("n", "p", text)):
        assert text[fact.start:fact.end] == fact.text != ""
