"""Bytes to text: Unicode by its marks, else the best guess; files that are no text are told apart."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a zip or Office file (docx, xlsx)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (doc, xls)"),
    (b"{\\rtf", "an RTF file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"PAR1", "a Parquet table"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_MOST_CONTROL = 0.05
_DETECTOR_SAMPLE = 100_000
_MOSTLY_ASCII = 0.25


class Decoded(NamedTuple):
    """`text` as stored (line ends kept, mark dropped), the Python codec it was read with, and a remark where bytes
    were replaced."""

    text: str
    encoding: str
    remark: str = ""


class NotText(Exception):
    """The bytes are no text; the message says what they look like and what to do."""


def decode(data: bytes) -> Decoded:
    """Decode a file; raises `NotText` for binary and office files.

    Wherever `remark` is empty, `data.decode(encoding) == text`, so the offsets of facts can be checked by anyone.
    """
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise NotText(f"{name}, not plain text: export it as .txt")
    if data[128:132] == b"DICM":
        raise NotText("a DICOM file, not plain text: export the report as .txt")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(_lenient(data, encoding))
    wide = _wide(data)
    if wide:
        return _checked(_lenient(data, wide))
    try:
        return _checked(Decoded(data.decode("utf-8"), "utf-8"))
    except UnicodeDecodeError as error:
        return _checked(_guess(data, error))


def _checked(decoded: Decoded) -> Decoded:
    text = decoded.text.rstrip("\0")
    controls = sum(1 for _ in _CONTROL.finditer(text))
    if controls > _MOST_CONTROL * max(len(text), 1):
        raise NotText("binary data, not plain text: export it as .txt")
    return decoded


def _lenient(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        return Decoded(text, encoding, f"damaged {encoding}: {text.count(chr(0xFFFD))} character(s) replaced")


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of plain text is NUL."""
    sample = data[:4096]
    if len(sample) < 4 or sample.count(0) < 0.4 * len(sample):
        return None
    odd, even = sample[1::2], sample[0::2]
    if odd.count(0) > 0.8 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.8 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def _guess(data: bytes, error: UnicodeDecodeError) -> Decoded:
    if error.reason == "unexpected end of data":  # cut inside the last character
        return Decoded(data.decode("utf-8", "replace"), "utf-8", "cut off inside its last character")
    multibyte = sum(len(match[0]) for match in _MULTIBYTE.finditer(data))
    high = sum(1 for _ in _HIGH.finditer(data))
    if 2 * multibyte > high:  # UTF-8 into which another system pasted a few bytes of cp1252
        text = data.decode("utf-8", "bvn_cp1252")
        return Decoded(text, "utf-8", f"mixed encodings: {high - multibyte} byte(s) read as cp1252")
    if high < _MOSTLY_ASCII * len(data):  # too few letters for a detector, which would guess Big5 for one degree sign
        for encoding in ("cp1252", "latin-1"):
            try:
                return Decoded(data.decode(encoding), encoding)
            except UnicodeDecodeError:
                continue
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_DETECTOR_SAMPLE]).best()
    if best is None:
        raise NotText("binary data, not plain text: export it as .txt")
    return _lenient(data, best.encoding)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("bvn_cp1252", _as_cp1252)
