"""Patients through worker processes: in order, a bounded number in flight, and no patient can take the others down."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path

from .errors import RunError
from .outdir import writing
from .patient import Engine, Record, Settings, Task

_NOTES_A_BATCH = 16
_BATCHES_A_WORKER = 3
MOST_DEATHS = 3

_engine: Engine | Exception | None = None
_pages: Path | None = None


def process(
    tasks: Iterable[Task], engine: Engine, workers: int, pages: Path | None = None
) -> Generator[Record, None, None]:
    """The records of `tasks` in their order, for any number of `workers`; with one, by `engine` in this process.

    Workers write the pages of the report to the folder `pages` themselves.
    """
    if workers <= 1:
        for task in tasks:
            yield engine.process(task)
        return
    pool = _Pool(engine, workers, pages)
    try:
        yield from pool.run(batches(tasks))
    finally:
        pool.stop()


class _Pool:
    def __init__(self, engine: Engine, workers: int, pages: Path | None) -> None:
        self._engine, self._workers, self._pages = engine, workers, pages
        self._executor = self._start()
        self._deaths = 0

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_build,
            initargs=(self._engine.settings, self._pages),
        )

    def run(self, batches: Iterator[list[Task]]) -> Iterator[Record]:
        window: deque[tuple[list[Task], Future[list[Record]]]] = deque()
        while True:
            while len(window) < self._workers * _BATCHES_A_WORKER and (batch := next(batches, None)):
                window.append((batch, self._submit(batch)))
            if not window:
                return
            batch, future = window.popleft()
            try:
                records = future.result()
                self._deaths = 0
            except BrokenProcessPool:
                yield from self._one_by_one(batch)
                window = deque((later, done if _survived(done) else self._submit(later)) for later, done in window)
                continue
            yield from records

    def _submit(self, batch: list[Task]) -> Future[list[Record]]:
        try:
            return self._executor.submit(_work, batch)
        except BrokenProcessPool:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = self._start()
            return self._executor.submit(_work, batch)

    def _one_by_one(self, batch: list[Task]) -> Iterator[Record]:
        """Find the patient on whom a worker died by giving the patients of its batch to a fresh pool one at a time."""
        for task in batch:
            try:
                yield from self._submit([task]).result()
                self._deaths = 0
            except BrokenProcessPool:
                self._deaths += 1
                if self._deaths >= MOST_DEATHS:
                    raise RunError(
                        "worker processes keep dying (out of memory?); run again with --resume and fewer --workers"
                    ) from None
                yield self._engine.given_up(task)

    def stop(self) -> None:
        """End the workers, also in the middle of a note."""
        processes = list((getattr(self._executor, "_processes", None) or {}).values())
        results = getattr(self._executor, "_result_queue", None)
        self._executor.shutdown(wait=False, cancel_futures=True)
        for worker in processes:
            worker.terminate()
        for worker in processes:
            worker.join()
        if results is not None:  # else who reads half a record of a worker that was ended would wait for the rest
            results._writer.close()


def _survived(future: Future[list[Record]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Consecutive patients, so many that a batch has enough notes to be worth sending."""
    batch: list[Task] = []
    notes = 0
    for task in tasks:
        batch.append(task)
        notes += len(task.sources)
        if notes >= _NOTES_A_BATCH:
            yield batch
            batch, notes = [], 0
    if batch:
        yield batch


def _build(settings: Settings, pages: Path | None) -> None:
    """Make the engine of this process; it ignores Ctrl-C (the parent ends it) and ends with its parent."""
    global _engine, _pages
    _pages = pages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        _engine = Engine(settings)
    except Exception as error:  # raised again in the parent: a broken initializer would only say "broken pool"
        _engine = error


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _work(batch: list[Task]) -> list[Record]:
    if isinstance(_engine, Exception):
        raise _engine
    assert _engine is not None
    return [_put(_engine.process(task)) for task in batch]


def _put(record: Record) -> Record:
    """The record with its page written: pages are the bulk of what would go from process to process."""
    if _pages is not None and record.page:
        from .report.writer import put_page

        with writing(_pages.parents[2]):
            put_page(_pages, record.page, record.entry)
        record.page = ""
    return record
