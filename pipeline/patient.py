"""One patient from inputs to the lines of all tables: what a worker does, in any engine."""

from __future__ import annotations

import gc
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import tables
from .checkpoint import Place, Recalled, recall
from .corpus import NoteRow, Source, is_extracted, read_patient, without_text
from .errors import RunError, UserError, failure
from .schema import Fact, Note, Verdict

if TYPE_CHECKING:
    from spacy.language import Language

    from .criteria import Judgement, Policy
    from .reviews import Reviews


DIED = "failed: the worker process died on a note of this patient"


@dataclass(slots=True, frozen=True)
class Settings:
    """What a worker needs to build its own pipeline; plain values only."""

    policies: tuple[str, ...] = ("aspn-2022",)
    as_of: str | None = None
    lexicons: str | None = None
    reviews: Reviews | None = None
    report: bool = False
    keep_text: bool = False


@dataclass(slots=True)
class Task:
    """The inputs of one patient, and the place of what an earlier run knew of it."""

    patient_id: str
    root: str
    sources: list[Source]
    place: Place | None = None


@dataclass(slots=True)
class Record:
    """One patient, done: the lines for each table, the page and line of the report (where one is made) and what the
    summary needs. Nothing but plain values."""

    patient_id: str
    chunks: dict[str, str]
    rows: list[NoteRow]
    verdicts: list[Verdict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    extracted: int = 0
    recalled: int = 0
    failed: str = ""
    found: str = ""  # the facts as the program found them, a JSON line each, where reviews changed them
    reviewed: int = 0  # how many decisions are about this patient
    stale: int = 0  # and how many of them about a fact that is no longer found
    page: str = ""
    entry: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # of the notes that are no plain text files, if they are kept


_Judged = list[tuple["Judgement", dict[str, tuple[str, str]]]]


class Engine:
    """The NLP pipeline and the policies of one process."""

    def __init__(self, settings: Settings) -> None:
        from .criteria import load_policy

        self.settings = settings
        self.policies: list[Policy] = [load_policy(name, on=settings.as_of) for name in settings.policies]
        ids = [policy.id for policy in self.policies]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise UserError(f"two policies have the id {twice}; give one of them another id, or leave one out")
        self.versions = [version for policy in self.policies for version in _versions(policy)]
        self.reviews = settings.reviews.by_patient() if settings.reviews else None
        self.columns = tables.patient_columns(_criteria(self.versions))
        self._nlp: Language | None = None

    @property
    def nlp(self) -> Language:
        """The pipeline, built when the first note needs it: a resumed run may need none."""
        if self._nlp is None:
            from . import nlp

            try:
                self._nlp = nlp.load(self.settings.lexicons)
                gc.freeze()  # words and rules stay to the end: the collector need not walk them again and again
            except UserError:
                raise
            except Exception as error:  # every note would fail
                raise RunError(f"the pipeline cannot be built, {failure(error)}; please report it") from None
        return self._nlp

    def process(self, task: Task) -> Record:
        """Read, extract and judge one patient. Nothing in a note raises; a note that fails is `rejected`, and where the
        patient as a whole fails, all its notes are."""
        try:
            return self._process(task)
        except (UserError, RunError):
            raise
        except Exception as error:
            return self.given_up(task, failure(error))

    def _process(self, task: Task) -> Record:
        known = recall(task.place) if task.place else {}
        record = Record(task.patient_id, {}, [])
        facts: list[Fact] = []
        notes: list[Note] = []
        for row, note in read_patient(task.root, task.sources):
            record.rows.append(row)
            if note is not None:
                found = self._facts(row, note, known, record)
                if found is not None:
                    facts += found
                    notes.append(note)
                    if self.settings.keep_text and is_extracted(note.encoding):
                        record.texts[note.note_id] = note.text
        if self.reviews is not None:
            facts = self._review(record, facts)
        record.chunks = {
            "notes.csv": tables.note_lines(record.rows),
            "facts.jsonl": tables.fact_json(facts),
            "facts.csv": tables.fact_lines(facts, self.reviews is not None),
        }
        if task.patient_id:
            judged = self._judge(record, facts, [without_text(note) for note in notes])
            self._report(record, facts, {note.note_id: note.text for note in notes}, judged)
        return record

    def _review(self, record: Record, facts: list[Fact]) -> list[Fact]:
        """The facts that stand after review."""
        from . import reviewed

        decisions = (self.reviews or {}).get(record.patient_id, {})
        record.found = tables.fact_json(facts)
        record.reviewed, record.stale = len(decisions), reviewed.stale(decisions, facts)
        return reviewed.standing(facts, decisions)

    def _facts(self, row: NoteRow, note: Note, known: Recalled, record: Record) -> list[Fact] | None:
        """The facts of a note, from the journal where it has them; None where extraction failed."""
        found = known.get((row.note_id, row.sha256, row.note_date, row.note_type, row.encoding))
        if found is not None and all(fits(fact, note) for fact in found[0]):
            facts, row.seconds = found
            record.recalled += 1
        else:
            from .nlp import extract

            pipeline = self.nlp
            start = time.perf_counter()
            try:
                facts = extract(pipeline, note)
            except Exception as error:
                row.status, row.reason = "rejected", failure(error)
                return None
            row.seconds = round(time.perf_counter() - start, 4)
            record.extracted += 1
        row.n_facts = len(facts)
        return facts

    def _judge(self, record: Record, facts: list[Fact], notes: list[Note]) -> _Judged:
        from .criteria import judge, missing_md

        judged: _Judged = []
        lines: dict[str, list[str]] = {"patients.csv": [], "criteria.csv": [], "missing.md": []}
        for policy in self.policies:
            values: dict[str, object] = {}
            origins: dict[str, tuple[str, str]] | None = {} if self.reviews is not None else None
            try:
                if record.failed:
                    verdicts, missing = _unjudged(record, policy.id)
                else:
                    judgement = judge(record.patient_id, facts, notes, policy, self.settings.as_of)
                    if self.reviews is not None:
                        judgement, origins = self._settle(judgement)
                    verdicts, values = judgement.verdicts, judgement.values
                    record.warnings += judgement.warnings
                    missing = missing_md(judgement)
                    judged.append((judgement, origins or {}))
            except Exception as error:
                record.failed = failure(error)
                verdicts, missing = _unjudged(record, policy.id)
            record.verdicts += verdicts
            lines["missing.md"].append(missing)
            lines["patients.csv"].append(
                tables.patient_line(self.columns, record.patient_id, policy.id, verdicts, values, len(notes))
            )
            lines["criteria.csv"].append(tables.criteria_lines(verdicts, origins))
        record.chunks |= {name: "".join(texts) for name, texts in lines.items()}
        return judged

    def _report(self, record: Record, facts: list[Fact], texts: dict[str, str], judged: _Judged) -> None:
        """The patient's page and line of the index."""
        if not self.settings.report:
            return
        from . import report

        case = report.Case(record.patient_id, record.rows, texts, facts, record.verdicts, as_of=self.settings.as_of)
        all_origins: dict[str, tuple[str, str]] = {}
        for judgement, origins in judged:
            name = judgement.policy.id
            case.values[name] = report.plain_values(judgement.values)
            case.asks[name] = report.asks_of(judgement)
            all_origins |= {f"{name}/{criterion}": origin for criterion, origin in origins.items()}
        case.marks = report.marks_of(facts, all_origins)
        policies = [report.PolicyInfo.of(policy_row(policy)) for policy in self.versions]
        record.page, record.entry = report.page(case, policies), report.entry(case)

    def _settle(self, judgement: Judgement) -> tuple[Judgement, dict[str, tuple[str, str]]]:
        from .reviewed import settle, verdict_origin

        settled, decisions = settle(judgement, (self.reviews or {}).get(judgement.patient_id, {}))
        return settled, {criterion: verdict_origin(decision) for criterion, decision in decisions.items()}

    def given_up(self, task: Task, reason: str = DIED) -> Record:
        """The record of a patient that could not be done, such as one on whom a worker process died twice: its notes
        are listed as rejected, none is lost silently, and a human is to read the chart."""
        rows = [
            NoteRow(
                source.note_id,
                source.patient_id,
                source.path,
                "rejected",
                source.reason or reason,
                note_date=source.note_date,
                note_type=source.note_type or "unknown",
            )
            for source in task.sources
        ]
        record = Record(task.patient_id, {"notes.csv": tables.note_lines(rows)}, rows, failed=reason)
        if task.patient_id:
            self._report(record, [], {}, self._judge(record, [], []))
        return record


def fits(fact: Fact, note: Note) -> bool:
    """Whether the words of a fact stand where it says: another version of a library may read a document differently."""
    return note.text[fact.start : fact.end] == fact.text


def _versions(policy: Policy) -> list[Policy]:
    """All versions that may judge a patient: of a policy that comes with the program the one in force is taken."""
    from .criteria import list_policies

    packaged = list_policies()
    return [version for version in packaged if version.id == policy.id] if policy in packaged else [policy]


def policy_row(policy: Policy) -> dict[str, Any]:
    """Which policy, in which version; the hash is over its content, not its file."""
    content = policy.model_dump_json()
    return {
        "id": policy.id,
        "title": policy.title,
        "payer": policy.payer,
        "version": policy.version,
        "effective_from": policy.effective_from and policy.effective_from.isoformat(),
        "effective_to": policy.effective_to and policy.effective_to.isoformat(),
        "source_grade": policy.source_grade,
        "sha256": hashlib.sha256(content.encode()).hexdigest()[:16],
    }


def _criteria(policies: list[Policy]) -> list[str]:
    """The criteria of these policies in their order, then the exclusions that decide as criteria of their own."""
    from .criteria.store import criteria_of

    criteria = [criterion.id for policy in policies for criterion in criteria_of(policy)]
    return criteria + [
        exclusion.id
        for policy in policies
        for exclusion in policy.exclusions
        if exclusion.on_match != "warn" and exclusion.source_grade != "unverified"
    ]


def _unjudged(record: Record, policy: str) -> tuple[list[Verdict], str]:
    """The verdict of a patient who could not be judged, and the section of missing.md."""
    from .criteria import unjudged_md

    why = f"This patient could not be judged ({record.failed}); a human must read the chart."
    return [Verdict(record.patient_id, policy, "overall", "review", why)], unjudged_md(record.patient_id, policy, why)
