"""RTF, through striprtf."""

from __future__ import annotations

import re

from .base import Extracted

_CELL = re.compile(r"[ \t]*\|[ \t]*")
_ROW_END = re.compile(r" \| (?=\n|$)")


def text(data: bytes) -> Extracted:
    """The text; the cells of a table row stand on one line with ` | ` between them."""
    from striprtf.striprtf import rtf_to_text

    written = rtf_to_text(data.decode("cp1252", "replace"), errors="replace")
    return Extracted(_ROW_END.sub("", _CELL.sub(" | ", written)))
