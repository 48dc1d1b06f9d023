"""One note in the terminal: its sections, its facts under the words they rest on, and what made each of them.

Facts may overlap, so spans are marked below the line, on as many tracks as it takes; colour only repeats what the marks
say. Control characters of a note never reach the terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .corpus import single_note
from .schema import KINDS, Fact, Note
from .wording import ASSERTION_SIGNS, told

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text
    from spacy.tokens import Doc

LINES = {"present": "─", "absent": "═", "possible": "┄", "historical": "╌", "hypothetical": "╌", "family": "~"}
_COLOURS = dict(
    zip(
        KINDS,
        (
            "magenta",
            "cyan",
            "red",
            "dark_orange",
            "green",
            "yellow",
            "gold1",
            "bright_blue",
            "deep_sky_blue1",
            "bright_white",
        ),
        strict=True,
    )
)
_LINE_END = re.compile(r"\r\n|[\n\r\f\v\x85\u2028\u2029]")
_GUTTER = 7
_NARROWEST, _WIDEST = 50, 120
Section = tuple[int, str]


def show(path: Path, console: Console, lexicons: str | None = None) -> None:
    """Print a note with its facts; raises UserError where the file cannot be read."""
    note = single_note(path)
    from . import nlp

    pipeline = nlp.load(lexicons)
    facts = nlp.extract(pipeline, note)
    console.width = max(_NARROWEST, min(console.width, _WIDEST))
    for part in render(note, facts, sections_of(pipeline(note.text)), console.width):
        console.print(part, highlight=False, soft_wrap=not hasattr(part, "columns"))


def sections_of(doc: Doc) -> list[Section]:
    """Where each section starts, in characters, and its name."""
    found = [section for section in doc._.sections if section.title_span[1] > section.title_span[0]]
    return [(doc[section.title_span[0]].idx, str(section.category)) for section in found]


def render(note: Note, facts: list[Fact], sections: list[Section], width: int) -> Iterator[RenderableType]:
    """The view, part by part: a head line, the lines of the note with their marks, and the table of facts."""
    from rich.text import Text

    about = [
        note.note_date or "no date",
        note.note_type,
        f"{len(note.text):,} characters",
        note.encoding,
        f"{len(facts)} fact{'' if len(facts) == 1 else 's'}",
    ]
    yield Text.assemble((neutral(note.note_id), "bold"), ("   " + " · ".join(about), "dim"))
    starts = dict(sections)
    for number, start, end in _lines(note.text):
        breaks = sorted({start, *(at for at in starts if start < at < end)})
        for begin, stop in zip(breaks, [*breaks[1:], end], strict=True):
            if begin in starts:
                yield Text(f"── {starts[begin]} " + "─" * (width - len(starts[begin]) - 4), style="dim")
            for first, last in _wrapped(note.text, begin, stop, width - _GUTTER):
                yield from _segment(note.text, first, last, str(number) if first == start else "", facts)
    yield Text()
    if facts:
        yield from (Text(line, style="dim") for line in _legend(facts, width))
    yield _table(facts, width) if facts else Text("No facts in this note.", style="dim")


def neutral(text: str) -> str:
    """Text fit for a terminal: every control, format and private character as a visible stand-in."""
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    if char == "\t":
        return "    "
    if char < " " or char == "\x7f":
        return chr(0x2400 + ord(char)) if char < " " else "\u2421"
    return " " if unicodedata.category(char) == "Zs" else "\ufffd"


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of every line, its end mark left out."""
    start = 0
    for number, match in enumerate(_LINE_END.finditer(text), 1):
        yield number, start, match.start()
        start = match.end()
    if start < len(text):
        yield text.count("\n") + 1, start, len(text)


