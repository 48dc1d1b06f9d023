"""The notebooks run from top to bottom, and what they are shipped with is an output of theirs, free of machine paths."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NAMES = ["01_run", "02_review", "03_accuracy", "04_extend"]
MACHINE = re.compile(r"/(?:home|root|tmp|work|Users|usr|var|opt)/|[A-Z]:\\\\|0x[0-9a-f]{8,}")


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """A kernel of this very Python, whatever kernels the machine has."""
    folder = tmp_path / "kernels/python3"
    folder.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    manager = KernelSpecManager()
    manager.kernel_dirs.insert(0, str(tmp_path / "kernels"))
    return manager


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name, kernels):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    from jupyter_client import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
    NotebookClient(notebook, km=manager, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    said = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert {"01_run": "Modic", "02_review": "imaging after:", "03_accuracy": "image/png", "04_extend": "Redcord"}[name] in said
    assert len([cell for cell in notebook.cells if cell.cell_type == "code"]) <= 8
    if name == "04_extend":
        assert "physical_therapy" not in json.dumps(notebook.cells[2].outputs) and "physical_therapy" in json.dumps(notebook.cells[3].outputs)
    if name == "02_review":
        before, after = re.search(r"imaging before: (\w+).*imaging after: +(\w+)", said).groups()
        assert (before, after) == ("met", "missing")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_shipped_with_its_output_and_names_no_machine(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert sum(bool(cell.outputs) for cell in code) >= len(code) - 1
    text = re.sub(r'"image/png": "[^"]*"', "", (FOLDER / f"{name}.ipynb").read_text())
    assert not MACHINE.findall(text)
