"""One grammar for numbers, lengths of time and dates in folded text.

Lengths are given in months and weeks (a year 12 months, a month 4.345 weeks, a week 7 days; see the annotation guide);
a range counts with its lower bound. A point in time ("since March 2019", "two years ago") is measured to the note date.
"""
from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from .memory import remembered
from .words import guard, has

# how often: "a week", "/day", "monthly"
RATE = (r"(?:(?:(?:an?|per|each|every)\s+|/\s*)(?:day|d\b|night|week|wk|month|mo\b|hour|year|yr)(?!s?\s+ago)|daily|nightly|weekly|monthly|"
        r"q\s?(?:day|week|month))")
WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
         "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
         "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
         "dozen": 12, "couple": 2, "half": 0.5}
_TENS = r"(?:twenty|thirty|forty|fifty)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?"
_WORD = (rf"(?:{_TENS}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
         r"seventeen|eighteen|nineteen)")
_HALF = r"(?:[\s-](?:and|&)[\s-](?:(?:a|one)[\s-])?half)"
NUMBER = (rf"(?:\d+[\s-]+1/2|\d+\s?½|\d+(?:\.\d+)?{_HALF}?|1/2|½|{_WORD}{_HALF}?|(?:a\s+)?couple(?:\s+(?:of|more))?|"
          rf"a\s+dozen|half\s+an?|an?[\s-]half|half|an?)")
_UNIT = r"(?:(years?|yrs?|yr|y)|(months?|mos?|mths?|mnths?|m)|(weeks?|wks?|w)|(days?|d)|(decades?))"
_VAGUE = {"several": (3, 24), "multiple": (3, 24), "few": (3, 24), "some": (3, 24), "number of": (3, 24),
          "many": (6, 36), "numerous": (6, 36), "for": (3, 24)}
_MONTHS = {name: number for number, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
     "sep sept september", "oct october", "nov november", "dec december"), 1) for name in names.split()}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
WEEKS_A_MONTH = 4.345
DAYS_A_MONTH = 30.4
_LONGEST = 1196  # months, nearly a hundred years: a longer time is a slip of the pen ("2024 months"), or no symptom's


def number(text: str) -> float | None:
    """The value of a folded number: "12", "2.5", "2 1/2", "two-and-a-half", "a couple of", "twenty-one"."""
    text = text.strip().replace("½", " 1/2").strip()
    if match := re.fullmatch(r"(\d+)?[\s-]*1/2", text):
        return float(match[1] or 0) + 0.5
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    words = [word for word in re.split(r"[\s-]+", text) if word not in ("and", "&", "of", "more")]
    if "half" in words:
        whole = words[:words.index("half")]
        if whole[-1:] in (["a"], ["an"]) or (whole[-1:] == ["one"] and len(whole) > 1):
            whole = whole[:-1]
        counts = [float(word) if word[0].isdigit() else float(WORDS.get(word, 0)) for word in whole]
        return 0.5 + sum(counts)
    if words[:1] in (["a"], ["an"]) and len(words) > 1:
        words = words[1:]
    return float(sum(WORDS[word] for word in words)) if words and all(word in WORDS for word in words) else None


def month_number(name: str) -> int:
    """1 to 12 for a folded name of a month ("sept.", "march")."""
    return _MONTHS[name.rstrip(".")]


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
        """Months from this date to an ISO date (whole months where no day is given); None where it lies after it, or a
        century before."""
        until = date.fromisoformat(iso)
        months = (until.year - self.year) * 12 + (until.month - (self.month or until.month))
        if months > _LONGEST:
            return None
        if self.day is not None:
            try:
                days = (until - date(self.year, self.month or 1, self.day)).days
            except ValueError:
                return None
            months_exact = days / DAYS_A_MONTH
            return round(months_exact, 1) if days >= 0 else None
        return float(months) if months >= 0 else None


_NO_AGE = r"(?![a-z0-9]|/o|[\s-]+old\b|\s+of\s+age)"
_LENGTH = re.compile(
    rf"(?:(?<![\w.])|(?<=\bx))(?:(?P<low>{NUMBER})(?P<plus>\s?\+|[\s-]plus)?(?:\s?(?:-|to|or)\s?(?P<high>{NUMBER}))?"
    r"|(?:a\s+)?(?P<vague>several|few|many|multiple|numerous|some|number\s+of)|(?P<bare>for)(?=\s+(?:years|months|decades)))"
    rf"(?P<gap>[\s-]{{0,2}}){_UNIT}{_NO_AGE}(?P<half>\s+and\s+(?:a|one)[\s-]half)?")
