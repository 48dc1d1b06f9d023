"""Verdicts, reasons, requests and key values of single charts."""
from __future__ import annotations

import pytest

from bvn_evidence.criteria import missing_md, missing_sections
from facts import alternative, complete, fact, judged, modic, notes_of, status, therapy, verdict, without

OLD_MRI, NEW_MRI, LATER = "2021-05-04_radiology", "2025-05-20_radiology", "2025-07-01_clinic"
CRITERIA = ["duration", "conservative_care", "imaging", "pain_pattern", "alternatives", "function"]


def test_a_complete_chart_is_met_with_evidence_for_each_criterion():
    result = judged(complete())
    assert [(v.criterion, v.status) for v in result.verdicts] == [(c, "met") for c in [*CRITERIA, "overall"]]
    assert all(v.evidence and v.rationale.endswith(".") for v in result.verdicts)
    assert verdict(result, "duration").rationale == (
        "Low back pain documented for 36 months (stated 2025-06-03; at least 6 required).")
    assert not result.requests and not result.blocking and not result.smallest_change


def test_an_empty_chart_is_missing_throughout():
    result = judged([], notes=[])
    assert {v.status for v in result.verdicts[:-1]} == {"missing"} and result.overall.status == "incomplete"
    assert result.overall.missing_items == [
        "duration", "physical_therapy", "medication", "activity_modification", "conservative_duration",
        "conservative_outcome", "mri_report", "pain_pattern", "alternatives", "odi"]


def test_overall_not_met_outranks_missing_outranks_review():
    base = without(complete(), "symptom_duration", "odi", "modic")
    review = modic(assertion="possible")
    assert judged([*base, review, fact("symptom_duration", months=36), fact("odi", score=42)]).overall.status == "review"
    assert judged([*base, review, fact("symptom_duration", months=36)]).overall.status == "incomplete"
    assert judged([*base, review, fact("symptom_duration", months=3)]).overall.status == "not_met"


# -- duration ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("stated", "expected"), [
    ([(6, "exact", "2025-06-03_clinic")], "met"),
    ([(5.9, "exact", "2025-06-03_clinic")], "not_met"),
    ([(6, "less_than", "2025-06-03_clinic")], "not_met"),
    ([(3, "at_least", "2025-06-03_clinic")], "review"),
    ([(None, None, "2025-06-03_clinic")], "missing"),
    ([(4, "exact", "2025-01-10_clinic")], "met"),                      # still in pain in June: eight months
    ([(4, "exact", "2024-06-01_clinic"), (4, "exact", "2025-06-03_clinic")], "review"),   # copied forward
    ([(0.2, "exact", "2025-05-01_clinic"), (36, "about", "2025-06-03_clinic")], "met"),
    ([(60, "exact", "2025-04-22_radiology"), (2, "exact", "2025-06-03_clinic")], "not_met"),  # the order form is second hand
    ([(60, "exact", "2025-04-22_radiology")], "met"),
])
def test_duration(stated, expected):
    facts = [fact("symptom_duration", months=m, qualifier=q, note=note) for m, q, note in stated]
    assert status([*without(complete(), "symptom_duration"), *facts], "duration") == expected


def test_a_duration_grows_only_as_far_as_notes_show_pain():
    facts = [fact("symptom_duration", months=4, note="2025-01-10_clinic"), fact("code", system="CPT", code="64628")]
    assert status(facts, "duration") == "not_met"
    assert status(facts, "duration", as_of="2026-06-01") == "not_met"
    assert status([*facts, fact("pain_score", score=6, max=10)], "duration") == "met"


def test_past_pain_does_not_count():
    assert status([fact("symptom_duration", "historical", months=36)], "duration") == "missing"


# -- conservative care ------------------------------------------------------------------------------------------------

def care(*changes, drop=()):
    return [*(f for f in complete() if f.attributes.get("modality") not in drop), *changes]


