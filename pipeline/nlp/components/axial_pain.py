"""Finds where the pain predominates: in the back alone, in the back more than in the legs, or in the legs.

Denied radiation ("does not radiate", "never down the legs") says that the pain is axial; a bare place ("midline",
"central") does so only where the text speaks of back pain and of no examination or image. Words of place give way to
a stated predominance in the same note. Source of the rules: the annotation guide, kind 4.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from ..targets import Target
from . import sites
from .nerve_tension import in_test

_PAIN = re.compile(r"\bpains?\b|\bach(?:e|es|ing|y)\b|\blbp\b|\bback\b|\bhurts?\b|\bcomplain|\bdiscomfort\b|\blumbosacral\b|\bsore|\bvertebrogenic")
_TENDER = re.compile(r"\btender|\bpalpation|\bspasm")
_NEAR = 4  # sentences back in the paragraph in which the pain must be named
_FIELDS = {"assertion.answer", "assertion.key_value_no"}  # "Radiates to the leg: no" denies leg pain and says no more
_IMAGED = {"exam", "findings", "technique", "comparison", "vitals", "procedure", "impression", "addendum"}


class AxialPain(FactComponent):
    """Finds axial pain facts."""

    kind = "axial_pain"

    def find(self, note: NoteView) -> Iterator[Draft]:
        targets = [target for target in note.targets("axial_pain")
                   if _said(target) and not _TENDER.search(target.sentence.text)]
        ranked = [target for target in targets if target.attributes["predominance"] != "axial_only"
                  and (target.attributes.get("beside") != "legs" or _legs_complained_of(note))]
        for target in ranked:
            yield _draft(target, target.attributes["predominance"])
        if ranked:
            return
        legs = {id(target.sentence) for target in note.targets("radicular")
                if target.attributes["finding"] == "leg_pain" and target.assertion == "present" and _told(target)}
        for target in targets:
            if (target.attributes["predominance"] == "axial_only" and id(target.sentence) not in legs
                    and _counts(note, target)):
                yield _draft(target, "axial_only")
        if not legs:
            for target in note.targets("radicular"):
                if _denied_radiation(note, target):
                    yield _draft(target, "axial_only")


def _draft(target: Target, predominance: str) -> Draft:
    return Draft(target.sentence, target.start, target.end, target.rule, {"predominance": predominance})


def _said(target: Target) -> bool:
    """Whether a statement is made: "no radiation, back pain only" denies the radiation and not what follows."""
    if target.cue is None or target.assertion == "present":
        return target.assertion == "present"
    start, end = target.cue.start - target.sentence.start, target.cue.end - target.sentence.start
    if target.start <= start < target.end:  # "back vs leg 80/20", "the legs, not the back"
        return target.assertion in ("absent", "possible")
    return target.assertion == "absent" and end < target.start and "," in target.sentence.text[end:target.start]


def _legs_complained_of(note: NoteView) -> bool:
    return any(target.assertion == "present" and _told(target) for target in note.targets("radicular"))


def _told(target: Target) -> bool:
    return not target.attributes.get("bare") and target.attributes.get("read") != "absent"


def _denied_radiation(note: NoteView, target: Target) -> bool:
    if not target.attributes.get("radiates"):
        return False
    if not target.attributes.get("bare") and target.cue is not None and target.cue.rule in _FIELDS:
        return False
    said = target.assertion == "absent" or (target.attributes.get("read") == "absent" and target.assertion == "present")
    return said and not sites.of_another_region(note, target) and sites.spine_note(note)


def _counts(note: NoteView, target: Target) -> bool:
    """Whether a word of place is one of the patient's pain."""
    sentence = target.sentence
    if sites.of_another_region(note, target) or in_test(target):
        return False
    if not target.attributes.get("weak"):
        return sentence.section != "technique"
    if sentence.section in _IMAGED or note.note_type == "radiology":
        return False
    first = max(0, sentence.index - _NEAR)
    near = [before.text for before in note.sentences[first:sentence.index + 1] if before.line == sentence.line]
    return any(_PAIN.search(text) for text in (*near, sentence.label, sentence.heading))


@Language.factory("bvn_axial_pain", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> AxialPain:
    """Create the component."""
    return AxialPain(nlp, name)
