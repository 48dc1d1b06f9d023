"""Sections of clinic notes, PT notes, questionnaires and radiology reports: medspaCy's Sectionizer, headings by line.

A heading is a term of `lexicons/sections.yml` at the start of a sentence, followed by a colon, a dash or the end of the
line, or written in capitals. A section runs to the next heading. Its entry may say how its statements are to be read:
`assertion: family | historical | hypothetical`, or `general` (text that is not about this patient). With
`extent: line` it ends with the line of its heading where that line says something ("Allergies: none").
"""
import re
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from . import lexicon
from .matcher import LinearMatcher
from .medspacy_parts import Sectionizer, SectionRule
from .memory import remembered
from .sentences import Sentence
from .spans import token_span
from .stored import Section
from .triggers import beginnings, compiled
from .view import Before, NoteView

_AFTER = re.compile(r"\s*(?:\([^)]*\)|\[[^\]]*\])?\s*(?:[\d/.-]{4,10}\s*)?(?::|\.?\s*$|\s-+\s|\.\s*,)")
_LEAD = re.compile(r"[\s#*=_\-]*(?:\(?\d{1,2}[.)]\s*)?")


_TITLE = re.compile(r"\s+[A-Z]{3,}\s+[A-Z]{3,}")  # "FAMILY MEDICINE OFFICE VISIT" heads the note, not the family history


class Sections(Sectionizer):
    """medspaCy's Sectionizer over sentences laid out by `bvn_sentences`."""

    def __init__(self, nlp: Language, name: str = "bvn_sections", lexicons: str | None = None) -> None:
        self._titles = remembered(self._find_titles)
        self._opened = remembered(self._opened_by)
        super().__init__(nlp, name, rules=None, span_attrs=None)
        self._Sectionizer__matcher = LinearMatcher()
        self.readings: dict[str, str] = {}
        self.lines: set[str] = set()
        self._begun: dict[str, set[tuple[str, int]]] = {}  # how headings begin, and of which rule, by their first two characters
        self._before = Before(nlp, "bvn_sentences")
        for entry in lexicon.entries("sections", lexicons):
            category = entry.id.removeprefix("sections.")
            self.add([SectionRule(entry.id, category, pattern=entry.regex)])
            if entry.attributes.get("extent") == "line":
                self.lines.add(category)
            if "assertion" in entry.attributes:
                self.readings[category] = entry.attributes["assertion"]

    def add(self, rules: Any) -> None:
        super().add(rules)
        self._begun.clear()
        self._titles.cache_clear()
        self._opened.cache_clear()

    def _opened_by(self, opening: str) -> tuple[tuple[str, ...], list[tuple[Any, re.Pattern[str]]]]:
        """Of the headings that can open with these two characters: how they begin, and their rules in order."""
        rules = self.rules
        if not self._begun:
            for number, rule in enumerate(rules):
                for begin in beginnings(rule.pattern):
                    self._begun.setdefault(begin[:2], set()).add((begin, number))
        found = {each for key in (opening, opening[:1], "") for each in self._begun.get(key, ())}
        numbers = sorted({number for _, number in found})
        return tuple({begin for begin, _ in found}), [(rules[number], compiled(rules[number].pattern)) for number in numbers]

    def __call__(self, doc: Doc) -> Doc:
        note = self._before.view(doc)
        doc._.sections = _sections(doc, self._read(note))
        note.done.add("bvn_sections")
        return doc

    def read_note(self, note: NoteView) -> None:
        """Give each sentence its section."""
        self._read(note)

    def _read(self, note: NoteView) -> list[tuple[Any, int, int]]:
        """Give each sentence its section; the headings found, each with its rule and where it stands in the note."""
        current, only_line = "other", -1
        found: list[tuple[Any, int, int]] = []
        for sentence in note.sentences:
            titles = None if sentence.cell else self._titles(sentence.text)
            heading = self._heading(sentence, note.text, *titles) if titles else None
            if heading:
                rule, end = heading
                current = rule.category
                found.append((rule, sentence.start, sentence.source(end)))
                only_line = sentence.line if current in self.lines and sentence.text[end:].strip(" :.-") else -1
            elif only_line >= 0 and sentence.line != only_line:
                current, only_line = "other", -1
            sentence.section = current
        return found

    @staticmethod
    def _heading(sentence: Sentence, text: str, at: int, titles: list[tuple[Any, int, bool]]) -> tuple[Any, int] | None:
        """The heading a sentence opens with, if it is one as written."""
        for rule, end, closed in titles:
            if closed:
                return rule, end
            raw = text[sentence.start + at:sentence.source(end)]
            if raw.isupper() and len(raw) > 3 and not _TITLE.match(text[sentence.source(end):sentence.end]):
                return rule, end
        return None

    def _find_titles(self, text: str) -> tuple[int, list[tuple[Any, int, bool]]] | None:
        """Where a sentence begins, and the headings that open it, the longest first: rule, end, and whether what follows closes
        it; None where there are none."""
        lead = None if text[:1].isalpha() else _LEAD.match(text)
        at = lead.end() if lead else 0
        begins, rules = self._opened(text[at:at + 2])
        found = [(match.end(), rule) for rule, pattern in rules if (match := pattern.match(text, at))] if text.startswith(begins, at) else []
        if not found:
            return None
        found.sort(key=lambda item: -item[0])  # "clinical assessment" before "clinical"
        return at, [(rule, end, _AFTER.match(text, end) is not None) for end, rule in found]


def _sections(doc: Doc, found: list[tuple[Any, int, int]]) -> list[Section]:
    """medspaCy Section objects (token offsets) for the headings found."""
    if not found:
        return [Section(None, 0, 0, 0, len(doc))]
    titles = [(rule, token_span(doc, start, end)) for rule, start, end in found]
    sections = [] if titles[0][1].start == 0 else [Section(None, 0, 0, 0, titles[0][1].start)]
    for number, (rule, title) in enumerate(titles):
        body_end = titles[number + 1][1].start if number + 1 < len(titles) else len(doc)
        sections.append(Section(rule.category, title.start, title.end, title.end, max(body_end, title.end), rule=rule))
    return sections


@Language.factory("bvn_sections", requires=["token.is_sent_start"], assigns=["doc._.sections"],
                  default_config={"lexicons": None})
def create(nlp: Language, name: str, lexicons: str | None) -> Sections:
    """Create the section finder with the headings of `lexicons/sections.yml`."""
    return Sections(nlp, name, lexicons)
