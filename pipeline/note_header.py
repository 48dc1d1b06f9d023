"""What a note says about itself: its date and its type, from the file name, else from its first lines."""

from __future__ import annotations

import re
from datetime import date

from .nlp.normalize import fold
from .nlp.quantities import dates
from .schema import NOTE_TYPES

_HEAD = 2500
_LIKE_A_DATE = re.compile(r"\d[/.-]\d{1,2}[/.-]\d|(?:19|20)\d\d")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<![\w.])(\d{1,2})[-. ]?([a-z]{3,9})[-. ,]{1,2}((?:19|20)\d\d)(?!\d)|"
    r"(?<![\w.])(\d{1,2})([a-z]{3})((?:19|20)\d\d)(?!\d)"
)
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)(?![\d.])")
_DAY_FIRST = re.compile(r"(?<![\d/-])(1[3-9]|2\d|3[01])([/-])(\d{1,2})\2((?:19|20)\d\d)(?![\d/])")
_WHAT = (
    r"(?:service|exam(?:ination)?|visit|encounter|study|procedure|evaluation|assessment|consult(?:ation)?|"
    r"appointment|scan|surgery|operation|injection)"
)
_LABEL = re.compile(
    rf"(?:(?<![a-z])(?:dates?\s+(?:of\s+)?{_WHAT}|{_WHAT}\s+dates?(?:\s*/\s*time)?|"
    rf"d\.?o\.?s\.?(?![a-z])|date\s+(?:seen|performed))|^\s*(?:visit|encounter|seen|performed)(?:\s+on)?(?=\s*:))"
    rf"[\s:=#-]*(?:on\s+)?(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
)
_PLAIN_LABEL = re.compile(
    r"\s*(?:note |report |letter )?(?:date|dated|signed|dictated|collected|completed(?: on)?)"
    r"(?:\s*/\s*time| and time)?\s*[:=]\s*"
)
_TITLE = re.compile(
    r"(?<![a-z])(?:mri?|ct|x-?rays?|radiographs?|scan|imaging|visit|note|report|clinic|"
    r"consult(?:ation)?|evaluation|exam(?:ination)?|study|questionnaire|index|letter|encounter|call|referral|progress|"
    r"follow-?\s?up|procedure|operative|therapy|oswestry)(?![a-z])"
)
_OTHER_DATE = re.compile(
    r"(?<![a-z])(?:d\.?o\.?b|birth|born|comparison|compared|prior|previous|since|injur|accident|"
    r"incident|onset|history|hx|indication|reason|printed|faxed|addendum|expires|last|next|referred|ordered)"
)
_TITLE_LINES, _TITLE_CHARS, _LABEL_LINES = 4, 110, 40

_NAME_TYPES = {
    "radiology": "rad radiol mri mr ct xray xr imaging radiograph scan lspine lumbarmri",
    "pt": "physicaltherapy physiotherapy physio therapy rehab pteval",
    "procedure": "proc injection esi operative opnote op surgery mbb rfa",
    "telephone": "phone tel telephonecall call triage",
    "referral": "ref refer",
    "questionnaire": "odi oswestry prom proms promis pro intake survey form forms",
    "letter": "lomn correspondence",
    "clinic": "visit office officevisit ov progress consult consultation hp followup fu soap ortho pmr spine pain "
    "initial",
}
_NAME_TYPE = {word: kind for kind, words in _NAME_TYPES.items() for word in [kind, *words.split()]}

