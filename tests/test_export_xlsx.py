"""`export --to xlsx`: a workbook that opens, whose cells are text, numbers and dates, and never formulas."""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock

from bvn_evidence.case import Case
from bvn_evidence.corpus import NoteRow
from bvn_evidence.export import export, workbook
from bvn_evidence.export.dictionary import rows as dictionary_rows
from bvn_evidence.export.sheets import evidence_row
from bvn_evidence.export.workbook import Book, Column, Link, Marked, Sheet, clean
from bvn_evidence.schema import ASSERTIONS, ATTRIBUTES, KINDS
from bvn_evidence.tables import unescaped
from bvn_evidence.wording import DISCLAIMER, STATUS_WORDS
from exported import facts_of, reviewed_run, table

SHEETS = ["Evidence", "Criteria", "Facts", "Requests", "Data dictionary", "About"]
MADE = datetime(2026, 1, 2)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("xlsx") / "export"
    export(reviewed_run()[1], "xlsx", target)
    return target / "evidence.xlsx"


@pytest.fixture(scope="module")
def book(file):
    return load_workbook(file, rich_text=True)


def rows(sheet) -> list[dict[str, object]]:
    first, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(first, row, strict=True)) for row in others]


def csv_rows(name: str) -> list[dict[str, str]]:
    return [{key: unescaped(cell) for key, cell in row.items()} for row in table(reviewed_run()[1] / name)]


def seen(text: str) -> str:
    """A text as a cell shows it: in one line, without control characters."""
    return re.sub("[\x00-\x08\u202e\u202c\ufffe]", "\ufffd", " ".join(text.split()))


def test_the_sheets_are_there_with_frozen_headers_and_filters(book):
    assert book.sheetnames == SHEETS
    for name in SHEETS[:5]:
        sheet = book[name]
        assert sheet.freeze_panes in ("A2", "B2") and sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.value and cell.font.bold for cell in sheet[1])
        assert all(sheet.column_dimensions[cell.column_letter].width >= 7 for cell in sheet[1])


def test_evidence_is_the_evidence_table_in_words_numbers_and_dates(book):
    shown, expected = rows(book["Evidence"]), csv_rows("patients.csv")
    assert [(row["Patient"], row["Policy"]) for row in shown] == [(row["patient_id"], row["policy"]) for row in expected]
    for row, line in zip(shown, expected, strict=True):
        for name in ("overall", "imaging", "function", "psychosocial"):
            assert row[name.capitalize()] == (STATUS_WORDS[line[name]] if line[name] else None)
        assert row["Notes read"] == int(line["n_notes"])
        assert row["Duration (months)"] == (float(line["duration_months"]) if line["duration_months"] else None)
        assert row["ODI (%)"] == (float(line["odi"]) if line["odi"] else None)
        assert row["ODI date"] == (datetime.fromisoformat(line["odi_date"]) if line["odi_date"] else None)
    assert any(row["ODI date"] for row in shown) and any(row["Inputs not read"] for row in shown)
    (first,) = [row for row in shown if (row["Patient"], row["Policy"]) == ("P001", "aspn-2022")]
    assert (first["ODI (%)"], first["Modic type"], first["Modic levels"]) == (46, "1", "L4-L5")
    assert "NSAID" in first["Therapies"] and "Conservative care (failed)" in first["Therapies"]


def test_a_patient_leads_to_the_criteria_and_facts_of_that_patient(book):
    sheet = book["Evidence"]
    links = 0
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink:
                name, place = re.fullmatch(r"'(\w+)'!([A-Z]+\d+)", cell.hyperlink.location).groups()
                assert book[name][place].value == row[0].value
                assert book[name].cell(book[name][place].row - 1, 1).value != row[0].value
                links += 1
    assert links > len(rows(sheet))


def test_statuses_have_colours_and_words(book):
    sheet = book["Evidence"]
    ruled = {rule.formula[0].strip('"'): (str(where.sqref), rule.dxf) for where, found in sheet.conditional_formatting._cf_rules.items() for rule in found}
    assert set(ruled) == set(STATUS_WORDS.values())
    assert all(dxf.fill.bgColor.rgb and dxf.font.color.rgb for _, dxf in ruled.values())
    status = {row["Overall"] for row in rows(sheet)}
    assert status <= set(STATUS_WORDS.values()) and len(status) > 1


