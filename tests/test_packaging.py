"""What an installation needs: every folder declared, every entry point loads, pins without registry addresses."""
from __future__ import annotations

import re
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


def test_the_lock_names_versions_and_no_addresses():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert all("==" in line and "://" not in line and "@" not in line for line in lines if line.strip())


def names(requirements: list[str]) -> set[str]:
    """The packages of some requirements, our own extras left out."""
    found = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}
    return found - {"bvn-evidence"}


def test_every_dependency_has_its_reason_in_the_docs():
    rows = re.findall(r"^\| (.*) \|$", (ROOT / "docs/dependencies.md").read_text(), re.M)
    cells = [row.split(" | ") for row in rows if "`" in row]
    told = {cell[0].strip("`").lower(): cell[-1] for cell in cells if len(cell) == 2}
    assert set(told) == names(PROJECT["project"]["dependencies"]) and all(len(why) > 10 for why in told.values())
    extras = {cell[0].strip("`"): set(re.findall(r"`(.*?)`", cell[1].lower())) for cell in cells if len(cell) == 3}
    assert extras == {name: names(needs) for name, needs in PROJECT["project"]["optional-dependencies"].items() if name != "dev"} | {
        "spark": {"pyspark"}}


def test_every_dependency_is_imported():
    code = "\n".join(path.read_text() for path in (ROOT / "pipeline").rglob("*.py"))
    module = {"scikit-learn": "sklearn", "pyyaml": "yaml", "charset-normalizer": "charset_normalizer", "pyahocorasick": "ahocorasick"}
    for name in names(PROJECT["project"]["dependencies"]):
        assert re.search(rf"^\s*(?:import|from) {module.get(name, name)}\b", code, re.M), name


def test_every_test_that_the_security_page_names_exists():
    named = re.findall(r"`(test_\w+\.py)::(\w+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 25
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / "tests" / file).read_text(), re.M), f"{file}::{test}"
