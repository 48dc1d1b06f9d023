"""`export --to omop`: NOTE and NOTE_NLP load into tables as CDM 5.4 defines them, and say what the facts say."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.export import export
from bvn_evidence.export.keys import LARGEST, Keys
from bvn_evidence.export.omop import meaning
from bvn_evidence.export.sentence import around, place
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Fact
from exported import MORE, facts_of, reviewed_run, table, texts_of

# The tables NOTE and NOTE_NLP of CDM 5.4, written from its field list; DuckDB does not enforce varchar(n), the checks do.
CDM = """
CREATE TABLE concept (concept_id integer PRIMARY KEY);
INSERT INTO concept VALUES (0), (32831), (32678), (4180186);
CREATE TABLE note (
  note_id integer PRIMARY KEY, person_id integer NOT NULL, note_date date NOT NULL, note_datetime timestamp,
  note_type_concept_id integer NOT NULL REFERENCES concept (concept_id),
  note_class_concept_id integer NOT NULL REFERENCES concept (concept_id),
  note_title varchar(250) CHECK (len(note_title) <= 250), note_text text NOT NULL,
  encoding_concept_id integer NOT NULL REFERENCES concept (concept_id),
  language_concept_id integer NOT NULL REFERENCES concept (concept_id),
  provider_id integer, visit_occurrence_id integer, visit_detail_id integer,
  note_source_value varchar(50) CHECK (len(note_source_value) <= 50),
  note_event_id integer, note_event_field_concept_id integer);
CREATE TABLE note_nlp (
  note_nlp_id integer PRIMARY KEY, note_id integer NOT NULL REFERENCES note (note_id),
  section_concept_id integer REFERENCES concept (concept_id), snippet varchar(250) CHECK (len(snippet) <= 250),
  "offset" varchar(50) CHECK (len("offset") <= 50),
  lexical_variant varchar(250) NOT NULL CHECK (len(lexical_variant) BETWEEN 1 AND 250),
  note_nlp_concept_id integer REFERENCES concept (concept_id),
  note_nlp_source_concept_id integer REFERENCES concept (concept_id),
  nlp_system varchar(250) CHECK (len(nlp_system) <= 250), nlp_date date NOT NULL, nlp_datetime timestamp,
  term_exists varchar(1) CHECK (term_exists IN ('Y', 'N')), term_temporal varchar(50),
  term_modifiers varchar(2000) CHECK (len(term_modifiers) <= 2000));
