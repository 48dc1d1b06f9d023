"""What one FHIR resource says: whose note it is, of which date and kind, and in which form.

Real exports break rules: every value is looked at before it is used, and what is not as it should be counts as absent.
"""

from __future__ import annotations

from typing import Any

from .corpus import printable
from .note_header import date_from_name, type_from_title

Resource = dict[str, Any]

NOTE_TYPE_CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "http://loinc.org": {
        "clinic": (  # https://terminology.hl7.org/ValueSet-v3-LoincDocumentOntologyInternational.html
            "11488-4",  # Consult note
            "11492-6",  # Provider-unspecified, History and physical note
            "11506-3",  # Progress note
            "18733-6",  # Attending Progress note
            "28569-2",  # Consultant Progress note
            "28575-9",  # Nurse practitioner Progress note
            "28580-9",  # Chiropractic medicine Progress note
            "28626-0",  # Physician History and physical note
            "28636-9",  # Initial evaluation note
            "34095-0",  # Comprehensive history and physical note
            "34101-6",  # General medicine Outpatient Consult note
            "34108-1",  # Outpatient Note
            "34111-5",  # Emergency department Note
            "34117-2",  # History and physical note
            "34120-6",  # Outpatient Initial evaluation note
            "34131-3",  # Outpatient Progress note
            "34798-9",  # Neurological surgery Consult note
            "34799-7",  # Neurological surgery Note
            "34814-4",  # Orthopaedic surgery Consult note
            "34815-1",  # Orthopaedic surgery Note
            "34822-7",  # Physical medicine and rehab Consult note
            "34823-5",  # Physical medicine and rehab Note
        ),
        "radiology": ("18748-4", "LP29684-5"),  # Diagnostic imaging study; Radiology, as US Core has it for a category
        "pt": ("11508-9", "28579-1", "34824-3"),  # Physical therapy Progress note, Note, Consult note
        "procedure": ("11504-8", "28570-0", "34121-4", "34137-0"),  # operation, procedure, interventional procedure
        "telephone": ("34139-6", "34748-4"),  # Nurse Telephone encounter Note, Telephone encounter Note
        "referral": ("57133-1",),  # Referral note
        "questionnaire": ("74465-6", "97908-8", "97909-6"),  # Questionnaire response; Oswestry panel and score
    },
    "http://terminology.hl7.org/CodeSystem/v2-0074": {"radiology": ("RAD", "RX", "CT", "NMR", "IMG", "RUS", "NMS")},
}
_BY_CODE = {
    (system, code): kind
    for system, kinds in NOTE_TYPE_CODES.items()
    for kind, codes in kinds.items()
    for code in codes
}


def patient_of(resource: Resource, people: dict[str, str]) -> tuple[str, str]:
    """The patient of a note, or why there is none."""
    subject = as_dict(resource.get("subject"))
    written = as_text(subject.get("reference")).strip()
    if written.startswith("#"):
        own = [one for one in as_list(resource.get("contained")) if f"#{as_text(one.get('id'))}" == written]
        patient = _identifier(own[0]) if own and own[0].get("resourceType") == "Patient" else ""
    elif people.get(written):
        patient = people[written]
    elif written.startswith("urn:"):
        patient = written.rpartition(":")[2]
    else:
        kind, _, name = written.partition("/_history/")[0].rpartition("/")
        patient = name if kind.rpartition("/")[2] == "Patient" else ""
    patient = printable((patient or as_text(as_dict(subject.get("identifier")).get("value"))).strip())
    return patient, "" if patient else "no patient: its subject names none"


def own_id(patient: Resource) -> str:
    return as_text(patient.get("id")) or _identifier(patient)


def _identifier(patient: Resource) -> str:
    values = (as_text(one.get("value")) for one in as_list(patient.get("identifier")))
    return next((value for value in values if value), as_text(patient.get("id")))


def date_of(resource: Resource) -> str | None:
    """When the patient was seen or examined, else when the document was made."""
    context, period = as_dict(resource.get("context")), as_dict(resource.get("effectivePeriod"))
    for value in (
        as_dict(context.get("period")).get("start"),
        as_dict(resource.get("period")).get("start"),  # as R5 has it
        resource.get("effectiveDateTime"),
        period.get("start"),
        resource.get("date"),
        resource.get("issued"),
    ):
        if found := date_from_name(as_text(value)[:10]):
            return found
    return None


def address_key(address: str) -> str:
    """A Binary's address without the server and the version."""
    if address.startswith(("urn:", "#")):
        return address
    parts = address.partition("/_history/")[0].rstrip("/").rsplit("/", 2)
    return "/".join(parts[-2:]) if parts[-2:-1] == ["Binary"] else address


def media_type(value: Any) -> str:
    return as_text(value).partition(";")[0].strip().lower()


def media_with_charset(attachment: Resource, media: str) -> str:
    """The media type with its charset, where it says one."""
    return as_text(attachment.get("contentType")).strip().lower() or media


def as_dict(value: Any) -> Resource:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Resource]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def type_of(resource: dict[str, Any]) -> str | None:
    """The note type of a DocumentReference or DiagnosticReport: by its codes, else by their names, else None.

    The type and the code of a report say more than the category, so they are asked first.
    """
    values = [resource.get(name) for name in ("type", "code", "category")]
    concepts = [concept for value in values for concept in as_list(value if isinstance(value, list) else [value])]
    codings = [coding for concept in concepts for coding in as_list(concept.get("coding"))]
    for coding in codings:
        if kind := _BY_CODE.get((str(coding.get("system")), str(coding.get("code")))):
            return kind
    names = [coding.get("display") for coding in codings]
    names += [concept.get("text") for concept in concepts]
    for name in names:
        if isinstance(name, str) and (kind := type_from_title(name)):
            return kind
    return None
