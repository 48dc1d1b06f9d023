"""How long the low back has hurt, against the date of the note."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note


def durations(nlp, text, note_date="2024-06-15"):
    facts = extract(nlp, Note("n", "p", text, note_date=note_date))
    return [(f.attributes["months"], f.assertion) for f in facts if f.kind == "symptom_duration"]


@pytest.mark.parametrize(("text", "months"), [
    ("Low back pain since March 2022.", 27), ("Onset of low back pain: January 2023.", 17), ("Low back pain since last December.", 6),
    ("Since about 2018 she has had daily low back pain.", 72), ("It has been four years since the low back pain started.", 48),
    ("Symptom duration: 18 months\nLow back pain.", 18), ("LBP 9/12.", 9)])
def test_measured_to_the_note(nlp, text, months):
    assert durations(nlp, text) == [(months, "present")]


def test_a_date_without_a_date_of_the_note_is_unknown(nlp):
    assert durations(nlp, "Low back pain since March 2022.", note_date=None) == [(None, "present")]


def test_an_onset_without_a_date_counts_only_where_nothing_is_measured(nlp):
    assert durations(nlp, "She has had low back pain since the car accident.") == [(None, "present")]
    assert durations(nlp, "Low back pain for 2 years, since the car accident.") == [(24, "present")]


def test_an_entry_of_an_earlier_day_is_historical(nlp):
    assert durations(nlp, "02/03/2019 - LBP 3 weeks.\n\n06/15/2024 - LBP 5 years.") == [(0.7, "historical"), (60, "present")]


@pytest.mark.parametrize("text", [
    "Low back pain. Naproxen for 6 months.", "Low back pain. Last seen 3 months ago.", "Low back pain. MRI 2 years ago.",
    "Low back pain, worse over the past 2 months.", "Low back pain. Neck pain for 2 years.", "Treatment for low back pain for 8 months.",
    "Low back pain. The plan requires low back pain of at least six months.", "Brain MRI. Headaches for 3 years."])
def test_what_else_lasts(nlp, text):
    assert durations(nlp, text) == []


def test_an_unticked_box_says_nothing(nlp):
    text = "Chief complaint  [x] low back\nDuration   [ ] < 3 mo  [x] > 5 years"
    assert durations(nlp, text) == [(60, "present")]
