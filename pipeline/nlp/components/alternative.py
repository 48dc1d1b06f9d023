"""Finds other pain generators and structural diagnoses of the lumbar spine, present or denied.

What counts as which diagnosis follows the annotation guide, kind 9; disc terms follow the lumbar disc nomenclature 2.0
(Fardon 2014). Terms are in `lexicons/alternative.yml`, structures said to be normal in `lexicons/structure.yml`.
"""
import re
from collections.abc import Iterator
from typing import Any

from spacy.language import Language

from ..attach import groups, heading_groups, severity, side
from ..component import Draft, FactComponent, NoteView
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target
from . import exam
from .involved import Involved, involved
from .place import Regions, alone, elsewhere, imaging, in_its_terms, lumbar, place
from .scope import about_spine, anywhere, counts, performed_here
from .structure import State, denied, states
from .told import general, is_primary, not_the_source, planned, reading, settle

_GRADE_BEHIND = re.compile(r"\s*(?:,|\(|is|are|of)\s*(?:\w+\s+)?(?:mild|moderate|severe)\w*")
_UNGRADED = ("spondylolisthesis", "osteoporosis", "cauda_equina_syndrome", "prior_fusion", "prior_decompression")
_BARE = {"absent": ("central_stenosis", "foraminal_stenosis")}
_WORDS = re.compile(r"[,;:.(]")
_SIDE_BEHIND = re.compile(r"(?:[^.;]{0,40}?\blevels?\b)?[\s,(]*(?:largely\s+|slightly\s+|extending\s+|mainly\s+|more\s+|worse\s+|greater\s+)*(?:to(?:wards?)?|on|in)?\s*(?:the\s+)?(?:left|right|lt|rt)\b(?:\s*(?:>|greater\s+than|more\s+than)\s*(?:left|right|lt|rt))?|[\s,(]*[lr]\s*>\s*[lr]\b|[\s,]*bilateral\w*")


