"""PDF with a text layer, through PDFium (pypdfium2); filled form fields are read too.

PDFium gives characters with their boxes. From these come what plain text has and a page only shows: paragraphs (a line
that was broken at the margin goes on), blank lines, and columns kept apart.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .base import MOST_CHARS, MOST_PAGES, Extracted, Unreadable

_PAGE_NUMBER = re.compile(r"(?i)(?:page|pg\.?)\s*\d+(?:\s*(?:of|/)\s*\d+)?")
_NEW_LINE = re.compile(r"[-*•●▪·>☐☑☒✓✔\[(|_]|\(?\d{1,2}[.)]|[A-Z][\w /-]{0,30}:|[A-Z]{4,}\b")
_LEVEL = re.compile(r"[CTLS]\d")
_ROW = 6  # so many lines a cell may be higher than the one before it
_GAP = "   "
_EDGE = 3  # how many lines from the top and the bottom a running header may stand


@dataclass(slots=True)
class _Line:
    """Words on one line, and their box in points from the lower left corner of the page."""

    words: str = ""
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    first: float = 0.0  # width of the first word
    cell: float = 0.0  # left edge of its last cell, where it has several
    broken: bool = False  # ends within a word that has a hyphen

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)


def text(data: bytes) -> Extracted:
    """The text of all pages. Raises `Unreadable` for a scan, a password and a damaged file."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise Unreadable("it has a password: save it without one") from None
        raise Unreadable("damaged: the PDF file is cut off or broken; print it to a new one") from None
    if len(document) > MOST_PAGES:
        raise Unreadable(f"more than {MOST_PAGES} pages: split it into notes")
    form = document.get_formtype() != 0
    if form:
        document.init_forms()
    pages: list[list[_Line]] = []
    pictures = size = 0
    for number in range(len(document)):
        lines, picture = _page(document, number, form)
        pages.append(lines)
        pictures += picture
        size += sum(len(line.words) for line in lines)
        if size > MOST_CHARS:
            raise Unreadable(f"more than {MOST_CHARS // 1_000_000} million characters: split it into notes")
    if not size and pictures:
        raise Unreadable("a scan without text layer; run OCR first")
    remark = f"{pictures} of {len(pages)} pages are pictures without text; run OCR first to have them read"
    _drop_running(pages)
    return Extracted("\n".join(_joined(lines) for lines in pages if lines), remark if pictures else "")


