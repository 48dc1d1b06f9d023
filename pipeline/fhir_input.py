"""Notes from FHIR R4: bundles (.json) and NDJSON as Bulk Data exports it.

A `DocumentReference` is a note, in the forms its attachments give; a `DiagnosticReport` is one by its `presentedForm`,
else its `conclusion`. An attachment is inline or a `Binary` of the same input; nothing is fetched from anywhere. Other
resources are passed over. Real exports break rules, so resources are read tolerantly and none is validated.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .corpus import MAX_BYTES, Source, printable, read_bytes
from .fhir_resource import (
    Resource,
    address_key,
    as_dict,
    as_list,
    as_text,
    date_of,
    media_type,
    media_with_charset,
    own_id,
    patient_of,
    type_of,
)
from .spool import Place, Spool
from .table_input import qualify

_NOTES = ("DocumentReference", "DiagnosticReport")
_WITHDRAWN = {
    "entered-in-error": "entered in error",
    "superseded": "superseded by another document",
    "cancelled": "a cancelled report",
}
_PREFERRED = ("text/plain", "text/html", "application/xhtml+xml", "application/rtf", "text/rtf")
_OTHER_MEDIA = re.compile(r"(?:image|audio|video|model)/[\w.+-]+|(?:text|application)/(?:[\w.-]+\+)?(?:xml|dicom)")
_TYPE = re.compile(r"[A-Za-z]{1,40}")


@dataclass(slots=True)
class _Form:
    """One form of a document: bytes put aside, an address that still leads nowhere, or the reason it is not read."""

    media: str
    place: Place | None = None
    address: str = ""
    reason: str = ""
    status: str = "rejected"
    suffix: str = ""


@dataclass(slots=True)
class _Document:
    """A note with all its forms; `file` numbers the file it stands in."""

    source: Source
    file: int
    forms: list[_Form]


@dataclass(slots=True)
class _Binary:
    file: int
    path: str
    media: str
    place: Place | None
    reason: str
    used: bool = False


@dataclass(slots=True)
class _File:
    """What a file holds: the ids its own addresses stand for, and which types of resources were met."""

    number: int
    people: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    notes: int = 0


class FhirInput:
    """Gathers the notes of FHIR files; attachments wait in `spool`."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._documents: list[_Document] = []
        self._binaries: dict[str, list[_Binary]] = {}
        self._files = 0

    def add(self, path: Path, shown: str) -> None:
        """Read one file. Raises nothing: what cannot be read becomes a rejected input."""
        self._files += 1
        file = _File(self._files)
        try:
            if path.suffix.lower() == ".ndjson":
                self._read_lines(path, shown, file)
            else:
                self._read_whole(path, shown, file)
        except OSError as error:
            return self._reject(shown, f"cannot be read: {error.strerror or type(error).__name__}", file)
        if file.notes:
            return None
        if not file.types:
            return self._reject(shown, "no FHIR resources in it: export the notes as text, or as a FHIR bundle", file)
        kinds = ", ".join(sorted(file.types)[:5])
        self._reject(shown, f"no notes in it ({kinds})", file, "empty")

    def notes(self) -> Iterator[tuple[Source, Place | None]]:
        """All inputs, once every file is read: those of nobody first, then by patient."""
        for document in self._documents:
            self._resolve(document)
        made = [pair for document in self._documents for pair in _inputs(document)]
        unused = {binary.path for found in self._binaries.values() for binary in found if not binary.used}
        made += [(_rejected(path, "a Binary that no note names"), None) for path in unused]
        self._documents.clear()
        self._binaries.clear()
        made.sort(key=lambda pair: (pair[0].patient_id, pair[0].note_id, pair[0].path))
        qualify(source for source, _ in made)
        yield from made

    def _read_lines(self, path: Path, shown: str, file: _File) -> None:
        with path.open("rb") as lines:
            number = 0
            while line := lines.readline(MAX_BYTES + 1):
                number += 1
                if not line.strip():
                    continue
                at = f"{shown}:{number}"
                if len(line) > MAX_BYTES:
                    return self._reject(at, f"larger than {MAX_BYTES // 1_000_000} MB, not read from here on", file)
                resource = _parsed(line)
                if resource is None:
                    self._reject(at, "not valid JSON: a line holds one resource", file)
                else:
                    self._resources([(resource, at, "")], file)

    def _read_whole(self, path: Path, shown: str, file: _File) -> None:
        data = read_bytes(str(path))
        resource = _parsed(data)
        if resource is not None:
            at = shown if resource.get("resourceType") == "Bundle" else f"{shown}:1"
            self._resources([(resource, at, "")], file)
        elif _parsed(data.partition(b"\n")[0]) is not None:  # NDJSON under another name
            self._read_lines(path, shown, file)
        else:
            self._reject(shown, "not valid JSON", file)

    def _resources(self, waiting: list[tuple[Resource, str, str]], file: _File) -> None:
        """Take resources with where they stand and their full address; what others refer to goes first."""
        flat: list[tuple[Resource, str, str]] = []
        while waiting:
            resource, at, address = waiting.pop()
            kind = as_text(resource.get("resourceType"))
            if _TYPE.fullmatch(kind):
                file.types.add(kind)
            if kind == "Bundle":
                entries = enumerate(as_list(resource.get("entry")), 1)
                waiting += [(as_dict(e.get("resource")), f"{at}:{n}", as_text(e.get("fullUrl"))) for n, e in entries]
            else:
                flat.append((resource, at, address))
        for resource, at, address in reversed(flat):
            if resource.get("resourceType") == "Binary":
                self._binary(resource, at, address, file)
            elif resource.get("resourceType") == "Patient" and address:
                file.people[address] = own_id(resource)
        for resource, at, _ in reversed(flat):
            if resource.get("resourceType") in _NOTES:
                self._document(resource, at, file)

    def _binary(self, resource: Resource, at: str, address: str, file: _File) -> None:
        place, reason = self._put(resource.get("data"))
        binary = _Binary(file.number, at, as_text(resource.get("contentType")), place, reason)
        names = {address_key(address), f"Binary/{as_text(resource.get('id'))}"} - {"", "Binary/"}
        for name in names or {at}:
            self._binaries.setdefault(name, []).append(binary)

    def _document(self, resource: Resource, at: str, file: _File) -> None:
        kind = resource["resourceType"]
        file.notes += 1
        patient, problem = patient_of(resource, file.people)
        note_id = printable(f"{kind}/{as_text(resource.get('id')).strip() or at}")
        source = Source(at, patient, note_id, note_date=date_of(resource), note_type=type_of(resource), document=at)
        for status in (resource.get("status"), resource.get("docStatus")):
            problem = problem or _WITHDRAWN.get(as_text(status), "")
        forms = self._forms(resource) or [_Form("", reason="no attachment and no conclusion", status="empty")]
        if problem:
            source.reason, forms = problem, forms[:1]
        self._documents.append(_Document(source, file.number, forms))

    def _forms(self, resource: Resource) -> list[_Form]:
        """The forms of a document."""
        attached = [as_dict(content.get("attachment")) for content in as_list(resource.get("content"))]
        contained = {f"#{as_text(one.get('id'))}": one for one in as_list(resource.get("contained"))}
        forms = [self._form(one, contained) for one in [*attached, *as_list(resource.get("presentedForm"))]]
        conclusion = as_text(resource.get("conclusion"))
        if conclusion.strip() and resource["resourceType"] == "DiagnosticReport":
            place = self.spool.put(conclusion.encode("utf-8", "replace"))
            forms.append(_Form("text/plain", place, suffix="conclusion"))
        return forms

    def _form(self, attachment: Resource, contained: dict[str, Resource]) -> _Form:
        media, address = media_type(attachment.get("contentType")), as_text(attachment.get("url"))
        data = attachment.get("data")
        data = None if address and data == "" else data
        if data is None and address in contained:
            media, data = media or media_type(contained[address].get("contentType")), contained[address].get("data")
        if _OTHER_MEDIA.fullmatch(media):
            return _Form(media, reason=_not_read(media))
        if data is not None:
            place, reason = self._put(data)
            return _Form(media_with_charset(attachment, media), place, reason=reason)
        if not address:
            return _Form(media, reason="an attachment without data", status="empty")
        return _Form(media_with_charset(attachment, media) if media else "", address=address)

    def _put(self, data: Any) -> tuple[Place | None, str]:
        """Put base64 aside, decoded."""
        try:
            decoded = base64.b64decode(re.sub(r"\s+", "", data), validate=True)
        except (ValueError, TypeError):
            return None, "its data is not base64"
        if len(decoded) > MAX_BYTES:
            return None, f"larger than {MAX_BYTES // 1_000_000} MB: split it into notes"
        return self.spool.put(decoded), ""

    def _resolve(self, document: _Document) -> None:
        """Find the Binary behind an address: in the same file, else anywhere in the input. Sorts the forms."""
        for form in document.forms:
            if not form.address:
                continue
            found = self._binaries.get(address_key(form.address), [])
            near = [binary for binary in found if binary.file == document.file] or found
            if len(near) != 1:
                form.reason = (
                    "several Binary resources have the id of its text" if near else
                    "its text is at an address outside the input, and nothing is fetched: export it with its data"
                )
                continue
            near[0].used = True
            form.place, form.reason = near[0].place, near[0].reason
            form.media = form.media or near[0].media
            if _OTHER_MEDIA.fullmatch(media_type(form.media)):
                form.reason = _not_read(form.media)
        document.forms.sort(key=_rank)

    def _reject(self, at: str, reason: str, file: _File, status: str = "rejected") -> None:
        file.notes += 1
        source = _rejected(at, reason)
        source.status = status
        self._documents.append(_Document(source, file.number, [_Form("")]))


