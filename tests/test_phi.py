"""No word of a note outside the tables and the report: not on stderr, in logs, warnings, errors, names or run.json.

Every note holds canaries (words that stand nowhere else), also where they make something fail.
"""

from __future__ import annotations

import csv
import importlib
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

import documents
import hostile_corpus
from bvn_evidence import cli
from bvn_evidence import nlp as nlp_module
from bvn_evidence.nlp import COMPONENTS
from hostile_corpus import CANARY, EXPORTS, body, canary

OTHER_POLICY = "aetna-0016"


class Watch:
    """What leaves the program beside its tables: call it with a command, then ask for `leaks`."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capfd = folder, capfd
        self._logged: list[str] = []
        self.out = self.err = ""
        self.status = 0

    def __call__(self, *arguments: object) -> Watch:
        self._logged = []
        handler = logging.Handler(1)
        handler.emit = lambda record: self._logged.append(record.getMessage() + str(record.exc_info))  # type: ignore[method-assign]
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(1)
        try:
            with warnings.catch_warnings(record=True) as warned, pytest.raises(SystemExit) as stop:
                warnings.simplefilter("always")
                cli.main([str(argument) for argument in arguments])
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        self._logged += [str(one.message) for one in warned]
        self.out, self.err = self._capfd.readouterr()
        self.status = int(stop.value.code or 0)
        return self

    def leaks(self, stdout: bool = True) -> list[str]:
        """Where a canary was seen; `stdout=False` where the command shows a note on purpose."""
        places = {"stderr": self.err, "logs and warnings": "\n".join(self._logged), **names_and_runs(self._folder)}
        if stdout:
            places["stdout"] = self.out
        return [place for place, text in places.items() if CANARY.search(text)]


def names_and_runs(folder: Path) -> dict[str, str]:
    """The names of all files below a folder, and what every run.json and the reasons in every notes.csv say."""
    files = list(folder.rglob("*"))
    found = {"file names": "\n".join(map(str, files))}
    for path in files:
        if path.name == "run.json":
            found[str(path)] = path.read_text(encoding="utf-8")
        if path.name == "notes.csv" and path.parent.name.startswith("out"):
            with path.open(encoding="utf-8", newline="") as file:
                found[f"reasons in {path}"] = "\n".join(str({**row, "sha256": ""}) for row in csv.DictReader(file))
    return found


def write_notes(folder: Path) -> Path:
    """Three charts whose notes hold canaries in odd places."""
    table = "| Level | {c} |\n|---|\n| L4-5 | Modic 2 | {c} | more |\n| {c}".replace("{c}", canary())
    texts = {
        "P1/2024-03-05_radiology.txt": f"MRI LUMBAR SPINE {canary()}\n\nFINDINGS {canary()}:\n{table}\nIMPRESSION: {body()}",
        "P1/2024-04-02_clinic.txt": body(f"{canary()}: {canary()}\n{{}}"),
        "P2/2024-04-02_clinic.txt": body(f"id: {canary()}\ntitle: [{canary()}\n{{}}"),
        "P2/bad.txt": f"{canary()}\0\1\2" * 50,
        "P3/2024-04-02_clinic.txt": body(),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def write_documents(folder: Path) -> None:
    """Notes as documents, FHIR and OMOP, whole and broken, with canaries in all of them."""
    (folder / "P1").mkdir(parents=True)
    for kind, make in documents.MAKE.items():
        data = make(body())
        (folder / f"P1/whole.{kind}").write_bytes(data)
        (folder / f"P1/cut-{kind}.{kind}").write_bytes(data[: len(data) // 2])
        (folder / f"P1/named-{kind}.{kind}").write_text(body())
    word = canary()
    attachments = [
        documents.attachment("txt", body()),
        {"contentType": "text/html", "data": f"!{word}!"},
        {"contentType": word, "url": f"http://{word}.example/"},
    ]
    note = documents.document("n", "P1", "2024-03-05", "11506-3", *attachments)
    odd = [{"resourceType": word, "id": "o1"}, {"resourceType": "DocumentReference", "id": "o2", "content": word}]
    (folder / "bundle.json").write_text(json.dumps(documents.bundle(note, *odd)))
    (folder / "notes.ndjson").write_text("\n".join([json.dumps(note), word, *map(json.dumps, odd)]))
    row = ["1", "7", "2024-03-05", "0", "0", word, body(), "0", "0"]
    with (folder / "omop.csv").open("w", newline="") as file:
        csv.writer(file).writerows([documents.OMOP_COLUMNS, row, row[:-1], [*row, word], ["x", *row[1:]]])


@pytest.fixture(scope="module")
def world(tmp_path_factory, nlp):
    """Notes, a finished run, a gold folder, and broken things made of notes."""
    folder = tmp_path_factory.mktemp("world")
    write_notes(folder / "notes")
    write_documents(folder / "documents")
    real = nlp_module.load
    nlp_module.load = lambda *_, **__: nlp
    try:
        from bvn_evidence.runner import run

        run(folder / "notes", folder / "out")
    finally:
        nlp_module.load = real
    facts = [json.loads(line) for line in (folder / "out/facts.jsonl").read_text().splitlines()]
    gold = folder / "gold"
    shutil.copytree(folder / "notes", gold / "notes")
    rows = [{"note_id": fact["note_id"], "facts": [{"kind": "odi", "score": 7, "assertion": "present", "quote": canary()}]} for fact in facts]
    (gold / "gold_facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = canary()
    broken = {
        "yaml.yml": f"{words}: 1\n{words}: 2\n", "alias.yml": f"id: *{words}\n", "tag.yml": f"id: !{words} x\n", "anchor.yml": f"- &{words} x\n- &{words} y\n",
        "open.yml": f"id: [{words}\n", "list.yml": f"- {words}\n", "half.yml": f"id: {words} {words}\ntitle: {words}\ncriteria: {words}\n",
        "m1.csv": f"path,patient_id,note_date\n{words},{words},{words}\n", "m2.csv": f'path,patient_id\n"{words}" {words},x\n', "m3.csv": f"{words},{words}\n",
        "m4.csv": f"path,patient_id\n{words},{words},{words}\n", "m5.csv": f"path,note_type\nP1/2024-04-02_clinic.txt,{words}\n",
        "r.jsonl": f'{{"reviewer": "{words}"}}\n{words}\n',
        "t1.csv": f"patient_id,note_id,text\nA,1,{words},{words}\nB,2\nC,3,{words}\n", "t2.csv": f'patient_id,note_id,text\nA,1,"{words}\n',
        "t3.csv": f"{words},{words}\n", "t4.jsonl": f'{{"patient_id": "A", "text": "{words}"}}\n{words}\n["{words}"]\n{{"{words}": 1}}\n', "t5.parquet": words,
        "facts.jsonl": f'{{"note_id": "{words}"}}\n', "facts2.jsonl": f"{words}\n", "result.json": f'["{words}"]',
    }  # fmt: skip
    (folder / "broken").mkdir()
    for name, text in broken.items():
        (folder / "broken" / name).write_text(text)
    (folder / "lexicons").mkdir()
    (folder / "lexicons/modic.yml").write_text(f"{words}: [{words}\n")
    (folder / "lexicons/sections.yml").write_text(f"entries: {words}\n")
    return folder


@pytest.fixture
def watch(world, tmp_path, capfd, nlp, monkeypatch):
    monkeypatch.setattr(nlp_module, "load", lambda *_, **__: nlp)
    return Watch(tmp_path, capfd)


RUN = ["run", "{world}/notes", "--out", "{tmp}/out"]
NOTE = "{world}/notes/P2/2024-04-02_clinic.txt"


@pytest.mark.parametrize(
    "arguments",
    [
        RUN, [*RUN, "--no-report"], [*RUN, "--quiet"], [*RUN, "--strict"], [*RUN, "--resume"], [*RUN, "--engine", "local"],
        [*RUN, "--policy", OTHER_POLICY, "--policy", "aspn-2022"], [*RUN, "--as-of", "2024-03-06"], [*RUN, "--id-pattern", r"(?P<patient>P\d)"],
        *([*RUN, "--manifest", f"{{world}}/broken/m{number}.csv"] for number in range(1, 6)), [*RUN, "--manifest", NOTE],
        *([*RUN, "--policy", f"{{world}}/broken/{name}.yml"] for name in ("yaml", "alias", "tag", "anchor", "open", "list")),
        [*RUN, "--policy", NOTE], [*RUN, "--reviews", NOTE], [*RUN, "--reviews", "{world}/broken/r.jsonl"],
        [*RUN, "--lexicons", "{world}/notes/P1"], [*RUN, "--lexicons", "{world}/lexicons"],
        *(["run", f"{{world}}/broken/{name}", "--out", "{tmp}/out"] for name in ("t1.csv", "t2.csv", "t3.csv", "t4.jsonl", "t5.parquet")),
        ["run", NOTE, "--out", "{tmp}/out"], ["run", "{world}/documents", "--out", "{tmp}/out", "--keep-text"],
        *(["run", f"{{world}}/documents/{name}", "--out", "{tmp}/out"] for name in ("bundle.json", "notes.ndjson", "omop.csv")),
        ["report", "{tmp}/done"], ["report", "{tmp}/done", "--notes", "{world}/gold/notes"], ["report", "{world}/notes"],
        *(["export", "{tmp}/done", "--to", name] for name in EXPORTS),
        ["evaluate", "{world}/gold"], ["evaluate", "{world}/gold", "--facts", "{world}/out/facts.jsonl"], ["evaluate", "{world}/notes"],
        ["evaluate", "{world}/gold", "--facts", "{world}/broken/facts.jsonl"], ["evaluate", "{world}/gold", "--facts", "{world}/broken/facts2.jsonl"],
        ["evaluate", "{world}/gold", "--facts", "{world}/out/facts.jsonl", "--out", "{tmp}/result.json"],
        ["evaluate", "{world}/gold", "--facts", "{world}/out/facts.jsonl", "--compare", "{world}/broken/result.json"],
        ["policies"], ["policies", "check", NOTE], *(["policies", "check", f"{{world}}/broken/{name}.yml"] for name in ("yaml", "alias", "tag", "anchor", "open")),
        ["policies", "show", "{world}/broken/yaml.yml"], ["lexicons", "check", "{world}/lexicons"], ["lexicons", "check", "{world}/notes/P1"],
        ["explain", "{world}/notes/P2/bad.txt"], *(["explain", f"{{world}}/documents/P1/cut-{kind}.{kind}"] for kind in ("pdf", "docx")), ["explain", "{world}/notes"],
    ],
    ids=lambda arguments: " ".join(arguments).replace("{world}/", "").replace("{tmp}/", ""),
)  # fmt: skip
def test_no_command_and_no_mistake_shows_a_word_of_a_note(watch, world, tmp_path, arguments):
    if "{tmp}/done" in arguments:
        shutil.copytree(world / "out", tmp_path / "done")
    seen = watch(*(argument.format(world=world, tmp=tmp_path) for argument in arguments))
    assert seen.leaks() == []
    assert seen.status in (0, 1, 2) and "Traceback" not in seen.err and "internal error" not in seen.err
    assert (seen.err == "") == (seen.status == 0 or "--strict" in arguments)
    assert is_private(tmp_path)


@pytest.mark.parametrize("arguments", [["explain", NOTE], ["evaluate", "{world}/gold", "--errors", "odi"], ["evaluate", "{world}/gold", "--json"]])
def test_what_shows_notes_on_purpose_does_so_on_stdout_alone(watch, world, arguments):
    seen = watch(*(argument.format(world=world) for argument in arguments))
    assert seen.status == 0 and CANARY.search(seen.out) and seen.leaks(stdout=False) == []


def is_private(folder: Path) -> bool:
    """Whether every folder of the program's below `folder` is 0700 and every file there 0600."""
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if "done" not in path.relative_to(folder).parts[:1] and mode != (0o700 if path.is_dir() else 0o600):
            return False
    return True


