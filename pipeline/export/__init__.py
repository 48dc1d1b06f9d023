"""A finished run in another format: one module a format, each with `write(run, cases, target)`. It decides nothing."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..case import Case
from ..corpus import is_within, printable
from ..errors import UserError
from ..finished import Finished
from ..outdir import OutDir, writing

FORMATS = ("omop", "fhir", "brat", "label-studio", "xlsx")
MARK = ".bvn-evidence-export"


def export(folder: Path, to: str, out: Path | None = None, notes: Path | None = None) -> list[str]:
    """Write the finished run in `folder` as `to` and return what to tell the user, a line each.

    Files go to the folder `out` (default: `folder`/export/`to`), which appears whole or not at all. It replaces an
    earlier export only, and only as long as nobody has worked on that. `notes` says where the notes are, if they moved
    since the run.
    Raises UserError where `folder` holds no finished run or `out` is not ours to replace, RunError where it cannot be
    written.
    """
    if to not in FORMATS:
        raise UserError(f"no format {printable(to)}; give one of: {', '.join(FORMATS)}")
    run = Finished.open(folder)
    target = out or folder / "export" / to
    _check(target, run, notes)
    module = importlib.import_module(f".{to.replace('-', '_')}", __name__)
    with OutDir(folder, None) as held, writing(target):
        cases = _cases(run, notes, held.work)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))  # 0700, on the target's file system
        try:
            told = module.write(run, cases, staged)
            (staged / MARK).touch()
            for path in staged.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
            if target.exists():
                shutil.rmtree(target)
            staged.replace(target)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return [*told, f"wrote {printable(str(target))}"]


def _check(target: Path, run: Finished, notes: Path | None) -> None:
    shown = printable(str(target))
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file()):
        raise UserError(f"--out {shown} holds something else than an export; give a new or empty folder")
    if _edited(target):
        raise UserError(f"{shown} holds work done since it was exported, which would be lost; give another --out")
    source = notes or Path(run.info.get("options", {}).get("notes", ""))
    if source.is_dir() and is_within(target, source):
        raise UserError(f"--out {shown} would write into the notes; give a folder of its own outside them")


def _edited(target: Path) -> bool:
    """Whether anything in an earlier export has been written since, as by annotators."""
    mark = target / MARK
    return mark.is_file() and any(path.stat().st_mtime_ns > mark.stat().st_mtime_ns for path in target.rglob("*"))


def _cases(run: Finished, notes: Path | None, spool: Path) -> Iterator[Case]:
    """The patients, with texts where the notes are still there; formats that need a text say what they leave out."""
    try:
        corpus = run.corpus(notes, spool)
    except UserError:
        if notes:
            raise
        corpus = None
    return run.cases(corpus)
