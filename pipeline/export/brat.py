"""A finished run for brat: NOTE.txt, NOTE.ann, and the configuration that offers our kinds and their values."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..annotated import shown
from ..annotated.brat import INDEX
from ..case import Case
from ..finished import Finished
from ..schema import ASSERTIONS, KINDS, Fact
from ..values import CHOICES, FLAGS
from ..wording import ASSERTION_SIGNS, KIND_COLORS, KIND_WORDS

_LONGEST_NAME = 120


def write(run: Finished, cases: Iterator[Case], target: Path) -> list[str]:
    """Write a text and an annotation file a note, patient by patient; returns what to tell the user."""
    notes = facts = left_out = 0
    taken: set[str] = set()
    with (target / INDEX).open("w", encoding="utf-8", newline="") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(("path", "note_id", "patient_id", "note_date", "note_type"))
        for case in cases:
            left_out += len(case.withheld)
            for row, text, found in case.notes_at_hand():
                path = _free(file_of(row.note_id), taken)
                index.writerow((f"{path}.txt", row.note_id, row.patient_id, row.note_date or "", row.note_type))
                _write_note(target / path, shown(text), found)
                notes, facts = notes + 1, facts + len(found)
    (target / "annotation.conf").write_text(_annotation_conf(), encoding="utf-8")
    (target / "visual.conf").write_text(_visual_conf(), encoding="utf-8")
    told = [f"{notes:,} notes with {facts:,} facts; put the folder into brat's data folder"]
    return told + ([f"left out {left_out:,} notes whose text is not at hand; give --notes"] if left_out else [])


def file_of(note_id: str) -> str:
    """The path of a note's files, without suffix: its note id with what file systems may not take as %XX."""
    return "/".join(_safe(part) for part in note_id.split("/"))


def _free(path: str, taken: set[str]) -> str:
    """The path, or one with a number behind it where the other is taken: in most folders upper case is lower case."""
    free, count = path, 1
    while free.casefold() in taken:
        count += 1
        free = f"{path}_{count}"
    taken.add(free.casefold())
    return free


def _safe(part: str) -> str:
    safe = re.sub(r"[^\w-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), part, flags=re.A)
    if len(safe) > _LONGEST_NAME:
        safe = f"{safe[:100]}-{hashlib.sha256(part.encode()).hexdigest()[:12]}"
    return safe or "%00"


def _write_note(path: Path, text: str, facts: list[Fact]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.with_name(f"{path.name}.txt").write_bytes(text.encode("utf-8"))
    values = 0
    lines = []
    for number, fact in enumerate(facts, 1):
        name = f"T{number}"
        places = pieces(text, fact.start, fact.end)
        words = " ".join(text[start:end] for start, end in places)
        lines.append(f"{name}\t{fact.kind} {';'.join(f'{start} {end}' for start, end in places)}\t{words}")
        chosen, written = _values(fact)
        for each in chosen:
            values += 1
            lines.append(f"A{values}\t{each[0]} {name}" + (f" {each[1]}" if each[1] else ""))
        if written:
            lines.append(f"#{number}\tAnnotatorNotes {name}\t{'; '.join(written)}")
    path.with_name(f"{path.name}.ann").write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))


def pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a span that lie on one line each, as brat splits them; only blanks within the span are left out."""
    found = []
    at = start
    for line in text[start:end].split("\n"):
        first, last = at, at + len(line)
        at = last + 1
        if last < end:
            last = max(first + len(line.rstrip(" ")), first + (first == start))
        if first > start:
            first = min(first + len(line) - len(line.lstrip(" ")), last - (last == end))
        if first < last:
            found.append((first, last))
    return found


def _values(fact: Fact) -> tuple[list[tuple[str, str]], list[str]]:
    """What is chosen from a list, as attributes; and all else, as name=value for the annotator's notes."""
    chosen, written = [("assertion", fact.assertion)], []
    for name, value in fact.attributes.items():
        full = f"{fact.kind}.{name}"
        if value is None or value == [] or value is False:
            continue
        if full in FLAGS:
            chosen.append((name, ""))
        elif full in CHOICES:
            chosen.append((name, value))
        else:
            written.append(f"{name}={_written(value)}")
    return chosen, written


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, str):
        return json.dumps(value) if re.search(r'[;"#\\\t\r\n]|^\s|\s$', value) else value
    return json.dumps(value)


def _annotation_conf() -> str:
    values: dict[str, tuple[list[str], tuple[str, ...]]] = {"assertion": (list(KINDS), ASSERTIONS)}
    for full, choices in {**CHOICES, **dict.fromkeys(FLAGS, ())}.items():
        kind, name = full.split(".")
        values.setdefault(name, ([], choices))[0].append(kind)
    lines = ["[entities]", *KINDS, "", "[relations]", "<OVERLAP> Arg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>", ""]
    lines += ["[events]", "", "[attributes]"]
    for name, (kinds, choices) in values.items():
        arguments = f"Arg:{'|'.join(kinds)}" + (f", Value:{'|'.join(choices)}" if choices else "")
        lines.append(f"{name}\t{arguments}")
    return "\n".join(lines) + "\n"


def _visual_conf() -> str:
    labels = [f"{kind} | {KIND_WORDS[kind]}" for kind in KINDS]
    colors = [f"{kind}\tbgColor:{color}" for kind, color in KIND_COLORS.items()]
    signs = "|".join(ASSERTION_SIGNS[assertion].replace("-", "\u2212") for assertion in ASSERTIONS)
    drawing = [
        "SPAN_DEFAULT\tfgColor:black, bgColor:#c3ccd4, borderColor:darken",
        "ARC_DEFAULT\tcolor:black, arrowHead:triangle-5",
        "ATTRIBUTE_DEFAULT\tglyph:<EMPTY>",
        f"assertion\tglyph:{signs}",
        "primary\tglyph:!",
    ]
    return "\n".join(["[labels]", *labels, "", "[drawing]", *drawing, *colors]) + "\n"
