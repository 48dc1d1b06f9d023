"""The examples of the lexicons, run as tests.

A positive example marks what must be found:

    "No <modic assertion=absent levels=L4-L5>Modic changes</modic> at L4-5."

The tag is the kind; the fact found must overlap the marked words and carry the given attributes (lists with commas;
`assertion` is present where it is not given; `none` stands for an empty value). The facts must come from the whole
pipeline, not only from the entry. A negative example must give no fact by the entry's rule, or, where it starts with
`<kind>`, no fact of that kind at all.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..schema import KINDS, Fact, Note

_TAG = re.compile(rf"<({'|'.join(KINDS)})((?:\s+[\w]+=(?:\"[^\"]*\"|[^\s>\"][^\s>]*))*)\s*>(.*?)</\1>", re.S)
_ATTRIBUTE = re.compile(r"(\w+)=(?:\"([^\"]*)\"|([^\s>]+))")
NOTE_DATE = "2024-06-15"


@dataclass(slots=True)
class Expectation:
    """A marked fact of an example; offsets are those of the example without its marks."""
    kind: str
    start: int
    end: int
    attributes: dict[str, str]


def parse(example: str) -> tuple[str, list[Expectation]]:
    """An example's text without marks, and what it expects (marks may nest)."""
    text, expected = example, []
    while match := _TAG.search(text):
        inner_start = match.start()
        attributes = {m[1]: m[2] if m[2] is not None else m[3] for m in _ATTRIBUTE.finditer(match[2])}
        expectation = Expectation(match[1], inner_start, inner_start + len(match[3]), attributes)
        text = text[:match.start()] + match[3] + text[match.end():]
        expected.append(expectation)
        nested, inner = parse(match[3]) if _TAG.search(match[3]) else (match[3], [])
        if inner:
            text = text[:inner_start] + nested + text[inner_start + len(match[3]):]
            expectation.end = inner_start + len(nested)
            expected += [Expectation(e.kind, e.start + inner_start, e.end + inner_start, e.attributes) for e in inner]
    return text, expected


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def fits(fact: Fact, expected: Expectation) -> bool:
    """Whether a fact is the one that an example marks."""
    if fact.kind != expected.kind or fact.start >= expected.end or expected.start >= fact.end:
        return False
    wanted = {"assertion": "present", **expected.attributes}
    if fact.assertion != wanted.pop("assertion"):
        return False
    return all(_value(fact.attributes.get(key)) == value for key, value in wanted.items())


def failures(nlp: Any, rule: str, positive: tuple[str, ...], negative: tuple[str, ...],
             note_type: str = "unknown") -> Iterator[str]:
    """Why the examples of one entry fail; nothing where all hold."""
    from . import extract
    for example in positive:
        text, expected = parse(example)
        facts = extract(nlp, Note("example", "example", text, note_date=NOTE_DATE, note_type=note_type))
        if not expected:
            yield f"{rule}: positive example marks no fact: {example!r}"
        for item in expected:
            if not any(fits(fact, item) for fact in facts):
                got = [(f.kind, f.text, f.assertion, f.attributes) for f in facts if f.kind == item.kind]
                yield f"{rule}: not found <{item.kind} {item.attributes}> in {example!r}; found {got}"
    for example in negative:
        match = re.match(r"<(\w+)>", example)
        text = example[match.end():] if match else example
        facts = extract(nlp, Note("example", "example", text, note_date=NOTE_DATE, note_type=note_type))
        wrong = [f for f in facts if (f.kind == match[1] if match else f.rule == rule)]
        if wrong:
            yield f"{rule}: negative example gives {[(f.kind, f.text, f.attributes) for f in wrong]}: {example!r}"
