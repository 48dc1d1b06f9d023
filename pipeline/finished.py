"""A finished run, read back: its run.json, and patient by patient what its tables and the notes say.

A note's text is given only where its bytes are still those the run read (sha256).
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from .case import Ask, Case, PolicyInfo, marks_of
from .checkpoint import note_row
from .corpus import Corpus, NoteRow, Source, open_corpus, printable, read
from .criteria.requests import escape
from .errors import RunError, UserError
from .outdir import OutDir
from .schema import Fact, Verdict
from .tables import AUTO, VALUES, unescaped

_HEAD = re.compile(r"## (.*) \((.*)\): [a-z ]+")
_ASK = re.compile(r"- \*\*(.*?)\*\* \((.*?)\): (.*)")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|#&~@:.])")


@dataclass(slots=True)
class Finished:
    """A finished run in `folder`; `info` is its run.json."""

    folder: Path
    info: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Finished:
        """Raises UserError where `folder` holds no finished run."""
        shown = printable(str(folder))
        if not folder.is_dir():
            raise UserError(f"{shown} is not a folder; give the --out folder of a finished run")
        info = OutDir(folder, None).finished()
        if info is None:
            raise UserError(f"{shown} holds no finished run (no run.json); run bvn-evidence run first")
        return cls(folder, info)

    @property
    def policies(self) -> list[PolicyInfo]:
        return [PolicyInfo.of(row) for row in self.info.get("policies", [])]

    @property
    def finished_at(self) -> datetime:
        """When the run finished, in UTC. Raises RunError where run.json does not say it."""
        try:
            return datetime.fromisoformat(self.info["timings"]["finished"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError):
            raise RunError("run.json does not say when the run finished; run again with --resume") from None

    def corpus(self, notes: Path | None, spool: Path | None) -> Corpus:
        """The notes of the run, where they were or at `notes`. Raises UserError where they are not there."""
        options = self.info.get("options", {})
        manifest = options.get("manifest")
        return open_corpus(
            notes or Path(options.get("notes", "")),
            options.get("id_pattern"),
            Path(manifest) if manifest else None,
            spool,
        )

    def cases(self, corpus: Corpus | None = None) -> Iterator[Case]:
        """The patients in the order of the tables, with the texts of their notes where a corpus is given.

        Raises RunError where the tables are not as a run writes them.
        """
        known = set(corpus.patient_ids()) if corpus else set()
        try:
            for case in _cases(self.folder, self.info.get("options", {}).get("as_of")):
                if corpus and case.patient_id in known:
                    _add_texts(case, corpus.root, corpus.sources(case.patient_id))
                for row in case.rows:
                    if row.status == "processed" and row.note_id not in case.texts:
                        case.withheld.setdefault(row.note_id, "the file is not where the run read it")
                yield case
        except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:  # its text could be of a note
            raise RunError(
                f"the tables in {printable(str(self.folder))} are not as the run wrote them ({type(error).__name__}); "
                "run again with --resume"
            ) from None


def _add_texts(case: Case, root: str, sources: list[Source]) -> None:
    wanted = {row.note_id: row for row in case.rows if row.status == "processed"}
    facts = case.facts_by_note()
    for source in sources:
        row = wanted.get(source.note_id)
        if row is None:
            continue
        now, note = read(root, source)
        if note is not None and now.sha256 == row.sha256 and now.encoding == row.encoding:
            if all(note.text[f.start : f.end] == f.text for f in facts[row.note_id]):
                case.texts[row.note_id] = note.text
            else:
                case.withheld[row.note_id] = "its text is taken out of the file in another way than in the run"
        else:
            case.withheld[row.note_id] = "the file has changed since the run read it" if now.sha256 else now.reason


def _cases(folder: Path, as_of: str | None = None) -> Iterator[Case]:
    """The patients of a finished run in the order of its tables, without the texts of their notes."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with (
        (folder / "notes.csv").open(encoding="utf-8", newline="") as notes,
        (folder / "criteria.csv").open(encoding="utf-8", newline="") as criteria,
        (folder / "patients.csv").open(encoding="utf-8", newline="") as patients,
        (folder / "facts.jsonl").open(encoding="utf-8", newline="\n") as facts,
        (folder / "missing.md").open(encoding="utf-8", newline="\n") as missing,
    ):
        verdicts = _Grouped(map(_verdict, _rows(criteria)), lambda pair: pair[0].patient_id)
        lines = _Grouped(_rows(patients), lambda row: row["patient_id"])
        found = _Grouped((Fact.from_dict(json.loads(line)) for line in facts), lambda fact: fact.patient_id)
        asks = _Grouped(_asks(missing), lambda item: item[0])
        for patient_id, rows in itertools.groupby(map(note_row, csv.DictReader(notes)), lambda row: row.patient_id):
            inputs: list[NoteRow] = list(rows)
            if not patient_id:
                found.of("")
                continue
            judged = verdicts.of(patient_id)
            case = Case(patient_id, inputs, {}, found.of(patient_id), [verdict for verdict, _ in judged], as_of=as_of)
            case.marks = marks_of(case.facts, {f"{v.policy}/{v.criterion}": origin for v, origin in judged})
            for row in lines.of(patient_id):
                if any(v.policy == row["policy"] and v.criterion != "overall" for v in case.verdicts):
                    case.values[row["policy"]] = {name: row[name] for name in VALUES}
            by_policy = {escape(v.policy): v.policy for v in case.verdicts}
            for _, policy, wanted in asks.of(escape(patient_id)):
                case.asks[by_policy[policy]] = wanted
            yield case


class _Grouped:
    """Rows in the order of patients, handed out patient by patient; a patient without rows gets none."""

    def __init__(self, rows: Iterator[Any], key: Callable[[Any], str]) -> None:
        self._groups = itertools.groupby(rows, key)
        self._next = next(self._groups, None)

    def of(self, patient_id: str) -> list[Any]:
        if self._next is None or self._next[0] != patient_id:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def _rows(table: TextIO) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(table):
        yield {name: unescaped(cell) for name, cell in row.items()}


def _verdict(row: dict[str, str]) -> tuple[Verdict, tuple[str, str]]:
    """A verdict and its origin: (origin, reviewer)."""
    verdict = Verdict(
        row["patient_id"],
        row["policy"],
        row["criterion"],
        row["status"],
        row["rationale"],
        [item for item in row["missing_items"].split(";") if item],
        [item for item in row["evidence"].split(";") if item],
    )
    return verdict, (row.get("origin", AUTO[0]), row.get("reviewer", AUTO[1]))


def _asks(lines: TextIO) -> Iterator[tuple[str, str, list[Ask]]]:
    """The sections of missing.md: patient and policy as escaped there, and the requests."""
    section: tuple[str, str, list[Ask]] | None = None
    for line in lines:
        head = _HEAD.fullmatch(line.rstrip("\n"))
        if head:
            if section:
                yield section
            section = (head[1], head[2], [])
        elif section and (ask := _ASK.fullmatch(line.rstrip("\n"))):
            section[2].append(Ask(ask[1], ask[2], _ESCAPED.sub(r"\1", ask[3])))
    if section:
        yield section
