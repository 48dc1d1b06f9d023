"""How long a treatment went on, in weeks, and in how many sessions.

A month counts 4.345 weeks; spans of months count by difference ("Jan-Mar 2024" is two months); a point in time runs to
the note date; seasons and bare years give nothing (annotation guide, kind 5). Lengths of relief or of pain are no course.
"""
from __future__ import annotations

import re
from datetime import date

from ..quantities import RATE, WEEKS_A_MONTH, Day, dates, lengths, number

Stretches = tuple[tuple[int, int], ...]
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_POINT = rf"(?:{_MONTH}\s*,?\s*(?:of\s+)?'?(?:\d{{4}}|\d{{2}}(?!\d))?|\d{{1,2}}\s+{_MONTH}\s*(?:\d{{4}})?|\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2,4}}|\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}/\d{{4}}|\d{{1,2}}/\d{{2}}(?!\d))"
_SPAN = re.compile(rf"(?<![\w/])({_POINT})\s*(?:-|to|through|thru|until|till|and|ending(?:\s+in)?|up\s+to)\s*(?:the\s+|end\s+of\s+)?({_POINT}|now|present|today|date|current)(?![\w/])")
_SINCE = re.compile(rf"\bsince\s+(?:about\s+|around\s+|early\s+|mid[\s-]+|late\s+|last\s+|the\s+(?:beginning|start|end)\s+of\s+|at\s+least\s+)*({_POINT})(?![\w/])|\b(?:started|began|beginning|starting|start\s+date)\s*:?\s+(?:in\s+|on\s+)?({_POINT})(?![\w/])")
_NO_COURSE_BEFORE = re.compile(r"(?:\bin|\bafter|\bwithin|\bevery|\bq|\bnext|\bper|\blasted|\blasting|relief\s+(?:for|of|x)|helped(?:\s+for)?|better\s+for|improved\s+for|"
                               r"pain\s+(?:for|x|of|since)|lbp\s+(?:for|x)|symptoms\s+(?:for|x)|ago|aged?|f/u|follow[\s-]?up(?:\s+in)?|recheck(?:\s+in)?|rtc|return\s+in|back\s+in|about\s+this|off\s+work|once|twice)\s*(?:about\s+|the\s+(?:past|last)\s+|approximately\s+|only\s+|over\s+|>\s*|~\s*)?$")
_NO_COURSE_AFTER = re.compile(r"\s*(?:of\s+(?:\w+\s+)?(?:relief|benefit|improvement|comfort|pain|symptoms|low\s+back|lbp|back)|(?:a|per|each|/)\s*(?:week|wk|day|month)|ago|old|later|before|prior|postpartum|apart|supply|f/u|follow|'?\s*history|hx|relief|post)\b")
_BRIEF = re.compile(r"(?<![\d/])(\d{1,2})/(52|12)(?![\d/])(?!\s*(?:\w+\s+)?(?:visits|sessions))")
_AGO = re.compile(r"\b(?:start(?:ed|ing)|began|begun|resumed)\b[^.;]{0,50}$")
_RATE = re.compile(r"(?:days?|times?|hours?|shifts?|visits?|sessions?|\dx|\d\s+x)\s+$")  # "3 days a week"
_BOUNDED = re.compile(r"\bpain\b|\blbp\b|\bsymptoms\b|\bonset\b")
_COUNT = r"(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:-?\s?\w+)?)"
_NO_RATE = rf"(?!\s*{RATE})"
_WORDS = r"(?:(?!(?:days?|weeks?|wks?|months?|mos?|years?|yrs?|hours?|hrs?|min\w*)\b)[a-z-]+\s+){0,3}?"  # "6 weeks of PT sessions" counts none
_SESSIONS = re.compile(rf"(?<![\w/-]){_COUNT}(?!\s*(?:mg|mcg|ml|g|cc|%|units?)\b)(?:\s*(?:-|or|to)\s*\w+)?(?:\s*(?:of|/|out\s+of)\s*\d{{1,3}})?\s+{_WORDS}(?:visits?|sessions?|treatments?|appointments?|adjustments|classes|injections?|times|blocks|epidurals?|[a-z]{{0,2}}esis)\b{_NO_RATE}"
                       rf"|\bx\s?(\d{{1,2}})(?!\d){_NO_RATE}" r"(?!\s*(?:/|%|-?\s*(?:weeks?|wks?|months?|mos?|m\b|years?|yrs?|y\b|days?|d\b|hours?|hrs?|h\b|mg|w\b|reps)))"
                       r"|\b(?:visits|sessions)\s*:?\s*(\d{1,3})\b|(?<![\w/.-])(?<!week\s)(?<!day\s)(?<!month\s)(\d{1,2})\s*of\s*(?!52|12\b(?!\s*(?:\w+\s+)?(?:visits|sessions)))\d{1,2}\b(?!\s*[/%\d])"
                       r"|(?:\b(?:visits?|sessions?|attended|completed|did|done|had)\s*[:#]?\s*|(?=\d{1,2}\s*/\s*\d{1,2}\s+(?:\w+\s+){0,2}?(?:visits|sessions|appts|appointments|completed|attended|done)\b))"
                       r"(?<![\w/.-])(\d{1,2})\s*/\s*\d{1,2}\b(?!\s*[/%\d])|\band\s+again\s+(\d{1,2})\b")
