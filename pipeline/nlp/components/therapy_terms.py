"""Terms that name a treatment only on a condition: PT (the therapy or the patient), weight loss, a therapist's visits."""
from __future__ import annotations

import re

from ..component import NoteView
from .therapy_passage import Mention, Passage

_PT_WORDS = re.compile(r"[\s:,-]*(?:x\s?\d|\d+\s?(?:visits|sessions|weeks|wks|mos?\b|months|x\b|times)|visits?\b|sessions?\b|for\s+(?:the\s+)?(?:low\s+)?back|referral|eval\b|and\s+(?:hep|chiro)|/\s?(?:ot|hep|chiro))")
_PT_BEFORE = re.compile(r"\b(?:(?:sessions|visits|weeks|months|course|courses|round|trial)\s+of|refer(?:red|ral)?\s+(?:to|for)|completed|tried|failed|did|attended|"
                        r"attending|start|continue|ordered|order|formal|outpatient|home|aquatic|finished|supervised|\d\s+(?:sessions|visits|weeks))\s*$")
_PATIENT = re.compile(r"\s+(?:reports?|states?|denies|denied|c/o|complains?|presents?|called|is\s+a|was\s+seen|seen|returns?|here|has\s+(?:had|a|no|tried|been\s+(?!helpful|helping|ineffective|completed|ordered|tried|done|of|beneficial|prescribed|recommended|effective))|"
                      r"tolerated|instructed|advised|verbali[sz]ed|asks?|asked|agrees?|understands?|would|wants|will|describes?|notes?|rates?|feels?|"
                      r"says|lives|works|unable|able|reported|requests?|and\s+(?:wife|husband)|to\s+(?:call|follow)|(?:did|does|has)\s+not\s+(?!help|work|improve|provid|reliev|giv|been|benefit|make|change)|can|cannot)\b")
_WEIGHT_ADVICE = re.compile(r"advis|asked|enrol|encourag|recommend|counsel|discuss|goal|program|plan|refer|continue|unload|for\s+(?:the\s+|his\s+|her\s+)?back|reduc\w+\s+due|due\s+to")
_INDEX_TERMS = re.compile(r"\w\.(?=[a-z][a-z /-]*,(?:[^,.]{1,40},){4}[^.]*$)")


def counts(passage: Passage, mention: Mention, own: str | None, note: NoteView) -> bool:
    """Whether a term that needs a condition meets it."""
    need = mention.target.attributes.get("need")
    text = passage.text
    if mention.target.group == "therapy_visits":
        mention.target.attributes = mention.target.attributes | {"modality": own}
        return own is not None
    index_terms = _INDEX_TERMS.search(text) if text.count(",") > 4 else None
    if index_terms and mention.start >= index_terms.end():
        return False
    if need == "advice":
        return bool(_WEIGHT_ADVICE.search(text)) or re.match(r"(?:has\s+)?lost\s+\d", mention.target.text) is not None
    if need == "capitals":
        raw = note.text[passage.source(mention.start):passage.source(mention.end)]
        behind, before = text[mention.end:mention.end + 40], text[:mention.start]
        if raw.isupper() and raw != "Pt":
            return not _PATIENT.match(behind)
        return bool(_PT_WORDS.match(behind) and not _PATIENT.match(behind)) or bool(
            _PT_BEFORE.search(before) and before.strip(" -]") and not _PATIENT.match(behind))
    return True