@pytest.mark.parametrize(("facts", "expected", "items"), [
    (care(), "met", []),
    (care(therapy("physical_therapy", "planned"), drop=["physical_therapy"]), "missing", ["physical_therapy"]),
    (care(therapy("home_exercise", "ongoing"), drop=["physical_therapy"]), "met", []),
    (care(therapy("physical_therapy", "declined"), drop=["physical_therapy"]), "not_met", []),
    (care(therapy("physical_therapy", "declined"), therapy("home_exercise"), drop=["physical_therapy"]), "not_met", []),
    (care(therapy("physical_therapy", "not_tried"), therapy("home_exercise"), drop=["physical_therapy"]), "review", []),
    (care(therapy("physical_therapy", "not_tried", note="2024-01-02_clinic")), "met", []),
    (care(drop=["nsaid"]), "missing", ["medication"]),
    (care(therapy("opioid", "declined"), drop=["nsaid"]), "missing", ["medication"]),
    (care(therapy("nsaid", "declined"), drop=["nsaid"]), "not_met", []),
    (care(therapy("nsaid", "contraindicated"), drop=["nsaid"]), "missing", ["medication"]),
    (care(therapy("nsaid", "tried", assertion="possible"), drop=["nsaid"]), "missing", ["medication"]),
    (care(therapy("epidural_steroid_injection"), drop=["nsaid"]), "missing", ["medication"]),
    (care(drop=["activity_modification"]), "missing", ["activity_modification"]),
    (care(therapy("conservative_unspecified", weeks=12), drop=["conservative_unspecified"]), "not_met", []),
    (care(drop=["conservative_unspecified"]), "missing", ["conservative_duration"]),
    (care(therapy("activity_modification", weeks=40), drop=["conservative_unspecified"]), "met", []),
    (care(therapy("conservative_unspecified", weeks=26), drop=["conservative_unspecified"]), "met", []),
    (care(therapy("conservative_unspecified", weeks=12), therapy("nsaid", weeks=60), drop=["conservative_unspecified"]),
     "review", []),
    (care(therapy("conservative_unspecified", weeks=12, note="2024-06-01_clinic"), drop=["conservative_unspecified"]),
     "review", []),
])
def test_conservative_care(facts, expected, items):
    result = verdict(judged(facts), "conservative_care")
    assert (result.status, result.missing_items) == (expected, items)


@pytest.mark.parametrize(("outcomes", "expected"), [
    ([("physical_therapy", "failed", "2025-01-01"), ("nsaid", "unknown", "2025-06-03")], "met"),
    ([("physical_therapy", "unknown", "2025-01-01"), ("nsaid", "unknown", "2025-06-03")], "missing"),
    ([("physical_therapy", "effective", "2025-06-03"), ("nsaid", "failed", "2025-01-01")], "not_met"),
    ([("physical_therapy", "effective", "2025-01-01"), ("nsaid", "failed", "2025-06-03")], "met"),
    ([("physical_therapy", "effective", "2025-06-03"), ("nsaid", "failed", "2025-06-03")], "review"),
    ([("physical_therapy", "failed", "2025-01-01"), ("nsaid", "unknown", "2025-06-03"),
      ("epidural_steroid_injection", "effective", "2025-06-03")], "met"),
])
def test_outcome_of_care(outcomes, expected):
    facts = [therapy(m, outcome=o, weeks=40, note=f"{day}_clinic") for m, o, day in outcomes]
    assert status([*facts, therapy("activity_modification")], "conservative_care") == expected


def test_parts_that_cannot_reach_six_months_together_are_not_met():
    parts = [therapy("physical_therapy", outcome="failed", weeks=6), therapy("nsaid", weeks=8),
             therapy("activity_modification", weeks=8)]
    assert status(parts, "conservative_care") == "not_met"
    assert status([*parts, therapy("massage")], "conservative_care") == "missing"


# -- imaging ----------------------------------------------------------------------------------------------------------

def imaging(*facts):
    return [*without(complete(), "modic"), *facts]


