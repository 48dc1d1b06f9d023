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
    return lower if plain(lower) else lower.translate(_TABLE)


def plain(text: str) -> bool:
    """Whether `text` has no marks beyond ASCII and no blank but " ": to be lowered, and that is all."""
    return text.isascii() and text.isprintable()


def gaps(text: str) -> list[tuple[int, int, str]]:
    """What readers do not see, as edits (start, end, what stands there instead): a Windows line end or an indented line
    within a sentence is one blank, soft hyphens, zero-width and direction marks are nothing."""
    if text.isprintable():
        return []
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
        from rapidfuzz.distance import OSA
        self._distance = OSA.distance
        self.keys = sorted(set(keys))
        self.known = set(known) | set(self.keys) | {key + "s" for key in self.keys}
        self._near: dict[tuple[str, int], list[tuple[str, int]]] = {}  # first letter, length: keys, the edits they may be away
        for key in self.keys:
            for length in range(len(key) - 2, len(key) + 3):
                limit = 2 if min(len(key), length) >= 8 else 1
                if abs(len(key) - length) <= limit:
                    self._near.setdefault((key[0], length), []).append((key, limit))
        self._stay: set[str] = set()
        self._mended: dict[str, str] = {}

    def word(self, word: str) -> str | None:
        """The key word that `word` stands for, or None where it is to stay."""
        if word in self._stay:
            return None
        if word not in self._mended:
            if len(self._stay) + len(self._mended) > _MENDED_CACHE_LIMIT:
                self._stay.clear()
                self._mended.clear()
            found = None if word in self.known else self._nearest(word)
            if found is None:
                self._stay.add(word)
                return None
            self._mended[word] = found
        return self._mended[word]

    def _nearest(self, word: str) -> str | None:
        best, best_distance, tie = None, 3, False
        for key, limit in self._near.get((word[0], len(word)), ()):
            distance = self._distance(word, key, score_cutoff=limit)
            if distance <= limit:
                tie = distance == best_distance
                if distance < best_distance:
                    best, best_distance = key, distance
        return None if tie else best

    def mend(self, text: str) -> tuple[str, OffsetMap | None]:
        """`text` (folded) with its key words mended and no gap of more than 16 blanks, and the map back, None where
        nothing changed."""
        edits = [(*match.span(), _GAP) for match in _LONG_GAP.finditer(text)] if _GAP in text else []
        words = _WORD.findall(text)
        if not self._stay.issuperset(words) and any(map(self.word, set(words) - self._stay)):
            for match in _WORD.finditer(text):
                right = self.word(match.group())
                if right is not None:
                    edits.append((*match.span(), right))
        return edited(text, edits) if edits else (text, None)
