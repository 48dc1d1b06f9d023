"""Integer keys for ids that are none, as databases want them: the same id has the same key in every export."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import re
import sqlite3
from pathlib import Path

from ..tables import unescaped

LARGEST = 2**31 - 1  # an `integer` of the CDM has 32 bits
_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")


class Keys:
    """Keys from 1 to `LARGEST`: 31 bits of the id's SHA-256, the next free one where two ids meet.

    With `own`, ids are integers already and stay what they are. Keys given out are held in a temporary database, so
    that memory does not grow with them.
    """

    def __init__(self, own: bool = False) -> None:
        self._own = own
        self._taken = sqlite3.connect("", isolation_level=None)
        self._taken.execute("PRAGMA journal_mode=OFF")
        self._taken.execute("CREATE TABLE taken (key INTEGER PRIMARY KEY)")

    def of(self, name: str) -> int:
        """The key of an id that was not asked for before."""
        if self._own:
            return int(name)
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        key = int.from_bytes(digest[:8], "big") % LARGEST + 1
        while not self._taken.execute("INSERT OR IGNORE INTO taken VALUES (?)", (key,)).rowcount:
            key = key % LARGEST + 1
        return key

    def close(self) -> None:
        self._taken.close()


def integer_ids(notes_csv: Path) -> dict[str, bool]:
    """Whether all values of `patient_id` and of `note_id` of the notes that were read are integers (as in an OMOP
    NOTE table), and under "wide" whether one of these needs more than 32 bits."""
    found = {"patient_id": True, "note_id": True}
    largest = 0
    with notes_csv.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("status") != "processed":
                continue
            for name in found:
                text = unescaped(row.get(name) or "")
                found[name] = found[name] and bool(_INTEGER.fullmatch(text))
                with contextlib.suppress(ValueError):
                    largest = max(largest, abs(int(text)) if found[name] else 0)
    return {**found, "wide": largest > LARGEST}