def test_an_existing_folder_and_a_shared_umask_end_up_private(watch, world, tmp_path):
    (tmp_path / "out").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        watch("run", world / "notes", "--out", tmp_path / "out", "--quiet")
        watch("report", tmp_path / "out")
        watch("export", tmp_path / "out", "--to", "brat")
    finally:
        os.umask(before)
    assert is_private(tmp_path) and stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


FAULTS = [
    "formats.read", "formats.decode", "corpus.date_from_text", "corpus.type_from_text", "corpus.read_bytes", "patient.read_patient", "nlp.extract", "nlp.view.NoteView",
    "criteria.judge", "criteria.missing_md", "tables.fact_json", "tables.fact_lines", "tables.note_lines", "tables.patient_line", "tables.criteria_lines",
    "report.page", "report.entry", "report.plain_values", "report.writer.Writer.add", "report.writer.Writer.finish", "checkpoint.Journal.add",
    "runner.Journal", "runner.open_corpus", "listing.FileCorpus.sources", "outdir.OutDir.publish", "outdir.OutDir.stage", "summary.Summary.add",
    "summary.Summary.show", "patient.Engine.process", "runner._description", "progress.Progress.__call__",
]  # fmt: skip


class Nasty(Exception):
    """An error that carries a note in every place an error has."""

    def __init__(self, text: str) -> None:
        super().__init__(text, {"note": text})
        self.text = text
        self.add_note(text)
        self.__cause__ = ValueError(text)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def fail(world: Path):
    text = (world / "notes/P2/2024-04-02_clinic.txt").read_text()

    def raise_it(*_: object, **__: object) -> None:
        raise Nasty(text)

    return raise_it


