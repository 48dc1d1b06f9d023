"""`export --to fhir`: resources that any FHIR R4 server takes, each answer with the words of the note it rests on."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bvn_evidence.case import Case, PolicyInfo
from bvn_evidence.corpus import NoteRow
from bvn_evidence.criteria.chart import Chart
from bvn_evidence.criteria.judge import READERS
from bvn_evidence.criteria.store import list_policies
from bvn_evidence.export import export
from bvn_evidence.export import fhir as module
from bvn_evidence.export.answers import ANSWERED, BELOW
from bvn_evidence.export.fhir_parts import DERIVATION, ORIGIN, clean, served
from bvn_evidence.export.questionnaire import form_of
from bvn_evidence.export.questions import ASKED
from bvn_evidence.export.response import response
from bvn_evidence.finished import Finished
from bvn_evidence.reviews import append, decide_fact, decide_verdict
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Fact, Verdict
from exported import reviewed_run

SAMPLES = Path(__file__).parents[1] / "annotated_samples" / "notes"
POLICIES = ("aspn-2022", "cam-394", "uhc", "medicare-lcd", "medicare-a59468", "intracept-trial")
# https://hl7.org/fhir/R4/datatypes.html: what the models of fhir.resources do not check
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
STRING = re.compile(r"[ \r\n\t\S]+")
CODES = {
    ("Questionnaire", "status"): {"draft", "active"},
    ("QuestionnaireResponse", "status"): {"in-progress", "completed"},
    ("Observation", "status"): {"preliminary", "final"},
    ("DocumentReference", "status"): {"current"},
}
ITEM_TYPES = {"group", "display", "boolean", "decimal", "date", "text", "choice"}
ELEMENT = {"choice": "valueCoding", "text": "valueString", "decimal": "valueDecimal", "date": "valueDate", "boolean": "valueBoolean"}


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fhir") / "out"
    run(SAMPLES, folder, Options(policies=POLICIES))
    export(folder, "fhir")
    return folder


@pytest.fixture(scope="module")
def resources(out) -> dict[str, list[dict[str, Any]]]:
    return read(out / "export" / "fhir")


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [json.loads(line) for line in (folder / f"{name}.ndjson").read_text().splitlines()] for name in module.TYPES
    }


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def facts_of(out: Path) -> list[Fact]:
    return [Fact.from_dict(json.loads(line)) for line in (out / "facts.jsonl").read_text(encoding="utf-8").splitlines()]


def check(resource: dict[str, Any]) -> None:
    """The model of the resource, and what it leaves out: ids, strings and codes of required value sets."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert ID.fullmatch(resource["id"])
    name = resource["resourceType"]
    for (kind, element), codes in CODES.items():
        assert kind != name or resource[element] in codes
    for text in strings(resource):
        assert STRING.fullmatch(text) and text.strip() == text and not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(below)