class Alternative(FactComponent):
    """Structural diagnoses and other sources of low back pain."""

    kind = "alternative"

    def find(self, note: NoteView) -> Iterator[Draft]:
        regions = Regions(note)
        drafts: list[Draft] = []
        for sentence in note.sentences:
            if sentence.index in regions.outside or _is_column_name(sentence) or general(sentence.text):
                continue
            if sentence.targets or sentence.cell:
                drafts += self._sentence(note, sentence)
        yield from settle(note, drafts)

    def _sentence(self, note: NoteView, sentence: Sentence) -> Iterator[Draft]:
        targets = [target for target in sentence.targets if target.group == "alternative"]
        spans = [(target.start, target.end) for target in targets]
        over = _over(note, sentence)
        keywords = _keywords(sentence.text)
        for number, target in enumerate(targets):
            rivals = spans[max(0, number - 20):number + 21]
            if target.start >= keywords:
                break
            if elsewhere(sentence.text, target.start, target.end, anywhere(target)) or not counts(note, target):
                continue
            if "involves" in target.attributes:
                yield from self._process(note, target, rivals, over)
            elif target.attributes.get("exam"):
                yield from self._exam(note, target, rivals)
            else:
                yield from self._diagnosis(note, target, rivals)
        if over or any(target.group == "structure" for target in sentence.targets):
            yield from self._states(note, sentence, over)
            yield from self._listed(note, sentence, spans)

    def _diagnosis(self, note: NoteView, target: Target, rivals: list[tuple[int, int]]) -> Iterator[Draft]:
        diagnosis = target.attributes["diagnosis"]
        around = _around(target, rivals)
        item = Involved(diagnosis, side(around), severity(_graded_by(target, rivals)))
        assertion = target.attributes.get("polarity") or reading(note, target)
        if target.attributes.get("surgery"):
            done = assertion in ("present", "historical") and not performed_here(note, target.sentence) and (
                imaging(note) or not planned(target))
            if assertion == "family" or done:
                assertion = "family" if assertion == "family" else "present"
            else:
                return
        yield from _draft(note, target, item, assertion, target.start, target.end, rivals)

    def _process(self, note: NoteView, target: Target, rivals: list[tuple[int, int]], over: str) -> Iterator[Draft]:
        allowed = tuple(target.attributes["involves"])
        found, start, end = involved(target.sentence.text, target.start, target.end, allowed, over)
        assertion = reading(note, target)
        if not found and target.text == "impingement" and imaging(note):
            found = [Involved("nerve_root_compression", None, None)]
        if not found and "needs" not in target.attributes:
            grade = severity(_graded_by(target, rivals))
            found = [Involved(name, None, grade) for name in _BARE.get(assertion, ("central_stenosis",))]
        if target.rule == "alternative.narrowing" and not _NARROWS.search(target.sentence.text[start:end] + " " + over):
            return
        for item in found:
            yield from _draft(note, target, item, assertion, start, end, rivals)

    def _exam(self, note: NoteView, target: Target, rivals: list[tuple[int, int]]) -> Iterator[Draft]:
        if target.assertion in ("hypothetical", "general", "family"):
            return
        found = exam.results(target.sentence.text, target.start, target.end) or [
            (assertion, target.start, target.end) for assertion in _answers(note, target.sentence)]
        for assertion, start, end in found:
            if assertion == "possible" and target.attributes["exam"] == "negative":
                continue
            item = Involved(target.attributes["diagnosis"], side(target.sentence.text[start:end + 14]), None)
            yield from _draft(note, target, item, assertion, start, end, rivals)

    def _listed(self, note: NoteView, sentence: Sentence, taken: list[tuple[int, int]]) -> Iterator[Draft]:
        """Joints in a list of sources of pain that is denied: "other pain generators (facet, SIJ) have been ruled out"."""
        for target in sentence.targets if _lists_sources(sentence.text) else ():
            diagnosis = target.attributes.get("structure")
            if diagnosis in ("facet_arthropathy", "si_joint_dysfunction") and target.assertion == "absent" and not any(
                    a < target.end and target.start < b for a, b in taken):
                yield from _draft(note, target, Involved(diagnosis, None, None), "absent", target.start, target.end, taken)

    def _states(self, note: NoteView, sentence: Sentence, over: str) -> Iterator[Draft]:
        labels = involved(over, len(over), len(over), _STRUCTURAL, over)[0] if over else []
        if labels and denied(sentence):
            yield from self._column_denied(note, sentence, labels)
        tests = [(t.start, t.end) for t in sentence.targets if t.group == "alternative" and "exam" in t.attributes]
        taken = [(t.start, t.end) for t in sentence.targets if t.group == "alternative" and "exam" not in t.attributes]
        for state in states(sentence, [item.diagnosis for item in labels]):
            busy = taken + tests if state.assertion == "absent" else taken
            if state.diagnosis == "central_stenosis" and not imaging(note) and not about_spine(note, sentence) and (
                    "spinal" not in state.structure.text):
                continue
            if any(a < state.end and state.start < b for a, b in busy) or elsewhere(sentence.text, state.start, state.end, True):
                continue
            said = state.structure.assertion
            assertion = said if said in ("hypothetical", "general", "family") else state.assertion
            if state.assertion == "present" and said == "absent":
                assertion = "absent"
            item = Involved(state.diagnosis, state.side, state.severity)
            for draft in _draft(note, state.structure, item, assertion, state.start, state.end, taken):
                if state.elsewhere or _whole_canal(note, state, sentence):
                    draft.attributes["levels"] = []
                yield draft


    @staticmethod
    def _column_denied(note: NoteView, sentence: Sentence, labels: list[Involved]) -> Iterator[Draft]:
        over = heading_groups(sentence)
        levels = lumbar([level for group in over for level in group.levels])
        if over and not levels:
            return
        for item in labels:
            attributes = {"diagnosis": item.diagnosis, "levels": levels, "vertebrae": [], "side": None, "severity": None,
                          "primary": False}
            yield Draft(sentence, 0, len(sentence.text), "structure.column", attributes, "absent")


# the subject list that transcription services append to a note, glued to its last sentence
_KEYWORDS = re.compile(r"[.)]\s?(?:orthopedic|neurosurgery|neurology|radiology|surgery|soap / chart / progress notes|consult|pain management|"
                       r"physical medicine|chiropractic|discharge summary|general medicine|office notes|emergency room|rheumatology|"
                       r"podiatry|nephrology|urology|hematology|cardiovascular)[\w /.-]{0,30},")
