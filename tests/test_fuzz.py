"""Whatever a chart is made of, the properties hold: found cases, structured charts, a short guided run; and they can fail."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import charts, fragments, grammar, mutate, properties

HERE = Path(__file__).parent
SECONDS = 15
quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.parametrize("path", fragments.found(), ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path):
    properties.check(path.read_bytes())


def test_every_found_case_is_told():
    told = (fragments.FOUND / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in fragments.found() if f"`{path.stem}`" not in told] == []


@settings(max_examples=60, **quiet)
@given(grammar.inputs())
def test_structured_charts(data):
    properties.check(data)


@settings(max_examples=20, **quiet)
@given(st.sampled_from(fragments.charts_of_samples()).flatmap(lambda chart: st.sampled_from(charts.split(chart))), st.integers(0, 10**9))
def test_changed_samples(note, seed):
    properties.check(mutate.mutated(charts.join([note]), 4000, seed))


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris (Linux, CPython 3.11 and 3.12) is not installed")
def test_a_guided_run_finds_nothing():
    """The fuzzer of `make fuzz` for some seconds; a chart it finds is printed in base64, and is made of our own words."""
    run = subprocess.run([sys.executable, "-m", "fuzz.run", str(SECONDS)], cwd=HERE, capture_output=True, text=True, timeout=180,
                         env={**os.environ, "PYTHONPATH": str(HERE)}, check=False)  # fmt: skip
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-4_000:]
    assert "stat::number_of_executed_units" in run.stderr
