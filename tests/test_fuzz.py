"""Whatever a chart is made of, the properties hold: found cases, structured charts, a short guided run; and they can fail."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from bvn_evidence import explain, tables
from bvn_evidence.criteria import imaging
from bvn_evidence.nlp import component, extract, load, sentences, view
from bvn_evidence.report import highlight
from bvn_evidence.schema import Fact, Note
from fuzz import charts, fragments, grammar, mutate, properties

HERE = Path(__file__).parent
SECONDS = 8
quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.parametrize("path", fragments.found(), ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path):
    properties.check(path.read_bytes())


def test_every_found_case_is_told():
    told = (fragments.FOUND / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in fragments.found() if f"`{path.stem}`" not in told] == []


@settings(max_examples=40, **quiet)
@given(grammar.inputs())
def test_structured_charts(data):
    properties.check(data)


@settings(max_examples=20, **quiet)
@given(st.sampled_from(fragments.charts_of_samples()).flatmap(lambda chart: st.sampled_from(charts.split(chart))), st.integers(0, 10**9))
def test_changed_samples(note, seed):
    properties.check(mutate.mutated(charts.join([note]), 4000, seed))


@settings(max_examples=20, **quiet)
@given(st.lists(grammar.sections(), min_size=1, max_size=4), st.sampled_from(("radiology", "clinic")))
def test_headings_in_capitals_are_the_same_headings(sections, note_type):
    def facts(title):
        text = "\n\n".join(f"{title(head)}:\n{body}" for head, body in sections) + "\n"
        note = Note("n", charts.PATIENT, text, note_date="2024-03-05", note_type=note_type)
        return json.loads(json.dumps(properties.rows_of(extract(properties.pipeline(), note))).lower())

    properties.differ("headings in capitals", facts(str.title), facts(str.upper))


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris (Linux, CPython 3.11 and 3.12) is not installed")
def test_a_guided_run_finds_nothing():
    """The fuzzer of `make fuzz` for some seconds; a chart it finds is printed in base64, and is made of our own words."""
    run = subprocess.run([sys.executable, "-m", "fuzz.run", str(SECONDS)], cwd=HERE, capture_output=True, text=True, timeout=400,
                         env={**os.environ, "PYTHONPATH": str(HERE)}, check=False)  # fmt: skip
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-4_000:]
    assert "stat::number_of_executed_units" in run.stderr


BREAKS = {
    "offsets moved by one": (
        lambda patch: patch.setattr(sentences.Sentence, "source", lambda self, at: self.start + at + 1), "The low back pain, and the sciatica."),
    "a cue in other words": (
        lambda patch: patch.setattr(component, "_as_written", lambda text, cue: replace(cue, text=cue.text.lower())), "No leg pain. Denies sciatica."),
    "line ends of another kind": (
        lambda patch: patch.setattr(view, "_LONE_RETURN", re.compile("(?!)")), "Physical therapy progress note\nVisits: 12 of 12."),
    "a gate that is shut": (
        lambda patch: patch.setattr(properties, "pipeline", _without_odi), "ODI 40%."),
    "a fact lost on its way": (
        lambda patch: patch.setattr(Fact, "from_dict", classmethod(lambda cls, row: cls(**{**row, "cue": None}))), "No leg pain."),
    "a line end in a line": (
        lambda patch: patch.setattr(tables, "_LINE_BREAKS", {}), "Low back pain for\u2028 3 years.\u2028ODI\u2028 40%."),
    "a formula in a table": (
        lambda patch: patch.setattr(tables, "_FORMULA", re.compile("(?!)")), "=ODI 40%"),
    "a contradiction unseen": (
        lambda patch: patch.setattr(imaging, "clashing", lambda chart, test: []),
        "The L4-L5 endplates are normal.\nModic type II change is seen at L4/5."),
    "markup in the report": (
        lambda patch: patch.setattr(highlight, "safe", Markup), "<script>alert(1)</script> ODI 40%."),
    "control characters in a terminal": (
        lambda patch: patch.setattr(explain, "neutral", str), "ODI 40%. \x1b[31mred"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_the_properties_can_fail(name, monkeypatch):
    broken, text = BREAKS[name]
    data = charts.join([("2024-03-05_clinic.txt", text.encode())])
    properties.check(data)
    broken(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        properties.check(data)


@functools.cache
def _without_odi():
    nlp = load()
    nlp.remove_pipe("bvn_odi")
    return nlp
