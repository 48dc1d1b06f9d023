"""Activities that the back pain limits, and those it does not."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note


def impaired(nlp, text, note_type="clinic"):
    facts = extract(nlp, Note("n", "p", "HPI: chronic low back pain.\n" + text, note_type=note_type))
    return sorted((f.attributes["activity"], f.assertion) for f in facts if f.kind == "functional_impairment")


@pytest.mark.parametrize(("text", "activities"), [
    ("Pain limits her ability to walk, sit and sleep.", ["sitting", "sleep", "walking"]), ("Sits 20 minutes, then has to get up.", ["sitting"]),
    ("Functional limitations: standing, lifting.", ["lifting", "standing"]), ("Cannot stand long enough to cook.", ["standing"]),
    ("Her husband now does the vacuuming.", ["housework"]), ("Has missed two shifts.", ["work"]), ("Woken by it most nights.", ["sleep"]),
    ("Driving more than 30 minutes is difficult.", ["driving"]), ("Trouble tying his shoes.", ["self_care"]),
    ("Unable to play tennis.", ["recreation"]), ("Stops him at two blocks.", ["walking"])])
def test_limits(nlp, text, activities):
    assert impaired(nlp, text) == [(activity, "present") for activity in activities]


@pytest.mark.parametrize("text", [
    "Worse with sitting and bending.", "She gave up golf and avoids lifting.", "Advised to avoid lifting over 20 lb.",
    "Standing more than 20 minutes brings it on.", "He walks 2 miles daily.", "Goals: sit 60 min, lift 30 lb.",
    "Exam: heel walking difficult.", "ROS: denies difficulty walking.", "Has limited lifting since May."])
def test_no_limits(nlp, text):
    assert impaired(nlp, text) == []


def test_denied_limits_count_in_forms(nlp):
    assert impaired(nlp, "My sleep is never disturbed by pain.", "questionnaire") == [("sleep", "absent")]


def test_another_complaint_is_not_the_back(nlp):
    facts = extract(nlp, Note("n", "p", "Right knee pain. The knee pain keeps her from walking and she cannot climb stairs."))
    assert not [f for f in facts if f.kind == "functional_impairment"]
