"""`bvn-evidence evaluate`: what it counts, and what it says."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from bvn_evidence import evaluate, scoring
from bvn_evidence.errors import UserError

SAMPLES = Path(__file__).parents[1] / "annotated_samples"


def fact(kind, assertion="present", **attributes):
    return {"kind": kind, "assertion": assertion, **attributes}


def scores(gold, found):
    result = scoring.Scores()
    result.add("P1/n", "clinic", gold, found)
    return result


def test_a_fact_over_two_levels_counts_once_a_level():
    gold = [fact("modic", type="1", levels=["L4-L5", "L5-S1"])]
    row = scoring.by_kind(scores(gold, [fact("modic", type="1", levels=["L4-L5"])]))["modic"]
    assert (row["gold"], row["found"], row["precision"], row["recall"]) == (2, 1, 1.0, 0.5)


def test_a_wrong_assertion_costs_the_strict_score_only():
    row = scoring.by_kind(scores([fact("radicular", finding="sciatica")],
                                 [fact("radicular", "absent", finding="sciatica")]))["radicular"]
    assert (row["f1"], row["f1_without_assertion"]) == (0.0, 1.0)


def test_tried_and_ongoing_are_both_used_and_the_outcome_is_scored_apart():
    result = scores([fact("therapy", modality="nsaid", status="tried", outcome="failed")],
                    [fact("therapy", modality="nsaid", status="ongoing", outcome="unknown")])
    assert scoring.by_kind(result)["therapy"]["f1"] == 1.0
    assert scoring.attributes(result)["therapy.outcome"] == {"n": 1, "accuracy": 0.0}


def test_criteria_agreement_counts_false_met():
    gold = [{"patient_id": "P1", "criteria": {"duration": "missing", "function": "met"}, "overall": "incomplete"}]
    result = scoring.criteria(gold, {("P1", "duration"): "met", ("P1", "function"): "met", ("P1", "overall"): "met"})
    assert result["false_met"] == 2
    assert result["rows"]["function"]["agreement"] == 1.0


def test_gold_against_itself_is_perfect(tmp_path):
    rows = [json.loads(line) for line in (SAMPLES / "gold_facts.jsonl").read_text().splitlines()]
    facts = [{**f, "note_id": row["note_id"], "start": 0, "end": 0, "text": ""} for row in rows for f in row["facts"]]
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(json.dumps(f) + "\n" for f in facts))
    result = evaluate.evaluate(SAMPLES, path)
    assert result["kinds"]["all"]["f1"] == 1.0
    assert not result["errors"]


def test_intervals_are_the_same_every_time_and_hold_the_value(tmp_path):
    notes = [scoring.NoteScore(f"n{n}", "clinic", {("modic", "1", "-", "present")},
                               {("modic", "1" if n % 3 else "2", "-", "present")}) for n in range(30)]
    first, second = (scoring.table(notes, {"all": lambda key: True})["all"] for _ in range(2))
    assert first == second
    assert first["f1_low"] < first["f1"] < first["f1_high"]


@pytest.mark.parametrize("content", ["", "not json", "[]"])
def test_a_bad_result_to_compare_with_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(UserError, match="--compare"):
        evaluate.main(SAMPLES, compare=path)


def test_no_gold_is_said_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"gold_facts\.jsonl"):
        evaluate.main(tmp_path)


def test_samples_score_and_compare(tmp_path, capsys):
    """The whole command: scores, errors of a kind, a comparison with itself."""
    out = tmp_path / "result.json"
    evaluate.main(SAMPLES, out=out)
    printed = capsys.readouterr().out
    assert "Facts by kind" in printed and "false 'met'" in printed
    result = json.loads(out.read_text())
    assert result["spans"]["bad"] == 0
    assert result["notes"] >= 110
    evaluate.main(SAMPLES, compare=out)
    assert "Got worse (0)" in capsys.readouterr().out
