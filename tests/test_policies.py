"""Policy files: what comes with the program, versions, and errors that name line and fix."""
from __future__ import annotations

import pytest

from bvn_evidence.criteria import check_policy, list_policies, load_policy, logic, store
from bvn_evidence.errors import UserError
from facts import alternative, complete, fact, judged, modic, therapy, verdict, without

GOOD = """\
id: my-plan
title: My plan
payer: My payer
source_url: https://example.org/policy
source_grade: primary
position: covers
criteria:
  - id: duration
    source: page 2
    source_grade: primary
    rule: {test: duration, op: ">=", months: 12}
  - id: function
    source: page 3
    source_grade: primary
    rule:
      n_of:
        n: 2
        of:
          - {test: odi, op: ">", value: 30}
          - {test: pain_score, op: ">=", value: 4}
          - {test: impairment}
"""


@pytest.fixture
def write(tmp_path):
    def make(text: str = GOOD, **changes: str):
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "my-plan.yml"
        path.write_text(text)
        return path
    return make


def edited(write, old: str, new: str):
    assert old in GOOD
    return write(GOOD.replace(old, new, 1))


NAMES = ["aspn-2022", "fda-510k", "intracept-trial", "highmark-wy", "cam-394", "medicare-a59468", "medicare-lcd", "uhc",
         "aetna-0016", "evicore-208", "kaiser-wa"]


def test_the_policies_of_the_program():
    assert sorted(p.id for p in list_policies()) == sorted(NAMES) and list_policies()[0].id == "aspn-2022"


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_file_is_sound_and_gives_its_sources(name):
    policy = load_policy(name)
    assert check_policy(store._folder() / f"{name}.yml") == []
    assert policy.source_url and policy.payer and policy.title
    assert all(c.source and c.source_grade for c in (*policy.criteria, *policy.exclusions))
    assert bool(policy.criteria) == (policy.position == "covers")


@pytest.mark.parametrize("name", ["uhc", "aetna-0016", "evicore-208", "kaiser-wa"])
def test_a_plan_that_does_not_cover_excludes_whatever_the_chart_and_still_checks_it(name):
    good, bad = judged(complete(), name), judged(without(complete(), "odi"), name)
    assert good.overall.status == bad.overall.status == "excluded" and good.blocking == ["policy"]
    assert "is complete" in good.overall.rationale and "not complete" not in good.overall.rationale
    assert verdict(bad, "function").status == "missing" and bad.requests and bad.overall.missing_items == ["odi"]


def test_unverified_rules_are_shown_and_decide_nothing():
    good, bad = judged(complete(), "medicare-lcd"), judged([fact("symptom_duration", months=1)], "medicare-lcd")
    for result in (good, bad):
        assert {v.status for v in result.verdicts[:-1]} == {"unverified"} and result.overall.status == "review"
        assert not result.requests


def test_an_unverified_exclusion_only_warns():
    result = judged([*complete(), alternative("spinal_tumor")], "medicare-lcd")
    assert result.overall.status == "review" and any("expected to exclude" in w for w in result.warnings)


def test_payers_differ():
    year = [*without(complete(), "symptom_duration"), fact("symptom_duration", months=8)]
    assert verdict(judged(year), "duration").status == "met"
    assert verdict(judged(year, "cam-394"), "duration").status == "not_met"
    thirty = [*without(complete(), "odi"), fact("odi", score=30)]
    assert verdict(judged(thirty), "function").status == "not_met"
    assert verdict(judged(thirty, "intracept-trial"), "function").status == "met"
    described = [*without(complete(), "modic"), modic(basis="descriptor")]
    assert verdict(judged(described, "fda-510k"), "imaging").status == "met"
    assert verdict(judged(described, "highmark-wy"), "imaging").missing_items == ["modic_type"]
    upper = [*without(complete(), "modic"), modic(levels=["L1-L2"])]
    assert [verdict(judged(upper, p), "imaging").status for p in ("aspn-2022", "fda-510k")] == ["met", "not_met"]


def test_cam_wants_the_report_itself_and_three_cbt_sessions():
    letter = [*without(complete(), "modic", "alternative"), modic(note="2025-06-03_clinic")]
    assert verdict(judged(letter, "cam-394"), "imaging").missing_items == ["mri_report"]
    for sessions, expected in ((None, "missing"), (2, "not_met"), (3, "met")):
        cbt = therapy("cbt", sessions=sessions)
        assert verdict(judged([*complete(), cbt], "cam-394"), "psychosocial").status == expected
    assert verdict(judged([*complete(), therapy("cbt", "planned")], "cam-394"), "psychosocial").status == "missing"


def test_cam_was_not_read_beyond_type_1_and_its_supervision_is_for_a_person():
    full = [*complete(), therapy("cbt", sessions=8), therapy("home_exercise"), fact("functional_impairment", activity="work"),
            fact("symptom_duration", months=40)]
    assert judged(full, "cam-394").blocking == ["supervision"]
    type_2 = [*without(full, "modic"), modic("2")]
    assert verdict(judged(type_2, "cam-394"), "imaging").status == "review"
    type_3 = [*without(full, "modic"), modic("3")]
    assert verdict(judged(type_3, "cam-394"), "imaging").status == "not_met"


