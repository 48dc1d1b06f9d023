"""Notes from a table (.csv, .jsonl, .parquet) with the columns patient_id, note_id, text, note_date, note_type.

The table NOTE of the OMOP common data model (5.3, 5.4) is known by its columns.
"""

from __future__ import annotations

import csv
import datetime
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .corpus import MAX_BYTES, Source, printable
from .encoding import NotText, decode
from .errors import UserError
from .note_header import date_from_name, parse_date, type_from_name, type_from_title
from .spool import Place, Spool

_NEEDED = ("patient_id", "note_id", "text")
_OPTIONAL = ("note_date", "note_type")
_OMOP = ("person_id", "note_id", "note_text")
_OMOP_OPTIONAL = ("note_date", "note_datetime", "note_title", "note_class_concept_name", "note_source_value")
_SAMPLE = 1_000_000
_Row = tuple[int, dict[str, Any], str]


class TableCorpus:
    """The rows of a table by patient; texts wait in the spool until their patient is due."""

    def __init__(self, table: Path, spool: Path | None) -> None:
        self.root = str(table.parent)
        self.total = 0
        self._spool = Spool(spool)
        self._entries: dict[str, list[tuple[Source, Place | None]]] = {}
        self._encoding = "utf-8"
        read = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[table.suffix.lower()]
        name = printable(table.name)
        if table.suffix.lower() != ".parquet":
            self._encoding = _encoding(table, name)
        for number, cells, problem in read(table):
            self._add(f"{name}:{number}", number, _renamed(cells), problem)
        qualify(source for patient in self.patient_ids() for source, _ in self._entries[patient])

    def patient_ids(self) -> list[str]:
        return sorted(self._entries)

    def sources(self, patient_id: str) -> list[Source]:
        made = [self._spool.filled(source, place) for source, place in self._entries[patient_id]]
        made.sort(key=lambda source: (source.note_id, source.path))
        return made

    def _add(self, path: str, number: int, cells: dict[str, Any], problem: str) -> None:
        patient = printable(_text(cells.get("patient_id")).strip())
        note_id = printable(_text(cells.get("note_id")).strip()) or f"row-{number}"
        text = cells.get("text")
        if not problem:
            problem = _problem(patient, text)
        place = None
        if not problem:
            place = self._spool.put((text or "").encode("utf-8", "replace"))  # a lone surrogate becomes one "?"
        source = _source(path, patient, note_id, cells, self._encoding, problem)
        self._entries.setdefault(patient, []).append((source, place))
        self.total += 1


def qualify(sources: Iterable[Source]) -> None:
    """Note ids that several inputs share (numbered within a patient, say) get their patient, then a counter.

    `sources` come patient by patient.
    """
    every = list(sources)
    ids = Counter(source.note_id for source in every)
    shared = {note_id for note_id, count in ids.items() if count > 1}
    taken = set(ids) - shared
    for source in every if shared else ():
        if source.note_id in shared:
            base = note_id = f"{source.patient_id}/{source.note_id}" if source.patient_id else source.note_id
            count = 1
            while note_id in taken:
                count += 1
                note_id = f"{base}~{count}"
            taken.add(note_id)
            source.note_id = note_id


def _renamed(cells: dict[str, Any]) -> dict[str, Any]:
    """A row of an OMOP NOTE table under our names; any other row as it is."""
    if "note_text" not in cells or "text" in cells:
        return cells
    titles = (_text(cells.get(name)).strip() for name in ("note_title", "note_class_concept_name", "note_source_value"))
    return {
        "patient_id": cells.get("person_id"),
        "note_id": cells.get("note_id"),
        "text": cells.get("note_text"),
        "note_date": _date(cells.get("note_date")) or cells.get("note_datetime"),
        "note_type": next((kind for title in titles if (kind := type_from_title(title))), None),
    }


def row_source(path: str, cells: dict[str, Any], unnamed: str) -> Source:
    """One row of a table as an input with its text; `unnamed` is its note id where it says none."""
    cells = _renamed(cells)
    patient = printable(_text(cells.get("patient_id")).strip())
    note_id = printable(_text(cells.get("note_id")).strip()) or unnamed
    text = None if cells.get("text") != cells.get("text") else cells.get("text")
    problem = _problem(patient, text)
    data = b"" if problem else (text or "").encode("utf-8", "replace")
    return replace(_source(path, patient, note_id, cells, "utf-8", problem), data=data)


def _source(path: str, patient: str, note_id: str, cells: dict[str, Any], encoding: str, problem: str) -> Source:
    from .manifest import named_type

    written = _text(cells.get("note_type")).strip().lower()
    return Source(
        path,
        patient,
        note_id,
        encoding=encoding,
        reason=problem,
        note_date=_date(cells.get("note_date")) or date_from_name(note_id),
        note_type=named_type(written) or type_from_name(note_id.rpartition("/")[2]),
    )


