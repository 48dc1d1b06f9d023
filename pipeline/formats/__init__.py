"""Documents that are no plain text, to text: PDF with a text layer, Word (.docx), RTF and HTML.

Each format has a module with `text(data) -> Extracted`. They run in a process of their own (`process`), so that a
document made to harm costs its own line of notes.csv and nothing else.
"""

from __future__ import annotations

import re

from ..encoding import Decoded, NotText, decode

SUFFIXES = (".pdf", ".docx", ".rtf", ".html", ".htm", ".xhtml", ".doc")
KINDS = ("pdf", "docx", "rtf", "html")
PLAIN = ("text/plain", "text/markdown")
_HTML = (".html", ".htm", ".xhtml", "text/html", "application/xhtml+xml")
_MARKUP = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_HEAD = 1024


def kind_of(data: bytes, named: str = "") -> str:
    """pdf, docx, rtf or html as the first bytes say, whatever the name; "" for anything else.

    `named` is a suffix (".html") or a media type; only HTML, which needs no certain beginning, is known by it.
    """
    head = data[:_HEAD]
    if b"%PDF-" in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx" if b"word/" in data else ""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return "rtf"
    return "html" if named.partition(";")[0].strip().lower() in _HTML or _MARKUP.match(head) else ""


def read(data: bytes, named: str = "") -> Decoded:
    """The text of a document, and how it was read: a format or a codec. Raises `NotText` with the reason.

    `named` is the suffix of a file or a media type, with its charset where it says one.
    """
    kind = kind_of(data, named)
    if kind:
        from . import process

        text, remark = process.text(kind, data)
        return Decoded(text, kind, remark)
    if "/" in named and data[:_HEAD].lstrip().startswith(b"<?xml"):
        raise NotText("an XML document: not read; export it as text, HTML, RTF, Word or PDF")
    charset = _CHARSET.search(named)
    if charset:
        try:
            return Decoded(data.decode(charset[1]), charset[1].lower())
        except (UnicodeError, LookupError):
            pass  # what it says of itself is not true: look at the bytes
    if named in (".pdf", ".docx"):
        office = data.startswith(b"\xd0\xcf\x11\xe0")
        why = "a Word file with a password, or an old one" if office else f"named {named}, but it is none"
        raise NotText(f"{why}: save it again, without a password")
    return decode(data)
