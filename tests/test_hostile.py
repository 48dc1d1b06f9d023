"""Hostile notes, names and tables: each input ends as processed, empty, duplicate or rejected, with offsets that hold."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

import hostile_corpus
from bvn_evidence import cli, tables
from bvn_evidence import nlp as nlp_module
from bvn_evidence.corpus import open_corpus, read, read_patient
from bvn_evidence.encoding import decode
from bvn_evidence.errors import UserError
from bvn_evidence.explain import neutral, show
from bvn_evidence.export import export
from bvn_evidence.report.pages import file_name
from bvn_evidence.report.rebuild import rebuild
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Note
from bvn_evidence.summary import Summary
from bvn_evidence.tables import unescaped
from hostile_corpus import EXPORTS, state

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
SAFE = Options(report=False)


@pytest.fixture(scope="module", autouse=True)
def _one_pipeline(nlp):
    """Built once for all runs of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nlp_module, "load", lambda *_, **__: nlp)
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The hostile notes after a run: (what was written, output folder, summary)."""
    folder = tmp_path_factory.mktemp("hostile")
    written = hostile_corpus.write(folder / "notes")
    before = state(folder / "notes")
    summary = run(folder / "notes", folder / "out")
    assert state(folder / "notes") == before
    return written, folder / "out", summary


def rows_of(out: Path) -> dict[str, dict[str, str]]:
    with (out / "notes.csv").open(encoding="utf-8", newline="") as file:
        return {unescaped(row["path"]): {k: unescaped(v) for k, v in row.items()} for row in csv.DictReader(file)}


def facts_of(out: Path) -> list[dict]:
    with (out / "facts.jsonl").open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def test_every_input_is_processed_or_rejected_with_a_reason_and_counts_add_up(done):
    written, out, summary = done
    rows = rows_of(out)
    assert rows.keys() == written.keys() and len(written) > 240
    wrong = {path: (rows[path]["status"], file.status) for path, file in written.items() if rows[path]["status"] not in file.status}
    assert not wrong
    assert all(row["reason"] for row in rows.values() if row["status"] != "processed")
    counts = json.loads((out / "run.json").read_text())["counts"]
    assert sum(counts["notes"].values()) == counts["inputs"] == summary.n_inputs == len(written)
    assert counts["notes"] == Counter(row["status"] for row in rows.values())


def test_offsets_hold_and_facts_are_found_whatever_the_encoding_marks_and_line_ends(done):
    written, out, _ = done
    rows = rows_of(out)
    paths = {row["note_id"]: path for path, row in rows.items()}
    kinds: dict[str, set[str]] = {}
    for fact in facts_of(out):
        path = paths[fact["note_id"]]
        text = decode(written[path].data).text
        assert text[fact["start"] : fact["end"]] == fact["text"]
        if not rows[path]["reason"]:
            assert written[path].data.decode(rows[path]["encoding"]) == text
        kinds.setdefault(path, set()).add(fact["kind"])
    for path, file in written.items():
        if file.facts:
            assert kinds.get(path, set()) >= {"symptom_duration", "odi", "modic", "therapy", "axial_pain"}, path


def test_nothing_in_a_table_starts_a_formula_and_everything_can_be_read_back(done):
    _, out, _ = done
    for name in ("patients.csv", "criteria.csv", "facts.csv", "notes.csv"):
        with (out / name).open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    shown = cell.lstrip(" \0\u200b\ufeff\u202e")
                    assert shown[:1] not in tuple("=@\t\r\n\uff1d") or cell[0] == "'"
    facts = facts_of(out)
    with (out / "facts.csv").open(encoding="utf-8", newline="") as file:
        assert [unescaped(row["text"]) for row in csv.DictReader(file)] == [fact["text"] for fact in facts]


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", " =1", "\ufeff=1", "\n=1", "\u200b@x", "-1", "'-1", "- x", "+a", "'", "it's", "\t"])
def test_a_cell_is_safe_and_comes_back_as_it_was(text):
    (cell,), = csv.reader([tables.cell(text)]) if "\n" not in text else [[tables.cell(text)[1:-1]]]
    assert unescaped(cell) == text
    assert cell == "-1" or not cell.lstrip(" \ufeff\u200b\n\t").startswith(("=", "+", "-", "@"))


def test_missing_md_says_nothing_that_a_note_or_a_name_put_there(done):
    _, out, _ = done
    text = (out / "missing.md").read_text(encoding="utf-8")
    patients = {row["patient_id"] for row in rows_of(out).values()} - {""}
    heads = [line for line in text.split("\n") if line.startswith("#")]
    assert len(heads) <= len(patients) + 1 and "P9999" not in text
    assert not hostile_corpus.CANARY.search(text) and "<b>" not in text
    assert all(char == "\n" or char.isprintable() for char in text)


def test_the_summary_shows_hostile_names_as_harmless_text(done):
    _, _, summary = done
    assert isinstance(summary, Summary)
    shown = printed(summary.show)
    assert all(char == "\n" or char.isprintable() for char in shown)
    assert "%1B[31m" in shown or "rejected" in shown
    assert not hostile_corpus.CANARY.search(shown)


def printed(draw) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    draw(console)
    return console.file.getvalue()


def test_explain_shows_every_readable_note_without_a_control_character(done, capfd):
    written, out, _ = done
    folder, rows = out.parent / "notes", rows_of(out)
    shown = 0
    for path, file in written.items():
        if rows[path]["status"] not in ("processed", "duplicate") or len(file.data) > 200_000:
            continue
        text = printed(lambda console, raw=folder / file.path: show(raw, console))
        assert all(char == "\n" or char.isprintable() for char in text), path
        assert hostile_corpus.CANARY.search(text) or not hostile_corpus.CANARY.search(decode(file.data).text)
        shown += 1
    assert shown > 190 and capfd.readouterr() == ("", "")


def test_report_pages_of_hostile_names_do_not_collide_where_case_does_not_count(done):
    _, out, summary = done
    pages = [path.name for path in (out / "report/patients").iterdir()]
    assert len({name.casefold() for name in pages}) == len(pages) == summary.n_patients
    assert ["Case", "case"] in summary.same_but_case
    assert all(name.isascii() and name.isprintable() for name in pages)


def test_pages_of_hostile_notes_hold_no_markup_but_their_own(done):
    _, out, _ = done
    for page in (out / "report/patients").iterdir():
        found = tags(page)
        names = Counter(name for name, _ in found)
        assert names["script"] == names["style"] == 1
        assert not set(names) & {"img", "iframe", "object", "embed", "base", "form", "link"}
        for _, attributes in found:
            assert not [name for name in attributes if name.startswith("on")]
            assert re.match(r"#|\w+/|\.\./index\.html", attributes.get("href", "#"))


def tags(page: Path) -> list[tuple[str, dict[str, str]]]:
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))  # type: ignore[method-assign]
    parser.feed(page.read_text(encoding="utf-8"))
    return found


# tables


@pytest.mark.parametrize(
    ("name", "content", "statuses"),
    [
        ("quoted.csv", '"patient_id","note_id","text"\n"A","1","one, two"\n', {"processed": 1}),
        ("quotes.csv", 'patient_id,note_id,text\nA,1,"he said ""ODI 44"""\n', {"processed": 1}),
        ("case.csv", "\ufeffPATIENT_ID , Note_Id,TEXT\nA,1,x\n", {"processed": 1}),
        ("extra.csv", "mrn,patient_id,note_id,text,other\n9,A,1,x,\n", {"processed": 1}),
        ("short.csv", "patient_id,note_id,text\nA,1\nA\n\nA,2,x\n", {"rejected": 2, "processed": 1}),
        ("long.csv", "patient_id,note_id,text\nA,1,x,y,z\nA,2,x,,\n", {"rejected": 1, "processed": 1}),
        ("lines.csv", 'patient_id,note_id,text\r\nA,1,"a\r\nb\nc"\r\n', {"processed": 1}),
        ("tabs.csv", "patient_id\tnote_id\ttext\nA\t1\tx, y; z\n", {"processed": 1}),
        ("nul.csv", "patient_id,note_id,text\nA,1,x\0y\n", {"processed": 1}),
        ("same.csv", "patient_id,note_id,text\nA,1,x\nA,1,x\nA,1,y\n", {"processed": 2, "duplicate": 1}),
        ("nobody.csv", "patient_id,note_id,text\n,1,x\n  ,2,x\nA,,x\n", {"rejected": 2, "processed": 1}),
        ("deep.jsonl", '{"patient_id": "A", "text": ' + "[" * 100_000 + "\n" + '{"patient_id": "A", "text": "x"}\n', {"rejected": 1, "processed": 1}),
        ("types.jsonl", '{"patient_id": [1], "text": "x"}\n{"patient_id": true, "text": "y"}\n{"patient_id": "A", "text": {}}\n'
         '{"patient_id": null, "text": "x"}\n{"patient_id": 1e400, "text": "z"}\n7\n"x"\n', {"processed": 3, "rejected": 4}),
        ("ids.jsonl", json.dumps({"patient_id": "../../x", "note_id": "/etc/passwd", "text": "x"}) + "\n"
         + json.dumps({"patient_id": "..", "note_id": "..", "text": "y"}) + "\n", {"processed": 2}),
    ],
)
def test_tables_with_missing_extra_and_quoted_columns(tmp_path, name, content, statuses):
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    corpus = open_corpus(tmp_path / name)
    rows = [row for patient in corpus.patient_ids() for row, _ in read_patient(corpus.root, corpus.sources(patient))]
    assert Counter(row.status for row in rows) == statuses and len(rows) == corpus.total
    assert all(row.reason for row in rows if row.status != "processed")
    assert len({row.note_id for row in rows}) == len(rows)