_COUNTED = re.compile(rf"(?<![\w/.-]){_COUNT}(?:\s*(?:of|/|out\s+of)\s*\d{{1,3}})?\s+(?:(?:formal|supervised|outpatient|scheduled|planned|authori[sz]ed|approved|prescribed)\s+)?$")
_GOES_ON = re.compile(r"\b(?:another\b|again\b|and\s+then\b|further\b|then\s+(?=\d\s?x\b|\d\s+times|once|twice|weekly|biweekly))")
_RATED = re.compile(rf"\s*{RATE}")
_VISITS = re.compile(rf"\s+(?:visits|sessions|appointments|treatments|classes)\b{_NO_RATE}")


def leading_weeks(text: str, taken: Stretches) -> float | None:
    """The length that stands right before a treatment ("three months of PT", "for 16 months: PT, ...")."""
    for found in reversed(lengths(text)):
        behind = text[found.end:]
        if (len(behind) < 45 and " and " not in behind and not re.search(r"[);\d]", behind) and not _BOUNDED.search(behind) and not _is_taken(found.start, found.end, taken)
                and not _NO_COURSE_AFTER.match(behind) and not _NO_COURSE_BEFORE.search(text[:found.start])):
            return _exact(text[found.start:found.end], found.months)
    return None


def weeks_since_start(text: str) -> float | None:
    """Weeks since a treatment was begun ("started yoga three weeks ago")."""
    for found in lengths(text):
        if re.match(r"\s*ago\b", text[found.end:]) and _AGO.search(text[:found.start]):
            return _exact(text[found.start:found.end], found.months)
    return None


def weeks_told(text: str, taken: Stretches, note_date: str | None) -> float | None:
    """The weeks told in a stretch of text; `taken` are the parts that say something else (lengths of relief)."""
    whole = re.search(r"\b(?:over|for|during|throughout)\s+the\s+(?:last|past)\s+(year|month)\b", text)
    if whole:
        return round((12 if whole[1] == "year" else 1) * WEEKS_A_MONTH, 1)
    known = [_exact(text[found.start:found.end], found.months) for found in lengths(text)
             if not _is_taken(found.start, found.end, taken) and not _NO_COURSE_AFTER.match(text, found.end)
             and not _NO_COURSE_BEFORE.search(text[:found.start])
             and not (text[found.start:found.start + 2] == "a " and _RATE.search(text[:found.start]))]
    if known:
        return round(sum(known), 1) if _GOES_ON.search(text) else known[0]
    if brief := _BRIEF.search(text):  # "6/52", as British notes write six weeks
        return round(int(brief[1]) * (1 if brief[2] == "52" else WEEKS_A_MONTH), 1)
    spans = [weeks for match in _SPAN.finditer(text) if (weeks := _between(match[1], match[2], note_date)) is not None]
    if spans:
        return round(sum(spans), 1)
    for match in _SINCE.finditer(text):
        weeks = _between(match[1] or match[2], "now", note_date)
        if weeks is not None:
            return weeks
    return None


def since_named(text: str, note_date: str | None) -> float | None:
    """Weeks from the first point in time in the text to the note date ("gave up golf 10/2023")."""
    match = re.search(rf"(?<![\w/]){_POINT}(?![\w/])", text)
    return _between(match.group(), "now", note_date) if match and re.search(r"\d{4}|/", match.group()) else None


