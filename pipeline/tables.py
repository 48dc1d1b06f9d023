"""The tables of a run as text: columns, rows and safe cells. One chunk a patient; the run puts the chunks together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from .corpus import NoteRow
from .schema import ATTRIBUTES, Fact, Verdict

BASE_CRITERIA = ("duration", "conservative_care", "imaging", "pain_pattern", "alternatives", "function")
VALUES = (
    "modic",
    "modic_levels",
    "duration_months",
    "odi",
    "odi_date",
    "conservative_weeks",
    "therapies",
    "pain_pattern_value",
)
NOTE_COLUMNS = tuple(field.name for field in fields(NoteRow))
_note_cells = attrgetter(*NOTE_COLUMNS)
CRITERIA_COLUMNS = ("patient_id", "policy", "criterion", "status", "rationale", "missing_items", "evidence")
FACT_COLUMNS = (
    "fact_id",
    "patient_id",
    "note_id",
    "note_date",
    "note_type",
    "kind",
    "assertion",
    "start",
    "end",
    "text",
    "sentence",
    "section",
    "rule",
    "cue_start",
    "cue_end",
    "cue_text",
    "cue_rule",
)
ORIGIN_COLUMNS = ("origin", "reviewer")  # the last columns of a run with --reviews
ATTRIBUTE_COLUMNS = tuple(dict.fromkeys(name for names in ATTRIBUTES.values() for name in names))
FILES = ("patients.csv", "criteria.csv", "facts.jsonl", "facts.csv", "notes.csv", "missing.md")
AUTO = ("auto", "")

_FORMULA = re.compile(  # also behind what spreadsheets drop or do not show
    "'*[\\s\0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]"
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_QUOTED = re.compile('[,"\r\n\x1c-\x1e\x85\u2028\u2029]|^\\s|\\s$')
_LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def plain(value: Any) -> str:
    """A value as text: lists joined with `;`, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, (list, tuple)):
        return ";".join(cell(item) for item in value)
    return value if isinstance(value, str) else str(value)


def cell(value: Any) -> str:
    """A value as a CSV cell: quoted where needed, nothing a spreadsheet takes for a formula."""
    text = plain(value)
    if not text or text.isalnum():
        return text
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def unescaped(text: str) -> str:
    """A cell as it was before `cell` made it safe for spreadsheets."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def line(values: Iterable[Any]) -> str:
    """One line of a CSV file."""
    return ",".join(map(cell, values)) + "\n"


def patient_columns(criteria: Sequence[str]) -> tuple[str, ...]:
    """The columns of patients.csv for policies with these criteria; those every policy has come first."""
    extra = [name for name in dict.fromkeys(criteria) if name not in (*BASE_CRITERIA, "overall")]
    return ("patient_id", "policy", "overall", *BASE_CRITERIA, *extra, *VALUES, "missing_items", "n_notes")


def headers(columns: Sequence[str], reviewed: bool = False) -> dict[str, str]:
    """What each file begins with; `columns` are those of patients.csv. A `reviewed` run tells the origin of a line."""
    origin = ORIGIN_COLUMNS if reviewed else ()
    return {
        "patients.csv": line(columns),
        "criteria.csv": line((*CRITERIA_COLUMNS, *origin)),
        "facts.jsonl": "",
        "facts.csv": line((*FACT_COLUMNS, *ATTRIBUTE_COLUMNS, *origin)),
        "notes.csv": line(NOTE_COLUMNS),
        "missing.md": MISSING_HEAD,
    }


MISSING_HEAD = (
    "# What is missing\n\nPer patient: what to add to the chart, and for which criterion. This list states what the "
    "notes document;\nit does not say whether a patient should be treated.\n"
)


def patient_line(
    columns: Sequence[str],
    patient_id: str,
    policy: str,
    verdicts: Iterable[Verdict],
    values: dict[str, Any],
    n_notes: int,
) -> str:
    """A patient under one policy as a line of patients.csv."""
    row: dict[str, Any] = {"patient_id": patient_id, "policy": policy, "n_notes": n_notes}
    row.update((name, value) for name, value in values.items() if name in VALUES)
    if "pain_pattern" in values:  # the status column of the criterion has this name
        row["pain_pattern_value"] = values["pain_pattern"]
    for verdict in verdicts:
        row[verdict.criterion] = verdict.status
        if verdict.criterion == "overall":
            row["missing_items"] = verdict.missing_items
    return line(row.get(name) for name in columns)


def criteria_lines(verdicts: Iterable[Verdict], origins: Mapping[str, tuple[str, str]] | None = None) -> str:
    """The verdicts as lines of criteria.csv; `origins` (by criterion) in a reviewed run."""
    return "".join(
        line(
            (v.patient_id, v.policy, v.criterion, v.status, v.rationale, v.missing_items, v.evidence)
            + (origins.get(v.criterion, AUTO) if origins is not None else ())
        )
        for v in verdicts
    )


def fact_json(facts: Iterable[Fact]) -> str:
    """The facts as lines of facts.jsonl, exact; characters that some readers take for a line end are escaped."""
    lines = [json.dumps(fact.to_dict(), ensure_ascii=False, separators=(", ", ": ")) for fact in facts]
    text = "\n".join(lines) + "\n" if lines else ""
    return text if text.isascii() else text.translate(_LINE_BREAKS)


def fact_lines(facts: Iterable[Fact], reviewed: bool = False) -> str:
    """The facts as lines of facts.csv, with their origin in a reviewed run."""
    made = []
    for fact in facts:
        review = fact.review or {}
        origin = (review.get("origin", AUTO[0]), review.get("reviewer", AUTO[1])) if reviewed else ()
        cue = (fact.cue.start, fact.cue.end, fact.cue.text, fact.cue.rule) if fact.cue else (None,) * 4
        made.append(
            line(
                [
                    fact.fact_id,
                    fact.patient_id,
                    fact.note_id,
                    fact.note_date,
                    fact.note_type,
                    fact.kind,
                    fact.assertion,
                    fact.start,
                    fact.end,
                    fact.text,
                    fact.sentence,
                    fact.section,
                    fact.rule,
                    *cue,
                    *(fact.attributes.get(name) for name in ATTRIBUTE_COLUMNS),
                    *origin,
                ]
            )
        )
    return "".join(made)


def note_lines(rows: Iterable[NoteRow]) -> str:
    return "".join(line(_note_cells(row)) for row in rows)
