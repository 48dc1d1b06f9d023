"""Finds odi facts: Oswestry scores in percent, or the band where no number is given.

The day's own score is present, an earlier one quoted beside it historical; goals, item scores, other questionnaires
and the neck index give nothing. Bands after Fairbank & Pynsent 2000: minimal, moderate, severe, crippled, bed_bound.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from ..quantities import Day, dates
from ..sentences import Sentence
from ..targets import Target
from .region import about_others

_PERCENT = r"(?:%|percent|per\s+cent|pct)"
_SCORE = re.compile(
    rf"(?<![\d./])(?:(?P<raw>\d{{1,2}}(?:\.\d)?)\s*(?:/|out\s+of|of|over|,?\s*divided\s+by)\s*(?P<max>50|45|40|35|100)(?![\d/])"
    rf"(?:\s*(?:=|\(|,|-|:|or|that\s+is|i\.?e\.?|equals|which\s+is)+\s*(?P<stated>\d{{1,3}}(?:\.\d+)?)\s?{_PERCENT})?"
    rf"|(?P<percent>\d{{1,3}}(?:\.\d+)?)\s?{_PERCENT}|(?P<decimal>0?\.\d\d)(?!\d)"
    r"|(?P<bare>\d{1,2}(?:\.\d)?)(?!\d|\.\d|[a-z]|\s?/|\s?-\s?\d|-(?:item|point|question|day|week|month|year)|\s?(?:min|mg|weeks?|visits?|points?|"
    r"of|out|items?|sections?|questions?|days?|months?|years?|x\b|th\b|st\b|nd\b|rd\b|:|[a-z]*uary|march|april|may|june|july|aug|sep|"
    r"oct|nov|dec)))")
_FILL = re.compile(
    r"(?:[^a-z0-9]|\b(?:it|scored?|scores|scoring|total|index|is|was|of|at|on|today|now|currently?|start|eval|evaluation|baseline|"
    r"initial(?:ly)?|repeat(?:ed)?|v?2\.\d[a-z]?|questionnaire|disability|intake|has|have|come|remains?|unchanged|stable|still|down|up|to|"
    r"from|improved|worsened|worse|better|increased|decreased|dropped|this|visit|previous(?:ly)?|prior|then|and|the|her|his|first|"
    r"last|final|before|after|discharge|went|same|again|approximately|about|sum|vs|versus|compared|with|against|d/c)\b|\b0\s?-\s?(?:100|50)\b|\d{1,2}/\d{1,2}(?:/\d{2,4})?)*")
_CONTINUES = re.compile(r"[\s(\[]*(?:it\b|this|that|scored?\b|total|sum|previous|prior|last|baseline|initial|today|now\b|band|interpret|"
                        r"raw|percent|result|overall|\d+\s*(?:/|of|out|%|percent))")
_LEFT = re.compile(rf"(?P<score>\d[\d./%\s]{{0,40}}?(?:{_PERCENT}|(?:/|out\s+of)\s*50))\s*\)?\s*(?:on|in|by|for|per)\s+(?:the|her|his|a|an|my|their)?\s*"
                   r"(?:modified\s+|repeat\s+)?$")
_RANGE = re.compile(r"\d\s*%?\s*(?:-|to)\s*\d")
_LONE_EARLIER = re.compile(r"previous|prior|last|ago|earlier|old")
_FORM_LINES = 18
_OLD = 3  # months after which a score told in the past tense is no longer the day's own


@dataclass(slots=True)
class Score:
    """A score as written: sentence offsets, percent and the cue that dates it (goal, earlier, now or None)."""
    name: Target
    sentence: Sentence
    start: int
    end: int
    value: float
    cue: str | None
    words: str
    day: Day | None


class Odi(FactComponent):
    """Reads the scores that follow a name of the index, in its sentence and, for a form, in the lines below."""

    kind = "odi"

    def find(self, note: NoteView) -> Iterator[Draft]:
        scores: list[Score] = []
        bands: list[Target] = []
        for name in note.targets("odi"):
            if (name.attributes["role"] == "name" and name.assertion not in ("general", "family", "hypothetical")
                    and not about_others(name.sentence)):
                _read(note, name, scores, bands)
        for score, assertion in _assert(scores, note.note_date):
            value = int(score.value) if score.value == int(score.value) else score.value
            yield Draft(score.sentence, score.start, score.end, score.name.rule, {"score": value, "category": None}, assertion)
        if not scores and bands:
            band = bands[0]
            word = re.sub(r"[\s-]", "_", band.text.split(" ")[0] if "bound" not in band.text else "bed_bound")
            yield Draft.of(band, {"score": None, "category": "crippled" if word.startswith("crippl") else word})


def _roles(sentence: Sentence, *roles: str) -> list[Target]:
    return [t for t in sentence.targets if t.group == "odi" and t.attributes["role"] in roles]


def _read(note: NoteView, name: Target, scores: list[Score], bands: list[Target]) -> None:
    """Add the scores and bands that belong to one mention of the index."""
    sentence = name.sentence
    before = len(scores)
    stop = min([t.start for t in _roles(sentence, "other", "name") if t.start >= name.end], default=len(sentence.text))
    _scan(name, sentence, name.end, stop, scores)
    if len(scores) == before and (left := _LEFT.search(sentence.text, 0, name.start)):
        _scan(name, sentence, left.start(), name.start, scores)
    bands += [t for t in _roles(sentence, "band") if name.end <= t.start < stop or t.end <= name.start]
    if stop < len(sentence.text):
        return
    form = len(scores) == before
    for other in note.sentences[sentence.index + 1:sentence.index + 1 + _FORM_LINES]:
        rival = min([t.start for t in _roles(other, "other", "name")], default=len(other.text))
        if other.checked is not None or (other.line != sentence.line and not form):
            break
        totals = [t for t in _roles(other, "total") if t.start < rival]
        if totals and form and not _CONTINUES.match(other.text):
            _scan(name, other, totals[0].start, rival, scores)
        elif _CONTINUES.match(other.text):
            _scan(name, other, 0, rival, scores)
        bands += [t for t in _roles(other, "band") if t.start < rival and not _RANGE.search(other.text) and t.assertion != "general"]
        if rival < len(other.text):
            break


def _scan(name: Target, sentence: Sentence, start: int, stop: int, scores: list[Score]) -> None:
    """Add the scores between two offsets of a sentence."""
    text = sentence.text
    matches = []
    last = start
    for match in _SCORE.finditer(text, start, stop):
        if match["bare"] and (sentence.line != name.sentence.line or not _FILL.fullmatch(text, last, match.start())):
            continue
        if re.search(r"(?<!-)[<>]\s*=?\s*$", text[:match.start()]):
            last = match.end()
            continue
        matches.append((match, last))
        last = match.end()
    for number, (match, after) in enumerate(matches):
        following = matches[number + 1][0].start() if number + 1 < len(matches) else stop
        value = _value(match)
        cue = _cue(sentence, after, match.start(), match.end(), following, first=number == 0)
        role = cue.attributes["role"] if cue else "earlier" if number and "(" in text[after:match.start()] else None
        if value is None or role == "goal" or (role is None and _goal(sentence)):
            continue
        days = dates(text[match.end():following]) or dates(text[after if number else 0:match.start()])
        day = days[0] if days else None
        end = match.end() + (1 if text[match.end():match.end() + 1] == ")" and "(" in match.group() else 0)
        at = name.start if sentence is name.sentence and number == 0 and name.end <= match.start() else match.start()
        scores.append(Score(name, sentence, at, end, value, role, cue.text if cue else "", day))


def _value(match: re.Match[str]) -> float | None:
    if match["stated"] or match["percent"] or match["bare"]:
        value = float(match["stated"] or match["percent"] or match["bare"])
    elif match["decimal"]:
        value = float(match["decimal"]) * 100
    else:
        value = float(match["raw"]) / float(match["max"]) * 100
    return round(value, 1) if value <= 100 else None


def _cue(sentence: Sentence, after: int, start: int, end: int, following: int, first: bool) -> Target | None:
    """The word that dates a score: the nearest before it, else the next behind it in its phrase."""
    cues = _roles(sentence, "goal", "earlier", "now")
    parted = max([m.end() for m in re.finditer(r"[,;(]|\band\b", sentence.text[after:start])], default=0)
    before = [t for t in cues if t.end <= start and t.start >= (0 if first else after + parted)]
    goals = [t for t in before if t.attributes["role"] == "goal"]
    if before:
        return goals[-1] if goals and before[-1].attributes["role"] == "earlier" else before[-1]
    cut = re.search(r"[,;(]|\band\b", sentence.text[end:following])
    stop = end + cut.start() if cut else following
    return next((t for t in cues if end <= t.start < stop), None)


def _goal(sentence: Sentence) -> bool:
    return sentence.section == "goals" or re.search(r"\b(?:goals?|[ls]tgs?)\b", f"{sentence.heading} {sentence.label}") is not None


def _assert(scores: list[Score], note_date: str | None) -> Iterator[tuple[Score, str]]:
    """The day's own score is present; those it supersedes are historical."""
    if len({round(score.value) for score in scores}) <= 1:
        for score in scores[:1]:
            months = score.day.months_to(note_date) if score.day and note_date else None
            lone = score.cue == "earlier" and (_LONE_EARLIER.search(score.words) or (months or 0) >= _OLD)
            yield score, "historical" if lone else "present"
        return
    current = [s for s in scores if s.cue == "now"] or [s for s in scores if s.cue is None]
    dated = [s for s in scores if s.day]
    if len(dated) == len(scores) and not any(s.cue == "now" for s in scores):
        current = [max(scores, key=lambda s: (s.day.year, s.day.month or 0, s.day.day or 0) if s.day else (0, 0, 0))]
    elif len(current) > 1 and not any(s.cue for s in scores):
        current = [s for s in current if not any(o.sentence is s.sentence and o.start > s.start for o in current)]
    current = current or scores[-1:]
    values = {round(s.value) for s in current}
    for score in scores:
        yield score, "present" if round(score.value) in values else "historical"


@Language.factory("bvn_odi", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Odi:
    """Create the component."""
    return Odi(nlp, name)