def _inputs(document: _Document) -> Iterator[tuple[Source, Place | None]]:
    """A document as inputs: one for each form, all listed; `read_patient` reads the first that can be read."""
    whole = document.source
    for number, form in enumerate(document.forms, 1):
        suffix = "" if number == 1 else f"/{form.suffix or number}"
        source = Source(
            whole.path + suffix,
            whole.patient_id,
            whole.note_id + suffix,
            note_date=whole.note_date,
            note_type=whole.note_type,
            reason=whole.reason or form.reason,
            status=whole.status if whole.reason else form.status,
            media=form.media or "application/octet-stream",
            document=whole.document,
        )
        yield source, None if source.reason else form.place


def _rank(form: _Form) -> int:
    """Plain text first, then what is nearest to it, what is not read, and the conclusion of a report."""
    media = media_type(form.media)
    if form.suffix or form.reason:
        return len(_PREFERRED) + 1 + bool(form.suffix)
    return _PREFERRED.index(media) if media in _PREFERRED else len(_PREFERRED)


def _not_read(media: str) -> str:
    return f"{media_type(media)}: not read; export it as text, HTML, RTF, Word or PDF"


def _rejected(at: str, reason: str) -> Source:
    return Source(at, "", at, reason=reason)


def _parsed(data: bytes) -> Resource | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) else None
