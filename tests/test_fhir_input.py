"""FHIR bundles and NDJSON, OMOP tables and documents as the input of a run: each note read once, every input listed."""

from __future__ import annotations

import base64
import csv
import json
import shutil
import stat
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bvn_evidence
import documents
from bvn_evidence.errors import UserError
from bvn_evidence.fhir_resource import NOTE_TYPE_CODES, type_of
from test_corpus import read

TEXT = "Low back pain for 3 years. Modic type 2 at L4-L5."
INPUTS = documents.SAMPLES / "inputs"


def written(folder: Path, *resources: dict, name: str = "bundle.json") -> Path:
    file = folder / name
    if name.endswith(".ndjson"):
        file.write_text("".join(json.dumps(one) + "\n" for one in resources))
    else:
        file.write_text(json.dumps(documents.bundle(*resources)))
    return file


def note(name: str, *attachments: dict, **more) -> dict:
    return documents.document(
        name, "P1", "2024-03-05", "11506-3", *(attachments or (documents.attachment("txt", TEXT),)), **more
    )


def test_the_resources_of_these_tests_are_valid_fhir():
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.diagnosticreport import DiagnosticReport

    Bundle.model_validate(json.loads((INPUTS / "fhir" / "bundle.json").read_text()))
    Bundle.model_validate(documents.bundle(*documents.resources()))
    DiagnosticReport.model_validate(documents.report("r", "P1", "2024-03-05", conclusion="x"))


# what a resource says


def test_patient_date_type_and_id_come_from_the_resource(tmp_path):
    seen = {"period": {"start": "2024-03-01T09:00:00-05:00"}}
    file = written(tmp_path, note("a", context=seen), documents.report("b", "P2", "2024-04-02", conclusion=TEXT))
    rows, notes = read(file)
    visit, mri = notes["DocumentReference/a"], notes["DiagnosticReport/b"]
    assert (visit.patient_id, visit.note_date, visit.note_type, visit.encoding) == (
        "P1",
        "2024-03-01",
        "clinic",
        "fhir+utf-8",
    )
    assert (mri.patient_id, mri.note_date, mri.note_type, mri.text) == ("P2", "2024-04-02", "radiology", TEXT)
    assert set(rows) == {"bundle.json:1", "bundle.json:2"}


@pytest.mark.parametrize(
    "subject,patient",
    [
        ({"reference": "https://example.org/fhir/Patient/7/_history/2"}, "7"),
        ({"reference": "urn:uuid:0c3"}, "7a"),
        ({"reference": "urn:uuid:0c4"}, "0c4"),
        ({"reference": "#own"}, "MRN9"),
        ({"identifier": {"value": "MRN8"}}, "MRN8"),
        ({"reference": "Group/7"}, ""),
        ({"reference": 7}, ""),
        (None, ""),
    ],
)
def test_whose_note_it_is(tmp_path, subject, patient):
    contained = [{"resourceType": "Patient", "id": "own", "identifier": [{"value": "MRN9"}]}]
    bundle = documents.bundle(note("a", subject=subject, contained=contained))
    bundle["entry"].append({"fullUrl": "urn:uuid:0c3", "resource": {"resourceType": "Patient", "id": "7a"}})
    bundle["entry"].append({"fullUrl": "urn:uuid:0c4", "resource": {"resourceType": "Patient"}})
    (tmp_path / "b.json").write_text(json.dumps(bundle))
    row = read(tmp_path / "b.json")[0]["b.json:1"]
    assert row.patient_id == patient
    assert (row.status == "processed") == bool(patient) and (bool(row.reason) != bool(patient))


