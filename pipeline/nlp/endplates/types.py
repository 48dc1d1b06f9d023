"""Reads the Modic type out of words: "type I/II", "1 or 2", "mixed", and out of signal on T1, T2 and STIR.

Types after Modic (1988): 1 oedema (T1 low, T2 and STIR high), 2 fat (T1 high), 3 sclerosis (T1 and T2 low). Works on
folded text.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_WRITTEN = {"one": "1", "two": "2", "three": "3"}
_KINDWORD = re.compile(r"(?<![a-z])(?:types?|typ|tpye|tie|tye|grades?|stages?|class|phase|mcs?(?=[\s\d-]))")
_NUMBER = re.compile(r"(?<![\w])([il]{1,3}|one|two|three|[123])(?![\w])")
_MIXED = re.compile(r"\b(?:mixed|combined|hybrid|mixture|combination)\b")
_JOINED = re.compile(r"[/<>+=-]|\bto\b|\bplus\b|\bthan\b|\bover\b")
_CHOICE = re.compile(r"\b(?:or|nor|versus|vs)\b")


@dataclass(slots=True, frozen=True)
class Types:
    """The types named in one place; `relation` is mixed (one change of both), choice ("1 or 2") or list ("1 and 2").

    `sequence` keeps repeats, for "types 1, 2 and 2 respectively".
    """
    names: tuple[str, ...]
    relation: str
    sequence: tuple[str, ...] = ()


def _digit(word: str) -> str:
    """The type as a digit; a scan reads "II" as "ll" or "Il"."""
    return str(len(word)) if word[0] in "il" else _WRITTEN.get(word, word)


def types(text: str) -> Types:
    """The types of a phrase such as "modic type i/ii changes"; no names where none is given."""
    plain = _KINDWORD.sub(" ", text)
    found = list(_NUMBER.finditer(plain))
    sequence = tuple(_digit(match[1]) for match in found)
    names = tuple(dict.fromkeys(sequence))
    between = " ".join(plain[a.end():b.start()] for a, b in pairwise(found))
    if _CHOICE.search(between):
        return Types(names, "choice", sequence)
    if _MIXED.search(text) or _JOINED.search(between):
        return Types(names, "mixed", sequence)
    return Types(names, "list", sequence)


def joined(names: tuple[str, ...] | list[str]) -> str | None:
    """One change of several types: "1/2"; None where the guide has no such type."""
    name = "/".join(sorted(set(names)))
    return name if name in ("1", "2", "3", "1/2", "2/3", "1/3") else None


_SIGNAL = re.compile(
    r"(?P<seq>\bt(?P<t>[12])|\bstir|\bfluid[\s-]sens|\bfat[\s-]?(?:sat|supp)|\bpd\b)|"
    r"(?P<low>\bhypo|\blow|\bdark|\bdecreased|\breduced|\bdiminished|\bloss)|"
    r"(?P<high>\bhyper|\bhigh|\bbright|\bincreased|\belevated|\braised|\bpositive)")
_EXTENT = re.compile(rf"(?:{_SIGNAL.pattern})\w*(?:\s+signals?|\s+intensit\w+)?")


def signal_extent(text: str) -> int:
    """Where a signal phrase ends: behind its last sequence or intensity."""
    return max((match.end() for match in _EXTENT.finditer(text)), default=len(text))


def signal_type(text: str) -> str | None:
    """The type that a signal phrase stands for: "low t1 and high stir signal" is 1; None where it stands for none.

    Each intensity goes to the sequences behind it where the phrase opens with an intensity, else to those before it.
    """
    marks = [("seq" if m["seq"] else "low" if m["low"] else "high", "t1" if m["t"] == "1" else "t2")
             for m in _SIGNAL.finditer(text)]
    if not marks:
        return None
    if marks[0][0] == "seq":
        marks.reverse()
    seen: dict[str, str] = {}
    level = None
    for mark, sequence in marks:
        if mark == "seq":
            if level:
                seen.setdefault(sequence, level)
        else:
            level = mark
    return {("high", None): "2", ("high", "high"): "2", ("high", "low"): "2", ("low", "low"): "3",
            ("low", "high"): "1", (None, "high"): "1"}.get((seen.get("t1"), seen.get("t2")))


_WORDS = {"1": re.compile(r"\bo?e?dema|\binflammatory|\bfibrovascular|\bvascular"), "2": re.compile(r"\bfat(?:ty)?\b|\blip(?:id|oid)"),
          "3": re.compile(r"\bscleros|\bsclerotic|\beburnat")}


def described_types(text: str) -> tuple[str, ...]:
    """The types that oedema, fat and sclerosis in a phrase stand for."""
    return tuple(name for name, pattern in _WORDS.items() if pattern.search(text))
