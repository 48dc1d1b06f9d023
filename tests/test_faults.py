"""What a run leaves where it is cut off: kills, full disks, folders that vanish or cannot be written, two runs at once.

A run is forked from this process, which holds the pipeline, so that fifty of them cost little.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from bvn_evidence import checkpoint, cli, runner, tables
from bvn_evidence import nlp as pipeline
from bvn_evidence.nlp import lexicon
from test_run import CLINIC, MRI, finish, stable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and mounts file systems")
FILES = [*tables.FILES, "run.json"]


@pytest.fixture(scope="module")
def charts(tmp_path_factory) -> Path:
    """Patients enough to be cut off among."""
    folder = tmp_path_factory.mktemp("charts")
    for number in range(4):
        patient = folder / f"Q{number:03}"
        patient.mkdir()
        (patient / "2024-03-05_radiology.txt").write_text(MRI)
        (patient / "2024-04-02_clinic.txt").write_text(CLINIC.replace("44%", f"{20 + number}%"))
    return folder


@pytest.fixture(scope="module")
def earlier_charts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("earlier_charts")
    (folder / "Q000").mkdir()
    (folder / "Q000/2023-01-01_clinic.txt").write_text("Low back pain for 2 years.")
    return folder


@pytest.fixture(autouse=True)
def loaded(nlp, monkeypatch):
    """Runs of this process and its forks take the pipeline that is there."""
    take(monkeypatch, nlp)


def take(patch: pytest.MonkeyPatch, nlp) -> None:
    versions = checkpoint.stamp(lexicon.content_hash())
    patch.setattr(pipeline, "load", lambda lexicons=None: nlp)
    patch.setattr(runner, "stamp", lambda lexicons: versions)  # reads all of the program, each time


class Run:
    """A command in a fork of this process; `before` is run there first."""

    def __init__(self, *arguments: object, before=lambda: None) -> None:
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(writer)
            self._said = reader
            return
        status = 70
        try:
            os.close(reader)
            os.dup2(writer, 2)
            gc.disable()
            before()
            with contextlib.redirect_stderr(os.fdopen(2, "w", closefd=False)), contextlib.redirect_stdout(io.StringIO()):
                try:
                    cli.main([str(argument) for argument in arguments])
                except SystemExit as stop:
                    status = int(stop.code or 0)
                sys.stderr.flush()
        finally:
            os._exit(status)

    def end(self) -> tuple[int, str]:
        """Exit status (negative: the signal that killed it) and what it said."""
        with os.fdopen(self._said) as said:
            text = said.read()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), text


def command(*arguments: object, before=lambda: None) -> tuple[int, str]:
    return Run(*arguments, before=before).end()


@pytest.fixture(scope="module")
def finished(nlp, charts, tmp_path_factory) -> tuple[Path, dict[str, bytes], float]:
    """An uninterrupted run: its folder, its bytes and how long it took."""
    out = tmp_path_factory.mktemp("finished") / "out"
    patch = pytest.MonkeyPatch()
    take(patch, nlp)
    with pytest.raises(SystemExit):  # here, so that forks find all modules loaded
        cli.main(["run", str(charts), "--out", str(out), "--quiet"])
    shutil.rmtree(out)
    begun = time.monotonic()
    assert command("run", charts, "--out", out, "--quiet") == (0, "")
    patch.undo()
    return out, stable(out), time.monotonic() - begun


@pytest.fixture(scope="module")
def earlier(nlp, earlier_charts, tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    """A finished run over other notes, to be replaced."""
    out = tmp_path_factory.mktemp("earlier") / "out"
    patch = pytest.MonkeyPatch()
    take(patch, nlp)
    assert command("run", earlier_charts, "--out", out, "--quiet") == (0, "")
    patch.undo()
    return out, stable(out)


def whole(out: Path, *runs: dict[str, bytes]) -> None:
    """Whatever is visible is of one of `runs`, and whole; with run.json it is all of it."""
    there = {name for name in FILES if (out / name).exists()}
    pages = {path.name: path.read_bytes() for path in (out / "report").rglob("*.html")}
    bodies = {name: (out / name).read_bytes() for name in there - {"run.json", "notes.csv"}}
    fits = [run for run in runs if all(run.get(name) == body for name, body in {**bodies, **pages}.items())]
    assert fits, f"files of two runs, or in part: {sorted(there)}"
    if "run.json" in there:
        assert stable(out) in fits


# kill -9


def kill_after(seconds: float):
    """A moment of its life."""

    def arm() -> None:
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()

    return arm


def kill_at(step: int, out: Path):
    """Before the step-th time that it opens, moves or removes something in the output folder, counted from the end of
    the work where `step` is negative."""

    def arm() -> None:
        seen = itertools.count(1)

        def watch(event: str, arguments: tuple) -> None:
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"):
                named = any(isinstance(value, (str, os.PathLike)) and str(value).startswith(str(out)) for value in arguments)
                if named and next(seen) == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)

    return arm


def steps_of(out: Path, *arguments: object) -> int:
    """How many such steps a run takes."""
    reader, writer = os.pipe()

    def arm() -> None:
        def watch(event: str, values: tuple) -> None:
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate") and any(
                isinstance(value, (str, os.PathLike)) and str(value).startswith(str(out)) for value in values
            ):
                os.write(writer, b".")

        sys.addaudithook(watch)

    assert command(*arguments, before=arm)[0] == 0
    os.close(writer)
    with os.fdopen(reader, "rb") as counted:
        return len(counted.read())


def test_fifty_kills_lose_nothing_and_leave_nothing_in_part(charts, finished, earlier, tmp_path):
    """At random moments, at random steps, and at every step of the last ones, which replace an earlier run's files."""
    _, expected, seconds = finished
    chance = random.Random(20261125)
    shutil.copytree(earlier[0], tmp_path / "counted")
    steps = steps_of(tmp_path / "counted", "run", charts, "--out", tmp_path / "counted", "--quiet")
    assert steps > 50
    moments = [("seconds", chance.uniform(0, seconds)) for _ in range(16)]
    moments += [("step", chance.randrange(1, steps)) for _ in range(6)]
    moments += [("step", step) for step in range(steps - 27, steps + 1)]
    killed = 0
    while killed < len(moments):
        kind, at = moments[killed]
        out = tmp_path / f"out{killed}"
        known = [expected]
        if killed % 2 or kind == "step":
            shutil.copytree(earlier[0], out)
            known.append(earlier[1])
        before = kill_after(at) if kind == "seconds" else kill_at(int(at), out)
        status, said = command("run", charts, "--out", out, "--quiet", before=before)
        assert (status, said) == (-signal.SIGKILL, "") or (kind == "seconds" and (status, said) == (0, ""))
        whole(out, *known)
        assert command("run", charts, "--out", out, "--quiet", *(["--resume"] if killed % 3 else [])) == (0, "")
        assert stable(out) == expected and not (out / ".work").exists()
        shutil.rmtree(out)
        if status == 0:  # done before its moment came, on a machine that has become faster: earlier, then
            moments[killed] = (kind, at / 2)
        else:
            killed += 1
    assert killed == 50