@pytest.mark.parametrize(("facts", "expected", "items"), [
    ([modic("2")], "met", []),
    ([modic("1/2")], "met", []),
    ([modic("1", basis="descriptor")], "met", []),
    ([modic("2", levels=["L1-L2"])], "met", []),
    ([modic("2", levels=["T12-L1"])], "not_met", []),
    ([modic("2", levels=["T12-L1"], endplates=["L1 superior"])], "review", []),
    ([modic("2", levels=[], endplates=["S1 superior"])], "met", []),
    ([modic("3")], "not_met", []),
    ([modic("3"), modic("1", "absent", levels=[])], "not_met", []),
    ([modic("unspecified", "absent", levels=[])], "not_met", []),
    ([modic("unspecified", basis="descriptor")], "missing", ["modic_type"]),
    ([modic("unspecified", "absent", levels=["L1-L2"], basis="descriptor")], "missing", ["modic_type"]),
    ([], "missing", ["modic_type"]),
    ([modic("1", "hypothetical")], "missing", ["modic_type"]),
    ([modic("1", "family")], "missing", ["modic_type"]),
    ([modic("1", levels=[])], "missing", ["modic_level"]),
    ([modic("1", levels=[]), modic("unspecified", basis="descriptor")], "review", []),
    ([modic("1", "possible")], "review", []),
    ([modic("unspecified"), modic("1", "possible")], "review", []),
    ([modic("1"), modic("1", "possible", levels=["L4-L5"])], "met", []),
    ([modic("1"), modic("unspecified", "absent", levels=[])], "met", []),          # "no other Modic changes"
    ([modic("1"), modic("unspecified", "absent", levels=["L4-L5"])], "met", []),
    ([modic("1"), modic("unspecified", "absent")], "review", []),
    ([modic("2"), modic("1", "absent")], "met", []),
    # two reports
    ([modic(note=NEW_MRI), modic("unspecified", "absent", levels=[])], "review", []),
    ([modic(), modic("unspecified", "absent", levels=[], note=NEW_MRI)], "review", []),
    ([modic(), modic("unspecified", "absent", levels=[], note=OLD_MRI)], "met", []),
    ([modic(note=OLD_MRI), modic("3")], "review", []),
    ([modic(note=OLD_MRI), modic("1", "historical")], "review", []),
    ([modic(), modic("unspecified", note=NEW_MRI)], "met", []),
    ([modic(), modic("1", "possible", note=NEW_MRI)], "review", []),
    ([modic("1", "possible", note=OLD_MRI), modic()], "met", []),
    ([modic(), modic("unspecified", "absent", levels=["L3-L4"], note=NEW_MRI)], "met", []),
    # letter against report
    ([modic(note=LATER)], "review", []),
    ([modic("unspecified"), modic(note=LATER)], "review", []),
    ([modic("1", levels=[]), modic(note=LATER)], "review", []),
    ([modic(), modic("unspecified", "absent", levels=[], note=LATER)], "review", []),
])
def test_imaging(facts, expected, items):
    result = verdict(judged(imaging(*facts)), "imaging")
    assert (result.status, result.missing_items) == (expected, items), result.rationale


def test_a_contradiction_cites_both_sides():
    facts = [modic(), modic("unspecified", "absent", levels=[], note=NEW_MRI)]
    assert set(verdict(judged(imaging(*facts)), "imaging").evidence) == {f.fact_id for f in facts}
    facts = [axial(), sign("radiculopathy")]
    assert set(verdict(judged(facts), "pain_pattern").evidence) == {f.fact_id for f in facts}


def test_without_a_report_a_note_that_quotes_it_decides_with_a_warning():
    result = judged([modic(note=LATER)])
    assert verdict(result, "imaging").status == "met" and any("quoted in a note" in w for w in result.warnings)


def test_an_xray_is_no_mri():
    sclerosis = modic("3", basis="descriptor", note="2025-02-01_radiology")
    slip = alternative("spondylolisthesis", note="2025-02-01_radiology")
    assert verdict(judged([sclerosis, slip]), "imaging").missing_items == ["mri_report"]


def test_the_request_names_what_was_found_instead():
    (request,) = judged(imaging(modic("unspecified", basis="descriptor"))).requests
    assert (request.item, request.criterion) == ("modic_type", "imaging")
    assert request.sentence == ("The MRI of 2025-04-22 describes endplate changes at L5-S1 but gives no Modic type: ask the "
                                "radiologist for an addendum that states the Modic type.")


