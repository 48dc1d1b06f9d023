"""What the desk shows, without the widget: a finished run (or Results), its notes, decisions, verdicts made anew."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import reviewed
from ..corpus import Corpus, open_corpus, printable, read_patient
from ..criteria import Judgement, Policy, judge, load_policy
from ..errors import UserError
from ..reviews import Decision, Item, Reviews, read
from ..schema import ATTRIBUTES, Cue, Fact, Note

if TYPE_CHECKING:
    from ..api import Results

Row = dict[str, Any]


@dataclass(slots=True)
class Standing:
    """A patient after review under one policy: all facts of the program, those that stand, verdicts and decisions."""

    found: list[Fact]
    facts: list[Fact]
    judgement: Judgement
    said: dict[str, str]
    decisions: dict[Item, Decision]
    origins: dict[str, Decision] = field(default_factory=dict)


class Cohort:
    """The patients of a run. Notes are read when a patient is opened; only patients with decisions are judged anew."""

    def __init__(
        self,
        run: str | Path | Results,
        notes: str | Path,
        reviews: Path,
        policy: str | Sequence[str] | None = None,
        as_of: str | None = None,
        id_pattern: str | None = None,
        manifest: str | Path | None = None,
    ) -> None:
        options: Row = {}
        if isinstance(run, (str, Path)):
            options, criteria, facts, rows = _from_folder(Path(run))
        else:
            criteria, facts, rows = _from_results(run)
        names = [policy] if isinstance(policy, str) else list(policy or options.get("policy") or _policies(criteria))
        self.as_of = as_of or options.get("as_of")
        self.policies: dict[str, Policy] = {one.id: one for name in names for one in [load_policy(name, on=self.as_of)]}
        pattern, listed = id_pattern or options.get("id_pattern"), manifest or options.get("manifest")
        self._corpus: Corpus = open_corpus(Path(notes), pattern, Path(listed) if listed else None)
        self.reviews_file = reviews
        self.reviews = read(reviews) if reviews.exists() else Reviews()
        self._decided = self.reviews.by_patient()
        self._reviewed = any(fact.review for fact in facts) or "reviews" in options
        if self._reviewed:
            facts = reviewed.restored(facts, self.reviews.decisions)
        self._facts: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._facts[fact.patient_id].append(fact)
        self._notes: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row["status"] == "processed":
                self._notes[row["patient_id"]].append(row)
        self._statuses: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for row in criteria:
            self._statuses[row["patient_id"], row["policy"]][row["criterion"]] = row["status"]
        self.patients = sorted({patient for patient, _ in self._statuses})
        if not self.patients:
            raise UserError("this run has no patients; run the notes first")

    def listing(self, policy: str) -> list[Row]:
        """A line a patient: id, overall status, the status of each criterion, how many decisions."""
        lines = []
        for patient in self.patients:
            statuses = self._statuses[patient, policy]
            if patient in self._decided or self._reviewed:
                judged = self.standing(patient, policy).judgement
                statuses = {verdict.criterion: verdict.status for verdict in judged.verdicts}
            criteria = {name: status for name, status in statuses.items() if name != "overall"}
            line = {"id": patient, "overall": statuses.get("overall", "review"), "criteria": criteria}
            lines.append({**line, "decisions": len(self._decided.get(patient, {}))})
        return lines

    def standing(self, patient: str, policy: str) -> Standing:
        """The patient after review."""
        decisions = self._decided.get(patient, {})
        found = self._facts.get(patient, [])
        facts = reviewed.standing(found, decisions)
        notes = [Note(n["note_id"], patient, "", "", n["note_date"], n["note_type"]) for n in self._notes[patient]]
        program = judge(patient, facts, notes, self.policies[policy], self.as_of)
        settled, origins = reviewed.settle(program, decisions)
        said = {verdict.criterion: verdict.status for verdict in program.verdicts}
        of_criteria = {item: one for item, one in decisions.items() if item[-1] != "overall"}
        said["overall"] = reviewed.settle(program, of_criteria)[0].overall.status
        return Standing(found, facts, settled, said, decisions, origins)

    def reload(self) -> None:
        """Read the decisions again, those of others too."""
        self.reviews = read(self.reviews_file)
        self._decided = self.reviews.by_patient()

    def texts(self, patient: str) -> dict[str, Note]:
        """The patient's notes by id, read now."""
        rows = read_patient(self._corpus.root, self._corpus.sources(patient))
        return {note.note_id: note for _, note in rows if note is not None}


def _policies(criteria: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["policy"] for row in criteria))


def _from_folder(folder: Path) -> tuple[Row, list[Row], list[Fact], list[Row]]:
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        with (folder / "facts.jsonl").open(encoding="utf-8", newline="\n") as lines:
            facts = [Fact.from_dict(json.loads(line)) for line in lines]
        return run["options"], _table(folder / "criteria.csv"), facts, _table(folder / "notes.csv")
    except (OSError, ValueError, KeyError, TypeError):
        shown = printable(str(folder))
        raise UserError(f"{shown} is not a finished run; give the folder of `bvn-evidence run --out`") from None


def _table(path: Path) -> list[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    text = path.read_bytes().decode()
    return [
        {name: _plain(cell) if name != "note_date" else cell or None for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:2] in "=+-@\t\r" else cell


def _from_results(results: Results) -> tuple[list[Row], list[Fact], list[Row]]:
    """The rows and facts of pandas tables, NaN as None."""

    def rows(frame: Any) -> list[Row]:
        made = frame.to_dict("records")
        return [{k: None if isinstance(v, float) and v != v else v for k, v in row.items()} for row in made]

    names = [name for name in Fact.__dataclass_fields__ if name not in ("cue", "attributes", "review")]
    facts = []
    for row in rows(results.facts):
        cue = None
        if row["cue_text"] is not None:
            cue = Cue(int(row["cue_start"]), int(row["cue_end"]), row["cue_text"], row["cue_rule"])
        attributes = {name: row[name] for name in ATTRIBUTES[row["kind"]]}
        facts.append(Fact(**{n: row[n] for n in names}, cue=cue, attributes=attributes, review=row.get("review")))
    return rows(results.criteria), facts, rows(results.notes)
