"""Splits a note into sentences fit for clinic notes, templates, tables and radiology reports, in linear time.

A note is cut into logical lines (soft wraps joined, bullets, headings and table rows apart), a logical line into
sentences. Each sentence keeps what stands over it: the label of its field ("facets", a table's column), the words of
its line heading, and whether its checkbox is ticked. Replaces PyRuSH (quadratic, logs every token).
"""
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc

from .columns import Cell, tables
from .levels import HEADING_LEVELS
from .lines import ABBREVIATIONS, BOX, BULLET, CHECKBOX, LABEL, LONGEST, LONGEST_LABEL, Line, Words, read, short
from .memory import remembered
from .normalize import OffsetMap, Speller, edited, fold, gaps, plain
from .view import NoteView, new_view

if TYPE_CHECKING:
    from .targets import Target

_ENDS = "\r\n\f\v\x1c\x1d\x1e\x85\u2028\u2029"  # of lines, for `str.splitlines`
_COLUMNS = re.compile(r"\S {3,}\S")
_FUNCTION_END = re.compile(r"(?:(?<!\s\s)(?<!\t)(?<![?:|\]=]\s)(?<!\s[-\u2013]\s)\b(?:and|or|of|at|the|with|a|an|in|to|for|is|are|was|on|from|by|no|modic|type)|[,&/-])\s*$", re.I)
_LONGEST_FUNCTION_END = len("modic")

# capitalised words that open a finding; within a wrapped sentence they would stand in lower case
_ABBREVIATED = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(ABBREVIATIONS)))})\.$", re.I)
_OPENER = re.compile(r"(?:2ry|Diffuse|Mild|Moderate|Severe|Minimal|Slight|Left|Right|Lt|Rt|Bilateral|Central|Facets?|Compressing|"
                     r"Encroaching|No|There|The|Small|Large|Wide|Broad|Multilevel|Posterior|Anterior|Features?|Evidence|Grade|"
                     r"Degenerat\w+|Discs?|Adequate|Normal|Dehydrat\w+|Des[is]+cat\w+|Otherwise|Conus|Also|With|Previous|the\s+[Ss]pinal\s+canal|adequate\s+spinal|"
                     r"no\s+(?:significant|evidence|definite|disc|disk))\b(?!\s*:)")


@dataclass(slots=True)
class Sentence:
    """One sentence, as components see it. `text` is folded and mended; `source` maps its offsets to the note."""
    index: int
    start: int
    end: int
    text: str
    line: int
    label: str = ""
    heading: str = ""
    checked: bool | None = None
    cell: bool = False
    section: str = "other"
    map: OffsetMap | None = None
    targets: "list[Target]" = field(default_factory=list)
    cache: dict[str, Any] = field(default_factory=dict)

    def source(self, offset: int) -> int:
        """The note offset of an offset of `text`."""
        return self.start + (self.map.source(offset) if self.map else offset)


def split(text: str) -> list[Sentence]:
    """The sentences of a note as they are written, in order; what lies between them is blank or punctuation."""
    return laid_out(text, _as_written, lambda line: read(line, _as_written), str)


def _as_written(raw: str) -> tuple[str, None]:
    return raw, None


def laid_out(text: str, words: Words, line_of: Callable[[str], Line], heading_of: Callable[[str], str]) -> list[Sentence]:
    """The sentences of a note: `words` says how a table's cell reads, `line_of` what a line holds, `heading_of` how a heading reads."""
    sentences: list[Sentence] = []
    block = _Block()
    rows = tables(text)
    for number, (start, end, apart) in enumerate(_logical_lines(text, rows)):
        line = text[start:end]
        block.enter(line, apart)
        if start in rows or block.is_row(line):
            for cell in rows[start] if start in rows else block.row(line, start):
                heading = heading_of(cell.head) if cell.head else ""
                for a, b in short(text, cell.start, cell.end):
                    seen, offsets = words(text[a:b])
                    sentences.append(Sentence(len(sentences), a, b, seen, number, cell.column, heading, None, True, "other", offsets))
            continue
        said = line_of(line)
        over = block.over(said)
        heading = heading_of(over) if over else ""
        sentences += [Sentence(index, start + a, start + b, seen, number, label, heading, checked, False, "other", offsets)
                      for index, (a, b, label, checked, seen, offsets) in enumerate(said.sentences, len(sentences))]
    return sentences


def _logical_lines(text: str, rows: dict[int, list[Cell]]) -> list[tuple[int, int, bool]]:
    """Physical lines with soft wraps joined, table rows apart, each with whether blank lines stand before it: those end a
    paragraph."""
    lines: list[tuple[int, int, bool]] = []
    width = at = end = 0
    last = ""
    empty = False  # since the last line
    for raw in text.splitlines(keepends=True):
        content = raw.strip()
        if not content:
            empty = True
            if raw.strip(_ENDS):
                width = 0
        else:
            start = at + len(raw) - len(raw.lstrip())
            apart = empty and text.count("\n", end, start) > 1
            if apart or (empty and text.count("\r", end, start) > 1):
                width = 0
            end = start + len(content)
            if width and start not in rows and lines[-1][0] not in rows and _continues(last, content, width):
                lines[-1] = (lines[-1][0], end, lines[-1][2])
            else:
                lines.append((start, end, apart))
            width = max(width, len(content))
            last, empty = content, False
        at += len(raw)
    return lines