def test_body_caps_and_prior_ablation():
    wide = [*complete(), modic("2", levels=["L3-L4"])]
    assert verdict(judged(wide, "cam-394"), "levels").status == "review"          # L3, L4, L5, S1
    assert verdict(judged(wide, "medicare-a59468"), "levels").status == "met"
    chart = complete()
    assert verdict(judged(chart, "medicare-a59468"), "repeat_treatment").missing_items == ["prior_ablation"]
    for treated, expected in ((therapy("bvn_ablation", "not_tried"), "met"), (therapy("bvn_ablation"), "review"),
                              (therapy("bvn_ablation", "planned"), "missing")):
        assert verdict(judged([*chart, treated], "medicare-a59468"), "repeat_treatment").status == expected
    assert verdict(judged([*chart, therapy("bvn_ablation")], "highmark-wy"), "repeat_treatment").status == "review"


def test_trial_exclusions_are_warnings():
    plain = judged(complete(), "intracept-trial")
    result = judged([*complete(), alternative("spondylolysis"), alternative("osteoporosis")], "intracept-trial")
    assert [v.status for v in result.verdicts] == [v.status for v in plain.verdicts]
    assert sum(w.startswith("Outside the trial population") for w in result.warnings) == 2
    claudication, stenosis = fact("radicular", finding="neurogenic_claudication"), alternative("central_stenosis")
    for facts, told in (([claudication], False), ([stenosis], False), ([claudication, stenosis], True)):
        warnings = judged([*complete(), *facts], "intracept-trial").warnings
        assert any("claudication with stenosis" in w for w in warnings) == told


# -- combinators ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("statuses", "expected"), [
    (["met", "met"], "met"), (["met", "review"], "review"), (["missing", "review"], "missing"),
    (["missing", "not_met"], "not_met"), ([], "met")])
def test_all_takes_the_worst(statuses, expected):
    assert logic.all_of(statuses) == expected


@pytest.mark.parametrize(("statuses", "n", "expected"), [
    (["met", "not_met"], 1, "met"), (["not_met", "not_met"], 1, "not_met"), (["missing", "not_met"], 1, "missing"),
    (["missing", "review"], 1, "review"), (["met", "missing", "not_met"], 2, "missing"),
    (["met", "review", "missing"], 2, "review"), (["met", "not_met", "not_met"], 2, "not_met")])
def test_n_of_is_decided_as_soon_as_it_can_be(statuses, n, expected):
    assert logic.n_of(statuses, n) == expected


def test_n_of_asks_for_the_fewest_additions(write):
    policy = load_policy(write())
    chart = [fact("symptom_duration", months=36), fact("odi", score=40)]
    (request,) = judged(chart, policy).requests
    assert request.criterion == "function" and request.item in ("pain_score", "functional_impairment")
    assert verdict(judged([*chart, fact("pain_score", score=70, max=100)], policy), "function").status == "met"


# -- silence, exclusions, claims --------------------------------------------------------------------------------------

@pytest.mark.parametrize("rule", ['{test: duration, op: ">=", months: null}', "null"])
def test_a_silent_field_is_not_evaluated(write, rule):
    policy = load_policy(edited(write, '{test: duration, op: ">=", months: 12}', rule))
    result = judged([fact("odi", score=40), fact("pain_score", score=5, max=10)], policy)
    assert [v.criterion for v in result.verdicts] == ["function", "overall"] and result.overall.status == "met"


@pytest.mark.parametrize(("on_match", "assertion", "expected"), [
    ("fail", "present", "not_met"), ("fail", "possible", "review"), ("review", "present", "review"),
    ("warn", "present", "met"), ("fail", "absent", "met")])
def test_exclusions_fail_go_to_review_or_warn(write, on_match, assertion, expected):
    text = GOOD + f"""\
exclusions:
  - id: no_osteoporosis
    says: Osteoporosis is excluded
    source: page 4
    source_grade: primary
    on_match: {on_match}
    when: {{test: finding, kind: alternative, values: [osteoporosis]}}
"""
    chart = [*complete(), fact("pain_score", score=5, max=10), alternative("osteoporosis", assertion)]
    result = judged(chart, load_policy(write(text)))
    assert result.overall.status == expected
    assert any("Osteoporosis is excluded" in w for w in result.warnings) == (on_match == "warn")
    if expected != "met":
        assert result.blocking == ["no_osteoporosis"]


def test_a_claim_without_a_code_of_the_list_is_pointed_out():
    assert any("M54.51" in w for w in judged(complete()).warnings)
    coded = [*complete(), fact("code", system="ICD-10", code="M54.51")]
    assert not any("M54.51" in w for w in judged(coded).warnings)


# -- loading ----------------------------------------------------------------------------------------------------------

def test_an_unknown_policy_lists_what_exists_in_one_line():
    with pytest.raises(UserError) as error:
        load_policy("aspn-2O22")
    text = str(error.value)
    assert "did you mean aspn-2022?" in text and all(name in text for name in NAMES) and "\n" not in text


