"""Splits a note into sentences fit for clinic notes, templates, tables and radiology reports, in linear time.

A note is cut into logical lines (soft wraps joined, bullets, headings and table rows apart), a logical line into
sentences. Each sentence keeps what stands over it: the label of its field ("facets", a table's column), the words of
its line heading, and whether its checkbox is ticked. Replaces PyRuSH (quadratic, logs every token).
"""
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc

from .columns import Cell, tables
from .levels import HEADING_LEVELS
from .lines import ABBREVIATIONS, BOX, BULLET, CHECKBOX, LABEL, LONGEST, LONGEST_LABEL, read, short
from .memory import remembered
from .normalize import OffsetMap, Speller, edited, fold, gaps
from .view import NoteView, new_view

if TYPE_CHECKING:
    from .targets import Target

LINE = re.compile(r"[^\r\n\f\v\x1c-\x1e\x85\u2028\u2029]+")
_COLUMNS = re.compile(r"\S {3,}\S")
_FUNCTION_END = re.compile(r"(?:(?<!\s\s)(?<!\t)(?<![?:|\]=]\s)(?<!\s[-\u2013]\s)\b(?:and|or|of|at|the|with|a|an|in|to|for|is|are|was|on|from|by|no|modic|type)|[,&/-])\s*$", re.I)

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


@dataclass(slots=True)
class Piece:
    """A sentence before its text is folded: note offsets and what stands over it."""
    start: int
    end: int
    line: int
    label: str
    heading: str
    checked: bool | None
    cell: bool


def split(text: str) -> list[Piece]:
    """The sentences of a note as note offsets, in order; what lies between them is blank or punctuation."""
    pieces: list[Piece] = []
    block = _Block()
    rows = tables(text)
    for number, (start, end) in enumerate(_logical_lines(text, rows)):
        block.enter(text, start, end)
        if start in rows:
            pieces += [Piece(a, b, number, cell.column, cell.head, None, True)
                       for cell in rows[start] for a, b in short(text, cell.start, cell.end)]
            continue
        pieces += _pieces(text, start, end, number, block)
    return pieces


def _logical_lines(text: str, rows: dict[int, list[Cell]]) -> list[tuple[int, int]]:
    """Physical lines with soft wraps joined, table rows apart; blank lines end a paragraph."""
    lines: list[tuple[int, int]] = []
    width = before_end = last_start = 0
    for match in LINE.finditer(text):
        start, end = match.span()
        content = match.group().strip()
        if not content:
            width = 0
            continue
        start += len(match.group()) - len(match.group().lstrip())
        end = start + len(content)
        blank_between = text.count("\n", before_end, start) > 1 or text.count("\r", before_end, start) > 1
        apart = blank_between or start in rows or (lines and lines[-1][0] in rows)
        if lines and not apart and width and _continues(text[last_start:lines[-1][1]], content, width):
            lines[-1] = (lines[-1][0], end)
        else:
            if blank_between:
                width = 0
            lines.append((start, end))
        width = max(width, len(content))
        last_start, before_end = start, match.end()
    return lines


def _continues(last: str, content: str, width: int) -> bool:
    """Whether the line `last` goes on in the next one, `content`; both without the blanks around them."""
    if "|" in content or "|" in last or _starts_item(content):
        return False
    if last.endswith(":") or CHECKBOX.match(last) or (_COLUMNS.search(content) and CHECKBOX.search(last)):
        return False
    if _FUNCTION_END.search(last):
        return True
    if _OPENER.match(content):
        return False
    if last[-1] == "." and content[0].islower() and not _ABBREVIATED.search(last):
        return False
    if last[-1] in ".!?;)" and len(last) < max(60, 0.75 * width):
        return False
    if content[0].islower():
        return len(last) >= max(40, 0.6 * width)
    return len(last) >= max(60, 0.75 * width)


def _starts_item(content: str) -> bool:
    if BULLET.match(content) or BOX.match(content) or HEADING_LEVELS.match(content):
        return True
    label = LABEL.match(content)
    return bool(label) and (content[0].isupper() or content[0].isdigit())


class _Block:
    """What stands over the lines: a heading on a line of its own, the columns of a table."""

    def __init__(self) -> None:
        self.heading = ""
        self.columns: list[str] = []
        self.last_end = 0
        self.fresh = False

    def enter(self, text: str, start: int, end: int) -> None:
        blank = text.count("\n", self.last_end, start) > 1
        if blank and not self.fresh:
            self.heading, self.columns = "", []
        self.fresh = False
        if "|" not in text[start:end]:
            self.columns = []
        self.last_end = end


def _pieces(text: str, start: int, end: int, number: int, block: _Block) -> list[Piece]:
    line = text[start:end]
    if line.count("|") >= 2 or ("|" in line and block.columns):
        return _row(text, start, end, number, block)
    said = read(line)
    labels = said.labels
    if said.heads:
        block.heading, block.fresh = " ".join(labels), True
        return [Piece(start + said.at, min(end, start + said.at + LONGEST), number, "", block.heading, None, False)]
    if labels and HEADING_LEVELS.match(labels[0] + ":") and HEADING_LEVELS.match(block.heading + ":"):
        block.heading = ""
    over = " ".join([block.heading, *(labels[:-1] or labels)]).strip()
    return [Piece(start + a, start + b, number, label, over, checked, False) for a, b, label, checked in said.sentences]


def _row(text: str, start: int, end: int, number: int, block: _Block) -> list[Piece]:
    """The cells of a table row; the first row of a table names its columns, a row's first cell heads the row."""
    cells = []
    at = start
    for part in text[start:end].split("|"):
        stripped = part.strip()
        if stripped:
            a = at + part.index(stripped)
            cells.append((a, a + len(stripped), stripped))
        elif at > start and at + len(part) < end:
            cells.append((at, at, ""))
        at += len(part) + 1
    if cells and all(not re.search(r"[a-zA-Z0-9]", cell[2]) for cell in cells):
        return []
    if not block.columns:
        block.columns = [cell[2][:LONGEST_LABEL].lower() for cell in cells]
        return [Piece(c, d, number, "", "", None, True) for a, b, _ in cells for c, d in short(text, a, b)]
    head = cells[0][2][:LONGEST_LABEL] if cells else ""
    pieces = []
    for position, (a, b, content) in enumerate(cells):
        if content:
            label = block.columns[position] if position < len(block.columns) else ""
            pieces += [Piece(c, d, number, label, head, None, True) for c, d in short(text, a, b)]
    return pieces


class Sentences:
    """spaCy component: sets sentence starts and lays the note's sentences out for the components behind it."""

    def __init__(self, nlp: Language, lexicons: str | None = None) -> None:
        from . import lexicon
        spelling = lexicon.read("spelling", lexicons)
        self.speller = Speller(spelling["keys"], spelling["known"])
        self._words = remembered(self._seen)
        self._heading_words = remembered(lambda heading: self.speller.mend(fold(heading))[0])

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
        sentences = []
        for index, piece in enumerate(split(text)):
            mended, offsets = self._words(text[piece.start:piece.end])
            heading = self._heading_words(piece.heading) if piece.heading else ""
            sentences.append(Sentence(index, piece.start, piece.end, mended, piece.line, piece.label, heading,
                                      piece.checked, piece.cell, map=offsets))
        return sentences

    def _seen(self, raw: str) -> tuple[str, OffsetMap | None]:
        """A sentence as it reads, folded and mended, and the map back."""
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
