"""The main job as a user sees it: the files it writes, what happens to bad input, crashes, disks and second runs."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bvn_evidence
from bvn_evidence import tables
from bvn_evidence.errors import RunError, UserError
from bvn_evidence.outdir import OutDir, writing
from bvn_evidence.report.rebuild import rebuild
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Fact

CLINIC = (
    "Chief complaint: low back pain.\n\nHPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. "
    "She tried physical therapy for 8 weeks, naproxen and activity modification for 9 months without relief. ODI 44%.\n"
)
MRI = (
    "MRI LUMBAR SPINE WITHOUT CONTRAST\n\nFINDINGS:\nL4-L5: Modic type 1 endplate changes. Mild disc bulge. "
    "No stenosis. Facets normal.\nIMPRESSION: Modic type 1 change at L4-L5.\n"
)
STABLE = ["patients.csv", "criteria.csv", "facts.jsonl", "facts.csv", "missing.md"]


@pytest.fixture(scope="module")
def notes(tmp_path_factory) -> Path:
    """A chart that meets the criteria, one with gaps, one with only bad files."""
    folder = tmp_path_factory.mktemp("notes")
    files = {
        "P001/2024-03-05_radiology.txt": MRI,
        "P001/2024-04-02_clinic.txt": CLINIC,
        "P001/2024-04-02_clinic_copy.txt": CLINIC,
        "P002/2024-01-09_clinic.txt": "Low back pain, see MRI.",
        "P002/empty.txt": "",
        "P003/scan.pdf": "%PDF-1.7",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def finished(notes, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    run(notes, out)
    return out


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Enough patients to be interrupted among."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(150):
        patient = folder / f"Q{number:03}"
        patient.mkdir()
        (patient / "2024-03-05_radiology.txt").write_text(
            MRI.replace("L4-L5", random.Random(number).choice(["L4-L5", "L5-S1"]))
        )
        (patient / "2024-04-02_clinic.txt").write_text(CLINIC.replace("44%", f"{20 + number % 50}%"))
    return folder


@pytest.fixture(scope="module")
def reference(many, tmp_path_factory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("reference") / "out"
    run(many, out)
    return stable(out)


def stable(out: Path) -> dict[str, bytes]:
    """The bytes of a run, timings aside."""
    found = {name: (out / name).read_bytes() for name in STABLE}
    found |= {path.name: path.read_bytes() for path in (out / "report").rglob("*.html")}
    rows = read_csv(out / "notes.csv")
    found["notes.csv"] = json.dumps([{**row, "seconds": ""} for row in rows]).encode()
    described = json.loads((out / "run.json").read_text())
    del described["timings"]
    found["run.json"] = json.dumps(described).encode()
    return found


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "facts.jsonl").read_text(encoding="utf-8").splitlines()]


def command(*arguments: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "bvn_evidence", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def finish(*arguments: object, **options) -> tuple[int, str, str]:
    process = command(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


# the tables


def test_every_file_of_the_contract_is_there_and_nothing_else(finished):
    assert sorted(path.name for path in finished.iterdir()) == sorted([*tables.FILES, "run.json", "report"])


def test_every_input_is_in_notes_csv_with_what_became_of_it(finished):
    rows = {row["path"]: row for row in read_csv(finished / "notes.csv")}
    assert {path: row["status"] for path, row in rows.items()} == {
        "P001/2024-03-05_radiology.txt": "processed",
        "P001/2024-04-02_clinic.txt": "processed",
        "P001/2024-04-02_clinic_copy.txt": "duplicate",
        "P002/2024-01-09_clinic.txt": "processed",
        "P002/empty.txt": "empty",
        "P003/scan.pdf": "rejected",
    }
    first = rows["P001/2024-03-05_radiology.txt"]
    assert first["sha256"] == hashlib.sha256(MRI.encode()).hexdigest()
    assert (first["note_date"], first["note_type"], first["chars"]) == ("2024-03-05", "radiology", str(len(MRI)))
    assert int(first["n_facts"]) > 0


def test_facts_point_at_the_words_they_rest_on(notes, finished):
    facts = facts_of(finished)
    assert {fact["kind"] for fact in facts} >= {"modic", "symptom_duration", "odi", "therapy"}
    for fact in facts:
        text = (notes / f"{fact['note_id']}.txt").read_text()
        assert text[fact["start"] : fact["end"]] == fact["text"]
        if fact["cue"]:
            assert text[fact["cue"]["start"] : fact["cue"]["end"]] == fact["cue"]["text"]
    assert len({fact["fact_id"] for fact in facts}) == len(facts)


def test_facts_csv_says_the_same_as_facts_jsonl(finished):
    rows = read_csv(finished / "facts.csv")
    facts = facts_of(finished)
    assert [row["fact_id"] for row in rows] == [fact["fact_id"] for fact in facts]
    for row, fact in zip(rows, facts, strict=True):
        assert row["levels"] == ";".join(fact["attributes"].get("levels") or [])
        assert row["text"].removeprefix("'") == fact["text"].removeprefix("'")


def test_patients_and_criteria_agree_and_cite_facts_that_exist(finished):
    patients = {row["patient_id"]: row for row in read_csv(finished / "patients.csv")}
    criteria = read_csv(finished / "criteria.csv")
    known = {fact["fact_id"] for fact in facts_of(finished)}
    assert list(patients) == ["P001", "P002", "P003"]
    assert patients["P001"]["overall"] == "met" and patients["P001"]["n_notes"] == "2"
    assert patients["P002"]["overall"] == "incomplete"
    assert patients["P003"]["overall"] == "incomplete" and patients["P003"]["n_notes"] == "0"
    assert (patients["P001"]["modic"], patients["P001"]["modic_levels"]) == ("1", "L4-L5")
    assert patients["P001"]["odi"] == "44" and patients["P001"]["odi_date"] == "2024-04-02"
    for row in criteria:
        assert patients[row["patient_id"]][row["criterion"]] == row["status"]
        assert row["rationale"] and set(filter(None, row["evidence"].split(";"))) <= known
    assert [row["criterion"] for row in criteria if row["patient_id"] == "P001"][-1] == "overall"


def test_missing_md_asks_for_what_is_missing_and_for_nothing_else(finished):
    text = (finished / "missing.md").read_text()
    assert "P002" in text and "P003" in text and "P001" not in text
    assert "Oswestry" in text or "ODI" in text


def test_run_json_holds_versions_options_counts_and_no_note_text(finished):
    text = (finished / "run.json").read_text()
    described = json.loads(text)
    assert described["program"]["version"] == bvn_evidence.__version__
    assert described["counts"]["notes"] == {"processed": 3, "empty": 1, "duplicate": 1, "rejected": 1}
    assert described["policies"][0]["id"] == "aspn-2022"
    assert described["sha256"]["facts.jsonl"] == hashlib.sha256((finished / "facts.jsonl").read_bytes()).hexdigest()
    assert "naproxen" not in text and "P001" not in text


def test_tables_have_headers_also_without_rows(tmp_path):
    (tmp_path / "n.csv").write_text("patient_id,note_id,text\n")
    run(tmp_path / "n.csv", tmp_path / "out")
    for name in ("patients.csv", "criteria.csv", "facts.csv", "notes.csv"):
        assert (tmp_path / "out" / name).read_text().startswith(("patient_id,", "fact_id,", "note_id,"))
        assert read_csv(tmp_path / "out" / name) == []
    assert (tmp_path / "out/facts.jsonl").read_text() == ""


def test_columns_are_unique():
    for columns in (tables.patient_columns(["duration", "age"]), (*tables.FACT_COLUMNS, *tables.ATTRIBUTE_COLUMNS)):
        assert len(set(columns)) == len(columns)


# safe cells


@pytest.mark.parametrize(
    "value,expected",
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-2+3", "'-2+3"),
        ("@SUM", "'@SUM"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("-1", "-1"),
        ("+1.5", "+1.5"),
        (-3, "-3"),
        (44.0, "44"),
        (6.5, "6.5"),
        (None, ""),
        (True, "true"),
        (["L4-L5", "L5-S1"], "L4-L5;L5-S1"),
        ('a "b"', '"a ""b"""'),
        ("L4-5", "L4-5"),
        ("＝1", "'＝1"),
    ],
)
def test_a_cell_never_starts_a_formula(value, expected):
    assert tables.cell(value) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
