"""Whether a treatment was given for the back: "PT for the knee" and "gabapentin (restless legs)" are not.

Asked in this order: a purpose that stands beside the treatment; the parts of the body named in its sentence; the item
of the problem list or the paragraph it stands in; what the note is about. See the annotation guide, kind 5.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ..component import NoteView
from ..matcher import Hit
from ..memory import remembered
from ..sentences import Sentence
from .therapy_passage import Cues, Mention, Passage

_PURPOSE = re.compile(r"[\w\s.%/,-]{0,50}?(?:\bfor\b|\bto\s+treat\b|\bof\b|\(|-)\s*(?:[a-z'/-]+\s+){0,4}?$")
_REASON = re.compile(r"\b(?:stop\w*|d/c\w*|discontinu\w*|because|due\s+to|avoid\w*|caus\w*|given|contraindicat\w*|"
                     r"intoleran\w*|but|while|and\s+(?:he|she)|declin\w*|after|before|since|with)\b|[;:]|\.\s")
_PAIN = re.compile(r"\s+(?:joint\s+)?(?:pain|injury|fracture|arthritis|problem|surgery|replacement|injection)\b")
_PAIN_IN = re.compile(r"\b(?:pain|problems?|difficulty|injury|surgery|injection)\s+(?:in|with|to|of|into)\s+(?:the\s+|her\s+|his\s+)?(?:left\s+|right\s+|both\s+|bilateral\s+)?$")
_NEGATED = re.compile(r"\b(?:no|not|denies|denied|without|negative\s+for|never|nor|absence\s+of)\b(?:\s+[\w,/-]+){0,8}\s*$")
_OPENS = re.compile(r"[\s\d.)(#*:-]*(?:(?:regarding|re|as\s+for|for|with\s+regards?\s+to|in\s+terms\s+of|treatments?|therap\w+|plan|"
                    r"current|past|history|hx|of|the|his|her|chronic|acute|left|right|bilateral|severe|mild|stable|low|type|"
                    r"primary|other|complaints?|essential|symptomatic|grade|end-stage)[\s:,-]+){0,5}$")
_MAIN = re.compile(r"chief|complaint|reason|referr|^cc|presenting|concern|diagnos|assessment|impression|\bre\b|\bdx\b")
_STEROID_DISEASE = re.compile(r"\b(?:copd|asthma|polymyalgia|pmr|lupus|rheumatoid|crohn|colitis|arteritis|sarcoid\w*|bronchitis|pneumonia|"
                              r"poison\s+ivy|myelitis|vasculitis|transplant|psoria\w+|gout)\b")
_OUTWEIGHS = 0.34  # the back need not be the only complaint
_BACK_ONLY = frozenset({"past_history", "past_surgical_history", "social_history", "review_of_systems"})


@dataclass(slots=True, frozen=True)
class Named:
    """The parts of the body and the illnesses that a text names: all, and those that count, not merely denied or of the back.

    `kinds` are those of what is not denied; `opens` is the kind of the problem the text opens with, `turns` the kind that its
    paragraph turns to, whatever it was about; both empty where there is none.
    """
    all: tuple[Hit, ...] = ()
    count: tuple[Hit, ...] = ()
    kinds: frozenset[str] = frozenset()
    opens: str = ""
    turns: str = ""


_NOTHING = Named()


class Parts(Cues):
    """Finds the parts of the body and the illnesses that treatments are given for."""

    def __init__(self, lexicons: str | None = None) -> None:
        super().__init__("therapy_scope", lexicons)
        self.named = remembered(self._named)

    def _named(self, text: str) -> Named:
        found = self._find(text)
        if not found:
            return _NOTHING
        said = tuple(hit for hit in found if not _NEGATED.search(text, max(0, hit.start - 70), hit.start))
        kinds, opens = frozenset(map(_kind, said)), _opening(said, text)
        turns = "back" if "back" in kinds else "other" if opens or _is_problem(said, text) else ""
        return Named(found, tuple(hit for hit in found if hit in said or _kind(hit) == "back"), kinds, opens, turns)


class Scope:
    """Tells of each treatment of one note whether it was for the back."""

    def __init__(self, note: NoteView, parts: Parts) -> None:
        self.note, self.parts = note, parts
        self._paragraphs: dict[int, str] = {}  # by sentence
        self._blocks: dict[int, str] = {}

    def is_back(self, passage: Passage, mention: Mention) -> bool:
        """Whether the treatment was for the back, as far as the note says."""
        named = self.parts.named(passage.text)
        about = named.all and (_beside(named.all, passage.text, mention, passage.mentions)
                               or _in_sentence(named.count, passage.text, mention))
        if about:
            return about == "back"
        sentence = passage.sentence
        topic = self._paragraph(sentence) or self._block(sentence)  # the last named there, else what it stands under
        if mention.modality == "oral_steroid" and topic != "back":
            return self.about == "back" and not any(_STEROID_DISEASE.search(s.text) for s in self.note.sentences
                                                    if s.section != "past_history")
        at_work = mention.modality == "activity_modification" and sentence.section == "social_history"
        if sentence.section in _BACK_ONLY and not at_work:
            return mention.modality == "surgery" or topic == "back"
        return (topic or self.about) == "back"

    def _paragraph(self, sentence: Sentence) -> str:
        """What the paragraph of a sentence is about so far: the back or the other part named last."""
        sentences, known = self.note.sentences, self._paragraphs
        passed, at, about = [], sentence.index, ""
        while at >= 0 and not about and sentences[at].line == sentence.line and sentences[at].section == sentence.section:
            if at in known:
                about = known[at]
                break
            named = self.parts.named(sentences[at].text)
            passed.append((at, named.kinds))
            about = named.turns
            at -= 1
        for at, kinds in reversed(passed):
            about = known[at] = about or ("other" if kinds else "")
        return about

    def _block(self, sentence: Sentence) -> str:
        """The problem a line stands under: the one it opens with or, for a labelled item, that of the line above."""
        sentences, known = self.note.sentences, self._blocks
        passed, at, block = [], sentence.index, ""
        while at not in known:
            passed.append(at)
            before = sentences[at - 1] if at else None
            if before is None or before.line != sentences[at].line:
                block = self.parts.named(sentences[at].text).opens
                if block or not _belongs(sentences[at]):
                    break
            if before is None or before.section != sentences[at].section:
                break
            at -= 1
        block = known.get(at, block)
        known.update(dict.fromkeys(passed, block))
        return block

    @cached_property
    def about(self) -> str:
        """What the note's opening, its complaint and its history are about."""
        weights = {"back": 0.0, "other": 0.0}
        for sentence in self.note.sentences:
            main = (sentence.label and _MAIN.search(sentence.label)) or self._complains(sentence)
            if main or sentence.index < 8 or sentence.section in ("hpi", "chief_complaint", "indication"):
                for kind in self.parts.named(sentence.text).kinds:
                    weights[kind] += 3 if main else 1
        return "back" if weights["back"] >= weights["other"] * _OUTWEIGHS else "other"

    def _complains(self, sentence: Sentence) -> bool:
        """Whether a sentence opens the chief complaint."""
        if sentence.section != "chief_complaint":
            return False
        before = self.note.before(sentence)
        return before is None or before.section != "chief_complaint" or before.text.rstrip(" :,").endswith("complaint")