_SOURCES = re.compile(r"\b(?:generators?|sources?|causes?|etiolog(?:y|ies)|drivers?)\b")
_NARROWS = re.compile(r"canal|foram|recess|(?:central|spinal)\s+(?:\w+\s+)?narrow|narrow\w*\s+(?:of\s+)?(?:the\s+)?(?:central|spinal)")
_STRUCTURAL = ("central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "facet_arthropathy", "si_joint_dysfunction")


@remembered
def _keywords(text: str) -> int:
    found = _KEYWORDS.search(text)
    return found.start() if found else len(text)


@remembered
def _lists_sources(text: str) -> bool:
    return _SOURCES.search(text) is not None


def _answers(note: NoteView, sentence: Sentence) -> Iterator[str]:
    """The results that stand apart behind a test: in the next table cell, at ticked boxes."""
    for behind in note.sentences[sentence.index + 1:sentence.index + 8]:
        if behind.line == sentence.line and behind.checked is not False and (
                behind.cell or behind.checked or sentence.text.endswith(":")):
            yield from exam.answer(behind.text)


def _whole_canal(note: NoteView, state: State, sentence: Sentence) -> bool:
    """Whether a line of its own speaks of the spinal canal as a whole ("The spinal canal is still adequate.")."""
    return (state.diagnosis == "central_stenosis" and state.assertion == "absent" and "spinal" in state.structure.text
            and alone(note, sentence) and not groups(sentence)
            and bool(re.match(r"\s*-?\s*(?:the\s+)?(?:adequate|normal|spinal)\b", sentence.text)))


def _is_column_name(sentence: Sentence) -> bool:
    return sentence.cell and not sentence.label and not sentence.heading


def _over(note: NoteView, sentence: Sentence) -> str:
    """The words over a sentence that may name its structure: its label, else its line's heading."""
    if sentence.label:
        return sentence.label
    return "" if sentence.cell else sentence.heading


def _draft(note: NoteView, target: Target, item: Involved, assertion: str, start: int, end: int,
           rivals: list[tuple[int, int]]) -> Iterator[Draft]:
    if assertion in ("present", "possible") and not_the_source(target, item.diagnosis):
        assertion = "absent"
    where = place(note, target, item.diagnosis, assertion, rivals)
    if where is None:
        return
    where = in_its_terms(item.diagnosis, where, assertion == "absent")
    attributes: dict[str, Any] = {
        "diagnosis": item.diagnosis, "levels": where.levels, "vertebrae": where.vertebrae, "side": item.side,
        "severity": None if item.diagnosis in _UNGRADED else item.severity,
        "primary": bool(target.attributes.get("primary") or is_primary(target)) and assertion in ("present", "possible")}
    yield Draft(target.sentence, start, end, target.rule, attributes, assertion, target.cue)


def _around(target: Target, rivals: list[tuple[int, int]]) -> str:
    """The words that may carry the finding's side: from the finding before it, and a side named right behind it."""
    return _with_side(target.sentence.text, target.start, target.end, _left(target, rivals))


@remembered
def _with_side(text: str, start: int, end: int, left: int) -> str:
    left = max([left, *(m.end() for m in _WORDS.finditer(text, left, start))])
    behind = _SIDE_BEHIND.match(text, end)
    return text[left:end] + (" " + behind.group() if behind else "")


def _graded_by(target: Target, rivals: list[tuple[int, int]]) -> str:
    return _with_grade(target.sentence.text, target.start, target.end, max(target.start - 60, _left(target, rivals)))


@remembered
def _with_grade(text: str, start: int, end: int, left: int) -> str:
    left = max([left, *(m.end() for m in _WORDS.finditer(text, left, start))])
    behind = _GRADE_BEHIND.match(text[end:])
    return text[left:end] + (behind.group() if behind else "")


def _left(target: Target, rivals: list[tuple[int, int]]) -> int:
    """Where the finding before a target ends."""
    return max((b for _, b in rivals if b <= target.start), default=0)


@Language.factory("bvn_alternative", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Alternative:
    """Create the component."""
    return Alternative(nlp, name)
