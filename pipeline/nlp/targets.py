"""Finds the terms of the lexicons: medspaCy's TargetMatcher with a linear matcher behind it.

Every hit becomes a `Target` of its sentence and a span in `doc.spans["targets"]` whose label is the kind of fact.
Within one lexicon the longest of overlapping hits wins. Unticked checkbox items hold no targets.
"""
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from . import lexicon
from .matcher import Hit, LinearMatcher, longest
from .medspacy_parts import TargetMatcher, TargetRule
from .memory import remembered
from .spans import token_span
from .view import Before, NoteView

if TYPE_CHECKING:
    from ..schema import Cue
    from .sentences import Sentence

LEXICONS = ("modic", "alternative", "structure", "region", "duration", "radicular", "leg_exam", "axial_pain", "therapy",
            "therapy_visits", "odi", "pain_score", "function", "code")
_Row = tuple[int, int, str, str, dict[str, Any], str]  # start, end, group, rule, attributes and label


@dataclass(slots=True)
class Target:
    """A lexicon term in a sentence: offsets of the sentence text, the entry's attributes (shared, not to be changed), and its
    assertion."""
    sentence: "Sentence"
    start: int
    end: int
    group: str
    rule: str
    attributes: dict[str, Any]
    label: str = ""
    span: Span | None = None  # where there is a Doc
    assertion: str = "present"
    cue: "Cue | None" = None
    cues: "dict[str, Cue]" = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.sentence.text[self.start:self.end]


class Targets(TargetMatcher):
    """medspaCy's TargetMatcher over sentences laid out by `bvn_sentences`."""

    def __init__(self, nlp: Language, name: str = "bvn_targets", lexicons: str | None = None, gate: bool = True) -> None:
        super().__init__(nlp, name, result_type="group", span_group_name="targets")
        self._TargetMatcher__matcher = LinearMatcher(gate)
        self._before = Before(nlp, "bvn_sentences")
        self._hits = remembered(self._find)
        present = set(lexicon.names(lexicons))
        for group in LEXICONS:
            if group in present:
                kind = lexicon.read(group, lexicons).get("kind", group)
                self.add([_rule(entry, group, kind) for entry in lexicon.entries(group, lexicons)])

    def add(self, rules: Any) -> None:
        super().add(rules)
        if hasattr(self, "_hits"):
            self._hits.cache_clear()

    @property
    def matcher(self) -> LinearMatcher:
        matcher: LinearMatcher = self._TargetMatcher__matcher
        return matcher

    def __call__(self, doc: Doc) -> Doc:
        note = self._before.view(doc)
        self.read_note(note)
        note.done.add("bvn_targets")
        self.mark(doc, note)
        return doc

    @staticmethod
    def mark(doc: Doc, note: NoteView) -> None:
        """Give each target its span in the Doc."""
        spans = []
        for sentence in note.sentences:
            for target in sentence.targets:
                span = token_span(doc, sentence.source(target.start), sentence.source(target.end), target.label)
                target.span = span
                spans.append(span)
        doc.spans["targets"] = SpanGroup(doc, name="targets", spans=spans)

    def read_note(self, note: NoteView) -> None:
        """Give each sentence its targets."""
        for sentence in note.sentences:
            if sentence.checked is not False:
                sentence.targets = [Target(sentence, *hit) for hit in self._hits(sentence.text)]

    def _find(self, text: str) -> list[_Row]:
        """What targets say of the hits in a sentence, in text order, of overlapping ones of a lexicon the longest."""
        groups: dict[str, list[Hit]] = {}
        for hit in self.matcher.find(text):
            groups.setdefault((hit.rule.metadata or {}).get("group", "user"), []).append(hit)
        found = [hit for hits in groups.values() for hit in longest(hits)]
        found.sort(key=lambda hit: (hit.start, -hit.end))
        return [_row(hit) for hit in found]


def _rule(entry: lexicon.Entry, group: str, kind: str) -> TargetRule:
    return TargetRule(entry.id, kind.upper(), pattern=entry.regex, attributes=None,
                      metadata={"group": group, "exclude": entry.exclude, "attributes": entry.attributes})


def _row(hit: Hit) -> _Row:
    metadata = hit.rule.metadata or {}
    return (hit.start, hit.end, metadata.get("group", "user"), hit.rule.literal, metadata.get("attributes") or {},
            hit.rule.category)


@Language.factory("bvn_targets", requires=["token.is_sent_start"], assigns=["doc.spans"],
                  default_config={"lexicons": None, "gate": True})
def create(nlp: Language, name: str, lexicons: str | None, gate: bool) -> Targets:
    """Create the target matcher with the terms of all lexicons (`lexicons`: another folder of them)."""
    return Targets(nlp, name, lexicons, gate)
