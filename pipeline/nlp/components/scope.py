"""Whether a term counts where it stands: words too common outside imaging, findings of other bones, operations of the note."""
from __future__ import annotations

import re

from ..attach import groups
from ..component import NoteView
from ..sentences import Sentence
from ..targets import Target
from .body import imaging


def performed_here(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence names the operation that its own note reports."""
    before = note.before(sentence)
    title = before.text if before is not None and before.text.endswith(":") else ""
    heading = f"{sentence.heading} {title} {sentence.text[:40]}"
    return sentence.section == "procedure" and (note.note_type == "procedure" or bool(re.search(r"procedure|operation", heading)))


def anywhere(target: Target) -> bool:
    """Whether the finding occurs all over the body, so that another region in its sentence puts it there."""
    return target.assertion != "family" and target.attributes.get("diagnosis") in (
        "compression_fracture", "spinal_infection", "spinal_tumor", "prior_fusion", "prior_decompression", "nerve_root_compression")


def counts(note: NoteView, target: Target) -> bool:
    """Words too common outside imaging ("infection", "tumour") count only in imaging text or beside another such finding."""
    if target.assertion == "possible" and any(
            other.rule in ("alternative.infection", "alternative.fracture") for other in target.sentence.targets):
        return True
    if target.rule == "alternative.fusion" and target.assertion != "family" and not imaging(note):
        return bool(_OF_SPINE.search(target.sentence.text) or groups(target.sentence))
    if target.rule == "alternative.fracture" and not _SPINAL_FRACTURE.search(target.text) and not imaging(note):
        return about_spine(note, target.sentence)
    if target.rule == "alternative.slip" and about_spine(note, target.sentence):
        return True
    if target.attributes.get("reading") != "imaging":
        return True
    text = target.sentence.text
    if _scan_of_other_region(note):
        return bool(_OF_SPINE.search(text) or groups(target.sentence))
    return target.sentence.section in ("findings", "impression", "indication") or bool(_IN_IMAGING.search(text)) or (
        imaging(note) or bool(_STUDY.search(note.text[:200].lower())))


_IN_IMAGING = re.compile(r"\b(?:mri|ct|x-?ray|spine|spinal|lumbar(?!\s+punct))\b")
_STUDY = re.compile(r"\b(?:mri|x-?ray|ct)\b")
_OF_SPINE = re.compile(r"lumb|spin|\bback\b|interbody|vertebr|\bdiscs?\b|laminect|screw|\b[tpaxlo]lif\b|sacr|decompress|dis[ck]ect")
_SPINAL_FRACTURE = re.compile(r"compression|wedg|burst|vertebr|osteoporotic|fragility|lumbar|vcf|collapse|endplate|height")
_SPINE_WORDS = re.compile(r"\b(?:x-?rays?|xr|films?|mri|ct|radiograph\w*|imaging|spine|spinal|lumbar|vertebra\w*|back|l[1-5]|t1[12]|"
                          r"\w*listhesis|herniat\w+|hnp|stenosis|disc|discs|modic|scan|scans|causes?\s+of|sources?\s+of|generators?)\b")


_OTHER_SCAN = re.compile(r"\b(?:ct|mri?|x-?rays?|scan|ultrasound|us|sonogram|cxr)\b[^.;]{0,40}\b(?:abdom\w+|pelvi\w+|chest|thora\w+|brain|head|"
                         r"neck|cervical|knee|shoulder|hip|ankle|foot|hand|wrist|elbow|renal|kidneys?|breast)\b")


def _scan_of_other_region(note: NoteView) -> bool:
    """Whether a note opens as the report of a scan of another region: a mass there is not one of the spine."""
    opening = note.text[:250].lower()
    return bool(_OTHER_SCAN.search(opening)) and not re.search(r"lumb|spin|\bback\b|\bls\b|l-s", opening)


def about_spine(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence, or those before it in its line, speak of the spine or of imaging."""
    if sentence.section in ("findings", "impression", "indication"):
        return True
    near = [other for other in note.sentences[max(0, sentence.index - 3):sentence.index + 1] if other.line == sentence.line]
    return any(_SPINE_WORDS.search(other.text) for other in near) or bool(_SPINE_WORDS.search(sentence.heading))
