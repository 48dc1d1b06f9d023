"""Charts as hypothesis strategies: notes made of headings, bullets, tables, boxes and wrapped lines, of our own words."""

from __future__ import annotations

import textwrap

from hypothesis import strategies as st

from . import charts
from .fragments import MARKUP, ODD, examples, headings, words

SMALL = 12
_LEVEL = st.sampled_from(("L4-5", "L5/S1", "L3-L4", "L4-L5 and L5-S1", "L1 to L3", "T12-L1", "L5-L6", "L4 inferior endplate"))
_DATE = st.sampled_from(("2024-02-01", "3/5/24", "March 2019", "05.06.2023", "last spring", "two years ago", "31/12/2022"))
_AMOUNT = st.one_of(st.integers(0, 130).map(str), st.sampled_from(("two", "a couple of", "18-24", "2 1/2", "several", "12+")))
_UNIT = st.sampled_from(("weeks", "months", "yrs", "years", "days", "visits", "sessions", "%", "/10", "out of 50", "percent"))
_CLAIM = st.sampled_from(("{} pain for {}", "No {}, for {}", "Denies {} since {}", "Tried {} for {} without relief", "ODI {} {}",
                          "{}: {}", "Possible {} ({})", "Plan: {}, then {}", "{} at {}", "History of {}; {}", "If {} fails, {}",
                          "Mother had {}. {}", "{} was declined ({})"))  # fmt: skip
_GLUE = st.sampled_from((". ", "; ", ", ", " and ", " but no ", ".\n", ",\n", " | ", " - ", "? "))


def _phrases() -> st.SearchStrategy[str]:
    amount = st.builds("{} {}".format, _AMOUNT, _UNIT)
    thing = st.one_of(st.sampled_from(words()), _LEVEL, _DATE, amount)
    return st.builds(str.format, _CLAIM, thing, thing)


def _mistyped(text: str, at: int) -> str:
    """Two letters exchanged."""
    at %= max(len(text), 1)
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def sentences() -> st.SearchStrategy[str]:
    known = st.sampled_from(examples())
    odd = st.builds(lambda text, odd, at: text[: at % 40] + odd + text[at % 40 :], known, st.sampled_from(ODD), st.integers(0, 39))
    joined = st.builds(lambda a, glue, b: a + glue + b, known, _GLUE, _phrases())
    return st.one_of(known, known, _phrases(), joined, odd, st.builds(_mistyped, known, st.integers(0, 99)))


def _table(rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def blocks() -> st.SearchStrategy[str]:
    """A paragraph, a list, a table or boxes, with or without a heading."""
    lines = st.lists(sentences(), min_size=1, max_size=4)
    cell = st.one_of(st.sampled_from(words()), _LEVEL, _DATE, st.builds("{} {}".format, _AMOUNT, _UNIT), st.just(""))
    paragraph = st.builds(lambda text, width: textwrap.fill(" ".join(text), width, break_long_words=False), lines, st.sampled_from((30, 60, 200)))
    bullets = st.builds(lambda mark, text: "\n".join(mark + line for line in text), st.sampled_from(("- ", "* ", "1. ", "  • ", "a) ")), lines)
    boxes = st.builds(lambda text, ticked: "\n".join(("[x] " if i == ticked else "[ ] ") + line for i, line in enumerate(text)), lines, st.integers(0, 3))
    tables = st.lists(st.lists(cell, min_size=2, max_size=4), min_size=2, max_size=4).map(_table)
    body = st.one_of(paragraph, paragraph, bullets, boxes, tables)
    title = st.sampled_from(headings()).map(str.title)
    return st.one_of(body, st.builds(lambda head, after, text: head + after + text, title, st.sampled_from((":\n", ": ", "\n")), body))


def sections() -> st.SearchStrategy[tuple[str, str]]:
    """A heading and what stands under it."""
    return st.tuples(st.sampled_from(headings()), st.lists(st.one_of(st.sampled_from(examples()), _phrases()), min_size=1, max_size=3).map("\n".join))


def notes() -> st.SearchStrategy[str]:
    between = st.sampled_from(("\n\n", "\n", "\n\n\n"))
    whole = st.builds(lambda parts, glue: glue.join(parts) + "\n", st.lists(blocks(), min_size=1, max_size=4), between)
    return st.one_of(whole, whole, st.lists(st.one_of(sentences(), st.sampled_from(MARKUP)), max_size=SMALL).map("".join))


def inputs() -> st.SearchStrategy[bytes]:
    """Charts of one to three notes, in several encodings and with several kinds of line ends."""
    name = st.builds("{}_{}.txt".format, st.sampled_from(("2024-03-05", "2023-11-30", "undated")), st.sampled_from(("clinic", "radiology", "pt", "odi", "x")))
    ends = st.sampled_from(("\n", "\n", "\r\n", "\r"))
    encoding = st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    content = st.builds(lambda text, end, codec: text.replace("\n", end).encode(codec, "replace"), notes(), ends, encoding)
    return st.lists(st.tuples(name, content), min_size=1, max_size=3).map(charts.join)
