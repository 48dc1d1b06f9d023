"""What a fuzzer's input is: one chart as bytes, its notes behind lines `=== FILE NAME`, and how the program reads it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bvn_evidence.corpus import NoteRow, Source, read_patient
from bvn_evidence.note_header import date_from_name, type_from_name
from bvn_evidence.schema import Note

PATIENT = "P1"
_NEXT = re.compile(rb"^===[ ]([\w.-]{0,60})\r?\n", re.M)


@dataclass(slots=True)
class Chart:
    """A patient as the program reads it from files."""

    sources: list[Source]
    rows: list[NoteRow]
    notes: list[Note]


def join(notes: Iterable[tuple[str, bytes]]) -> bytes:
    """The input that holds these notes, each a file name and what is in the file."""
    return b"".join(b"=== " + name.encode() + b"\n" + data.rstrip(b"\n") + b"\n" for name, data in notes)


def split(data: bytes) -> list[tuple[str, bytes]]:
    """File names and contents; what stands before the first name is a note without one."""
    parts = _NEXT.split(data)
    named = [(name.decode("ascii", "replace"), body) for name, body in zip(parts[1::2], parts[2::2], strict=True)]
    return ([("", parts[0])] if parts[0] or not named else []) + named


def read(data: bytes) -> Chart:
    """Write the notes to files and read them as a run does. Raises whatever the program raises."""
    with tempfile.TemporaryDirectory() as root:
        sources = []
        for number, (name, content) in enumerate(split(data), 1):
            file, note_id = f"{number}.txt", f"{PATIENT}/{number:02}_{name}"
            Path(root, file).write_bytes(content)
            sources.append(Source(file, PATIENT, note_id, file, note_date=date_from_name(name), note_type=type_from_name(name)))
        read = list(read_patient(root, sources))
    for (_, content), (row, _) in zip(split(data), read, strict=True):
        if row.status in ("processed", "empty") and not row.reason:
            assert len(content.decode(row.encoding)) == row.chars, "the stated encoding gives another text"
    return Chart(sources, [row for row, _ in read], [note for _, note in read if note is not None])
