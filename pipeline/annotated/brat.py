"""Reads a folder of brat files (.txt and .ann): standoff lines to facts.

`T` lines give kind and words, `A` lines what is chosen from a list, an `AnnotatorNotes` line all else as
`name=value; name=value`. A span over several lines is one fact from its first to its last fragment.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..corpus import open_corpus, printable, read
from ..errors import UserError
from ..schema import ASSERTIONS, ATTRIBUTES, KINDS, Note
from ..values import FLAGS, LISTS, NUMBERS
from . import Annotated, Gold, completed

INDEX = "notes.csv"
_SPAN = re.compile(r"(T\S*)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)")
_VALUE = re.compile(r"[AM]\S*\t(\S+) (\S+)(?: (.*?))?\s*")
_NOTE = re.compile(r"#\S*\t(\S+) (\S+)\t(.*)")
_PAIR = re.compile(r'\s*([a-z_]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)(?:;|$)')
_IGNORED = ("R", "E", "N", "*")  # relations, events, links and equivalences say nothing about a fact


@dataclass(slots=True)
class _Span:
    """An annotation while its file is read: the line of each value, for the message where one is wrong."""

    kind: str
    start: int
    end: int
    line: int
    values: dict[str, Any] = field(default_factory=dict)


def read_folder(folder: Path) -> Gold:
    """The notes of `folder` that have an .ann file beside the .txt. Raises UserError, with the line, for a bad file."""
    gold = []
    annotated = {path.relative_to(folder).with_suffix(".txt").as_posix(): path for path in folder.rglob("*.ann")}
    for path, note in _notes(folder, set(annotated)):
        shown = f"{printable(folder.name)}/{printable(annotated[path].relative_to(folder).as_posix())}"
        gold.append(Annotated(note, _facts(_lines(annotated.pop(path), shown), note.text, shown)))
    if annotated:
        lost = printable(min(annotated).removesuffix(".txt"))
        raise UserError(f"{lost}.ann has no {Path(lost).name}.txt that can be read beside it; brat needs both")
    return Gold(gold)


def _notes(folder: Path, wanted: set[str]) -> list[tuple[str, Note]]:
    """The notes with annotations, by path; patient, date and type from the index of the export, else as in `run`."""
    rows = _index(folder / INDEX)
    corpus = open_corpus(folder)
    notes = []
    for patient_id in corpus.patient_ids():
        for source in corpus.sources(patient_id):
            note = read(corpus.root, source)[1] if source.file in wanted else None
            if note is None:
                continue
            row = rows.get(source.file, {})
            note.note_id = row.get("note_id") or note.note_id
            note.patient_id = row.get("patient_id") or note.patient_id
            note.note_date = row.get("note_date") or note.note_date
            note.note_type = row.get("note_type") or note.note_type
            notes.append((source.file, note))
    return notes


def _index(file: Path) -> dict[str, dict[str, str]]:
    """What the export wrote of each note, by path; empty for a folder that others made."""
    if not file.is_file():
        return {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return {row.get("path") or "": row for row in csv.DictReader(lines)}
    except (OSError, ValueError, csv.Error):
        raise UserError(f"{INDEX} in {printable(str(file.parent))} cannot be read as CSV; export anew") from None


def _lines(path: Path, shown: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UserError(f"cannot read {shown}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{shown} is not UTF-8, as brat writes it") from None


def _facts(lines: list[str], text: str, shown: str) -> list[dict[str, Any]]:
    spans: dict[str, _Span] = {}
    facts = []
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            if line.startswith("T"):
                name, span = _span(line, text, number)
                if name in spans:
                    raise ValueError(f"a second annotation {name}")
                spans[name] = span
        for number, line in enumerate(lines, 1):  # noqa: B007 (told where it is wrong)
            _add(line, spans)
        for span in spans.values():
            number = span.line
            assertion = span.values.pop("assertion", "present")
            if assertion not in ASSERTIONS:
                raise ValueError(f"no such assertion; give one of {', '.join(ASSERTIONS)}")
            words = text[span.start : span.end]
            facts.append(
                {"kind": span.kind, "assertion": assertion, "start": span.start, "end": span.end, "quote": words}
                | {"attributes": completed(span.kind, span.values)}
            )
    except ValueError as error:
        raise UserError(f"{shown} line {number}: {error}") from None
    return facts


def _span(line: str, text: str, number: int) -> tuple[str, _Span]:
    match = _SPAN.fullmatch(line)
    if not match:
        raise ValueError("not an annotation as brat writes it (T1, tab, kind start end, tab, words)")
    name, kind, places, words = match.groups()
    if kind not in KINDS:
        raise ValueError(f"no such kind of fact; kinds are {', '.join(KINDS)}")
    pieces = [tuple(map(int, place.split())) for place in places.split(";")]
    if any(not 0 <= start < end <= len(text) for start, end in pieces):
        raise ValueError(f"a place outside the text of {len(text):,} characters")
    if words != " ".join(text[start:end] for start, end in pieces):
        raise ValueError("the words are not those of the text at this place; was the .txt file changed?")
    return name, _Span(kind, min(start for start, _ in pieces), max(end for _, end in pieces), number)


def _add(line: str, spans: dict[str, _Span]) -> None:
    """Add what one line says of an annotation."""
    if not line.strip() or line.startswith(("T", *_IGNORED)):
        return
    if line.startswith("#"):
        match = _NOTE.fullmatch(line)
        if match and match[1] == "AnnotatorNotes" and match[2] in spans:
            _add_pairs(match[3], spans[match[2]])
        return
    match = _VALUE.fullmatch(line)
    if not match:
        raise ValueError("not a line as brat writes it (A1, tab, attribute, annotation, value)")
    name, target, value = match.groups()
    if target not in spans:
        raise ValueError("a value of an annotation that is not in the file")
    _set(spans[target], name, True if f"{spans[target].kind}.{name}" in FLAGS else value)


def _add_pairs(text: str, span: _Span) -> None:
    at = 0
    text = text.strip()
    while at < len(text) and not text.startswith("#", at):  # what follows a # is a remark for people
        match = _PAIR.match(text, at)
        if not match:
            raise ValueError("notes are name=value, several with ; between them; begin a remark with #")
        _set(span, match[1], _read(f"{span.kind}.{match[1]}", match[2].strip()))
        at = match.end()
        at += len(text[at:]) - len(text[at:].lstrip())


def _read(name: str, written: str) -> Any:
    if name in LISTS:
        return [item.strip() for item in written.split(",") if item.strip()]
    if name in NUMBERS:
        try:
            return json.loads(written)
        except ValueError:
            raise ValueError(f"{name.split('.')[1]} is not a number") from None
    return json.loads(written) if written.startswith('"') else written


def _set(span: _Span, name: str, value: Any) -> None:
    if name != "assertion" and name not in ATTRIBUTES[span.kind]:
        raise ValueError(f"no such attribute of a {span.kind}; it has assertion, {', '.join(ATTRIBUTES[span.kind])}")
    if name in span.values:
        raise ValueError(f"{name} is given twice")
    span.values[name] = value
