"""Files and tables to notes, patient by patient. Every input ends as processed, empty, duplicate or rejected.

Only paths are held while the corpus streams: a note is read when its patient is due and forgotten afterwards.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from . import formats
from .encoding import NotText
from .errors import UserError, failure
from .note_header import date_from_text, type_from_text
from .schema import Note

MAX_BYTES = 200_000_000
TABLE_SUFFIXES = (".csv", ".parquet", ".jsonl")
FHIR_SUFFIXES = (".json", ".ndjson")
_UNSAFE = re.compile(
    "%(?=[0-9A-Fa-f]{2})|[\x00-\x1f\x7f-\x9f;\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANK = " \t\r\n\f\v\0\x1a\ufeff\u200b\u00a0"


@dataclass(slots=True)
class Source:
    """One input, not yet read: a file below the root, or (`data`) a row of a table or an attachment in FHIR.

    `media` is the media type of an attachment; those with the same `document` are forms of one document. With a
    `reason` it is not read and gets the `status`.
    """

    path: str
    patient_id: str
    note_id: str
    file: str = ""
    data: bytes | None = None
    encoding: str = "utf-8"
    note_date: str | None = None
    note_type: str | None = None
    reason: str = ""
    status: str = "rejected"
    media: str = ""
    document: str = ""


@dataclass(slots=True)
class NoteRow:
    """A line of notes.csv: what became of one input."""

    note_id: str
    patient_id: str
    path: str
    status: str = "rejected"
    reason: str = ""
    encoding: str = ""
    sha256: str = ""
    chars: int = 0
    note_date: str | None = None
    note_type: str = "unknown"
    n_facts: int = 0
    seconds: float = 0.0


class Corpus(Protocol):
    """Inputs grouped by patient. Inputs that belong to nobody come first, under the patient id ""."""

    root: str
    total: int

    def patient_ids(self) -> list[str]:
        """All patient ids, sorted."""

    def sources(self, patient_id: str) -> list[Source]:
        """The inputs of one patient, sorted by note id."""


def open_corpus(
    notes: Path, id_pattern: str | None = None, manifest: Path | None = None, spool: Path | None = None
) -> Corpus:
    """The corpus at `notes`: a directory, a note, a FHIR file or a table.

    `spool` is the folder for the unnamed temporary file that lets tables and FHIR files be read by patient (in memory
    where None). Raises UserError where there is nothing to read, or the manifest or pattern cannot be used.
    """
    try:
        mode = notes.stat().st_mode
    except OSError as error:
        hint = "check the path" if isinstance(error, FileNotFoundError) else "check its permissions"
        raise UserError(f"cannot open {printable(str(notes))}: {error.strerror}; {hint}") from None
    if stat.S_ISREG(mode) and notes.suffix.lower() in TABLE_SUFFIXES:
        if id_pattern or manifest:
            raise UserError("--id-pattern and --manifest are for files; a table says itself which patient a note is of")
        from .table_input import TableCorpus

        return TableCorpus(notes, spool)
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise UserError(f"{printable(str(notes))} is neither a folder, a note nor a table; give one of these")
    from .listing import FileCorpus

    return FileCorpus(notes, id_pattern, manifest, spool)


def printable(name: str) -> str:
    """A name fit for tables and terminals: control characters, `;` and bytes that are no UTF-8 as %XX."""
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in _raw(match[0])), name)


def _raw(char: str) -> bytes:
    """The bytes behind one character: those of the file name where it was no UTF-8."""
    try:
        return char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return char.encode("utf-8", "surrogatepass")


def read_patient(root: str, sources: list[Source]) -> Iterator[tuple[NoteRow, Note | None]]:
    """Read the inputs of one patient in order; a Note comes only with a row that is `processed`.

    The same text a second time is a `duplicate` of the first, as is another form of a document that was read; nothing
    an input holds raises.
    """
    seen: dict[str, str] = {}
    documents: dict[str, str] = {}
    for source in sources:
        if source.document in documents and not source.reason:
            source = replace(source, reason=f"another form of {documents[source.document]}", status="duplicate")
        row, note = read(root, source)
        if note is not None and source.document:
            documents[source.document] = f"{row.note_id}, which is read ({row.encoding})"
        if note is not None:
            plain = row.encoding == "utf-8" and not row.reason
            key = row.sha256 if plain else hashlib.sha256(note.text.encode("utf-8")).hexdigest()
            if key in seen:
                row.status, row.reason, note = "duplicate", f"same text as {seen[key]}", None
            else:
                seen[key] = row.note_id
        yield row, note


def read(root: str, source: Source) -> tuple[NoteRow, Note | None]:
    """Read and decode one input."""
    row = NoteRow(
        source.note_id,
        source.patient_id,
        source.path,
        source.status,
        source.reason,
        note_date=source.note_date,
        note_type=source.note_type or "unknown",
    )
    if source.reason:
        return row, None
    try:
        data = read_bytes(str(Path(root, source.file))) if source.data is None else source.data
        row.sha256 = hashlib.sha256(data).hexdigest()
        text, row.encoding, row.reason = _text(source, data)
        row.chars = len(text)
        row.note_date = source.note_date or date_from_text(text)
        row.note_type = source.note_type or type_from_text(text)
    except NotText as error:
        row.reason = str(error)
        return row, None
    except OSError as error:
        row.reason = f"cannot be read: {error.strerror or type(error).__name__}"
        return row, None
    except Exception as error:  # whatever a text does to its reader costs this note alone
        row.reason = failure(error)
        return row, None
    if not text.strip(_BLANK):
        row.status, row.reason = "empty", row.reason or "no text"
        return row, None
    row.status = "processed"
    return row, Note(
        row.note_id, row.patient_id, text, row.path, row.note_date, row.note_type, row.encoding, row.sha256
    )


def _text(source: Source, data: bytes) -> tuple[str, str, str]:
    """The text, how it was read, and a remark."""
    if source.data is not None and not source.media:
        return data.decode("utf-8"), source.encoding, ""
    text, encoding, remark = formats.read(data, source.media or Path(source.file).suffix.lower())
    return text, f"fhir+{encoding}" if source.media else encoding, remark


def is_extracted(encoding: str) -> bool:
    """Whether the text was taken out of something, so that the input alone does not show what offsets refer to."""
    return encoding.startswith("fhir+") or encoding in formats.KINDS


def read_bytes(path: str) -> bytes:
    """The bytes of a regular file; raises OSError for anything else and for files larger than `MAX_BYTES`."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        if status.st_size > MAX_BYTES:
            raise OSError(0, f"larger than {MAX_BYTES // 1_000_000} MB: split it into notes")
        return file.read()


def single_note(path: Path) -> Note:
    """One note file, for `explain`; raises UserError where it cannot be read."""
    if path.is_dir() or path.suffix.lower() in (*TABLE_SUFFIXES, *FHIR_SUFFIXES):
        raise UserError(f"{printable(str(path))} is not one note; give a file that holds one")
    corpus = open_corpus(path)
    source = corpus.sources(corpus.patient_ids()[0])[0]
    row, note = read(corpus.root, source)
    if note is None:
        raise UserError(f"cannot explain {printable(str(path))}: {row.reason}")
    return note


def without_text(note: Note) -> Note:
    """What criteria may see of a note."""
    return replace(note, text="")


def ids_that_differ_in_case(patient_ids: list[str]) -> list[list[str]]:
    """Groups of patient ids that are one id but for upper and lower case."""
    groups: dict[str, list[str]] = {}
    for patient_id in patient_ids:
        groups.setdefault(patient_id.casefold(), []).append(patient_id)
    return [group for group in groups.values() if len(group) > 1]


def is_within(path: Path, folder: Path) -> bool:
    """Whether `path` is `folder` or lies below it, links resolved."""
    return path.resolve().is_relative_to(folder.resolve())
