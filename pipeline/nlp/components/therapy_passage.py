"""What a therapy statement is read from: a sentence, or a whole table row, with the treatments named in it.

A table row says "PT | 12 visits | no relief" in cells of its own; read as one passage it is one statement.
"""
from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import lexicon
from ..component import NoteView
from ..matcher import Hit, LinearMatcher, longest
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target

_LIST = re.compile(r"[\s,;/&+()\[\].#:%-]*(?>\b(?:and|or|then|plus|with|as\s+well\s+as|including|an?|the|some|both|also|oral|otc|his|her|"
                   r"daily|bid|tid|qid|qhs|prn|nightly|as\s+needed|for\s+pain|course\s+of|trial\s+of|use\s+of|used|using|x\s?\d+|"
                   r"\d+(?:\.\d+)?(?:mg|g|mcg|ml|x)?|mg|mcg|tabs?|po|lumbar|supervised|formal|home|followed\s+by|multiple|several|"
                   r"various|different|attempts?|at|in|on|of|to|it|area)\b[\s,;/&+()\[\].#:%-]*)*+")
_CELLS = 40  # of a table row read together; keeps the work linear in rows of any length


@dataclass(slots=True)
class Mention:
    """A treatment named in a passage; offsets are those of the passage text."""
    target: Target
    start: int
    end: int

    @property
    def modality(self) -> str:
        return str(self.target.attributes["modality"])


@dataclass(slots=True)
class Passage:
    """One sentence, or the cells of one table row joined by bars."""
    text: str
    sentences: list[Sentence]
    offsets: list[int]
    mentions: list[Mention]

    @property
    def sentence(self) -> Sentence:
        return self.sentences[0]

    def source(self, offset: int) -> int:
        """The note offset of an offset of the passage."""
        at = bisect_right(self.offsets, offset) - 1
        sentence = self.sentences[at]
        return sentence.source(min(offset - self.offsets[at], len(sentence.text)))


def passages(note: NoteView) -> Iterator[Passage]:
    """The passages of a note in order, without unticked items."""
    row: list[Sentence] = []
    for sentence in note.sentences:
        if row and (not sentence.cell or sentence.line != row[0].line or len(row) >= _CELLS):
            yield _join(row)
            row = []
        if sentence.checked is False:
            continue
        if sentence.cell:
            row.append(sentence)
        else:
            yield _join([sentence])
    if row:
        yield _join(row)


def _join(sentences: list[Sentence]) -> Passage:
    offsets, mentions, at = [], [], 0
    for sentence in sentences:
        offsets.append(at)
        for target in sentence.targets:
            if target.group == "therapy" or target.group == "therapy_visits":
                mentions.append(Mention(target, at + target.start, at + target.end))
        at += len(sentence.text) + 3
    text = sentences[0].text if len(sentences) == 1 else " | ".join([sentence.text for sentence in sentences])
    return Passage(text, sentences, offsets, mentions)


def is_list(between: str) -> bool:
    """Whether the words between two treatments only string them together ("PT, NSAIDs 2x daily and gabapentin")."""
    return _LIST.fullmatch(between) is not None


class Cues:
    """The cues of one lexicon, found in passages."""

    def __init__(self, name: str, lexicons: str | None = None) -> None:
        self.matcher = LinearMatcher()
        self.matcher.add([_Rule(entry) for entry in lexicon.entries(name, lexicons)])
        self.find = remembered(self._find)

    def _find(self, text: str) -> tuple[Hit, ...]:
        """The cues of a folded text in order; of overlapping ones the longest."""
        return tuple(longest(self.matcher.find(text)))


class _Rule:
    """The little of a medspaCy rule that `LinearMatcher` looks at."""

    def __init__(self, entry: lexicon.Entry) -> None:
        self.literal, self.pattern, self.category = entry.id, entry.regex, entry.file
        self.metadata: dict[str, Any] = {**entry.attributes, "exclude": entry.exclude}
