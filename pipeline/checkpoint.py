"""The journal of a run: what was read from each patient, so that an interrupted run goes on where it stopped.

One JSON line a patient, appended when the patient is done: the notes with their content hash, and their facts. A line
cut off by a crash is dropped. Facts are used again only for a note whose hash, id, date and type are the same, under
the same program and lexicons (`stamp`); verdicts are always made anew.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import sys
from importlib import metadata, resources
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from .corpus import NoteRow
from .outdir import OutDir
from .schema import Fact
from .tables import unescaped

NAME = "journal.jsonl"
_PATIENT = re.compile(rb'\{"patient": ("(?:[^"\\]|\\.)*"), ')
Place = tuple[str, int, int]


def stamp(lexicons_hash: str) -> dict[str, str]:
    """What decides the facts of a note besides the note: versions of program, its code, lexicons and libraries."""
    digest = hashlib.sha256()
    for file in sorted(Path(str(resources.files(__package__))).rglob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = {name: metadata.version(name) for name in ("spacy", "medspacy")}
    from . import __version__

    return {"program": __version__, "code": digest.hexdigest()[:16], "lexicons": lexicons_hash, **versions}


class Journal:
    """The journal in a run's work folder. Only positions are held; a worker reads the line it is given the place of."""

    def __init__(self, out: OutDir, stamp: dict[str, str], resume: bool) -> None:
        self.folder = out.work
        self._path = self.folder / NAME
        self._places: dict[str, tuple[int, int]] = {}
        first = (json.dumps({"stamp": stamp}) + "\n").encode()
        if not (resume and self._index(first)):
            self._path.unlink(missing_ok=True)
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._file: BinaryIO = self._path.open("ab")
            self._file.write(first)
            self._file.flush()
        else:
            self._file = self._path.open("ab")
        finished = out.finished() if resume else None
        if finished and "reviews" not in finished and finished.get("stamp") == stamp and _unchanged(out.path, finished):
            self._seed(out.path)

    def place(self, patient_id: str) -> Place | None:
        """Where the line of a patient stands, for `recall`."""
        found = self._places.get(patient_id)
        return (str(self._path), *found) if found else None

    def add(self, patient_id: str, rows: list[NoteRow], facts_json: str) -> None:
        """Append a patient; `facts_json` holds a fact a line."""
        notes = [
            [row.note_id, row.sha256, row.note_date, row.note_type, row.encoding, row.seconds]
            for row in rows
            if row.status == "processed"
        ]
        line = (
            f'{{"patient": {json.dumps(patient_id)}, "notes": {json.dumps(notes)}, '
            f'"facts": [{facts_json.rstrip().replace(chr(10), ",")}]}}\n'
        ).encode()
        at = self._file.tell()
        self._file.write(line)
        self._file.flush()
        self._places[patient_id] = (at, len(line))

    def close(self) -> None:
        with contextlib.suppress(OSError):  # told by `add` already, which writes at once
            self._file.close()

    def _index(self, first: bytes) -> bool:
        """Take over an earlier journal of the same stamp, without the line a crash cut off."""
        try:
            with self._path.open("rb") as file:
                if file.readline() != first:
                    return False
                end = file.tell()
                for line in file:
                    match = _PATIENT.match(line)
                    if not match or not line.endswith(b"]}\n"):
                        break
                    self._places[json.loads(match[1])] = (end, len(line))
                    end += len(line)
            os.truncate(self._path, end)
        except OSError:
            return False
        return True

    def _seed(self, folder: Path) -> None:
        """Add the patients of a finished run that the journal does not hold yet, from its tables."""
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        with (
            (folder / "notes.csv").open(encoding="utf-8", newline="") as notes,
            (folder / "facts.jsonl").open(encoding="utf-8", newline="\n") as facts,
        ):
            by_patient = groupby(facts, key=lambda line: json.loads(line)["patient_id"])
            waiting = next(by_patient, None)
            for _, rows in groupby(csv.DictReader(notes), key=lambda row: row["patient_id"]):
                kept = [note_row(row) for row in rows]
                found = ""
                patient = kept[0].patient_id
                if waiting and waiting[0] == patient:
                    found = "".join(waiting[1])
                    waiting = next(by_patient, None)
                if patient not in self._places:
                    self.add(patient, kept, found)


def _unchanged(folder: Path, run: dict[str, Any]) -> bool:
    """Whether facts.jsonl is still the file that the run wrote; facts that someone edited are not taken for ours."""
    try:
        with (folder / "facts.jsonl").open("rb") as file:
            return (
                hashlib.file_digest(file, "sha256").hexdigest() == run["sha256"]["facts.jsonl"]
                and (folder / "notes.csv").is_file()
            )
    except (OSError, KeyError, TypeError):
        return False


def note_row(cells: dict[str, str]) -> NoteRow:
    """A line of notes.csv as it was before it became safe cells."""
    plain = {name: unescaped(text) for name, text in cells.items()}
    return NoteRow(
        plain["note_id"],
        plain["patient_id"],
        plain["path"],
        plain["status"],
        plain["reason"],
        plain["encoding"],
        plain["sha256"],
        int(plain["chars"]),
        plain["note_date"] or None,
        plain["note_type"],
        int(plain["n_facts"]),
        float(plain["seconds"]),
    )


Recalled = dict[tuple[Any, ...], tuple[list[Fact], float]]


def recall(place: Place) -> Recalled:
    """Facts and seconds of a patient's notes by (note id, sha256, date, type, encoding); {} for a damaged line."""
    path, at, length = place
    try:
        with Path(path).open("rb") as file:
            file.seek(at)
            line = json.loads(file.read(length))
        facts: dict[str, list[Fact]] = {}
        for row in line["facts"]:
            facts.setdefault(row["note_id"], []).append(Fact.from_dict(row))
        return {tuple(note[:5]): (facts.get(note[0], []), note[5]) for note in line["notes"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
