"""A progress bar on stderr, on a terminal, for runs that take longer than a moment."""

from __future__ import annotations

import sys
import time
from typing import Any

_MOMENT = 1.0


class Progress:
    """Call it with the inputs done and in total; it shows nothing where stderr is no terminal or the run is short."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._begun = time.monotonic()
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._begun < _MOMENT:
                return
            self._start(done, total)
        self._bar.update(self._task, completed=done, total=total)

    def _start(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("reading notes"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("notes", total=total, completed=done)
        self._bar.start()
