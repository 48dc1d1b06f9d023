"""Writes a report as its patients come: pages at once, the lines of the index to a spool until all are there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO, Any

from ..case import PolicyInfo
from .pages import index_parts, json_text

PATIENTS = "patients"


class Writer:
    """The report in a new folder. Nothing there is readable for others."""

    def __init__(self, folder: Path, policies: list[PolicyInfo]) -> None:
        self._folder, self._policies = folder, policies
        self._count = 0
        shutil.rmtree(folder, ignore_errors=True)
        (folder / PATIENTS).mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        self.pages = folder / PATIENTS
        self._spool = folder / "rows.json"
        self._rows: IO[str] = _open(self._spool)

    def add(self, html: str, row: dict[str, Any]) -> None:
        """Write a patient's page, unless a worker has (`html` empty), and remember its line of the index."""
        if html:
            put_page(self.pages, html, row)
        self._rows.write(("," if self._count else "") + "\n" + json_text(row))
        self._count += 1

    def finish(self) -> None:
        """Write the index."""
        self._rows.close()
        head, tail = index_parts(self._policies, {"patients": self._count})
        with _open(self._folder / "index.html") as file, self._spool.open(encoding="utf-8", newline="") as rows:
            file.write(head)
            shutil.copyfileobj(rows, file)
            file.write(tail)
        self._spool.unlink()

    def close(self) -> None:
        self._rows.close()


def put_page(pages: Path, html: str, row: dict[str, Any]) -> None:
    """Write a patient's page to the folder of pages, also over what a worker that died has left of it."""
    path = pages / row["f"]
    path.unlink(missing_ok=True)
    with _open(path) as file:
        file.write(html)


def _open(path: Path) -> IO[str]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(handle, "w", encoding="utf-8", errors="replace", newline="")  # noqa: PTH123