def test_a_policy_file_by_path(write, tmp_path):
    assert load_policy(write()).id == "my-plan" and load_policy(str(tmp_path / "my-plan.yml")).id == "my-plan"
    with pytest.raises(UserError, match="cannot be read"):
        load_policy(tmp_path / "none.yml")


@pytest.fixture
def two_versions(tmp_path, monkeypatch):
    folder = tmp_path / "policies"
    folder.mkdir()
    dated = GOOD.replace("position:", "version: '{0}'\neffective_from: {1}\neffective_to: {2}\nposition:").replace("12}", "{3}}")
    for version, start, end, months in (("1", "2022-01-01", "2023-06-30", 12), ("2", "2023-07-01", "null", 6)):
        text = dated.replace("{0}", version).replace("{1}", start).replace("{2}", end).replace("{3}", str(months))
        (folder / f"my-plan-{version}.yml").write_text(text)
    monkeypatch.setattr(store, "_folder", lambda: folder)
    store._packaged.cache_clear()
    yield
    monkeypatch.undo()
    store._packaged.cache_clear()


def test_the_version_in_force_at_the_date_of_service(two_versions):
    assert [load_policy("my-plan", on=day).version for day in ("2022-01-01", "2023-06-30", "2023-07-01", None)] == [
        "1", "1", "2", "2"]
    with pytest.raises(UserError, match="was not in force on 2021-12-31: its versions cover 2022-01-01 to 2023-06-30"):
        load_policy("my-plan", on="2021-12-31")
    with pytest.raises(UserError, match="not a date"):
        load_policy("my-plan", on="June")


def test_each_patient_is_judged_by_the_version_of_its_own_date(two_versions):
    policy = load_policy("my-plan")
    for day, version, expected in (("2023-01-10", "1", "not_met"), ("2024-01-10", "2", "met"), ("2021-01-10", "2", "met")):
        result = judged([fact("symptom_duration", months=8, note=f"{day}_clinic")], policy)
        assert (result.policy.version, verdict(result, "duration").status) == (version, expected)
        assert any("not in force" in w for w in result.warnings) == (day == "2021-01-10")


# -- checking ---------------------------------------------------------------------------------------------------------

def test_a_sound_file_has_no_problems(write):
    assert check_policy(write()) == []


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("months: 12", "months: twelve", 11, "write a number"),
    ("op: \">=\", months", "months", 11, "add 'op: ...'"),
    ("months: 12", "month: 12", 11, "did you mean 'months'?"),
    ("op: \">=\", months", "op: \"=>\", months", 11, "use one of '>=' or '>'"),
    ("test: duration", "test: duraton", 11, "use one of the tests"),
    ("payer: My payer\n", "", 1, "add 'payer: ...'"),
    ("position: covers", "position: maybe", 6, "use one of 'covers' or 'excludes'"),
    ("source_grade: primary\nposition", "source_grade: A\nposition", 5, "use one of 'primary', 'secondary' or 'unverified'"),
    ("id: function", "id: duration", 12, "choose another"),
    ("id: function", "id: overall", 12, "choose another"),
    ("id: my-plan", "id: My Plan", 1, "lower-case"),
    ("title: My plan", "title: My plan\ntitle: Again", 3, "written twice"),
    ("payer: My payer", "payer: My payer\neffective_from: 2024-05-01\neffective_to: 2023-05-01", 5, "swap the dates"),
    ("payer: My payer", "payer: My payer\neffective_from: soon", 4, "write a date"),
    ("payer: My payer", "payer: My payer\ncriteria_from: aspn-2022", 4, "write the criteria here"),
    ("position: covers", "position: excludes\ncriteria_from: aspn", 7, "there is no policy 'aspn'"),
    ("        n: 2", "        n: 9", 17, "9 of 3"),
    ("  - id: function", " - id: function", 13, "not valid YAML"),
    ("{test: impairment}", "{test: finding, kind: radicular, values: [sciatca]}", 21, "did you mean 'sciatica'?"),
])
def test_problems_name_line_and_fix(write, old, new, line, says):
    problems = check_policy(edited(write, old, new))
    assert any(p.startswith(f"line {line}:") and says in p for p in problems), problems
    assert all("\n" not in p for p in problems)
    with pytest.raises(UserError, match="not a sound policy"):
        load_policy(edited(write, old, new))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text", "id: [", "\t", "id: &a [*a]\n", "a: b: c", "x" * 10000])
def test_no_input_breaks_the_check(write, text):
    problems = check_policy(write(text))
    assert problems and all(p.startswith("line ") and "\n" not in p for p in problems)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "x.yml").write_bytes(b"\xff\xfe\x00id")
    assert check_policy(tmp_path / "x.yml") == ["line 1: the file is not UTF-8 text; save it as UTF-8"]


def test_the_example_of_the_documentation_is_sound(write):
    from pathlib import Path
    page = (Path(__file__).parent.parent / "docs" / "policies.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    assert len(example.splitlines()) <= 20 and check_policy(write(example)) == []