def _kind(hit: Hit) -> str:
    return "back" if hit.rule.metadata["about"] == "back" else "other"


def _beside(found: tuple[Hit, ...], text: str, mention: Mention, mentions: list[Mention]) -> str | None:
    """The purpose right behind the treatment ("for the neck") or the part right before it ("knee injection")."""
    for hit in found:
        if hit.start >= mention.end:
            between = text[mention.end:hit.start]
            crossed = any(mention.end <= other.start < hit.start for other in mentions)
            if len(between) < 60 and not crossed and not _REASON.search(between) and _PURPOSE.match(between):
                return _kind(hit)
        elif hit.end <= mention.start and re.fullmatch(r"[\s-]*(?:joint\s+|pain\s+)?", text[hit.end:mention.start]):
            return _kind(hit)
        elif hit.start < mention.end and mention.start < hit.end and _kind(hit) == "back":
            return "back"
    return None


def _in_sentence(found: tuple[Hit, ...], text: str, mention: Mention) -> str | None:
    """What the sentence is about where it names one kind of part, or the nearest part before the treatment."""
    named = [hit for hit in found if hit.rule.metadata["about"] != "disease" or hit.end <= mention.start]
    kinds = {_kind(hit) for hit in named}
    if not kinds:
        return None
    if kinds == {"back"}:
        return "back"
    before = [hit for hit in named if hit.end <= mention.start]
    if kinds == {"other"}:
        return "other" if before or len(text) < 160 else None
    return _kind(before[-1]) if before and not re.search(r"\bback\b", text[before[-1].end:mention.start]) else "back"


def _opening(found: tuple[Hit, ...], text: str) -> str:
    """The problem that a line opens with ("1. Hypertension:", "Regarding her knee, ...")."""
    for hit in found:
        if _OPENS.fullmatch(text, 0, hit.start):
            return _kind(hit)
    return ""


def _is_problem(found: tuple[Hit, ...], text: str) -> bool:
    """Whether a sentence turns to pain somewhere else ("significant pain in her right hip")."""
    return any(_PAIN_IN.search(text, max(0, hit.start - 40), hit.start) or _PAIN.match(text, hit.end) for hit in found)


def _belongs(sentence: Sentence) -> bool:
    """Whether a line stands under the problem named above it: a labelled item, such as "Medical treatment: ..."."""
    return bool(sentence.label) or sentence.cell
