"""OMOP CDM 5.4: the facts as NOTE_NLP, their notes as NOTE, and the ids behind the integer keys.

Source of the columns and of term_exists, term_temporal and term_modifiers: OMOP_CDMv5.4_Field_Level.csv of
OHDSI/CommonDataModel. Concept ids: 32831 EHR note, 32678 UTF-8, 4180186 English; 0 where no standard concept is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

from ..case import Case
from ..corpus import NoteRow
from ..finished import Finished
from ..schema import Fact
from ..tables import line, plain
from .columns import Column, Sink, create_table
from .fhir_parts import ODI_CODE, PAIN_CODE
from .keys import Keys, integer_ids
from .sentence import around

NOTE = (
    Column("note_id", "integer", True),
    Column("person_id", "integer", True),
    Column("note_date", "date", True),
    Column("note_datetime", "timestamp"),
    Column("note_type_concept_id", "integer", True),
    Column("note_class_concept_id", "integer", True),
    Column("note_title", "varchar(250)"),
    Column("note_text", "text", True),
    Column("encoding_concept_id", "integer", True),
    Column("language_concept_id", "integer", True),
    Column("provider_id", "integer"),
    Column("visit_occurrence_id", "integer"),
    Column("visit_detail_id", "integer"),
    Column("note_source_value", "varchar(50)"),
    Column("note_event_id", "integer"),
    Column("note_event_field_concept_id", "integer"),
)
NOTE_NLP = (
    Column("note_nlp_id", "integer", True),
    Column("note_id", "integer", True),
    Column("section_concept_id", "integer"),
    Column("snippet", "varchar(250)"),
    Column("offset", "varchar(50)"),
    Column("lexical_variant", "varchar(250)", True),
    Column("note_nlp_concept_id", "integer"),
    Column("note_nlp_source_concept_id", "integer"),
    Column("nlp_system", "varchar(250)"),
    Column("nlp_date", "date", True),
    Column("nlp_datetime", "timestamp"),
    Column("term_exists", "varchar(1)"),
    Column("term_temporal", "varchar(50)"),
    Column("term_modifiers", "varchar(2000)"),
)
EHR_NOTE, UTF_8, ENGLISH = 32831, 32678, 4180186
NO_DATE = "1970-01-01"
KEYS = ("note_id", "person_id", "note_source_id", "patient_id")
_MODIFIERS = {  # what the CDM calls what the assertion says
    "absent": {"negation": "true"},
    "possible": {"uncertain": "moderate"},
    "hypothetical": {"conditional": "true"},
    "family": {"subject": "family"},
}
_THERAPY = {  # a therapy that the patient did not have
    "planned": {"conditional": "true"},
    "declined": {"negation": "true"},
    "not_tried": {"negation": "true"},
    "contraindicated": {"negation": "true"},
}
_NOT_SO = {"negation", "subject", "conditional"}
_SEPARATORS = re.compile(r"[,=\s]+")


def write(run: Finished, cases: Iterator[Case], target: Path) -> list[str]:
    """Write NOTE and NOTE_NLP (.csv, and .parquet where pyarrow is installed), keys.csv and tables.sql."""
    own = integer_ids(run.folder / "notes.csv")
    system, moment = _system(run), run.finished_at
    counts: Counter[str] = Counter()
    tables = create_table("note", NOTE, own["wide"]) + create_table("note_nlp", NOTE_NLP, own["wide"])
    (target / "tables.sql").write_text(tables, encoding="utf-8")
    with ExitStack() as stack:
        persons, notes, facts = (
            stack.enter_context(closing(Keys(integer))) for integer in (own["patient_id"], own["note_id"], False)
        )
        note_file = stack.enter_context(Sink(target / "NOTE", NOTE))
        nlp_file = stack.enter_context(Sink(target / "NOTE_NLP", NOTE_NLP))
        keys_file = stack.enter_context((target / "keys.csv").open("w", encoding="utf-8", newline=""))
        keys_file.write(line(KEYS))
        for case in cases:
            rows = [row for row in case.rows if row.status == "processed"]
            person = persons.of(case.patient_id) if rows else 0
            ids = {row.note_id: notes.of(row.note_id) for row in rows}
            for row in rows:
                counts.update(notes=1, undated=not row.note_date, textless=row.note_id not in case.texts)
                note_file.add(_note(row, ids[row.note_id], person, case))
                keys_file.write(line((ids[row.note_id], person, row.note_id, row.patient_id)))
            for fact in case.facts:
                counts["facts"] += 1
                nlp_file.add(_term(fact, facts.of(fact.fact_id), ids[fact.note_id], case, system, moment))
    return _told(counts)


def _note(row: NoteRow, note_id: int, person_id: int, case: Case) -> list[Any]:
    text = case.texts.get(row.note_id) or f"(text not at hand: {case.withheld.get(row.note_id)})"
    day = row.note_date or NO_DATE
    fixed = (EHR_NOTE, 0, row.note_type, _sound(text), UTF_8, ENGLISH)
    return [note_id, person_id, day, None, *fixed, None, None, None, row.note_id[:50], None, None]


def _term(fact: Fact, key: int, note_id: int, case: Case, system: str, moment: datetime) -> list[Any]:
    snippet, words = _sound(around(fact, case.texts.get(fact.note_id), 250)), _sound(fact.text[:250])
    said = meaning(fact)
    exists = "N" if _NOT_SO & set(said) else "Y"
    tried = fact.kind == "therapy" and fact.attributes.get("status") == "tried"
    past = exists == "Y" and (tried or fact.assertion == "historical")
    temporal = "past" if past else "present" if exists == "Y" else None
    when = (moment.date().isoformat(), moment.strftime("%Y-%m-%d %H:%M:%S"))
    return [
        *(key, note_id, 0, snippet, str(fact.start), words, 0, 0, system, *when),
        *(exists, temporal, _modifiers(fact, said)),
    ]


def _sound(text: str) -> str:
    """A text that databases take, of the same length: none takes half of a surrogate pair, and few take NUL."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def meaning(fact: Fact) -> dict[str, str]:
    """The modifiers of the CDM for what a fact asserts; none for what is plainly so."""
    said = dict(_MODIFIERS.get(fact.assertion, {}))
    if fact.kind == "therapy":
        said.update(_THERAPY.get(fact.attributes.get("status") or "", {}))
    return said