def test_codes_decide_the_type_and_names_where_no_code_is_known():
    assert type_of({"type": documents.concept("34748-4")}) == "telephone"
    assert type_of({"type": {"text": "Physical therapy Progress note"}}) == "pt"
    assert type_of({"code": {"coding": [{"code": "x", "display": "MR Lumbar spine WO contrast"}]}}) == "radiology"
    assert type_of({"type": documents.concept("34109-9"), "category": ["odd", {"coding": "odd"}]}) is None
    codes = [code for kinds in NOTE_TYPE_CODES.values() for found in kinds.values() for code in found]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    "more,said",
    [
        ({"status": "entered-in-error"}, "entered in error"),
        ({"docStatus": "entered-in-error"}, "entered in error"),
        ({"status": "superseded"}, "superseded by another document"),
    ],
)
def test_withdrawn_documents_are_rejected(tmp_path, more, said):
    row = read(written(tmp_path, note("a", **more)))[0]["bundle.json:1"]
    assert (row.status, row.reason, row.patient_id) == ("rejected", said, "P1")
    binary = {"resourceType": "Binary", "id": "t", "data": "eA=="}
    rows = read(written(tmp_path, note("a", {"url": "Binary/t"}, {"data": "eA=="}, **more), binary))[0]
    assert [(row.status, row.reason) for row in rows.values()] == [("rejected", said)]


# attachments


def test_of_several_forms_of_a_document_the_plain_text_is_read_and_the_others_are_listed(tmp_path):
    forms = [documents.attachment(kind, TEXT) for kind in ("pdf", "html", "txt")]
    rows, notes = read(written(tmp_path, note("a", *forms)))
    assert set(notes) == {"DocumentReference/a"} and notes["DocumentReference/a"].text == TEXT
    others = [row for row in rows.values() if row.note_id != "DocumentReference/a"]
    assert [row.status for row in others] == ["duplicate"] * 2
    assert {row.reason for row in others} == {"another form of DocumentReference/a, which is read (fhir+utf-8)"}


def test_where_the_form_of_a_report_is_a_scan_its_conclusion_is_read(tmp_path):
    scan = {"contentType": "application/pdf", "data": base64.b64encode(documents.scan()).decode()}
    report = documents.report("r", "P1", "2024-03-05", presentedForm=[scan], conclusion="Modic type 1 at L5-S1.")
    rows, notes = read(written(tmp_path, report))
    assert notes["DiagnosticReport/r/conclusion"].text == "Modic type 1 at L5-S1."
    assert rows["bundle.json:1"].reason == "a scan without text layer; run OCR first"
    read_form = documents.report("r", "P1", "2024-03-05", presentedForm=[documents.attachment("rtf", TEXT)], conclusion="x")
    rows, notes = read(written(tmp_path, read_form))
    assert set(notes) == {"DiagnosticReport/r"} and rows["bundle.json:1/conclusion"].status == "duplicate"


@pytest.mark.parametrize("url", ["Binary/t", "https://example.org/fhir/Binary/t/_history/3", "urn:uuid:9", "#t"])
def test_an_address_leads_to_a_binary_of_the_input_and_never_to_the_network(tmp_path, url):
    binary = {"resourceType": "Binary", "id": "t", "contentType": "text/plain", "data": "TW9kaWMgdHlwZSAx"}
    contained = [binary] if url == "#t" else []
    bundle = documents.bundle(note("a", {"url": url}, contained=contained))
    if not contained:
        bundle["entry"].append({"fullUrl": "urn:uuid:9", "resource": binary})
    (tmp_path / "b.json").write_text(json.dumps(bundle))
    assert read(tmp_path / "b.json")[1]["DocumentReference/a"].text == "Modic type 1"


def test_empty_data_does_not_hide_the_address_beside_it(tmp_path):
    binary = {"resourceType": "Binary", "id": "t", "contentType": "text/plain", "data": "TW9kaWMgdHlwZSAx"}
    assert read(written(tmp_path, note("a", {"url": "Binary/t", "data": ""}), binary))[1]["DocumentReference/a"].text