def _continues(last: str, content: str, width: int) -> bool:
    """Whether the line `last` goes on in the next one, `content`; both without the blanks around them."""
    ended = last[-1] in ".!?;)"
    lower = content[0].islower()
    unfinished = not ended and _FUNCTION_END.search(last, max(0, len(last) - _LONGEST_FUNCTION_END)) is not None
    if not unfinished and len(last) < (max(40, 0.6 * width) if lower and not ended else max(60, 0.75 * width)):
        return False
    if "|" in content or "|" in last or _starts_item(content):
        return False
    if last[-1] == ":" or CHECKBOX.match(last) or (_COLUMNS.search(content) and CHECKBOX.search(last)):
        return False
    if unfinished:
        return True
    if _OPENER.match(content):
        return False
    return not (last[-1] == "." and lower and not _ABBREVIATED.search(last))


def _starts_item(content: str) -> bool:
    if BULLET.match(content) or BOX.match(content) or HEADING_LEVELS.match(content):
        return True
    return (content[0].isupper() or content[0].isdigit()) and LABEL.match(content) is not None


class _Block:
    """What stands over the lines: a heading on a line of its own, the columns of a table."""

    def __init__(self) -> None:
        self.heading = ""
        self.levels = False  # whether the heading opens with spinal levels
        self.columns: list[str] = []
        self.fresh = False

    def enter(self, line: str, apart: bool) -> None:
        """Go on to the next line, `apart` where blank lines stand before it."""
        if apart and not self.fresh:
            self.heading, self.levels, self.columns = "", False, []
        self.fresh = False
        if self.columns and "|" not in line:
            self.columns = []

    def over(self, line: Line) -> str:
        """What stands over the sentences of a line; a heading stands over the lines below as well."""
        if line.heads:
            self.heading, self.levels, self.fresh = line.over, line.levels, True
            return line.over
        if line.levels and self.levels:
            self.heading, self.levels = "", False
        return (f"{self.heading} {line.over}" if self.heading else line.over).strip()

    def is_row(self, line: str) -> bool:
        return "|" in line and (bool(self.columns) or line.count("|") > 1)

    def row(self, line: str, start: int) -> list[Cell]:
        """The cells of a table row; the first row of a table names its columns, a row's first cell heads the row."""
        cells = []
        at = start
        end = start + len(line)
        for part in line.split("|"):
            stripped = part.strip()
            if stripped:
                a = at + part.index(stripped)
                cells.append((a, a + len(stripped), stripped))
            elif at > start and at + len(part) < end:
                cells.append((at, at, ""))
            at += len(part) + 1
        if cells and all(not re.search(r"[a-zA-Z0-9]", cell[2]) for cell in cells):
            return []
        if not self.columns:
            self.columns = [cell[2][:LONGEST_LABEL].lower() for cell in cells]
            return [Cell(a, b, "", "") for a, b, _ in cells]
        head = cells[0][2][:LONGEST_LABEL] if cells else ""
        names = [*self.columns, *[""] * len(cells)]
        return [Cell(a, b, name, head) for (a, b, content), name in zip(cells, names, strict=False) if content]


class Sentences:
    """spaCy component: sets sentence starts and lays the note's sentences out for the components behind it."""

    def __init__(self, nlp: Language, lexicons: str | None = None) -> None:
        from . import lexicon
        spelling = lexicon.read("spelling", lexicons)
        self.speller = Speller(spelling["keys"], spelling["known"])
        self._words = remembered(self._seen)
        self._line = remembered(lambda line: read(line, self._words))
        self._heading = remembered(lambda heading: self.speller.mend(fold(heading))[0])

    def __call__(self, doc: Doc) -> Doc:
        note = new_view(doc)
        self.read_note(note)
        note.done.add("bvn_sentences")
        _set_starts(doc, note.sentences)
        return doc

    def read_note(self, note: NoteView) -> None:
        """Lay the note out in sentences."""
        note.sentences = self.layout(note.text)

    def layout(self, text: str) -> list[Sentence]:
        """The note's sentences with their folded, mended text."""
        return laid_out(text, self._words, self._held, self._heading)

    def _held(self, line: str) -> Line:
        """What a line holds; kept for a while where it is short."""
        return self._line(line) if len(line) < LONGEST else read(line, self._words)

    def _seen(self, raw: str) -> tuple[str, OffsetMap | None]:
        """A sentence as it reads, folded and mended, and the map back."""
        if plain(raw):
            return self.speller.mend(raw.lower())
        seen, below = edited(fold(raw), gaps(raw))
        mended, offsets = self.speller.mend(seen)
        if offsets:
            offsets.below = below
        return mended, offsets or below


def _set_starts(doc: Doc, sentences: list[Sentence]) -> None:
    import numpy
    from spacy.attrs import SENT_START  # type: ignore[import-not-found]
    starts = numpy.full((len(doc),), -1, dtype="int64")
    position = 0
    for token in doc:
        end = token.idx + len(token)  # "-No": the tokenizer leaves a glued bullet on its word
        if position < len(sentences) and end > sentences[position].start:
            starts[token.i] = 1
            while position < len(sentences) and end > sentences[position].start:
                position += 1
    if len(doc):
        starts[0] = 1
    doc.from_array([SENT_START], starts.reshape(-1, 1).astype("uint64"))  # type: ignore[arg-type]


@Language.factory("bvn_sentences", assigns=["token.is_sent_start"], default_config={"lexicons": None})
def create(nlp: Language, name: str, lexicons: str | None) -> Sentences:
    """Create the sentence splitter; the key words whose typing errors it mends are in `lexicons/spelling.yml`."""
    return Sentences(nlp, lexicons)
