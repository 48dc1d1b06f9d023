"""The pieces every FHIR resource is made of: ids, references, codings, and the two extensions that carry evidence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from ..case import Case
from ..criteria.chart import words
from ..schema import Fact

Json = dict[str, Any]

# Codes and identifiers of our own: an unregistered name of this program, not an address.
LOCAL = "urn:bvn-evidence"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ODI_CODE = {"system": LOINC, "code": "97909-6", "display": "Oswestry disability index score ODI"}
PAIN_CODE = {"system": LOINC, "code": "72514-3", "display": "Pain severity - 0-10 verbal numeric rating"}
# https://hl7.org/fhir/extensions/StructureDefinition-derivation-reference.html
DERIVATION = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
# https://hl7.org/fhir/us/davinci-dtr/2.2.0/en/StructureDefinition-information-origin.html
ORIGIN = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/information-origin"
TEXT_PATH = "DocumentReference.content[0].attachment"
AUTO = "auto-client"  # DTR 2.2.0; versions before it have `auto`

# What FHIR's `string` cannot hold: control characters, halves of surrogate pairs, and white space but for blank,
# tab and line ends (datatypes page: the pattern [ \r\n\t\S]+)
_UNFIT = re.compile(r"[^\S \t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ID = r"[A-Za-z0-9.\-]{1,64}"
# a second form of a document has a suffix, and a note id that two patients share a prefix or a counter
_SERVED = re.compile(rf"(?:.*/)?((?:DocumentReference|DiagnosticReport)/{_ID})(?:/(?:[a-z]+|\d+))?(?:~\d+)?")


def clean(text: str) -> str:
    """Text as a FHIR string may hold it; a blank for each character it may not."""
    return _UNFIT.sub(" ", text).strip()


def resource_id(kind: str, *names: str) -> str:
    """A FHIR id made of our names: always the same one, and it tells nothing of them."""
    told = "\x1f".join((kind, *names)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:40]


def served(note_id: str) -> str | None:
    """The reference of a note that came as a FHIR resource; None for any other note."""
    match = _SERVED.fullmatch(note_id)
    return match[1] if match else None


def reference(kind: str, *names: str) -> Json:
    return {"reference": f"{kind}/{resource_id(kind, *names)}"}


def keeps_patient(case: Case) -> bool:
    """Whether all notes of a patient came as FHIR resources, whose patients our ids then are."""
    notes = [row.note_id for row in case.rows if row.status == "processed"]
    return bool(notes) and all(map(served, notes)) and bool(re.fullmatch(_ID, case.patient_id))


def patient_reference(case: Case) -> Json:
    """The original Patient where all notes came as FHIR resources, else the one we write."""
    return {"reference": f"Patient/{case.patient_id}"} if keeps_patient(case) else reference("Patient", case.patient_id)


def note_reference(note_id: str) -> Json:
    """The original resource of a note where it came as one, else the DocumentReference we write."""
    original = served(note_id)
    return {"reference": original} if original else reference("DocumentReference", note_id)


def coding(system: str, code: str) -> Json:
    """A code of our own, with its words."""
    return {"system": f"{LOCAL}:{system}", "code": code, "display": clean(words(code))}


def identifier(system: str, value: str) -> Json:
    return {"system": f"{LOCAL}:{system}", "value": clean(value) or "-"}


def amount(value: float, unit: str, code: str) -> Json:
    return {"value": plain_number(value), "unit": unit, "system": UCUM, "code": code}


def plain_number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def derivations(facts: Iterable[Fact]) -> list[Json]:
    """A derivation-reference for each fact: note, offset and length in characters of the decoded note."""
    places = dict.fromkeys((fact.note_id, fact.start, fact.end) for fact in facts)
    return [_derivation(*place) for place in places]


def _derivation(note_id: str, start: int, end: int) -> Json:
    parts: list[Json] = [{"url": "reference", "valueReference": note_reference(note_id)}]
    if not served(note_id):  # in a document of somebody else we do not know which element holds the text
        parts.append({"url": "path", "valueString": TEXT_PATH})
    parts += [{"url": "offset", "valueInteger": start}, {"url": "length", "valueInteger": end - start}]
    return {"url": DERIVATION, "extension": parts}


def origin(source: str, author: str | None = None) -> Json:
    """Who an answer comes from; `author` is the reviewer's name and goes with `override` and `manual` only."""
    parts: list[Json] = [{"url": "source", "valueCode": source}]
    if author is not None:
        practitioner = {"url": "practitioner", "valueReference": {"display": clean(author) or "unnamed reviewer"}}
        parts.append({"url": "author", "extension": [practitioner]})
    return {"url": ORIGIN, "extension": parts}
