"""The manifest: a table that says which patient, date and type each file has."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from .corpus import printable
from .errors import UserError
from .note_header import date_from_name, parse_date, type_from_name
from .schema import NOTE_TYPES
from .table_input import delimited_rows

_COLUMNS = ("path", "patient_id", "note_date", "note_type")


@dataclass(slots=True)
class Row:
    """What the manifest says of one file; empty where it says nothing."""

    patient_id: str
    note_date: str | None
    note_type: str | None


@dataclass(slots=True)
class Manifest:
    """Rows by path below the notes folder; `unused` are those no file was found for."""

    rows: dict[str, Row]
    _taken: set[str] = field(default_factory=set)

    def take(self, path: str) -> Row | None:
        row = self.rows.get(path)
        if row is not None:
            self._taken.add(path)
        return row

    def unused(self) -> set[str]:
        return set(self.rows) - self._taken


def read_manifest(file: Path, root: Path) -> Manifest:
    """Read a manifest (columns path, patient_id, note_date, note_type; all but path optional).

    Paths are those below `root`, absolute, or relative to the manifest. Raises UserError, with the line, for a missing
    path column, a path named twice, a date that is none or an unknown type.
    """
    rows: dict[str, Row] = {}
    name = f"manifest {printable(str(file))}"
    for line, cells, problem in delimited_rows(file, name, ("path",)):
        if problem:
            raise UserError(f"{name} line {line}: {problem}; its columns are {', '.join(_COLUMNS)}")
        written = cells["path"].strip()
        if not written:
            raise UserError(f"{name} line {line}: no path; give the path of a file below the notes folder")
        path = _below(written, root, file.parent)
        if path in rows:
            raise UserError(f"{name} line {line}: {printable(written)} is named twice; keep one of the rows")
        patient_id = printable(cells.get("patient_id", "").strip())
        rows[path] = Row(patient_id, _date(cells, name, line), _type(cells, name, line))
    if not rows:
        raise UserError(f"{name} has no rows; give one row a file, with the columns {', '.join(_COLUMNS)}")
    return Manifest(rows)


def named_type(text: str) -> str | None:
    """A note type as written in a table, a manifest or a name; None where it is none."""
    word = text.strip().lower()
    return word if word in NOTE_TYPES else type_from_name(word)


def _below(written: str, root: Path, home: Path) -> str:
    path = Path(written)
    if not path.is_absolute() and not (root / path).exists() and (home / path).exists():
        path = (home / path).resolve()
    for base in (root, root.resolve()) if path.is_absolute() else ():
        if path.is_relative_to(base):
            path = path.relative_to(base)
            break
    return os.path.normpath(path)


def _date(cells: dict[str, str], name: str, line: int) -> str | None:
    written = cells.get("note_date", "").strip()
    found = date_from_name(written) or parse_date(written)
    if written and not found:
        raise UserError(f"{name} line {line}: note_date is not a date; write it as YYYY-MM-DD")
    return found


def _type(cells: dict[str, str], name: str, line: int) -> str | None:
    written = cells.get("note_type", "").strip()
    found = named_type(written)
    if written and not found:
        raise UserError(f"{name} line {line}: unknown note_type; use one of {', '.join(NOTE_TYPES)}")
    return found
