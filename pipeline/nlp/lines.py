"""One logical line: its bullet, the labels that open it, its checkboxes, and where its sentences begin and end."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .levels import HEADING_LEVELS
from .normalize import OffsetMap

BULLET = re.compile(r"\s*(?:[-*•●▪·>+]+|\(?\d{1,2}[.)](?=\s|[A-Za-z])|\d{1,2}\s?-\s?(?=[A-Z][a-z]|(?:no|disc|mild|diffuse)\s)|\(?[a-zA-Z][.)](?=\s))\s*")
CHECKBOX = re.compile(r"\[\s?[xX✓✔]?\s?\]|\(\s?[xX✓✔]?\s?\)|[☐☑☒✓✔]")
BOX = re.compile(r"[\[(☐☑☒_](?:(?<=\[)[ xX✓✔]?\]|(?<=\()[ xX✓✔]\)|(?<=[☐☑☒])|(?<=_)_+)")
_NO_LABEL = re.compile(r"\d:$|\b(?:states|says|said|told)\s*:$")
LABEL = re.compile(r"[^\W\d_][^:\n|.;?!\[\]]{0,58}?\s*:")
ABBREVIATIONS = frozenset(
    ["dr", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "no", "nos", "fig", "figs", "ref", "pt", "pts", "e.g", "i.e", "eg", "ie", "etc", "y.o", "y/o", "a.m", "p.m", "jr", "sr", "inc", "est", "avg", "min", "max", "hr", "hrs", "wk", "wks", "mo", "mos", "yr", "yrs", "mg", "mcg", "lt", "rt", "bilat", "sup", "inf", "ant", "post", "neg", "pos", "ext", "flex", "dx", "hx", "tx", "rx", "fx", "cons", "sig", "prev", "c/o", "s/p", "w/o", "q.d", "b.i.d", "t.i.d", "p.r.n", "p.o", "h.s", "q.h.s", "vol", "temp", "resp", "incl", "excl", "esp", "lat", "med", "gr", "dept", "tel", "sec", "al", "ca", "cf"])
# opens with its characters, then looks back: so a search runs over a line without trying anything elsewhere
_END = re.compile(
    r"[.?!:/;|](?:(?<=[.?!])(?<![.?!]{2})[.?!]*+[\"')\]]*+(?=\s)|(?<=[.?!:])\s*,(?=\s*[A-Z0-9(\"])"
    r"|(?<=[a-z)%\d][.?!])(?=[A-Z][A-Za-z0-9])|(?<=/)/+|(?<=\s\|)\s?|(?<=;)(?=\s))")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz./"

Words = Callable[[str], tuple[str, OffsetMap | None]]  # how a sentence reads, and the map back to what is written


class Line(NamedTuple):
    """A logical line by itself; offsets are those of the line."""
    heads: bool  # a heading on a line of its own stands over the lines below
    over: str  # the labels that stand over its sentences, or over the lines below
    levels: bool  # whether these open with spinal levels
    sentences: list[tuple[int, int, str, bool | None, str, OffsetMap | None]]  # start, end, label, whether ticked, words


def read(line: str, words: Words) -> Line:
    """What a logical line holds, by itself."""
    bullet = BULLET.match(line)
    at = bullet.end() if bullet and bullet.end() < len(line) else 0
    labels, body = _heading(line, at, len(line))
    if labels and body >= len(line) and (len(labels) == 1 or line.rstrip().endswith(":")):
        over, stop = " ".join(labels), min(len(line), at + LONGEST)
        return Line(True, over, _opens_with_levels(over), [(at, stop, "", None, *words(line[at:stop]))])
    levels = bool(labels) and _opens_with_levels(labels[0])
    return Line(False, " ".join(labels[:-1] or labels), levels,
                [(a, b, label, checked, *words(line[a:b])) for a, b, label, checked in _sentences(line, at, labels)])


def _opens_with_levels(heading: str) -> bool:
    return HEADING_LEVELS.match(heading + ":") is not None


def _sentences(line: str, at: int, labels: list[str]) -> list[tuple[int, int, str, bool | None]]:
    """The sentences behind `at`, each with its label and whether it is ticked."""
    sentences = []
    checked: bool | None = None
    fields = ":" in line
    for a, b in _cut(line, at, len(line)):
        box = CHECKBOX.match(line, a, b)
        if box:
            checked = bool(re.search(r"[xX✓✔☑☒]", box.group()))
        label = labels[-1].lower() if labels and a == at else _label(line[a:b]) if fields else ""
        sentences.append((a, b, label, checked))
    if len(sentences) > 1 and sentences[-2][3] is None and CHECKBOX.fullmatch(line, *sentences[-1][:2]):
        return [(a, b, label, checked) for a, b, label, _ in sentences]  # a box behind its statement: "I cannot stand.  [X]"
    return sentences


def _heading(text: str, start: int, end: int) -> tuple[list[str], int]:
    """The labels that open a line ("Findings: L4-5:") and where its body begins."""
    at = start
    labels: list[str] = []
    fields = ":" in text
    while at < end and len(labels) < _MOST_LABELS:
        match = HEADING_LEVELS.match(text, at, end)
        stop = match.end(1) if match and match.end(1) - at < LONGEST_LABEL else 0
        label = LABEL.match(text, at, end) if fields else None
        if label and _is_label(label.group()):
            stop = max(stop, label.end())
        if not stop:
            break
        labels.append(text[at:stop].strip(" :\t\n\r"))
        at = stop
        while at < end and text[at] in " \t\r\n:,-–—.)=[/" and not CHECKBOX.match(text, at, end):
            at += 1
        if not label:
            break
    return labels, at


def _is_label(label: str) -> bool:
    words = label.rstrip(": \t").split()
    return 0 < len(words) <= 8 and not _NO_LABEL.search(label)


def _label(sentence: str) -> str:
    match = LABEL.match(sentence)
    return match.group().rstrip(": \t").lower() if match and _is_label(match.group()) else ""


LONGEST = 4000
_MOST_LABELS, LONGEST_LABEL = 8, 200
_LONG = 200
_LONG_WORD = re.compile(rf"\S{{{_LONG}}}(?=\S)")  # patterns are quick because no word is long, see `linear`
_INLINE_LEVEL = re.compile(r"[LSTDlstd](?<=[\s,;.].)(?=\d{1,2}\s?[-/–]\s?[LSls]?\d\s*:)")
_LEVEL_LIST = re.compile(r"(?:\d\s*(?:,|&|-|–)|\b(?:and|to|through|thru|at|of|in|on|involving|affecting|from|the|both))\s*$", re.I)


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of one logical line."""
    cuts: list[tuple[int, int]] = []  # (end of the sentence, start of the next)
    for match in _END.finditer(text, start, end):
        if _ends(text, start, match, end):
            mark = match.group().strip()
            cuts.append((match.start() + (1 if mark[:1] in ".?!:" else 0), match.end()))
    if "[" in text or "(" in text or not text.isascii():
        cuts += [(m.start(), m.start()) for m in BOX.finditer(text, start, end) if m.group()[0] != "_"]
    cuts += [(m.start(), m.start()) for m in _INLINE_LEVEL.finditer(text, start, text.rfind(":", start, end) + 1)
             if not _LEVEL_LIST.search(text, max(start, m.start() - 20), m.start())]
    pieces = []
    at = start
    for stop, go_on in [*sorted(cuts), (end, end)]:
        pieces += short(text, *_strip(text, at, stop))
        at = max(at, go_on)
    return pieces