def _wrapped(text: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """Pieces of a line that fit the width, broken at blanks where there are any."""
    from rich.cells import cell_len

    used, first, blank = 0, start, -1
    for at in range(start, end):
        cells = cell_len(_visible(text[at]))
        if used + cells > width and at > first:
            cut = blank + 1 if blank > first else at
            yield first, cut
            used = cell_len(neutral(text[cut:at]))
            first, blank = cut, -1
        used += cells
        if text[at] in " \t":
            blank = at
    yield first, end


@dataclass(slots=True)
class _Mark:
    """A fact below a line: its columns, its label and the colour of its kind."""

    start: int
    end: int
    label: str
    colour: str
    line: str

    @property
    def drawn(self) -> str:
        """`╰1 modic +──╯`, at least as wide as the words above it."""
        length = max(self.end - self.start - len(self.label) - 2, 0)
        return f"╰{self.label}{self.line * length}" + ("╯" if self.end - self.start >= len(self.label) + 2 else "")


def _segment(text: str, start: int, end: int, number: str, facts: list[Fact]) -> Iterator[Text]:
    """One display line and, below it, the tracks with the marks of its facts."""
    from rich.cells import cell_len
    from rich.text import Text

    places, columns = [0], [0]
    for char in text[start:end]:
        shown = _visible(char)
        places.append(places[-1] + len(shown))
        columns.append(columns[-1] + cell_len(shown))
    line = Text(neutral(text[start:end]))
    marks = []
    for index, fact in enumerate(facts, 1):
        if fact.start < end and fact.end > start:
            first, last = max(fact.start, start) - start, min(fact.end, end) - start
            colour = _COLOURS[fact.kind]
            line.stylize(f"bold {colour}", places[first], places[last])
            label = f"{index} {fact.kind} {ASSERTION_SIGNS[fact.assertion]}" if fact.start >= start else f"{index} …"
            marks.append(_Mark(columns[first], columns[last], label, colour, LINES[fact.assertion]))
        if fact.cue and fact.cue.start < end and fact.cue.end > start:
            line.stylize(
                "underline", places[max(fact.cue.start, start) - start], places[min(fact.cue.end, end) - start]
            )
    yield Text.assemble((f"{number:>{_GUTTER - 2}} ", "dim"), " ", line)
    yield from map(_drawn, _tracks(marks))


def _tracks(marks: list[_Mark]) -> list[list[_Mark]]:
    """The marks on as few tracks as keep them apart."""
    tracks: list[list[_Mark]] = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        for track in tracks:
            if track[-1].start + len(track[-1].drawn) < mark.start:
                track.append(mark)
                break
        else:
            tracks.append([mark])
    return tracks


def _drawn(track: list[_Mark]) -> Text:
    from rich.text import Text

    drawn = Text(" " * _GUTTER)
    for mark in track:
        drawn.append(" " * (mark.start + _GUTTER - len(drawn)))
        drawn.append(mark.drawn, style=mark.colour)
    return drawn


def _legend(facts: list[Fact], width: int) -> list[str]:
    """What the lines and signs say, for the assertions that occur."""
    seen = {fact.assertion for fact in facts}
    parts = [f"{LINES[name] * 2} {sign} {name}" for name, sign in ASSERTION_SIGNS.items() if name in seen]
    if any(fact.cue for fact in facts):
        parts.append("underlined: the cue")
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + 3 + len(part) > width:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else "") + part
    return lines


def _table(facts: list[Fact], width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), width=width)
    for name, options in (
        ("#", {"justify": "right"}),
        ("kind", {}),
        ("what", {"ratio": 5}),
        ("assertion", {"ratio": 3}),
        ("rule", {"ratio": 4}),
        ("offsets", {"no_wrap": True}),
    ):
        table.add_column(name, overflow="fold", **options)
    for index, fact in enumerate(facts, 1):
        cue = f" “{neutral(fact.cue.text)}”" if fact.cue else ""
        table.add_row(
            str(index),
            Text(fact.kind, style=_COLOURS[fact.kind]),
            Text(neutral(told(fact))),
            Text.assemble((fact.assertion, "bold"), (cue, "underline")),
            Text(fact.rule + (f"\n{fact.cue.rule}" if fact.cue else ""), style="dim"),
            f"{fact.start}-{fact.end}",
        )
    return table