def questions(items: list[dict[str, Any]], above: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All items of a form or an answered form, each with the linkId above it."""
    for item in items:
        yield above, item["linkId"], item
        yield from questions(item.get("item", []), item["linkId"])
        for answer in item.get("answer", []):
            yield from questions(answer.get("item", []), item["linkId"])


def answers(filled: dict[str, Any], link: str) -> list[dict[str, Any]]:
    return [answer for _, name, item in questions(filled["item"]) if name == link for answer in item.get("answer", [])]


def value(answer: dict[str, Any]) -> Any:
    found = next(content for element, content in answer.items() if element.startswith("value"))
    return found["code"] if isinstance(found, dict) else found


def places(element: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    for extension in element.get("extension", []):
        if extension["url"] == DERIVATION:
            parts = {part["url"]: part for part in extension["extension"]}
            start = parts["offset"]["valueInteger"]
            yield parts["reference"]["valueReference"]["reference"], start, start + parts["length"]["valueInteger"]


def origin(answer: dict[str, Any]) -> tuple[str, str | None]:
    (extension,) = [one for one in answer["extension"] if one["url"] == ORIGIN]
    source, *author = extension["extension"]
    names = [part["valueReference"]["display"] for one in author for part in one["extension"]]
    return source["valueCode"], names[0] if names else None


def check_filled(filled: dict[str, Any], form: dict[str, Any]) -> None:
    """What FHIR asks of an answered form: the items of the form at their place, answers of their type and options."""
    asked = {link: (above, item) for above, link, item in questions(form["item"])}
    seen = Counter((above, link) for above, link, item in questions(filled["item"]))
    for above, link, item in questions(filled["item"]):
        place, question = asked[link]
        given = item.get("answer", [])
        assert above == place and ("item" in item) == (question["type"] == "group")
        assert len(given) <= 1 or question["repeats"]
        for answer in given:
            assert ELEMENT[question["type"]] in answer
            if question["type"] == "choice":
                assert {"valueCoding": answer["valueCoding"]} in question["answerOption"]
            source, author = origin(answer)
            assert source in ("auto-client", "override", "manual") and (author is None) == (source == "auto-client")
    assert all(seen[above, link] == 1 for above, link in seen if asked[link][1]["type"] == "group")
    if filled["status"] == "completed":
        required = {link for link, (_, item) in asked.items() if item.get("required")}
        assert required <= {link for (_, link) in seen}


def test_every_resource_is_one_the_models_of_fhir_take(resources):
    for found in resources.values():
        assert found
        for resource in found:
            check(resource)
        ids = [resource["id"] for resource in found]
        assert len(set(ids)) == len(ids)


def test_all_references_lead_to_a_resource_of_the_export(resources):
    known = {f"{name}/{resource['id']}" for name, found in resources.items() for resource in found}
    text = json.dumps(resources)
    used = set(re.findall(r'"reference": "([^"]+)"', text))
    assert used and used <= known
    canonicals = {f"{form['url']}|{form['version']}" for form in resources["Questionnaire"]}
    assert {filled["questionnaire"] for filled in resources["QuestionnaireResponse"]} == canonicals


def test_answers_fit_the_form_they_name(resources):
    forms = {f"{form['url']}|{form['version']}": form for form in resources["Questionnaire"]}
    for filled in resources["QuestionnaireResponse"]:
        check_filled(filled, forms[filled["questionnaire"]])


def test_offset_and_length_cut_the_words_of_a_fact_out_of_the_note(out, resources):
    texts, words = {}, {(fact.note_id, fact.start, fact.end): fact.text for fact in facts_of(out)}
    by_reference = {f"DocumentReference/{one['id']}": one["identifier"][0]["value"] for one in resources["DocumentReference"]}
    for row in table(out, "notes.csv"):
        texts[row["note_id"]] = (SAMPLES / row["path"]).read_bytes().decode(row["encoding"])
    elements = [answer for filled in resources["QuestionnaireResponse"] for _, _, item in questions(filled["item"])
                for answer in item.get("answer", [])]  # fmt: skip
    cut = 0
    for element in [*elements, *resources["Observation"]]:
        for reference, start, end in places(element):
            note_id = by_reference[reference]
            assert texts[note_id][start:end] == words[note_id, start, end]
            cut += 1
    assert cut > 5000


def test_every_value_rests_on_words_and_statuses_on_the_evidence_of_the_verdict(out, resources):
    by_reference = {f"DocumentReference/{one['id']}": one["identifier"][0]["value"] for one in resources["DocumentReference"]}
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in resources["Patient"]}
    at = {fact.fact_id: (fact.note_id, fact.start, fact.end) for fact in facts_of(out)}
    evidence = {
        (row["patient_id"], row["policy"], row["criterion"]): {at[name] for name in row["evidence"].split(";") if name}
        for row in table(out, "criteria.csv")
    }
    for filled in resources["QuestionnaireResponse"]:
        policy = filled["questionnaire"].split("|")[0].rsplit(":", 1)[1]
        for _, link, item in questions(filled["item"]):
            for answer in item.get("answer", []):
                found = {(by_reference[note], start, end) for note, start, end in places(answer)}
                if link.endswith((".status", ".rationale")):
                    criterion = link.rsplit(".", 1)[0]
                    assert found == evidence[patients[filled["subject"]["reference"]], policy, criterion]
                else:
                    assert found


def test_statuses_and_reasons_are_those_of_the_tables(out, resources):
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in resources["Patient"]}
    told = set()
    for filled in resources["QuestionnaireResponse"]:
        policy = filled["questionnaire"].split("|")[0].rsplit(":", 1)[1]
        for group in filled["item"]:
            status, reason = (value(answers(filled, f"{group['linkId']}.{name}")[0]) for name in ("status", "rationale"))
            told.add((patients[filled["subject"]["reference"]], policy, group["linkId"], status, reason))
    rows = table(out, "criteria.csv")
    names = ("patient_id", "policy", "criterion", "status", "rationale")
    assert told == {tuple(row[name] for name in names) for row in rows}
    assert {row["status"] for row in rows} == {"met", "not_met", "missing", "review", "unverified", "incomplete", "excluded"}


def test_what_is_missing_has_no_answer_and_leaves_the_response_in_progress(out, resources):
    statuses: dict[tuple[str, str], set[str]] = {}
    for row in table(out, "criteria.csv"):
        statuses.setdefault((row["patient_id"], row["policy"]), set()).add(row["status"])
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in resources["Patient"]}
    unanswered, done = Counter(), 0
    for filled in resources["QuestionnaireResponse"]:
        policy = filled["questionnaire"].split("|")[0].rsplit(":", 1)[1]
        found = statuses[patients[filled["subject"]["reference"]], policy]
        if found & {"missing", "review", "incomplete"}:
            assert filled["status"] == "in-progress"
        if "met" in found and found <= {"met", "unverified"}:
            assert filled["status"] == "completed"
            done += 1
        for criterion, link in {"duration": "duration.months", "function": "function.odi", "pain_score": "pain_score.score"}.items():
            if [value(a) for a in answers(filled, f"{criterion}.status")] == ["missing"]:
                assert not answers(filled, link)
                unanswered[link] += 1
    assert done and len(unanswered) == 3


def test_values_are_those_of_the_evidence_table(out, resources):
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in resources["Patient"]}
    rows = {(row["patient_id"], row["policy"]): row for row in table(out, "patients.csv")}
    seen = Counter()
    for filled in resources["QuestionnaireResponse"]:
        policy = filled["questionnaire"].split("|")[0].rsplit(":", 1)[1]
        row = rows[patients[filled["subject"]["reference"]], policy]
        for link, column in {"duration.months": "duration_months", "function.odi": "odi", "function.odi_date": "odi_date",
                             "conservative_care.weeks": "conservative_weeks",
                             "pain_pattern.predominance": "pain_pattern_value"}.items():  # fmt: skip
            for answer in answers(filled, link):
                assert str(value(answer)) == row[column]
                seen[link] += 1
        for answer in answers(filled, "conservative_care.therapy.medication"):
            if value(answer) not in ("declined", "not_tried", "contraindicated"):
                assert f"{value(answer)}:" in row["therapies"]
                seen["medication"] += 1
        if [value(a) for a in answers(filled, "imaging.status")] == ["met"]:
            assert {value(a) for a in answers(filled, "imaging.levels")} <= set(row["modic_levels"].split(";"))
            assert {value(a) for a in answers(filled, "imaging.modic_type")} <= set(row["modic"].split(";"))
            seen["levels"] += 1
        if row["modic"] == "none" and [value(a) for a in answers(filled, "imaging.status")] == ["not_met"]:
            assert [value(a) for a in answers(filled, "imaging.modic_type")] == ["none"]
            seen["none"] += 1
    assert min(seen.values()) >= 10 and len(seen) == 8


def test_observations_are_the_scores_of_the_notes(out, resources):
    wanted = {
        (fact.patient_id, fact.note_date, fact.kind, fact.attributes["score"])
        for fact in facts_of(out)
        if fact.kind in ("odi", "pain_score") and fact.assertion == "present" and fact.attributes.get("score") is not None
    }
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in resources["Patient"]}
    found = set()
    for one in resources["Observation"]:
        code = one["code"].get("coding", [{"code": "72514-3"}])[0]["code"]
        kind = {"97909-6": "odi", "72514-3": "pain_score"}[code]
        found.add((patients[one["subject"]["reference"]], one.get("effectiveDateTime"), kind, one["valueQuantity"]["value"]))
        assert {reference for reference, _, _ in places(one)} == {one["derivedFrom"][0]["reference"]}
        assert one["status"] == "preliminary"
    assert found == wanted and len(found) > 50


def test_notes_stay_where_they_are(out, resources):
    """No text of a note is written, and no name of a patient is in a file name or an id."""
    for document in resources["DocumentReference"]:
        assert set(document["content"][0]["attachment"]) == {"contentType"}
    written = "".join(path.read_text() for path in (out / "export/fhir").glob("*.ndjson"))
    assert not any(json.dumps(fact.sentence)[1:-1] in written for fact in facts_of(out) if len(fact.sentence) > 40)
    names = {path.name for path in (out / "export/fhir").iterdir()}
    assert names == {*(f"{name}.ndjson" for name in module.TYPES), ".bvn-evidence-export"}


def test_the_same_run_gives_the_same_bytes(out, tmp_path):
    export(out, "fhir", tmp_path / "again")
    for path in (out / "export/fhir").glob("*.ndjson"):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("policy", list_policies(), ids=lambda policy: policy.id)
def test_every_policy_makes_a_sound_form(policy):
    info = PolicyInfo(policy.id, policy.title, policy.payer, policy.version or "", str(policy.effective_from or ""))
    form = form_of(info, policy, "").resource()
    check(form)
    links = [link for _, link, _ in questions(form["item"])]
    assert len(set(links)) == len(links)
    for _, _, item in questions(form["item"]):
        assert item["type"] in ITEM_TYPES
        assert (item["type"] == "group") == ("prefix" in item) and (item["type"] != "display" or set(item) == {"linkId", "text", "type"})
    assert policy.payer in form["publisher"] and policy.source_url in form["description"]
    assert form.get("effectivePeriod", {}).get("start") == (policy.effective_from and str(policy.effective_from))
    assert ("does not cover" in form["description"]) == (policy.position == "excludes")
    for criterion in policy.criteria:
        help_text = next(item["text"] for _, link, item in questions(form["item"]) if link == f"{criterion.id}.policy")
        assert criterion.source_grade in help_text and criterion.source in help_text
    assert links[-3:] == ["overall", "overall.status", "overall.rationale"]


def test_every_test_of_a_policy_is_asked_and_every_question_can_be_answered():
    assert set(ASKED) == set(READERS)
    made = [question for policy in list_policies() for group in form_of(PolicyInfo(policy.id), policy, "").groups.values()
            for question in group.questions]  # fmt: skip
    assert {question.role for question in made} <= set(ANSWERED)
    assert {child.role for question in made for child in question.children} == set(BELOW)


CLINIC = (
    "HPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. Physical therapy for 8 weeks, naproxen and "
    "activity modification for 9 months without relief. ODI 44%. Pain 6/10.\n"
)
MRI = "MRI LUMBAR SPINE\n\nFINDINGS:\nL4-L5: Modic type 1 endplate changes. No stenosis. Facets normal. Mild disc bulge.\n"
MY_POLICY = """\
id: my-plan
title: My plan
payer: My payer
source_url: https://example.org/policy.pdf
source_grade: primary
position: covers
criteria:
  - id: duration
    source: "page 2: low back pain for at least 12 months"
    source_grade: primary
    rule: {test: duration, op: ">=", months: 12}
  - id: age
    source: "page 2: skeletally mature"
    source_grade: primary
    rule: {test: attest, item: age, ask: The patient is skeletally mature}
exclusions:
  - id: no_bulge
    says: A bulge goes to review
    source: page 4
    source_grade: primary
    on_match: review
    when: {test: finding, kind: alternative, values: [disc_bulge]}
"""


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory) -> Path:
    """Notes of a FHIR bundle and of a web page, a policy of one's own, and a reviewer's decisions."""
    home = tmp_path_factory.mktemp("reviewed")
    policy, notes, file = home / "my-plan.yml", home / "notes", home / "reviews.jsonl"
    policy.write_text(MY_POLICY)
    (notes / "P2").mkdir(parents=True)
    (notes / "P2/2024-03-05_radiology.html").write_text(f"<html><body><pre>{MRI}</pre></body></html>")
    attachments = {"visit.2": ("P1", CLINIC), "letter": ("P2", "Doing well.")}
    bundle: list[dict[str, Any]] = [
        {"resourceType": "DocumentReference", "id": name, "status": "current", "subject": {"reference": f"Patient/{patient}"},
         "date": "2024-04-02T09:00:00Z",
         "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}]}
        for name, (patient, text) in attachments.items()
    ]  # fmt: skip
    bundle.append({"resourceType": "DiagnosticReport", "id": "mri-1", "status": "final", "code": {"text": "MRI lumbar spine"},
                   "subject": {"reference": "Patient/P1"}, "effectiveDateTime": "2024-03-05", "conclusion": MRI})  # fmt: skip
    entries = [{"resource": resource} for resource in bundle]
    (notes / "bundle.json").write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    options = Options(policies=("aspn-2022", str(policy)))
    run(notes, home / "plain", options)
    facts = {fact.kind: fact for fact in facts_of(home / "plain")}
    append(file, decide_fact(facts["symptom_duration"], "A. Lee", "correct", "it says 30", {"attributes": {"months": 30}}))
    append(file, decide_fact(facts["odi"], "A. Lee", "accept"))
    append(file, decide_verdict("P1", "my-plan", "age", "review", "B. Ruiz", "correct", "51 years old", "met"))
    append(file, decide_verdict("P1", "aspn-2022", "function", "met", "B. Ruiz", "accept"))
    append(file, decide_verdict("P2", "aspn-2022", "duration", "missing", "B. Ruiz", "correct", "letter of the GP", "met"))
    run(notes, home / "out", Options(policies=options.policies, reviews=file))
    return home


def test_origin_and_author_tell_what_reviewers_decided(reviewed):
    export(reviewed / "out", "fhir")
    found = read(reviewed / "out/export/fhir")
    for resource in (one for many in found.values() for one in many):
        check(resource)
    forms = {f"{form['url']}|{form['version']}": form for form in found["Questionnaire"]}
    patients = {f"Patient/{one['id']}": one["identifier"][0]["value"] for one in found["Patient"]} | {"Patient/P1": "P1"}
    filled = {}
    for one in found["QuestionnaireResponse"]:
        check_filled(one, forms[one["questionnaire"]])
        filled[patients[one["subject"]["reference"]], one["questionnaire"].split("|")[0].rsplit(":", 1)[1]] = one

    def origins(patient: str, policy: str, link: str) -> list[Any]:
        return [(value(answer), *origin(answer)) for answer in answers(filled[patient, policy], link)]

    assert origins("P1", "aspn-2022", "duration.months") == [(30, "override", "A. Lee")]
    assert origins("P1", "aspn-2022", "function.odi") == [(44, "auto-client", None)]
    assert origins("P1", "aspn-2022", "function.status") == [("met", "auto-client", None)]
    assert origins("P2", "aspn-2022", "duration.status") == [("met", "override", "B. Ruiz")]
    assert origins("P2", "aspn-2022", "duration.months") == []
    assert origins("P1", "my-plan", "age.status") == [("met", "override", "B. Ruiz")]
    assert origins("P1", "my-plan", "age.attest.age") == [(True, "manual", "B. Ruiz")]
    assert origins("P1", "my-plan", "no_bulge.status") == [("review", "auto-client", None)]
    assert origins("P1", "my-plan", "no_bulge.alternative") == [("disc_bulge", "auto-client", None)]
    statuses = {one["code"]["coding"][0]["code"]: one["status"] for one in found["Observation"]}
    assert statuses == {"97909-6": "final", "72514-3": "preliminary"}


def test_what_came_from_a_fhir_server_keeps_its_own_reference(reviewed):
    """Also a patient, unless one of the notes came from elsewhere."""
    export(reviewed / "out", "fhir")
    found = read(reviewed / "out/export/fhir")
    (page,) = found["DocumentReference"]
    assert page["identifier"][0]["value"] == "P2/2024-03-05_radiology"
    assert page["content"] == [{"attachment": {"contentType": "text/html"}}]
    assert [one["identifier"][0]["value"] for one in found["Patient"]] == ["P2"]
    for one in found["Observation"]:
        assert one["derivedFrom"] == [{"reference": "DocumentReference/visit.2"}]
        assert one["subject"] == {"reference": "Patient/P1"}
    first = next(one for one in found["QuestionnaireResponse"] if one["subject"] == {"reference": "Patient/P1"})
    (modic,) = answers(first, "imaging.modic_type")
    assert [reference for reference, _, _ in places(modic)] == ["DiagnosticReport/mri-1"]
    assert "path" not in json.dumps(modic)


def test_a_value_without_words_behind_it_is_no_answer():
    policy = list_policies()[0]
    case = Case("P", [], {}, [], [Verdict("P", policy.id, "duration", "met", "x")], {policy.id: {"duration_months": "12"}})
    filled = response(case, policy.id, form_of(PolicyInfo(policy.id), policy, ""), Chart("P", [], []), {})
    assert answers(filled, "duration.status") and not answers(filled, "duration.months")
    assert filled["status"] == "in-progress"


def test_a_policy_that_has_changed_since_gives_a_form_of_statuses_and_says_so(reviewed, tmp_path):
    kept = tmp_path / "kept.yml"
    policy = reviewed / "my-plan.yml"
    shutil.copy(policy, kept)
    try:
        policy.write_text(MY_POLICY.replace("months: 12", "months: 24"))
        told = export(reviewed / "out", "fhir", tmp_path / "fhir")
    finally:
        shutil.copy(kept, policy)
    assert [line for line in told if "my-plan is not as the run read it" in line]
    found = read(tmp_path / "fhir")
    forms = {f"{form['url']}|{form['version']}": form for form in found["Questionnaire"]}
    for one in found["QuestionnaireResponse"]:
        check_filled(one, forms[one["questionnaire"]])
    (plain,) = [form for form in found["Questionnaire"] if form["url"].endswith("my-plan")]
    check(plain)
    assert {link for _, link, item in questions(plain["item"]) if item["type"] == "group"} == {"duration", "age", "no_bulge", "overall"}


@pytest.mark.parametrize(
    ("status", "total", "part", "said"),
    [("met", 40, 8, [40]), ("review", 40, 8, [40]), ("review", 8, 40, []), ("met", None, 40, [40])],
)
def test_weeks_of_care_are_left_to_a_person_where_a_part_outlasts_the_total(status, total, part, said):
    stated = [("conservative_unspecified", total), ("nsaid", part)]
    facts = [
        Fact("therapy", "present", n, n + 1, "x", "x", "", "r", {"modality": name, "status": "tried", "duration_weeks": weeks},
             fact_id=f"n#{n}", patient_id="P", note_id="n")
        for n, (name, weeks) in enumerate(stated) if weeks
    ]  # fmt: skip
    policy = list_policies()[0]
    verdict = Verdict("P", policy.id, "conservative_care", status, "x", [], [fact.fact_id for fact in facts])
    case = Case("P", [], {}, facts, [verdict], {policy.id: {"conservative_weeks": str(total or part)}})
    filled = response(case, policy.id, form_of(PolicyInfo(policy.id), policy, ""), Chart("P", facts, []), {})
    assert [value(answer) for answer in answers(filled, "conservative_care.weeks")] == said


def test_hard_notes_and_names_make_sound_resources(tmp_path):
    _, hard = reviewed_run()
    export(hard, "fhir", tmp_path / "fhir")
    found = read(tmp_path / "fhir")
    forms = {f"{form['url']}|{form['version']}": form for form in found["Questionnaire"]}
    for resource in (one for many in found.values() for one in many):
        check(resource)
    for one in found["QuestionnaireResponse"]:
        check_filled(one, forms[one["questionnaire"]])
    undated = [one for one in found["DocumentReference"] if "without a date" in one["identifier"][0]["value"]]
    assert len(undated) == 1 and "context" not in undated[0]


WILD = st.text(st.characters(codec=None), min_size=1, max_size=20) | st.sampled_from(["\x00", "\u00a0", "\ud800", "a/b", "|"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WILD, WILD, WILD, WILD, st.floats(0, 1200), st.sampled_from(["met", "not_met", "missing", "review", "unverified"]))
def test_hostile_names_and_words_still_make_sound_resources(patient, note, reason, reviewer, months, status):
    fact = Fact("symptom_duration", "present", 0, 3, "abc", "abc", "", "r", {"months": months}, fact_id=f"{note}#1",
                patient_id=patient, note_id=note, note_date="2024-01-01",
                review={"origin": "corrected", "reviewer": reviewer, "when": "2024", "why": ""})  # fmt: skip
    verdicts = [Verdict(patient, "aspn-2022", "duration", status, reason, [], [fact.fact_id]),
                Verdict(patient, "aspn-2022", "overall", "review", reason)]  # fmt: skip
    row = NoteRow(note, patient, note, "processed", "", "utf-8", "0" * 64, 3, "2024-01-01")
    case = Case(patient, [row], {}, [fact], verdicts, {"aspn-2022": {"duration_months": str(months)}})
    case.marks["aspn-2022/overall"] = [f"overridden by {reviewer}"]
    policy = list_policies()[0]
    form = form_of(PolicyInfo(policy.id), policy, "")
    filled = response(case, policy.id, form, Chart(patient, [fact], [row]), {})
    finished = Finished(Path(), {})
    forms = {}
    made = [filled, form.resource(), *module._resources(case, finished, forms), *(one.resource() for one in forms.values())]
    for resource in made:
        check(resource)
        json.dumps(resource).encode("ascii")
    check_filled(filled, form.resource())


@pytest.mark.parametrize(
    ("note_id", "original"),
    [
        ("DocumentReference/a-1.b", "DocumentReference/a-1.b"),
        ("DocumentReference/a-1/html", "DocumentReference/a-1"),
        ("DiagnosticReport/7/conclusion", "DiagnosticReport/7"),
        ("P1/DocumentReference/7~2", "DocumentReference/7"),
        ("P1/2024-03-05_radiology", None),
        ("DocumentReference/a b", None),
        ("DocumentReference/" + "x" * 65, None),
    ],
)
def test_note_ids_of_fhir_resources_are_known(note_id, original):
    assert served(note_id) == original


@given(st.text(st.characters(codec=None)))
def test_a_string_of_fhir_is_what_was_written_but_for_what_it_cannot_hold(text):
    made = clean(text)
    assert made == "" or STRING.fullmatch(made)
    if text.isascii() and text.isprintable():
        assert made == text.strip()
