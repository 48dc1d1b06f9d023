"""Word files (.docx), opened by python-docx; its XML is walked here, since `paragraph.text` leaves out what stands in
content controls, text boxes and tracked insertions."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from .base import MOST_PARTS, MOST_UNPACKED, Extracted, Unreadable

_DAMAGED = "damaged: the Word file is cut off or broken; save it again"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEFT_OUT = frozenset(  # deleted and moved text, the other rendering of a text box, instructions
    [*(_WORD + name for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "sectPr")),
     "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"]
)
_CHARACTERS = {_WORD + "tab": "\t", _WORD + "br": "\n", _WORD + "cr": "\n", _WORD + "noBreakHyphen": "-"}
_VANISH = f"{_WORD}rPr/{_WORD}vanish"  # hidden text
_P, _TBL, _TR, _TC, _T = (_WORD + name for name in ("p", "tbl", "tr", "tc", "t"))


def text(data: bytes) -> Extracted:
    """The text in document order, first the header of the first page; a table row is one line, ` | ` between cells."""
    _check(data)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
    except ValueError:
        raise Unreadable("a zip or Office file, but no Word document: export it as .docx or .txt") from None
    except (KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise Unreadable(_DAMAGED) from None
    blocks = [*_header(document), *_blocks(document.element.body)]
    return Extracted("\n".join(blocks))


def _check(data: bytes) -> None:
    """Refuse what unpacks to more than a note can hold, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OverflowError):
        raise Unreadable(_DAMAGED) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable(f"unpacks to more than {MOST_UNPACKED // 1_000_000} MB: save it as .txt")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("it has a password: save it without one")


def _header(document: Any) -> list[str]:
    if not document.sections:
        return []
    section = document.sections[0]
    header = section.first_page_header if section.different_first_page_header_footer else section.header
    lines = [] if header.is_linked_to_previous else [line for line in _blocks(header._element) if line.strip()]
    return [*lines, ""] if lines else []


def _blocks(parent: Any) -> Iterator[str]:
    """The paragraphs and table rows below an element, a line each; content controls are looked into."""
    for child in parent:
        if child.tag == _P:
            yield from _paragraph(child)
        elif child.tag == _TBL:
            for row in child.iter(_TR):
                if next(row.iterancestors(_TBL)) is child:
                    yield " | ".join(_cell(cell) for cell in row.iter(_TC) if next(cell.iterancestors(_TR)) is row)
            yield ""
        elif child.tag not in _LEFT_OUT:
            yield from _blocks(child)


def _cell(cell: Any) -> str:
    return " ".join(line.strip() for line in " ".join(_blocks(cell)).splitlines() if line.strip())


def _paragraph(paragraph: Any) -> Iterator[str]:
    """A paragraph, and after it the text boxes that are anchored in it."""
    words: list[str] = []
    boxes: list[str] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        tag = element.tag
        if tag in _LEFT_OUT or not isinstance(tag, str) or element.find(_VANISH) is not None:
            continue
        if tag == _T:
            words.append(element.text or "")
        elif tag in _CHARACTERS:
            words.append(_CHARACTERS[tag])
        elif tag == _WORD + "txbxContent":
            boxes += _blocks(element)
        else:
            stack.extend(reversed(element))
    line = "".join(words)
    listed = paragraph.find(f"{_WORD}pPr/{_WORD}numPr") is not None
    yield f"- {line}" if listed and line.strip() else line
    yield from boxes
