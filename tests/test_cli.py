"""The command line as a user meets it: what it prints, its exit status, one line for every mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bvn_evidence import __version__, cli

NOTE = "Low back pain for 3 years, axial. ODI 44%.\n"


@pytest.fixture
def notes(tmp_path) -> Path:
    folder = tmp_path / "notes"
    (folder / "P001").mkdir(parents=True)
    (folder / "P001/2024-03-05_clinic.txt").write_text(NOTE)
    return folder


@pytest.fixture
def call(capsys):
    """Run a command in this process: (exit status, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return run


def test_run_prints_a_summary_that_fits_a_terminal(call, notes, tmp_path):
    (notes / "P001/scan.pdf").write_text("%PDF")
    (notes / "P002_2024-01-01_clinic.txt").write_text("\n")
    status, out, err = call("run", notes, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "P001" in out and "P002" in out and "incomplete" in out
    assert "1 processed" in out and "1 empty" in out and "1 rejected" in out
    assert "P001/scan.pdf: named .pdf, but it is none: save it again, without a password" in out
    assert "most often missing" in out and str(tmp_path / "out") in out
    assert "does not" in out or "not whether a patient should be treated" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 100
    assert not any("\x1b" in line for line in out.splitlines())


def test_quiet_prints_nothing(call, notes, tmp_path):
    assert call("run", notes, "--out", tmp_path / "out", "--quiet") == (0, "", "")
    assert (tmp_path / "out/patients.csv").exists()


def test_strict_fails_where_a_file_was_rejected(call, notes, tmp_path):
    assert call("run", notes, "--out", tmp_path / "a", "--strict", "--quiet")[0] == 0
    (notes / "P001/scan.pdf").write_text("%PDF")
    assert call("run", notes, "--out", tmp_path / "b", "--quiet")[0] == 0
    assert call("run", notes, "--out", tmp_path / "c", "--strict", "--quiet")[0] == 1


@pytest.mark.parametrize(
    "arguments,said",
    [
        (["run"], "Missing argument"),
        (["run", "{notes}"], "--out"),
        (["run", "{notes}", "--out", "{tmp}/o", "--wrokers", "2"], "--workers"),
        (["run", "{tmp}/none", "--out", "{tmp}/o"], "No such file"),
        (["run", "{notes}", "--out", "{tmp}/o", "--policy", "nope"], "nope"),
        (["run", "{notes}", "--out", "{tmp}/o", "--as-of", "May"], "YYYY-MM-DD"),
        (["run", "{notes}", "--out", "{notes}"], "--out"),
        (["run", "{notes}", "--out", "{tmp}/o", "--workers", "0"], "1 or more"),
        (["run", "{notes}", "--out", "{tmp}/o", "--workers", "x"], "--workers"),
        (["run", "{notes}", "--out", "{tmp}/o", "--manifest", "{tmp}/m.csv"], "manifest"),
        (["run", "{notes}", "--out", "{tmp}/o", "--id-pattern", "("], "--id-pattern"),
        (["run", "{notes}", "--out", "{tmp}/o", "--lexicons", "{tmp}/none"], "lexicon"),
        (["nothing"], "No such command"),
        (["explain", "{tmp}/none.txt"], "No such file"),
        (["policies", "show", "nope"], "nope"),
        (["lexicons", "check", "{tmp}/none"], "lexicon"),
    ],
)
def test_every_mistake_is_one_line_and_exit_status_2(call, notes, tmp_path, arguments, said):
    status, out, err = call(*(argument.format(notes=notes, tmp=tmp_path) for argument in arguments))
    assert status == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and said in err
    assert not (tmp_path / "o").exists()


def test_an_empty_folder_is_a_mistake(call, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = call("run", tmp_path / "empty", "--out", tmp_path / "o")
    assert status == 2 and "no files in" in err


def test_an_unexpected_error_shows_no_note_text(call, notes, tmp_path, monkeypatch):
    from bvn_evidence import runner

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"CANARY {NOTE}")

    monkeypatch.setattr(runner, "open_corpus", fail)
    status, out, err = call("run", notes, "--out", tmp_path / "out")
    assert status == 1 and err.count("\n") == 1 and "ValueError" in err and "CANARY" not in out + err


def test_a_full_disk_behind_stdout_is_one_line(call, notes, tmp_path, monkeypatch):
    from bvn_evidence.summary import Summary

    def full(*_: object) -> None:
        raise OSError(28, f"CANARY {NOTE}")

    monkeypatch.setattr(Summary, "show", full)
    status, _, err = call("run", notes, "--out", tmp_path / "out")
    assert status == 1 and err == "error: No space left on device, failed: OSError in cli; mend that and try again\n"


def test_closed_streams_are_not_taken_by_files():
    code = "from bvn_evidence import cli; cli._prepare_streams(); print('gone'); raise SystemExit(open('/dev/null').fileno())"
    for closed, first in ((">&-", 3), ("2>&-", 3), (">&- 2>&-", 3), ("", 3)):
        assert subprocess.run(f'"{sys.executable}" -c "{code}" {closed}', shell=True, capture_output=True).returncode >= first


def test_version_and_help(call):
    assert call("--version") == (0, f"bvn-evidence {__version__}\n", "")
    for arguments in ([], ["--help"], ["-h"]):
        status, out, _ = call(*arguments)
        assert status == 0 and all(name in out for name in ("run", "evaluate", "explain", "policies", "lexicons"))
    assert all(
        option in call("run", "--help")[1]
        for option in (
            "--out",
            "--policy",
            "--as-of",
            "--workers",
            "--id-pattern",
            "--manifest",
            "--resume",
            "--strict",
            "--quiet",
        )
    )


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom bvn_evidence import cli\ntry:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'spacy', 'medspacy', 'pandas', 'numpy', 'pydantic', 'sklearn', 'yaml', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_policies_are_listed_shown_and_checked(call, tmp_path):
    status, out, _ = call("policies")
    assert status == 0 and "aspn-2022" in out and call("policies", "list")[1] == out
    status, out, _ = call("policies", "show", "aspn-2022")
    assert status == 0 and "duration" in out and "imaging" in out
    (tmp_path / "mine.yml").write_text("id: mine\ncriteria: 5\n")
    status, _, err = call("policies", "check", tmp_path / "mine.yml")
    assert status == 1 and err


def test_lexicons_check_passes_on_our_own(call):
    status, out, err = call("lexicons", "check")
    assert (status, err) == (0, "") and "sound" in out


def test_explain_prints_a_note(call, notes):
    status, out, err = call("explain", notes / "P001/2024-03-05_clinic.txt")
    assert (status, err) == (0, "") and "2024-03-05" in out and "╰1" in out


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "bvn_evidence", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"bvn-evidence {__version__}\n"


def test_output_into_a_closed_pipe_is_no_error(notes, tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m bvn_evidence explain {notes}/P001/2024-03-05_clinic.txt | head -0",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr and "error" not in done.stderr
