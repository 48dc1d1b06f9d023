"""Finds other pain generators and structural diagnoses of the lumbar spine, present or denied.

What counts as which diagnosis follows the annotation guide, kind 9; disc terms follow the lumbar disc nomenclature 2.0
(Fardon 2014). Terms are in `lexicons/alternative.yml`, structures said to be normal in `lexicons/structure.yml`.
"""
import re
from collections.abc import Iterator
from typing import Any

from spacy.language import Language

from ..attach import Rivals, groups, heading_groups, severity, side
from ..component import Draft, FactComponent, NoteView, by_sentence
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target
from ..words import guard, has
from . import exam
from .body import alone, elsewhere, imaging, outside
from .involved import Involved, involved
from .place import Place, in_its_terms, lumbar, place
from .qualifier import ahead, behind
from .scope import about_spine, anywhere, counts, performed_here
from .structure import State, denied, states
from .told import general, is_primary, not_the_source, planned, reading, settle

_LEAD = re.compile(r"(?:^|(?<=[:.;]))\s*(?:(?:left|right|lt|rt|central|para-?central|postero-?lateral|posterior|lateral|foraminal|subarticular|midline|(?:wide|broad)[\s-]+based?|"
                   r"small|large|focal|diffuse|and|to|the|sides?|sided|slightly|more)\b[\s,-]*)+$")
_WITH = re.compile(r"\b(?:with|without|but)\b")
_SLIP_GRADE = re.compile(r"\b(?:high|low)[\s-]grade\s+(?:\w+\s+)?$")
_UNGRADED = ("osteoporosis", "spinal_infection", "spinal_tumor", "cauda_equina_syndrome", "prior_fusion", "prior_decompression")
_BARE = {"absent": ("central_stenosis", "foraminal_stenosis")}


