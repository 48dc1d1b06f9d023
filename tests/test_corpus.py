"""What becomes of files and tables: every input ends as processed, empty, duplicate or rejected."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_evidence.corpus import NoteRow, ids_that_differ_in_case, open_corpus, printable, read_patient
from bvn_evidence.encoding import NotText, decode
from bvn_evidence.errors import UserError
from bvn_evidence.note_header import date_from_text, parse_date, type_from_name, type_from_text
from bvn_evidence.schema import Note

TEXT = "Low back pain for 3 years. Modic type 2 at L4-L5."


def read(notes: Path, **options) -> tuple[dict[str, NoteRow], dict[str, Note]]:
    """All rows by path, and all notes by note id."""
    corpus = open_corpus(notes, **options)
    rows, found = {}, {}
    for patient_id in corpus.patient_ids():
        for row, note in read_patient(corpus.root, corpus.sources(patient_id)):
            assert row.patient_id == patient_id
            assert row.path not in rows
            rows[row.path] = row
            if note:
                assert row.note_id not in found
                found[row.note_id] = note
    assert len(rows) == corpus.total
    return rows, found


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


# patient, note id, date and type


def test_folder_layout_gives_patient_note_id_date_and_type(tmp_path):
    write(tmp_path, {"P001/2024-03-05_radiology.txt": "MRI text", "P002/year/2023-01-02_clinic.txt": TEXT})
    rows, notes = read(tmp_path)
    mri, visit = notes["P001/2024-03-05_radiology"], notes["P002/year/2023-01-02_clinic"]
    assert (mri.patient_id, mri.note_date, mri.note_type) == ("P001", "2024-03-05", "radiology")
    assert (visit.patient_id, visit.note_date, visit.note_type) == ("P002", "2023-01-02", "clinic")
    assert rows["P001/2024-03-05_radiology.txt"].chars == 8


def test_flat_folder_takes_the_patient_before_the_first_underscore(tmp_path):
    write(tmp_path, {"P001_2024-03-05_pt.txt": TEXT, "P002_a_b.txt": TEXT, "P003.txt": TEXT})
    _, notes = read(tmp_path)
    assert {note_id: note.patient_id for note_id, note in notes.items()} == {
        "P001_2024-03-05_pt": "P001",
        "P002_a_b": "P002",
        "P003": "P003",
    }
    assert notes["P001_2024-03-05_pt"].note_type == "pt"


def test_one_patients_folder_given_alone_is_one_patient(tmp_path):
    write(tmp_path, {"P009/2024-03-05_radiology.txt": "MRI", "P009/2024-04-01_clinic_2.txt": TEXT})
    assert {note.patient_id for note in read(tmp_path / "P009")[1].values()} == {"P009"}
    assert next(iter(read(tmp_path / "P009/2024-03-05_radiology.txt")[1].values())).patient_id == "P009"


@pytest.mark.parametrize(
    "name,expected",
    [
        ("2024-03-05_radiology", "radiology"),
        ("mri_lumbar", "radiology"),
        ("2024_PT_note", "pt"),
        ("PT eval", "pt"),
        ("odi", "questionnaire"),
        ("mri_referral", "referral"),
        ("clinic after mri", "clinic"),
        ("phone", "telephone"),
        ("letter", "letter"),
        ("esi", "procedure"),
        ("PT001_x", None),
        ("note", None),
    ],
)
def test_type_from_name(name, expected):
    assert type_from_name(name) == expected


@pytest.mark.parametrize(
    "text,expected",
    [
        ("MRI OF THE LUMBAR SPINE\n\nFINDINGS: normal", "radiology"),
        ("Lumbar spine MRI\nNormal.", "radiology"),
        ("PHYSICAL THERAPY DAILY NOTE\nVisit 4", "pt"),
        ("Telephone encounter\nReturned her call.", "telephone"),
        ("Oswestry Disability Index\nSection 1: 3", "questionnaire"),
        ("Dear Dr. Hill,\nthank you", "letter"),
        ("PROCEDURE NOTE\nL4-5 epidural", "procedure"),
        ("Referral form\nPlease see", "referral"),
        ("Chief complaint: back pain\nHPI: ...", "clinic"),
        ("52-year-old woman with back pain.", "clinic"),
        ("lorem ipsum", "unknown"),
        ("", "unknown"),
    ],
)
def test_type_from_text(text, expected):
    assert type_from_text(text) == expected


@pytest.mark.parametrize(
    "text,expected",
    [
        ("DOS 06/03/2025\nBack pain", "2025-06-03"),
        ("Date of service: June 3, 2025", "2025-06-03"),
        ("Exam date: 6/3/25", "2025-06-03"),
        ("MRI LUMBAR SPINE 06/14/2023\n\nFINDINGS", "2023-06-14"),
        ("Name: A  DOB: 01/02/1960  DOS: 06/03/2025", "2025-06-03"),
        ("Date of exam: 03-Jun-2025", "2025-06-03"),
        ("Date of birth: 06/03/1950\nDate: 2025-06-03", "2025-06-03"),
        ("Visit: 03/03/2025, recheck", "2025-03-03"),
        ("Encounter date/time: 06/03/2025 09:12", "2025-06-03"),
        ("Letterhead\n\nJune 3rd, 2025\n\nDear", "2025-06-03"),
        ("DOB: 01/02/1960", None),
        ("Comparison: MRI 01/02/2020", None),
        ("Date of injury: 1/15/2001. The patient", None),
        ("Back pain since 3/4/2019 after a fall.", None),
        ("Low back pain", None),
        ("Exam date: 13/45/2025", None),
    ],
)
def test_date_from_the_header(text, expected):
    assert date_from_text(text) == expected


@given(st.dates(min_value=__import__("datetime").date(1951, 1, 1), max_value=__import__("datetime").date(2049, 12, 31)))
@settings(deadline=None)
def test_every_way_to_write_a_date_is_the_same_date(day):
    month = day.strftime("%B")
    for written in (
        day.isoformat(),
        f"{day:%m/%d/%Y}",
        f"{day.month}/{day.day}/{day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"{day:%d-%b-%Y}",
        f"{day:%d%b%Y}",
        f"{day:%m.%d.%Y}",
    ):
        assert parse_date(written) == day.isoformat(), written
        assert date_from_text(f"Date of service: {written}") == day.isoformat(), written


def test_id_pattern_names_patient_date_and_type_and_rejects_what_does_not_match(tmp_path):
    write(tmp_path, {"x/MRN17-20240305-MRI.txt": TEXT, "x/other.txt": TEXT})
    rows, notes = read(tmp_path, id_pattern=r"(?P<patient>MRN\d+)-(?P<date>\d{8})-(?P<type>\w+)\.txt")
    note = notes["x/MRN17-20240305-MRI"]
    assert (note.patient_id, note.note_date, note.note_type) == ("MRN17", "2024-03-05", "radiology")
    assert rows["x/other.txt"].status == "rejected"


@pytest.mark.parametrize("pattern", ["(", "no groups", "(?P<other>x)"])
def test_a_bad_id_pattern_is_the_users_error(tmp_path, pattern):
    write(tmp_path, {"P1/a.txt": TEXT})
    with pytest.raises(UserError, match="--id-pattern"):
        open_corpus(tmp_path, id_pattern=pattern)


# the manifest


def test_manifest_decides_and_both_sides_are_accounted_for(tmp_path):
    notes = write(tmp_path / "notes", {"a.txt": TEXT, "sub/b.txt": TEXT, "c.txt": TEXT})
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        '\ufeffPath,patient_id,note_date,note_type,mrn\na.txt,P1,3/5/2024,MRI,1\nsub/b.txt,"P2",,,\ngone.txt,P3,,,\n',
        encoding="utf-8",
    )
    rows, found = read(notes, manifest=manifest)
    assert (found["a"].patient_id, found["a"].note_date, found["a"].note_type) == ("P1", "2024-03-05", "radiology")
    assert found["sub/b"].patient_id == "P2"
    assert "not in the manifest" in rows["c.txt"].reason
    assert "no such file" in rows["gone.txt"].reason


@pytest.mark.parametrize(
    "content,said",
    [
        ("file,patient_id\na.txt,P1\n", "no column path"),
        ("path,patient_id\n", "no rows"),
        ("", "no column path"),
        ("path,note_date\na.txt,soon\n", "line 2"),
        ("path,note_type\na.txt,poem\n", "unknown note_type"),
        ("path\na.txt\na.txt\n", "twice"),
        ('path,patient_id\n"a.txt,P1\n', "not valid CSV"),
        ("path,patient_id\na.txt\n", "line 2"),
    ],
)
def test_a_malformed_manifest_is_one_line_with_its_place(tmp_path, content, said):
    notes = write(tmp_path / "notes", {"a.txt": TEXT})
    (tmp_path / "m.csv").write_text(content)
    with pytest.raises(UserError, match=said) as error:
        read(notes, manifest=tmp_path / "m.csv")
    assert "\n" not in str(error.value)


# encodings


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_as_written(codec):
    text = "Schmerz – L4/L5 ≥ 30 %\r\nModic 1 😀 ok\x0c\rlast"
    assert decode(text.encode(codec))[0] == text


def test_western_single_byte_text_is_not_taken_for_chinese():
    for text in ("Temp 37°C, low back pain. ODI 44%.", "Patient’s pain – “axial”."):
        data = text.encode("cp1252")
        decoded = decode(data)
        assert decoded.text == text and data.decode(decoded.encoding) == text


def test_other_alphabets_are_guessed_and_the_guess_is_recorded():
    text = "Боль в пояснице уже два года, изменения по Модику первого типа на уровне поясницы. " * 3
    decoded = decode(text.encode("cp1251"))
    assert decoded.text == text and decoded.encoding == "cp1251"


def test_mixed_and_cut_off_text_keeps_everything_that_can_be_read():
    mixed = decode("Muñoz señor ".encode() + "pain – axial".encode("cp1252"))
    assert mixed.text == "Muñoz señor pain – axial" and "mixed" in mixed.remark
    cut = decode("back pain é".encode()[:-1])
    assert cut.text == "back pain \ufffd" and cut.encoding == "utf-8" and cut.remark


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n...",
        b"PK\x03\x04\x14\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        b"{\\rtf1 Modic}",
        b"\x89PNG\r\n",
        bytes(range(256)) * 20,
        b"abc" + b"\0" * 40 + b"def" * 3,
        b"\x1f\x8b\x08\x00abc",
        os.urandom(5000),
    ],
)
def test_binary_and_office_files_are_told_apart(data):
    with pytest.raises(NotText, match="plain text"):
        decode(data)


@given(st.text())
@settings(deadline=None)
def test_any_unicode_text_survives_a_round_trip(text):
    try:
        decoded = decode(
            text.encode("utf-8", "surrogatepass") if text.isprintable() else text.encode("utf-8", "replace")
        )
    except NotText:
        return
    assert len(decoded.text) <= len(text)
    if text.isprintable() and "\0" not in text:
        assert decoded.text == text.removeprefix("\ufeff")


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_text_or_rejected_and_the_codec_is_true(data):
    try:
        decoded = decode(data)
    except NotText:
        return
    decoded.text.encode("utf-8")
    if not decoded.remark:
        assert data.decode(decoded.encoding) == decoded.text


# every input is accounted for


def test_bad_inputs_are_rejected_with_a_reason_and_the_rest_is_processed(tmp_path):
    notes = write(
        tmp_path / "notes",
        {
            "P1/2024-01-01_clinic.txt": TEXT,
            "P1/again.txt": TEXT,
            "P1/empty.txt": "",
            "P1/blank.txt": "\ufeff \r\n\0",
            "P1/scan.pdf": "%PDF-1.4",
            "P1/pdf.txt": "%PDF-1.4",
            "P1/binary.txt": bytes(range(256)) * 9,
            "P1/.hidden.txt": TEXT,
            ".git/config": "x",
            "P2_scan.docx": "PK\x03\x04",
            "README.docx": "PK",
            "P3/README": "note text",
        },
    )
    (notes / "P1/dead.txt").symlink_to(notes / "nowhere")
    (notes / "P1/loop").symlink_to(notes / "P1")
    os.mkfifo(notes / "P1/pipe.txt")
    rows, found = read(notes)
    status = {path: row.status for path, row in rows.items()}
    assert status == {
        "P1/2024-01-01_clinic.txt": "processed",
        "P1/again.txt": "duplicate",
        "P1/empty.txt": "empty",
        "P1/blank.txt": "empty",
        "P1/scan.pdf": "rejected",
        "P1/pdf.txt": "rejected",
        "P1/binary.txt": "rejected",
        "P1/.hidden.txt": "rejected",
        ".git": "rejected",
        "P2_scan.docx": "rejected",
        "README.docx": "rejected",
        "P3/README": "processed",
        "P1/dead.txt": "rejected",
        "P1/loop": "rejected",
        "P1/pipe.txt": "rejected",
    }
    assert all(row.reason for row in rows.values() if row.status != "processed")
    assert "2024-01-01_clinic" in rows["P1/again.txt"].reason
    assert rows["P1/scan.pdf"].patient_id == "P1" and rows["P2_scan.docx"].patient_id == "P2"
    assert set(found) == {"P1/2024-01-01_clinic", "P3/README"}


def test_the_same_text_of_another_patient_is_no_duplicate(tmp_path):
    rows, _ = read(write(tmp_path, {"P1/a.txt": TEXT, "P2/a.txt": TEXT}))
    assert {row.status for row in rows.values()} == {"processed"}


def test_a_link_to_another_folder_is_followed_once(tmp_path):
    write(tmp_path, {"store/n.txt": TEXT, "notes/P1/a.txt": TEXT + "x"})
    (tmp_path / "notes/P2").symlink_to(tmp_path / "store")
    (tmp_path / "notes/P3").symlink_to(tmp_path / "store")
    (tmp_path / "notes/A0").symlink_to(tmp_path / "notes/P1")
    rows, found = read(tmp_path / "notes")
    assert set(found) == {"P1/a", "P2/n"}
    assert {path for path, row in rows.items() if row.status == "rejected"} == {"A0", "P3"}


def test_names_that_share_a_stem_keep_ids_apart(tmp_path):
    _, notes = read(write(tmp_path, {"P1/a.txt": "one", "P1/a.md": "two", "P1/b.txt": "three", "P1/b.pdf": "%PDF-1"}))
    assert set(notes) == {"P1/a.txt", "P1/a.md", "P1/b"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_hostile_names_are_read_and_shown_safely(tmp_path):
    names = [
        b"new\nline.txt",
        b"caf\xe9.txt",
        b"-rf.txt",
        b"a;b.txt",
        b"q\"uote's.txt",
        b"\x1b[31mred.txt",
        b"..x.txt",
        b"=1+1.txt",
        "\u202egpj.txt".encode(),
        b"sp ace .txt",
    ]
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/P\xe91"))
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / os.fsdecode(name)).write_text(f"{TEXT} {number}")
    rows, notes = read(tmp_path)
    assert len(notes) == len(names) - 1  # a name that starts with a dot is hidden
    assert {note.patient_id for note in notes.values()} == {"P%E91"}
    for row in rows.values():
        assert row.path.isprintable() and ";" not in row.note_id
        row.path.encode("utf-8")


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_printable_names_stay_different_and_can_be_written(name):
    assert printable(name).encode() and (printable(name) == name or "%" in printable(name))
    assert printable(name + "\n") != printable(name)


def test_unreadable_files_and_folders_are_rejected(tmp_path, monkeypatch):
    notes = write(tmp_path, {"P1/a.txt": TEXT, "P1/secret.txt": TEXT, "P2/b.txt": TEXT})
    real_open, real_scan = os.open, os.scandir

    def deny_open(path, *args, **kwargs):  # the tests may run as root, whom permissions do not stop
        if str(path).endswith("secret.txt"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **kwargs)

    def deny_scan(path):
        if str(path).endswith("P2"):
            raise PermissionError(13, "Permission denied")
        return real_scan(path)

    monkeypatch.setattr(os, "open", deny_open)
    monkeypatch.setattr(os, "scandir", deny_scan)
    rows, found = read(notes)
    assert set(found) == {"P1/a"}
    assert rows["P1/secret.txt"].reason == "cannot be read: Permission denied"
    assert rows["P2"].status == "rejected"


def test_deep_folders_are_walked(tmp_path):
    folder = tmp_path / "P1"
    for _ in range(60):
        folder = folder / "d"
    write(folder, {"a.txt": TEXT})
    assert len(read(tmp_path)[1]) == 1


def test_an_earlier_output_folder_is_not_read(tmp_path):
    write(
        tmp_path,
        {"P1/a.txt": TEXT, "old/run.json": "{}", "old/facts.jsonl": "", "old/notes.csv": "", "old/x.txt": TEXT},
    )
    rows, found = read(tmp_path)
    assert set(found) == {"P1/a"} and "output folder" in rows["old"].reason


@pytest.mark.parametrize("make", [lambda p: p / "none", lambda p: p])
def test_nothing_to_read_is_the_users_error(tmp_path, make):
    with pytest.raises(UserError):
        open_corpus(make(tmp_path))


def test_ids_that_differ_only_in_case_stay_apart_and_are_told(tmp_path):
    assert ids_that_differ_in_case(["P1", "p1", "P2"]) == [["P1", "p1"]]


# tables


ROWS = [
    {
        "patient_id": "P1",
        "note_id": "n1",
        "text": 'He said "ODI 40", then\r\nleft; \u00e9\u2028x',
        "note_date": "2024-03-05",
        "note_type": "clinic",
    },
    {
        "patient_id": "P2",
        "note_id": "n2",
        "text": "MRI LUMBAR SPINE 06/14/2023\n\nModic 1",
        "note_date": "",
        "note_type": "",
    },
    {"patient_id": "P1", "note_id": "n3", "text": "", "note_date": "", "note_type": ""},
    {"patient_id": "", "note_id": "n4", "text": "x", "note_date": "", "note_type": ""},
]


def table(path: Path, rows: list[dict]) -> Path:
    if path.suffix == ".csv":
        import csv

        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["extra", *rows[0]], restval="e")
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("spooled", [False, True])
def test_tables_give_the_same_notes_whatever_their_format(tmp_path, suffix, spooled):
    rows, notes = read(table(tmp_path / f"notes{suffix}", ROWS), spool=tmp_path if spooled else None)
    assert notes["n1"].text == ROWS[0]["text"]
    assert (notes["n1"].note_date, notes["n1"].note_type) == ("2024-03-05", "clinic")
    assert (notes["n2"].note_date, notes["n2"].note_type) == ("2023-06-14", "radiology")
    assert sorted(row.status for row in rows.values()) == ["empty", "processed", "processed", "rejected"]
    assert [path.name for path in tmp_path.iterdir()] == [f"notes{suffix}"]


def test_note_ids_numbered_within_patients_become_unique(tmp_path):
    rows = [{"patient_id": p, "note_id": "1", "text": t} for p, t in (("A", "x"), ("B", "x"), ("B", "y"))]
    assert set(read(table(tmp_path / "n.csv", rows))[1]) == {"A/1", "B/1", "B/1~2"}


def test_bad_rows_of_a_table_are_rejected_one_by_one(tmp_path):
    (tmp_path / "n.jsonl").write_text(
        '{"patient_id": 7, "note_id": 1, "text": "ok"}\nnot json\n[1]\n{"patient_id": "A"}\n'
        '{"patient_id": "A", "text": 5}\n{"patient_id": "A", "text": "lone \\ud800 half"}\n'
    )
    rows, notes = read(tmp_path / "n.jsonl")
    assert notes["1"].patient_id == "7" and notes["row-6"].text == "lone ? half"
    assert sum(row.status == "rejected" for row in rows.values()) == 4
    (tmp_path / "n.csv").write_text("patient_id,note_id,text\nA,1,one,two\nA,2\nA,3,fine\n")
    rows, notes = read(tmp_path / "n.csv")
    assert set(notes) == {"3"} and sum(row.status == "rejected" for row in rows.values()) == 2


@pytest.mark.parametrize(
    "name,content,said",
    [
        ("n.csv", "patient,note_id,text\n", "no column patient_id"),
        ("n.csv", 'patient_id,note_id,text\nA,1,"open\n', "not valid CSV"),
        ("n.csv", "patient_id,note_id,text,text\n", "twice"),
        ("n.parquet", "no parquet", "Parquet"),
        ("n.csv", b"\x89PNG\r\n\x1a\n", "PNG"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(tmp_path, name, content, said):
    write(tmp_path, {name: content})
    with pytest.raises(UserError, match=said) as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_semicolon_table_in_cp1252_is_read(tmp_path):
    (tmp_path / "n.csv").write_bytes("patient_id;note_id;text\nA;1;Pain – 37°\n".encode("cp1252"))
    assert read(tmp_path / "n.csv")[1]["1"].text == "Pain – 37°"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
@settings(deadline=None, max_examples=50)
def test_any_text_survives_a_jsonl_table(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("t") / "n.jsonl"
    written = [{"patient_id": "P", "note_id": f"n{number}", "text": text} for number, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in written))
    rows, notes = read(path)
    assert len(rows) == len(texts)
    for note_id, note in notes.items():
        assert note.text == texts[int(note_id[1:])]


def test_ids_of_a_table_may_hold_anything(tmp_path):
    row = {"patient_id": "P\ud800;1", "note_id": "n\n2", "text": TEXT}
    (tmp_path / "n.jsonl").write_text(json.dumps(row) + "\n")
    ((note_id, note),) = read(tmp_path / "n.jsonl")[1].items()
    assert (note.patient_id, note_id) == ("P%ED%A0%80%3B1", "n%0A2")
