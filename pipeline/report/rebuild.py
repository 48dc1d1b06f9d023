"""The report of a finished run, made anew from its tables and the notes. Tables are read patient by patient.

A note is shown only where its bytes are still those the run read (sha256); of any other the page has the sentences the
run recorded.
"""

from __future__ import annotations

from pathlib import Path

from ..corpus import Corpus
from ..errors import UserError
from ..finished import Finished
from ..outdir import REPORT, OutDir, writing
from .pages import entry, page
from .writer import Writer


def rebuild(folder: Path, notes: Path | None = None) -> list[str]:
    """Write `folder`/report anew and return what to tell the user, a line each.

    `notes` says where the notes are now. Raises UserError where `folder` holds no finished run, RunError where its
    tables cannot be read.
    """
    run = Finished.open(folder)
    with OutDir(folder, None) as out:
        told: list[str] = []
        corpus = _corpus(run, notes, out.work, told)
        withheld = 0
        with writing(folder):
            writer = Writer(out.work / REPORT, run.policies)
            for case in run.cases(corpus):
                withheld += len(case.withheld)
                writer.add(page(case, run.policies), entry(case))
            writer.finish()
            out.put([REPORT])
    if corpus is not None and withheld:
        told.append(f"{withheld} notes are gone or have changed since the run; their pages say so")
    return [*told, f"wrote {folder / REPORT / 'index.html'}"]


def _corpus(run: Finished, notes: Path | None, spool: Path, told: list[str]) -> Corpus | None:
    try:
        return run.corpus(notes, spool)
    except UserError as error:
        if notes:
            raise
        told.append(f"pages show facts with their sentences only: {error}; or say where the notes are with --notes")
        return None
