"""Reads `lexicons/*.yml`: the words of the pipeline, each entry with an id, its attributes and its examples.

An entry:

    - id: alternative.protrusion          # unique over all files; the rule id on every fact it finds
      terms: [disc protrusion, protruded disc]     # plain words; blanks and hyphens are interchangeable, plural s allowed
      pattern: 'regular expression'                # or a list of them; matched on lower-case text
      attributes: {diagnosis: disc_protrusion}     # over the `defaults` of the file
      exclude: ['neck disability index']           # a hit that overlaps one of these is no hit
      positive: ["A <alternative levels=L4-L5>disc protrusion</alternative> at L4-5."]
      negative: ["Scalp protrusion."]

Examples run as tests. See `docs/lexicons.md` for the marks that positive examples may carry.
"""
from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from .lexicon_attributes import refuse_unknown
from .normalize import fold

PACKAGE = "bvn_evidence_lexicons"
_KEYS = {"id", "terms", "pattern", "attributes", "exclude", "positive", "negative", "plural", "note",
         "direction", "category", "kinds", "not_kinds", "max_scope", "max_targets", "terminated_by", "spares", "assertion", "macro"}


@dataclass(slots=True)
class Entry:
    """One entry of a lexicon file, compiled."""
    id: str
    file: str
    regex: str
    attributes: dict[str, Any]
    exclude: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


def term_regex(term: str, plural: bool = True) -> str:
    """The regular expression of a plain term: blanks and hyphens are interchangeable, a plural s is allowed."""
    words = [re.escape(word) for word in re.split(r"[\s-]+", fold(term).strip())]
    body = r"[\s-]+".join(words)
    start = r"(?<![a-z0-9])" if words[0][:1].isalnum() else ""
    end = "(?:s|es)?" if plural and words[-1][-1:].isalpha() and not words[-1].endswith("s") else ""
    return f"{start}{body}{end}" + (r"(?![a-z0-9])" if words[-1][-1:].isalnum() else "")


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _entry(row: dict[str, Any], file: str, macros: dict[str, str], defaults: dict[str, Any]) -> Entry:
    unknown = set(row) - _KEYS
    if unknown:
        raise UserError(f"{file}: entry {row.get('id')!r} has unknown key(s) {sorted(unknown)}; known are {sorted(_KEYS)}")
    if not row.get("id"):
        raise UserError(f"{file}: an entry without id; every entry needs one, such as {file.removesuffix('.yml')}.name")
    patterns = [expand(pattern, macros) for pattern in _as_list(row.get("pattern"))]
    terms = sorted(map(str, _as_list(row.get("terms"))), key=len, reverse=True)  # "clinical details" before "clinical"
    patterns += [term_regex(term, row.get("plural", True)) for term in terms]
    if not patterns:
        raise UserError(f"{file}: entry {row['id']!r} has neither terms nor pattern")
    regex = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)
    exclude = tuple(expand(text, macros) for text in _as_list(row.get("exclude")))
    options = {key: row[key] for key in _KEYS & set(row)
               if key not in ("id", "terms", "pattern", "attributes", "exclude", "positive", "negative", "note")}
    if not isinstance(row.get("attributes") or {}, dict):
        raise UserError(f"{file}: entry {row['id']!r}: attributes must be a mapping, such as {{type: '1'}}")
    return Entry(row["id"], file, regex, {**defaults, **(row.get("attributes") or {})},
                 exclude, tuple(_as_list(row.get("positive"))), tuple(_as_list(row.get("negative"))), options)


def expand(pattern: str, macros: dict[str, str]) -> str:
    """Replace `{{name}}` by the macro of that name (a file's `macros:`)."""
    def replace(match: re.Match[str]) -> str:
        if match[1] not in macros:
            raise UserError(f"unknown macro {match[0]} in a pattern; known are {sorted(macros)}")
        return f"(?:{expand(macros[match[1]], macros)})"
    return re.sub(r"\{\{(\w+)\}\}", replace, pattern)


@lru_cache(maxsize=8)
def directory(path: str | None = None) -> Any:
    """The folder of lexicon files: the shipped one, or `path`."""
    if path is None:
        return resources.files(PACKAGE)
    if not Path(path).is_dir():
        raise UserError(f"no lexicon folder {path}; give the folder that holds modic.yml and the other lexicon files")
    return Path(path)


@lru_cache(maxsize=64)
def read(name: str, path: str | None = None) -> dict[str, Any]:
    """One lexicon file as plain data."""
    file = directory(path) / f"{name}.yml"
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        raise UserError(f"no lexicon file {name}.yml in {file.parent}") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{name}.yml cannot be read ({type(error).__name__}); give a readable file in UTF-8") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise UserError(f"{name}.yml is not valid YAML{f' at line {where.line + 1}' if where else ''}") from None
    if not isinstance(data, dict):
        raise UserError(f"{name}.yml must hold a mapping with `entries:`")
    return data


@lru_cache(maxsize=64)
def entries(name: str, path: str | None = None) -> tuple[Entry, ...]:
    """The compiled entries of one lexicon file, in file order."""
    data = read(name, path)
    macros = {**(read("macros", path).get("macros") or {}), **(data.get("macros") or {})}
    defaults = data.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise UserError(f"{name}.yml: defaults must be a mapping, such as {{role: whole}}")
    found = tuple(_entry(row, f"{name}.yml", macros, defaults) for row in data.get("entries") or [])
    if path is not None:
        compile_all(found)
        refuse_unknown(name, found, entries(name) if name in names() else ())
    return found


def compile_all(found: Iterable[Entry]) -> None:
    """Raise UserError for a pattern that is none. The shipped patterns are compiled when they are first tried."""
    for entry in found:
        for pattern in (entry.regex, *entry.exclude):
            try:
                re.compile(pattern)
            except re.error as error:
                raise UserError(f"{entry.file}: entry {entry.id!r}: bad pattern: {error}") from None


def names(path: str | None = None) -> list[str]:
    """The lexicon files, sorted."""
    return sorted(item.name.removesuffix(".yml") for item in directory(path).iterdir() if item.name.endswith(".yml"))


def content_hash(path: str | None = None) -> str:
    """SHA-256 over all lexicon files (names and bytes), first 16 hex digits."""
    digest = hashlib.sha256()
    for name in names(path):
        digest.update(name.encode() + b"\0" + (directory(path) / f"{name}.yml").read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def check(path: str | None = None) -> list[str]:
    """All problems of a lexicon folder (None: the shipped one), examples included; empty where it is sound."""
    from .lexicon_check import check as check_all
    return check_all(path)
