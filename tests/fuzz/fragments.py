"""What the fuzzers build charts from: the annotated samples, the example sentences of the lexicons, and their words."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from bvn_evidence.nlp import lexicon
from bvn_evidence.nlp.examples import parse
from bvn_evidence.nlp.triggers import required

from . import charts

_SAMPLES = Path(__file__).parents[2] / "annotated_samples" / "notes"
FOUND = Path(__file__).parent / "found"
ODD = ("\u200b", "\ufeff", "\u202e", "\u00a0", "\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\x1f", "\t", "\0", "\x1b[31m", "é", "İ", "ß",
       "ﬁ", "½", "⅔", "²", "٣", "４", "–", "—", "−", "’", "“", "●", "☐", "☒", "✓", "😀", "\U000e0041", "<script>", "</div>", "&lt;",
       "{{ 7 * 7 }}", "'=1+1", "=1+1", '"', "';", "\\", "\ud7ff", "́", "1/2", "9/12", "L10", "0%", "100%", "1e9", "-5", "00", "31/02/2024")  # fmt: skip
MARKUP = ("\n- ", "\n* ", "\n1. ", "\n[x] ", "\n[ ] ", "\n☐ ", " | ", "\n| ", "\n\n", "\n", "\r\n", "\r", ": ", "; ", ", ", ". ", "? ", " - ",
          "   ", "\t", " / ", " (", ") ", "\n---|---\n", "_____", " no ", " not ", " denies ", " or ", " and ")  # fmt: skip


@functools.cache
def charts_of_samples() -> tuple[bytes, ...]:
    """The annotated samples, a chart a patient."""
    return tuple(
        charts.join((path.name, path.read_bytes()) for path in sorted(folder.glob("*.txt")))
        for folder in sorted(_SAMPLES.iterdir())
    )


@functools.cache
def examples() -> tuple[str, ...]:
    """The example sentences of all lexicons, without their marks."""
    found = [
        re.sub(r"^<\w+>", "", parse(example)[0])
        for name in lexicon.names() if name not in ("macros", "spelling")
        for entry in lexicon.entries(name)
        for example in (*entry.positive, *entry.negative)
    ]  # fmt: skip
    return tuple(dict.fromkeys(found))


@functools.cache
def words() -> tuple[str, ...]:
    """The strings that open the gate of a rule, its plain terms, and the key words whose typing errors are mended."""
    found = set(map(str, lexicon.read("spelling")["keys"]))
    for name in lexicon.names():
        for entry in lexicon.entries(name) if name not in ("macros", "spelling") else ():
            found |= required(entry.regex)
        for row in lexicon.read(name).get("entries") or ():
            found.update(map(str, row.get("terms") or ()))
    return tuple(sorted(found))


@functools.cache
def headings() -> tuple[str, ...]:
    rows = lexicon.read("sections")["entries"]
    return tuple(str(term) for row in rows for term in row.get("terms") or ())


@functools.cache
def sentences() -> tuple[str, ...]:
    """Lines of the samples and examples of the lexicons."""
    lines = [line.strip() for chart in charts_of_samples() for line in chart.decode("utf-8", "replace").splitlines()]
    return tuple(dict.fromkeys([*(line for line in lines if line and not line.startswith("===")), *examples()]))


def found() -> list[Path]:
    """The inputs that once failed."""
    return sorted(FOUND.glob("*.chart"))


def dictionary() -> str:
    """A dictionary in libFuzzer's format: the words of the lexicons, and what makes structure."""

    def quoted(word: str) -> str:
        return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in word.encode())

    return "".join(f'"{quoted(word)}"\n' for word in dict.fromkeys([*words(), *ODD, *MARKUP]))
