"""Runs the examples of a page of the documentation as they stand there.

A fenced block whose first line is ```` ```python run ```` or ```` ```sh run ```` is run; a block ```` ```text output ```` right
behind it is what it prints (a line `...` stands for any lines). The blocks of a page run in order, in one folder, as one
Python session. A shell line may start with a prompt `$ `.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<fence>```+|~~~+) *(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence) *$", re.M | re.S)
LANGUAGES = ("python", "sh")


@dataclass(slots=True)
class Example:
    """A block to run: its language, its text, the line of the page its text starts on, what it prints (None: not shown)."""

    language: str
    text: str
    line: int
    output: str | None = None


def examples(page: str) -> list[Example]:
    """The blocks of a page that are marked `run`, each with the output shown right behind it."""
    found: list[Example] = []
    end = None
    for match in _FENCE.finditer(page):
        words = match["info"].split()
        if words[1:] == ["run"]:
            assert words[0] in LANGUAGES, f"a block in {words[0]} cannot run; runnable are {LANGUAGES}"
            found.append(Example(words[0], match["body"], page.count("\n", 0, match.start("body")) + 1))
            end = match.end()
        elif words == ["text", "output"]:
            assert found and end is not None and not page[end : match.start()].strip(), "output without a block before it"
            found[-1].output, end = match["body"], None
    return found


def run_page(path: Path, folder: Path) -> int:
    """Run the examples of a page in `folder`; how many there were. Raises AssertionError with the page's line."""
    names = {"__name__": "__main__"}
    pages = examples(path.read_text(encoding="utf-8"))
    with contextlib.chdir(folder):
        for example in pages:
            where = f"{path.name}:{example.line}"
            said = _python(example, path, names) if example.language == "python" else _shell(example, where)
            if example.output is not None:
                assert _matches(example.output, said), f"{where} prints\n{said}\nand the page shows\n{example.output}"
    return len(pages)


def _python(example: Example, path: Path, names: dict[str, str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):  # blank lines before it: a traceback names the line of the page
        exec(compile("\n" * (example.line - 1) + example.text, str(path), "exec"), names)
    return out.getvalue()


def _shell(example: Example, where: str) -> str:
    commands = re.sub(r"^\$ ", "", example.text, flags=re.M)
    ours = f'bvn-evidence() {{ "{sys.executable}" -m bvn_evidence "$@"; }}\n'
    environment = {**os.environ, "COLUMNS": "160", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    shell = ["bash", "-e", "-c", ours + commands]
    done = subprocess.run(shell, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, f"{where} ends with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def _matches(shown: str, said: str) -> bool:
    lines = [line.rstrip() for line in shown.strip("\n").split("\n")]
    pattern = "\n".join("<<any>>" if line == "..." else re.escape(line) for line in lines)
    pattern = re.sub(r"(^|\n)<<any>>(\n|$)", r"\1(?:.*\n)*?.*\2", pattern)
    actual = "\n".join(line.rstrip() for line in said.strip("\n").split("\n"))
    return re.fullmatch(pattern, actual) is not None
