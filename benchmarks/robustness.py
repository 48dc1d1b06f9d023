"""Hostile input, counted: what is lost, which offsets are wrong, which words of a note turn up where none may be.

    python benchmarks/robustness.py [--large]

Runs every command over the files of tests/hostile_corpus.py and prints a table; exit status 1 where anything is lost or
leaks. `--large` adds 100,000 tiny files, a note of 20 MB and a line of 5 MB (some minutes).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import hostile_corpus
from bvn_evidence.encoding import decode
from bvn_evidence.tables import unescaped

Row = tuple[str, int, int, int, str]  # what was tried, inputs, lost, leaks, remark


def command(*arguments: object) -> tuple[int, str, float]:
    """Run a command: exit status, all it printed, CPU seconds."""
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "bvn_evidence", *map(str, arguments)], capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"), used


def leaks(folder: Path, printed: str) -> int:
    """How many canaries are in what was printed, in names, in run.json and in the reasons of notes.csv."""
    texts = [printed, "\n".join(map(str, folder.rglob("*")))]
    texts += [path.read_text() for path in folder.rglob("run.json")]
    for path in folder.rglob("notes.csv"):
        with path.open(newline="") as file:
            texts += [row["reason"] for row in csv.DictReader(file)]
    return sum(len(hostile_corpus.CANARY.findall(text)) for text in texts)


def lost(written: dict[str, hostile_corpus.Hostile], out: Path) -> tuple[int, int]:
    """How many inputs did not end as they must, and how many facts do not stand where they say."""
    with (out / "notes.csv").open(newline="", encoding="utf-8") as file:
        rows = {unescaped(row["path"]): row for row in csv.DictReader(file)}
    paths = {unescaped(row["note_id"]): path for path, row in rows.items()}
    wrong = sum(path not in rows or rows[path]["status"] not in file.status for path, file in written.items())
    bad = 0
    with (out / "facts.jsonl").open(newline="\n", encoding="utf-8") as facts:
        for fact in map(json.loads, facts):
            text = decode(written[paths[fact["note_id"]]].data).text
            bad += text[fact["start"] : fact["end"]] != fact["text"]
    return wrong + len(rows.keys() - written.keys()), bad


def hostile(folder: Path) -> Iterator[Row]:
    notes, out = folder / "notes", folder / "out"
    written = hostile_corpus.write(notes)
    before = hostile_corpus.state(notes)
    for name, options in (("run", ()), ("run --resume", ("--resume",)), ("run --workers 2", ("--workers", 2))):
        status, printed, _ = command("run", notes, "--out", out, *options)
        missing, bad = lost(written, out)
        yield f"hostile files, `{name}`", len(written), missing + (status != 0), leaks(out, printed), f"{bad} wrong offsets"
    status, printed, _ = command("report", out)
    yield "hostile files, `report`", len(written), int(status != 0), leaks(out, printed), ""
    changed = hostile_corpus.state(notes) != before
    yield "inputs changed by any of these", len(written), int(changed), 0, ""


def mistakes(folder: Path) -> Iterator[Row]:
    """A note in the place of every other file a command takes: one line, exit status 1 or 2, no word of the note."""
    note = folder / "notes/n.txt"
    note.parent.mkdir()
    note.write_text(hostile_corpus.body(f"{hostile_corpus.canary()}: {{}}"))
    out = folder / "out"
    tried = [["run", note.parent, "--out", out, option, note] for option in ("--policy", "--manifest", "--reviews", "--lexicons")]
    tried += [["policies", "check", note], ["report", note], ["evaluate", note], ["evaluate", folder, "--facts", note], ["lexicons", "check", note]]
    seen = [command(*arguments) for arguments in tried]
    yield "a note given as a policy, manifest ...", len(tried), sum(status not in (1, 2) for status, _, _ in seen), leaks(folder, "".join(text for _, text, _ in seen)), ""


def large(folder: Path) -> Iterator[Row]:
    many = folder / "many"
    for number in range(100_000):
        patient = many / f"P{number // 10:05}"
        if number % 10 == 0:
            patient.mkdir(parents=True)
        (patient / f"{number}.txt").write_text(f"Low back pain for {number} days." if number % 3 == 0 else f"Seen in room {number}.")
    yield _sized("100,000 tiny files", many, 100_000)
    sentence = "Nothing of interest was said about the weather today."
    for name, size, end in (("one note of 20 MB", 20_000_000, "\n"), ("one line of 5 MB", 5_000_000, " ")):
        notes = folder / name.replace(" ", "_")
        notes.mkdir()
        (notes / "P1_n.txt").write_text((sentence + end) * (size // len(sentence + end)) + hostile_corpus.body())
        yield _sized(name, notes, 1)


def _sized(name: str, notes: Path, count: int) -> Row:
    out, begun = notes.with_name(notes.name + "-out"), time.perf_counter()
    status, printed, used = command("run", notes, "--out", out, "--no-report")
    counts = json.loads((out / "run.json").read_text())["counts"]["notes"] if status == 0 else {"processed": 0}
    return name, count, count - counts["processed"], leaks(out, printed), f"{used:.0f} s of CPU, {time.perf_counter() - begun:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="100,000 files, a note of 20 MB, a line of 5 MB")
    wanted = parser.parse_args()
    print("| tried | inputs | lost | leaks | |\n|---|---|---|---|---|")
    failed = 0
    for part in (hostile, mistakes, *([large] if wanted.large else [])):
        with tempfile.TemporaryDirectory() as folder:
            for what, inputs, gone, leaked, remark in part(Path(folder)):
                print(f"| {what} | {inputs:,} | {gone} | {leaked} | {remark} |", flush=True)
                failed += gone + leaked + (remark.endswith("wrong offsets") and not remark.startswith("0 "))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