class Alternative(FactComponent):
    """Structural diagnoses and other sources of low back pain."""

    kind = "alternative"

    def find(self, note: NoteView) -> Iterator[Draft]:
        drafts: list[Draft] = []
        named, structures = by_sentence(note.targets("alternative")), by_sentence(note.targets("structure"))
        away: set[int] | None = None
        for sentence in note.sentences:
            at = sentence.index
            if not (at in named or at in structures or (sentence.cell and denied(sentence))) or _is_column_name(sentence) or (
                    general(sentence.text)):
                continue
            if away is None:
                away = outside(note)
            if at not in away:
                drafts += self._sentence(note, sentence, named.get(at, []), structures.get(at, []))
        return settle(note, drafts)

    def _sentence(self, note: NoteView, sentence: Sentence, targets: list[Target], structures: list[Target]) -> list[Draft]:
        drafts: list[Draft] = []
        over = _over(sentence)
        spans = tuple([(target.start, target.end) for target in targets])
        keywords = _keywords(sentence.text) if targets else 0
        for number, target in enumerate(targets):
            if target.start >= keywords:
                break
            if elsewhere(sentence.text, target.start, target.end, anywhere(target)) or not counts(note, target):
                continue
            rivals = spans[max(0, number - 20):number + 21]
            if "involves" in target.attributes:
                drafts += self._process(note, target, rivals, over)
            elif "exam" in target.attributes:
                drafts += self._exam(note, target, rivals)
            else:
                drafts += self._diagnosis(note, target, rivals)
        if structures or not targets:
            drafts += self._states(note, sentence, structures, targets, over)
        if structures and _lists_sources(sentence.text):
            drafts += self._listed(note, structures, spans)
        return drafts

    def _diagnosis(self, note: NoteView, target: Target, rivals: Rivals) -> list[Draft]:
        assertion = target.attributes.get("polarity") or reading(note, target)
        if target.attributes.get("surgery") and assertion != "family":
            if assertion not in ("present", "historical") or performed_here(note, target.sentence) or (
                    planned(target) and not imaging(note)):
                return []
            assertion = "present"
        diagnosis = target.attributes["diagnosis"]
        text = target.sentence.text
        where, grade = _qualified(target, rivals)
        if diagnosis == "spondylolisthesis" and _SLIP_GRADE.search(text, max(0, target.start - 24), target.start):
            grade = None
        said = ahead(text, target.start) or behind(text, target.end, diagnosis, where, grade)
        items = [Involved(diagnosis, *one) for one in said]
        return _drafts(note, target, items, assertion, target.start, target.end, rivals)

    def _process(self, note: NoteView, target: Target, rivals: Rivals, over: str) -> list[Draft]:
        allowed = tuple(target.attributes["involves"])
        found, start, end = involved(target.sentence.text, target.start, target.end, allowed, over)
        assertion = reading(note, target)
        if not found and target.text == "impingement" and imaging(note):
            found = [Involved("nerve_root_compression", None, None)]
        if not found and "needs" not in target.attributes:
            _, grade = _qualified(target, rivals)
            found = [Involved(name, None, grade) for name in _BARE.get(assertion, ("central_stenosis",))]
        if target.rule == "alternative.narrowing" and not _NARROWS.search(target.sentence.text[start:end] + " " + over):
            return []
        return _drafts(note, target, found, assertion, start, end, rivals)

    def _exam(self, note: NoteView, target: Target, rivals: Rivals) -> Iterator[Draft]:
        if target.assertion in ("hypothetical", "general", "family"):
            return
        found = exam.results(target.sentence.text, target.start, target.end) or [
            (assertion, target.start, target.end) for assertion in _answers(note, target.sentence)]
        for assertion, start, end in found:
            if assertion == "possible" and target.attributes["exam"] == "negative":
                continue
            item = Involved(target.attributes["diagnosis"], side(target.sentence.text[start:end + 14]), None)
            yield from _drafts(note, target, [item], assertion, start, end, rivals)

    def _listed(self, note: NoteView, structures: list[Target], taken: Rivals) -> Iterator[Draft]:
        """Joints in a list of sources of pain that is denied: "other pain generators (facet, SIJ) have been ruled out"."""
        for target in structures:
            diagnosis = target.attributes.get("structure")
            if diagnosis in ("facet_arthropathy", "si_joint_dysfunction") and target.assertion == "absent" and not any(
                    a < target.end and target.start < b for a, b in taken):
                yield from _drafts(note, target, [Involved(diagnosis, None, None)], "absent", target.start, target.end, taken)

    def _states(self, note: NoteView, sentence: Sentence, structures: list[Target], targets: list[Target],
                over: str) -> list[Draft]:
        labels = _labelled(over) if over else []
        drafts = self._column_denied(sentence, labels) if labels and denied(sentence) else []
        found = states(sentence, structures, [item.diagnosis for item in labels])
        if not found:
            return drafts
        tests = [(t.start, t.end) for t in targets if "exam" in t.attributes]
        taken = tuple([(t.start, t.end) for t in targets if "exam" not in t.attributes])
        for state in found:
            if state.diagnosis == "central_stenosis" and not imaging(note) and not about_spine(note, sentence) and (
                    "spinal" not in state.structure.text):
                continue
            busy = (*taken, *tests) if state.assertion == "absent" else taken
            if any(a < state.end and state.start < b for a, b in busy) or elsewhere(sentence.text, state.start, state.end, True):
                continue
            said = state.structure.assertion
            assertion = said if said in ("hypothetical", "general", "family") else state.assertion
            if state.assertion == "present" and said == "absent":
                assertion = "absent"
            item = Involved(state.diagnosis, state.side, state.severity)
            for draft in _drafts(note, state.structure, [item], assertion, state.start, state.end, taken):
                if state.elsewhere or _whole_canal(note, state, sentence):
                    draft.attributes["levels"] = []
                drafts.append(draft)
        return drafts

    @staticmethod
    def _column_denied(sentence: Sentence, labels: list[Involved]) -> list[Draft]:
        over = heading_groups(sentence)
        levels = lumbar([level for group in over for level in group.levels])
        if over and not levels:
            return []
        return [Draft(sentence, 0, len(sentence.text), "structure.column", {
            "diagnosis": item.diagnosis, "levels": levels, "vertebrae": [], "side": None, "severity": None,
            "primary": False}, "absent") for item in labels]


# the subject list that transcription services append to a note, glued to its last sentence
_KEYWORDS = re.compile(r"[.)]\s?(?:orthopedic|neurosurgery|neurology|radiology|surgery|soap / chart / progress notes|consult|pain management|"
                       r"physical medicine|chiropractic|discharge summary|general medicine|office notes|emergency room|rheumatology|"
                       r"podiatry|nephrology|urology|hematology|cardiovascular)[\w /.-]{0,30},")
