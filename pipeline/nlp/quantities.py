"""One grammar for numbers, lengths of time and dates in folded text.

Lengths are given in months and weeks (a year 12 months, a month 4.345 weeks, a week 7 days; see the annotation guide);
a range counts with its lower bound. A point in time ("since March 2019", "two years ago") is measured to the note date.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
         "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
         "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
         "dozen": 12, "couple": 2, "half": 0.5}
_TENS = r"(?:twenty|thirty|forty|fifty)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
_WORD = (rf"(?:{_TENS}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
         r"seventeen|eighteen|nineteen)")
NUMBER = rf"(?:\d+\s+1/2|\d+\s?½|\d+(?:\.\d+)?|½|{_WORD}(?:[\s-]and[\s-]a[\s-]half|[\s-]and[\s-]one[\s-]half)?|a\s+couple(?:\s+of)?|couple(?:\s+of)?|a\s+dozen|half\s+an?|an?\s+half|an?)"
_UNIT = r"(?:(years?|yrs?|yr|y)|(months?|mos?|mths?|mths|m)|(weeks?|wks?|w)|(days?|d)|(decades?))"
_VAGUE = {"several": (3, 24), "few": (3, 24), "many": (6, 36)}
_MONTHS = {name: number for number, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
     "sep sept september", "oct october", "nov november", "dec december"), 1) for name in names.split()}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
WEEKS_A_MONTH = 4.345
DAYS_A_MONTH = 30.4


def number(text: str) -> float | None:
    """The value of a folded number: "12", "2.5", "2 1/2", "two-and-a-half", "a couple of", "twenty-one"."""
    text = text.strip().replace("½", " 1/2").strip()
    if match := re.fullmatch(r"(\d+)?\s*1/2", text):
        return float(match[1] or 0) + 0.5
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    words = [word for word in re.split(r"[\s-]+", text) if word not in ("and", "of")]
    if words[-2:] in (["a", "half"], ["one", "half"], ["half", "a"], ["half", "an"], ["an", "half"]):
        return 0.5 + sum(WORDS.get(word, 0) for word in words[:-2])
    if words[:1] in (["a"], ["an"]) and len(words) > 1:
        words = words[1:]
    return float(sum(WORDS[word] for word in words)) if words and all(word in WORDS for word in words) else None


@dataclass(slots=True, frozen=True)
class Length:
    """A length of time; `qualifier` is exact, about, at_least or less_than."""
    start: int
    end: int
    months: float
    qualifier: str = "exact"

    @property
    def weeks(self) -> float:
        return round(self.months * WEEKS_A_MONTH, 1)


@dataclass(slots=True, frozen=True)
class Day:
    """A date as written; `month` and `day` are None where it names only the year or the month."""
    start: int
    end: int
    year: int
    month: int | None = None
    day: int | None = None

    def months_to(self, iso: str) -> float | None:
        """Months from this date to an ISO date (whole months where no day is given); None where it lies after it."""
        until = date.fromisoformat(iso)
        months = (until.year - self.year) * 12 + (until.month - (self.month or until.month))
        if self.day is not None:
            try:
                days = (until - date(self.year, self.month or 1, self.day)).days
            except ValueError:
                return None
            months_exact = days / DAYS_A_MONTH
            return round(months_exact, 1) if days >= 0 else None
        return float(months) if months >= 0 else None


_LENGTH = re.compile(
    rf"(?:(?<![\w.])|(?<=\bx))(?:({NUMBER})(?:\s?(?:-|to|or)\s?({NUMBER}))?|(several|(?:a\s+)?few|many))(?:(?<=[a-z])[\s-]{{1,2}}|(?<![a-z])[\s-]{{0,2}}){_UNIT}(?![a-z0-9])(\s+and\s+(?:a|one)[\s-]half)?")
_ABOUT = re.compile(r"(?:about|approximately|approx\.?|around|roughly|nearly|almost|some|an\s+estimated|~|circa|ca\.?|close\s+to|going\s+on|coming\s+up\s+on|the\s+(?:past|last)\s+\w+\s+or\s+so)\s*$")
_AT_LEAST = re.compile(r"(?:at\s+least|more\s+than|over|greater\s+than|well\s+over|>|in\s+excess\s+of|longer\s+than|upwards?\s+of|exceeding|a\s+minimum\s+of|no\s+less\s+than)\s*$")
_LESS = re.compile(r"(?:less\s+than|under|<|fewer\s+than|not\s+quite|just\s+under|shy\s+of)\s*$")
_AFTER = re.compile(r"\s*(?:(\+|or\s+more|or\s+longer|plus|and\s+counting)|(or\s+so|ish|-ish|approximately|roughly))")


def lengths(text: str) -> list[Length]:
    """All lengths of time in a folded text, in order: "3 yrs", "18-24 months", "several years", "two and a half weeks"."""
    found = []
    for match in _LENGTH.finditer(text):
        unit = next(index for index in range(4, 9) if match[index])
        count: float | None
        qualifier = "exact"
        if match[3]:
            word = match[3].split()[-1]
            count = _VAGUE[word][1] / 12 if unit == 4 else float(_VAGUE[word][0])
            qualifier = "about"
        else:
            count = number(match[1])
            if match[2] and count is not None and count >= 1900:  # "in 2022 - 4 months": a year, no range
                count = number(match[2])
            if "couple" in match[1]:
                qualifier = "about"
        if count is None:
            continue
        if match[9]:
            count += 0.5
        months = count * {4: 12.0, 5: 1.0, 6: 1 / WEEKS_A_MONTH, 7: 1 / DAYS_A_MONTH, 8: 120.0}[unit]
        before = text[max(0, match.start() - 24):match.start()]
        after = _AFTER.match(text, match.end())
        if _AT_LEAST.search(before) or (after and after[1]):
            qualifier = "at_least"
        elif _LESS.search(before):
            qualifier = "less_than"
        elif _ABOUT.search(before) or (after and after[2]):
            qualifier = "about"
        found.append(Length(match.start(), match.end(), round(months, 1), qualifier))
    return found


_DATES = [
    re.compile(r"(?<![\d/.-])(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\d/])"),
    re.compile(r"(?<![\d/.-])(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>(?:19|20)?\d\d)(?![\d/])"),
    re.compile(rf"(?<![a-z])(?P<n>{_MONTH})\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?:of\s+)?(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<n>{_MONTH}),?\s+(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(rf"(?<![a-z])(?P<n>{_MONTH})(?:\s+of)?[\s,/'-]*(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(rf"(?<![a-z])(?P<n>{_MONTH})\s*'(?P<y>\d\d)(?!\d)"),
    re.compile(r"(?<![\d/.-])(?P<m>\d{1,2})/(?P<y>(?:19|20)\d\d)(?![\d/])"),
    re.compile(r"(?<![\d/.,$-])(?P<y>(?:19[5-9]|20[0-4])\d)(?![\d/]|\s*(?:mg|iu|ml|mcg|units?|lbs?))"),
]


def dates(text: str) -> list[Day]:
    """All dates in a folded text, in order: 2024-03-05, 3/5/24, March 5, 2024, March 2024, 3/2024, 2019."""
    found: list[Day] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            day = _day(match)
            if day and not any(other.start < day.end and day.start < other.end for other in found):
                found.append(day)
    return sorted(found, key=lambda item: item.start)


def _day(match: re.Match[str]) -> Day | None:
    parts = match.groupdict()
    year = int(parts["y"])
    if year < 100:
        year += 2000 if year < 50 else 1900
    month = _MONTHS.get(parts["n"].rstrip(".")) if parts.get("n") else int(parts["m"]) if parts.get("m") else None
    day = int(parts["d"]) if parts.get("d") else None
    if month is not None and day is not None and month > 12 >= day:  # day first, as in the UK
        month, day = day, month
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return Day(match.start(), match.end(), year, month, day)
