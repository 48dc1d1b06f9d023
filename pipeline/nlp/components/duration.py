"""Finds symptom_duration facts: how long the low back has hurt.

Each length of time or date of a sentence belongs to the nearest word beside it that can last; it counts where that is a
complaint of the back, its onset or the field "duration", not where it is a treatment, a flare or another complaint.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from ..memory import remembered
from ..quantities import Length, dates, fractions, lengths
from ..sentences import Sentence
from ..targets import Target
from .onset import Onset, onsets
from .region import about_back, about_others, regions, subject

_HEADS = ("pain", "symptom", "onset", "event", "label")
_NOT_BEFORE = re.compile(r"\b(?:(?:man|woman|lady|gentleman|male|female)\s+of|in|within|every|each|next|after|another|until|till|first|aged?|per|q|only|initial|about\s+every)"
                         r"\s*(?:the\s+(?:next|first|following)\s*)?(?:about\s+|approximately\s+|another\s+)?$")
_NOT_AFTER = re.compile(r"[\s-]*(?:follow|course|supply|later|from\s+now|visit|post|apart|at\s+a\s+time|each|per\b|trial|prescription|"
                        r"refill|appointment|of\s+(?:\w+\s+){0,3}(?:pt|physio\w*|therapy|treatment|care|nsaids?|relief|conservative|"
                        r"management|medication|exercise\w*|chiro\w*)|a\s+week|/\s*(?:wk|week)|pain[\s-]free|without|off\b|on\s+and\s+off\s+work)")
_AGO = re.compile(r"[\s-]*(?:ago|back\b|prior\b|earlier|before\s+(?:presentation|admission|arrival|this\s+visit))")
_OF_PAIN = re.compile(r"(?!\s*,?\s*(?:and|but|while|whereas)\b)[\s'-]*(?:now\s+)?(?:(?:long\s+)?(?:history|hx|h/o|course|standing|duration))?\s*(?:of|with|w/)?\s*"
                      r"(?:(?!for\b|to\b|in\b|at\b|it\b|after\b|before\b|without\b|relief\b|because\b|due\b|despite\b|who\b|when\b|attend|present|complain|report|came|seen\b)[a-z/-]+[\s,]+){0,5}")
_LINK = re.compile(r"(?:\b(?:for|x|of|over|since|past|last|during|lasting|lasted|about|approximately|approx|around|roughly|nearly|almost|some|"
                   r"least|than|on|now|past|to|by|quite|present|duration|the|part|is|was|a\s+good|just|under|up|maybe|been|little|"
                   r"perhaps|there)|[,(:\[=>~<-]|^)\s*(?:\.|=)?\s*$")
_FIRM = re.compile(r"\b(?:for|x|since|over|past|last|during|lasting|of|going\s+on)\b")
_SINCE_EVENT = re.compile(r"\b(?:since|after|following|ever\s+since|dat(?:es|ing)\s+back|date[sd]?\s+(?:back\s+)?to|due\s+to|from|began|started|onset)\b")
_APPOSED = re.compile(r"[,(]\s*(?:[a-z]+\s+){0,3}$")
_FLARE = re.compile(r"flar|exacerb|wors|recurr|relie|increas|improv|treat|therapy|physio|care|conservative|medic|acute")
_FLARE_OF = re.compile(r"(?:\s?-?ups?)?\s+(?:of|in|for)\s+(?:\w+\s+){0,3}")
_FELT = re.compile(r"\b(?:felt|noticed|developed|experienced|had|pain|pop|grab\w*|spasm\w*|twinge|ache)\b")
_PLACE = re.compile(r"\s+(?:in|of|down|into|along|through|over|at|to)\s+(?:[\w-]+\s+){0,5}?")
_HURT = re.compile(r"(?:hurt|injur|strain|tweak|wrench|pull|twist|threw)")
_WORSENING = re.compile(r"(?:worsening|progress\w*|increasing|recurr\w+|stable|unchanged|unremitting)$")
_BEGAN = re.compile(r"\b(?:since|date[sd]?|dating|began|started|onset)\b")
_FIELD_NAME = re.compile(r"\b(?:duration|onset|how\s+long|when\s+did\s+(?:\w+\s+){1,4}(?:start|begin))\b")
_FOR_LEAD = re.compile(r"(?:^|,\s*)(?:now\s+)?(?:for|over|during)\s+(?:(?:the\s+)?(?:past|last)\s+|(?:more|less)\s+than\s+|at\s+least\s+|about\s+|"
                       r"over\s+|nearly\s+|almost\s+|some\s+|well\s+|just\s+|the\s+better\s+part\s+of\s+)*$")
_OPENS = re.compile(r"^\W*$|,\s*$")
_WITH = re.compile(r"\s+with\b")
_REACH = 70
_FIELD = 30
_AGE_OF_ENTRY = 2.0


class Duration(FactComponent):
    """Gives each length of time and each date to the word it measures."""

    kind = "symptom_duration"

    def find(self, note: NoteView) -> Iterator[Draft]:
        if not about_back(note):
            return
        drafts = [draft for sentence in note.sentences if (told := _told(sentence.text)) and sentence.checked is not False
                  for draft in _sentence(note, sentence, *told)]
        measured = [draft for draft in drafts if draft.attributes["months"] is not None]
        explicit = {draft.sentence.line for draft in measured if draft.rule != "duration.since"}
        for draft in measured or drafts:
            if draft.rule != "duration.since" or draft.sentence.line not in explicit:
                yield draft


@remembered
def _told(text: str) -> tuple[tuple[Length, ...], bool] | None:
    """The lengths of time in a sentence in order and whether it names a beginning; None for the many without either."""
    measures = lengths(text)
    if british := fractions(text):
        measures = tuple(sorted(measures + british, key=lambda length: length.start))
    begins = next(onsets(text, None), None) is not None
    return (measures, begins) if measures or begins else None


def _sentence(note: NoteView, sentence: Sentence, measures: tuple[Length, ...], begins: bool) -> Iterator[Draft]:
    if about_others(sentence):
        return
    heads = [t for t in sentence.targets if t.group == "duration"]
    for length in measures:
        head = _head_of(note, sentence, heads, length)
        if head:
            start = min(head.start, length.start) if head.end > length.end or length.start - head.end < 40 else length.start
            yield _draft(note, sentence, head, start, max(length.end, head.end if head.start > length.end else 0), length.months,
                         length.qualifier, head.rule)
        elif length.start < _FIELD and _labelled(note, sentence, heads):
            yield _draft(note, sentence, None, length.start, length.end, length.months, length.qualifier, "duration.label")
    for onset in onsets(sentence.text, note.note_date) if begins else ():
        if onset.sudden:
            if sentence.section not in ("exam", "findings") and _back_began(note, sentence, onset):
                yield _draft(note, sentence, None, onset.start, onset.end, None, "about", "duration.sudden")
            continue
        head = _head_of_onset(note, sentence, heads, onset)
        if head:
            yield _draft(note, sentence, head, min(head.start, onset.start), max(onset.end, head.end), onset.months, onset.qualifier,
                         "duration.since")
        elif onset.link == "at" and onset.months is not None and onset.start < _FIELD and _labelled(note, sentence, heads):
            yield _draft(note, sentence, None, onset.start, onset.end, onset.months, onset.qualifier, "duration.label")


def _draft(note: NoteView, sentence: Sentence, head: Target | None, start: int, end: int, months: float | None, qualifier: str,
           rule: str) -> Draft:
    historical = bool(head and head.cue and head.assertion == "historical") or _old_entry(note, sentence)
    value = int(months) if months is not None and months == int(months) else months
    return Draft(sentence, start, end, rule, {"months": value, "qualifier": qualifier},
                 "historical" if historical else "present", head.cue if head and historical else None)


def _back_began(note: NoteView, sentence: Sentence, onset: Onset) -> bool:
    named = any(t.attributes["region"] == "back" for t in regions(sentence))
    return named or (subject(note, sentence, onset.start, onset.end) == "back"
                     and any(t.attributes["region"] == "back" for t in note.targets("region")))


def _labelled(note: NoteView, sentence: Sentence, heads: list[Target]) -> bool:
    """Whether the sentence is the content of a field such as "Duration" in a note about the back."""
    over = f"{sentence.label} {sentence.heading.rsplit(' ', 3)[-1]} {note.line(sentence)[0].text[:24]}"
    if not _FIELD_NAME.search(over) or any(t.attributes["role"] == "rival" for t in heads):
        return False
    return subject(note, sentence, 0, 0) == "back"


def _usable(head: Target) -> bool:
    if head.assertion in ("absent", "family", "general"):
        return False
    return not (head.assertion == "hypothetical" and head.cue is not None and head.cue.rule == "assertion.if")


def _nearest(sentence: Sentence, heads: list[Target], at: int) -> tuple[Target | None, int]:
    """The word that what stands at `at` measures, and where its phrase ends; companions of a complaint are looked through."""
    edge = 0
    rivals = [t for t in sentence.targets if t.group == "therapy" and t.end <= at]
    before = sorted([t for t in heads if t.end <= at] + rivals, key=lambda t: t.end)
    while before:
        last = before.pop()
        role = last.attributes.get("role", "rival")
        if role == "companion":
            if not any(t.attributes.get("role") == "pain" for t in before):
                return None, edge
            edge = edge or last.end
            continue
        edge = edge or last.end
        flare = before and (before[-1].group == "therapy" or _FLARE.match(before[-1].text)) and _FLARE_OF.fullmatch(
            sentence.text, before[-1].end, last.start)
        return (last if role in _HEADS and not flare else None), edge
    return None, edge


def _head_of(note: NoteView, sentence: Sentence, heads: list[Target], length: Length) -> Target | None:
    text = sentence.text
    if _NOT_BEFORE.search(text, 0, length.start) or _NOT_AFTER.match(text, length.end):
        return None
    behind = next((t for t in heads if t.start >= length.end and not _WORSENING.match(t.text)), None)
    if behind and (behind.attributes["role"] not in ("pain", "symptom") or not _OF_PAIN.fullmatch(text, length.end, behind.start)):
        behind = _since_began(sentence, heads, length)
    if behind and _WITH.match(text, length.end):  # "smoker for 20 years with low back pain"
        last = max((t for t in heads if t.end <= length.start), key=lambda t: t.end, default=None)
        if last and last.attributes["role"] == "rival" and _linked(text[last.end:length.start]):
            return None
    if behind and _usable(behind) and not _AGO.match(text, length.end):
        return behind if _is_back(note, sentence, behind) else None
    ago = _AGO.match(text, length.end) is not None
    head, edge = _nearest(sentence, heads, length.start)
    if head is None and _FOR_LEAD.search(text, 0, length.start):
        head = next((t for t in heads if t.start >= length.end), None)
        near = head and head.attributes["role"] in ("pain", "symptom") and head.start - length.end < _REACH
        return head if head and near and _usable(head) and _is_back(note, sentence, head) else None
    if head is None:
        return _after_ago(sentence, heads, length) if ago else None
    between = text[edge:length.start]
    role = head.attributes["role"]
    if not _usable(head) or len(between) > _REACH or not (ago or _linked(between)) or not _is_back(note, sentence, head):
        return None
    if role == "event" and not ((ago or _APPOSED.search(between)) and _SINCE_EVENT.search(text, 0, head.start)):
        return None
    if role == "onset" and not _has_subject(sentence, heads, head):
        return None
    begun = any(t.attributes["role"] == "onset" and 0 <= head.start - t.end < 16 for t in heads) or _HURT.match(head.text)
    if ago and role in ("pain", "symptom") and not begun:
        return None
    return head


def _has_subject(sentence: Sentence, heads: list[Target], onset: Target) -> bool:
    """Whether it is a complaint that began: named before in the sentence, or the sentence opens with its onset."""
    back = any(t.attributes["region"] == "back" and 0 <= onset.start - t.end < 24 for t in regions(sentence))
    return back or onset.start < 16 or any(t.end <= onset.end and t.attributes["role"] in ("pain", "symptom", "label") for t in heads)


def _since_began(sentence: Sentence, heads: list[Target], length: Length) -> Target | None:
    """The complaint of "four years since the low back pain started"."""
    if not re.match(r"\s+(?:since|from|after)\b", sentence.text[length.end:]):
        return None
    onset = any(t.attributes["role"] == "onset" and t.start >= length.end for t in heads)
    return next((t for t in heads if onset and t.start >= length.end and t.attributes["role"] in ("pain", "symptom")), None)


def _linked(between: str) -> bool:
    if len(between.strip()) > 28 and not _FIRM.search(between[-28:]) and not between.rstrip().endswith((":", "(")):
        return False
    return _LINK.search(between) is not None


def _after_ago(sentence: Sentence, heads: list[Target], length: Length) -> Target | None:
    """The onset behind "two years ago": "two years ago he developed low back pain"."""
    for head in heads:
        if head.start >= length.end:
            role = head.attributes["role"]
            if role in ("rival", "companion") or head.start - length.end > _REACH:
                return None
            if role == "event" and _FELT.search(sentence.text, head.end):
                return head if any(t.attributes["region"] == "back" for t in regions(sentence)) else None
            if role == "onset" or (role == "pain" and re.search(r"seize|went out|gave|lock|hurt|injur|strain", head.text)):
                return head if any(t.group == "region" and t.attributes["region"] == "back" for t in sentence.targets) else None
    return None


def _head_of_onset(note: NoteView, sentence: Sentence, heads: list[Target], onset: Onset) -> Target | None:
    head, edge = _nearest(sentence, heads, onset.start)
    if head is None and _OPENS.search(sentence.text, 0, onset.start):
        head = next((t for t in heads if t.start >= onset.end), None)
        near = head and head.attributes["role"] in ("pain", "symptom") and head.start - onset.end < _REACH
        return head if head and near and _usable(head) and _is_back(note, sentence, head) else None
    if head is None or not _usable(head) or onset.start - edge > _REACH:
        return None
    role = head.attributes["role"]
    dated = role in ("onset", "label") or any(t.attributes["role"] == "onset" and 0 <= head.start - t.end < 16 for t in heads)
    if (onset.link != "since" and not dated and role != "event") or (role == "onset" and not _has_subject(sentence, heads, head)):
        return None
    if role == "event":
        complaint = next((t for t in heads if t.attributes["role"] == "pain" and t.end <= head.start and _usable(t)), None)
        dated = complaint is not None and _BEGAN.search(sentence.text, complaint.end, head.start) is not None
        return complaint if dated else None
    return head if _is_back(note, sentence, head) else None


def _is_back(note: NoteView, sentence: Sentence, head: Target) -> bool:
    """Whether a head is a complaint of the low back: by its own words, its sentence or what the note is about."""
    if head.attributes["role"] == "pain":
        return True
    behind = next((t for t in regions(sentence) if t.start >= head.end), None)
    if behind and behind.attributes["region"] != "back" and _PLACE.fullmatch(sentence.text, head.end, behind.start):
        return False
    if any(t.group == "duration" and t.attributes["role"] == "pain" and t.start < head.start and _usable(t) for t in sentence.targets):
        return True
    return subject(note, sentence, head.start, head.end) == "back"


def _old_entry(note: NoteView, sentence: Sentence) -> bool:
    """Whether the line is an entry of an earlier day ("05/03/2019 - LBP 3 weeks")."""
    if note.note_date is None:
        return False
    found = dates(note.line(sentence)[0].text)
    if not found or found[0].start > 0:
        return False
    age = found[0].months_to(note.note_date)
    return age is not None and age >= _AGE_OF_ENTRY


@Language.factory("bvn_duration", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Duration:
    """Create the component."""
    return Duration(nlp, name)
