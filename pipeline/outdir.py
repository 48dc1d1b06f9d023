"""The output directory of a run: private, locked, never the notes folder; a file appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from .corpus import is_within, printable
from .errors import RunError, UserError
from .tables import FILES

try:
    import fcntl
except ImportError:  # Windows: no advisory locks, two runs into one folder are not kept apart there
    fcntl = None  # type: ignore[assignment]

WORK = ".work"
REPORT = "report"
TEXTS = "texts"
LEAVING, OLD = "leaving", "old"  # in the work folder: files of an earlier run on their way out, and all of them
PROGRAM = "bvn-evidence"


class OutDir:
    """The output directory; use it as a context manager around a run."""

    def __init__(self, path: Path, notes: Path | None) -> None:
        self.path, self.work, self._notes = path, path / WORK, notes
        self.keep = False  # whether the work folder holds anything that --resume could use
        self._lock = -1
        self._made = False
        self._files: list[TextIO] = []

    def __enter__(self) -> OutDir:
        with writing(self.path):
            self._check()
            self._made = not self.path.exists()
            self.keep = self.work.is_dir()
            try:
                for folder in (self.path, self.work):
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    with contextlib.suppress(PermissionError):  # of somebody else who shares it: our files are private
                        folder.chmod(0o700)
                self._acquire()
                self._restore()
            except OSError:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            with contextlib.suppress(OSError, ValueError):
                file.close()
        with contextlib.suppress(OSError):
            for name in [Path(file.name).name for file in self._files if isinstance(file.name, str)]:
                (self.work / name).unlink(missing_ok=True)
            for name in (REPORT, TEXTS):
                shutil.rmtree(self.work / name, ignore_errors=True)
            if not self.keep:
                shutil.rmtree(self.work, ignore_errors=True)
                if self._made:
                    self.path.rmdir()
        if self._lock >= 0:
            os.close(self._lock)

    def finished(self) -> dict[str, Any] | None:
        """The run.json of the finished run in this directory, or None."""
        try:
            data = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data if isinstance(data, dict) and data.get("program", {}).get("name") == PROGRAM else None

    def stage(self, name: str) -> TextIO:
        """A new file that `publish` will move into place."""
        with writing(self.path):
            path = self.work / name
            path.unlink(missing_ok=True)
            self._files.append(open(path, "x", encoding="utf-8", newline="", buffering=1 << 18, opener=private))  # noqa: SIM115
        return self._files[-1]

    def publish(self, names: list[str], run: dict[str, Any]) -> None:
        """Replace the files of an earlier run by the staged ones."""
        with writing(self.path):
            self.stage("run.json").write(json.dumps(run, indent=2, ensure_ascii=False) + "\n")
            for file in self._files:
                file.flush()
                os.fsync(file.fileno())
                file.close()
            self.put([REPORT, TEXTS, *names, "run.json"])
            self.keep = False

    def put(self, names: list[str]) -> None:
        """Put what is staged under `names` in place of what is there.

        All that is there goes first, the last name (run.json: the run is finished) ahead; it comes last, too. So files
        of two runs never stand side by side. What was there comes back where the rest cannot be done: at once, or by
        the next run where this one is killed.
        """
        leaving, old = self.work / LEAVING, self.work / OLD
        leaving.mkdir(mode=0o700)
        done = []
        try:
            for steps in (
                [(self.path / name, leaving / name) for name in reversed(names)],
                [(leaving, old)],
                [(self.work / name, self.path / name) for name in names],
            ):
                for source, target in steps:
                    if source.exists():
                        source.replace(target)
                        done.append((source, target))
        except OSError:
            with contextlib.suppress(OSError):
                for source, target in reversed(done):
                    target.replace(source)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def _restore(self) -> None:
        """Bring back what a run that was killed in `put` had moved away."""
        leaving, old = self.work / LEAVING, self.work / OLD
        if old.is_dir():
            placed = (self.path / "run.json").exists()
            if placed and ((old / "run.json").exists() or not (old / REPORT).exists() or (self.path / REPORT).exists()):
                shutil.rmtree(old)
            else:
                for name in () if placed else (*FILES, REPORT, TEXTS):
                    _remove(self.path / name)
                old.replace(leaving)
        if leaving.is_dir():
            for name in (*FILES, REPORT, TEXTS, "run.json"):
                if (leaving / name).exists():
                    (leaving / name).replace(self.path / name)
            leaving.rmdir()

    def keep_text(self, note_id: str, text: str) -> None:
        """Stage the text of a note for texts/; the id is the file name, what a name cannot hold as %XX."""
        folder = self.work / TEXTS
        folder.mkdir(mode=0o700, exist_ok=True)
        with open(folder / text_name(note_id), "x", encoding="utf-8", newline="", opener=private) as file:
            file.write(text)

    def _check(self) -> None:
        shown = printable(str(self.path))
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"--out {shown} is a file; give a folder")
        notes = self._notes
        if notes is not None:
            folder = notes if notes.is_dir() else notes.parent
            if (notes.is_dir() and is_within(self.path, folder)) or is_within(folder, self.path):
                raise UserError(
                    f"--out {shown} would write into or above the notes; give a folder of its own outside them"
                )
        if self.path.is_dir() and not (self.path / WORK).is_dir() and self.finished() is None:
            with writing(self.path):
                if any(self.path.iterdir()):
                    raise UserError(
                        f"--out {shown} holds files that are not of a run of this program; give a new or empty folder"
                    )

    def _acquire(self) -> None:
        """Take the lock; it ends with the process, however that ends."""
        path = self.work / "lock"
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh = os.path.samestat(os.fstat(self._lock), path.stat())
        except (BlockingIOError, FileNotFoundError):
            fresh = False
        if not fresh:
            os.close(self._lock)
            raise UserError(
                f"another run is writing to {printable(str(self.path))}; wait for it, or give another --out"
            )


def text_name(note_id: str) -> str:
    """The name of a note's file in texts/. An id too long for a name is there by its hash."""
    name = quote(note_id, safe=" ")
    return (name if len(name) <= 200 else hashlib.sha256(note_id.encode()).hexdigest()) + ".txt"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turns what can go wrong with files into one line that says what to do."""
    try:
        yield
    except OSError as error:
        shown = printable(str(out))
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunError(f"no space left while writing to {shown}; free some and run again with --resume") from None
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise RunError(
                f"cannot write to {shown}: {error.strerror}; check its permissions or give another --out"
            ) from None
        if error.errno == errno.ENOENT:
            raise RunError(f"{shown} vanished while the run was writing to it; run again") from None
        raise RunError(
            f"cannot write to {shown}: {error.strerror or type(error).__name__}; run again with --resume"
        ) from None