def test_any_cells_can_be_read_back(cells):
    (row,) = csv.reader(io.StringIO(tables.line(cells), newline=""))
    assert [cell.removeprefix("'") for cell in row] == [cell.removeprefix("'") for cell in cells]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["modic", "odi"]))
def test_facts_survive_the_journey_through_json_on_one_line(text, kind):
    fact = Fact(
        kind, "present", 0, len(text), text, text, "other", "r", {"levels": ["L4-L5"]}, None, "n#1", "p", "n", None
    )
    written = tables.fact_json([fact])
    assert len(written.splitlines()) == 1
    assert Fact.from_dict(json.loads(written)) == fact


# the same bytes, whatever the way


def test_workers_change_nothing(many, reference, tmp_path):
    run(many, tmp_path / "out", Options(workers=2))
    assert stable(tmp_path / "out") == reference


def test_resume_after_kill_gives_the_same_bytes(many, reference, tmp_path):
    out = tmp_path / "out"
    chance = random.Random(7)
    for attempt in range(3):
        process = command("run", many, "--out", out, "--workers", 1 + attempt % 2, *(["--resume"] if attempt else []))
        journal = out / ".work/journal.jsonl"
        wanted = (attempt + 1) * 30
        while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < wanted):
            time.sleep(0.005)
        time.sleep(chance.random() * 0.03)
        process.kill()
        process.communicate()
        assert not (out / "run.json").exists()
    status, _, err = finish("run", many, "--out", out, "--resume")
    assert (status, err) == (0, "")
    assert stable(out) == reference
    timings = json.loads((out / "run.json").read_text())["timings"]
    assert timings["notes_recalled"] >= 120 and timings["notes_recalled"] + timings["notes_extracted"] == 300
    assert not (out / ".work").exists()