"""


def loaded(folder: Path, form: str, tables: str = CDM) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute(tables)
    for name in ("NOTE", "NOTE_NLP"):
        options = "(HEADER)" if form == "csv" else "(FORMAT parquet)"
        database.execute(f"COPY {name} FROM '{folder / name}.{form}' {options}")
    return database


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("omop") / "export"
    export(reviewed_run()[1], "omop", target)
    return target


@pytest.fixture(scope="module")
def database(folder) -> duckdb.DuckDBPyConnection:
    return loaded(folder, "csv")


def terms(database, where: str) -> list[dict[str, str]]:
    """NOTE_NLP rows with their modifiers, joined to the note."""
    found = database.execute(f"SELECT * FROM note_nlp JOIN note USING (note_id) WHERE {where} ORDER BY note_nlp_id")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{**row, **dict(pair.split("=") for pair in row["term_modifiers"].split(","))} for row in rows]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_fact_is_a_row_of_a_cdm_database_whose_offset_cuts_its_words_out_of_the_note(folder, form):
    _, out = reviewed_run()
    facts = facts_of(out)
    database = loaded(folder, form)
    rows = database.execute(
        'SELECT lexical_variant, substr(note_text, "offset"::int + 1, len(lexical_variant)) FROM note_nlp JOIN note USING (note_id)'
    ).fetchall()
    assert len(rows) == len(facts) > 30
    assert all(words == cut for words, cut in rows)
    assert Counter(words for words, _ in rows) == Counter(fact.text for fact in facts)


def test_both_forms_hold_the_same_rows_and_the_tables_that_come_along_take_them(folder):
    tables = (folder / "tables.sql").read_text()
    first, second = loaded(folder, "csv", tables), loaded(folder, "parquet", tables)
    for name in ("note", "note_nlp"):
        assert first.table(name).fetchall() == second.table(name).fetchall()
        cdm = loaded(folder, "csv").table(name)
        assert first.table(name).columns == cdm.columns and first.table(name).dtypes == cdm.dtypes


def test_notes_have_their_text_title_type_and_the_ids_behind_their_keys(folder, database):
    notes, _ = reviewed_run()
    rows = {row["note_source_id"]: row for row in table(folder / "keys.csv")}
    texts = texts_of(notes)
    assert "P002/2024-01-10_clinic" not in rows and "P003/2024-01-09_clinic" not in rows  # a duplicate, an empty note
    for note_id, row in rows.items():
        (found,) = database.execute("SELECT * FROM note WHERE note_id = ?", [row["note_id"]]).fetchall()
        assert found[1] == int(row["person_id"]) and found[4:6] == (32831, 0) and found[8:10] == (32678, 4180186)
        assert found[7] == texts[note_id].replace("\0", "\ufffd") and found[13] == note_id[:50]
    day = "SELECT note_date::text, note_title FROM note WHERE note_source_value = '2024-05-01_clinic'"
    assert database.execute(day).fetchall() == [("2024-05-01", "clinic")]
    assert len({row["person_id"] for row in rows.values()}) == len({row["patient_id"] for row in rows.values()}) == 5


def test_term_exists_and_temporal_follow_the_conventions_of_the_cdm(database):
    rows = terms(database, "note_source_value = '2024-05-01_clinic'")
    found = {row["lexical_variant"]: row for row in rows}
    expected = {
        "Modic changes": ("N", None, "subject", "family"),
        "sciatica": ("Y", "present", "uncertain", "moderate"),
        "leg pain": ("Y", "past", "assertion", "historical"),
        "weakness": ("N", None, "conditional", "true"),
        "Physical therapy": ("Y", "past", "status", "tried"),
        "Chiropractic care": ("N", None, "negation", "true"),
        "Epidural injection": ("N", None, "conditional", "true"),
        "M54.51": ("Y", "present", "code", "M54.51"),
    }
    assert set(found) == set(expected)
    for words, (exists, temporal, name, value) in expected.items():
        row = found[words]
        assert (row["term_exists"], row["term_temporal"], row[name]) == (exists, temporal, value)
    denied = terms(database, "lexical_variant = 'leg pain' AND note_source_value LIKE 'P001%'")
    assert [(row["term_exists"], row["negation"], row["cue"]) for row in denied] == [("N", "true", "assertion.denies")]


def test_modifiers_carry_levels_values_and_codes(database):
    (modic,) = terms(database, "term_modifiers LIKE 'kind=modic,%' AND note_source_value LIKE 'P001%'")
    assert (modic["type"], modic["levels"], modic["basis"]) == ("1", "L4-L5", "named")
    (care,) = terms(database, "term_modifiers LIKE '%modality=conservative_unspecified%'")
    assert (care["duration_weeks"], care["outcome"]) == ("39.1", "failed")
    assert terms(database, "lexical_variant = 'ODI 36%'")[0]["loinc"] == "97909-6"


def test_rejected_facts_are_not_there_and_origins_are(database):
    mine = terms(database, "note_source_value = 'P001/2024-04-02_clinic'")
    assert not [row for row in mine if row["kind"] == "pain_score"]
    origins = {row["kind"]: (row["origin"], row.get("score")) for row in mine}
    assert origins["odi"] == ("corrected", "46") and origins["axial_pain"] == ("accepted", None)
    assert {row["origin"] for row in mine} == {"auto", "corrected", "accepted"}


def test_the_snippet_of_a_long_sentence_is_the_part_around_the_words(database):
    (row,) = terms(database, "note_source_value = '2024-05-02_clinic'")
    assert len(row["snippet"]) == 250 and 100 < row["snippet"].index("sciatica") < 150


def test_system_and_date_are_those_of_the_run(database):
    info = json.loads((reviewed_run()[1] / "run.json").read_text())
    said = database.execute("SELECT DISTINCT nlp_system, nlp_date::text, nlp_datetime FROM note_nlp").fetchall()
    when = info["timings"]["finished"]
    assert len(said) == 1 and said[0][1] == when[:10] and said[0][2].isoformat() + "+00:00" == when
    assert said[0][0] == f"bvn-evidence {info['stamp']['program']} (lexicons {info['stamp']['lexicons']})"


def test_a_note_without_a_date_or_a_text_is_told(tmp_path):
    _, out = reviewed_run()
    copy = Path(shutil.copytree(out, tmp_path / "out"))
    info = json.loads((copy / "run.json").read_text())
    info["options"]["notes"] = str(tmp_path / "gone.jsonl")
    (copy / "run.json").write_text(json.dumps(info))
    told = export(copy, "omop")
    assert any("notes have no date" in line for line in told) and any("are gone" in line for line in told)
    database = loaded(copy / "export/omop", "csv")
    assert database.execute("SELECT count(*) FROM note WHERE note_text NOT LIKE '(text not at hand: the file%'").fetchall() == [(0,)]
    undated = database.execute("SELECT count(*) FROM note WHERE note_date = '1970-01-01'").fetchall()
    assert undated == [(sum(not note_id.startswith("20") for note_id in MORE),)]


def test_a_note_table_that_is_read_again_keeps_its_ids_and_offsets(folder, database, tmp_path):
    """Our NOTE.csv is an OMOP NOTE table; its ids are integers, and stay what they are."""
    run(folder / "NOTE.csv", tmp_path / "out", Options(report=False))
    export(tmp_path / "out", "omop")
    again = loaded(tmp_path / "out/export/omop", "csv")
    for columns in ("note_id, person_id, note_date, note_text", "note_id, note_title"):
        query = f"SELECT {columns} FROM note ORDER BY note_id"
        assert again.execute(query).fetchall() == database.execute(query).fetchall()
    query = """SELECT note_id, "offset", lexical_variant, term_exists FROM note_nlp ORDER BY ALL"""
    first, second = database.execute(query).fetchall(), again.execute(query).fetchall()
    rejected = [row for row in second if row not in first]
    assert [row[2] for row in rejected] == ["6/10"] and len(second) == len(first) + 1


def test_ids_too_wide_for_the_cdm_stay_what_they_are_too(tmp_path):
    rows = [(7, 3_000_000_000, "ODI 40%."), (-12, 5, "Denies leg pain.")]
    (tmp_path / "note.csv").write_text(
        "person_id,note_id,note_text,note_date\n" + "".join(f"{p},{n},{t},2024-01-01\n" for p, n, t in rows)
    )
    run(tmp_path / "note.csv", tmp_path / "out", Options(report=False))
    export(tmp_path / "out", "omop")
    folder = tmp_path / "out/export/omop"
    database = loaded(folder, "parquet", (folder / "tables.sql").read_text())
    found = database.execute("SELECT person_id, note_id, note_text FROM note JOIN note_nlp USING (note_id) ORDER BY ALL").fetchall()
    assert found == sorted(rows)


def test_without_pyarrow_there_is_csv_only(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    export(reviewed_run()[1], "omop", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("."))
    assert names == ["NOTE.csv", "NOTE_NLP.csv", "keys.csv", "tables.sql"]


def test_keys_are_the_same_in_every_export_and_never_shared(monkeypatch):
    names = [f"P{number}" for number in range(300)]
    keys, again = Keys(), Keys()
    first = [keys.of(name) for name in names]
    assert first == [again.of(name) for name in names] and len(set(first)) == 300
    assert all(1 <= key <= LARGEST for key in first)
    monkeypatch.setattr("bvn_evidence.export.keys.LARGEST", 300)
    narrow = Keys()
    assert sorted(narrow.of(name) for name in names) == list(range(1, 301))


@given(st.text("ab \n", max_size=30), st.text("ab\n", min_size=1, max_size=8), st.text("ab \n", max_size=30), st.data())
def test_the_place_of_the_words_in_their_sentence_is_exact(before, words, after, data):
    text = before + words + after
    start = len(before)
    first = data.draw(st.integers(0, start))
    last = data.draw(st.integers(start + len(words), len(text)))
    fact = Fact("code", "present", start, start + len(words), words, text[first:last], "plan", "r", {})
    at, end = place(fact, text)
    assert fact.sentence[at:end] == words
    blind = place(fact, None)
    assert blind is not None and fact.sentence[blind[0] : blind[1]] == words
    assert words in around(fact, text, 12) and len(around(fact, text, 12)) <= 12


@pytest.mark.parametrize("status", ["planned", "declined", "not_tried", "contraindicated"])
def test_a_therapy_the_patient_did_not_have_does_not_exist(status):
    fact = Fact("therapy", "present", 0, 1, "x", "x", "plan", "r", {"modality": "nsaid", "status": status})
    assert meaning(fact)
    assert not meaning(Fact("therapy", "present", 0, 1, "x", "x", "plan", "r", {"modality": "nsaid", "status": "ongoing"}))