def test_criteria_say_why_with_the_words_of_the_notes_and_who_decided(book):
    shown, expected = rows(book["Criteria"]), csv_rows("criteria.csv")
    assert len(shown) == len(expected)
    for row, line in zip(shown, expected, strict=True):
        assert row["Why"] == seen(line["rationale"]) and row["Status"] == STATUS_WORDS[line["status"]]
        assert (row["Facts"] or "") == ("" if line["criterion"] == "overall" else line["evidence"].replace(";", ", "))
    (imaging,) = [row for row in shown if (row["Patient"], row["Policy"], row["Criterion"]) == ("P001", "aspn-2022", "Imaging")]
    assert "“Modic type 1 endplate changes” (2024-03-05, radiology)" in imaging["In the words of the notes"]
    (decided,) = [row for row in shown if (row["Patient"], row["Policy"], row["Criterion"]) == ("P002", "aspn-2022", "Imaging")]
    assert "B. Ruiz" in decided["Reviewed"] and decided["Status"] == "Met"


def test_every_fact_stands_in_its_sentence_with_its_own_words_marked(book):
    shown, facts = rows(book["Facts"]), facts_of(reviewed_run()[1])
    assert [row["Fact id"] for row in shown] == [fact.fact_id for fact in facts]
    whole = 0
    for number, (row, fact) in enumerate(zip(shown, facts, strict=True), 2):
        sentence = row["Sentence"]
        if isinstance(sentence, CellRichText):
            (marked,) = [part for part in sentence if isinstance(part, TextBlock) and part.font.b]
            assert marked.text == seen(fact.text) and marked.font.color
            assert len(fact.sentence) > 1000 or str(sentence) == seen(fact.sentence)
        else:
            assert sentence == seen(fact.sentence) == seen(fact.text)
            assert book["Facts"].cell(number, list(row).index("Sentence") + 1).font.b
            whole += 1
        assert (row["Start"], row["End"]) == (fact.start, fact.end)
        assert row["Date"] == (datetime.fromisoformat(fact.note_date) if fact.note_date else None)
    assert whole < len(facts) / 2
    by_kind = {row["Kind"]: row for row in shown if row["Note"] == "P001/2024-04-02_clinic"}
    assert "ODI 46 %" in by_kind["ODI"]["What it says"] and "corrected by A. Lee" in by_kind["ODI"]["Reviewed"]
    assert "Function" in by_kind["ODI"]["Used for"] and "Pain score" not in by_kind


def test_requests_are_those_of_the_request_list(book):
    shown = rows(book["Requests"])
    missing = (reviewed_run()[1] / "missing.md").read_text()
    assert len(shown) == len(re.findall(r"(?m)^- \*\*.*?\*\* \(", missing)) > 5
    assert {row["Patient"] for row in shown} >= {"P002", "=2+3"}
    assert any(row["What is missing"] == "ODI" and "Oswestry" in row["What to ask for"] for row in shown)


def test_the_dictionary_explains_every_column_status_kind_and_attribute(book):
    named = {(row["Where"], row["Name"]): row for row in rows(book["Data dictionary"])}
    for name in SHEETS[:4]:
        for cell in book[name][1]:
            assert named[name, cell.value]["Meaning"]
    assert {name for where, name in named if where == "Status"} == set(STATUS_WORDS.values())
    assert len([name for where, name in named if where == "Assertion"]) == len(ASSERTIONS)
    assert len([name for where, name in named if where == "Kind of fact"]) == len(KINDS)
    assert len(list(dictionary_rows())) == len(STATUS_WORDS) + len(ASSERTIONS) + len(KINDS) + sum(map(len, ATTRIBUTES.values()))
    assert "1/2" in named["Modic change", "type"]["Values"] and named["ODI", "score"]["Values"] == "0 to 100"


def test_about_says_what_the_run_was_and_what_it_never_says(book):
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert about["What it is not"] == DISCLAIMER and "treated" in DISCLAIMER
    assert "source read: primary" in about["Policy aspn-2022"] and "CAM 394" in about["Policy cam-394"]
    assert about["Program"].startswith("bvn-evidence 0.") and "duplicate" in about["Read"]


def test_there_is_no_formula_and_no_outside_in_the_file(file, book):
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type in ("f", "e")]
    assert [cell.value for cell in book["Evidence"]["A"] if str(cell.value).startswith("=")]  # the patient =2+3
    with zipfile.ZipFile(file) as parts:
        for name in parts.namelist():
            text = parts.read(name).decode()
            assert "<f>" not in text and "externalLink" not in text and 'TargetMode="External"' not in text
            assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)