@pytest.mark.parametrize("place", FAULTS)
def test_an_error_anywhere_tells_no_word_of_a_note_and_loses_none(watch, world, tmp_path, monkeypatch, place):
    home, _, name = place.rpartition(".")
    try:
        target = importlib.import_module(f"bvn_evidence.{home}")
    except ImportError:
        module, _, kind = home.rpartition(".")
        target = getattr(importlib.import_module(f"bvn_evidence.{module}"), kind)
    monkeypatch.setattr(target, name, fail(world))
    all_end_well(watch("run", world / "notes", "--out", tmp_path / "out"), tmp_path / "out")


@pytest.mark.parametrize("name", COMPONENTS)
def test_an_error_in_any_component_is_recorded_by_its_kind_and_place(watch, world, tmp_path, monkeypatch, nlp, name):
    monkeypatch.setattr(nlp.get_pipe(name), "read_note", fail(world), raising=False)
    seen = watch("run", world / "notes", "--out", tmp_path / "out")
    all_end_well(seen, tmp_path / "out")
    assert seen.status == 0 and f"failed: Nasty in {name}" in (tmp_path / "out/notes.csv").read_text()
    seen = watch("explain", world / "notes/P1/2024-04-02_clinic.txt")
    assert seen.status == 1 and seen.leaks() == [] and seen.err.count("\n") == 1 and name in seen.err


