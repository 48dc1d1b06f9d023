"""A finished run for Label Studio: config.xml, the labelling interface, and tasks.json, notes with predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .. import __version__
from ..annotated import shown
from ..annotated.label_studio import controls
from ..case import Case
from ..corpus import NoteRow
from ..finished import Finished
from ..schema import ASSERTIONS, KINDS, Fact
from ..values import CHOICES, FLAGS, LISTS, NUMBERS
from ..wording import KIND_COLORS, title

_TEXT = "text"
_SEGMENTS = ("T10", "T11", "T12", *(f"L{n}" for n in range(1, 6)), "S1", "S2")
_LEVELS = [f"{upper}-{lower}" for upper, lower in pairwise(_SEGMENTS)]
_VERTEBRAE = [f"{vertebra}{part}" for vertebra in _SEGMENTS for part in ("", " superior", " inferior")]


def write(run: Finished, cases: Iterator[Case], target: Path) -> list[str]:
    """Write config.xml and tasks.json, patient by patient; returns what to tell the user."""
    notes = facts = left_out = 0
    offered = {name: [*(_LEVELS if name.endswith("levels") else _VERTEBRAE)] for name in LISTS}
    with (target / "tasks.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        for case in cases:
            left_out += len(case.withheld)
            for row, text, found in case.notes_at_hand():
                _offer(offered, found)
                task = _task(row, shown(text), found)
                file.write((",\n" if notes else "\n") + json.dumps(task, ensure_ascii=False))
                notes, facts = notes + 1, facts + len(found)
        file.write("\n]\n")
    (target / "config.xml").write_text(_config(offered), encoding="utf-8")
    told = [f"{notes:,} tasks with {facts:,} facts as predictions; config.xml sets up the project"]
    return told + ([f"left out {left_out:,} notes whose text is not at hand; give --notes"] if left_out else [])


def _offer(offered: dict[str, list[str]], facts: list[Fact]) -> None:
    """Add levels of these facts that the form does not offer yet, such as those of a sixth lumbar vertebra."""
    for fact in facts:
        for name, value in fact.attributes.items():
            if (known := offered.get(f"{fact.kind}.{name}")) is not None:
                known += [item for item in value if item not in known]


def _task(row: NoteRow, text: str, facts: list[Fact]) -> dict[str, Any]:
    data = {
        _TEXT: text,
        "note_id": row.note_id,
        "patient_id": row.patient_id,
        "note_date": row.note_date,
        "note_type": row.note_type,
    }
    results = [result for number, fact in enumerate(facts, 1) for result in _results(f"f{number}", fact, text)]
    return {"data": data, "predictions": [{"model_version": f"bvn-evidence {__version__}", "result": results}]}


def _results(region: str, fact: Fact, text: str) -> Iterator[dict[str, Any]]:
    """A region and its per-region values, which carry the id and the place of the region."""
    place = {"start": fact.start, "end": fact.end, "text": text[fact.start : fact.end]}

    def result(name: str, tag: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"id": region, "from_name": name, "to_name": _TEXT, "type": tag, "value": {**place, **value}}

    yield result("kind", "labels", {"labels": [fact.kind]})
    values = {"assertion": fact.assertion, **fact.attributes}
    for name, (kind, attribute, tag) in controls().items():
        value = values.get(attribute)
        if kind not in ("", fact.kind) or value is None or value == [] or value is False:
            continue
        if tag == "number":
            yield result(name, tag, {"number": value})
        elif tag == "textarea":
            yield result(name, tag, {"text": [value]})
        else:
            chosen = value if isinstance(value, list) else ["yes" if value is True else value]
            yield result(name, tag, {"choices": chosen})


def _config(offered: dict[str, list[str]]) -> str:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Style").text = ".htx-text { white-space: pre-wrap; }"  # else blanks are cut off
    labels = ElementTree.SubElement(view, "Labels", name="kind", toName=_TEXT)
    for kind in KINDS:
        ElementTree.SubElement(labels, "Label", value=kind, background=KIND_COLORS[kind])
    ElementTree.SubElement(view, "Text", name=_TEXT, value=f"${_TEXT}")
    of_kind = {"": ElementTree.SubElement(view, "View", visibleWhen="region-selected")}
    for kind in KINDS:
        of_kind[kind] = ElementTree.SubElement(view, "View", visibleWhen="region-selected", whenLabelValue=kind)
    for name, (kind, attribute, tag) in controls().items():
        _control(of_kind[kind], name, attribute, tag, f"{kind}.{attribute}", offered)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _control(
    view: ElementTree.Element, name: str, attribute: str, tag: str, full: str, offered: dict[str, list[str]]
) -> None:
    ElementTree.SubElement(view, "Header", value=title(attribute), size="6")
    common = {"name": name, "toName": _TEXT, "perRegion": "true"}
    if tag == "number":
        ElementTree.SubElement(view, "Number", common, min="0", max=str(NUMBERS[full]), step="0.1")
    elif tag == "textarea":
        ElementTree.SubElement(view, "TextArea", common, maxSubmissions="1", editable="true", rows="1")
    else:
        several = full in LISTS
        choice = "multiple" if several or full in FLAGS else "single"
        layout = "select" if several else "inline"
        choices = ElementTree.SubElement(view, "Choices", common, choice=choice, layout=layout)
        given = offered[full] if several else ("yes",) if full in FLAGS else CHOICES.get(full, ASSERTIONS)
        for value in given:
            ElementTree.SubElement(choices, "Choice", value=value)