def test_a_journal_cut_anywhere_is_continued(notes, finished, tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    expected = stable(finished)
    for cut in (1, 40, 200, 4000):
        out = tmp_path / str(cut)
        with pytest.raises(KeyboardInterrupt):
            run(notes, out, Options(), stop)
        journal = out / ".work/journal.jsonl"
        os.truncate(journal, max(journal.stat().st_size - cut, 0))
        run(notes, out, Options(resume=True))
        assert stable(out) == expected


def test_resume_of_a_finished_run_reads_only_what_changed(notes, tmp_path):
    mine, out = tmp_path / "notes", tmp_path / "out"
    shutil.copytree(notes, mine)
    run(mine, out)
    before = stable(out)
    summary = run(mine, out, Options(resume=True))
    assert (summary.extracted, summary.recalled) == (0, 3)
    assert stable(out) == before
    (mine / "P002/2024-01-09_clinic.txt").write_text(CLINIC)
    summary = run(mine, out, Options(resume=True))
    assert (summary.extracted, summary.recalled) == (1, 2)
    run(mine, tmp_path / "fresh")
    assert stable(out) == stable(tmp_path / "fresh")


def test_facts_edited_by_hand_are_not_taken_for_ours(notes, tmp_path):
    out = tmp_path / "out"
    run(notes, out)
    before = stable(out)
    path = out / "facts.jsonl"
    path.write_text(path.read_text().replace("L4-L5", "L1-L2"))
    summary = run(notes, out, Options(resume=True))
    assert summary.recalled == 0 and stable(out) == before


def test_without_resume_an_earlier_run_is_replaced(notes, finished, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "other").mkdir()
    (tmp_path / "other/X_2024-01-01.txt").write_text("Low back pain.")
    run(tmp_path / "other", out)
    (out / "report/patients/old.html").write_text("of the earlier run")
    run(notes, out)
    assert stable(out) == {**stable(finished), "run.json": stable(out)["run.json"]}
    assert not (out / "report/patients/old.html").exists()


# what goes wrong


def test_a_note_that_fails_is_recorded_without_its_text_and_the_rest_goes_on(notes, tmp_path, monkeypatch, capfd):
    from bvn_evidence import nlp

    real = nlp.extract

    def extract(pipeline, note):
        if note.note_type == "radiology":
            raise ValueError(f"CANARY {note.text}")
        return real(pipeline, note)

    monkeypatch.setattr(nlp, "extract", extract)
    run(notes, tmp_path / "out")
    rows = {row["path"]: row for row in read_csv(tmp_path / "out/notes.csv")}
    failed = rows["P001/2024-03-05_radiology.txt"]
    assert failed["status"] == "rejected" and failed["reason"].startswith("failed: ValueError in ")
    assert rows["P001/2024-04-02_clinic.txt"]["status"] == "processed"
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert "CANARY" not in written and "CANARY" not in "".join(capfd.readouterr())


def test_a_patient_that_cannot_be_judged_is_left_to_a_human(notes, tmp_path, monkeypatch):
    from bvn_evidence import criteria

    real = criteria.judge

    def judge(patient_id, *rest):
        if patient_id == "P001":
            raise KeyError("secret")
        return real(patient_id, *rest)

    monkeypatch.setattr(criteria, "judge", judge)
    summary = run(notes, tmp_path / "out")
    patients = {row["patient_id"]: row["overall"] for row in read_csv(tmp_path / "out/patients.csv")}
    assert patients["P001"] == "review" and patients["P002"] == "incomplete" and summary.n_failed == 1
    assert "## P001 (aspn-2022): review\n\nThis patient could not be judged" in (tmp_path / "out/missing.md").read_text()
    before = stable(tmp_path / "out")
    rebuild(tmp_path / "out")
    assert stable(tmp_path / "out") == before


POISON = """
import os
from bvn_evidence import patient
real = patient.Engine.process
def process(self, task):
    if task.patient_id == "Q010":
        os.kill(os.getpid(), 9)
    return real(self, task)
patient.Engine.process = process
"""


def test_a_patient_that_kills_workers_is_recorded_and_the_others_are_done(many, reference, tmp_path):
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(POISON)
    status, _, err = finish(
        "run", many, "--out", tmp_path / "out", "--workers", 2, env={**os.environ, "PYTHONPATH": str(tmp_path / "hook")}
    )
    assert (status, err) == (0, "")
    rows = read_csv(tmp_path / "out/notes.csv")
    assert {row["patient_id"] for row in rows if row["status"] == "rejected"} == {"Q010"}
    assert all("worker process died" in row["reason"] for row in rows if row["status"] == "rejected")
    patients = read_csv(tmp_path / "out/patients.csv")
    assert len(patients) == 150 and patients[10]["overall"] == "review"
    others = [line for line in reference["patients.csv"].splitlines() if not line.startswith(b"Q010")]
    assert others == [
        line for line in (tmp_path / "out/patients.csv").read_bytes().splitlines() if not line.startswith(b"Q010")
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_worker_killed_from_outside_loses_nothing(many, reference, tmp_path):
    process = command("run", many, "--out", tmp_path / "out", "--workers", 2, "--quiet")
    journal = tmp_path / "out/.work/journal.jsonl"
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 20):
        time.sleep(0.005)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(workers[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert stable(tmp_path / "out") == reference


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_end_with_a_killed_parent(many, tmp_path):
    process = command("run", many, "--out", tmp_path / "out", "--workers", 2, "--quiet")
    journal = tmp_path / "out/.work/journal.jsonl"
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 20):
        time.sleep(0.005)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(_alive(pid) for pid in children):
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in children)


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_is_one_line_and_can_be_resumed(many, reference, tmp_path):
    out = tmp_path / "out"
    process = command("run", many, "--out", out, "--workers", 2)
    while process.poll() is None and (
        not (out / ".work/journal.jsonl").exists() or (out / ".work/journal.jsonl").read_bytes().count(b"\n") < 20
    ):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.count(b"\n") == 1 and b"--resume" in err
    assert finish("run", many, "--out", out, "--resume", "--quiet") == (0, "", "")
    assert stable(out) == reference


@pytest.mark.parametrize(
    "number,said",
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "--out"),
        (errno.ENOENT, "vanished"),
        (errno.EIO, "--resume"),
    ],
)
def test_what_goes_wrong_with_the_disk_is_one_line(number, said):
    with pytest.raises(RunError, match=said) as error, writing(Path("out")):
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(error.value)


