"""Finds radicular facts: complaints and diagnoses here, the leg examination in `leg_exam`.

A complaint counts where it is one of the legs (`sites.where`): numbness or weakness of an arm, the face or the saddle
area gives nothing, nor does a deficit that the note puts down to another disease. Radiation without a place counts
only where it is denied. Source of the rules: the annotation guide, kind 3.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..attach import side
from ..component import Draft, FactComponent, NoteView
from ..targets import Target
from . import sites
from .leg_exam import Exam
from .nerve_tension import in_test

_SIGNS = ("numbness_tingling", "leg_weakness", "reflex_or_sensory_deficit")


class Radicular(FactComponent):
    """Finds radicular facts."""

    kind = "radicular"

    def find(self, note: NoteView) -> Iterator[Draft]:
        complaints = [*_complaints(note)]
        _share_sides(complaints)
        drafts = [*complaints, *Exam(note).find(), *_implied(note)]
        seen = {(draft.attributes["finding"], draft.assertion) for draft in drafts}
        for draft in drafts:
            if draft.attributes["finding"] == "numbness_tingling" and draft.assertion == "absent" and (
                    ("numbness_tingling", "present") in seen):
                continue
            yield draft


def _complaints(note: NoteView) -> Iterator[Draft]:
    for target in note.targets("radicular"):
        assertion = _assertion(note, target)
        if assertion is None or target.sentence.section == "goals" or in_test(target):
            continue
        finding = target.attributes["finding"]
        if finding == "radiculopathy" and sites.of_the_neck(note, target):
            continue
        if target.attributes.get("site") and not sites.in_legs(note, target, assertion):
            continue
        if target.attributes.get("radiates") and assertion == "present" and sites.radiates_from_elsewhere(note, target):
            continue
        if finding == "leg_pain" and assertion == "present" and sites.of_the_vessels(target):
            continue
        if finding in _SIGNS and assertion == "present" and sites.other_disease(note, target.sentence):
            continue
        for named in _named(target):
            yield Draft(target.sentence, target.start, target.end, target.rule,
                        {"finding": named, "side": _side(target)}, assertion, target.cue)


_WITHIN = {"numbness_tingling": re.compile(r"\b(?:numb|tingl|par(?:a)?esth)"), "leg_weakness": re.compile(r"\bweak")}


def _named(target: Target) -> Iterator[str]:
    """The findings that a target names: its own, and those listed inside it ("pain, numbness or weakness in the legs")."""
    yield target.attributes["finding"]
    if "also" in target.attributes:
        yield target.attributes["also"]
    if target.attributes["finding"] == "leg_pain":
        yield from (finding for finding, word in _WITHIN.items() if word.search(target.text))


def _assertion(note: NoteView, target: Target) -> str | None:
    """The assertion of a complaint, None where the words alone say nothing."""
    if target.attributes.get("read") == "absent":
        if target.attributes.get("radiates") and sites.of_another_region(note, target):
            return None
        return "absent" if target.assertion in ("present", "absent", "possible") else target.assertion
    if target.attributes.get("grade") and re.search(r"\b0(?:\s?(?:/|out\s+of)\s?10)?$", target.text):
        return "absent"
    if target.attributes.get("bare"):
        return "absent" if target.assertion == "absent" and not sites.of_another_region(note, target) else None
    return target.assertion


_ADDED = re.compile(r"\s*,\s*((?:left|right|lt|rt|bilateral)(?:[\s-]sided?)?)\s*(?:[(.;,]|$)")
_THAN = re.compile(r"\s*,?\s*(?:worse|greater|more)\s+than\s+(?:on\s+|in\s+)?(?:the\s+|his\s+|her\s+)?(?:left|right|other)\b")
_LEGS = re.compile(r"\b(left|right|lt|rt|l|r|both|bilateral)\s+(?:[a-z]+\s+){0,2}?(?:legs?|thighs?|cal(?:f|ves)|buttocks?|foot|feet|heels?|shins?|toes?|"
                   r"lower\s+(?:extremit|limb))")
_CLAUSE = re.compile(r"[,;:.]|\b(?:and|but|or|with)\b")


def _side(target: Target) -> str | None:
    """The side inside the target, else in the clause before it, else in the clause behind it."""
    text = target.sentence.text
    before = _CLAUSE.split(text[max(0, target.start - 40):target.start])[-1]
    behind = _CLAUSE.split(text[target.end:target.end + 40])[0]
    if _THAN.match(text, target.end):
        return "bilateral"
    added = _ADDED.match(text, target.end)
    return side(target.text) or side(before) or side(behind) or (side(added[1]) if added else None)


def _share_sides(drafts: list[Draft]) -> None:
    """A complaint without a side has that of the others in its sentence, else that of the one leg the sentence names."""
    by_sentence: dict[int, list[Draft]] = {}
    for draft in drafts:
        if draft.assertion == "present":
            by_sentence.setdefault(draft.sentence.index, []).append(draft)
    for together in by_sentence.values():
        sides = {draft.attributes["side"] for draft in together} - {None}
        if not sides and (legs := _LEGS.findall(together[0].sentence.text)):
            sides = {side(" ".join(legs))}
        if len(sides) == 1:
            (shared,) = sides
            for draft in together:
                draft.attributes["side"] = shared


def _implied(note: NoteView) -> Iterator[Draft]:
    """Leg pain where the note says that the legs are the main problem."""
    for target in note.targets("axial_pain"):
        if target.attributes["predominance"] == "leg_predominant" and target.assertion == "present":
            yield Draft.of(target, {"finding": "leg_pain", "side": side(target.text)})


@Language.factory("bvn_radicular", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Radicular:
    """Create the component."""
    return Radicular(nlp, name)
