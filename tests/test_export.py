"""The command `export`: what it refuses, what it replaces, who can read what it writes, and what it never says."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from bvn_evidence.cli import main
from bvn_evidence.errors import UserError
from bvn_evidence.export import FORMATS, MARK, export
from exported import facts_of, reviewed_run, texts_of


@pytest.fixture
def out(tmp_path) -> Path:
    return Path(shutil.copytree(reviewed_run()[1], tmp_path / "out"))


def command(capfd, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["export", *arguments])
    said = capfd.readouterr()
    return int(stop.value.code or 0), said.out, said.err


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--to", "pdf"], "no format pdf; give one of: omop, fhir"),
        (["--to", "omop", "--out", "{tmp}/mine"], "holds something else than an export"),
        (["--to", "omop", "--out", "{tmp}/mine/file"], "holds something else than an export"),
        (["--to", "omop", "--notes", "{tmp}/nowhere"], "cannot open"),
        ([], "Missing option '--to'"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(out, tmp_path, capfd, arguments, what):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("precious")
    status, said, error = command(capfd, str(out), *(text.format(tmp=tmp_path) for text in arguments))
    assert status == 2 and not said and error.count("\n") == 1 and error.startswith("error: ") and what in error
    assert (tmp_path / "mine/file").read_text() == "precious"
    assert not (out / "export").exists()


def test_a_folder_without_a_finished_run_is_refused(tmp_path, capfd):
    for name, what in (("nowhere", "is not a folder"), ("empty", "holds no finished run")):
        if name == "empty":
            (tmp_path / name).mkdir()
        status, _, error = command(capfd, str(tmp_path / name), "--to", "xlsx")
        assert status == 2 and error.count("\n") == 1 and what in error
    assert not list((tmp_path / "empty").iterdir())


def test_nothing_is_written_into_the_notes(out, tmp_path, capfd):
    (tmp_path / "notes/P001").mkdir(parents=True)
    (tmp_path / "notes/P001/a.txt").write_text("Low back pain.")
    status, _, error = command(
        capfd, str(out), "--to", "omop", "--notes", str(tmp_path / "notes"), "--out", str(tmp_path / "notes/x")
    )
    assert status == 2 and "into the notes" in error and not (tmp_path / "notes/x").exists()


@pytest.mark.parametrize("to", ["omop", "xlsx"])
def test_an_export_replaces_the_one_before_is_private_and_the_same_again(out, tmp_path, capfd, to):
    status, said, error = command(capfd, str(out), "--to", to)
    target = out / "export" / to
    assert (status, error) == (0, "") and said.endswith(f"wrote {target}\n")
    first = content(target)
    (target / "left over").write_text("from an earlier version")
    os.utime(target / "left over", (0, 0))
    assert command(capfd, str(out), "--to", to)[0] == 0
    assert content(target) == first and MARK in first and len(first) > 1
    for path in (out / "export", target, *target.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert [path.name for path in (out / "export").iterdir()] == [to]
    assert not (out / ".work").exists()


def test_work_done_on_an_export_is_not_lost(out, capfd):
    assert command(capfd, str(out), "--to", "brat")[0] == 0
    annotated = next((out / "export/brat").rglob("*.ann"))
    later = (out / "export/brat" / MARK).stat().st_mtime_ns + 1_000_000_000
    os.utime(annotated, ns=(later, later))
    before = content(out / "export")
    status, said, error = command(capfd, str(out), "--to", "brat")
    assert status == 2 and not said and "work done since" in error and content(out / "export") == before


def test_a_new_run_says_that_the_export_is_of_an_earlier_one(out, tmp_path, capfd):
    assert command(capfd, str(out), "--to", "omop")[0] == 0
    (tmp_path / "more/P1").mkdir(parents=True)
    (tmp_path / "more/P1/a.txt").write_text("Low back pain for 2 years.")
    with pytest.raises(SystemExit) as stop:
        main(["run", str(tmp_path / "more"), "--out", str(out), "--no-report"])
    assert stop.value.code == 0 and "export again" in capfd.readouterr().out and (out / "export/omop/NOTE_NLP.csv").is_file()


def test_an_export_that_fails_leaves_the_one_before(out, capfd, monkeypatch):
    assert command(capfd, str(out), "--to", "xlsx")[0] == 0
    before = content(out / "export")
    with (out / "facts.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"fact_id": "secret words of a note"}\n')
    status, said, error = command(capfd, str(out), "--to", "xlsx")
    assert status == 1 and not said and "not as the run wrote them" in error and "secret" not in error
    assert content(out / "export") == before


@pytest.mark.parametrize(("to", "module"), [("xlsx", "xlsxwriter")])
def test_a_missing_library_is_named_with_its_extra(out, monkeypatch, to, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=rf"pip install 'bvn-evidence\[{to}\]'"):
        export(out, to)
    assert not (out / "export" / to).exists()


@pytest.mark.parametrize("to", ["omop", "xlsx"])
def test_notes_that_moved_are_found_with_notes_and_those_that_are_gone_are_told(out, tmp_path, capfd, to):
    moved = Path(shutil.copy(reviewed_run()[0], tmp_path / "moved.jsonl"))
    here = content_of_texts(out, to, capfd)
    info = json.loads((out / "run.json").read_text())
    info["options"]["notes"] = str(tmp_path / "gone.jsonl")
    (out / "run.json").write_text(json.dumps(info))
    assert content_of_texts(out, to, capfd, "--notes", str(moved)) == here
    status, said, error = command(capfd, str(out), "--to", to)
    assert (status, error) == (0, "") and (to != "omop" or "notes are gone or have changed" in said)


def content_of_texts(out: Path, to: str, capfd, *more: str) -> dict[str, bytes]:
    assert command(capfd, str(out), "--to", to, *more)[0] == 0
    return content(out / "export" / to)


def test_no_words_of_a_note_are_said_or_named(out, capfd):
    notes, _ = reviewed_run()
    words = {word for text in texts_of(notes).values() for word in text.split() if len(word) > 6 and word.isalpha()}
    words |= {fact.text for fact in facts_of(out)}
    for to in ("omop", "xlsx"):
        _, said, error = command(capfd, str(out), "--to", to)
        names = " ".join(path.name for path in (out / "export").rglob("*"))
        assert not [word for word in words if word in said + error + names]
    assert len(words) > 40 and set(FORMATS) >= {"omop", "xlsx"}
