"""When something began: "since March 2019", "since last August", "onset 3/2022", "since the accident"."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..quantities import dates, month_number
from ..words import guard, has

_LEAD = re.compile(
    r"\b(?:(?P<since>since|ever\s+since|dat(?:es?|ing)(?:\s+back)?\s+to|going\s+back\s+to)|(?P<at>in|on|to|of|from|around|about|i\.?e\.?)|(?=:))\s*:?\s*"
    r"(?:(?:at\s+least|about|approximately|around|roughly|early|late|mid|the|spring|summer|fall|autumn|winter|of|in|last|end|"
    r"beginning|start|sometime|some\s+time|~)[\s-]*)*$|(?P<colon>[:,(])\s*$|(?<=started)\s*$|(?<=began)\s*$|(?<=onset)\s*$|(?<=commenced)\s*$|(?<=beginning)\s*$|(?<=starting)\s*$")
_MONTH_ONLY = re.compile(
    r"\b(?P<since>since|began|started|onset(?:\s+was)?)\s+(?:in\s+)?(?P<part>(?:last|this|early|late|mid|the|end\s+of|beginning\s+of)[\s-]+){0,2}"
    r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|aug|sept?|oct|nov|dec)"
    r"\b(?!\.?,?\s*'?\d)")
_EVENT = re.compile(
    r"\b(?:ever\s+)?since\s+(?:then\b|(?:last\s+|this\s+past\s+|late\s+last\s+|early\s+last\s+)?(?:monday|tuesday|wednesday|thursday|friday|saturday|"
    r"sunday|weekend|week|month|year|night|summer|fall|autumn|winter|spring)\b|yesterday|(?:(?:the|a|an|his|her|their|this|that|my|sustaining|being\s+in|suffering)\s+)+(?:[\w-]+\s+){0,3}?"
    r"(?:accident|mva|mvc|rta|collision|crash|fall|injury|incident|event|trauma|delivery|pregnancy|surgery)\b|childhood|high\s+school|"
    r"college|adolescence|(?:his|her|their)\s+(?:(?:early|mid|late)[\s-]+)?(?:teens|twenties|thirties|forties|20s|30s|40s|youth))")
_SUDDEN = re.compile(
    r"\b(?:immediate|sudden|instant)(?:ly)?\b|\b(?:felt|had|experienced|developed|noted|noticed)\s+(?:an?\s+)?(?:sharp|severe|acute|immediate)\b|\b(?:felt|heard)\s+a\s+pop")
_MONTH_WORDS, _EVENT_WORDS = guard(("since", "began", "started", "onset"), _MONTH_ONLY), guard(("since",), _EVENT)
_SUDDEN_WORDS = guard(("sudden", "acute", "severe", "sharp", "immediate", "instant", "pop"), _SUDDEN)


@dataclass(slots=True, frozen=True)
class Onset:
    """A beginning as written; `months` to the note date, None where a date is not known."""
    start: int
    end: int
    months: float | None
    qualifier: str
    link: str
    sudden: bool = False


def onsets(text: str, note_date: str | None) -> Iterator[Onset]:
    """The beginnings a folded sentence names, dated ones first; without a note date there are never fewer."""
    dated = False
    for day in dates(text):
        lead = _LEAD.search(text, max(0, day.start - 48), day.start)
        if not lead:
            continue
        months = day.months_to(note_date) if note_date else None
        if note_date and months is None:
            continue
        words = lead.group()
        qualifier = "at_least" if "least" in words else "about" if day.month is None or re.search(
            r"about|around|approx|roughly|early|late|mid|spring|summer|fall|autumn|winter", words) else "exact"
        link = "since" if lead["since"] else "at"
        yield Onset(lead.start(), day.end, months, "about" if months is None else qualifier, link)
        dated = dated or months is not None
    if dated:
        return
    if has(text, _MONTH_WORDS):
        for match in _MONTH_ONLY.finditer(text):
            months = _months_since(month_number(match["month"]), note_date)
            yield Onset(match.start(), match.end(), months, "about", "since")
    if has(text, _EVENT_WORDS):
        for match in _EVENT.finditer(text):
            yield Onset(match.start(), match.end(), None, "about", "since")
    if has(text, _SUDDEN_WORDS):
        for match in _SUDDEN.finditer(text):
            yield Onset(match.start(), match.end(), None, "about", "at", sudden=True)


def _months_since(month: int, note_date: str | None) -> float | None:
    """Months from the last such month to the note date."""
    return None if note_date is None else float((date.fromisoformat(note_date).month - month) % 12 or 12)
