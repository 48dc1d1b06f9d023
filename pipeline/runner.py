"""The main job: notes in, facts, verdicts and tables out; streamed by patient, resumable, the same for any number of
workers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tables
from .checkpoint import Journal, stamp
from .corpus import Corpus, ids_that_differ_in_case, open_corpus, printable
from .errors import UserError
from .outdir import PROGRAM, REPORT, OutDir, writing
from .patient import Engine, Record, Settings, Task, policy_row
from .pool import process
from .summary import Summary

if TYPE_CHECKING:
    from .report import Writer

ENGINES = ("local", "spark")
DEFAULT_POLICY = "aspn-2022"


@dataclass(slots=True, frozen=True)
class Options:
    """The options of a run, as on the command line; `as_of` is an ISO date."""

    policies: tuple[str, ...] = (DEFAULT_POLICY,)
    as_of: str | None = None
    workers: int = 1
    engine: str = "local"
    id_pattern: str | None = None
    manifest: Path | None = None
    lexicons: str | None = None
    resume: bool = False
    reviews: Path | None = None
    report: bool = True
    keep_text: bool = False


def run(
    notes: Path, out: Path, options: Options = Options(), progress: Callable[[int, int], None] | None = None
) -> Summary:
    """Run the pipeline over `notes` and write the tables to `out`.

    `progress` is called with the inputs done and in total. Raises UserError (nothing was written) for a mistake in the
    arguments, RunError where the run could not finish; what was done by then is kept for `resume`.
    """
    begun = time.perf_counter()
    engine = make_engine(options)
    from .nlp import lexicon

    versions = stamp(lexicon.content_hash(options.lexicons))
    with OutDir(out, notes) as folder:
        with writing(out):
            corpus = open_corpus(notes, options.id_pattern, options.manifest, folder.work)
            journal = Journal(folder, versions, options.resume)
        with closing(journal):
            summary, sums = _write(folder, journal, corpus, engine, options, progress)
            summary.finish(out, time.perf_counter() - begun)
            with writing(out):
                folder.publish(list(tables.FILES), _description(notes, options, engine, versions, summary, sums))
    return summary


def records(
    corpus: Corpus,
    engine: Engine,
    workers: int = 1,
    journal: Journal | None = None,
    kind: str = "local",
    pages: Path | None = None,
) -> Generator[Record, None, None]:
    """One record a patient, in the order of patient ids. `pages`: where local workers write the report's pages."""
    tasks = (
        Task(patient_id, corpus.root, corpus.sources(patient_id), journal.place(patient_id) if journal else None)
        for patient_id in corpus.patient_ids()
    )
    if kind == "spark":
        from . import spark

        return spark.process(tasks, engine, workers, journal.folder if journal else None)
    return process(tasks, engine, workers, pages)


def make_engine(options: Options) -> Engine:
    """The engine of this process, its options checked; raises UserError."""
    if options.workers < 1:
        raise UserError(f"--workers {options.workers}: give a number of 1 or more")
    if options.as_of is not None:
        try:
            date.fromisoformat(options.as_of)
        except ValueError:
            raise UserError(f"--as-of {printable(options.as_of)} is not a date; write it as YYYY-MM-DD") from None
    if options.engine not in ENGINES:
        raise UserError(f"--engine {printable(options.engine)}: give local or spark")
    if options.engine == "spark":
        from . import spark

        spark.check()
    if options.lexicons is not None:
        from .nlp.lexicon_check import refuse_slow

        refuse_slow(options.lexicons)
    reviews = None
    if options.reviews is not None:
        from .reviews import read

        reviews = read(options.reviews)
    policies = tuple(dict.fromkeys(options.policies))
    return Engine(Settings(policies, options.as_of, options.lexicons, reviews, options.report, options.keep_text))


def _write(
    folder: OutDir,
    journal: Journal,
    corpus: Corpus,
    engine: Engine,
    options: Options,
    progress: Callable[[int, int], None] | None,
) -> tuple[Summary, dict[str, str]]:
    summary = Summary([policy.id for policy in engine.policies], ids_that_differ_in_case(corpus.patient_ids()))
    summary.reviews = engine.settings.reviews
    files = {name: folder.stage(name) for name in tables.FILES}
    digests = {name: hashlib.sha256() for name in tables.FILES}

    def put(chunks: dict[str, str]) -> None:
        for name, chunk in chunks.items():
            files[name].write(chunk)
            digests[name].update(chunk.encode())

    report = _writer(folder, engine) if engine.settings.report else None
    pages = report.pages if report else None
    with writing(folder.path):
        put(tables.headers(engine.columns, engine.reviews is not None))
    with closing(records(corpus, engine, options.workers, journal, options.engine, pages)) as stream:
        for record in stream:
            with writing(folder.path):
                put(record.chunks)
                if report and record.entry:
                    report.add(record.page, record.entry)
                for note_id, text in record.texts.items():
                    folder.keep_text(note_id, text)
                if record.extracted:
                    journal.add(record.patient_id, record.rows, record.found or record.chunks["facts.jsonl"])
                    folder.keep = True
            summary.add(record)
            if progress:
                progress(summary.n_inputs, corpus.total)
    if report:
        with writing(folder.path):
            report.finish()
    return summary, {name: digest.hexdigest() for name, digest in digests.items() if name != "notes.csv"}


def _writer(folder: OutDir, engine: Engine) -> Writer:
    """The report beside the tables, not yet in place."""
    from .report import PolicyInfo, Writer

    with writing(folder.path):
        return Writer(folder.work / REPORT, [PolicyInfo.of(policy_row(policy)) for policy in engine.versions])


def _description(
    notes: Path, options: Options, engine: Engine, versions: dict[str, str], summary: Summary, sums: dict[str, str]
) -> dict[str, Any]:
    """What run.json says; everything that may differ between two runs over the same input is under `timings`."""
    manifest = printable(str(options.manifest)) if options.manifest else None
    described: dict[str, Any] = {
        "program": {"name": PROGRAM, "version": versions["program"]},
        "stamp": versions,
        "policies": [policy_row(policy) for policy in engine.versions],
        "options": {
            "notes": printable(str(notes)),
            "policy": [printable(name) for name in options.policies],
            "as_of": options.as_of,
            "id_pattern": options.id_pattern,
            "manifest": manifest,
            "lexicons": options.lexicons,
        },
        "counts": summary.counts(),
        "sha256": sums,
        "timings": {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(summary.seconds, 2),
            "notes_per_second": round(summary.rate, 1),
            "workers": options.workers,
            "engine": options.engine,
            "notes_extracted": summary.extracted,
            "notes_recalled": summary.recalled,
        },
    }
    if summary.reviews is not None:
        described["options"]["reviews"] = printable(str(options.reviews))
        described["reviews"] = {**summary.review_counts(summary.reviews), "sha256": summary.reviews.sha256}
    return described
