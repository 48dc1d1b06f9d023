"""Whether a treatment was given for the back: "PT for the knee" and "gabapentin (restless legs)" are not.

Asked in this order: a purpose that stands beside the treatment; the parts of the body named in its sentence; the item
of the problem list or the paragraph it stands in; what the note is about. See the annotation guide, kind 5.
"""
from __future__ import annotations

import re

from ..component import NoteView
from ..matcher import Hit
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


class Scope:
    """Tells of each treatment of one note whether it was for the back."""

    def __init__(self, note: NoteView, cues: Cues) -> None:
        self.note, self.cues = note, cues
        self._topics = self._walk()

    def is_back(self, passage: Passage, mention: Mention) -> bool:
        """Whether the treatment was for the back, as far as the note says."""
        named = self.cues.find(passage.text)
        found = _said(named, passage.text)
        about = _beside(named, passage.text, mention, passage.mentions) or _in_sentence(
            [hit for hit in named if hit in found or _kind(hit) == "back"], passage.text, mention)
        if about is None and mention.modality == "oral_steroid" and self._topics.get(passage.sentence.index) != "back":
            return self.about == "back" and not any(_STEROID_DISEASE.search(s.text) for s in self.note.sentences
                                                    if s.section != "past_history")
        at_work = mention.modality == "activity_modification" and passage.sentence.section == "social_history"
        if about is None and passage.sentence.section in _BACK_ONLY and not at_work:
            return mention.modality == "surgery" or self._topics.get(passage.sentence.index) == "back"
        if about is None:
            about = self._topics.get(passage.sentence.index) or self.about
        return about == "back"

    def _walk(self) -> dict[int, str]:
        """The topic each sentence inherits: its paragraph's, or that of the problem it stands under."""
        topics: dict[int, str] = {}
        weights = {"back": 0.0, "other": 0.0}
        block = paragraph = None
        line, section = -1, ""
        for sentence in self.note.sentences:
            found = _said(self.cues.find(sentence.text), sentence.text)
            if sentence.section != section:
                block = paragraph = None
                section = sentence.section
            if sentence.line != line:
                line, paragraph = sentence.line, None
                opened = _opening(found, sentence)
                if opened or not _belongs(sentence):
                    block = opened
            kinds = {_kind(hit) for hit in found}
            if "back" in kinds:
                paragraph = "back"
            elif kinds and (paragraph is None or _opening(found, sentence) or _is_problem(found, sentence)):
                paragraph = "other"
            topics[sentence.index] = paragraph or block or ""
            self._weigh(weights, found, sentence)
        self.about = "back" if weights["back"] >= weights["other"] * _OUTWEIGHS else "other"
        return topics

    def _weigh(self, weights: dict[str, float], found: list[Hit], sentence: Sentence) -> None:
        """Count what the note's opening, its complaint and its history are about."""
        before = self.note.before(sentence)
        complains = sentence.section == "chief_complaint" and (before is None or before.section != "chief_complaint"
                                                               or before.text.rstrip(" :,").endswith("complaint"))
        main = complains or _MAIN.search(sentence.label)
        if main or sentence.index < 8 or sentence.section in ("hpi", "chief_complaint", "indication"):
            for kind in {_kind(hit) for hit in found}:
                weights[kind] += 3 if main else 1


def _kind(hit: Hit) -> str:
    return "back" if hit.rule.metadata["about"] == "back" else "other"


def _said(found: list[Hit], text: str) -> list[Hit]:
    """The parts and illnesses that are not merely denied."""
    return [hit for hit in found if not _NEGATED.search(text, max(0, hit.start - 70), hit.start)]


def _beside(found: list[Hit], text: str, mention: Mention, mentions: list[Mention]) -> str | None:
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


def _in_sentence(found: list[Hit], text: str, mention: Mention) -> str | None:
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


def _opening(found: list[Hit], sentence: Sentence) -> str | None:
    """The problem that a line opens with ("1. Hypertension:", "Regarding her knee, ...")."""
    for hit in found:
        if _OPENS.fullmatch(sentence.text, 0, hit.start):
            return _kind(hit)
    return None


def _is_problem(found: list[Hit], sentence: Sentence) -> bool:
    """Whether a sentence turns to pain somewhere else ("significant pain in her right hip")."""
    return any(_PAIN_IN.search(sentence.text, max(0, hit.start - 40), hit.start) or _PAIN.match(sentence.text, hit.end)
               for hit in found)


def _belongs(sentence: Sentence) -> bool:
    """Whether a line stands under the problem named above it: a labelled item, such as "Medical treatment: ..."."""
    return bool(sentence.label) or sentence.cell