def delimited_rows(file: Path, name: str, needed: tuple[str, ...]) -> Iterator[_Row]:
    """The rows of a CSV file as (line, cells by lower-case column, problem); comma, semicolon or tab between cells.

    Raises UserError where the file cannot be read, has no header or lacks a `needed` column.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    encoding = _encoding(file, name)
    try:
        handle = file.open(encoding=encoding, errors=_errors(encoding), newline="")
    except OSError as error:
        raise UserError(f"cannot open {name}: {error.strerror}; check the path and its permissions") from None
    with handle:
        first = handle.readline()
        handle.seek(0)
        reader = csv.reader(handle, delimiter=max(",;\t", key=first.count), strict=True)
        try:
            header = [cell.strip().lower() for cell in next(reader, [])]
            _check(name, header, needed)
            for cells in reader:
                if cells:
                    yield reader.line_num, dict(zip(header, cells, strict=False)), _width_problem(cells, header)
        except csv.Error as error:
            raise UserError(
                f"{name} line {reader.line_num}: not valid CSV ({error}); quote cells that hold quotes, "
                "commas or line ends"
            ) from None


def _csv_rows(table: Path) -> Iterator[_Row]:
    for number, (_, cells, problem) in enumerate(delimited_rows(table, printable(table.name), _NEEDED), 1):
        yield number, cells, problem


def _json_rows(table: Path) -> Iterator[_Row]:
    encoding = _encoding(table, printable(table.name))
    with table.open(encoding=encoding, errors=_errors(encoding), newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                cells = json.loads(line)
            except (ValueError, RecursionError):
                yield number, {}, "not valid JSON: a line holds one object"
                continue
            if not isinstance(cells, dict):
                yield number, {}, "not a JSON object with patient_id, note_id and text"
                continue
            cells = {name.lower(): cell for name, cell in cells.items()}
            missing = [column for column in ("patient_id", "text") if column not in _renamed(cells)]
            yield number, cells, f"no {' and no '.join(missing)}" if missing else ""


def _parquet_rows(table: Path) -> Iterator[_Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError("reading Parquet needs pyarrow; install it with: pip install 'bvn-evidence[parquet]'") from None
    name = printable(table.name)
    try:
        file = pyarrow.parquet.ParquetFile(table)
        names = {column.lower(): column for column in file.schema_arrow.names}
        _check(name, [column.lower() for column in file.schema_arrow.names], _NEEDED)
        wanted = (*_NEEDED, *_OPTIONAL, *_OMOP, *_OMOP_OPTIONAL)
        columns = [names[column] for column in dict.fromkeys(wanted) if column in names]
        number = 0
        for batch in file.iter_batches(batch_size=512, columns=columns):
            for cells in batch.to_pylist():
                number += 1
                yield number, {column.lower(): cell for column, cell in cells.items()}, ""
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {name} as Parquet ({type(error).__name__}); write it again or use .csv") from None


def _encoding(file: Path, name: str) -> str:
    try:
        with file.open("rb") as handle:
            return decode(handle.read(_SAMPLE)).encoding
    except NotText as error:
        raise UserError(f"{name} is {error}") from None
    except OSError as error:
        raise UserError(f"cannot open {name}: {error.strerror}; check the path and its permissions") from None


def _errors(encoding: str) -> str:
    return "bvn_cp1252" if encoding.startswith("utf-8") else "replace"


def _check(name: str, header: list[str], needed: tuple[str, ...]) -> None:
    missing = [column for column in needed if column not in header]
    if missing and not (needed == _NEEDED and set(_OMOP) <= set(header)):
        raise UserError(
            f"{name} has no column {' and no column '.join(missing)}; its first line must name the columns "
            f"{', '.join(needed)}"
        )
    twice = sorted(column for column in {*_NEEDED, *_OPTIONAL, *_OMOP, "path"} if header.count(column) > 1)
    if twice:
        raise UserError(f"{name} has the column {twice[0]} twice; keep one of them")


def _width_problem(cells: list[str], header: list[str]) -> str:
    if len(cells) > len(header) and any(cells[len(header) :]):
        return f"{len(cells)} cells under {len(header)} columns: quote cells that hold commas"
    return f"{len(cells)} cells under {len(header)} columns" if len(cells) < len(header) else ""


def _problem(patient: str, text: Any) -> str:
    if not patient:
        return "no patient_id"
    if text is not None and not isinstance(text, str):
        return "text is not text"
    return f"larger than {MAX_BYTES // 1_000_000} MB: split it into notes" if text and len(text) > MAX_BYTES else ""


def _text(value: Any) -> str:
    """An id as text: whole floats (ids that went through pandas) lose their .0."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _date(value: Any) -> str | None:
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    written = _text(value).strip()
    return date_from_name(written) or parse_date(written)
