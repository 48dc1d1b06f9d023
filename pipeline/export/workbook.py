"""An Excel workbook written row by row: memory does not grow with it, and nothing of a note is a formula or markup."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..report.highlight import visible

ROWS, CHARS, LINKS = 1_048_576, 32_767, 65_530  # the limits of Excel: a sheet, a cell, the links of a sheet
_LINE, _MOST_LINES, _WRAP_LOSS = 15, 27, 1.0  # points a line; a row has at most 409; words do not fill a line
CUT = " … (cut: longer than a cell)"
COLOURS = {  # words, then background and ink with a contrast of at least 4.5 : 1
    ("Met",): ("#D5EFD9", "#0B5A1E"),
    ("Not met",): ("#F9D6D5", "#8A1212"),
    ("Missing", "Incomplete"): ("#FDEBC3", "#6B4700"),
    ("Review",): ("#DCE8F9", "#153F7A"),
    ("Excluded", "Not verified"): ("#E4E4E4", "#3C3C3C"),
}
_NO_CHARACTER = re.compile("[\ufffe\uffff]")


@dataclass(slots=True, frozen=True)
class Column:
    """A column: title, width in characters, what its cells mean, and `kind`: text, wrap, number, date or status."""

    title: str
    width: float
    about: str
    kind: str = "wrap"


@dataclass(slots=True, frozen=True)
class Link:
    """A text that leads to a cell of this workbook."""

    text: str
    to: str


@dataclass(slots=True, frozen=True)
class Marked:
    """A text of which the part from `start` to `end` is shown in bold and colour."""

    text: str
    start: int
    end: int


def clean(text: str) -> str:
    """One line of text that a cell can hold."""
    text = _NO_CHARACTER.sub("\ufffd", visible(text))
    if text.startswith("<r>"):  # the writer would take it for its own markup
        text = " " + text
    return text if len(text) <= CHARS else text[: CHARS - len(CUT)] + CUT


class Book:
    """The file; use it as a context manager. `made` is the date it shows as that of its creation."""

    def __init__(self, path: Path, title: str, made: datetime) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise UserError(
                "writing Excel needs XlsxWriter; install it with: pip install 'bvn-evidence[xlsx]'"
            ) from None
        options = {"constant_memory": True, "tmpdir": str(path.parent)}  # its temporary files hold words of notes
        self.file: Any = xlsxwriter.Workbook(str(path), options)
        self.file.use_zip64()
        self.file.set_properties({"title": title, "created": made.replace(tzinfo=None)})
        base: dict[str, Any] = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
        base |= {"bottom": 1, "bottom_color": "#D9DEE6"}
        made_of: dict[str, dict[str, Any]] = {
            "text": {},
            "wrap": {"text_wrap": True},
            "number": {"align": "left"},
            "date": {"num_format": "yyyy-mm-dd", "align": "left"},
            "status": {},
            "link": {"font_color": "#0B4F9E", "underline": 1},
            "mark": {"bold": True, "font_color": "#A03000"},
            "whole": {"bold": True, "font_color": "#A03000", "text_wrap": True},
            "head": {"bold": True, "text_wrap": True, "bg_color": "#24344D", "font_color": "#FFFFFF", "bottom": 1},
        }
        self.formats = {name: self.file.add_format({**base, **more}) for name, more in made_of.items()}
        self.colours = {
            words: self.file.add_format({"bg_color": paper, "font_color": ink, "bold": True})
            for words, (paper, ink) in COLOURS.items()
        }

    def __enter__(self) -> Book:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self.file.close()
        else:  # its temporary files go with the folder they are in
            self.file.fileclosed = 1


class Sheet:
    """A table of rows under a frozen header with filters; where it is full, it goes on in "NAME 2"."""

    def __init__(self, book: Book, name: str, columns: Sequence[Column], frozen: int = 0) -> None:
        self._book, self.name, self.columns, self._frozen = book, name, columns, frozen
        self._parts = 0
        self._open()

    def here(self) -> str:
        """The cell where the next row begins, as the target of a link."""
        if self._row >= ROWS:
            self._open()
        return f"internal:'{self.title}'!A{self._row + 1}"

    def add(self, cells: Sequence[Any]) -> None:
        """Write a row: text, numbers, dates, Link, Marked; None leaves a cell empty."""
        self.here()
        self._sheet.set_row(self._row, _LINE * min(self._lines(cells), _MOST_LINES), self._book.formats["text"])
        for at, (cell, column) in enumerate(zip(cells, self.columns, strict=True)):
            self._cell(at, cell, column.kind)
        for held in ("row_info", "row_sizes"):  # XlsxWriter keeps what it knows of rows it has written
            getattr(self._sheet, held, {}).pop(self._row - 1, None)
        self._row += 1

    def close(self) -> None:
        """Filters and colours of the part that was written last."""
        last, width = max(self._row - 1, 0), len(self.columns) - 1
        self._sheet.autofilter(0, 0, last, width)
        for at, column in enumerate(self.columns):
            if column.kind == "status":
                for words, colour in self._book.colours.items():
                    for word in words:
                        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": colour}
                        self._sheet.conditional_format(1, at, max(last, 1), at, rule)

    def _open(self) -> None:
        if self._parts:
            self.close()
        self._parts += 1
        self.title = self.name if self._parts == 1 else f"{self.name} {self._parts}"
        self._sheet = self._book.file.add_worksheet(self.title)
        self._row = self._links = 0
        for at, column in enumerate(self.columns):
            self._sheet.set_column(at, at, column.width)
            self._sheet.write_string(0, at, column.title, self._book.formats["head"])
        self._sheet.set_row(0, 2 * _LINE)
        self._sheet.freeze_panes(1, self._frozen)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)
        self._sheet.set_footer("&L&A&RPage &P of &N")
        self._row = 1

    def _lines(self, cells: Sequence[Any]) -> int:
        """How many lines the row needs: not every program fits the height of a row to wrapped text."""
        lines = 1
        for cell, column in zip(cells, self.columns, strict=True):
            text = cell.text if isinstance(cell, Marked) else cell
            if column.kind == "wrap" and isinstance(text, str):
                lines = max(lines, math.ceil(len(text) * _WRAP_LOSS / column.width))
        return lines

    def _cell(self, at: int, cell: Any, kind: str) -> None:
        formats = self._book.formats
        place = (self._row, at)
        if isinstance(cell, Link):
            self._link(at, cell)
        elif isinstance(cell, Marked):
            self._marked(at, cell)
        elif isinstance(cell, date) and cell.year >= 1900:
            self._sheet.write_datetime(*place, cell, formats["date"])
        elif isinstance(cell, (int, float)) and not isinstance(cell, bool) and math.isfinite(cell):
            self._sheet.write_number(*place, cell, formats["number"])
        elif cell is not None and cell != "":
            self._sheet.write_string(*place, clean(str(cell)), formats["wrap" if kind == "wrap" else "text"])

    def _link(self, at: int, link: Link) -> None:
        if self._links >= LINKS:
            self._sheet.write_string(self._row, at, clean(link.text), self._book.formats["text"])
            return
        self._links += 1
        self._sheet.write_url(self._row, at, link.to, self._book.formats["link"], clean(link.text))

    def _marked(self, at: int, cell: Marked) -> None:
        formats = self._book.formats
        parts = (cell.text[: cell.start], cell.text[cell.start : cell.end], cell.text[cell.end :])
        before, words, after = (_piece(part) for part in parts)
        if len(before) + len(words) + len(after) > CHARS or not words.strip():
            self._sheet.write_string(self._row, at, clean(cell.text), formats["wrap"])
        elif not before and not after:
            self._sheet.write_string(self._row, at, clean(words), formats["whole"])
        else:
            runs = [*([before] if before else []), formats["mark"], words, *([after] if after else [])]
            self._sheet.write_rich_string(self._row, at, *runs, formats["wrap"])


def _piece(text: str) -> str:
    """A part of a line: cleaned, with a blank at an end where it had one."""
    found = _NO_CHARACTER.sub("\ufffd", visible(text))
    if not found:
        return " " if text else ""
    return " " * text[0].isspace() + found + " " * text[-1].isspace()
