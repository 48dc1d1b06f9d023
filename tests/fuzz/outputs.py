"""What must hold for the tables, the report and `explain`: nothing lost on the way, nothing of a note as markup."""

from __future__ import annotations

import csv
import functools
import html
import importlib
import io
import json
import re
import tempfile
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rich.console import Console

from bvn_evidence import report, tables
from bvn_evidence.case import Case
from bvn_evidence.corpus import read_patient
from bvn_evidence.criteria import list_policies
from bvn_evidence.explain import render, sections_of
from bvn_evidence.export import FORMATS
from bvn_evidence.finished import Finished
from bvn_evidence.patient import Engine, Settings, Task, policy_row
from bvn_evidence.report.highlight import marked, safe, spans_of
from bvn_evidence.schema import Fact, Note

from . import charts

_TAG = re.compile("<[^>]*>")
_TEMPLATES = Path(report.__file__).parent / "templates"
_VOID = {"meta", "input", "br", "hr", "link", "img", "path", "circle", "line", "rect", "polyline", "use"}


def check_explain(nlp: Any, note: Note, facts: list[Fact]) -> None:
    """`explain` draws the note without a control, format or private character."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    for part in render(note, facts, sections_of(nlp(note.text)), 80):
        console.print(part, highlight=False, soft_wrap=not hasattr(part, "columns"))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    wild = {char for char in shown if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")}
    assert not wild, f"explain shows {[hex(ord(char)) for char in wild]}"


def check_tables(chart: charts.Chart, facts: list[Fact]) -> None:
    """Facts come back from facts.jsonl as they were, and every cell of the tables as the value it holds."""
    lines = tables.fact_json(facts).splitlines()
    assert [Fact.from_dict(json.loads(line)) for line in lines] == facts, "facts.jsonl gives other facts"
    wanted = [[*_values(fact), *(fact.attributes.get(name) for name in tables.ATTRIBUTE_COLUMNS)] for fact in facts]
    _same_cells(tables.fact_lines(facts), wanted)
    _same_cells(tables.note_lines(chart.rows), [[getattr(row, name) for name in tables.NOTE_COLUMNS] for row in chart.rows])


def _values(fact: Fact) -> list[Any]:
    cue = fact.cue
    row = {**fact.to_dict(), "cue_start": cue and cue.start, "cue_end": cue and cue.end, "cue_text": cue and cue.text,
           "cue_rule": cue and cue.rule}  # fmt: skip
    return [row[name] for name in tables.FACT_COLUMNS]


def _same_cells(table: str, wanted: list[list[Any]]) -> None:
    read = list(csv.reader(io.StringIO(table, newline="")))
    assert len(read) == len(wanted), "a table with more or fewer lines than rows"
    for cells, values in zip(read, wanted, strict=True):
        assert [tables.unescaped(cell) for cell in cells] == [tables.plain(value) for value in values]
        assert not any(cell[:1] in "=+-@\t\r" and cell and not re.fullmatch(r"[+-]?[\d.eE+-]+", cell) for cell in cells)


@functools.cache
def _engine(policy: str) -> Engine:
    return Engine(Settings((policy,), report=True))


def check_run(nlp: Any, chart: charts.Chart, facts: list[Fact], seed: int) -> None:
    """What a run writes: a page that is well formed, made again letter for letter from the tables; and an export of it."""
    policies = sorted({policy.id for policy in list_policies()})
    engine = _engine(policies[len(facts) % len(policies)])
    engine._nlp = nlp
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        texts = {note.note_id: note.text for note in chart.notes}
        for source in chart.sources:
            source.data = texts.get(source.note_id, "").encode()
        record = engine.process(Task(charts.PATIENT, folder, chart.sources))
        failed = [row.reason for row in record.rows if row.reason.startswith("failed")]
        assert not failed and not record.failed, (failed, record.failed)
        heads = tables.headers(engine.columns)
        for name, chunk in record.chunks.items():
            Path(root, name).write_text(heads[name] + chunk, encoding="utf-8", newline="")
        infos = [policy_row(policy) for policy in engine.versions]
        info = {"policies": infos, "options": {"policy": [engine.policies[0].id]}, "timings": {"finished": "2024-06-01T10:00:00+00:00"}}
        case = next(Finished(root, info).cases())
        rows = [row for row, _ in read_patient(folder, chart.sources)]
        case.texts, case.withheld = {row.note_id: texts[row.note_id] for row in rows if row.status == "processed"}, {}
        _check_export(Finished(root, info), case, FORMATS[seed % len(FORMATS)])
    check_page(record.page)
    assert report.page(case, [report.PolicyInfo.of(row) for row in infos]) == record.page, "the report made from the tables is another"
    for note in chart.notes:
        check_highlight(note, [fact for fact in facts if fact.note_id == note.note_id])


def _check_export(run: Finished, case: Case, name: str) -> None:
    target = run.folder / "export"
    target.mkdir()
    importlib.import_module(f"bvn_evidence.export.{name.replace('-', '_')}").write(run, iter([case]), target)
    assert any(target.rglob("*")), f"nothing exported as {name}"


def check_highlight(note: Note, facts: list[Fact]) -> None:
    """The marked note shows all of the note and nothing else."""
    spans = spans_of(list(enumerate(facts, 1)), set())
    bare = html.unescape(_TAG.sub("", str(marked(note.text, spans, lambda span: ""))))
    assert bare == html.unescape(_TAG.sub("", str(safe(note.text)))), "the marked note is not the note"


class _Page(HTMLParser):
    """Raises where tags do not nest or where a tag or attribute is none of the templates'."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in _tags(), f"a tag {tag} that no template has"
        self.counts[tag] = self.counts.get(tag, 0) + 1
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("srcdoc", "style", "src"), f"an attribute {name}"
            assert name != "href" or str(value).startswith(("#", "../index.html")), "a link that leads elsewhere"
            if name == "id":
                self.ids.append(str(value))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes another tag"


@functools.cache
def _tags() -> frozenset[str]:
    templates = "".join(path.read_text(encoding="utf-8") for path in _TEMPLATES.glob("*.html"))
    return frozenset(re.findall(r"<([a-z][a-z0-9]*)", templates)) | {"u", "i"}


def check_page(page: str) -> None:
    """One script and one style, every tag closed, no address twice, no control character."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    assert not parser.open or parser.open == ["html"], f"not closed: {parser.open}"
    assert parser.counts["script"] == parser.counts["style"] == 1
    assert len(set(parser.ids)) == len(parser.ids), "an id twice"
    assert "could not be drawn" not in page
    assert not re.search("[\x00-\x08\x0b\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page), "a control character in the page"
