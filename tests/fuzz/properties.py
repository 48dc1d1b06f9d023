"""What must hold for any chart, whatever its bytes are: `check`. Hypothesis, atheris and the found cases all call it."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

from spacy.language import Language

from bvn_evidence.criteria import Policy, judge, list_policies
from bvn_evidence.nlp import extract, load
from bvn_evidence.schema import ASSERTIONS, ATTRIBUTES, KINDS, NOTE_STATUSES, NOTE_TYPES, Fact, Note
from bvn_evidence.values import check_change

from . import charts, outputs

STATUSES = ("met", "not_met", "missing", "review", "unverified")
OVERALL = ("met", "not_met", "incomplete", "review", "excluded")
FEW = 6  # facts of a chart so small that every policy is asked what happens without each of them
PARAGRAPH = "\n\nThe waiting room was painted green.\n"
Row = dict[str, Any]


@Language.component("fuzz_bystander")
def _bystander(doc: Any) -> Any:
    return doc


@functools.cache
def pipeline() -> Language:
    """The pipeline as it is used."""
    return load()


@functools.cache
def plain_pipeline() -> Language:
    """The same without the gate and, because a component of a user is in it, over spaCy Docs."""
    nlp = load(gate=False)
    nlp.add_pipe("fuzz_bystander")
    return nlp


def check(data: bytes) -> int:
    """Read, extract, judge and write out one chart; raises where a property does not hold. Returns the facts found."""
    chart = charts.read(data)
    for row in chart.rows:
        assert row.status in NOTE_STATUSES and (row.status == "processed" or row.reason)
        assert row.note_type in NOTE_TYPES
        assert row.note_date is None or date.fromisoformat(row.note_date)
    facts: list[Fact] = []
    for note in chart.notes:
        found = extract(pipeline(), note)
        check_facts(note, found)
        check_agreement(note, found)
        check_changes_of_layout(note, found)
        outputs.check_explain(pipeline(), note, found)
        facts += found
    seed = hashlib.sha256(data).digest()[0]
    check_verdicts(chart, facts, seed)
    outputs.check_tables(chart, facts)
    outputs.check_run(pipeline(), chart, facts, seed)
    return len(facts)


def check_facts(note: Note, facts: list[Fact]) -> None:
    """Offsets, values and ids of the facts of one note."""
    text = note.text
    for fact in facts:
        assert 0 <= fact.start < fact.end <= len(text), "offsets outside the note"
        assert text[fact.start : fact.end] == fact.text, "offsets that give another text"
        inside = text[fact.start - 1 : fact.start].islower() and text[fact.start].islower()
        assert not inside or fact.kind == "modic", "a fact that begins within a word"  # subendplate changes are modic
        assert fact.text == fact.text.strip(" \t\r\n"), "blanks around a fact"
        assert fact.sentence in text and fact.text in fact.sentence, "a sentence without its fact"
        assert fact.kind in KINDS and fact.assertion in ASSERTIONS and fact.rule and fact.section
        assert set(fact.attributes) == set(ATTRIBUTES[fact.kind]), "attributes of another kind"
        check_change(fact.kind, {"assertion": fact.assertion, "attributes": fact.attributes})
        if fact.cue:
            assert 0 <= fact.cue.start < fact.cue.end <= len(text) and fact.cue.rule
            assert text[fact.cue.start : fact.cue.end] == fact.cue.text, "a cue that is not where it is said to be"
        assert (fact.note_id, fact.patient_id, fact.note_date) == (note.note_id, note.patient_id, note.note_date)
    assert len({fact.fact_id for fact in facts}) == len(facts)
    assert [fact.start for fact in facts] == sorted(fact.start for fact in facts)


def check_agreement(note: Note, facts: list[Fact]) -> None:
    """The same facts a second time, without the gate, and over a Doc."""
    rows = rows_of(facts)
    assert rows_of(extract(pipeline(), note)) == rows, "another result the second time"
    differ("without the gate, over a Doc", rows, rows_of(extract(plain_pipeline(), note)))


def check_changes_of_layout(note: Note, facts: list[Fact]) -> None:
    """What says nothing changes nothing: blank lines at the end, the kind of line ends, a paragraph about the weather."""
    rows = rows_of(facts)
    differ("blank lines at the end", rows, rows_of(extract(pipeline(), replace(note, text=note.text + "\n\n \n"))))
    for name, end in (("CRLF", "\r\n"), ("CR", "\r")) if "\r" not in note.text else ():
        other = replace(note, text=note.text.replace("\n", end))
        differ(name, rows, [_with_plain_ends(row, other.text, end) for row in rows_of(extract(pipeline(), other))])
    more = rows_of(extract(pipeline(), replace(note, text=note.text + PARAGRAPH)))
    differ("an unrelated paragraph", rows, more)


def _with_plain_ends(row: Row, text: str, end: str) -> Row:
    """A fact of a note with other line ends as it would stand in the note with LF."""

    def moved(offset: int) -> int:
        return offset - text.count("\r", 0, offset) * (len(end) - 1)

    def mended(words: str) -> str:
        return words.replace(end, "\n")

    cue = row["cue"] and {**row["cue"], "start": moved(row["cue"]["start"]), "end": moved(row["cue"]["end"]),
                          "text": mended(row["cue"]["text"])}  # fmt: skip
    return {**row, "start": moved(row["start"]), "end": moved(row["end"]), "text": mended(row["text"]),
            "sentence": mended(row["sentence"]), "cue": cue}  # fmt: skip


def rows_of(facts: list[Fact]) -> list[Row]:
    return [fact.to_dict() for fact in facts]


def differ(what: str, before: list[Row], after: list[Row]) -> None:
    """Raise with what is gone and what is new."""
    if before != after:
        gone = [row for row in before if row not in after]
        new = [row for row in after if row not in before]
        raise AssertionError(f"{what}: other facts\n- {gone}\n+ {new}")


def check_verdicts(chart: charts.Chart, facts: list[Fact], seed: int) -> None:
    """Every shipped policy judges the chart, lawfully, in any order; evidence taken away never makes anything met."""
    notes = [replace(note, text="") for note in chart.notes]
    known = {fact.fact_id for fact in facts}
    policies = list_policies()
    for policy in policies:
        judgement = judge(charts.PATIENT, facts, notes, policy)
        again = judge(charts.PATIENT, facts[::-1], notes[::-1], policy)
        assert (judgement.verdicts, judgement.values, judgement.requests) == (again.verdicts, again.values, again.requests)
        asked = {request.criterion for request in judgement.requests}
        for verdict in judgement.verdicts:
            overall = verdict.criterion == "overall"
            assert verdict.status in (OVERALL if overall else STATUSES), verdict
            assert verdict.rationale.endswith(".") and "\n" not in verdict.rationale, verdict
            assert set(verdict.evidence) <= known, verdict
            assert overall or (verdict.status in ("missing", "review")) == (verdict.criterion in asked), verdict
            assert overall or bool(verdict.missing_items) == (verdict.status == "missing"), verdict
        assert judgement.overall.status in ("met", "excluded") or judgement.blocking
        if judgement.overall.status == "met":
            assert {verdict.status for verdict in judgement.verdicts} <= {"met", "unverified"}
    for policy in policies if len(facts) <= FEW else (policies[seed % len(policies)],):
        check_monotone(facts, notes, policy)


def check_monotone(facts: list[Fact], notes: list[Note], policy: Policy) -> None:
    """A missing criterion is met by no removal; any other that is not met stays so as long as the facts it cites stand."""

    @functools.cache
    def without(gone: frozenset[str]) -> dict[str, str]:
        part = [fact for fact in facts if fact.fact_id not in gone]
        return {verdict.criterion: verdict.status for verdict in judge(charts.PATIENT, part, notes, policy).verdicts}

    for verdict in judge(charts.PATIENT, facts, notes, policy).verdicts[:-1]:
        if verdict.status in ("met", "unverified"):
            continue
        cited = set(verdict.evidence) if verdict.status != "missing" else set()
        loose = [fact for fact in facts if fact.fact_id not in cited]
        removals = [loose, *([fact for fact in loose if fact.kind == kind] for kind in {fact.kind for fact in loose}),
                    *([fact] for fact in loose[:20])]  # fmt: skip
        for removed in removals:
            status = without(frozenset(fact.fact_id for fact in removed)).get(verdict.criterion)
            assert status != "met", (verdict, removed)
