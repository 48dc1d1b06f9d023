"""What an installation needs: every folder declared, every entry point loads, pins without registry addresses."""
from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_declared():
    found = set()
    for folder, name in (("pipeline", "bvn_evidence"), ("lexicons", "bvn_evidence_lexicons")):
        for init in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join([name, *init.parent.relative_to(ROOT / folder).parts]))
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize("name", sorted(PROJECT["project"]["entry-points"]["spacy_factories"]))
def test_every_declared_component_loads(name):
    point = next(iter(entry_points(group="spacy_factories", name=name)))
    assert callable(point.load())


def test_a_component_is_found_without_importing_us():
    code = ("import spacy; nlp = spacy.blank('en'); [nlp.add_pipe(n) for n in ('bvn_sentences', 'bvn_sections', 'bvn_targets', "
            "'bvn_assertion', 'bvn_modic')]; doc = nlp('Modic type 1 change at L4-5.'); print(doc.spans['facts'][0]._.fact['kind'])")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "modic"


def test_the_lock_names_versions_and_no_addresses():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert all("==" in line and "://" not in line and "@" not in line for line in lines if line.strip())
