"""A patient's page and a patient's line of the index, from a Case. Templates do the markup; everything is escaped."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..case import Ask, Case, PolicyInfo, policy_of
from ..corpus import NoteRow
from ..criteria.chart import WEEKS_PER_MONTH
from ..schema import Fact, Verdict
from ..wording import ASSERTION_SIGNS, DISCLAIMER, KIND_WORDS, STATUS_WORDS, title, told, unusual_titles
from . import timeline as lines
from .highlight import Span, marked, spans_of, visible

_HERE = Path(__file__).parent
FIRST_EVIDENCE, SHOWN_LEVELS = 4, 2
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_SIGNS = {**ASSERTION_SIGNS, "absent": "−"}
_NEXT_POINT = re.compile(r"; (?=[A-Z])")


@dataclass(slots=True)
class _Row:
    """A criterion as shown: its verdict, the evidence as fact numbers, and what reviewers said."""

    anchor: str
    verdict: Verdict
    evidence: list[int]
    marks: list[str]


@dataclass(slots=True)
class _Section:
    """A policy as shown."""

    info: PolicyInfo
    overall: Verdict
    rows: list[_Row]
    asks: list[tuple[Ask, str]]
    values: list[tuple[str, str]]
    marks: list[str]


@dataclass(slots=True)
class _NoteView:
    row: NoteRow
    anchor: str
    numbers: list[int]
    html: Markup | None
    withheld: str
    used: bool


@dataclass(slots=True)
class _View:
    facts: dict[int, Fact]
    marks: dict[int, list[str]]
    serves: dict[int, list[tuple[str, str]]] = field(default_factory=dict)


def file_name(patient_id: str) -> str:
    """The file of a patient's page: an id may hold anything, so its hash names the file."""
    return hashlib.sha256(patient_id.encode("utf-8", "surrogatepass")).hexdigest()[:24] + ".html"


def page(case: Case, policies: list[PolicyInfo]) -> str:
    """The HTML of a patient's page. Facts or a text that cannot be drawn cost themselves, not the page or the run."""
    try:
        return _page(case, policies)
    except Exception:
        withheld = {row.note_id: "it could not be drawn; facts.csv lists its facts" for row in case.rows}
        return _page(replace(case, facts=[], texts={}, withheld=withheld), policies)


def _page(case: Case, policies: list[PolicyInfo]) -> str:
    numbers = {fact.fact_id: number for number, fact in enumerate(case.facts, 1)}
    view = _View(
        dict(enumerate(case.facts, 1)),
        {numbers[key]: said for key, said in case.marks.items() if key in numbers},
    )
    sections = [
        _section(case, name, place, policies, numbers, view)
        for place, name in enumerate(dict.fromkeys(verdict.policy for verdict in case.verdicts))
    ]
    notes = _notes(case, view)
    kinds = Counter(fact.kind for fact in case.facts)
    dates = sorted(row.note_date for row in case.rows if row.status == "processed" and row.note_date)
    return _render(
        "patient.html",
        "patient.js",
        case=case,
        sections=sections,
        view=view,
        notes=notes,
        others=[row for row in case.rows if row.status != "processed"],
        timeline=lines.timeline(case.rows, list(view.facts.items())),
        geometry=lines,
        kinds=[(kind, KIND_WORDS[kind], kinds[kind]) for kind in KIND_WORDS if kinds[kind]],
        dates=dates,
        first=FIRST_EVIDENCE,
    )


def entry(case: Case) -> dict[str, Any]:
    """A patient for the index: `v` holds per policy the overall status, the status by criterion, missing items."""
    verdicts: dict[str, dict[str, Any]] = {}
    for verdict in case.verdicts:
        row = verdicts.setdefault(verdict.policy, {"p": verdict.policy, "o": "review", "c": {}, "m": []})
        if verdict.criterion == "overall":
            row["o"], row["m"] = verdict.status, verdict.missing_items
        else:
            row["c"][verdict.criterion] = verdict.status
    processed = sum(row.status == "processed" for row in case.rows)
    rejected = sum(row.status == "rejected" for row in case.rows)
    return {
        "id": case.patient_id,
        "f": file_name(case.patient_id),
        "n": processed,
        "x": rejected,
        "r": len(case.marks),
        "v": list(verdicts.values()),
    }


def index_parts(policies: list[PolicyInfo], counts: dict[str, Any]) -> tuple[str, str]:
    """The index before and after its data: the data are streamed in between."""
    seam = "<!--data-->"
    names = {info.id: info.title for info in policies}
    html = _render("index.html", "index.js", policies=names, counts=counts, seam=Markup(seam), words=_words())
    head, _, tail = html.partition(seam)
    return head, tail


def json_text(value: Any) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _words() -> Markup:
    return Markup(json_text({"status": STATUS_WORDS, "titles": unusual_titles()}))


