"""Runs the notebooks and stores their output: python notebooks/execute.py [NAME ...]"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent

with TemporaryDirectory() as data:
    kernel = Path(data) / "kernels/python3"
    kernel.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    os.environ["JUPYTER_PATH"] = data
    for path in sorted(FOLDER.glob("*.ipynb")):
        if len(sys.argv) == 1 or path.stem in sys.argv:
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(
                notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}, store_widget_state=False
            ).execute()
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
            notebook.metadata["language_info"] = {"name": "python"}
            nbformat.write(notebook, path)
            print(path.name)