_MODALITY = r"(?:m\.?r\.?i\.?|mr|ct|x-?rays?|radiographs?|myelogram)"
_REGION = r"(?:l-?s|l\.?s\.?s|lumb\w+|spine|pelvis|l-?spine|sacr\w+|si\s?joints?|thoracic|cervical|hip)"
_TITLES: tuple[tuple[str, str], ...] = (  # looked for in the first two lines, in this order
    (
        "questionnaire",
        r"oswestry|disability (?:index|questionnaire)|questionnaire|patient[- ]reported outcome|"
        r"intake form|check[- ]?in\b|promis\b|\bpack\b|survey",
    ),
    (
        "telephone",
        r"\b(?:tele)?phone\b|\btriage\b|\bnurse call\b|\bcall (?:note|log|received)\b|\bincoming call\b|"
        r"portal message|\bcaller\b",
    ),
    ("letter", r"^\W*dear\s+\w|to whom it may concern|letter of (?:medical necessity|appeal)|^\W*(?:[a-z]+ )?letter\b"),
    ("referral", r"^\W*(?:[a-z]+ ){0,3}referral(?: (?:form|request|order))?\W*(?:$|:|-|to\b|for\b)"),
    (
        "procedure",
        r"\bprocedure (?:note|report)|\boperative (?:note|report)|\bop note\b|"
        r"^\W*procedures?(?: performed)?\s*:|pre-?\s?(?:operative|procedure) diagnosis",
    ),
    (
        "pt",
        r"physical therap|physiotherap|\bpt (?:initial |re-?|daily |progress |discharge )?(?:eval\w*|note|summary|"
        r"visit|discharge|progress|assessment|treatment)",
    ),
    (
        "clinic",
        r"\bvisit\b|\bconsult|follow-?\s?up|\bclinic\b|primary care|internal medicine|"
        r"family (?:medicine|practice)|spine cent|pain (?:medicine|management|cent)|chief complaint|"
        r"history of present|physical medicine|\bsoap\b",
    ),
    (
        "radiology",
        rf"\b{_MODALITY}(?![a-z]).{{0,40}}\b{_REGION}\b|\b{_REGION}\b.{{0,40}}\b{_MODALITY}(?![a-z])|"
        r"^\W*(?:technique|comparison|findings|impression)\s*:",
    ),
)
_BODIES: tuple[tuple[str, str], ...] = (  # looked for in the head of the note where no title says what it is
    ("letter", r"(?:^|\n)\s*(?:dear\s+\w|to whom it may concern)"),
    ("procedure", r"(?:^|\n)\s*(?:procedures?(?: performed)?|pre-?\s?operative diagnosis)\s*:"),
    ("telephone", r"(?:^|\n)\s*(?:called|spoke (?:with|to)|pt called|patient called)\b"),
    (
        "clinic",
        r"\b\d+\s*-?\s*(?:year|yr|y/?o\b|yo\b|[mf]\b)|"
        r"\b(?:patient|pt|she|he) (?:reports|denies|presents|states|complains)|"
        r"(?:^|\n)\s*(?:cc|hpi|hx|subj\w*|s|assessment(?: and plan)?|a/p|plan|physical exam\w*|vitals|"
        r"review of systems)\s*:",
    ),
    (
        "radiology",
        r"(?:^|\n)\s*(?:technique|comparison|findings|impression)\s*:|"
        r"(?:thecal sac|nerve roots?|neural canal|disc (?:bulge|protrusion|herniation)|spinal canal|endplate)"
        r"[^.\n]{0,80}(?:noted|seen|compress|abutting)|"
        r"(?:noted|seen)[^.\n]{0,80}(?:thecal sac|exit canal)|\bt2\b",
    ),
)
_TITLE_TYPE = tuple((kind, re.compile(pattern)) for kind, pattern in _TITLES)
_BODY_TYPE = tuple((kind, re.compile(pattern)) for kind, pattern in _BODIES)
_TYPE_HEAD = 1200