def test_a_full_disk_stops_the_run_and_resume_completes_it(many, reference, tmp_path):
    limit = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "runpy.run_module('bvn_evidence', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limit, "run", str(many), "--out", str(tmp_path / "out")], capture_output=True
    )
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and b"Traceback" not in done.stderr
    assert not (tmp_path / "out/run.json").exists()
    run(many, tmp_path / "out", Options(resume=True))
    assert stable(tmp_path / "out") == reference


def test_an_output_folder_that_vanishes_is_one_line(notes, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(RunError, match="vanished"):
        run(notes, out, Options(), lambda done, total: shutil.rmtree(out, ignore_errors=True))


def test_two_runs_into_one_folder_do_not_mix(notes, finished, tmp_path):
    out = tmp_path / "out"

    def second(done: int, total: int) -> None:
        with pytest.raises(UserError, match="another run"):
            run(notes, out)

    run(notes, out, Options(), second)
    assert stable(out) == stable(finished)


def test_it_never_writes_into_or_above_the_notes(notes, tmp_path):
    before = {path: path.read_bytes() for path in sorted(notes.rglob("*")) if path.is_file()}
    link = tmp_path / "link"
    link.symlink_to(notes)
    for out in (notes, notes / "out", notes / "P001", notes.parent, link / "out", notes / "P001/../x"):
        with pytest.raises(UserError, match="into or above the notes"):
            run(notes, out)
    with pytest.raises(UserError, match="into or above the notes"):
        run(notes / "P001/2024-04-02_clinic.txt", notes / "P001")
    assert {path: path.read_bytes() for path in sorted(notes.rglob("*")) if path.is_file()} == before


def test_it_never_overwrites_a_folder_of_something_else(notes, tmp_path):
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(UserError, match="files that are not of a run"):
        run(notes, tmp_path)
    with pytest.raises(UserError, match="is a file"):
        run(notes, tmp_path / "thesis.doc")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_mistake_leaves_nothing_behind(tmp_path):
    (tmp_path / "empty").mkdir()
    for notes, options in (
        (tmp_path / "empty", Options()),
        (tmp_path / "none", Options()),
        (tmp_path, Options(policies=("no-such-policy",))),
        (tmp_path, Options(as_of="yesterday")),
        (tmp_path, Options(workers=0)),
    ):
        with pytest.raises(UserError):
            run(notes, tmp_path.parent / f"{tmp_path.name}-out", options)
    assert not (tmp_path.parent / f"{tmp_path.name}-out").exists()


def test_a_mistake_does_not_cost_an_unfinished_run(notes, finished, tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(notes, out, Options(), stop)
    with pytest.raises(UserError):
        run(tmp_path / "none", out, Options(resume=True))
    assert run(notes, out, Options(resume=True)).recalled > 0
    assert stable(out) == stable(finished)


def test_output_is_private(finished):
    assert stat.S_IMODE(finished.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in finished.rglob("*") if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in finished.rglob("*") if path.is_dir()} == {0o700}


def test_work_files_are_private_and_inside_the_output_folder(notes, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    seen = {}

    def look(done: int, total: int) -> None:
        work = [path for path in (tmp_path / "out/.work").rglob("*") if path.is_file()]
        seen.update({path.name: stat.S_IMODE(path.stat().st_mode) for path in work})

    run(notes, tmp_path / "out", Options(), look)
    assert set(seen.values()) == {0o600} and "journal.jsonl" in seen
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_lock_of_a_dead_run_does_not_hold(notes, tmp_path):
    out = tmp_path / "out"
    (out / ".work").mkdir(parents=True)
    (out / ".work/lock").write_text("")
    with OutDir(out, notes):
        pass
    run(notes, out)


def test_no_network_is_used(notes, tmp_path, monkeypatch):
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    run(notes, tmp_path / "out")


def test_several_policies_give_a_row_each(notes, tmp_path):
    from bvn_evidence.criteria import list_policies

    other = next(name for name in map(_policy_id, list_policies()) if name != "aspn-2022")
    run(notes, tmp_path / "out", Options(policies=("aspn-2022", other, "aspn-2022")))
    rows = [(row["patient_id"], row["policy"]) for row in read_csv(tmp_path / "out/patients.csv")]
    assert rows == [(patient, policy) for patient in ("P001", "P002", "P003") for policy in ("aspn-2022", other)]


def _policy_id(policy) -> str:
    return policy if isinstance(policy, str) else policy.id


def test_as_of_judges_at_that_date(notes, tmp_path):
    run(notes, tmp_path / "out", Options(as_of="2024-03-06"))
    (patient,) = (row for row in read_csv(tmp_path / "out/patients.csv") if row["patient_id"] == "P001")
    assert patient["imaging"] == "met" and patient["function"] == "missing"


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    """Twelve times the notes, hardly more memory: nothing holds texts or facts."""
    peaks = []
    for count in (40, 480):
        folder = tmp_path / f"n{count}"
        folder.mkdir()
        for number in range(count):
            (folder / f"P{number}_2024-01-01_clinic.txt").write_text(CLINIC * 40 + str(number))
        script = (
            "import resource; from pathlib import Path; from bvn_evidence.runner import run; "
            f"run(Path({str(folder)!r}), Path({str(tmp_path / f'o{count}')!r})); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        peaks.append(int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout))
    assert peaks[1] < 1.2 * peaks[0]


# the Python interface


def test_the_python_interface_returns_the_same_tables(notes, finished):
    results = bvn_evidence.run(notes)
    assert list(results.patients.columns) == list(read_csv(finished / "patients.csv")[0])
    assert results.patients.set_index("patient_id").overall.to_dict() == {
        row["patient_id"]: row["overall"] for row in read_csv(finished / "patients.csv")
    }
    assert len(results.facts) == len(facts_of(finished)) and len(results.notes) == 6
    assert results.facts.query("kind == 'modic'").iloc[0].levels == ["L4-L5"]
    assert len(results.criteria) == len(read_csv(finished / "criteria.csv"))
    nlp = bvn_evidence.load()
    doc = nlp(MRI)
    assert "bvn_modic" in nlp.pipe_names and doc.spans["facts"][0]._.fact["kind"]


STOPPED_AMID_A_RESULT = """
import multiprocessing, time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from bvn_evidence.pool import _Pool

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

if __name__ == "__main__":
    pool = object.__new__(_Pool)
    pool._executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    before = pages()
    pool._executor.submit(bytes, 300_000_000)
    while pages() < before + 10_000:  # 40 MB of the result have come
        time.sleep(0.001)
    pool.stop()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sees in /proc how much has come")
def test_ending_workers_amid_a_result_does_not_hang(tmp_path):
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED_AMID_A_RESULT)
    assert subprocess.run([sys.executable, script], timeout=60, capture_output=True).returncode == 0
