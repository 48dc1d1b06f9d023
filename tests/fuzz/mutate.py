"""Changes a chart the way charts differ: sentences, words, structure, numbers; raw bytes only now and then."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from .fragments import MARKUP, ODD, headings, sentences, words

_NUMBER = re.compile(r"\d+")
_LEVELS = ("L1", "L4-5", "L5-S1", "T12-L1", "L4/5", "L6-S1", "L3 to S1", "4-5", "C5-6")
_NUMBERS = ("0", "1", "2", "3", "5", "6", "12", "52", "99", "100", "101", "2024", "1899", "31", "000", "9" * 12, "3.5", "1/2", "12/24", "0.44")
_NAMES = ("2024-02-01_radiology.txt", "2024-03-05_clinic.txt", "2024-13-40_pt.txt", "letter.txt", "2019-01-01_odi.txt", "x")
_CASES: tuple[Callable[[str], str], ...] = (str.upper, str.lower, str.title, str.swapcase)


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """Another chart, made from `data` by one to four changes."""
    pick = random.Random(seed)
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(pick.choice((1, 1, 2, 4))):
        text = pick.choice(_CHANGES)(text, pick)
    made = text.encode("utf-8", "surrogateescape")
    if pick.random() < 0.02:
        made = text.encode(pick.choice(("utf-16", "utf-16-le", "cp1252", "utf-8-sig", "latin-1")), "replace")
    return made[:longest]


def _cut(text: str, pick: random.Random) -> tuple[int, int]:
    start = pick.randint(0, len(text))
    return start, min(len(text), start + pick.choice((1, 3, 10, 30, 100)))


def _insert(text: str, what: str, pick: random.Random) -> str:
    at = pick.randint(0, len(text))
    return text[:at] + what + text[at:]


def _sentence(text: str, pick: random.Random) -> str:
    """A sentence on a line of its own or behind another, or in place of a line."""
    lines = text.splitlines(keepends=True) or [""]
    at = pick.randrange(len(lines))
    new = pick.choice(sentences())
    if pick.random() < 0.3 and not lines[at].startswith("==="):
        lines[at] = new + "\n"
    elif pick.random() < 0.5:
        lines.insert(at, pick.choice(("", "- ", "[x] ", "[ ] ", "1. ", f"{pick.choice(headings()).title()}: ")) + new + "\n")
    else:
        lines[at] = lines[at].rstrip("\r\n") + pick.choice((" ", ". ", "; ", ", ", " | ", ": ")) + new + "\n"
    return "".join(lines)


def _lines(text: str, pick: random.Random) -> str:
    """A line gone, twice, moved, or joined to the next."""
    lines = text.splitlines(keepends=True) or [""]
    at, to = pick.randrange(len(lines)), pick.randrange(len(lines))
    match pick.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(to, lines[at])
        case 2:
            lines.insert(to, lines.pop(at))
        case _:
            lines[at] = lines[at].rstrip("\r\n") + " "
    return "".join(lines)


def _word(text: str, pick: random.Random) -> str:
    return _insert(text, f" {pick.choice(words())} ", pick)


def _odd(text: str, pick: random.Random) -> str:
    return _insert(text, pick.choice(ODD), pick)


def _markup(text: str, pick: random.Random) -> str:
    """Structure in place of a blank, or anywhere."""
    blanks = [match.start() for match in re.finditer(r"[ \n]", text)]
    if not blanks or pick.random() < 0.2:
        return _insert(text, pick.choice(MARKUP), pick)
    at = pick.choice(blanks)
    return text[:at] + pick.choice(MARKUP) + text[at + 1 :]


def _number(text: str, pick: random.Random) -> str:
    """Another number, or a level in place of one."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return _insert(text, pick.choice(_NUMBERS), pick)
    match = pick.choice(found)
    return text[: match.start()] + pick.choice((*_NUMBERS, *_LEVELS)) + text[match.end() :]


def _gone(text: str, pick: random.Random) -> str:
    start, end = _cut(text, pick)
    return text[:start] + text[end:]


def _case(text: str, pick: random.Random) -> str:
    start, end = _cut(text, pick)
    return text[:start] + pick.choice(_CASES)(text[start:end]) + text[end:]


def _typo(text: str, pick: random.Random) -> str:
    """Two letters exchanged."""
    at = pick.randrange(max(len(text) - 1, 1))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _ends(text: str, pick: random.Random) -> str:
    """Other line ends, from some place on."""
    at = pick.randint(0, len(text))
    return text[:at] + text[at:].replace("\r\n", "\n").replace("\n", pick.choice(("\r\n", "\n", "\r", "\n\n")))


def _wrapped(text: str, pick: random.Random) -> str:
    """Lines broken at a width."""
    width = pick.choice((20, 40, 60, 72))
    return re.sub(rf"([^\n]{{{width},{width + 15}}}) ", r"\1\n", text)


def _note(text: str, pick: random.Random) -> str:
    """What follows some line, as a note of its own."""
    lines = text.splitlines(keepends=True)
    lines.insert(pick.randint(0, len(lines)), f"=== {pick.choice(_NAMES)}\n")
    return "".join(lines)


_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    _sentence, _sentence, _sentence, _lines, _word, _word, _odd, _markup, _markup, _number, _number, _gone, _case, _typo, _ends,
    _wrapped, _note,
)  # fmt: skip