def parse_date(text: str) -> str | None:
    """The first full date in `text` as ISO: 2025-06-03, 06/03/2025, 6/3/25, June 3, 2025, 3 June 2025, 03-Jun-2025.

    Month first, as is usual in the US, unless that gives no date (13/06/2025).
    """
    folded = _DOTTED.sub(r"\1/\2/\3", fold(text))
    folded = _DAY_FIRST.sub(r"\4-\3-\1", folded)
    folded = _DAY_MONTH.sub(lambda m: f"{m[1] or m[4]} {m[2] or m[5]} {m[3] or m[6]}", folded)
    for day in dates(folded.replace("t", " ") if _ISO.match(folded.strip()) else folded):
        if day.month and day.day and (iso := _iso(day.year, day.month, day.day)):
            return iso
    return None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat() if 1950 <= year <= 2100 else None
    except ValueError:
        return None


def date_from_name(name: str) -> str | None:
    """The first ISO date (YYYY-MM-DD) in a file name."""
    for match in _ISO.finditer(name):
        if iso := _iso(int(match[1]), int(match[2]), int(match[3])):
            return iso
    return None


def date_from_text(text: str) -> str | None:
    """The date of service or examination stated in the first lines of a note, as ISO, or None.

    Labels ("DOS", "Date of service", "Exam date", "Visit") win over a plain "Date:", and that over a date in a title
    line ("MRI LUMBAR SPINE 06/14/2023") or on a line of its own. Birth dates, comparisons and injuries do not count.
    """
    lines = [line for line in re.split(r"[\r\n\f]+", text[:_HEAD]) if line.strip()][:_LABEL_LINES]
    folded = [fold(line) if _LIKE_A_DATE.search(line) else "" for line in lines]  # most lines hold no date
    for line in folded:
        for label in _LABEL.finditer(line):
            found = _date_at(line, label.end())
            if found and not _OTHER_DATE.search(line[max(0, label.start() - 12) : label.start()]):
                return found
    for line in folded:
        if (plain := _PLAIN_LABEL.match(line)) and (found := _date_at(line, plain.end())):
            return found
    for number, line in enumerate(folded[:10]):
        found = parse_date(line) if len(line) <= _TITLE_CHARS else None
        if not found or _OTHER_DATE.search(line):
            continue
        alone = len(re.findall(r"[a-z]+", line)) <= 2
        if alone or (number < _TITLE_LINES and _TITLE.search(line)):
            return found
    return None


def _date_at(line: str, at: int) -> str | None:
    """A date that starts right at `at`."""
    words = re.match(
        r"\s*(\d{1,2}(?:st|nd|rd|th)?[\s-]?[a-z]{3,9}\.?,?[\s-]*\d{4}|"
        r"[a-z]{3,9}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}|\d[\d/.-]*\d)",
        line[at:],
    )
    return parse_date(words[1]) if words else None


def type_from_name(name: str) -> str | None:
    """The note type a file name states: its own name goes before a synonym (mri, visit), the last one wins."""
    words = re.findall(
        r"(?<![a-z0-9])[a-z]+(?![a-z]|\d\d)", name.lower().replace("x-ray", "xray").replace("follow-up", "followup")
    )
    exact = [word for word in words if word in NOTE_TYPES and word != "unknown"]
    if exact:
        return exact[-1]
    known = [_NAME_TYPE[word] for word in words if word in _NAME_TYPE]
    return known[-1] if known else None


def type_from_title(title: str) -> str | None:
    """The note type that a title ("Physical therapy Progress note") states, read as the first line of a note."""
    kind = type_from_text(title[:_TITLE_CHARS])
    return type_from_name(title[:_TITLE_CHARS]) if kind == "unknown" else kind


def type_from_text(text: str) -> str:
    """The note type its first two lines, else its head speak of, or "unknown"."""
    head = text[:_TYPE_HEAD].lower()
    titles = [line[:_TITLE_CHARS] for line in re.split(r"[\r\n\f]+", head) if line.strip()][:2]
    for title in titles:
        for kind, pattern in _TITLE_TYPE:
            if pattern.search(title):
                return kind
    for kind, pattern in _BODY_TYPE:
        if pattern.search(head):
            return kind
    return "unknown"
