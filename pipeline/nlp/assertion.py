"""Assertion of every target: medspaCy's ConText with our own modifiers and a linear matcher.

The modifiers are in `lexicons/assertion.yml` (category, direction, kinds they may touch, how far they reach). ConText
runs only on sentences that hold a target, with a graph a sentence, so its cost is linear. A target under several
modifiers takes the first of: family, hypothetical, absent, possible, historical. Sections add their own reading.
Sources: NegEx (Chapman 2001), ConText (Harkema 2009); the phrases medspaCy's defaults get wrong are in the examples.
"""
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..schema import Cue
from . import lexicon
from .matcher import Hit, LinearMatcher, longest
from .medspacy_parts import ConText, ConTextGraph, ConTextModifier, ConTextRule
from .memory import KEPT, remembered
from .sentences import Sentence
from .spans import Tokens
from .stored import Graph, Modifier
from .targets import Target, Targets
from .view import Before, NoteView

_Cues = list[tuple[str, int, int, str, str]]  # of one target: assertion, start, end, text and rule of each cue
_LONGEST_KEPT = 5_000
CATEGORIES = {"FAMILY": "family", "HYPOTHETICAL": "hypothetical", "GENERAL": "general", "NEGATED_EXISTENCE": "absent",
              "POSSIBLE_EXISTENCE": "possible", "HISTORICAL": "historical"}