def test_the_age_of_the_mri_is_told():
    assert "(42 days before 2025-06-03)" in verdict(judged(complete()), "imaging").rationale


# -- pain pattern -----------------------------------------------------------------------------------------------------

def axial(predominance="axial_only", note="2025-06-03_clinic"):
    return fact("axial_pain", predominance=predominance, note=note)


def sign(finding, assertion="present", note="2025-06-03_clinic", **more):
    return fact("radicular", assertion, note, finding=finding, **more)


@pytest.mark.parametrize(("facts", "expected"), [
    ([axial()], "met"),
    ([axial("axial_predominant")], "met"),
    ([axial("leg_predominant")], "not_met"),
    ([axial(), axial("leg_predominant", "2025-05-20_clinic")], "review"),
    ([axial(), axial("leg_predominant", "2024-01-10_clinic")], "met"),
    ([axial(note="2024-01-10_clinic"), axial("leg_predominant")], "not_met"),
    ([], "missing"),
    ([sign("leg_pain", "absent")], "missing"),
    ([sign("radiculopathy")], "not_met"),
    ([sign("neurogenic_claudication")], "not_met"),
    ([sign("leg_pain")], "review"),
    ([axial(), sign("radiculopathy")], "review"),
    ([axial(), sign("leg_pain")], "review"),
    ([axial("axial_predominant"), sign("leg_pain")], "review"),
    ([axial("axial_predominant"), sign("leg_pain"), sign("positive_slr", "absent")], "met"),
    ([axial("axial_predominant"), sign("leg_pain"), sign("numbness_tingling"), sign("positive_slr", "absent")], "review"),
    ([axial(), sign("radiculopathy", "possible")], "review"),
    ([axial(), sign("radiculopathy", "possible"), sign("leg_pain", "absent")], "met"),
    ([axial(), sign("radiculopathy", "possible", "2025-04-22_radiology")], "met"),
    ([axial(), sign("sciatica", "historical"), sign("sciatica", "family"), sign("leg_weakness", "hypothetical")], "met"),
    # over time
    ([axial(), sign("radiculopathy", note="2024-06-01_clinic"), sign("leg_pain", "absent")], "met"),
    ([axial(), sign("radiculopathy", note="2025-05-20_clinic"), sign("leg_pain", "absent")], "review"),
    ([axial(), sign("leg_pain", note="2025-05-20_clinic"), sign("leg_pain", "absent"), sign("leg_pain", "historical")], "met"),
    ([axial(), sign("radiculopathy", note="2024-06-01_clinic"), sign("leg_pain", "absent", "2025-06-03_letter")], "review"),
    ([axial(), sign("radiculopathy", note="2024-06-01_clinic"), sign("leg_pain", "absent"),
      sign("leg_pain", note="2025-07-01_telephone")], "review"),
])
def test_pain_pattern(facts, expected):
    assert status(facts, "pain_pattern") == expected


# -- alternatives -----------------------------------------------------------------------------------------------------

def others(*facts):
    return [*complete(), *facts]


