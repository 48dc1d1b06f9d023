"""Which part of the body a statement without a name is about: "7/10", "for two years", "unable to sit".

The nearest region named before it in the sentence, else the complaint last named in the sentences before it. Legs that
pain spreads into, and regions that are denied, are not the subject.
"""
from __future__ import annotations

import re

from ..component import NoteView
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target

_SPREAD = re.compile(r"(?:radiat\w*|travel\w*|shoot\w*|spread\w*|goes|going|go|extend\w*|referr\w*|down|into|onto|towards?|along|"
                     r"through|past|below|with|and|than|>|=|\+|/|in)\s+(?:\w+\s+){0,3}$|[>/+=]\s?$")
_PAIN_AFTER = re.compile(r"\s*(?:\w+\s+)?(?:pain|aches?|aching|sore|soreness|discomfort|stiff|stiffness|hurts?|injury|problems?|disability|form|"
                         r"complaints?|arthritis|osteoarthritis|replacement|syndrome|release|:)")
_PAIN_BEFORE = re.compile(r"(?:pain|ache|aching|soreness|discomfort|hurts?|injured|injury|swelling)\s+(?:in|of|at|over|to|along|around|"
                          r"across|his|her|the)\s+(?:\w+\s+){0,7}$")
_ONLY = re.compile(r"\b(?:only|just)\s+(?:(?:in|of|from)\s+)?(?:the\s+|his\s+|her\s+)?$")
_BEHIND = re.compile(r"[^,;.(]{0,22}?\b(?:in|of|for|at|over|to)\s+(?:the\s+|his\s+|her\s+|their\s+|both\s+)?(?:left\s+|right\s+)?|\s*")
_OTHERS = re.compile(
    r"\b(?:coverage\s+(?:requires|criteria|policy)|policy\s+(?:language|requires|criteria|states|says)|payer|insurer\s+(?:requires|asks|wants)|"
    r"(?:plan|insurance|medicare|guidelines?)\s+(?:requires?|asks|criteria|states?|recommends?)|(?:published\s+)?trials?\s+(?:enrolled|required|"
    r"included|studied)|enrolled\s+(?:people|patients)|(?:people|patients|individuals|those)\s+(?:with|who)|reviewer\s+(?:stated|wrote|says|said)|"
    r"is\s+indicated\s+(?:for|in)|eligib\w+\s+(?:requires|criteria)|must\s+have|in\s+general,)")
_ASIDE = ("medications", "past_history", "past_surgical_history", "family_history", "social_history", "review_of_systems", "allergies")


def subject(note: NoteView, sentence: Sentence, start: int, end: int | None = None, reach: int = 14) -> str | None:
    """`back`, `leg`, `other` or None for what stands at the offsets of a sentence; `reach` sentences back are looked at."""
    found = _after(sentence, start if end is None else end) or _before(sentence, start) or _heading(sentence)
    return found or _earlier(note, sentence, reach)


def about_back(note: NoteView) -> bool:
    """Whether the note is about the patient's low back or lumbar spine at all."""
    found = note.cache.get("about_back")
    if found is None:
        found = any(target.attributes["region"] in ("back", "spine") and target.assertion not in ("family", "general")
                    for target in note.targets("region"))
        note.cache["about_back"] = found
    return bool(found)


def about_others(sentence: Sentence) -> bool:
    """Whether a sentence speaks of rules, trials or patients at large and not of this one."""
    return sentence.section in ("legend", "education") or _at_large(sentence.text)


@remembered
def _at_large(text: str) -> bool:
    return _OTHERS.search(text) is not None


def regions(sentence: Sentence) -> list[Target]:
    """The regions of pain that a sentence names and does not deny."""
    found: list[Target] | None = sentence.cache.get("regions")
    if found is None:
        found = sentence.cache["regions"] = [target for target in sentence.targets if target.group == "region" and _of_pain(target)]
    return found


def _of_pain(target: Target) -> bool:
    """Whether a region of the body is one of pain, and not denied."""
    return target.attributes["region"] != "spine" and (
        target.assertion not in ("absent", "family", "hypothetical")
        or (target.assertion == "absent" and bool(_ONLY.search(target.sentence.text, 0, target.start))))


def _after(sentence: Sentence, at: int) -> str | None:
    """A region right behind: "6/10 in the low back"."""
    for target in regions(sentence):
        if target.start >= at and _BEHIND.fullmatch(sentence.text, at, target.start):
            return str(target.attributes["region"])
    return None


def _before(sentence: Sentence, at: int) -> str | None:
    found = None
    for target in regions(sentence):
        if target.end <= at:
            region = target.attributes["region"]
            if found and region == "leg" and _SPREAD.search(sentence.text, 0, target.start):
                continue
            found = region
    return found


def elsewhere(note: NoteView, sentence: Sentence, start: int, end: int) -> bool:
    """Whether a statement is about another complaint than the back and the legs."""
    named = {str(target.attributes["region"]) for target in regions(sentence)}
    if "back" in named or "leg" in named:
        return False
    return subject(note, sentence, start, end, reach=4) == "other"


def _heading(sentence: Sentence) -> str | None:
    over = f"{sentence.heading} {sentence.label}"
    if re.search(r"\b(?:neck|cervical|shoulder|knee|hip|head(?:ache)?s?|foot|elbow|hand|wrist)\b(?!\s*(?:disab|and|/))", over):
        return "other"
    return "back" if re.search(r"\b(?:back|lumbar|lbp|lb)\b", over) else None


def _earlier(note: NoteView, sentence: Sentence, reach: int) -> str | None:
    """The complaint last named: a back, or another region said to hurt; `back` in a spine note that names none."""
    if _mainly_other(note):
        return "other"
    for other in reversed(note.sentences[max(0, sentence.index - reach):sentence.index]):
        if other.section in _ASIDE:
            continue
        for target in reversed(regions(other)):
            if target.attributes["region"] == "back":
                return "back"
            if _hurts(other, target):
                return "other"
    return "back" if about_back(note) else None


def _hurts(sentence: Sentence, target: Target) -> bool:
    return target.attributes["region"] == "other" and bool(
        _PAIN_AFTER.match(sentence.text, target.end) or _PAIN_BEFORE.search(sentence.text, 0, target.start))


def _mainly_other(note: NoteView) -> bool:
    """Whether the note's pain is mainly elsewhere: more painful mentions of other regions than of the back."""
    found = note.cache.get("mainly_other")
    if found is None:
        counts = {"back": 0, "spine": 0, "other": 0, "named": 0}
        for target in note.targets("region"):
            region = target.attributes["region"]
            if region == "spine":
                counts["spine"] += 1
            elif region == "back":
                counts["back"] += _of_pain(target)
            elif region == "other" and _of_pain(target):
                counts["named"] += 1
                counts["other"] += _hurts(target.sentence, target)
        found = counts["other"] > counts["back"] or (counts["back"] == 0 and counts["named"] > 1 + counts["spine"])
        note.cache["mainly_other"] = found
    return bool(found)
