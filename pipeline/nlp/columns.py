"""Tables set with blanks or tabs: a line of column names, and under it lines that open with a spinal level.

    Level     Disc      Modic    Canal
    L4/5      bulge     II       mild
"""
from __future__ import annotations

import re
from dataclasses import dataclass

_ROW = re.compile(r"^[ \t]*(?:[LSTDlstd]\s?\d{1,2}\s?[-/–]\s?[LSTDlstd]?\s?\d{1,2})(?:[ ]{2}|[ ]?\t)[ \t]*(?=\S)(?![^\n]*\|)", re.M)
_CELL = re.compile(r"[^\s](?:[^\t\n\r]*?[^\s])??(?=[ ]{2,}|[ ]*\t|[ ]*\r?$|[ ]*\Z)")
_NAME_LENGTH = 32


@dataclass(slots=True, frozen=True)
class Cell:
    """A cell of a row: note offsets, the name of its column, and the first cell of its row."""
    start: int
    end: int
    column: str
    head: str


def tables(text: str) -> dict[int, list[Cell]]:
    """The lines of such tables, by the offset of their first character; a line of column names has cells without column."""
    if "  " not in text and "\t" not in text:
        return {}
    found: dict[int, list[Cell]] = {}
    names: list[tuple[int, str]] = []
    line_after = -1
    for row in _ROW.finditer(text):
        start = row.start()
        if start != line_after or not names:
            names = _names(text, start)
            if not names:
                continue
            top = text.rfind("\n", 0, start - 1) + 1
            found[top + names[0][0]] = [Cell(top + at, top + at + len(name), "", "") for at, name in names]
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line_after = end + 1
        cells = _cells(text[start:end])
        head = cells[0][1]
        found[start + cells[0][0]] = [Cell(start + at, start + at + len(content), _column(at, number, names, len(cells)), head)
                                      for number, (at, content) in enumerate(cells)]
    return found


def _cells(line: str) -> list[tuple[int, str]]:
    return [(match.start(), match.group()) for match in _CELL.finditer(line)]


def _names(text: str, start: int) -> list[tuple[int, str]]:
    """The column names in the line before `start`; empty where that line is no such line."""
    if start == 0:
        return []
    top = text.rfind("\n", 0, start - 1) + 1
    cells = _cells(text[top:start - 1])
    if len(cells) < 2 or any(len(name) > _NAME_LENGTH or name[-1] in ".;:," for _, name in cells) or _ROW.match(text, top):
        return []
    return cells


def _column(at: int, number: int, names: list[tuple[int, str]], count: int) -> str:
    """The name over a cell: by place where the counts agree (the column of levels may have none), else the nearest."""
    if number == 0:
        return ""
    shift = count - len(names)
    if shift in (0, 1):
        return names[number - shift][1].lower()
    return min(names, key=lambda name: abs(name[0] - at))[1].lower()