def test_no_temporary_file_with_words_of_notes_is_left_or_made_elsewhere(file, monkeypatch, tmp_path):
    import tempfile

    made = []
    plain = tempfile.mkstemp
    monkeypatch.setattr(tempfile, "mkstemp", lambda *args, **kw: made.append(kw.get("dir")) or plain(*args, **kw))
    export(reviewed_run()[1], "xlsx", tmp_path / "out")
    assert len(made) >= len(SHEETS) and all(where and Path(where).name.startswith(".export-") for where in made)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".bvn-evidence-export", "evidence.xlsx"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_sheet_goes_on_in_the_next_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(workbook, "ROWS", 20)
    told = export(reviewed_run()[1], "xlsx", tmp_path / "out")
    assert any("Facts goes on up to Facts 2" in line or "Facts goes on up to Facts 3" in line for line in told)
    again = load_workbook(tmp_path / "out/evidence.xlsx")
    parts = [name for name in again.sheetnames if name.startswith("Facts")]
    assert len(parts) > 1 and all(again[name].max_row <= 20 for name in again.sheetnames)
    ids = [cell.value for name in parts for cell in again[name]["O"][1:]]
    assert ids == [fact.fact_id for fact in facts_of(reviewed_run()[1])]
    for row in again["Evidence"].iter_rows(min_row=2):
        name, place = re.fullmatch(r"'([\w ]+)'!(\w+)", row[0].hyperlink.location).groups()
        assert again[name][place].value == row[0].value


def test_links_beyond_the_limit_of_a_sheet_are_text(monkeypatch, tmp_path):
    monkeypatch.setattr(workbook, "LINKS", 1)
    with Book(tmp_path / "b.xlsx", "t", MADE) as book:
        sheet = Sheet(book, "S", (Column("A", 10, ""),))
        for text in ("one", "two"):
            sheet.add((Link(text, "internal:'S'!A1"),))
        sheet.close()
    found = load_workbook(tmp_path / "b.xlsx")["S"]
    assert (found["A2"].hyperlink is None, found["A3"].hyperlink, found["A3"].value) == (False, None, "two")


WILD = st.lists(st.sampled_from(["<r>", "</r>", "_x0041_", "=1+1", "\0", "\x1b", "\r\n", " ", "&", "<", "é", "😀", "\u202e", "\ufffe", "\ud800", "ab", "'", "http://x", "12"]), max_size=9).map("".join)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("<r><t>=1+1</t></r>", 0, 0), ("<r>ab</r>", 0, 9), ("</is>&", 0, 3)])
@given(st.lists(st.tuples(WILD, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_any_text_is_the_text_of_a_cell(tmp_path, wild):
    cells = [(text, Marked(text, min(a, len(text)), min(a + b, len(text))), Link(text or "x", "internal:'S'!A1")) for text, a, b in wild]
    with Book(tmp_path / "wild.xlsx", "t", MADE) as book:
        sheet = Sheet(book, "S", (Column("A", 10, ""), Column("B", 10, ""), Column("C", 10, "")))
        for row in cells:
            sheet.add(row)
        sheet.close()
    found = load_workbook(tmp_path / "wild.xlsx", rich_text=True)["S"]
    for row, (text, _, _) in zip(found.iter_rows(min_row=2), cells, strict=False):
        assert all(cell.data_type != "f" for cell in row)
        for cell in row[:2]:
            shown = str(cell.value or "").replace("_x005F_", "_")
            assert "".join(shown.split()) == "".join(clean(text).split())


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tmp_path):
    with Book(tmp_path / "long.xlsx", "t", MADE) as book:
        sheet = Sheet(book, "S", (Column("A", 10, ""), Column("B", 10, "")))
        sheet.add(("word " * 10_000, Marked("word " * 10_000, 5, 9)))
        sheet.close()
    for cell in load_workbook(tmp_path / "long.xlsx")["S"][2]:
        assert len(cell.value) <= 32_767 and cell.value.endswith("(cut: longer than a cell)")


def test_a_patient_without_verdicts_is_listed_without_links():
    row = evidence_row(Case("P1", [NoteRow("a", "P1", "a.pdf")], {}, [], []), "", ["imaging"], "to criteria", "to facts")
    assert row[:4] == ["P1", "", None, None] and row[-3:] == [0, 1, "0 facts"]


def test_a_run_without_anything_to_show_gives_a_workbook_that_opens(tmp_path):
    _, out = reviewed_run()
    copy = Path(shutil.copytree(out, tmp_path / "out"))
    for name in ("patients.csv", "criteria.csv", "notes.csv", "facts.csv"):
        (copy / name).write_text((copy / name).read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    (copy / "facts.jsonl").write_text("")
    (copy / "missing.md").write_text("# What is missing\n")
    assert export(copy, "xlsx")[0] == "evidence.xlsx: 0 facts of 0 patients"
    assert load_workbook(copy / "export/xlsx/evidence.xlsx").sheetnames == SHEETS
