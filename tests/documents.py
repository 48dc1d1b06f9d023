"""Real documents and FHIR resources made of plain text, for the tests of the input.

`python tests/documents.py` writes annotated_samples/inputs anew: the chart of patient S003 in every format.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from html import escape
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "annotated_samples"
LOINC = {"clinic": "11506-3", "radiology": "18748-4", "questionnaire": "74465-6", "telephone": "34748-4"}
OMOP_COLUMNS = ["note_id", "person_id", "note_date", "note_type_concept_id", "note_class_concept_id", "note_title", "note_text", "encoding_concept_id", "language_concept_id"]
MEDIA = {
    "txt": "text/plain; charset=utf-8",
    "html": "text/html",
    "rtf": "application/rtf",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def pdf(text: str, typewriter: bool = False, **options) -> bytes:
    """A printed page: paragraphs broken at the margin, or lines as they are in a typewriter font."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Preformatted, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    styles["BodyText"].spaceBefore = 0
    file = io.BytesIO()
    story: list = [Spacer(1, 1)]
    for line in text.split("\n"):
        if typewriter:
            story.append(Preformatted(line or " ", styles["Code"]))
        elif line.strip():
            story.append(Paragraph(escape(line).replace("  ", "&nbsp; "), styles["BodyText"]))
        else:
            story.append(Spacer(1, 14))
    SimpleDocTemplate(file, invariant=1, **options).build(story)
    return file.getvalue()


def scan() -> bytes:
    """A page that is a picture."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    canvas.drawImage(ImageReader(Image.new("L", (40, 60), 200)), 0, 0, 500, 700)
    canvas.save()
    return file.getvalue()


def docx(text: str) -> bytes:
    from docx import Document

    document = Document()
    for line in text.split("\n"):
        document.add_paragraph(line)
    return saved(document)


def saved(document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def rtf(text: str) -> bytes:
    written = []
    for char in text:
        units = char.encode("utf-16-le")
        codes = [int.from_bytes(units[i : i + 2], "little", signed=True) for i in range(0, len(units), 2)]
        if char == "\n":
            written.append("\\par\n")
        elif char in "\\{}":
            written.append("\\" + char)
        else:
            written.append(char if ord(char) < 128 else "".join(f"\\u{code}?" for code in codes))
    return ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 " + "".join(written) + "}").encode("ascii")


def html(text: str) -> bytes:
    lines = (escape(line).replace("  ", "&nbsp; ") or "<br>" for line in text.split("\n"))
    body = "\n".join(f"<div>{line}</div>" for line in lines)
    return f"<!DOCTYPE html><html><head><title>Note</title></head><body>\n{body}\n</body></html>".encode()


MAKE = {"pdf": pdf, "docx": docx, "rtf": rtf, "html": html, "txt": str.encode}


def attachment(kind: str, text: str) -> dict:
    return {"contentType": MEDIA[kind], "data": base64.b64encode(MAKE[kind](text)).decode()}


def concept(code: str, system: str = "http://loinc.org") -> dict:
    return {"coding": [{"system": system, "code": code}]}


def document(name: str, patient: str, day: str, code: str, *attachments: dict, **more) -> dict:
    """A DocumentReference."""
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "status": "current",
        "type": concept(code),
        "subject": {"reference": f"Patient/{patient}"},
        "date": f"{day}T18:00:00Z",
        "content": [{"attachment": one} for one in attachments],
        **more,
    }


def report(name: str, patient: str, day: str, **more) -> dict:
    """A DiagnosticReport of an MRI."""
    return {
        "resourceType": "DiagnosticReport",
        "id": name,
        "status": "final",
        "category": [concept("RAD", "http://terminology.hl7.org/CodeSystem/v2-0074")],
        "code": {"text": "MRI lumbar spine"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        **more,
    }


def bundle(*resources: dict) -> dict:
    entries = [{"fullUrl": f"https://example.org/fhir/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def chart(patient: str = "S003") -> dict[str, str]:
    """The notes of a sample patient by file name without suffix."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted((SAMPLES / "notes" / patient).glob("*.txt"))}


def resources() -> list[dict]:
    """The chart of S003 as FHIR: plain and PDF of one note, HTML, RTF in a Binary, a report with its form."""
    notes = chart()
    clinic, mri, form, call = notes.values()
    address = {"contentType": "application/rtf", "url": "Binary/intake-form"}
    return [
        {"resourceType": "Patient", "id": "S003"},
        document("visit", "S003", "2024-01-23", LOINC["clinic"], attachment("pdf", clinic), attachment("txt", clinic)),
        report("mri", "S003", "2024-02-08", presentedForm=[attachment("html", mri)]),
        document("form", "S003", "2024-02-20", LOINC["questionnaire"], address),
        document("call", "S003", "2024-02-27", LOINC["telephone"], attachment("txt", call)),
        {
            "resourceType": "Binary",
            "id": "intake-form",
            "contentType": "application/rtf",
            "data": base64.b64encode(rtf(form)).decode(),
        },
    ]


def write_samples(folder: Path) -> None:
    """The chart of S003 as documents, as a FHIR bundle, as a Bulk Data export and as an OMOP table."""
    notes = chart()
    documents = folder / "documents" / "S003"
    for part in (documents, folder / "fhir", folder / "bulk", folder / "omop"):
        part.mkdir(parents=True, exist_ok=True)
    for name, kind in zip(notes, ("docx", "pdf", "rtf", "html"), strict=True):
        made = pdf(notes[name], typewriter=True) if kind == "pdf" else MAKE[kind](notes[name])
        (documents / f"{name}.{kind}").write_bytes(made)
    (documents / "2024-02-21_fax.pdf").write_bytes(scan())
    made = resources()
    (folder / "fhir" / "bundle.json").write_text(json.dumps(bundle(*made), indent=1) + "\n")
    for kind in sorted({one["resourceType"] for one in made}):
        lines = [json.dumps(one) + "\n" for one in made if one["resourceType"] == kind]
        (folder / "bulk" / f"{kind}.ndjson").write_text("".join(lines))
    with (folder / "omop" / "NOTE.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(OMOP_COLUMNS)
        titles = ("Progress note", "MR Lumbar spine", "Intake questionnaire", "Telephone encounter")
        for number, ((name, text), title) in enumerate(zip(notes.items(), titles, strict=True), 1):
            table.writerow([number, 3, name[:10], 32817, 0, title, text, 32678, 4180186])


if __name__ == "__main__":
    write_samples(SAMPLES / "inputs")