def test_what_a_binary_holds_is_judged_like_what_is_inline(tmp_path):
    plain = {"resourceType": "Binary", "id": "t", "contentType": "text/plain", "data": "TW9kaWMgdHlwZSAx"}
    xml = {"resourceType": "Binary", "id": "x", "contentType": "application/hl7-sdwg+xml", "data": "PGE+"}
    bare = {"data": base64.b64encode(b"<?xml version='1.0'?><ClinicalDocument/>").decode()}
    forms = [documents.attachment("pdf", TEXT), {"url": "Binary/x"}, {"url": "Binary/t"}, bare]
    rows, notes = read(written(tmp_path, note("a", *forms), plain, xml))
    assert notes["DocumentReference/a"].text == "Modic type 1"
    assert [row.reason for row in rows.values()][-1].startswith("application/hl7-sdwg+xml: not read")
    rows, notes = read(written(tmp_path, note("a", bare)))
    assert not notes and "an XML document" in rows["bundle.json:1"].reason


def test_what_cannot_be_read_of_an_attachment_is_said(tmp_path):
    odd = {"contentType": "image/png", "data": "aaaa"}
    reasons = {}
    for number, attachment in enumerate(
        [{"url": "https://example.org/n"}, odd, {"data": "%%%"}, {"data": 5}, {"title": "x"}, {"contentType": 3, "data": ""}]
    ):
        rows, found = read(written(tmp_path, note("a", attachment)))
        assert not found
        reasons[number] = (rows["bundle.json:1"].status, rows["bundle.json:1"].reason)
    assert "nothing is fetched" in reasons[0][1] and "example.org" not in reasons[0][1]
    assert "image/png: not read" in reasons[1][1]
    assert reasons[2] == reasons[3] == ("rejected", "its data is not base64")
    assert reasons[4] == ("empty", "an attachment without data") and reasons[5] == ("empty", "no text")


# files


def test_a_bulk_export_is_read_across_its_files_and_beside_text_files(tmp_path):
    binary = {"resourceType": "Binary", "id": "t", "data": "TW9kaWMgdHlwZSAx"}
    orphan = {"resourceType": "Binary", "id": "u", "data": "eA=="}
    written(tmp_path, binary, orphan, name="Binary.ndjson")
    written(tmp_path, {"resourceType": "Patient", "id": "P1"}, name="Patient.ndjson")
    written(tmp_path, note("a", {"url": "Binary/t"}), {"resourceType": "Encounter"}, name="DocumentReference.ndjson")
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1" / "2024-04-01_clinic.txt").write_text(TEXT)
    (tmp_path / "P1" / "2024-04-02_clinic.docx").write_bytes(documents.docx(TEXT + " More."))
    (tmp_path / "NOTE.csv").write_text("x")
    rows, notes = read(tmp_path)
    assert {(one.patient_id, one.encoding) for one in notes.values()} == {
        ("P1", "fhir+utf-8"),
        ("P1", "utf-8"),
        ("P1", "docx"),
    }
    said = {path: (row.status, row.reason) for path, row in rows.items() if row.status != "processed"}
    assert said == {
        "Binary.ndjson": ("empty", "no notes in it (Binary)"),
        "Binary.ndjson:2": ("rejected", "a Binary that no note names"),
        "Patient.ndjson": ("empty", "no notes in it (Patient)"),
        "NOTE.csv": ("rejected", "a table (.csv): give it to run by itself"),
    }


def test_ids_that_two_bundles_share_are_kept_apart(tmp_path):
    written(tmp_path, note("1"), name="a.json")
    other = documents.document("1", "P2", "2024-01-01", "11506-3", documents.attachment("txt", TEXT))
    written(tmp_path, other, name="b.json")
    assert set(read(tmp_path)[1]) == {"P1/DocumentReference/1", "P2/DocumentReference/1"}


