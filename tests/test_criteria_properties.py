"""What must hold for any chart: evidence only ever adds, order and other patients do not matter, no gap is silent."""
from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_evidence.criteria import judge, list_policies, load_policy
from bvn_evidence.schema import ASSERTIONS, Fact
from facts import complete, judged, notes_of, verdict

NOTES = ["2023-02-01_radiology", "2024-11-05_radiology", "2024-03-01_clinic", "2024-12-10_clinic", "2025-01-08_clinic",
         "2025-01-20_letter", "2025-01-20_telephone", "undated_pt"]
SIDES = [None, "left", "right", "bilateral"]
LEVELS = [[], ["L4-L5"], ["L5-S1"], ["L4-L5", "L5-S1"], ["T12-L1"], ["L3-L4"]]
POLICIES = list(dict.fromkeys(policy.id for policy in list_policies()))
STATEMENTS: dict[str, dict[str, list]] = {
    "modic": {"type": ["1", "2", "3", "1/2", "2/3", "unspecified"], "levels": LEVELS, "basis": ["named", "descriptor"],
              "endplates": [[], [], ["L4 inferior"], ["S1 superior"], ["L1 superior"]]},
    "symptom_duration": {"months": [None, 0.5, 3, 5, 6, 36], "qualifier": ["exact", "about", "at_least", "less_than"]},
    "radicular": {"finding": ["radiculopathy", "leg_pain", "positive_slr", "neurogenic_claudication", "numbness_tingling"],
                  "side": SIDES},
    "axial_pain": {"predominance": ["axial_only", "axial_predominant", "leg_predominant"]},
    "therapy": {"modality": ["physical_therapy", "home_exercise", "nsaid", "opioid", "cbt", "bvn_ablation",
                             "activity_modification", "conservative_unspecified", "facet_injection"],
                "status": ["tried", "tried", "ongoing", "planned", "declined", "not_tried", "contraindicated"],
                "outcome": ["failed", "partial", "effective", "unknown"], "duration_weeks": [None, 8, 26, 40],
                "sessions": [None, 2, 8]},
    "odi": {"score": [None, 20, 30, 40, 44], "category": [None, "moderate", "severe"]},
    "pain_score": {"score": [2, 7], "max": [10]},
    "functional_impairment": {"activity": ["sitting", "work"]},
    "alternative": {"diagnosis": ["disc_bulge", "disc_extrusion", "central_stenosis", "facet_arthropathy",
                                  "nerve_root_compression", "compression_fracture", "spinal_tumor"],
                    "levels": LEVELS, "vertebrae": [[], ["L1"]], "side": SIDES, "severity": [None, "mild", "severe"],
                    "primary": [False, False, True]},
}


def build(seed: int) -> list[Fact]:
    """Random statements, mixed or of one kind, mostly on top of a complete chart, so that every status occurs."""
    pick = random.Random(seed)
    facts = [f for f in complete() if pick.random() < 0.95] if pick.random() < 0.9 else []
    kinds = list(STATEMENTS) if pick.random() < 0.3 else [pick.choice(list(STATEMENTS))]
    if pick.random() < 0.6:
        facts = [f for f in facts if f.kind not in kinds]
    for _ in range(pick.randint(2, 6)):
        kind, note = pick.choice(kinds), pick.choice(NOTES)
        date, note_type = note.split("_")
        facts.append(Fact(kind, pick.choice([*ASSERTIONS, *["present"] * 9, "absent", "absent"]), 0, 1, "x", "x", "", "r",
                          {name: pick.choice(values) for name, values in STATEMENTS[kind].items()}, patient_id="P1",
                          note_id=f"P1/{note}", note_date=None if date == "undated" else date, note_type=note_type))
    return [replace(f, fact_id=f"P1#{i}", start=i) for i, f in enumerate(facts)]


def charts() -> st.SearchStrategy[list[Fact]]:
    return st.integers(0, 10**9).map(build)


def statuses(judgement) -> dict[str, str]:
    return {v.criterion: v.status for v in judgement.verdicts}


@given(charts(), st.sampled_from(POLICIES), st.data())
@settings(max_examples=300, deadline=None)
def test_order_does_not_matter(facts, policy, data):
    notes = notes_of(facts)
    first = judged(facts, policy, notes=notes)
    again = judged(data.draw(st.permutations(facts)), policy, notes=data.draw(st.permutations(notes)))
    assert (first.verdicts, first.values, first.requests, first.warnings) == (
        again.verdicts, again.values, again.requests, again.warnings)