def short(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """`start` and `end`, or several pieces where that is no sentence or has a word that is none: no cost grows with them."""
    if end - start <= _LONG:
        return [(start, end)] if end > start else []
    pieces = []
    for stop in [*(match.end() for match in _LONG_WORD.finditer(text, start, end)), end]:
        while stop - start > LONGEST:
            blank = max(text.rfind(" ", start + LONGEST // 2, start + LONGEST), start + LONGEST // 2)
            pieces.append((start, blank))
            start, _ = _strip(text, blank, stop)
        if stop > start:
            pieces.append((start, stop))
        start = stop
    return pieces


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and (text[start].isspace() or text[start] in ",;|"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;|"):
        end -= 1
    return start, end


def _ends(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Whether a full stop ends a sentence: not after an abbreviation, an initial or a list number."""
    mark = match.group()
    if mark.startswith("?"):  # "? stenosis" asks, it does not end
        asks = match.start() == start or text[match.start() - 1] in " \t,;:("
        return not asks and not _ANSWER.fullmatch(text, match.end(), end)
    if not mark.startswith("."):
        return True
    before = text[max(start, match.start() - 12):match.start()].removesuffix("\n")
    before = before[len(before.rstrip(_LETTERS)):]
    word = before.lower().strip(".")
    rest = text[match.end():match.end() + 40].lstrip()
    if not word:  # a number: "1." opens an item, "2.5" never comes here
        opening = text[start:match.start()].strip()
        return not (opening.isdigit() and len(opening) <= 2)
    if word == "no":
        return not rest[:1].isdigit()
    if word in _TITLES or (word in ABBREVIATIONS and not rest[:1].isupper()):
        return False
    return not (len(word) == 1 and before[-1:].isupper() and rest[:1].isupper()
                and word not in "i")


_ANSWER = re.compile(r"\s*\d{1,3}(?:\s?/\s?\d{2,3})?\s*")  # "How bad is your pain (0-10)?  6"
_TITLES = frozenset(["dr", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "e.g", "i.e", "eg", "ie", "fig", "figs"])