def test_damaged_json_costs_its_own_line(tmp_path):
    good = json.dumps(note("a"))
    (tmp_path / "x.ndjson").write_text(f"{good}\n{{broken\n[1]\n\n{'[' * 100_000}\n")
    (tmp_path / "y.json").write_text('{"a": ')
    (tmp_path / "z.json").write_text('{"name": "no FHIR"}')
    rows, notes = read(tmp_path)
    assert set(notes) == {"DocumentReference/a"}
    assert {path: row.reason for path, row in rows.items() if row.status == "rejected"} == {
        "x.ndjson:2": "not valid JSON: a line holds one resource",
        "x.ndjson:3": "not valid JSON: a line holds one resource",
        "x.ndjson:5": "not valid JSON: a line holds one resource",
        "y.json": "not valid JSON",
        "z.json": "no FHIR resources in it: export the notes as text, or as a FHIR bundle",
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["resourceType", "id", "subject", "reference", "identifier", "value", "content", "attachment", "data", "url",
         "contentType", "presentedForm", "conclusion", "type", "coding", "code", "category", "context", "period",
         "start", "status", "contained", "entry", "resource", "fullUrl", "date"]), inner, max_size=5),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(["DocumentReference", "DiagnosticReport", "Binary", "Bundle", "Patient"]))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_shape_of_a_resource_stops_the_run(tmp_path, value, kind):
    resource = {**value, "resourceType": kind} if isinstance(value, dict) else value
    (tmp_path / "x.json").write_text(json.dumps(resource))
    rows, _ = read(tmp_path / "x.json")
    assert rows and all(row.reason for row in rows.values() if row.status != "processed")


# OMOP


def test_an_omop_note_table_is_known_by_its_columns(tmp_path):
    header = "NOTE_ID,PERSON_ID,NOTE_DATE,NOTE_DATETIME,NOTE_CLASS_CONCEPT_ID,NOTE_TITLE,NOTE_TEXT\n"
    (tmp_path / "n.csv").write_text(f'{header}1,7,,2024-03-05 10:00:00,0,MR Lumbar spine,"{TEXT}"\n2,7,2024-03-06,,0,,x\n')
    _, notes = read(tmp_path / "n.csv")
    assert (notes["1"].patient_id, notes["1"].note_date, notes["1"].note_type, notes["1"].text) == (
        "7",
        "2024-03-05",
        "radiology",
        TEXT,
    )
    assert notes["2"].note_date == "2024-03-06"


def test_omop_as_parquet_and_json_lines_is_the_same(tmp_path):
    import datetime

    import pyarrow
    import pyarrow.parquet

    row = {"note_id": 1, "person_id": 7, "note_date": datetime.date(2024, 3, 5), "note_title": "Progress note"}
    table = pyarrow.Table.from_pylist([{**row, "note_text": TEXT}])
    pyarrow.parquet.write_table(table.rename_columns([name.upper() for name in table.column_names]), tmp_path / "n.parquet")
    (tmp_path / "n.jsonl").write_text(json.dumps({**row, "note_date": "2024-03-05", "note_text": TEXT}) + "\n")
    for name in ("n.parquet", "n.jsonl"):
        one = read(tmp_path / name)[1]["1"]
        assert (one.patient_id, one.note_date, one.note_type, one.text) == ("7", "2024-03-05", "clinic", TEXT)


def test_a_table_with_neither_kind_of_columns_is_still_the_users_error(tmp_path):
    (tmp_path / "n.csv").write_text("note_id,person_id\n1,2\n")
    with pytest.raises(UserError, match="no column patient_id and no column text"):
        read(tmp_path / "n.csv")


# a run


def facts_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "facts.jsonl").read_text(encoding="utf-8").splitlines()]