_REST = re.compile(rf"\s*(?:,|and|&)?\s*({NUMBER})\s?-?(months?|mos?|mths?|m|weeks?|wks?)(?![a-z0-9])")
_ABOUT = re.compile(
    r"(?:about|approx(?:imately|\.)?|around|roughly|nearly|almost|some|an\s+estimated|estimated|~|circa|ca?\.?|close\s+to|"
    r"going\s+on|coming\s+up\s+on|approaching|maybe|perhaps|probably|give\s+or\s+take|in\s+the\s+region\s+of|"
    r"the\s+(?:best|better|greater)\s+part\s+of|most\s+of)\s*(?:the\s+(?:past|last)\s+)?$")
_PART = re.compile(r"(?:the\s+)?(?:best|better|greater)\s+part\s+of\s+$")
_AT_LEAST = re.compile(
    r"(?:at\s+least|more\s+than|over|greater\s+than|>\s?=?|in\s+excess\s+of|longer\s+than|upwards?\s+of|exceeding|"
    r"a\s+minimum\s+of|(?:no|not)\s+less\s+than|a\s+good|beyond|past\s+the|older\s+than)\s*(?:the\s+(?:past|last)\s+)?$")
_LESS = re.compile(r"(?:less\s+than|under|<\s?=?|fewer\s+than|not\s+quite|just\s+under|shy\s+of|up\s+to|within)\s*$")
_AFTER = re.compile(r"\s*(?:(\+|or\s+(?:more|longer|greater)|plus|and\s+counting|at\s+least)|"
                    r"(or\s+so|ish|-ish|approximately|approx|more\s+or\s+less|or\s+thereabouts))(?![a-z])")


_UNIT_SEEN = re.compile(  # what no length is without, and few sentences have
    r"[dmwy](?:(?<![a-z].)|(?<=of.)|(?<=few.)|(?<=plus.|many.|some.)|(?<=several.)|(?<=multiple.|numerous.))"
    r"(?:(?<=y)(?:ears?|rs?)?|(?<=m)(?:onths?|os?|ths?|nths?)?|(?<=w)(?:eeks?|ks?)?|(?<=d)(?:ays?|ecades?)?)"
    rf"{_NO_AGE}")


def lengths(text: str) -> tuple[Length, ...]:
    """All lengths of time in a folded text, in order: "3 yrs", "18-24 months", "several years", "3 years and 2 months"."""
    return _lengths(text) if _UNIT_SEEN.search(text) else ()


@remembered
def _lengths(text: str) -> tuple[Length, ...]:
    found: list[Length] = []
    for match in _LENGTH.finditer(text):
        glued = match["low"] and not match["gap"] and (match["high"] or match["low"])[-1].isalpha()  # "in 2018-and" has no days
        if glued or (found and match.start() < found[-1].end):
            continue
        if _AGE.search(text, max(0, match.start() - 6), match.end()) and not text[match.end():match.end() + 8].strip().startswith("ago"):
            continue
        unit = next(number for number in range(_FIRST_UNIT, _FIRST_UNIT + 5) if match[number]) - _FIRST_UNIT
        months = _count(match, unit) * (12.0, 1.0, 1 / WEEKS_A_MONTH, 1 / DAYS_A_MONTH, 120.0)[unit]
        end = match.end()
        rest = _REST.match(text, end) if unit == 0 and match["low"] else None
        if rest and (more := number(rest[1])) is not None:
            months += more if rest[2][0] == "m" else more / WEEKS_A_MONTH
            end = rest.end()
        start = match.start() if not match["bare"] else match.start(_FIRST_UNIT + unit)
        before = text[max(0, start - 32):start]
        if _PART.search(before):
            months /= 2
        if months > _LONGEST:
            continue
        found.append(Length(start, end, round(months, 1), _qualifier(match, before, text, end)))
    return tuple(found)


_AGE = re.compile(r"(?:^|[:.]\s*)[1-9]\d\s?m$")  # "HPI: 45M, driver"
_FRACTION = re.compile(r"(?<![\d/.])(\d{1,2})\s?/\s?(12|52)(?![\d/]|\s*(?:visits|sessions|appointments|treatments|items|goals|nerves))")
_FRACTION_WORDS = guard(("/12", "/52", "/ 12", "/ 52"), _FRACTION)