_SOURCES = re.compile(r"\b(?:generators?|sources?|causes?|etiolog(?:y|ies)|drivers?)\b")
_SOURCE_WORDS = guard(("generator", "source", "cause", "etiolog", "driver"), _SOURCES)
_NARROWS = re.compile(r"canal|foram|recess|(?:central|spinal)\s+(?:\w+\s+)?narrow|narrow\w*\s+(?:of\s+)?(?:the\s+)?(?:central|spinal)")
_STRUCTURAL = ("central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "facet_arthropathy", "si_joint_dysfunction")


@remembered
def _keywords(text: str) -> int:
    found = _KEYWORDS.search(text)
    return found.start() if found else len(text)


@remembered
def _labelled(over: str) -> list[Involved]:
    """The structures that the words over a sentence name."""
    return involved(over, len(over), len(over), _STRUCTURAL, over)[0]


@remembered
def _lists_sources(text: str) -> bool:
    return has(text, _SOURCE_WORDS) and _SOURCES.search(text) is not None


def _answers(note: NoteView, sentence: Sentence) -> Iterator[str]:
    """The results that stand apart behind a test: in the next table cell, at ticked boxes."""
    for later in note.sentences[sentence.index + 1:sentence.index + 8]:
        if later.line == sentence.line and later.checked is not False and (
                later.cell or later.checked or sentence.text.endswith(":")):
            yield from exam.answer(later.text)


def _whole_canal(note: NoteView, state: State, sentence: Sentence) -> bool:
    """Whether a line of its own speaks of the spinal canal as a whole ("The spinal canal is still adequate.")."""
    return (state.diagnosis == "central_stenosis" and state.assertion == "absent" and "spinal" in state.structure.text
            and alone(note, sentence) and not groups(sentence)
            and bool(re.match(r"\s*-?\s*(?:the\s+)?(?:adequate|normal|spinal)\b", sentence.text)))


def _is_column_name(sentence: Sentence) -> bool:
    return sentence.cell and not sentence.label and not sentence.heading


def _over(sentence: Sentence) -> str:
    """The words over a sentence that may name its structure: its label, else its line's heading."""
    if sentence.label:
        return sentence.label
    return "" if sentence.cell else sentence.heading


def _drafts(note: NoteView, target: Target, found: list[Involved], assertion: str, start: int, end: int,
            rivals: Rivals) -> list[Draft]:
    drafts = []
    for item in found:
        said = "absent" if assertion in ("present", "possible") and not_the_source(target, item.diagnosis) else assertion
        where = place(note, target, item.diagnosis, said, rivals)
        if where is None:
            continue
        if item.levels and where.levels:
            where = Place(lumbar(item.levels), [])
        where = in_its_terms(item.diagnosis, where, said == "absent")
        attributes: dict[str, Any] = {
            "diagnosis": item.diagnosis, "levels": where.levels, "vertebrae": where.vertebrae, "side": item.side,
            "severity": None if item.diagnosis in _UNGRADED else item.severity,
            "primary": said in ("present", "possible") and bool(target.attributes.get("primary") or is_primary(target))}
        drafts.append(Draft(target.sentence, start, end, target.rule, attributes, said, target.cue))
    return drafts


def _qualified(target: Target, rivals: Rivals) -> tuple[str | None, str | None]:
    """The side and the grade of a finding in the words from the finding before it on."""
    before = 0
    for _, end in rivals:
        if before < end <= target.start:
            before = end
    return _side_and_grade(target.sentence.text, target.start, target.end, before)


@remembered
def _side_and_grade(text: str, start: int, end: int, before: int) -> tuple[str | None, str | None]:
    first = max([before, *(match.end() for match in _WITH.finditer(text, before, start))])
    for sign in ",;:.(":
        first = max(first, 1 + text.rfind(sign, first, start))
    if lead := _LEAD.search(text, before, first):  # "left paracentral, broad-based protrusion"
        first = lead.start()
    return side(text[first:end]), severity(text[max(first, start - 60):end])


@Language.factory("bvn_alternative", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Alternative:
    """Create the component."""
    return Alternative(nlp, name)