@pytest.mark.parametrize(("facts", "expected"), [
    (others(alternative("disc_bulge"), alternative("central_stenosis", severity="moderate"), alternative("disc_protrusion")), "met"),
    (others(alternative("facet_arthropathy", note=LATER, primary=True)), "not_met"),
    (others(alternative("si_joint_dysfunction", note=LATER, primary=True)), "not_met"),
    (others(alternative("facet_arthropathy", "possible", note=LATER, primary=True)), "review"),
    (others(alternative("scoliosis", primary=True)), "review"),
    (others(alternative("central_stenosis", severity="severe", levels=["L4-L5"])), "review"),
    (others(alternative("facet_arthropathy", severity="severe")), "review"),
    (others(alternative("disc_extrusion")), "review"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"])), "review"),
    (others(alternative("nerve_root_compression", "possible")), "review"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"]),
            alternative("nerve_root_compression", "absent", levels=["L5-S1"], note=LATER)), "review"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"]),
            alternative("nerve_root_compression", "absent", note=LATER)), "met"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"]),
            alternative("nerve_root_compression", "absent", note="2025-07-01_letter")), "review"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"], side="left"),
            alternative("nerve_root_compression", "absent", levels=["L4-L5"], side="right", note=LATER)), "review"),
    (others(alternative("nerve_root_compression", levels=["L4-L5"]),
            alternative("nerve_root_compression", "absent", note=OLD_MRI)), "review"),
    (others(alternative("compression_fracture", vertebrae=["L1"])), "review"),
    (others(alternative("compression_fracture", vertebrae=["L1"]), alternative("compression_fracture", "absent"),
            alternative("compression_fracture", vertebrae=["L1"], note=LATER)), "met"),        # old, "no acute fracture"
    (others(alternative("spinal_infection", "possible")), "review"),
    (others(alternative("spinal_tumor", "hypothetical"), alternative("disc_extrusion", "historical"),
            alternative("disc_extrusion", "family")), "met"),
    (others(therapy("rfa", outcome="effective")), "review"),
    (others(therapy("facet_injection", outcome="failed")), "met"),
    (without(complete(), "alternative"), "missing"),
    (without(complete(), diagnosis="facet_arthropathy"), "missing"),
])
def test_alternatives(facts, expected):
    assert status(facts, "alternatives") == expected


def test_a_red_flag_is_stop_and_refer():
    result = judged(others(alternative("spinal_infection", "possible")))
    assert any("Red flag, stop and refer: spinal infection" in w for w in result.warnings)


# -- function ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("scores", "expected"), [
    ([("present", 31, "2025-06-03")], "met"),
    ([("present", 30, "2025-06-03")], "not_met"),
    ([("present", 50, "2024-06-03"), ("present", 24, "2025-06-03")], "not_met"),
    ([("present", 24, "2024-06-03"), ("present", 50, "2025-06-03")], "met"),
    ([("historical", 24, "2025-06-03"), ("present", 50, "2025-06-03")], "met"),
    ([("present", 50, "2025-06-03"), ("present", 24, "2025-06-03")], "review"),
    ([("present", 44, "2025-01-01"), ("present", 24, "2025-03-01"), ("present", 44, "2025-06-03")], "review"),  # copied?
    ([("present", 44, "2025-01-01"), ("present", 48, "2025-03-01"), ("present", 44, "2025-06-03")], "met"),
    ([("present", 44, "2025-01-01"), ("historical", 24, "2025-06-03")], "review"),
    ([("present", 24, "2024-01-01"), ("present", 44, "2025-01-01"), ("historical", 24, "2025-06-03")], "met"),
    ([("historical", 44, "2025-06-03")], "met"),
    ([("hypothetical", 44, "2025-06-03")], "missing"),
    ([("present", 420, "2025-06-03")], "missing"),
])
def test_function(scores, expected):
    facts = [fact("odi", a, f"{day}_clinic", score=s) for a, s, day in scores]
    assert status([*without(complete(), "odi"), *facts], "function") == expected


@pytest.mark.parametrize(("category", "expected"), [("severe", "met"), ("minimal", "not_met"), ("moderate", "missing")])
def test_an_odi_category_decides_where_its_whole_band_does(category, expected):
    assert status([fact("odi", category=category)], "function") == expected


def test_limits_alone_are_no_score_and_are_named_in_the_request():
    result = judged([*without(complete(), "odi"), fact("functional_impairment", activity="sitting")])
    assert verdict(result, "function").missing_items == ["odi"]
    assert "limits of sitting are documented (2025-06-03), but no score" in result.requests[0].sentence


# -- the whole judgement ----------------------------------------------------------------------------------------------

def test_key_values():
    values = judged([*complete(), modic("2", levels=["L4-L5"])]).values
    assert values["modic"] == ["1", "2"] and values["modic_levels"] == ["L4-L5", "L5-S1"]
    assert values["target_bodies"] == ["L4", "L5", "S1"] and values["cpt"] == "64628;64629x1"
    assert (values["duration_months"], values["odi"], values["odi_date"]) == (36, 42, "2025-06-03")
    assert (values["conservative_weeks"], values["pain_pattern"]) == (35, "axial_only")
    assert "nsaid:partial" in values["therapies"]