class Assertion(ConText):
    """medspaCy's ConText, sentence by sentence, only where there are targets."""

    def __init__(self, nlp: Language, name: str = "bvn_assertion", lexicons: str | None = None) -> None:
        super().__init__(nlp, name, rules=None, input_span_type="group", span_group_name="targets")
        self._ConText__matcher = LinearMatcher()
        self._before = Before(nlp, "bvn_sentences", "bvn_sections", "bvn_targets")
        self._cues = remembered(self._find)
        self._kept: dict[tuple[Any, ...], list[_Cues]] = {}
        self.add([_rule(entry) for entry in lexicon.entries("assertion", lexicons)])
        self._readings = {entry.id.removeprefix("sections."): entry.attributes["assertion"]
                          for entry in lexicon.entries("sections", lexicons) if "assertion" in entry.attributes}

    def add(self, rules: Any) -> None:
        super().add(rules)
        self._kept = {}
        self._cues.cache_clear()

    @property
    def matcher(self) -> LinearMatcher:
        matcher: LinearMatcher = self._ConText__matcher
        return matcher

    def __call__(self, doc: Doc, targets: str | None = None) -> Doc:
        note, whole = self._before.view(doc), Graph()
        if "targets" not in doc.spans:
            Targets.mark(doc, note)
        note.done.add("bvn_assertion")
        for graph in self._read(note):
            for span, modifier in graph.edges:
                span._.modifiers += (modifier,)
            self.set_context_attributes(graph.edges)
            whole.targets.extend(graph.targets)
            whole.modifiers.extend(graph.modifiers)
            whole.edges.extend(graph.edges)
        doc._.context_graph = whole
        return doc

    def read_note(self, note: NoteView) -> None:
        """Set the assertion of all targets."""
        for sentence in note.sentences:
            if sentence.targets:
                self._recall(note, sentence)
        _answers(note.text, note.sentences)

    def _recall(self, note: NoteView, sentence: Sentence) -> None:
        """Set the assertion of a sentence's targets; where the same words stood before, from the cues found then."""
        if not any(_may_reach(hit, target) for hit in self._cues(sentence.text)[1] for target in sentence.targets):
            self._decide(sentence)
            return
        behind = note.after(sentence)
        part = note.tokens.reach(sentence.start, behind.start if behind else len(note.text)) if note.tokens else None
        if part is None or part[1] - part[0] > _LONGEST_KEPT:
            self._assert(note, sentence)
            return
        words = note.text[part[0]:part[1]]
        key = (words, sentence.text, sentence.start - part[0], behind.start - part[0] if behind else -1)
        known = self._kept.get(key)
        if known is None:
            self._assert(note, sentence)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = [[(name, cue.start - part[0], cue.end - part[0], cue.text, cue.rule)
                                for name, cue in target.cues.items()] for target in sentence.targets]
            return
        for target, cues in zip(sentence.targets, known, strict=True):
            if cues:
                target.cues = {name: Cue(part[0] + start, part[0] + end, text, rule) for name, start, end, text, rule in cues}
        self._decide(sentence)

    def _find(self, text: str) -> tuple[list[Hit], list[Hit]]:
        """The modifiers in a sentence, and those of them that have a scope; the others only end the scopes of these."""
        hits = longest(self.matcher.find(text))
        return hits, [hit for hit in hits if hit.rule.direction.upper() not in ("TERMINATE", "PSEUDO")]

    def _decide(self, sentence: Sentence) -> None:
        reading = self._readings.get(sentence.section)
        for target in sentence.targets:
            if reading or target.cues:
                _decide(target, reading)

    def _read(self, note: NoteView) -> list[ConTextGraph]:
        """Set the assertion of all targets; the ConText graphs of the sentences with targets."""
        graphs = [self._assert(note, sentence) for sentence in note.sentences if sentence.targets]
        _answers(note.text, note.sentences)
        return graphs

    def _assert(self, note: NoteView, sentence: Sentence) -> ConTextGraph:
        hits, _ = self._cues(sentence.text)
        behind = note.after(sentence)
        tokens = None
        if hits and note.tokens:
            tokens = note.tokens.around(sentence.start, behind.start if behind else len(note.text))
        by_place: dict[tuple[int, int, str], list[Target]] = {}
        graph = ConTextGraph()
        for target in sentence.targets:
            if tokens and target.span is None:
                place: Any = _Place(*tokens.span(sentence.source(target.start), sentence.source(target.end)), target.label)
            else:
                place = target.span
            if place is not None:
                graph.targets.append(place)
                by_place.setdefault((place.start, place.end, place.label_), []).append(target)
        if tokens:
            bounds = tokens.first_from(sentence.start), tokens.first_from(behind.start) if behind else len(tokens.starts)
            graph.modifiers = [_modifier(hit, *tokens.span(sentence.source(hit.start), sentence.source(hit.end)), *bounds)
                               for hit in hits]
            graph.update_scopes()
            graph.apply_modifiers()
        for place, modifier in graph.edges:
            assertion = CATEGORIES.get(modifier.category)
            if assertion and tokens:
                for target in by_place[place.start, place.end, place.label_]:
                    target.cues.setdefault(assertion, _cue(note.text, tokens, modifier))
        self._decide(sentence)
        return graph


def _may_reach(hit: Hit, target: Target) -> bool:
    """Whether a modifier can have a target in its scope, wherever that ends; where none can, ConText need not run."""
    rule = hit.rule
    if rule.allowed_types is not None:
        if target.label.upper() not in rule.allowed_types:
            return False
    elif rule.excluded_types is not None and target.label.upper() in rule.excluded_types:
        return False
    direction = rule.direction.upper()
    return (direction != "FORWARD" or target.end > hit.end) and (direction != "BACKWARD" or target.start < hit.start)


@dataclass(slots=True)
class _Place:
    """What ConText needs to know of a target: its tokens and its kind."""
    start: int
    end: int
    label_: str


def _modifier(hit: Hit, start: int, end: int, first: int, last: int) -> "_Modifier":
    """A modifier at the tokens `start:end` of the sentence `first:last`, with the scope that medspaCy gives it."""
    direction, reach = hit.rule.direction.lower(), hit.rule.max_scope
    low = end if direction == "forward" else first
    high = start if direction == "backward" else last
    if reach is not None:
        low = low if direction == "forward" else max(low, start - reach)
        high = high if direction == "backward" else min(high, end + reach)
    return _Modifier(hit.rule, start, end, None, low, high)


