"""On Apache Spark: `facts_of` for DataFrame.mapInPandas, and the patients of a run as Spark jobs (`--engine spark`).

Needs the extra `[spark]` and Java 17; docs/spark.md shows how to run it on a cluster and how to size one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RunError, UserError, failure
from .patient import Engine, Record, Settings, Task
from .pool import MOST_DEATHS, batches

if TYPE_CHECKING:
    import pandas as pd
    from spacy.language import Language

SCHEMA = (
    "fact_id string, patient_id string, note_id string, note_date string, note_type string, kind string, "
    "assertion string, start int, end int, text string, sentence string, section string, rule string, "
    "cue string, attributes string, error string"
)
"""The columns that `facts_of` returns; `cue` and `attributes` are JSON as in facts.jsonl."""

_COLUMNS = tuple(column.split()[0] for column in SCHEMA.split(", "))
_BATCHES_A_CORE = 8


def facts_of(rows: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Notes in, facts out, batch by batch: `notes.mapInPandas(facts_of, spark.SCHEMA)`.

    Columns in: patient_id, note_id, text and, optionally, note_date and note_type, read as in a table given to `run`.
    Columns out: `SCHEMA`, a row a fact, the facts of a note in text order. A note that cannot be read or fails gives
    one row without a kind whose `error` says why; no note stops the job. A text that a patient has twice is read twice.
    """
    import pandas as pd

    for batch in rows:
        found = [row for cells in batch.to_dict("records") for row in _rows({str(k): v for k, v in cells.items()})]
        yield pd.DataFrame(found, columns=list(_COLUMNS)).astype(object)


def _rows(cells: dict[str, Any]) -> list[dict[str, Any]]:
    from .corpus import read
    from .nlp import extract
    from .table_input import row_source

    row, note = read("", row_source("", cells, str(cells.get("note_id") or "")))
    about = {name: getattr(row, name) for name in ("patient_id", "note_id", "note_date", "note_type")}
    if note is None:
        return [] if row.status == "empty" else [{**about, "error": row.reason}]
    try:
        return [_plain(fact.to_dict()) for fact in extract(_nlp(), note)]
    except Exception as error:
        return [{**about, "error": failure(error)}]


def _plain(fact: dict[str, Any]) -> dict[str, Any]:
    """A fact with JSON in place of what is nested."""
    cue = fact["cue"]
    return {
        **{name: fact[name] for name in _COLUMNS if name in fact},
        "cue": json.dumps(cue, ensure_ascii=False) if cue else None,
        "attributes": json.dumps(fact["attributes"], ensure_ascii=False),
        "error": None,
    }


@lru_cache(maxsize=1)
def _nlp() -> Language:
    """The pipeline of this Python worker, built at its first note and kept for the next batches."""
    from . import nlp

    return nlp.load()


def check() -> None:
    """Raise UserError where PySpark or Java is missing."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise UserError("--engine spark needs PySpark; install it with: pip install 'bvn-evidence[spark]'") from None
    home = os.environ.get("JAVA_HOME")
    if not (home and Path(home, "bin", "java").exists()) and shutil.which("java") is None:
        raise UserError("--engine spark needs Java 17; install it, or set JAVA_HOME to where it is") from None


def process(
    tasks: Iterable[Task], engine: Engine, workers: int, scratch: Path | None = None
) -> Generator[Record, None, None]:
    """The records of `tasks` in their order, computed by Spark in waves, so that the driver never holds the corpus.

    Outside spark-submit, Spark runs in this machine with `workers` cores and keeps its files in `scratch`. Raises
    RunError where Spark keeps failing.
    """
    session = _session(workers, scratch)
    try:
        yield from _Waves(session.sparkContext, engine).run(batches(tasks))
    finally:
        session.stop()


class _Waves:
    def __init__(self, context: Any, engine: Engine) -> None:
        self._context, self._engine = context, engine
        self._deaths = 0

    def run(self, waiting: Iterator[list[Task]]) -> Iterator[Record]:
        from py4j.protocol import Py4JError

        while wave := list(islice(waiting, _BATCHES_A_CORE * self._context.defaultParallelism)):
            try:
                records = self._job(wave)
            except Py4JError:
                yield from self._one_by_one([task for batch in wave for task in batch])
                continue
            self._deaths = 0
            yield from records

    def _job(self, wave: list[list[Task]]) -> list[Record]:
        work = partial(_work, self._engine.settings)
        done = self._context.parallelize(wave, len(wave)).map(work).collect()
        return [record for records in done for record in records]

    def _one_by_one(self, tasks: list[Task]) -> Iterator[Record]:
        """Find the patient on whom Spark's workers died; the others are done."""
        from py4j.protocol import Py4JError

        for task in tasks:
            try:
                yield from self._job([[task]])
                self._deaths = 0
            except Py4JError as error:
                self._deaths += 1
                if self._deaths >= MOST_DEATHS:
                    raise RunError(
                        f"Spark keeps failing ({type(error).__name__}; see its log); run again with --resume"
                    ) from None
                yield self._engine.given_up(task)


_here: tuple[Settings, Engine] | None = None


def _work(settings: Settings, tasks: list[Task]) -> list[Record]:
    """In a Python worker of Spark, which is used again for later tasks: the engine is built once."""
    global _here
    if _here is None or _here[0] != settings:
        _here = settings, Engine(settings)
    return [_here[1].process(task) for task in tasks]


def _session(workers: int, scratch: Path | None) -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("bvn-evidence")
    if "PYSPARK_GATEWAY_PORT" not in os.environ and "PYSPARK_SUBMIT_ARGS" not in os.environ:  # not by spark-submit
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.master(f"local[{workers}]").config("spark.ui.enabled", "false")
        if scratch is not None:  # what Spark sends to its workers passes through files, and holds notes
            builder = builder.config("spark.local.dir", str(scratch.resolve()))
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session