@given(charts(), charts(), st.sampled_from(POLICIES))
@settings(max_examples=150, deadline=None)
def test_facts_of_another_patient_never_count(facts, foreign, policy):
    others = [replace(f, patient_id="P2", note_id=f.note_id.replace("P1", "P2")) for f in foreign]
    alone = judged(facts, policy)
    mixed = judge("P1", [*others, *facts], [*notes_of(others), *notes_of(facts)], load_policy(policy))
    assert (alone.verdicts, alone.values, alone.warnings) == (mixed.verdicts, mixed.values, mixed.warnings)


@given(charts(), st.sampled_from([*POLICIES, *["aspn-2022"] * 6]), st.data())
@settings(max_examples=1000, deadline=None)
def test_removing_evidence_never_turns_anything_to_met(facts, policy, data):
    """A missing criterion stays unmet whatever is removed; any other stays unmet as long as the facts that speak
    against it, which its verdict cites, are in the chart."""
    notes = notes_of(facts)
    for v in judged(facts, policy, notes=notes).verdicts[:-1]:
        if v.status in ("met", "unverified"):
            continue
        cited = set(v.evidence) if v.status != "missing" else set()
        loose = [f for f in facts if f.fact_id not in cited]
        removals = [loose, *([f for f in loose if f.kind == kind] for kind in {f.kind for f in loose}),
                    *([f] for f in loose), [f for f in loose if data.draw(st.booleans())]]
        for removed in removals:
            after = judged([f for f in facts if f not in removed], policy, notes=notes)
            assert statuses(after).get(v.criterion) != "met", (v, removed)


@given(st.data(), st.sampled_from(["aspn-2022", "fda-510k"]))
@settings(max_examples=150, deadline=None)
def test_a_part_of_a_good_chart_meets_no_more_than_the_whole(data, policy):
    facts = complete()
    notes = notes_of(facts)
    part = [f for f in facts if data.draw(st.booleans())]
    less = [f for f in part if data.draw(st.booleans())]
    met = {name for name, s in statuses(judged(part, policy, notes=notes)).items() if s == "met"}
    assert {name for name, s in statuses(judged(less, policy, notes=notes)).items() if s == "met"} <= met


@given(charts(), charts(), st.sampled_from(POLICIES))
@settings(max_examples=300, deadline=None)
def test_adding_a_document_never_turns_missing_into_silence(facts, added, policy):
    """After more notes, a criterion that was missing is decided with evidence, or still asked for."""
    more = [replace(f, fact_id=f"new#{i}", note_id=f.note_id + "_2") for i, f in enumerate(added)]
    before, after = judged(facts, policy), judged([*facts, *more], policy)
    asked = defaultdict(list)
    for request in after.requests:
        asked[request.criterion].append(request)
    for v in before.verdicts[:-1]:
        if v.status != "missing":
            continue
        now = verdict(after, v.criterion)
        assert now.rationale
        if now.status in ("met", "not_met"):
            assert now.evidence
        else:
            assert asked[v.criterion] and all(r.sentence for r in asked[v.criterion])


@given(charts(), st.sampled_from(POLICIES))
@settings(max_examples=300, deadline=None)
def test_every_open_criterion_is_asked_for_and_every_verdict_cites_real_facts(facts, policy):
    result = judged(facts, policy)
    known = {f.fact_id for f in facts}
    asked = {r.criterion for r in result.requests}
    for v in result.verdicts:
        assert v.status in ("met", "not_met", "missing", "review", "unverified", "incomplete", "excluded")
        assert v.rationale.endswith(".") and "\n" not in v.rationale and set(v.evidence) <= known
        if v.criterion != "overall":
            assert (v.status in ("missing", "review")) == (v.criterion in asked)
            assert bool(v.missing_items) == (v.status == "missing")
    if result.overall.status != "met":
        assert result.blocking
    assert result.overall.status != "met" or {v.status for v in result.verdicts} <= {"met", "unverified"}


@given(charts())
@settings(max_examples=50, deadline=None)
def test_an_empty_note_changes_nothing(facts):
    notes = notes_of(facts)
    note = notes_of(complete())[0]
    empty = replace(note, note_id="P1/2022-01-01_telephone", note_date="2022-01-01", note_type="telephone")
    assert judged(facts, notes=notes).verdicts == judged(facts, notes=[*notes, empty]).verdicts


@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_meets_an_empty_chart(policy):
    assert "met" not in statuses(judged([], policy, notes=[])).values()
