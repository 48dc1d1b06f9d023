"""One treatment as one passage tells of it, and how all that a note tells of it becomes one fact."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...schema import Cue
from ...values import NUMBERS
from ..component import Draft
from ..matcher import Hit
from ..memory import remembered
from .therapy_course import (
    Stretches,
    leading_weeks,
    sessions_before,
    sessions_told,
    since_named,
    span_weeks,
    weeks_since_start,
    weeks_told,
)
from .therapy_passage import Mention, Passage
from .therapy_status import USED

_DRUGS = frozenset({"nsaid", "acetaminophen", "opioid", "muscle_relaxant", "neuropathic_agent", "oral_steroid", "topical"})
_CLASS = re.compile(r"nsaid|inflammator|steroid|opioid|opiate|narcotic|relax|neuropathic|nerve|gabapentinoid|tricyclic|topical|patch|cream|gel")
_CONSERVATIVE_LENGTH = re.compile(r"\b(?:over|across|during)\s+(?:the\s+(?:past|last)\s+)?(?:about\s+)?(?:\d+|[a-z]+)\s+(?:months?|weeks?|years?)\b")
_HEADING = 120  # characters that a heading of treatments spans at most
_SMALL_WORDS = re.compile(r"(?:[\s:,(/&-]|\b(?:and|or|we|i|have|has|had|still|there|is|are|as|yet|but|with|also|to\s+date)\b)*")
_OBJECT = re.compile(r"(?:\s+(?:sent|faxed|made|submitted|placed))?\s*(?:of|for|from|about|regarding|re|on|with|to)\b[^,;]*$")


@dataclass(slots=True)
class Statement:
    """One treatment as one passage tells of it."""
    passage: Passage
    mention: Mention
    status: str
    assertion: str = "present"
    outcome: str | None = None
    weeks: float | None = None
    sessions: int | None = None
    cue: Hit | None = None
    sure: bool = True

    @property
    def used(self) -> bool:
        return self.status in USED and self.assertion == "present"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.mention.modality, "used" if self.used else self.status, self.assertion


def measure(statement: Statement, number: int, taken: Stretches, note_date: str | None) -> None:
    """Set weeks and sessions from the words around a treatment, up to the treatments beside it."""
    text, mentions, mention = statement.passage.text, statement.passage.mentions, statement.mention
    start = mentions[number - 1].end if number else 0
    end = mentions[number + 1].start if number + 1 < len(mentions) else len(text)
    statement.weeks, statement.sessions = _measured(
        text, (start, mention.start, mention.end, end), taken, note_date, statement.status if statement.used else "",
        len(mentions) == 1, mention.modality == "activity_modification")


@remembered
def _measured(text: str, around: tuple[int, int, int, int], taken: Stretches, note_date: str | None, used: str,
              alone: bool, activity: bool) -> tuple[float | None, int | None]:
    """Weeks and sessions of a treatment, `used` as tried or ongoing; it stands between the inner two places `around`."""
    start, first, last, end = around
    behind, lead = text[first:end], text[start:first]
    weeks, sessions = weeks_told(behind, _shifted(taken, first), note_date), sessions_told(behind)
    leading = leading_weeks(lead, _shifted(taken, start))
    if leading is not None:
        again = re.search(r"\banother\b|\band\s+again\b", text[last:end])
        weeks = round(leading + weeks, 1) if again and weeks else leading
    elif weeks is None and re.match(r"\s*(?:since|from|between)\b", lead):
        weeks = weeks_told(lead, _shifted(taken, start), note_date)
    if weeks is None and used:
        if alone:
            weeks = span_weeks(text, note_date) or weeks_since_start(text)
        elif used == "ongoing":
            weeks = weeks_since_start(text[max(0, first - 40):end])
        if activity:
            weeks = weeks or since_named(behind, note_date)
    if sessions is None:
        sessions = sessions_before(re.split(r"[,;)]", lead)[-1][-40:], text[first:last], text[last:end])
    return weeks, sessions


def _shifted(parts: Stretches, start: int) -> Stretches:
    """Stretches of a text as parts of what stands from `start` on."""
    return tuple((a - start, b - start) for a, b in parts)


def of_records(statement: Statement, records: list[Hit]) -> bool:
    """Whether a statement is about the records of a treatment: the treatment stands in their name ("PT notes requested"), or
    is only the heading or the object of words about them ("Physical therapy: no report yet"). Words that tell where, when or
    how it took place make it a treatment ("ESI at Riverside, records requested")."""
    mention = statement.mention
    if any(record.start <= mention.start and mention.end <= record.end for record in records):
        return True
    if statement.sure or statement.outcome or statement.weeks or statement.sessions:
        return False
    return any(_heads(statement.passage, mention, record) if mention.end <= record.start
               else _OBJECT.match(statement.passage.text, record.end, mention.start) for record in records)


def _heads(passage: Passage, mention: Mention, record: Hit) -> bool:
    """Whether only other treatments and a few small words stand between a treatment and words about records behind it."""
    if record.start - mention.end > _HEADING:
        return False
    between = passage.text[mention.end:record.start]
    for other in passage.mentions:
        if mention.end <= other.start < record.start:
            between = between.replace(other.target.text, " ")
    return _SMALL_WORDS.fullmatch(between) is not None


def summary(passage: Passage, statements: list[Statement], taken: Stretches) -> list[Statement]:
    """A list of three or more treatments with one length over all is a summary of conservative care."""
    used = [s for s in statements if s.used]
    if len({s.mention.modality for s in used}) < 3 or any(s.mention.modality == "conservative_unspecified" for s in used):
        return []
    last = used[-1]
    match = _CONSERVATIVE_LENGTH.search(passage.text, last.mention.end)
    if match is None or last.weeks is None or any(a < match.end() and match.start() < b for a, b in taken):
        return []
    target = last.mention.target
    attributes = {**target.attributes, "modality": "conservative_unspecified"}
    whole = Mention(type(target)(target.sentence, target.start, target.end, target.group, "therapy.summary", attributes,
                                 span=target.span), match.start(), match.end())
    overall = Statement(passage, whole, "tried", "present", last.outcome, last.weeks)
    last.weeks = None
    return [overall]


def merge(statements: list[Statement]) -> Iterator[list[Statement]]:
    """The statements that make one fact each.

    A drug in use that a plan only names again is no new plan, one suggested and declined is declined; a drug given up and
    another of its class in use are two facts.
    """
    groups: dict[tuple[str, str, str], list[Statement]] = {}
    for statement in statements:
        groups.setdefault(statement.key, []).append(statement)
    for (modality, status, assertion), group in groups.items():
        if status == "planned" and assertion == "present":
            names = {s.mention.target.text for s in groups.get((modality, "used", "present"), [])}
            declined = (modality, "declined", "present") in groups
            group = [s for s in group if (s.sure or not names or (s.mention.target.text not in names and modality != "home_exercise"))
                     and not (declined and s.passage.sentence.section != "plan")]
        if status == "used" and modality in _DRUGS:
            yield from _by_drug(group)
        elif group:
            yield group


def _by_drug(group: list[Statement]) -> Iterator[list[Statement]]:
    """The drugs in use apart from those given up, unless one drug or the class as a whole is named in both."""
    now = [s for s in group if s.status == "ongoing"]
    past = [s for s in group if s.status == "tried"]
    names = {s.mention.target.text for s in now}
    if now and past and not any(s.mention.target.text in names or _CLASS.search(s.mention.target.text) for s in past) and not any(
            map(_CLASS.search, names)):
        yield now
        yield past
    else:
        yield group


def _most(values: Iterable[float | None], limit: float) -> float | None:
    """The largest value that can be: "since 1/1901" is a slip of the pen."""
    return max((value for value in values if value and value <= limit), default=None)


def draft(group: list[Statement]) -> Draft:
    first = group[0]
    outcomes = [s.outcome for s in group if s.outcome]
    attributes: dict[str, Any] = {
        "modality": first.mention.modality,
        "status": "ongoing" if any(s.used and s.status == "ongoing" for s in group) else first.status,
        "outcome": outcomes[0] if outcomes else "unknown",
        "duration_weeks": _most((s.weeks for s in group), NUMBERS["therapy.duration_weeks"]),
        "sessions": _most((s.sessions for s in group), NUMBERS["therapy.sessions"])}
    passage, mention = first.passage, first.mention
    cue = None
    if first.cue is not None:
        start, end = passage.source(first.cue.start), passage.source(first.cue.end)
        cue = Cue(start, end, passage.text[first.cue.start:first.cue.end], first.cue.rule.literal)
    return Draft(mention.target.sentence, passage.source(mention.start), passage.source(mention.end), mention.target.rule,
                 attributes, first.assertion, cue, absolute=True)
