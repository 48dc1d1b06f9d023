"""Where texts wait until their patient is due: an unnamed temporary file, gone with the process."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO

from .corpus import Source

Place = tuple[int, int]


class Spool:
    """Bytes put aside in `folder`, or in memory where that is None."""

    def __init__(self, folder: Path | None) -> None:
        self._file: IO[bytes] = io.BytesIO() if folder is None else tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def put(self, data: bytes) -> Place:
        place = self._file.seek(0, io.SEEK_END), len(data)
        self._file.write(data)
        return place

    def get(self, place: Place) -> bytes:
        self._file.seek(place[0])
        return self._file.read(place[1])

    def filled(self, source: Source, place: Place | None) -> Source:
        """The input with its bytes, where any were put aside for it."""
        return source if place is None else replace(source, data=self.get(place))