def all_end_well(seen: Watch, out: Path) -> None:
    """Either one line and no finished run, or a run that lists every input."""
    assert seen.leaks() == [] and seen.status in (0, 1) and "Traceback" not in seen.err
    assert is_private(out.parent)
    if seen.status == 1:
        assert seen.err.startswith("error: ") and seen.err.count("\n") == 1
        return
    with (out / "notes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = json.loads((out / "run.json").read_text())["counts"]
    assert len(rows) == counts["inputs"] == sum(counts["notes"].values()) == 5
    assert all(row["reason"] for row in rows if row["status"] == "rejected")
    with (out / "patients.csv").open(encoding="utf-8", newline="") as file:
        assert [row["patient_id"] for row in csv.DictReader(file)] == ["P1", "P2", "P3"]


HOOK = """
import os, sys

allowed, log = os.environ["BVN_ALLOWED"], os.environ["BVN_LOG"]

def tell(what):
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (what + chr(10)).encode("utf-8", "replace"))
    os.close(handle)

def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        tell(f"network {event}")
        raise PermissionError("no network")
    if event == "open" and isinstance(args[0], (str, bytes)) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        path = os.path.abspath(os.fsdecode(args[0]))
        if not path.startswith((allowed, "/dev/null", log)):
            tell(f"file {path}")

sys.addaudithook(hook)

from bvn_evidence.nlp.components import odi
from bvn_evidence import formats

real_find, real_decode = odi.Odi.find, formats.decode

def find(self, note):
    if note.note_type == "radiology":
        raise ValueError(note.text)
    return real_find(self, note)

def decode(data):
    if data.startswith(b"id: "):
        raise ValueError(data)
    return real_decode(data)

odi.Odi.find, formats.decode = find, decode
"""


@pytest.mark.skipif(sys.platform != "linux", reason="paths of Linux")
def test_with_workers_no_network_no_file_outside_and_no_word_of_a_note(world, tmp_path):
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(textwrap.dedent(HOOK))
    (tmp_path / "tmp").mkdir()
    before = hostile_corpus.state(world / "notes")
    environment = {
        **os.environ, "PYTHONPATH": str(tmp_path / "hook"), "TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1",
        "BVN_ALLOWED": str(tmp_path / "out"), "BVN_LOG": str(tmp_path / "log"),
    }  # fmt: skip
    command = [sys.executable, "-m", "bvn_evidence", "run", str(world / "notes"), "--out", str(tmp_path / "out"), "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stderr) == (0, "") and not CANARY.search(done.stdout)
    assert "failed: ValueError in bvn_odi" in done.stdout and "failed: ValueError in formats" in done.stdout
    assert not (tmp_path / "log").exists(), (tmp_path / "log").read_text()
    assert list((tmp_path / "tmp").iterdir()) == [] and not (tmp_path / "out/.work").exists()
    assert hostile_corpus.state(world / "notes") == before
    places = names_and_runs(tmp_path)
    assert not [place for place, text in places.items() if CANARY.search(text)]


def test_the_python_interface_raises_without_note_text(world, nlp, monkeypatch):
    import bvn_evidence

    monkeypatch.setattr(nlp_module, "load", lambda *_, **__: nlp)
    monkeypatch.setattr(nlp_module, "extract", fail(world))
    results = bvn_evidence.run(world / "notes")
    assert set(results.notes.status) == {"rejected"} and not CANARY.search(results.notes.to_string())


def test_the_watch_sees_a_leak(watch, world, tmp_path, monkeypatch):
    """The test of the tests: what goes to stderr, to a log, a warning, a name or run.json is seen."""
    from bvn_evidence import runner

    word = canary()
    real = runner.run
    for leak in (
        lambda: sys.stderr.write(word), lambda: os.write(2, word.encode()), lambda: logging.getLogger("x").debug(word), lambda: warnings.warn(word, stacklevel=1),
        lambda: (tmp_path / word).touch(mode=0o600), lambda: (tmp_path / "run.json").write_text(word),
    ):  # fmt: skip
        monkeypatch.setattr(runner, "run", lambda *a, leak=leak, **k: (leak(), real(*a, **k))[1])
        assert len(watch("run", world / "notes", "--out", tmp_path / "out", "--quiet").leaks()) == 1
        for path in (tmp_path / word, tmp_path / "run.json"):
            path.unlink(missing_ok=True)
