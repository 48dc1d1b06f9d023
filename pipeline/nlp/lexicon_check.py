"""What can be wrong with a folder of lexicons; one line a problem, naming file, entry and fix."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ..errors import UserError
from . import examples, lexicon
from .linear import slow
from .triggers import required

_NOT_ENTRIES = ("macros", "spelling")


def check(path: str | None = None, *, run_examples: bool = True) -> list[str]:
    """All problems of a lexicon folder (None: the shipped one); empty where it is sound."""
    try:
        files = {name: lexicon.entries(name, path) for name in lexicon.names(path) if name not in _NOT_ENTRIES}
        for entries in files.values():
            lexicon.compile_all(entries)
    except UserError as error:
        return [str(error)]
    problems = [*_ids(files)]
    for name, entries in files.items():
        problems += _patterns(entries)
        if name != "assertion":
            problems += _shadowed(name, entries, path)
    if run_examples and not problems:
        problems += _examples(files, path)
    return problems


def _ids(files: dict[str, tuple[lexicon.Entry, ...]]) -> Iterator[str]:
    where: dict[str, str] = {}
    for name, entries in files.items():
        for entry in entries:
            if entry.id in where:
                yield f"{entry.file}: id {entry.id!r} is used twice (also in {where[entry.id]}); give one another id"
            if not entry.id.startswith(name + "."):
                yield f"{entry.file}: id {entry.id!r} must begin with {name + '.'!r}"
            where.setdefault(entry.id, entry.file)


def _patterns(entries: tuple[lexicon.Entry, ...]) -> Iterator[str]:
    for entry in entries:
        if re.compile(entry.regex).match(""):
            yield f"{entry.file}: {entry.id}: the pattern matches nothing at all; make a part of it obligatory"
        elif not required(entry.regex):
            yield f"{entry.file}: {entry.id}: no word is certain in the pattern, so it would run on every sentence; name one"
        yield from slow_patterns(entry)
        if entry.regex != entry.regex.lower() and re.search(r"(?<!\\)[A-Z]", re.sub(r"\(\?P?<?\w+", "", entry.regex)):
            yield f"{entry.file}: {entry.id}: patterns see lower-case text; write capital letters as small ones"


def slow_patterns(entry: lexicon.Entry) -> Iterator[str]:
    for pattern in (entry.regex, *entry.exclude):
        if found := slow(pattern, sentence=True):
            yield f"{entry.file}: {entry.id}: {found}"


def refuse_slow(path: str) -> None:
    """Raise UserError for the first pattern of a folder that can be made slow; those we ship are known to be quick."""
    shipped = {entry.regex: entry.exclude for name in lexicon.names() if name not in _NOT_ENTRIES for entry in lexicon.entries(name)}
    for name in lexicon.names(path):
        for entry in lexicon.entries(name, path) if name not in _NOT_ENTRIES else ():
            if shipped.get(entry.regex) != entry.exclude and (problem := next(slow_patterns(entry), None)):
                raise UserError(f"--lexicons {path}: {problem}")


def _shadowed(name: str, entries: tuple[lexicon.Entry, ...], path: str | None) -> Iterator[str]:
    """Terms given twice in a file: the later entry would never be reported."""
    owners: dict[str, list[str]] = defaultdict(list)
    rows = {row.get("id"): row for row in lexicon.read(name, path).get("entries") or []}
    for entry in entries:
        for term in rows[entry.id].get("terms") or []:
            owners[re.sub(r"[\s-]+", " ", str(term).lower().strip())].append(entry.id)
    for term, ids in owners.items():
        if len(ids) > 1:
            yield f"{name}.yml: the term {term!r} stands in {' and '.join(ids)}; only the first is ever reported, drop one"


def _examples(files: dict[str, tuple[lexicon.Entry, ...]], path: str | None) -> Iterator[str]:
    from . import load
    nlp = load(path)
    for entries in files.values():
        for entry in entries:
            yield from examples.failures(nlp, entry.id, entry.positive, entry.negative)