def fractions(text: str) -> tuple[Length, ...]:
    """Lengths as British notes write them: "9/12" is nine months, "6/52" six weeks. Only for text that speaks of a duration."""
    if not has(text, _FRACTION_WORDS):
        return ()
    return tuple(Length(match.start(), match.end(), round(int(match[1]) / (1 if match[2] == "12" else WEEKS_A_MONTH), 1))
                 for match in _FRACTION.finditer(text))


_FIRST_UNIT = _LENGTH.groupindex["gap"] + 1


def _count(match: re.Match[str], unit: int) -> float:
    """How many of its unit a length counts; an unnamed number of years is two or three (see the guide)."""
    if match["low"]:
        low = number(match["low"]) or 0.0
        if low >= 1900 and match["high"]:  # "in 2022 - 4 months": a year, no range
            low = number(match["high"]) or 0.0
        return low + (0.5 if match["half"] else 0.0)
    word = " ".join((match["vague"] or match["bare"]).split())
    return 2.0 if unit == 4 else _VAGUE[word][1] / 12 if unit == 0 else float(_VAGUE[word][0])


def _qualifier(match: re.Match[str], before: str, text: str, end: int) -> str:
    after = _AFTER.match(text, end)
    if _AT_LEAST.search(before) or match["plus"] or (after and after[1]) or _PART.search(before):
        return "at_least"
    if _LESS.search(before):
        return "less_than"
    vague = not match["low"] or "couple" in match["low"] or (match["low"] == "half" and match["gap"].strip() == "")
    return "about" if vague or _ABOUT.search(before) or (after and after[2]) else "exact"


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
_UNNAMED = [pattern for pattern in _DATES if "n" not in pattern.groupindex]
_NAME = re.compile(_MONTH)
_DATE_SEEN = re.compile(r"[\d'](?:[/-]\d{1,2}[/-]\d|(?:(?<=1)9|(?<=2)0)\d\d|(?<=')\d\d)")  # what no date is without


def dates(text: str) -> tuple[Day, ...]:
    """All dates in a folded text, in order: 2024-03-05, 3/5/24, March 5, 2024, March 2024, 3/2024, 2019."""
    return _dates(text) if _DATE_SEEN.search(text) else ()


@remembered
def _dates(text: str) -> tuple[Day, ...]:
    found: list[Day] = []
    for pattern in _DATES if _NAME.search(text) else _UNNAMED:
        for match in pattern.finditer(text):
            day = _day(match)
            if day and not any(other.start < day.end and day.start < other.end for other in found):
                found.append(day)
    return tuple(sorted(found, key=lambda item: item.start))


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
    if month is not None and day is not None and day > monthrange(year, month)[1]:  # "since February 30, 2023": the month holds
        day = None
    return Day(match.start(), match.end(), year, month, day)


@dataclass(slots=True, frozen=True)
class Span:
    """A span between two months as written ("Jan-Mar 2024", "3/2024 to 9/2024"), in months by difference."""
    start: int
    end: int
    months: float

    @property
    def weeks(self) -> float:
        return round(self.months * WEEKS_A_MONTH, 1)


_TO = r"\s*(?:-+|to|through|thru|until|till|up\s+to)\s*"
_BARE_MONTH = re.compile(rf"(?<![a-z])(?P<n>{_MONTH}){_TO}$")
_JOIN = re.compile(_TO)


@remembered
def spans(text: str) -> tuple[Span, ...]:
    """All spans between two dates that name a month: "Feb to May 2023", "12/2024 - 2/2025", "from March 2022 until June 2022"."""
    days = dates(text)
    found = []
    for number, day in enumerate(days):
        if day.month is None:
            continue
        earlier = days[number - 1] if number else None
        if earlier and earlier.month and _JOIN.fullmatch(text, earlier.end, day.start):
            months, start = (day.year - earlier.year) * 12 + day.month - earlier.month, earlier.start
        elif bare := _BARE_MONTH.search(text, max(0, day.start - 24), day.start):
            months, start = (day.month - _MONTHS[bare["n"].rstrip(".")]) % 12, bare.start()
        else:
            continue
        if 0 < months <= _LONGEST:
            found.append(Span(start, day.end, float(months)))
    return tuple(found)
