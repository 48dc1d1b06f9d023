"""The sheets of the workbook: their columns with what each means, and a patient's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from ..case import Case
from ..criteria.chart import words
from ..schema import Fact, Verdict
from ..tables import VALUES
from ..wording import KIND_WORDS, STATUS_WORDS, title, told
from .dictionary import ASSERTION_WORDS
from .sentence import around, place
from .workbook import Column, Link, Marked

QUOTES, SENTENCE = 4, 1000

PATIENT = Column("Patient", 16, "The patient; on Evidence a link to the patient's criteria.", "text")
POLICY = Column("Policy", 14, "The coverage policy, see About.", "text")
REVIEWED = Column("Reviewed", 24, "What a reviewer decided, who, when and why; empty where nobody did.")
VALUE_COLUMNS = {
    "modic": Column("Modic type", 12, "Type of the endplate changes that count.", "text"),
    "modic_levels": Column("Modic levels", 16, "Disc levels of these changes."),
    "duration_months": Column("Duration (months)", 11, "How long the low back pain has lasted.", "number"),
    "odi": Column("ODI (%)", 9, "Latest Oswestry score in percent, or its category.", "number"),
    "odi_date": Column("ODI date", 12, "Date of the note with that score.", "date"),
    "conservative_weeks": Column("Care (weeks)", 10, "Documented length of conservative care.", "number"),
    "therapies": Column("Therapies", 46, "Treatments tried or ongoing."),
    "pain_pattern_value": Column("Pain", 16, "Whether back or leg pain leads.", "text"),
}
REQUESTS = (
    PATIENT,
    POLICY,
    Column("Criterion", 20, "The criterion that lacks it.", "text"),
    Column("What is missing", 26, "The item, in words."),
    Column("What to ask for", 90, "What to add to the chart, and why."),
)


def evidence_columns(criteria: list[str]) -> list[Column]:
    return [
        PATIENT,
        POLICY,
        Column("Overall", 12, "Where the chart stands under the policy.", "status"),
        *(Column(title(name), 13, f"Status of the criterion {name}, see Criteria.", "status") for name in criteria),
        Column("Missing items", 34, "What the notes do not say, see Requests."),
        *VALUE_COLUMNS.values(),
        Column("Notes read", 8, "Notes that were read.", "number"),
        Column("Inputs not read", 11, "Empty, duplicate or rejected inputs; notes.csv says why.", "number"),
        Column("Facts", 11, "Number of facts; a link to them.", "text"),
    ]


def criteria_columns(reviewed: bool) -> list[Column]:
    return [
        PATIENT,
        POLICY,
        Column("Criterion", 20, "The criterion, or overall.", "text"),
        Column("Status", 12, "Where the chart stands.", "status"),
        Column("Why", 70, "The reason, with values and dates of notes."),
        Column("Missing items", 24, "What the notes do not say."),
        Column("In the words of the notes", 70, f"The first {QUOTES} facts behind the status: words, date, note type."),
        Column("Facts", 34, "The ids of all facts behind the status.", "text"),
        *([REVIEWED] if reviewed else []),
    ]


def fact_columns(reviewed: bool) -> list[Column]:
    return [
        PATIENT,
        Column("Note", 26, "The note.", "text"),
        Column("Date", 12, "Date of the note.", "date"),
        Column("Note type", 12, "Type of the note.", "text"),
        Column("Kind", 15, "Kind of fact, see below.", "text"),
        Column("What it says", 34, "The fact with its values."),
        Column("Assertion", 12, "Whether it is said of this patient, denied, hedged ..., see below.", "text"),
        Column("Sentence", 80, "The sentence, with the words of the fact in bold."),
        Column("Section", 16, "Section of the note.", "text"),
        Column("Used for", 24, "Criteria it is evidence for."),
        Column("Rule", 24, "The rule that found it.", "text"),
        Column("Cue", 18, "The words that set its assertion.", "text"),
        Column("Start", 8, "Where its words start in the note, in characters.", "number"),
        Column("End", 8, "Where they end.", "number"),
        Column("Fact id", 32, "The id of the fact in facts.csv and facts.jsonl.", "text"),
        *([REVIEWED] if reviewed else []),
    ]


def evidence_row(case: Case, policy: str, criteria: Sequence[str], to_criteria: str, to_facts: str) -> list[Any]:
    """A patient under one policy, with links to the patient's first rows on Criteria and Facts."""
    verdicts = {verdict.criterion: verdict for verdict in case.verdicts if verdict.policy == policy}
    overall = verdicts.get("overall")
    values = case.values.get(policy, {})
    read = sum(row.status == "processed" for row in case.rows)
    return [
        Link(case.patient_id, to_criteria) if case.verdicts else case.patient_id,
        policy,
        *(_status(verdicts.get(name)) for name in ("overall", *criteria)),
        _listed(overall.missing_items if overall else ()),
        *(_value(name, values.get(name, "")) for name in VALUES),
        read,
        len(case.rows) - read,
        Link(f"{len(case.facts)} facts", to_facts) if case.facts else "0 facts",
    ]


def criteria_row(verdict: Verdict, facts: dict[str, Fact]) -> tuple[Any, ...]:
    ids = [] if verdict.criterion == "overall" else verdict.evidence  # overall rests on all of the others
    evidence = [facts[fact_id] for fact_id in ids if fact_id in facts]
    quotes = [f"“{fact.text}” ({', '.join(filter(None, (fact.note_date, fact.note_type)))})" for fact in evidence]
    more = [f"and {len(quotes) - QUOTES} more"] if len(quotes) > QUOTES else []
    return (
        verdict.patient_id,
        verdict.policy,
        title(verdict.criterion),
        _status(verdict),
        verdict.rationale,
        _listed(verdict.missing_items),
        "; ".join(quotes[:QUOTES] + more),
        ", ".join(ids),
    )


def fact_row(fact: Fact, text: str | None, serves: Sequence[str]) -> tuple[Any, ...]:
    """A fact; `text` is that of its note where it is at hand, `serves` are the criteria it is evidence for."""
    return (
        fact.patient_id,
        fact.note_id,
        _day(fact.note_date),
        words(fact.note_type),
        KIND_WORDS[fact.kind],
        told(fact),
        ASSERTION_WORDS[fact.assertion],
        _sentence(fact, text),
        words(fact.section),
        ", ".join(dict.fromkeys(title(name) for name in serves)),
        fact.rule,
        fact.cue.text if fact.cue else None,
        fact.start,
        fact.end,
        fact.fact_id,
    )


def _sentence(fact: Fact, text: str | None) -> Marked | str:
    found = place(fact, text)
    if found is None:
        return fact.sentence
    sentence, (start, end) = around(fact, text, SENTENCE), found
    shift = fact.sentence.find(sentence)
    return Marked(sentence, start - shift, end - shift)


def _status(verdict: Verdict | None) -> str | None:
    return STATUS_WORDS.get(verdict.status, title(verdict.status)) if verdict else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(title(name) for name in names)


def _value(name: str, text: str) -> Any:
    if name == "odi_date":
        return _day(text)
    if name in ("duration_months", "odi", "conservative_weeks"):
        try:
            return float(text)
        except ValueError:
            return text
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if name == "therapies":
        parts = [_therapy(*part.partition(":")) for part in parts]
    return ", ".join(parts if name in ("modic", "modic_levels") else map(words, parts))


def _therapy(modality: str, _: str, outcome: str) -> str:
    return title(modality) + (f" ({outcome})" if outcome not in ("", "unknown") else "")


def _day(text: str | None) -> date | str | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return text