@pytest.mark.parametrize("patient", ["..", ".", "/", "../x", "a/../../b", "CON", "x" * 5000, " ", "\u0130"])
def test_a_patient_id_never_becomes_a_path(tmp_path, patient):
    (tmp_path / "n.jsonl").write_text(json.dumps({"patient_id": patient, "note_id": "n", "text": "Low back pain."}) + "\n")
    corpus = open_corpus(tmp_path / "n.jsonl")
    assert all(set(file_name(one)) <= set("0123456789abcdef.html") for one in corpus.patient_ids())


def test_a_folder_deeper_than_the_system_can_open_is_rejected(tmp_path):
    (tmp_path / "notes/P1").mkdir(parents=True)
    (tmp_path / "notes/P1/a.txt").write_text("Low back pain.")
    home = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path / "notes/P1")
        for _ in range(30):  # longer than PATH_MAX as a whole
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
        Path("deep.txt").write_text("Low back pain.")
    finally:
        os.fchdir(home)
        os.close(home)
    corpus = open_corpus(tmp_path / "notes")
    rows = [row for row, _ in read_patient(corpus.root, corpus.sources("P1"))]
    assert Counter(row.status for row in rows) == {"processed": 1, "rejected": 1}
    assert any("too long" in row.reason for row in rows)


