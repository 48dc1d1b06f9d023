"""An Excel workbook for reviewers: evidence table, criteria, facts in their sentences, requests, data dictionary."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..case import Case
from ..errors import RunError
from ..finished import Finished
from ..tables import VALUES
from ..wording import DISCLAIMER, STATUS_WORDS, title
from . import dictionary
from .sheets import REQUESTS, criteria_columns, criteria_row, evidence_columns, evidence_row, fact_columns, fact_row
from .workbook import ROWS, Book, Column, Sheet

FILE = "evidence.xlsx"
NAMES = (
    Column("Where", 20, "The sheet, or what the name belongs to.", "text"),
    Column("Name", 24, "A column, a word of a column, or an attribute.", "text"),
    Column("Meaning", 70, "What it means."),
    Column("Values", 90, "What it can be, for attributes of facts."),
)
ABOUT = (Column("About this workbook", 24, "", "text"), Column("", 110, ""))
_POLICY = {"version": "version", "effective_from": "from", "effective_to": "to", "source_grade": "source read:"}


def write(run: Finished, cases: Iterator[Case], target: Path) -> list[str]:
    """Write evidence.xlsx; a sheet that is full goes on in the next one ("Facts 2")."""
    criteria, made = _criteria(run), run.finished_at
    patients = facts = 0
    with Book(target / FILE, "Documentation criteria", made) as book:
        sheets = _Sheets(book, criteria, "reviews" in run.info)
        for case in cases:
            sheets.add(case)
            patients, facts = patients + 1, facts + len(case.facts)
        sheets.finish(run)
    return [f"{FILE}: {facts} facts of {patients} patients", *sheets.full()]


class _Sheets:
    """The sheets of a workbook, filled patient by patient."""

    def __init__(self, book: Book, criteria: list[str], reviewed: bool) -> None:
        self._book, self._names, self._reviewed = book, criteria, reviewed
        self._evidence = Sheet(book, "Evidence", evidence_columns(criteria), frozen=1)
        self._criteria = Sheet(book, "Criteria", criteria_columns(reviewed), frozen=1)
        self._facts = Sheet(book, "Facts", fact_columns(reviewed), frozen=1)
        self._requests = Sheet(book, "Requests", REQUESTS, frozen=1)
        self._all = (self._evidence, self._criteria, self._facts, self._requests)

    def add(self, case: Case) -> None:
        links = self._criteria.here(), self._facts.here()
        for policy in dict.fromkeys(verdict.policy for verdict in case.verdicts) or [""]:
            self._evidence.add(evidence_row(case, policy, self._names, *links))
            for ask in case.asks.get(policy, ()):
                self._requests.add((case.patient_id, policy, title(ask.criterion), title(ask.item), ask.sentence))
        facts = {fact.fact_id: fact for fact in case.facts}
        serves: dict[str, list[str]] = {}
        for verdict in case.verdicts:
            for fact_id in verdict.evidence if verdict.criterion != "overall" else ():
                serves.setdefault(fact_id, []).append(verdict.criterion)
            mark = self._mark(case, f"{verdict.policy}/{verdict.criterion}")
            self._criteria.add(criteria_row(verdict, facts) + mark)
        for fact in case.facts:
            row = fact_row(fact, case.texts.get(fact.note_id), serves.get(fact.fact_id, ()))
            self._facts.add(row + self._mark(case, fact.fact_id))

    def finish(self, run: Finished) -> None:
        """The filters of the tables, then the sheets that explain them."""
        for sheet in self._all:
            sheet.close()
        names = Sheet(self._book, "Data dictionary", NAMES)
        for sheet in self._all:
            for column in sheet.columns:
                names.add((sheet.name, column.title, column.about, None))
        for row in dictionary.rows():
            names.add(row)
        names.close()
        about = Sheet(self._book, "About", ABOUT)
        for line in _about(run):
            about.add(line)

    def full(self) -> list[str]:
        """What to tell the user of sheets that went on."""
        on = [sheet for sheet in self._all if sheet.title != sheet.name]
        return [f"{sheet.name} goes on up to {sheet.title}: a sheet of Excel holds {ROWS:,} rows" for sheet in on]

    def _mark(self, case: Case, key: str) -> tuple[str, ...]:
        return ("; ".join(case.marks.get(key, ())),) if self._reviewed else ()


def _criteria(run: Finished) -> list[str]:
    """The criteria of the run, as the columns of patients.csv name them between `overall` and the key values."""
    with (run.folder / "patients.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file), [])
    try:
        return header[header.index("overall") + 1 : header.index(VALUES[0])]
    except ValueError:
        raise RunError("patients.csv is not as the run wrote it; run again with --resume") from None


def _about(run: Finished) -> Iterator[tuple[str, Any]]:
    counts, stamp = run.info.get("counts", {}), run.info.get("stamp", {})
    yield (
        "What it is",
        "Which documentation criteria for basivertebral nerve ablation the notes meet, and what is missing.",
    )
    yield "What it is not", DISCLAIMER
    yield "Privacy", "This file holds words of notes: treat it as protected health information."
    yield "Evidence", "A row a patient and policy; links lead to the patient's criteria and facts."
    yield "Criteria", "The status of each criterion, the reason, and the words of the notes behind it."
    yield "Facts", "Every fact in its sentence, its own words in bold."
    yield "Requests", "What to add to the chart, and for which criterion."
    yield "Run finished", run.finished_at.strftime("%Y-%m-%d %H:%M UTC")
    yield "Judged as of", run.info.get("options", {}).get("as_of") or "each patient's latest note"
    yield "Program", f"bvn-evidence {stamp.get('program')}, lexicons {stamp.get('lexicons')}"
    read = _counted(counts.get("notes", {}))
    yield "Read", f"{counts.get('inputs')} inputs of {counts.get('patients')} patients: {read}"
    for row in run.info.get("policies", []):
        yield f"Policy {row.get('id')}", _policy(row)
        overall = counts.get("overall", {}).get(row.get("id"), {})
        yield "Patients", _counted({STATUS_WORDS.get(name, name): count for name, count in overall.items()})
    if "reviews" in run.info:
        yield "Reviews", "Decisions of reviewers count in this run; the columns Reviewed tell them."
    yield "Source of the rules", "bvn-evidence policies show NAME prints a policy with its sources."


def _policy(row: Mapping[str, Any]) -> str:
    parts = [row.get("title"), row.get("payer")]
    parts += [f"{word} {row[name]}" for name, word in _POLICY.items() if row.get(name)]
    return "; ".join(str(part) for part in parts if part)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
