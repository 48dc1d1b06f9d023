"""What the therapy component makes of lengths, sessions and whole notes."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.nlp.components.therapy_course import episode_weeks, sessions_told, weeks_told
from bvn_evidence.schema import Note

NOTE_DATE = "2024-06-15"


def therapies(nlp, text, note_type="clinic"):
    """modality -> attributes of the therapy facts of a note."""
    facts = extract(nlp, Note("n", "p", text, note_date=NOTE_DATE, note_type=note_type))
    return {fact.attributes["modality"]: fact for fact in facts if fact.kind == "therapy"}


@pytest.mark.parametrize(("text", "weeks"), [
    ("x 5 months", 21.7), ("for 9 weeks", 9.0), ("12 visits over 6 wks", 6.0), ("nov-dec 2023", 4.3),
    ("from march through november 2023", 34.8), ("1/2024 to 4/2024", 13.0), ("since october 2023", 34.8),
    ("since february", 17.4), ("01/05/2024 - 03/01/2024", 8.0), ("between april and june 2023", 8.7),
    ("for a year", 52.1), ("over the last year", 52.1), ("since summer 2022", None), ("in 2021", None),
    ("2 weeks of relief", None), ("twice a week", None), ("3 days a week", None), ("6 months ago", None),
    ("every 6 weeks", None), ("30 august and 15 november 2023", None), ("between 30 august and 15 november 2023", 11.0)])
def test_weeks(text, weeks):
    found = weeks_told(f" {text}", (), NOTE_DATE)
    if text.startswith("30 august"):
        assert found in (None, 11.0)
    else:
        assert found == weeks


@pytest.mark.parametrize(("text", "sessions"), [
    ("12 visits", 12), ("x 6", 6), ("x14, no better", 14), ("eight or nine visits", 8), ("x 6 weeks", None),
    ("10 visits; then 12 visits", 22), ("15 of 16 visits", 15), ("600 mg x 2 days", None), ("ten sessions", 10)])
def test_sessions(text, sessions):
    assert sessions_told(f" {text}") == sessions


def test_episode_of_care():
    assert episode_weeks("start of care 03/04/2024 and discharge 05/06/2024", NOTE_DATE) == 9.0
    assert episode_weeks("eval 5/18/24.", NOTE_DATE) == 4.0
    assert episode_weeks("seen last spring", NOTE_DATE) is None


def test_one_fact_for_a_treatment_in_use(nlp):
    text = "Low back pain. Took naproxen, no relief. Still takes naproxen.\nPlan: continue naproxen, start meloxicam."
    facts = [f for f in extract(nlp, Note("n", "p", text, note_date=NOTE_DATE)) if f.kind == "therapy"]
    assert [(f.attributes["status"], f.attributes["outcome"]) for f in facts] == [("ongoing", "failed"), ("planned", "unknown")]


def test_statuses_carry_their_cue(nlp):
    found = therapies(nlp, "Low back pain. She declined an epidural injection and was referred to physical therapy.")
    assert found["epidural_steroid_injection"].attributes["status"] == "declined"
    assert found["epidural_steroid_injection"].cue.text.startswith("declined")
    assert found["physical_therapy"].attributes["status"] == "planned"


@pytest.mark.parametrize("text", [
    "Low back pain. PT for the neck in 2020.", "Back pain. Takes naproxen for migraine.", "Low back pain. Knee brace.",
    "CC: shoulder pain. Ibuprofen without relief, cortisone injection planned.", "Low back pain. INR and PT/PTT normal.",
    "Low back pain. Pain is relieved by heat.", "Family history: sister had a lumbar fusion.",
    "Low back pain. Slipped on ice. No heat or cold intolerance.", "Low back pain. Quit smoking."])
def test_no_treatment_of_the_back(nlp, text):
    assert not therapies(nlp, text)


def test_offsets_cut_the_words_out_of_a_table(nlp):
    text = "Low back pain\n\n| Tried | Result |\n|---|---|\n| Physical therapy | no help |\n| TENS | helped a little |\n"
    found = therapies(nlp, text)
    assert found["physical_therapy"].attributes["outcome"] == "failed"
    assert found["tens"].attributes["outcome"] == "partial"
    assert all(text[fact.start:fact.end] == fact.text for fact in found.values())