def said(facts: list[dict]) -> list[str]:
    """What was found, without where."""
    return sorted(json.dumps([fact["kind"], fact["assertion"], fact["attributes"]], sort_keys=True) for fact in facts)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The facts of sample S003 read from its text files."""
    notes = tmp_path_factory.mktemp("plain") / "notes" / "S003"
    notes.mkdir(parents=True)
    for name, text in documents.chart().items():
        (notes / f"{name}.txt").write_text(text, encoding="utf-8")
    return said(_run(notes.parent, tmp_path_factory.mktemp("plain-out") / "out"))


def _run(notes: Path, out: Path, **options) -> list[dict]:
    from bvn_evidence.runner import Options, run

    run(notes, out, Options(keep_text=True, **options))
    return facts_of(out)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run over documents and a FHIR export side by side."""
    folder = tmp_path_factory.mktemp("documents")
    shutil.copytree(INPUTS / "documents" / "S003", folder / "notes" / "D003")
    shutil.copytree(INPUTS / "bulk", folder / "notes" / "bulk")
    _run(folder / "notes", folder / "out")
    return folder


def test_documents_and_fhir_say_what_the_text_files_say(done, plain):
    facts = facts_of(done / "out")
    from_documents = [fact for fact in facts if fact["note_id"].startswith("D003/")]
    from_fhir = [fact for fact in facts if fact["note_id"].startswith(("DocumentReference/", "DiagnosticReport/"))]
    assert said(from_documents) == said(from_fhir) == plain


def test_offsets_are_those_of_the_texts_that_are_kept_and_only_the_owner_reads_them(done):
    texts = done / "out" / "texts"
    facts = facts_of(done / "out")
    for fact in facts:
        text = (texts / (quote(fact["note_id"], safe=" ") + ".txt")).read_bytes().decode("utf-8")
        assert text[fact["start"] : fact["end"]] == fact["text"]
    assert stat.S_IMODE(texts.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in texts.iterdir()} == {0o600}
    with (done / "out" / "notes.csv").open(encoding="utf-8", newline="") as file:
        processed = [row for row in csv.DictReader(file) if row["status"] == "processed"]
    assert len(list(texts.iterdir())) == len(processed) == 8


def test_the_report_shows_what_was_extracted_also_when_it_is_built_anew(done):
    from bvn_evidence.report.rebuild import rebuild

    page = next((done / "out" / "report" / "patients").glob("*.html"))
    first = page.read_text(encoding="utf-8")
    assert "Sagittal" in first or "MR LUMBAR SPINE" in first
    assert not [line for line in rebuild(done / "out") if "changed" in line]
    assert page.read_text(encoding="utf-8") == first
    assert (done / "out" / "texts").is_dir()


def test_a_run_without_keep_text_leaves_no_texts_of_an_earlier_one(done, tmp_path):
    from bvn_evidence.runner import Options, run

    _run(INPUTS / "fhir", tmp_path / "out", report=False)
    assert (tmp_path / "out" / "texts" / "DocumentReference%2Fvisit.txt").exists()
    run(INPUTS / "fhir", tmp_path / "out", Options(report=False, resume=True))
    assert not (tmp_path / "out" / "texts").exists()


def test_the_python_interface_takes_the_same(plain):
    results = bvn_evidence.run(INPUTS / "omop" / "NOTE.csv")
    assert len(results.facts) == len(plain) and results.texts == {}
    results = bvn_evidence.run(INPUTS / "fhir" / "bundle.json", keep_text=True)
    assert len(results.facts) == len(plain)
    for fact in results.facts.itertuples():
        assert results.texts[fact.note_id][fact.start : fact.end] == fact.text


def test_one_document_can_be_explained():
    from bvn_evidence.corpus import single_note

    assert "endplate" in single_note(INPUTS / "documents" / "S003" / "2024-02-08_radiology.pdf").text
    with pytest.raises(UserError, match="not one note"):
        single_note(INPUTS / "fhir" / "bundle.json")
    with pytest.raises(UserError, match="a scan without text layer"):
        single_note(INPUTS / "documents" / "S003" / "2024-02-21_fax.pdf")
