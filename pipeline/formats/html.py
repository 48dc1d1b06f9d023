"""HTML, through lxml: blocks end lines, a table row is one line, what a browser does not show is left out."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from .base import Extracted

_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section summary table tbody tfoot thead "
    "tr ul"
)
_APART_NAMES = "p h1 h2 h3 h4 h5 h6 table ul ol pre blockquote"
_HIDDEN_NAMES = "script style head template noscript iframe object svg math option audio video"
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_APART = frozenset(_APART_NAMES.split())  # a blank line before and after
_HIDDEN = frozenset(_HIDDEN_NAMES.split())
_LINES = ("p", "div", "br", "li", "tr", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
_BLANK = re.compile(r"[ \t\r\n\f]+")
_META = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]+)|encoding\s*=\s*["']([\w.:-]+)""")


def text(data: bytes) -> Extracted:
    """The text as a browser would show it; cells of a table row have ` | ` between them, ticked boxes are `[x]`."""
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    parser.feed(unicode_of(data).encode("utf-8", "replace"))
    root = parser.close()
    return Extracted("" if root is None else _Page().read(root))


def unicode_of(data: bytes) -> str:
    """Decode a page: as UTF-8 where it is that, else as it says itself, else the best guess."""
    from ..encoding import decode

    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _META.search(data[:2048])
    if declared:
        try:
            return data.decode((declared[1] or declared[2]).decode("ascii"))
        except (UnicodeError, LookupError):
            pass
    return decode(data).text


def _is_hidden(element: Any) -> bool:
    style = element.get("style")
    return "hidden" in element.attrib or (style is not None and "display:none" in style.replace(" ", "").lower())


class _Page:
    """Gathers the text of a page. `_gap` is what must stand before the next words: "", " ", a line end or two."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._gap = ""
        self._pre = 0
        self._cells: list[bool] = []  # of the cells that are open, which ones are part of a line

    def read(self, root: Any) -> str:
        from lxml import etree

        skipped = 0
        for event, element in etree.iterwalk(root, events=("start", "end")):
            tag = element.tag if isinstance(element.tag, str) else ""
            tag = tag.rpartition("}")[2].lower()
            hidden = tag in _HIDDEN or not tag or _is_hidden(element)
            if event == "start":
                if hidden or skipped:
                    skipped += 1
                    continue
                self._open(tag, element)
                self._add(element.text)
            else:
                if skipped:
                    skipped -= 1
                else:
                    self._close(tag)
                if not skipped:
                    self._add(element.tail)
        return "".join(self._parts)

    def _open(self, tag: str, element: Any) -> None:
        if tag in ("td", "th"):
            self._cell(element)
        elif tag in _BLOCKS:
            self._break(2 if tag in _APART else 1)
        if tag == "br":
            self._break(min(self._gap.count("\n") + 1, 2))
        elif tag == "li":
            self._put("- ")
        elif tag == "input":
            self._field(element)
        elif tag == "select":
            self._add(" ".join("".join(one.itertext()) for one in element.iter("option") if "selected" in one.attrib))
        elif tag == "pre":
            self._pre += 1

    def _close(self, tag: str) -> None:
        if tag == "pre":
            self._pre -= 1
        if tag in ("td", "th") and self._cells:
            self._cells.pop()
        elif tag in _BLOCKS:
            self._break(2 if tag in _APART else 1)

    def _cell(self, element: Any) -> None:
        """A cell continues the line of its row, unless it lays out a page: then it holds lines of its own."""
        alone = len(list(islice(element.iter(*_LINES), 2))) < 2
        if not alone:
            self._break(1)
        elif element.getprevious() is not None:
            self._gap = " "
            self._put("| ")
        self._cells.append(alone)

    def _field(self, element: Any) -> None:
        kind = element.get("type", "text").lower()
        if kind in ("checkbox", "radio"):
            self._put("[x] " if "checked" in element.attrib else "[ ] ")
        elif kind in ("text", "number", "date"):
            self._add(element.get("value"))

    def _break(self, lines: int) -> None:
        if self._cells and self._cells[-1]:
            self._gap = self._gap or " "
            return
        self._gap = "\n" * max(lines, self._gap.count("\n"))

    def _add(self, words: str | None) -> None:
        if not words:
            return
        if self._pre:
            self._put(words)
            return
        words = _BLANK.sub(" ", words)
        if words[0] == " ":
            self._gap = self._gap or " "
        if inner := words.strip(" "):
            self._put(inner)
            self._gap = " " if words[-1] == " " else ""

    def _put(self, words: str) -> None:
        gap = self._gap if self._parts else ""
        if gap == " " and self._parts[-1].endswith((" ", "\n")):
            gap = ""
        self._parts += [gap, words]
        self._gap = ""