def _page(document: Any, number: int, form: bool) -> tuple[list[_Line], bool]:
    """The lines of a page, and whether it has pictures and no text."""
    import pypdfium2

    try:
        page = document[number]
        if form and page.flatten() == 1:  # 1: the fields are now part of the page
            page = document[number]
        lines = _lines(page.get_textpage())
        picture = not lines and any(page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        page.close()
    except pypdfium2.PdfiumError:
        raise Unreadable(f"damaged: page {number + 1} of the PDF file cannot be read; print it to a new one") from None
    return _rows(lines) if form else lines, picture


def _lines(page: Any) -> list[_Line]:
    from pypdfium2 import raw

    lines: list[_Line] = []
    line = _Line()
    words: list[str] = []
    space = False
    box = raw.FS_RECTF()
    pointer = ctypes.byref(box)
    for index in range(page.count_chars()):
        code = raw.FPDFText_GetUnicode(page, index)
        if code in (10, 13, 2):
            line.broken = code == 2
            _end(lines, line, words)
            line, words, space = _Line(), [], False
        elif code in (32, 9, 0xA0):
            space = True
        elif code and code not in (0xFFFE, 0xFFFF, 0xAD):
            raw.FPDFText_GetLooseCharBox(page, index, pointer)
            if not words:
                line.left, line.top, line.bottom = box.left, box.top, box.bottom
            elif space:
                apart = box.left - line.right > line.height
                words.append(_GAP if apart else " ")
                line.cell = box.left if apart else line.cell
                line.first = line.first or line.right - line.left
            words.append(chr(code))
            line.right = max(line.right, box.right)
            space = False
    _end(lines, line, words)
    return lines


def _end(lines: list[_Line], line: _Line, words: list[str]) -> None:
    if words:
        line.words = "".join(words).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        line.first = line.first or line.right - line.left
        lines.append(line)


def _rows(lines: list[_Line]) -> list[_Line]:
    """Lines from top to bottom, those beside each other made one: the fields of a form come after all other text."""
    rows: list[_Line] = []
    for line in sorted(lines, key=lambda line: -(line.top + line.bottom)):
        middle = (line.top + line.bottom) / 2
        if rows and rows[-1].bottom < middle < rows[-1].top:
            left, right = sorted((rows[-1], line), key=lambda line: line.left)
            rows[-1] = _Line(f"{left.words}{_GAP}{right.words}", left.left, max(left.right, right.right))
            rows[-1].top, rows[-1].bottom, rows[-1].first, rows[-1].cell = left.top, left.bottom, left.first, right.left
        else:
            rows.append(line)
    return rows


def _drop_running(pages: list[list[_Line]]) -> None:
    """Keep a header or footer that most pages have in the same place once; page numbers not at all."""
    if len(pages) < 2:
        return
    seen: Counter[tuple[str, int]] = Counter()
    for lines in pages:
        seen.update({_place(line) for line in _edges(lines)})
    kept: set[tuple[str, int]] = set()
    for number, lines in enumerate(pages, 1):
        of_all = (f"{number}/{len(pages)}", f"{number}of{len(pages)}")
        dropped = []
        for line in _edges(lines):
            place = _place(line)
            numbered = _PAGE_NUMBER.fullmatch(line.words) or line.words.replace(" ", "") in of_all
            if numbered or (2 * seen[place] > len(pages) and place in kept):
                dropped.append(id(line))
            kept.add(place)
        lines[:] = [line for line in lines if id(line) not in dropped]


def _edges(lines: list[_Line]) -> list[_Line]:
    return lines if len(lines) <= 2 * _EDGE else lines[:_EDGE] + lines[-_EDGE:]


def _place(line: _Line) -> tuple[str, int]:
    return line.words, round(line.top)


def _joined(lines: list[_Line]) -> str:
    """The text of a page."""
    right = max(line.right for line in lines)
    left = min(line.left for line in lines)
    rows = _with_cells(lines)
    parts = [rows[0].words]
    for above, line in pairwise(rows):
        parts += [_between(above, line, right, right - left), line.words]
    return "".join(parts)


def _with_cells(lines: list[_Line]) -> list[_Line]:
    """The rows of a table as one line each: a cell beside the line before it, and the further lines of a cell."""
    rows: list[_Line] = []
    above = _Line()
    for line in lines:
        height = min(above.height, line.height)
        below = above.bottom - line.top
        cell = rows[-1].cell if rows else 0.0
        if rows and line.left > above.right and -_ROW * height < below < -0.2 * height:
            _append(rows[-1], line, _GAP, line.cell or line.left)
        elif cell and abs(line.left - cell) < 0.5 * height and -height < below < 0.6 * height and not above.broken:
            _append(rows[-1], line, " ", line.cell or cell)
        else:
            rows.append(replace(line))
        above = line
    return rows


def _append(row: _Line, line: _Line, gap: str, cell: float) -> None:
    row.words += gap + line.words
    row.right, row.broken, row.cell = max(row.right, line.right), line.broken, cell
    row.top, row.bottom = max(row.top, line.top), min(row.bottom, line.bottom)


def _between(above: _Line, line: _Line, right: float, width: float) -> str:
    """What stands between two lines: a space where a paragraph goes on, else one line end or two."""
    if above.broken:
        return "-"
    height = min(above.height, line.height)
    gap = above.bottom - line.top
    if gap > 0.6 * height:
        return "\n" if above.cell and line.cell else "\n\n"  # the rows of a table stay together
    full = above.right + 0.25 * height + line.first > right - 0.1 * height
    if (
        full
        and width > 30 * height  # narrower than this is a list, not running text
        and gap > -height
        and abs(above.height - line.height) < 0.15 * height
        and abs(line.left - above.left) < 4 * height
        and not above.words.endswith("|")
        and not _NEW_LINE.match(line.words)
        and not (above.words.endswith(".") and _LEVEL.match(line.words))
    ):
        return "" if above.words.endswith("-") else " "
    return "\n"
