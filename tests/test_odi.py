"""Oswestry and pain scores: which of several counts, and for what."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note


def scores(nlp, text, kind="odi"):
    facts = extract(nlp, Note("n", "p", text, note_date="2024-06-15"))
    return [(f.attributes["score"], f.assertion) for f in facts if f.kind == kind]


@pytest.mark.parametrize(("text", "expected"), [
    ("ODI today 42%.", [(42, "present")]), ("Oswestry 21/50.", [(42, "present")]), ("ODI 0.44", [(44, "present")]),
    ("ODI 19/45 (42%).", [(42, "present")]), ("Scored 46% on the Oswestry.", [(46, "present")]),
    ("ODI 52 -> 44", [(52, "historical"), (44, "present")]),
    ("ODI 44% (was 50% at evaluation).", [(44, "present"), (50, "historical")]),
    ("Oswestry: 36% today (IE 44%).", [(36, "present"), (44, "historical")]),
    ("ODI 36% on 4/30/24, 38% on 6/15/24.", [(36, "historical"), (38, "present")]),
    ("In March 2022 her Oswestry score was 28%.", [(28, "historical")]), ("ODI 40% on 5/20.", [(40, "present")]),
    ("Goal ODI < 30%. Current ODI 44%.", [(44, "present")]), ("LTG: ODI 20% by discharge.", []),
    ("Neck Disability Index 40%.", []), ("ODI: section 1 3, section 2 2, section 3 4.", []), ("ODI not completed, NDI 22%.", [])])
def test_oswestry(nlp, text, expected):
    assert scores(nlp, text) == expected


def test_a_form_is_read_to_its_total(nlp):
    text = "OSWESTRY DISABILITY INDEX 2.1a\n1 Pain intensity 2\n2 Personal care 1\n3 Lifting 3\nSum 22 of 50   Score: 44%\n\nPHQ-9: 30%"
    assert scores(nlp, text) == [(44, "present")]


def test_a_band_counts_where_there_is_no_number(nlp):
    facts = extract(nlp, Note("n", "p", "Oswestry questionnaire\nResult band: severe disability"))
    assert [f.attributes for f in facts if f.kind == "odi"] == [{"score": None, "category": "severe"}]


@pytest.mark.parametrize(("text", "expected"), [
    ("Leg 8/10, back 4/10.", [4]), ("Low back pain 6/10, neck 3/10.", [6]), ("Low back pain: worst 9/10, best 3/10, current 6/10.", [6]),
    ("Low back pain dropped from 8 to 2/10.", [2]), ("Low back pain. Pain 7-8/10 with activity, 4/10 at rest.", [4]),
    ("Knee pain 8/10. Low back fine.", []), ("Low back pain. Goal: pain 2/10.", []), ("Low back VAS 62 mm.", [62]),
    ("Low back pain, seven out of ten.", [7]), ("Shoulder pain and shoulder stiffness. Pain 7/10. MRI lumbar spine in 2020.", [])])
def test_pain_scores_of_the_back(nlp, text, expected):
    assert [score for score, _ in scores(nlp, text, "pain_score")] == expected
