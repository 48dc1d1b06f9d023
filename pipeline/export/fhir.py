"""A finished run as FHIR R4 resources, one NDJSON file a resource type (docs/export.md tells what they hold)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from ..case import Case, PolicyInfo, policy_of
from ..corpus import NoteRow, printable
from ..criteria.chart import Chart
from ..criteria.policy import Policy
from ..criteria.store import list_policies, load_policy
from ..errors import UserError
from ..finished import Finished
from ..patient import policy_row
from .fhir_parts import Json, identifier, keeps_patient, patient_reference, resource_id, served
from .observations import observations
from .questionnaire import Form, form_of
from .response import response

MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "rtf": "application/rtf",
    "html": "text/html",
}
TYPES = ("Patient", "DocumentReference", "Questionnaire", "QuestionnaireResponse", "Observation")


def write(run: Finished, cases: Iterator[Case], target: Path) -> list[str]:
    """Write `TYPES` as `target`/<type>.ndjson, patient by patient; returns what to tell the user."""
    forms, told = _forms(run)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        files = {name: stack.enter_context(_open(target / f"{name}.ndjson")) for name in TYPES}

        def put(resources: Iterable[Json]) -> None:
            for resource in resources:
                files[resource["resourceType"]].write(json.dumps(resource, separators=(",", ":")) + "\n")
                counts[resource["resourceType"]] += 1

        for case in cases:
            put(_resources(case, run, forms))
        put(form.resource() for form in forms.values())
    written = ", ".join(f"{counts[name]:,} {name}" for name in TYPES)
    return [*told, written, "plain FHIR R4, no claim of Da Vinci DTR conformance: no order and no coverage is known"]


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _resources(case: Case, run: Finished, forms: dict[PolicyInfo, Form]) -> Iterator[Json]:
    processed = [row for row in case.rows if row.status == "processed"]
    if not keeps_patient(case):
        yield {
            "resourceType": "Patient",
            "id": resource_id("Patient", case.patient_id),
            "identifier": [identifier("patient-id", case.patient_id)],
        }
    yield from (_document(case, row) for row in processed if not served(row.note_id))
    chart = Chart(case.patient_id, case.facts, processed, case.as_of)
    for policy in dict.fromkeys(verdict.policy for verdict in case.verdicts):
        info = policy_of(run.policies, policy, case.judged_on)
        form = forms.setdefault(info, form_of(info, None, ""))
        yield response(case, policy, form, chart, run.info)
    yield from observations(case)


def _document(case: Case, row: NoteRow) -> Json:
    """A note without its text: enough to resolve references and to check (sha256) that a file is that note."""
    return {
        "resourceType": "DocumentReference",
        "id": resource_id("DocumentReference", row.note_id),
        "identifier": [identifier("note-id", row.note_id), identifier("sha256", row.sha256)],
        "status": "current",
        "type": {"text": row.note_type},
        "subject": patient_reference(case),
        "content": [{"attachment": {"contentType": _media(row.encoding)}}],
        **({"context": {"period": {"start": row.note_date}}} if row.note_date else {}),
    }


def _media(encoding: str) -> str:
    """The media type of what was read, by the cell `encoding`: "cp1252", "pdf", "fhir+html"."""
    kind = encoding.removeprefix("fhir+")
    return MEDIA.get(kind) or f"text/plain; charset={kind or 'utf-8'}"


def _forms(run: Finished) -> tuple[dict[PolicyInfo, Form], list[str]]:
    """The forms of the run's policies, and which of them could only be made without the policy's text."""
    known = {policy_row(policy)["sha256"]: policy for policy in _policies(run)}
    forms: dict[PolicyInfo, Form] = {}
    told = []
    for row in run.info.get("policies", []):
        info, sha = PolicyInfo.of(row), str(row.get("sha256") or "")
        forms[info] = form_of(info, known.get(sha), sha)
        if sha not in known:
            told.append(
                f"policy {printable(info.id)} is not as the run read it: its form holds statuses and reasons only"
            )
    return forms, told


def _policies(run: Finished) -> Iterator[Policy]:
    yield from list_policies()
    for name in run.info.get("options", {}).get("policy", []):
        if name.endswith((".yml", ".yaml")) or "/" in name:
            try:
                yield load_policy(name)
            except UserError:
                continue