def _modifiers(fact: Fact, said: dict[str, str]) -> str:
    """`key=value` joined by commas, a list by semicolons; no more than the 2000 characters of the column."""
    pairs: dict[str, Any] = {"kind": fact.kind, "assertion": fact.assertion, **said}
    pairs.update((name, value) for name, value in fact.attributes.items() if value not in (None, [], ""))
    if fact.kind == "odi" or (fact.kind == "pain_score" and fact.attributes.get("max") == 10):
        pairs["loinc"] = (ODI_CODE if fact.kind == "odi" else PAIN_CODE)["code"]
    pairs.update(section=fact.section, end=fact.end, rule=fact.rule, cue=fact.cue.rule if fact.cue else None)
    pairs["origin"] = (fact.review or {}).get("origin", "auto")
    parts = [f"{name}={_SEPARATORS.sub(' ', plain(value))}" for name, value in pairs.items() if value is not None]
    while len(",".join(parts)) > 2000:
        parts.pop()
    return ",".join(parts)


def _system(run: Finished) -> str:
    stamp = run.info.get("stamp", {})
    return f"bvn-evidence {stamp.get('program')} (lexicons {stamp.get('lexicons')})"[:250]


def _told(counts: Counter[str]) -> list[str]:
    told = [f"{counts['facts']} facts of {counts['notes']} notes"]
    if counts["undated"]:
        told.append(f"{counts['undated']} notes have no date: their note_date is {NO_DATE}")
    if counts["textless"]:
        told.append(
            f"{counts['textless']} notes are gone or have changed since the run: their note_text says so; "
            "say where the notes are with --notes"
        )
    return told
