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

_PAIN = re.compile(r"\bpains?\b|\bach(?:e|es|ing|y)\b|\blbp\b|\bback\b|\bhurts?\b|\bcomplain|\bdiscomfort\b|\blumbosacral\b|\bsore")
_IMAGED = {"exam", "findings", "technique", "comparison", "vitals", "procedure", "impression", "addendum"}


class AxialPain(FactComponent):
    """Finds axial pain facts."""

    kind = "axial_pain"

    def find(self, note: NoteView) -> Iterator[Draft]:
        targets = [target for target in note.targets("axial_pain") if target.assertion == "present"]
        ranked = [target for target in targets if target.attributes["predominance"] != "axial_only"]
        yield from (Draft.of(target, dict(predominance=target.attributes["predominance"])) for target in ranked)
        if ranked:
            return
        legs = {id(target.sentence) for target in note.targets("radicular")
                if target.attributes["finding"] == "leg_pain" and target.assertion == "present" and _told(target)}
        for target in targets:
            if id(target.sentence) not in legs and _counts(note, target):
                yield Draft.of(target, {"predominance": "axial_only"})
        if not legs:
            for target in note.targets("radicular"):
                if _denied_radiation(note, target):
                    yield Draft(target.sentence, target.start, target.end, target.rule, {"predominance": "axial_only"},
                                "present", target.cue)


def _told(target: Target) -> bool:
    return not target.attributes.get("bare") and target.attributes.get("read") != "absent"


def _denied_radiation(note: NoteView, target: Target) -> bool:
    if not target.attributes.get("radiates"):
        return False
    said = target.assertion == "absent" or (target.attributes.get("read") == "absent" and target.assertion == "present")
    return said and not sites.of_another_region(note, target) and sites.spine_note(note)


def _counts(note: NoteView, target: Target) -> bool:
    """Whether a word of place is one of the patient's pain."""
    sentence = target.sentence
    if sites.of_another_region(note, target):
        return False
    if not target.attributes.get("weak"):
        return sentence.section not in ("technique", "comparison")
    if sentence.section in _IMAGED or note.note_type == "radiology":
        return False
    before = note.before(sentence)
    near = [sentence.text, sentence.label, sentence.heading]
    if before is not None and before.line == sentence.line:
        near.append(before.text)
    return any(_PAIN.search(text) for text in near)


@Language.factory("bvn_axial_pain", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> AxialPain:
    """Create the component."""
    return AxialPain(nlp, name)
