"""Text as the lexicons see it: lower case, plain ASCII punctuation, key words with their typing errors mended.

`fold` keeps the length, so offsets stay those of the note. Mending a word, or leaving out what nobody sees, changes it;
`edited` therefore returns a map back.
"""
from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

_PLAIN = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00ad", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
                    "\t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\u2028\u2029\x85\u200b\u200c\u200d\ufeff\x00", " "),
    "\uff1a": ":", "\uff0f": "/", "\u2044": "/", "\u2215": "/", "\u2264": "<", "\u2265": ">", "\u00d7": "x",
    "\u2022": "-", "\u00b7": "-", "\u25cf": "-", "\u25aa": "-",
}
_TABLE = {ord(char): plain for char, plain in _PLAIN.items()}
_WORD = re.compile(r"[a-z]{5,}")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
_BREAK = re.compile(r"[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]\s*")
_LONG_GAP = re.compile(" {17,}")  # patterns are quick because no gap is long, see `linear`
_GAP = " " * 16
_MENDED_CACHE_LIMIT = 200_000


def fold(text: str) -> str:
    """Lower-case `text` with plain hyphens, quotes and blanks; `len(fold(text)) == len(text)`."""
    lower = text.lower()
    if len(lower) != len(text):  # a few characters, such as dotted capital I, grow when lowered
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lower if lower.isascii() and not _has_blank(lower) else lower.translate(_TABLE)


def _has_blank(text: str) -> bool:
    return "\n" in text or "\t" in text or "\r" in text or not text.isprintable()


def gaps(text: str) -> list[tuple[int, int, str]]:
    """What readers do not see, as edits (start, end, what stands there instead): a Windows line end or an indented line
    within a sentence is one blank, soft hyphens, zero-width and direction marks are nothing."""
    found = [(match.start(), match.end(), "") for match in _UNSEEN.finditer(text)] if not text.isascii() else []
    for match in _BREAK.finditer(text):
        start = match.start()
        while start and text[start - 1].isspace():
            start -= 1
        if match.end() - start > 1:
            found.append((start, match.end(), " "))
    return found


class OffsetMap:
    """Maps offsets of an edited text back to the text it was made from, and on to the one that was made from (`below`)."""
    __slots__ = ("_ends", "_shifts", "below")

    def __init__(self, ends: list[int], shifts: list[int]) -> None:
        self._ends, self._shifts = ends, shifts
        self.below: OffsetMap | None = None

    def source(self, offset: int) -> int:
        """The offset in the source text; both ends of a mended word map to both ends of the word as written."""
        at = bisect_right(self._ends, offset)
        found = offset + (self._shifts[at - 1] if at else 0)
        return self.below.source(found) if self.below else found


def edited(text: str, edits: list[tuple[int, int, str]]) -> tuple[str, OffsetMap | None]:
    """`text` with the edits (start, end, what stands there instead) made, and the map back, None without edits."""
    if not edits:
        return text, None
    parts: list[str] = []
    ends: list[int] = []
    shifts: list[int] = []
    last = length = 0
    for start, end, right in sorted(edits):
        parts += text[last:start], right
        length += start - last + len(right)
        last = end
        ends.append(length)
        shifts.append(last - length)
    parts.append(text[last:])
    return "".join(parts), OffsetMap(ends, shifts)


class Speller:
    """Mends typing errors in the key words of the lexicons ("protruion", "tehcal", "modec").

    A word is mended where it is within one edit (two for words of eight letters or more) of exactly one key word, has
    the same first letter, and is not a word of its own (`known`). Each distinct word is looked at once.
    """

    def __init__(self, keys: Iterable[str], known: Iterable[str]) -> None:
        self.keys = sorted(set(keys))
        self.known = set(known) | set(self.keys) | {key + "s" for key in self.keys}
        self._by_start: dict[str, list[str]] = {}
        for key in self.keys:
            self._by_start.setdefault(key[0], []).append(key)
        self._cache: dict[str, str | None] = {}

    def word(self, word: str) -> str | None:
        """The key word that `word` stands for, or None where it is to stay."""
        if word in self._cache:
            return self._cache[word]
        if len(self._cache) > _MENDED_CACHE_LIMIT:
            self._cache.clear()
        self._cache[word] = found = None if word in self.known else self._nearest(word)
        return found

    def _nearest(self, word: str) -> str | None:
        from rapidfuzz.distance import OSA
        best, best_distance, tie = None, 3, False
        for key in self._by_start.get(word[0], ()):
            limit = 2 if min(len(key), len(word)) >= 8 else 1
            if abs(len(key) - len(word)) > limit:
                continue
            distance = OSA.distance(word, key, score_cutoff=limit)
            if distance <= limit:
                tie = distance == best_distance
                if distance < best_distance:
                    best, best_distance = key, distance
        return None if tie else best

    def mend(self, text: str) -> tuple[str, OffsetMap | None]:
        """`text` (folded) with its key words mended and no gap of more than 16 blanks, and the map back, None where
        nothing changed."""
        edits = [(*match.span(), _GAP) for match in _LONG_GAP.finditer(text)] if _GAP in text else []
        for match in _WORD.finditer(text):
            word = match.group()
            right = self._cache[word] if word in self._cache else self.word(word)
            if right is not None:
                edits.append((*match.span(), right))
        return edited(text, edits)