def test_the_earlier_run_comes_back_where_the_new_one_was_killed_and_none_follows(charts, finished, earlier, tmp_path):
    """A command that does no more than enter the folder brings back what the killed run had moved away."""
    _, expected, _ = finished
    shutil.copytree(earlier[0], tmp_path / "counted")
    steps = steps_of(tmp_path / "counted", "run", charts, "--out", tmp_path / "counted", "--quiet")
    came_back = 0
    for step in range(steps - 24, steps - 3, 5):
        out = tmp_path / f"out{step}"
        shutil.copytree(earlier[0], out)
        assert command("run", charts, "--out", out, "--quiet", before=kill_at(step, out))[0] == -signal.SIGKILL
        gone = not (out / "run.json").exists()
        assert command("run", charts / "none", "--out", out, "--quiet")[0] == 2
        came_back += gone and stable(out) == earlier[1]
        assert stable(out) in (earlier[1], expected)
    assert came_back > 1


# disks


def mount(*arguments: object) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine does not let us mount a file system ({done.stderr.strip()})")


@pytest.fixture
def disk(tmp_path):
    """Makes small file systems; they are gone after the test."""
    made: list[Path] = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def one_line(said: str, *words: str) -> None:
    assert said.startswith("error: ") and said.count("\n") == 1 and "internal" not in said, said
    assert all(word in said for word in words), said


def where_it_failed(writer: int):
    """Tell through `writer` what the run was doing when the disk was full."""

    def arm() -> None:
        from bvn_evidence import outdir

        class Told(outdir.RunError):
            def __init__(self, text: str) -> None:
                super().__init__(text)
                trace = sys.exc_info()[2]
                names = []
                while trace is not None:
                    names.append(trace.tb_frame.f_code.co_qualname)
                    trace = trace.tb_next
                os.write(writer, (",".join(names) + "\n").encode())

        outdir.RunError = Told  # type: ignore[misc]

    return arm


