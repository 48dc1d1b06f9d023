"""An endplate statement on its way to a fact."""
from __future__ import annotations

from dataclasses import dataclass, field

from ...schema import Cue
from ..sentences import Sentence


@dataclass(slots=True)
class Finding:
    """An endplate statement before its levels are known; offsets are those of the sentence text."""
    sentence: Sentence
    start: int
    end: int
    types: tuple[str, ...]
    relation: str
    basis: str
    assertion: str
    cue: Cue | None
    rule: str
    normal: bool = False
    sequence: tuple[str, ...] = ()
    merged: list[Finding] = field(default_factory=list)
    meant: Finding | None = None

    @property
    def named(self) -> bool:
        return self.basis == "named"