def _section(
    case: Case, name: str, place: int, policies: list[PolicyInfo], numbers: dict[str, int], view: _View
) -> _Section:
    mine = [verdict for verdict in case.verdicts if verdict.policy == name]
    overall = next((verdict for verdict in mine if verdict.criterion == "overall"), mine[-1])
    rows = []
    for verdict in mine:
        if verdict.criterion == "overall":
            continue
        evidence = [numbers[key] for key in verdict.evidence if key in numbers]
        row = _Row(
            f"c{place}-{verdict.criterion}", verdict, evidence, case.marks.get(f"{name}/{verdict.criterion}", [])
        )
        rows.append(row)
        for number in evidence:
            serves = view.serves.setdefault(number, [])
            if verdict.criterion not in (criterion for _, criterion in serves):  # of several policies the first
                serves.append((row.anchor, verdict.criterion))
    anchors = {title(row.verdict.criterion): row.anchor for row in rows}
    asks = [(ask, anchors.get(title(ask.criterion), "")) for ask in case.asks.get(name, [])]
    info = policy_of(policies, name, case.judged_on)
    return _Section(
        info, overall, rows, asks, _key_values(case.values.get(name, {})), case.marks.get(f"{name}/overall", [])
    )


def _key_values(values: dict[str, str]) -> list[tuple[str, str]]:
    """The key values in words; those that are not documented are told too."""
    if not values:
        return []

    def of(name: str, unit: str = "") -> str:
        text = ", ".join(part.strip() for part in values.get(name, "").split(";") if part)
        return f"{text}{unit}" if text else ""

    modic = " at ".join(filter(None, [of("modic"), of("modic_levels")]))
    odi = of("odi") + (" %" if of("odi")[:1].isdigit() else "") + (f" ({values['odi_date']})" if of("odi_date") else "")
    return [
        ("Modic type", modic),
        ("Symptom duration", of("duration_months", " months")),
        ("Conservative care", _weeks(of("conservative_weeks"))),
        ("Oswestry (ODI)", odi),
        ("Pain pattern", title(values.get("pain_pattern_value", "")) if values.get("pain_pattern_value") else ""),
    ]


def _weeks(weeks: str) -> str:
    try:
        return f"{float(weeks):g} weeks ({float(weeks) / WEEKS_PER_MONTH:.0f} months)"
    except ValueError:
        return weeks


def _notes(case: Case, view: _View) -> list[_NoteView]:
    by_note: dict[str, list[int]] = {}
    for number, fact in view.facts.items():
        by_note.setdefault(fact.note_id, []).append(number)
    used = {view.facts[number].fact_id for number in view.serves}
    found = []
    for place, row in enumerate((row for row in case.rows if row.status == "processed"), 1):
        numbers = by_note.get(row.note_id, [])
        text = case.texts.get(row.note_id)
        spans = spans_of([(number, view.facts[number]) for number in numbers], used)
        html = None if text is None else marked(text, spans, lambda span: _label(span, view))
        withheld = case.withheld.get(row.note_id, "the note is not at hand") if text is None else ""
        serving = any(number in view.serves for number in numbers)
        found.append(_NoteView(row, f"n{place}", numbers, html, withheld, serving))
    return sorted(found, key=lambda note: (note.row.note_date or "", note.row.note_id))


def _points(rationale: str) -> list[str]:
    """A rationale made of several sentences, one each."""
    return _NEXT_POINT.split(rationale)


def _dated(text: str) -> Markup:
    """Escaped text whose dates do not break over lines."""
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', str(escape(text))))


def _label(span: Span, view: _View) -> str:
    """The tag behind a span as HTML: number, sign of the assertion, levels; it leads to the fact beside the note."""
    fact = span.fact
    named = [str(level) for level in fact.attributes.get("levels") or ()]
    levels = visible(" ".join(named) if len(named) <= SHOWN_LEVELS else f"{len(named)} levels")
    serves = ", ".join(dict.fromkeys(title(criterion) for _, criterion in view.serves.get(span.number, [])))
    says = f"Fact {span.number}: {told(fact)}, {fact.assertion}" + (f"; evidence for {serves}" if serves else "")
    said, number = escape(visible(says)), span.number
    return (
        f'<a class="tag k-{fact.kind} a-{fact.assertion}" data-n="{number}" href="#f{number}" title="{said}" '
        f'aria-label="{said}">{number}<i>{_SIGNS[fact.assertion]}</i>{escape(f" {levels}" if levels else "")}</a>'
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(points=_points, dated=_dated, title=title, visible=visible, told=told)
    environment.globals.update(signs=_SIGNS, status_words=STATUS_WORDS, kind_words=KIND_WORDS, disclaimer=DISCLAIMER)
    return environment


def _render(template: str, script: str, **values: Any) -> str:
    """A template with its style and script inline; the policy of the page allows these two by hash and nothing else."""
    from .. import __version__

    style, code = _static("report.css"), _static(script)
    csp = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(code)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(style=Markup(style), code=Markup(code), csp=Markup(csp), version=__version__, **values)
    )


@functools.cache
def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
