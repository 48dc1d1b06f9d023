"""A note's text as HTML in which every fact is a span: overlapping spans on their own lines, cues underlined.

Nothing of a note is markup: text is escaped, and control and direction marks become visible signs.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..schema import Fact

LONGEST = 60_000
_AROUND = 400
_TRACKS = 4
_NEW_LINE = re.compile("\r\n|[\r\f\v\x85\u2028\u2029]")
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffc\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(slots=True, frozen=True)
class Span:
    """A fact in a note: its number on the page, its track (0 is nearest to the words) and what it is evidence for."""

    number: int
    fact: Fact
    track: int
    used: bool


def visible(text: str) -> str:
    """Text in one line without characters that change how other text is shown."""
    if not (text.isascii() and text.isprintable()):
        text = _CONTROL.sub("\ufffd", _NEW_LINE.sub(" ", text))
    return " ".join(text.split())


def safe(text: str) -> str:
    """Text as HTML, its control and direction marks replaced by visible signs with their code."""
    text = _NEW_LINE.sub("\n", text)
    parts, at = [], 0
    for match in _CONTROL.finditer(text):
        parts += [escape(text[at : match.start()]), f'<span class="ctl">U+{ord(match[0]):04X}</span>']
        at = match.end()
    return "".join([*parts, escape(text[at:])])


def spans_of(facts: list[tuple[int, Fact]], used: set[str]) -> list[Span]:
    """The facts of a note by start, each on the lowest track that is free."""
    spans = []
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    tracks = 0
    for number, fact in sorted(facts, key=lambda item: (item[1].start, -item[1].end, item[0])):
        while busy and busy[0][0] <= fact.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            track = heapq.heappop(free)
        else:
            track, tracks = tracks, tracks + 1
        heapq.heappush(busy, (fact.end, track))
        spans.append(Span(number, fact, track, fact.fact_id in used))
    return spans


def marked(text: str, spans: list[Span], label: Callable[[Span], str]) -> Markup:
    """The note with its spans; `label` is set behind the end of each. A note longer than `LONGEST` is cut down to the
    passages around its facts, and says so."""
    ranges = [(0, len(text))] if len(text) <= LONGEST else _passages(text, spans)
    parts: list[str] = []
    last = 0
    for start, end in ranges:
        parts += [_gap(start - last), _passage(text, start, end, spans, label)]
        last = end
    return Markup("".join([*parts, _gap(len(text) - last)]))


def _gap(length: int) -> str:
    return f'<span class="gap">… {length:,} characters not shown …</span>' if length else ""


def _passages(text: str, spans: list[Span]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for span in spans:
        start, end = max(span.fact.start - _AROUND, 0), min(span.fact.end + _AROUND, len(text))
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _passage(text: str, start: int, end: int, spans: list[Span], label: Callable[[Span], str]) -> str:
    """The text from start to end, cut wherever a span or a cue begins or ends."""
    inside = [span for span in spans if start <= span.fact.start and span.fact.end <= end]
    cues = sorted({(s.fact.cue.start, s.fact.cue.end) for s in inside if s.fact.cue and s.fact.cue.end <= end})
    cuts = {start, end}
    for span in inside:
        cuts.update((span.fact.start, span.fact.end))
    for first, last in cues:
        cuts.update((max(first, start), last))
    places = sorted(cuts)
    parts = []
    waiting = iter([*inside, None])
    upcoming = next(waiting)
    open_spans: list[Span] = []
    shown: set[int] = set()
    cue_at = 0
    for first, last in itertools.pairwise(places):
        while upcoming is not None and upcoming.fact.start <= first:
            open_spans.append(upcoming)
            upcoming = next(waiting)
        while cue_at < len(cues) and cues[cue_at][1] <= first:
            cue_at += 1
        cue = any(begin <= first and last <= stop for begin, stop in cues[cue_at : cue_at + _TRACKS])
        split = text[last - 1] == "\r" and text[last : last + 1] == "\n"  # a span that ends inside a line end
        parts.append(_piece(safe(text[first : last - split]), open_spans, cue, shown))
        closing = [span for span in open_spans if span.fact.end <= last]
        parts += [label(span) for span in sorted(closing, key=lambda span: span.number)]
        open_spans = [span for span in open_spans if span.fact.end > last]
    return "".join(parts)


def _piece(html: str, spans: list[Span], cue: bool, shown: set[int]) -> str:
    """One stretch of text inside its spans; the first piece of a span carries its anchor."""
    inner = f'<u class="cue">{html}</u>' if cue else html
    for span in sorted(spans, key=lambda span: span.track):
        anchor = "" if span.number in shown else f' id="s{span.number}" tabindex="-1"'
        shown.add(span.number)
        classes = f"h t{min(span.track, _TRACKS - 1)} k-{span.fact.kind} a-{span.fact.assertion}"
        inner = f'<span class="{classes}{" used" if span.used else ""}" data-n="{span.number}"{anchor}>{inner}</span>'
    return inner