def test_a_disk_that_is_full_at_any_stage_is_one_line_and_the_run_goes_on_with_more(charts, finished, earlier, disk):
    """From no room for the lock to room for all but the last pages, with and without an earlier run to keep."""
    _, expected, _ = finished
    need = sum(-(-path.stat().st_size // 4096) * 4096 for path in finished[0].rglob("*") if path.is_file())
    held = sum(-(-path.stat().st_size // 4096) * 4096 for path in earlier[0].rglob("*") if path.is_file())
    failed = set()
    pages = need // 4096
    for first, sizes in (("nothing", range(1, pages + 8, 4)), ("earlier", range(1, pages + 8, 9))):
        for room in sizes:
            folder = disk(room * 4096 + (held if first == "earlier" else 0))
            out = folder / "out"
            if first == "earlier":
                shutil.copytree(earlier[0], out)
            reader, writer = os.pipe()
            status, said = command("run", charts, "--out", out, "--quiet", before=where_it_failed(writer))
            os.close(writer)
            with os.fdopen(reader) as told:
                failed.add(told.read().strip())
            if status:
                assert status == 1
                one_line(said, "no space left", "free some", "--resume")
            whole(out, expected, *([earlier[1]] if first == "earlier" else []))
            if status and first == "earlier":
                assert stable(out) == earlier[1]
            subprocess.run(["mount", "-o", f"remount,size={4 * need}", str(folder)], check=True)
            assert command("run", charts, "--out", out, "--quiet", "--resume") == (0, "")
            assert stable(out) == expected and not (out / ".work").exists()
    assert len(failed - {""}) >= 3, failed


def test_a_read_only_disk_is_one_line(charts, earlier, disk):
    folder = disk(4 << 20)
    shutil.copytree(earlier[0], folder / "out")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for out in (folder / "out", folder / "new"):
        status, said = command("run", charts, "--out", out)
        assert status == 1
        one_line(said, "cannot write to", "--out", "Read-only")
    for command_line in (["report", folder / "out"], ["export", folder / "out", "--to", "omop"]):
        status, said = command(*command_line)
        assert status == 1
        one_line(said, "cannot write to")
    assert stable(folder / "out") == earlier[1]


@pytest.fixture
def open_folder():
    """A folder that anybody can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_of_somebody_else_is_one_line(charts, finished, earlier, open_folder):
    charts = shutil.copytree(charts, open_folder / "charts")
    for path in (charts, *charts.rglob("*")):
        path.chmod(0o755)
    shutil.copytree(earlier[0], open_folder / "out")

    def nobody() -> None:
        os.setgid(65534)
        os.setuid(65534)

    for out, expected, words in (
        (open_folder / "out", 2, ["--out", "not readable"]),
        (open_folder / "new", 1, ["cannot write to", "permissions", "--out"]),
    ):
        status, said = command("run", charts, "--out", out, before=nobody)
        assert status == expected, said
        one_line(said, *words)
    assert stable(open_folder / "out") == earlier[1] and not (open_folder / "new").exists()


# folders


def vanish_after(patients: int, act):
    def arm() -> None:
        from bvn_evidence import checkpoint

        add, seen = checkpoint.Journal.add, itertools.count(1)

        def hooked(self, *rest):
            add(self, *rest)
            if next(seen) == patients:
                act()

        checkpoint.Journal.add = hooked

    return arm


def test_an_output_folder_that_vanishes_or_moves_is_one_line(charts, finished, earlier, tmp_path):
    out = tmp_path / "out"
    for act in (lambda: shutil.rmtree(out), lambda: out.rename(tmp_path / "moved"), lambda: shutil.rmtree(out / ".work")):
        for patients in (2,):
            shutil.copytree(earlier[0], out)
            status, said = command("run", charts, "--out", out, "--quiet", before=vanish_after(patients, act))
            assert status == 1
            one_line(said, "vanished", "run again")
            for folder in (folder for folder in (out, tmp_path / "moved") if folder.exists()):
                whole(folder, earlier[1])
            assert command("run", charts, "--out", out, "--quiet", "--resume") == (0, "")
            assert stable(out) == finished[1]
            shutil.rmtree(out)
            shutil.rmtree(tmp_path / "moved", ignore_errors=True)


def test_of_two_runs_at_once_one_is_done_and_one_is_told_to_wait(charts, finished, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        both = [Run("run", charts, "--out", out, "--quiet") for _ in range(2)]
        ends = sorted(one.end() for one in both)
        assert ends[0] == (0, "")
        if ends[1] != (0, ""):  # the second began when the first was done
            assert ends[1][0] == 2
            one_line(ends[1][1], "another run is writing", "wait for it")
        assert stable(out) == finished[1] and not (out / ".work").exists()


# workers

DYING = """
import os
from bvn_evidence import pool
pool._build.__code__ = (lambda settings, pages: os._exit(9)).__code__
pool.os = os
"""


def test_workers_that_all_die_end_the_run_with_one_line(charts, tmp_path):
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(DYING)
    status, _, said = finish(
        "run", charts, "--out", tmp_path / "out", "--workers", 2, env={**os.environ, "PYTHONPATH": str(tmp_path / "hook")}
    )
    assert status == 1
    one_line(said, "worker processes keep dying", "fewer --workers")
    assert not list(tmp_path.glob("out/*.csv"))
