"""A table of typed columns as CSV and, where pyarrow is installed, as Parquet; and its CREATE TABLE statement."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

_ROWS, _CHARS = 10_000, 16_000_000


@dataclass(slots=True, frozen=True)
class Column:
    """A column with its SQL type: integer, date, timestamp, text or varchar(n)."""

    name: str
    sql: str
    required: bool = False


def create_table(name: str, columns: Sequence[Column], wide: bool) -> str:
    """The table in SQL, names quoted since `offset` is a word of SQL; `wide` makes its integers 64 bits wide."""
    lines = [
        f'    "{column.name}" {"bigint" if wide and column.sql == "integer" else column.sql}'
        + (" NOT NULL" if column.required else "")
        for column in columns
    ]
    return f"CREATE TABLE IF NOT EXISTS {name} (\n" + ",\n".join(lines) + "\n);\n"


class Sink:
    """A table that is written row by row; use it as a context manager. Dates and times are given as ISO text."""

    def __init__(self, stem: Path, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._file = stem.with_suffix(".csv").open("w", encoding="utf-8", errors="replace", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(column.name for column in columns)
        self._parquet: Any = None
        self._rows: list[Sequence[Any]] = []
        self._chars = 0
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            return
        types = {"integer": pyarrow.int64(), "date": pyarrow.date32(), "timestamp": pyarrow.timestamp("s")}
        fields = [
            pyarrow.field(column.name, types.get(column.sql, pyarrow.string()), not column.required)
            for column in columns
        ]
        self._schema = pyarrow.schema(fields)
        self._parquet = pyarrow.parquet.ParquetWriter(stem.with_suffix(".parquet"), self._schema)

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._parquet is not None:
            self._flush()
            self._parquet.close()

    def add(self, row: Sequence[Any]) -> None:
        self._csv.writerow(row)
        if self._parquet is not None:
            self._rows.append(row)
            self._chars += sum(len(value) for value in row if isinstance(value, str))
            if len(self._rows) >= _ROWS or self._chars >= _CHARS:
                self._flush()

    def _flush(self) -> None:
        import pyarrow

        values = [[_typed(row[place], column.sql) for row in self._rows] for place, column in enumerate(self._columns)]
        arrays = [pyarrow.array(one, field.type) for one, field in zip(values, self._schema, strict=True)]
        self._parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._chars = [], 0


def _typed(value: Any, sql: str) -> Any:
    if value is None or sql not in ("date", "timestamp"):
        return value
    return date.fromisoformat(value) if sql == "date" else datetime.fromisoformat(value)
