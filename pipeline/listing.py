"""The files below a folder and what their names say: patient, note id, date and type. FHIR files say it themselves."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from .corpus import FHIR_SUFFIXES, TABLE_SUFFIXES, Source, printable
from .errors import UserError
from .formats import SUFFIXES
from .manifest import named_type, read_manifest
from .note_header import date_from_name, parse_date, type_from_name
from .spool import Place, Spool

if TYPE_CHECKING:
    from .fhir_input import FhirInput

TEXT_SUFFIXES = (".txt", ".text", ".md", ".rpt", ".note", ".asc")
_SUFFIX = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,8}$")
_OWN_OUTPUT = {"run.json", "facts.jsonl", "notes.csv"}
_GROUPS = {"patient", "date", "type"}


class FileCorpus:
    """The files below a folder (or one file), by patient."""

    def __init__(
        self, notes: Path, id_pattern: str | None = None, manifest: Path | None = None, spool: Path | None = None
    ) -> None:
        self.root = os.fspath(notes if notes.is_dir() else notes.parent)
        self._home = printable(Path(self.root).resolve().name)
        self._pattern = _compile(id_pattern)
        self._manifest = read_manifest(manifest, Path(self.root)) if manifest else None
        self._entries: dict[str, list[str | Source | tuple[Source, Place | None]]] = {}
        self._spool_folder = spool
        self._fhir: FhirInput | None = None
        self._skip = manifest.resolve() if manifest else None
        self.total = 0
        if notes.is_dir():
            self._walk()
        else:
            self._add_file(notes.name, False)
        for path in sorted(self._manifest.unused()) if self._manifest else ():
            self._reject(path, "named in the manifest, but there is no such file")
        if self._fhir:
            for source, place in self._fhir.notes():
                self._append(source.patient_id, (source, place))
        if not self.total:
            raise UserError(f"no files in {printable(str(notes))}; give the folder that holds the notes (.txt)")

    def patient_ids(self) -> list[str]:
        return sorted(self._entries)

    def sources(self, patient_id: str) -> list[Source]:
        made = [self._made(entry, patient_id) for entry in self._entries[patient_id]]
        made.sort(key=lambda source: (source.note_id, source.path))
        return made

    def _made(self, entry: str | Source | tuple[Source, Place | None], patient_id: str) -> Source:
        if isinstance(entry, str):
            return self._source(entry, patient_id)
        if isinstance(entry, Source):
            return entry
        assert self._fhir is not None
        return self._fhir.spool.filled(*entry)

    def _walk(self) -> None:
        """List real folders before links to folders, so that a link never takes the place of what it points to."""
        seen: set[tuple[int, int]] = set()
        links: list[str] = []
        self._walk_from([""], seen, links)
        self._walk_from(sorted(links, reverse=True), seen, None)

    def _walk_from(self, stack: list[str], seen: set[tuple[int, int]], links: list[str] | None) -> None:
        """List the folders on `stack` and all below them, each real folder once."""
        while stack:
            folder = stack.pop()
            path = Path(self.root, folder)
            try:
                status = path.stat()
                if (status.st_dev, status.st_ino) in seen:
                    self._reject(folder, "a link to a folder that is read already")
                    continue
                seen.add((status.st_dev, status.st_ino))
                with os.scandir(path) as scan:
                    items = sorted(scan, key=lambda item: item.name)
            except OSError as error:
                if not folder:
                    raise UserError(
                        f"cannot open {printable(self.root)}: {error.strerror}; check its permissions"
                    ) from None
                self._reject(folder, f"folder cannot be read: {error.strerror}")
                continue
            if {item.name for item in items} >= _OWN_OUTPUT:
                if not folder:
                    raise UserError(
                        f"{printable(self.root)} is an output folder of this program; give the notes folder"
                    )
                self._reject(folder, "an output folder of this program, not read")
                continue
            stack.extend(reversed(self._add_items(folder, items, links)))

    def _add_items(self, folder: str, items: list[os.DirEntry[str]], links: list[str] | None) -> list[str]:
        """Add the files of one folder; returns its sub-folders. Links to folders go to `links`, and are followed where
        that is None."""
        folders: list[str] = []
        stems = Counter(_stem(item.name) for item in items)
        texts = Counter(_stem(item.name) for item in items if _suffix(item.name) in ("", *TEXT_SUFFIXES))
        for item in items:
            path = f"{folder}/{item.name}" if folder else item.name
            try:
                if item.is_dir(follow_symlinks=False) or (links is None and item.is_dir()):
                    if item.name.startswith("."):
                        self._reject(path, "hidden folder, not read")
                    else:
                        folders.append(path)
                elif item.is_dir():
                    assert links is not None
                    links.append(path)
                elif item.is_file():
                    if self._skip is None or Path(item.path).resolve() != self._skip:
                        is_text = _suffix(item.name) in ("", *TEXT_SUFFIXES)
                        self._add_file(path, (texts if is_text else stems)[_stem(item.name)] > 1)
                elif item.is_symlink():
                    self._reject(path, "a link that leads nowhere")
                else:
                    self._reject(path, "not a regular file")
            except OSError as error:
                self._reject(path, f"cannot be read: {error.strerror}")
        return folders

    def _add_file(self, path: str, shared_stem: bool) -> None:
        """Add one file; `shared_stem`: another file of its folder would have the same note id."""
        name = path.rpartition("/")[2]
        suffix = _suffix(name)
        if name.startswith((".", "~$")):
            return self._reject(path, "hidden file", shared_stem)
        if suffix in FHIR_SUFFIXES:
            return self._add_fhir(path)
        if suffix in TABLE_SUFFIXES:
            return self._reject(path, f"a table ({suffix}): give it to run by itself", shared_stem)
        if suffix and suffix not in (*TEXT_SUFFIXES, *SUFFIXES):
            return self._reject(path, f"not a text file ({suffix}): export it as .txt", shared_stem)
        row = self._manifest.take(path) if self._manifest else None
        if self._manifest and row is None:
            return self._reject(path, "not in the manifest: add a row for it", shared_stem)
        match = self._pattern.search(path) if self._pattern else None
        if self._pattern and match is None:
            return self._reject(path, "its path does not match --id-pattern", shared_stem)
        named = match.groupdict().get("patient") if match else None
        patient = (row.patient_id if row else "") or printable((named or "").strip()) or self._patient(path)
        if not patient:
            return self._reject(path, "no patient id in its name: use folders, --id-pattern or --manifest", shared_stem)
        plain = row is None and match is None and not shared_stem
        self._append(patient, path if plain else self._source(path, patient, shared_stem))

    def _add_fhir(self, path: str) -> None:
        """A FHIR file says itself whose its notes are; a manifest that names it has nothing to add."""
        from .fhir_input import FhirInput

        if self._manifest:
            self._manifest.take(path)
        self._fhir = self._fhir or FhirInput(Spool(self._spool_folder))
        self._fhir.add(Path(self.root, path), printable(path))

    def _append(self, patient: str, entry: str | Source | tuple[Source, Place | None]) -> None:
        self._entries.setdefault(patient, []).append(entry)
        self.total += 1

    def _reject(self, path: str, reason: str, shared_stem: bool = False) -> None:
        """A rejected file still counts for its patient, so that a chart of nothing but scans is not overlooked."""
        hidden = path.startswith((".", "~")) or "/." in path or "/~" in path
        owned = not hidden and ("/" in path or "_" in path.strip("_"))
        patient = self._patient(path) if owned else ""
        note_id = printable(_note_id(path, shared_stem))
        self._append(patient, Source(printable(path), patient, note_id, path, reason=reason))

    def _patient(self, path: str) -> str:
        first, slash, _ = path.partition("/")
        if slash:
            return printable(first)
        stem = _stem(path)
        return self._home if _names_nobody(stem) else printable(stem.partition("_")[0]).strip()

    def _source(self, path: str, patient: str, shared_stem: bool = False) -> Source:
        folders, _, name = path.rpartition("/")
        described = _stem(name) if folders else _stem(name).partition("_")[2] or _stem(name)
        below = folders.partition("/")[2]
        note_date = date_from_name(name) or date_from_name(below)
        note_type = type_from_name(described) or type_from_name(below)
        match = self._pattern.search(path) if self._pattern else None
        if match:
            groups = match.groupdict()
            note_date = _pattern_date(groups.get("date")) or note_date
            note_type = named_type(groups.get("type") or "") or note_type
        row = self._manifest.rows.get(path) if self._manifest else None
        if row:
            note_date, note_type = row.note_date or note_date, row.note_type or note_type
        return Source(
            printable(path),
            patient,
            printable(_note_id(path, shared_stem)),
            path,
            note_date=note_date,
            note_type=note_type,
        )


def _suffix(name: str) -> str:
    match = _SUFFIX.search(name)
    return match[0].lower() if match and match.start() else ""


def _stem(name: str) -> str:
    return name[: len(name) - len(_suffix(name))]


def _note_id(path: str, shared_stem: bool) -> str:
    """The path without its suffix, unless that would be the id of a second file too."""
    return path if shared_stem else path[: len(path) - len(_suffix(path.rpartition("/")[2]))]


def _names_nobody(stem: str) -> bool:
    """Whether a name holds only a date, a note type and a counter: then the folder is the patient."""
    rest = re.sub(r"\d{4}-\d{2}-\d{2}", " ", stem)
    words = re.findall(r"[^\W_]+", rest)
    return rest != stem and all(type_from_name(word) or (word.isdigit() and len(word) <= 2) for word in words)


def _pattern_date(text: str | None) -> str | None:
    if not text:
        return None
    compact = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    return date_from_name("-".join(compact.groups()) if compact else text) or parse_date(text)


def _compile(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    example = r"such as '(?P<patient>MRN\d+)-(?P<date>\d{8})'"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"--id-pattern is no regular expression: {error}; give one {example}") from None
    if not set(compiled.groupindex) & _GROUPS:
        raise UserError(f"--id-pattern has none of the named groups patient, date, type; give one {example}")
    return compiled