def test_a_file_that_vanishes_or_grows_too_large_is_rejected(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        (tmp_path / f"P1_{name}.txt").write_text(f"Low back pain {name}.")
    corpus = open_corpus(tmp_path)
    (tmp_path / "P1_a.txt").unlink()
    monkeypatch.setattr("bvn_evidence.corpus.MAX_BYTES", 10)
    rows = [row for row, _ in read_patient(corpus.root, corpus.sources("P1"))]
    assert [row.status for row in rows] == ["rejected"] * 3
    assert "No such file" in rows[0].reason and "split it" in rows[1].reason


@contextlib.contextmanager
def without_privileges():
    """Root reads everything; for the time of this block the process is nobody."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission_is_rejected():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for letter in "ab":
            (folder / f"P1_{letter}.txt").write_text(f"Low back pain {letter}.")
        (folder / "P1_a.txt").chmod(0)
        (folder / "P1_b.txt").chmod(0o644)
        corpus = open_corpus(folder)
        closed, opened = corpus.sources("P1")
        assert read(corpus.root, opened)[0].status != "rejected"
        with without_privileges():
            row, _ = read(corpus.root, closed)
        assert (row.status, row.reason) == ("rejected", "cannot be read: Permission denied")


def test_messages_hold_no_control_characters_of_names(tmp_path, capsys):
    for arguments in (
        ["run", str(tmp_path / "\x1b[31mred"), "--out", "x"],
        ["run", str(tmp_path), "--out", str(tmp_path.parent / "o"), "--policy", "\x1b]0;x\x07"],
        ["policies", "show", "\u202egnp.yml"],
        ["evaluate", str(tmp_path / "a\nb\x1b[2J")],
        ["explain", str(tmp_path / "a\nb\x1b[2J")],
        ["report", str(tmp_path / "\x9b2J")],
        ["\x1b[31m"],
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        printed = capsys.readouterr()
        assert stop.value.code == 2 and printed.out == "" and printed.err.count("\n") == 1
        assert printed.err[:-1].isprintable() and neutral(printed.err[:-1]) == printed.err[:-1]


# many, and large


def crowd(folder: Path, count: int) -> Path:
    """`count` tiny files, two in three of nothing clinical; ten a patient."""
    for number in range(count):
        patient = folder / f"P{number // 10:05}"
        if number % 10 == 0:
            patient.mkdir(parents=True)
        text = f"Low back pain for {number} days." if number % 3 == 0 else f"Seen in room {number}."
        (patient / f"{number}.txt").write_text(text)
    return folder


def test_many_tiny_files_all_are_accounted_for(tmp_path):
    count = 100_000
    notes = crowd(tmp_path / "notes", count)
    summary = run(notes, tmp_path / "out", SAFE)
    assert summary.statuses == {"processed": count} and summary.n_patients == -(-count // 10)
    with (tmp_path / "out/notes.csv").open() as file:
        assert sum(1 for _ in file) == count + 1
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(("end", "size"), [(" ", 5_000_000), ("\n", 20_000_000)], ids=["one line of 5 MB", "20 MB"])
def test_a_large_note_is_read_whole(nlp, end, size):
    filler = f"Nothing of interest was said about the weather today.{end}"
    text = filler * (size // len(filler)) + "Low back pain for 3 years. Modic type 2 at L4-L5."
    facts = nlp_module.extract(nlp, Note("n", "p", text))
    assert {"modic", "symptom_duration"} <= {fact.kind for fact in facts}
    assert all(text[fact.start : fact.end] == fact.text for fact in facts)


def test_a_manifest_that_names_the_outside_reads_nothing_there(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("Low back pain.")
    (tmp_path / "secret.txt").write_text("Low back pain.")
    (tmp_path / "m.csv").write_text('path,patient_id,"extra, quoted"\n../secret.txt,P1,\n"a.txt",P2,"x, y"\n/etc/passwd,P3,\n')
    corpus = open_corpus(tmp_path / "notes", manifest=tmp_path / "m.csv")
    rows = {row.path: row.status for one in corpus.patient_ids() for row, _ in read_patient(corpus.root, corpus.sources(one))}
    assert rows == {"../secret.txt": "rejected", "a.txt": "processed", "/etc/passwd": "rejected"}
    with pytest.raises(UserError, match="line 2"):
        (tmp_path / "m.csv").write_text("path,patient_id\na.txt,P1,x,y\n")
        open_corpus(tmp_path / "notes", manifest=tmp_path / "m.csv")


def test_missing_md_makes_no_link_of_a_patient_id(tmp_path):
    ids = ["http://x.example", "www.x.example", "a@x.example", "[x](y)", "![x](y)", "# x", "<b>", "&lt;", "a_b_*c*"]
    rows = [{"patient_id": one, "note_id": str(number), "text": f"Low back pain {number}."} for number, one in enumerate(ids)]
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(tmp_path / "n.jsonl", tmp_path / "out")
    text = (tmp_path / "out/missing.md").read_text()
    shown = html_of(text)
    assert "<a " not in shown and "<img" not in shown and "<b>" not in shown
    assert all(html.escape(one) in shown for one in ids if ";" not in one)
    assert not re.search(r"(?<!\\)://|www\.|(?<!\\)@", text)
    pages = state(tmp_path / "out/report")
    rebuild(tmp_path / "out")
    assert [found[2] for found in state(tmp_path / "out/report").values()] == [found[2] for found in pages.values()]


def html_of(markdown: str) -> str:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").render(markdown)


@pytest.mark.parametrize("to", EXPORTS)
def test_a_hostile_run_can_be_exported(done, tmp_path, to):
    _, out, _ = done
    export(out, to, tmp_path / to)
    assert all(path.name.isprintable() for path in tmp_path.rglob("*"))
    names = [str(path).casefold() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "fact", [7, {"kind": "odi", "assertion": "present", "score": "[/]"}, {"kind": "modic", "levels": 5}, {}, {"kind": ["odi"]}], ids=str
)
def test_gold_that_is_none_is_one_line(tmp_path, capsys, fact):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/P1_n.txt").write_text("Low back pain.")
    (tmp_path / "gold_facts.jsonl").write_text(json.dumps({"note_id": "P1_n", "facts": [fact]}) + "\n")
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", str(tmp_path)])
    printed = capsys.readouterr()
    assert stop.value.code in (0, 2) and "internal error" not in printed.err and printed.err.count("\n") == (stop.value.code == 2)


def test_the_accuracy_tables_and_policies_show_markup_as_text(tmp_path, capsys):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/P1_n.txt").write_text("Low back pain.")
    fact = {"kind": "odi", "assertion": "[/x]\x1b[31m", "score": 4, "quote": "[/]\x1b[2J \\"}
    (tmp_path / "gold_facts.jsonl").write_text(json.dumps({"note_id": "P1_n", "facts": [fact]}) + "\n")
    policy = "id: mine\ntitle: '[/x]'\npayer: \"\\x1b[31m\"\nsource_url: '[bold]'\nsource_grade: primary\nposition: covers\ncriteria:\n"
    policy += "- {id: age, source: '[/]', source_grade: primary, rule: {test: attest, item: age, ask: \"[/] \\x1b[2J http://x.example\"}}\n"
    (tmp_path / "mine.yml").write_text(policy)
    commands = [["evaluate", str(tmp_path)], ["evaluate", str(tmp_path), "--errors", "odi"], ["policies", "show", str(tmp_path / "mine.yml")]]
    commands += [["run", str(tmp_path / "notes"), "--out", str(tmp_path / "out"), "--policy", str(tmp_path / "mine.yml")]]
    for arguments in commands:
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        printed = capsys.readouterr()
        assert (stop.value.code, printed.err) == (0, "") and printed.out
        assert all(char == "\n" or char.isprintable() for char in printed.out)
    text = (tmp_path / "out/missing.md").read_text()
    assert "http\\://x" in text and "\\[/\\]" in text and all(char == "\n" or char.isprintable() for char in text)
