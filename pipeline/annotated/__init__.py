"""Notes that people annotated: in brat or Label Studio, read back as gold for `evaluate`.

`brat` and `label_studio` read what the export of the same name writes; both share the text as tools show it (`shown`)
and what makes the attributes of a fact complete (`completed`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..corpus import printable
from ..errors import UserError
from ..schema import ATTRIBUTES, Note
from ..values import FLAGS, LISTS, problem

_BREAKS = dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Annotated:
    """A note with the facts people found in it: kind, assertion, start, end, quote (the words), attributes."""

    note: Note
    facts: list[dict[str, Any]]


@dataclass(slots=True)
class Gold:
    """The annotated notes, and how many more hold no finished annotation."""

    notes: list[Annotated]
    unfinished: int = 0


def read(path: Path) -> Gold | None:
    """The gold at `path`: a folder of brat files or a Label Studio export; None where it is neither.

    Raises UserError, with file and line, where a file is not as the tool writes it.
    """
    if path.is_file() and path.suffix.lower() == ".json":
        from .label_studio import read_export

        return read_export(path)
    if path.is_dir() and not (path / "gold_facts.jsonl").is_file() and next(path.rglob("*.ann"), None):
        from .brat import read_folder

        return read_folder(path)
    if path.is_dir() and (path / "tasks.json").is_file():
        raise UserError(
            f"{printable(str(path))} is what goes into Label Studio; give the JSON file that its Export button writes"
        )
    return None


def shown(text: str) -> str:
    """The text as annotation tools show it, with all offsets as they were.

    One line end (a newline, after a blank where a carriage return stood before it), blanks for control characters that
    XML forbids: tools count `\\r\\n` as one or as two characters, and this leaves them nothing to disagree on.
    """
    text = text.replace("\r\n", " \n").translate(_BREAKS)
    return _SURROGATES.sub("\ufffd", _UNSEEN.sub(" ", text))


def completed(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """All attributes of a fact of this kind, those not given empty. Raises ValueError, in words, for a wrong one."""
    attributes = {}
    for name in ATTRIBUTES[kind]:
        full = f"{kind}.{name}"
        empty: Any = [] if full in LISTS else False if full in FLAGS else None
        attributes[name] = given.get(name, empty)
        if wrong := problem(full, attributes[name]):
            raise ValueError(f"{name} of this {kind}: {wrong}")
    return attributes
