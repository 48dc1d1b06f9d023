"""What readers of documents share: what they give, what a document may cost, and the error that says why it failed."""

from __future__ import annotations

from typing import NamedTuple

SECONDS = 60
MEMORY = 2 << 30
MOST_CHARS = 20_000_000
MOST_PAGES = 5_000
MOST_UNPACKED = 300_000_000
MOST_PARTS = 10_000


class Extracted(NamedTuple):
    """The text of a document, and a remark where a part of it has none."""

    text: str
    remark: str = ""


class Unreadable(Exception):
    """The document cannot be read; the message says why and what to do, without a word of it."""