class _Modifier(Modifier):
    """A modifier whose scope some TERMINATE words leave alone (`spares` of their entry)."""

    def limit_scope(self, other: ConTextModifier) -> bool:
        spared = (other.rule.metadata or {}).get("spares", ())
        return False if self.category in spared else bool(super().limit_scope(other))


def _decide(target: Target, reading: str | None) -> None:
    """Set the target's assertion from its cues, then from its section; `general` text says nothing of this patient."""
    for assertion in CATEGORIES.values():
        if assertion in target.cues:
            target.assertion, target.cue = assertion, target.cues[assertion]
            break
    if reading == "general" and target.assertion != "hypothetical" and not target.sentence.checked:
        target.assertion = "general"
    elif reading in ("family", "hypothetical") or (reading == "historical" and target.assertion == "present"):
        target.assertion = reading


_ANSWER = re.compile(r"(?:[\[(]\s?[x\u2713\u2714]?\s?[\])]|[\u2611\u2612\u2713\u2714])?\s*(?:(no|none|denies|denied|negative|neg|absent|nil|n|never|"
                     r"not\s+present|none\s+reported)|(yes|y|present|positive|pos|x|\u2713|\u2714|[+]))\s*[.,]?")


def _answers(text: str, sentences: list[Sentence]) -> None:
    """What a question or field says where its answer stands apart: "Leg pain? No", "Radiates: [ ] yes [x] none"."""
    for sentence, behind in pairwise(sentences):
        if not sentence.targets or behind.line != sentence.line or not (
                sentence.text[-1] in ":?" or behind.checked is not None or _heads_row(sentences, sentence)
                or (not sentence.cell and "|" in text[sentence.end:behind.start])):
            continue
        for answer in sentences[behind.index:behind.index + _CHOICES]:
            match = _ANSWER.fullmatch(answer.text) if answer.line == sentence.line and answer.checked is not False else None
            if match:
                denied = match[1] or (answer.cell and answer.label in _DENYING_COLUMNS)
                for target in sentence.targets:
                    _answer(target, answer, "absent" if denied else "present")
            if answer.checked is not False:
                break


_CHOICES = 12
_DENYING_COLUMNS = frozenset({"no", "absent", "denies", "denied", "negative", "none", "n"})


def _heads_row(sentences: list[Sentence], sentence: Sentence) -> bool:
    """Whether a sentence is the first cell of its table row; the cells behind answer it, later cells their columns."""
    return sentence.cell and (sentence.index == 0 or sentences[sentence.index - 1].line != sentence.line)


def _answer(target: Target, answer: Sentence, assertion: str) -> None:
    if target.assertion in ("present", "possible", "absent"):
        target.assertion = assertion
        target.cue = target.cues[assertion] = Cue(answer.start, answer.end, answer.text, "assertion.answer")


def _cue(text: str, tokens: Tokens, modifier: ConTextModifier) -> Cue:
    first, last = modifier.modifier_span
    start, end = tokens.starts[first], tokens.ends[last - 1]
    return Cue(start, end, text[start:end], modifier.rule.literal)


def _rule(entry: lexicon.Entry) -> ConTextRule:
    options = entry.options
    return ConTextRule(
        entry.id, options["category"], pattern=entry.regex, direction=options.get("direction", "FORWARD"),
        allowed_types=_kinds(options.get("kinds")), excluded_types=_kinds(options.get("not_kinds")),
        max_scope=options.get("max_scope"), max_targets=options.get("max_targets"),
        terminated_by={name.upper() for name in options.get("terminated_by", ())},
        metadata={"exclude": entry.exclude, "spares": options.get("spares", ())})


def _kinds(names: list[str] | None) -> set[str] | None:
    return {name.upper() for name in names} if names else None


@Language.factory("bvn_assertion", requires=["doc.spans"], default_config={"lexicons": None})
def create(nlp: Language, name: str, lexicons: str | None) -> Assertion:
    """Create the assertion component with the modifiers of `lexicons/assertion.yml`."""
    return Assertion(nlp, name, lexicons)
