"""Finds pain_score facts: current or average pain of the low back on a scale of 10 or 100, a range with its lower end.

Worst, best, earlier and hoped-for scores, scores of another region and scores of something else give nothing.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from ..quantities import number
from ..sentences import Sentence
from ..targets import Target
from .region import about_back, about_others, subject

_SCALE = re.compile(r"\b(?:scale|nrs|nprs|vas|rating|rates?|scores?|scored|out\s+of\s+(?:10|ten)|worst|best|least)\b")
_CLAUSE = re.compile(r"[;(]|,(?!\s*(?:average|avg|on\s+average|past|this|last|current|today|now|low|right))|\b(?:and|but|with|then|while)\b|\s{3,}")
_BEHIND = re.compile(r"[;(),]|\b(?:and|but|then|while)\b")


class PainScore(FactComponent):
    """Reads the scores of a note that speaks of the low back."""

    kind = "pain_score"

    def find(self, note: NoteView) -> Iterator[Draft]:
        if not about_back(note):
            return
        for target in note.targets("pain_score"):
            role = target.attributes["role"]
            if role not in ("score", "scale") or target.assertion in ("general", "family", "hypothetical"):
                continue
            sentence = target.sentence
            if "needs" in target.attributes and not _SCALE.search(sentence.text):
                continue
            at = target.start if role == "score" else target.end
            if about_others(sentence) or _skipped(sentence, target) or subject(note, sentence, at, target.end) != "back":
                continue
            score, scale = _value(target, role)
            if score is not None and score <= scale:
                yield Draft(sentence, target.start, target.end, target.rule, {"score": score, "max": scale})


def _value(target: Target, role: str) -> tuple[float | None, int]:
    text = target.text
    if role == "score":
        if fall := _fall(target):
            return _plain(fall[1]), int(fall[2])
        first = number(re.split(r"\s?(?:/|-|\bout\b|\bof\b|\bto\b|\bor\b|\bover\b|\bon\b)", text)[0])
        return None if first is None else int(first) if first == int(first) else first, 100 if text.endswith("100") else 10
    scale = 100 if re.search(r"\bmm\b|0\s?-\s?100\b", text) else 10
    tail = re.search(r"(?<![\d.])(\d+(?:\.\d)?)(?:\s?(?:-|to)\s?\d+)?(?:\s?mm)?$", text)
    score = _plain(tail[1]) if tail else None
    return score, 100 if score is not None and score > 10 and re.match(r"v(?:as|isual)", text) else scale


def _fall(target: Target) -> re.Match[str] | None:
    """The "2/10" of "has dropped from 8 to 2/10"."""
    before = target.sentence.text[max(0, target.start - 12):target.start]
    return re.search(r"to\s+(\d+)\s?/\s?(10|100)$", target.text) if re.search(r"\bfrom\s+(?:an?\s+)?$", before) else None


def _plain(number: str) -> float:
    value = float(number)
    return int(value) if value == int(value) else value


def _skipped(sentence: Sentence, target: Target) -> bool:
    """Whether the words around a score say that it is no current or average pain of the patient."""
    text, start = sentence.text, target.start
    if _fall(target):
        return False
    if re.search(r"\b(?:goals?|[ls]tgs?|worst|best|least)\b", f"{sentence.heading if sentence.section == 'goals' else ''} {sentence.label}"):
        return True
    others = [t for t in sentence.targets if t.group == "pain_score" and t is not target]
    scores = [t for t in others if t.attributes["role"] in ("score", "scale")]
    floor = max([t.end for t in scores if t.end <= start], default=0)
    ceiling = min([t.start for t in scores if t.start >= target.end], default=len(text))
    clause = max([m.end() for m in _CLAUSE.finditer(text, floor, start)], default=floor)
    behind = _BEHIND.search(text, target.end, ceiling)
    ends = behind.start() if behind else ceiling
    near = [t for t in others if t.attributes["role"] not in ("score", "scale") and (clause <= t.start < start or target.end <= t.start < ends)]
    if any(t.attributes["role"] == "topic" and t.end <= start and start - t.end < 3 for t in others):
        return True
    before = [t for t in near if t.start < start]
    cue = before[-1] if before else near[0] if near else None
    return cue is not None and cue.attributes["role"] == "skip"


@Language.factory("bvn_pain_score", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> PainScore:
    """Create the component."""
    return PainScore(nlp, name)