def test_values_of_a_resolved_level_are_not_targets():
    facts = [modic("1", levels=["L3-L4", "L4-L5"], note=OLD_MRI), modic("1", "historical", levels=["L3-L4"]),
             modic("2", levels=["L4-L5"])]
    result = judged(imaging(*facts))
    assert verdict(result, "imaging").status == "met" and result.values["target_bodies"] == ["L4", "L5"]


def test_codes_are_compared_with_the_target_bodies():
    codes = [fact("code", system="CPT", code="64628"), fact("code", system="CPT", code="64629")]
    assert any("CPT 64629 is documented, but" in w for w in judged([*complete(), *codes]).warnings)


def test_a_prior_ablation_is_pointed_out():
    assert any("ablation is documented as done" in w for w in judged([*complete(), therapy("bvn_ablation")]).warnings)
    assert not any("documented as done" in w for w in judged([*complete(), therapy("bvn_ablation", "planned")]).warnings)


def test_as_of_leaves_later_notes_out_and_says_so():
    facts = [*complete(), fact("odi", score=10, note=LATER)]
    result = judged(facts, as_of="2025-06-10")
    assert verdict(result, "function").status == "met" and any("after 2025-06-10" in w for w in result.warnings)
    assert verdict(judged(facts), "function").status == "not_met"


def test_undated_notes_are_taken_as_the_oldest():
    result = judged([*complete(), fact("odi", score=10, note="undated_clinic")])
    assert verdict(result, "function").status == "met" and any("no date" in w for w in result.warnings)


def test_what_blocks_and_the_smallest_change():
    gaps = judged(without(complete(), "odi", "symptom_duration"))
    assert gaps.blocking == ["duration", "function"]
    assert [r.item for r in gaps.smallest_change] == ["duration", "odi"]
    failing = judged([*without(complete(), "odi", "symptom_duration"), fact("symptom_duration", months=2)])
    assert failing.blocking == ["duration"]
    assert [(r.item, r.criterion) for r in failing.smallest_change] == [("duration", "duration"), ("odi", "function")]
    assert failing.smallest_change[0].sentence.startswith("Documented as not met; only new findings could change it")


def test_the_smallest_change_turns_the_verdict():
    gaps = without(complete(), "odi")
    assert [r.item for r in judged(gaps).smallest_change] == ["odi"]
    assert judged([*gaps, fact("odi", score=40)]).overall.status == "met"


def test_missing_md_lists_requests_and_skips_what_is_met():
    met, gap = judged(complete()), judged(without(complete(), "odi"))
    assert missing_md(met) == "" and missing_md([met, gap]) == missing_md(gap) == "".join(missing_sections([gap]))
    assert "## P1 (aspn-2022): incomplete" in missing_md(gap) and "**function** (odi): Add a completed" in missing_md(gap)


def test_missing_md_says_what_no_document_can_mend():
    text = missing_md(judged([*without(complete(), "odi"), fact("odi", score=10)]))
    assert "**function** is documented as not met, nothing to request: Most recent ODI 10 %" in text


def test_missing_md_escapes_what_comes_from_notes():
    facts = [fact("odi", category="moderate <script>*x*\n# y", patient="P1")]
    text = missing_md(judged(facts, notes=notes_of(facts)))
    assert "<script>" not in text.replace("\\<", "") and "\n# y" not in text and "\\*x\\*" in text


def test_a_later_report_with_gaps_does_not_hide_a_contradiction():
    """Else the criterion would be met once the denial was taken out of the chart."""
    early, late = "2025-01-10_radiology", "2025-04-22_radiology"
    denial = modic("unspecified", "absent", early, ["L4-L5"])
    facts = [*without(complete(), "modic"), modic("1", "present", early, ["L4-L5"]), denial,
             modic("unspecified", "present", late, ["L5-S1"], "descriptor")]
    assert status(facts, "imaging") == "review"
    assert status([f for f in facts if f is not denial], "imaging") == "met"
