"""Reads the JSON that Label Studio's Export button writes: regions and their per-region values to facts.

Of several annotations of a task the one marked ground truth counts, else the one changed last; skipped ones never.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..corpus import printable
from ..errors import UserError
from ..note_header import date_from_text, type_from_text
from ..schema import ASSERTIONS, ATTRIBUTES, KINDS, NOTE_TYPES, Note
from ..values import CHOICES, FLAGS, LISTS, NUMBERS
from . import Annotated, Gold, completed

Control = tuple[str, str, str]  # kind (empty: of every kind), attribute, type of its tag


def controls() -> dict[str, Control]:
    """The per-region controls by name: what Label Studio calls the attributes of each kind."""
    made: dict[str, Control] = {"assertion": ("", "assertion", "choices")}
    for kind in KINDS:
        for name in ATTRIBUTES[kind]:
            full = f"{kind}.{name}"
            chosen = full in CHOICES or full in LISTS or full in FLAGS
            made[f"{kind}_{name}"] = (kind, name, "choices" if chosen else "number" if full in NUMBERS else "textarea")
    return made


def read_export(file: Path) -> Gold:
    """The tasks of a JSON export that hold a finished annotation. Raises UserError, with the task's number."""
    name = printable(file.name)
    try:
        tasks = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot read {printable(str(file))}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8; export from Label Studio as JSON") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{name} line {error.lineno}: not JSON; export from Label Studio as JSON") from None
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise UserError(f"{name} is not a list of tasks; export from Label Studio as JSON")
    gold = Gold([])
    for number, task in enumerate(tasks, 1):
        try:
            annotation = _finished(task)
            if annotation is None:
                gold.unfinished += 1
                continue
            note = _note(task, number)
            gold.notes.append(Annotated(note, list(_facts(annotation["result"], note.text))))
        except ValueError as error:
            raise UserError(f"{name} task {number}: {error}") from None
        except (KeyError, TypeError, AttributeError, IndexError):  # their text could hold words of the note
            raise UserError(f"{name} task {number}: not as Label Studio writes it; export again as JSON") from None
    return gold


def _finished(task: dict[str, Any]) -> dict[str, Any] | None:
    """The annotation of a task that counts."""
    if "annotations" not in task and "data" not in task:
        raise ValueError("JSON-MIN does not say which value belongs to which words; export as JSON")
    done = [each for each in task.get("annotations") or [] if not each.get("was_cancelled")]
    key = "updated_at" if all(each.get("updated_at") for each in done) else "id"
    return max(done, key=lambda each: (bool(each.get("ground_truth")), str(each.get(key) or "")), default=None)


def _note(task: dict[str, Any], number: int) -> Note:
    data = task["data"]
    text = data["text"]
    if not isinstance(text, str):
        raise ValueError("its data has no text; export as JSON from a project with our labelling configuration")
    note_id = str(data.get("note_id") or task.get("id") or number)
    note_type = data.get("note_type") or type_from_text(text) or "unknown"
    return Note(
        note_id,
        str(data.get("patient_id") or note_id),
        text,
        note_date=data.get("note_date") or date_from_text(text),
        note_type=note_type if note_type in NOTE_TYPES else "unknown",
    )


def _facts(results: list[dict[str, Any]], text: str) -> Iterator[dict[str, Any]]:
    by_name = controls()
    regions: dict[str, tuple[str, int, int]] = {}
    for result in results:
        if result["type"] == "labels":
            regions[result["id"]] = _region(result["value"], text)
    values: dict[str, dict[str, Any]] = {region: {} for region in regions}
    for result in results:
        control = by_name.get(result.get("from_name", ""))
        if control is None or result["id"] not in regions:
            continue
        kind, name, tag = control
        if kind in ("", regions[result["id"]][0]):  # values left over from a label that was changed do not count
            values[result["id"]][name] = _value(f"{kind}.{name}", tag, result["value"])
    for region, (kind, start, end) in regions.items():
        assertion = values[region].pop("assertion", "present")
        if assertion not in ASSERTIONS:
            raise ValueError(f"no such assertion; give one of {', '.join(ASSERTIONS)}")
        given = {name: value for name, value in values[region].items() if value is not None}
        yield {
            "kind": kind,
            "assertion": assertion,
            "start": start,
            "end": end,
            "quote": text[start:end],
            "attributes": completed(kind, given),
        }


def _region(value: dict[str, Any], text: str) -> tuple[str, int, int]:
    (kind,) = value["labels"]
    if kind not in KINDS:
        raise ValueError(f"a label that is no kind of fact; kinds are {', '.join(KINDS)}")
    start, end = value["start"], value["end"]
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        raise ValueError(f"a place outside the text of {len(text):,} characters")
    return kind, start, end


def _value(full: str, tag: str, value: dict[str, Any]) -> Any:
    if tag == "number":
        return value["number"]
    if tag == "textarea":
        written = value["text"]
        return (written if isinstance(written, str) else "\n".join(written)).strip() or None
    chosen = value["choices"]
    if full in LISTS:
        return chosen
    if full in FLAGS:
        return bool(chosen)
    return chosen[0] if chosen else None
