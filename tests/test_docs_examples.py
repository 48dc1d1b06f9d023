"""The examples of README and docs/ run as they stand there and print what is shown; see doc_pages.py for the marks."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from doc_pages import examples, run_page

ROOT = Path(__file__).parents[1]
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if examples(path.read_text("utf-8"))
]
PATIENTS = ("S001", "S002", "S003", "S004")


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory):
    """Four sample patients in `notes`, and a finished run over them in `evidence`."""
    from bvn_evidence.runner import Options, run

    folder = tmp_path_factory.mktemp("samples")
    for patient in PATIENTS:
        shutil.copytree(ROOT / "annotated_samples/notes" / patient, folder / "notes" / patient)
    run(folder / "notes", folder / "evidence", Options(report=False))
    return folder


@pytest.fixture
def desk(sample_run, tmp_path, monkeypatch):
    """A folder as a reader of the docs has it: notes/, evidence/ (its finished run) and annotated_samples/."""
    shutil.copytree(sample_run, tmp_path, dirs_exist_ok=True)
    (tmp_path / "annotated_samples").symlink_to(ROOT / "annotated_samples")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_examples_of_a_page_run_and_print_what_is_shown(page, desk):
    if page.name == "spark.md" and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java")
    assert run_page(page, desk)


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("```python run\nprint('a')\n```\n```text output\nb\n```\n", "page.md:2 prints"),
        ("text\n\n```sh run\n$ echo a\n```\n\n```text output\na\nb\n```\n", "page.md:4 prints"),
        ("```sh run\nfalse\n```\n", "page.md:2 ends with 1"),
        ("```perl run\n1\n```\n", "cannot run"),
        ("```text output\n1\n```\n", "without a block"),
    ],
)
def test_an_example_that_is_not_true_fails(page, what, tmp_path):
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(AssertionError, match=what):
        run_page(tmp_path / "page.md", tmp_path)


def test_blocks_of_a_page_are_one_session_and_dots_stand_for_lines(tmp_path):
    page = (
        "```python run\nx = 2\n```\n```python\nraise SystemExit\n```\n"
        "```python run\nprint('a', *range(x), 'z', sep='\\n')\n```\n```text output\na\n...\nz\n```\n"
        "```sh run\n$ bvn-evidence --version\n```\n```text output\nbvn-evidence 0.1.0\n```\n"
    )
    (tmp_path / "page.md").write_text(page)
    assert run_page(tmp_path / "page.md", tmp_path) == 3