def span_weeks(text: str, note_date: str | None) -> float | None:
    """Weeks of the first span in the text ("03/05/2024 to 07/02/2024")."""
    return next((weeks for match in _SPAN.finditer(text) if (weeks := _between(match[1], match[2], note_date))), None)


def _is_taken(start: int, end: int, taken: Stretches) -> bool:
    return any(a < end and start < b for a, b in taken)


def _exact(text: str, months: float) -> float:
    """Weeks as written where the text counts weeks, else from the months."""
    weeks = months * WEEKS_A_MONTH
    return float(round(weeks)) if re.search(r"\d\s?-?w|week|wk", text) and abs(weeks - round(weeks)) < 0.3 else round(weeks, 1)


def _between(first: str, last: str, note_date: str | None) -> float | None:
    """Weeks from one point in time to another (or to the note date)."""
    until = _point(last, note_date) if last[:1].isdigit() or re.match(_MONTH, last) else _note_day(note_date)
    since = _point(first, note_date, until)
    if since is None or until is None:
        return None
    if since.day and until.day:
        days = (date(until.year, until.month or 1, until.day) - date(since.year, since.month or 1, since.day)).days
        return round(days / 7, 1) if days > 0 else None
    months = (until.year - since.year) * 12 + (until.month or 1) - (since.month or 1)
    return round(months * WEEKS_A_MONTH, 1) if months > 0 else None


def _note_day(note_date: str | None) -> Day | None:
    if note_date is None:
        return None
    day = date.fromisoformat(note_date)
    return Day(0, 0, day.year, day.month, day.day)


def _point(text: str, note_date: str | None, until: Day | None = None) -> Day | None:
    """A point in time with month; where it has no year, the last such month before `until` or the note date."""
    found = [day for day in dates(text) if day.month]
    if found:
        return found[0]
    name = re.search(_MONTH, text)
    number_of_day = re.search(rf"(\d{{1,2}})\s+{_MONTH}|{_MONTH}\s+(\d{{1,2}})(?!\d)", text)
    short = re.fullmatch(r"(\d{1,2})/(\d{2})", text.strip())
    if short and 1 <= int(short[1]) <= 12 and int(short[2]) > 12:
        return Day(0, 0, 2000 + int(short[2]), int(short[1]))
    anchor = until or _note_day(note_date)
    if name is None or anchor is None:
        return None
    month = _NAMES.index(name.group()[:3]) + 1
    day = int(number_of_day[1] or number_of_day[2]) if number_of_day else None
    return Day(0, 0, anchor.year if month <= (anchor.month or 12) else anchor.year - 1, month, day)


def sessions_before(lead: str, treatment: str, behind: str) -> int | None:
    """The count before a treatment ("2 epidural injections", "6 of 12 PT sessions"), unless it is one of every week or year."""
    if _RATED.match(behind):
        return None
    told = sessions_told(lead + treatment)
    count = _COUNTED.search(lead) if told is None and _VISITS.match(behind) else None
    return int(number(count[1]) or 0) or None if count else told


def sessions_told(text: str) -> int | None:
    """How many visits or procedures a stretch of text counts."""
    counts = [number(next(filter(None, match.groups()))) for match in _SESSIONS.finditer(text)]
    whole = [int(count) for count in counts if count and count == int(count)]
    if not whole:
        return None
    return sum(whole) if re.search(r";|\band\s+again\b|\banother\b", text) else whole[0]


def episode_weeks(text: str, note_date: str | None) -> float | None:
    """Weeks of an episode of care told by its first and last day ("Eval 3/31/25. Today 5/20/25")."""
    day = r"(\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d{4}-\d{2}-\d{2})"
    first = re.search(rf"\b(?:start\s+of\s+care|soc|eval(?:uation|uated)?|initial\s+(?:eval(?:uation)?|visit)|first\s+(?:visit|seen)|episode|started)\b(?:\s+date)?[\s:]*(?:on\s+)?{day}", text)
    if not first:
        return None
    last = re.search(rf"\b(?:discharged?|d/c|today|last\s+visit|last\s+seen|end\s+of\s+care|to|date\s+of\s+discharge)\b(?:\s+date)?[\s:]*(?:on\s+)?{day}", text[first.end():])
    return _between(first[1], last[1] if last else "now", note_date)


