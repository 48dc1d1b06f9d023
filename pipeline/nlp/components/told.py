"""What a note says about a diagnosis beyond naming it: how it is asserted; that it is the source of the pain, or not;
that surgery is only planned; that a statement merely repeats what the findings gave level by level.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from ..attach import groups
from ..component import Draft, NoteView
from ..levels import HEADING_LEVELS, find
from ..memory import remembered
from ..sentences import Sentence
from ..targets import Target
from ..words import guard, has
from .body import imaging

_SOURCE = r"(?:pain\s+)?(?:generators?|sources?|causes?|drivers?|culprits?|explanation|etiology|aetiology)"
_IS_SOURCE = re.compile(rf"[^.;]{{0,40}}?(?:\b(?:is|are|as|being|represents?|appears?\s+to\s+be|be|remains?)\s+(?:the\s+|his\s+|her\s+|their\s+|a\s+)?"
                        rf"(?:\w+\s+){{0,2}}?{_SOURCE}\b|\bcausing\s+(?:\w+\s+){{0,3}}?(?:pain|symptoms)\b|\baccounts?\s+for\b|\bexplains?\s+(?:\w+\s+){{0,2}}(?:pain|symptoms))")
_FROM = re.compile(rf"(?:\b(?:pain|lbp|lumbago|symptoms?|ache|spine)\b[^.;]{{0,60}}?\b(?:due|secondary|attributable|attributed|related|owing)\s+to|\bpain\s+(?:comes?\s+|coming\s+|arising\s+|originating\s+)?from|\b(?:generated|caused|explained|driven)\s+by|\b{_SOURCE}\s*(?:of\s+(?:\w+\s+){{0,3}}pain\s*)?(?:is|:|being))\s+(?:the\s+|a\s+|an\s+|his\s+|her\s+)?(?:[\w/-]+\s+){{0,6}}$")
_NOT_SOURCE = re.compile(rf"[^.;]{{0,40}}?\b(?:not|unlikely)\s+(?:\w+\s+){{0,6}}?{_SOURCE}\b|[^.;]{{0,20}}?\b(?:has|have)\s+been\s+(?:ruled\s+out|excluded)\b|[^.;]{{0,12}}?\bdoes\s+not\s+explain\b")
_GENERAL = re.compile(r"\b\d\s*=\s*\w+[^.]{0,80}\b\d\s*=|\bgraded\s+(?:per|according|after|by|using)\b|^key\s+to\b|\basymptomatic\s+(?:adults|people|persons|individuals|volunteers|population)\b|"
                      r"\bpeople\s+without\b|\bdiscs?\s+(?:can|may)\s+\w+\s+or\b|\bis\s+(?:leg\s+)?pain\s+(?:from|caused\s+by)\s+an?\b|\bmeans?\s+(?:that|less|more|a|an)\b|\bdepth\s+greater\s+than\b|\bbase\s+wider\b|\b(?:is|are)\s+common\s+(?:after|in|with|findings)\b|\bcoverage\b|\bpolicy\s+(?:requires|criteria)\b")
_FUTURE = re.compile(r"\b(?:candidates?|recommend\w*|consider\w*|discuss\w*|options?|refer\w*|wish\w*|plan\w*|would|will|offer\w*|declin\w*|"
                     r"avoid\w*|schedul\w*|propos\w*|request\w*|interest\w*|want\w*|need\w*|if|may|might|could|should|require\w*|not\s+ready|"
                     r"consult\w*|evaluat\w*|indicat\w*|contemplat\w*|hold\s+off|rather\s+than|instead\s+of|versus|vs|appropriate|advis\w*|"
                     r"no|not|never|denies|denied|without|possible|potential|surgeon|suitable|contraindication\w*|confirmed\s+for|booked|book|approved|defer\w*|before)\b")
_PAST = re.compile(r"\b(?:s/p|status\s+post|post|prior|previous\w*|history|hx|h/o|underwent|had|has\s+had|since|after|following|ago|performed|remote|old|old|"
                   r"(?:in\s+)?(?:19|20)\d\d|evidence|noted|defects?|changes?|solid|hardware|level)\b")


_GENERAL_WORDS = guard(("=", "graded", "key", "asymptomatic", "people", "can ", "may ", "from ", "caused", "mean", "depth", "base",
                        "common", "coverage", "policy"), _GENERAL)


@remembered
def general(text: str) -> bool:
    """Whether a sentence explains grades, gives figures for people at large, or teaches."""
    return has(text, _GENERAL_WORDS) and _GENERAL.search(text) is not None


def in_question(note: NoteView, sentence: Sentence) -> bool:
    """Whether a sentence belongs to the question put to the examiner: its indication, up to the next blank line."""
    if sentence.section != "indication" or note.note_type == "procedure":
        return False
    steps, at = 0, sentence
    before = note.before(sentence)
    while before is not None and before.section == "indication" and steps < 8:
        if note.text.count("\n", before.end, at.start) > 1 and not before.text.rstrip().endswith(":"):
            return False
        at = before
        before = note.before(at)
        steps += 1
    return True


def reading(note: NoteView, target: Target) -> str:
    """The target's assertion: structural diagnoses of the history stay present, a question in the indication is hypothetical."""
    assertion = target.assertion
    if assertion == "present":
        return assertion
    if assertion == "historical" and (target.cue is None or "historical" not in target.cues or _far(target)):
        return "present"
    if assertion == "possible" and (in_question(note, target.sentence) or _asked(note, target)):
        return "hypothetical"
    if assertion == "absent" and _denied_inside(target):
        return "present"
    return assertion


def _far(target: Target) -> bool:
    """Whether what has resolved stands too far off to be this structural diagnosis."""
    assert target.cue is not None
    start, end = target.sentence.source(target.start), target.sentence.source(target.end)
    return target.cue.start - end > 45 or start - target.cue.end > 45


def _asked(note: NoteView, target: Target) -> bool:
    """Whether a finding behind a question mark, without a level, is the question of a report that has no such heading."""
    sentence = target.sentence
    return (imaging(note) and sentence.index < 8 and target.cue is not None and "?" in target.cue.text
            and target.start < 4 and not any(groups(other) for other in note.line(sentence)))


def _denied_inside(target: Target) -> bool:
    """Whether the denial stands within a contact that is asserted: "abutting but not displacing the root"."""
    cue = target.cue
    if target.rule != "alternative.root_hit" or cue is None:
        return False
    inside = target.sentence.source(target.start) < cue.start < target.sentence.source(target.end)
    return inside and bool(re.search(r"\bbut\s+(?:\w+\s+)?not\b", target.text))


def is_primary(target: Target) -> bool:
    """Whether the sentence names the finding as the source of the pain."""
    return _is_source(target.sentence.text, target.start, target.end)


_SOURCE_WORDS = guard(("generat", "source", "caus", "driv", "culprit", "expla", "etiology", "account", "due", "secondary", "attribut",
                       "related", "owing", "from "), _FROM, _IS_SOURCE)


@remembered
def _is_source(text: str, start: int, end: int) -> bool:
    if not has(text, _SOURCE_WORDS):
        return False
    before = _FROM.search(text[max(0, start - 160):start])
    return (before is not None and not re.search(r"\bnot\b", before.group())) or bool(
        _IS_SOURCE.match(text, end) and not _NOT_SOURCE.match(text, end))


def not_the_source(target: Target, diagnosis: str) -> bool:
    """Whether a facet or SI joint is said not to be the source of the pain, or is ruled out."""
    return diagnosis in ("facet_arthropathy", "si_joint_dysfunction") and bool(
        _NOT_SOURCE.match(target.sentence.text, target.end))


def planned(target: Target) -> bool:
    """Whether an operation is only spoken of: no words of the past, and words of a plan, or a plan section."""
    text = target.sentence.text
    near = text[max(0, target.start - 90):target.end + 60]
    if target.sentence.section in ("past_surgical_history", "past_history"):
        return False
    past = _PAST.search(near)
    if _FUTURE.search(near):
        return not past or bool(re.search(r"\b(?:candidate|recommend|consider|wish|would|declin|refer)\w*", near))
    return target.sentence.section == "plan" and not past


def settle(note: NoteView, drafts: list[Draft]) -> Iterator[Draft]:
    """The drafts without those that only repeat others.

    The same fact is annotated once (annotation guide): a finding named with its level and again without; a negation in
    the impression of what every line denied; unnamed surgery beside a named operation; a further denial of infection.
    """
    placed: dict[tuple[str, str], set[str]] = {}
    sources: set[tuple[str, str]] = set()
    for draft in drafts:
        attributes = draft.attributes
        key = (attributes["diagnosis"], draft.assertion)
        placed.setdefault(key, set()).update(attributes["levels"] or attributes["vertebrae"])
        if attributes["primary"]:
            sources.add(key)
    for draft in drafts:
        draft.attributes["primary"] = (draft.attributes["diagnosis"], draft.assertion) in sources and not draft.rule.endswith("_test")
        if not _repeats(note, draft, placed):
            yield draft


def _repeats(note: NoteView, draft: Draft, placed: dict[tuple[str, str], set[str]]) -> bool:
    diagnosis, assertion = draft.attributes["diagnosis"], draft.assertion
    if draft.rule in ("alternative.operation", "alternative.back_surgery"):
        return ("prior_fusion", "present") in placed or bool(placed.get(("prior_decompression", "present")))
    if draft.rule == "alternative.infection_imaging" and any(
            kind == diagnosis and (said, bool(where)) != (assertion, False) for (kind, said), where in placed.items()):
        return True
    if draft.attributes["levels"] or draft.attributes["vertebrae"]:
        return False
    given = placed[diagnosis, assertion]
    section = draft.sentence.section
    if assertion == "hypothetical":
        return section in ("impression", "addendum") and any((diagnosis, said) in placed for said in ("present", "possible"))
    if assertion in ("present", "possible"):
        return bool(given) and not _EVERYWHERE.search(draft.sentence.text)
    if assertion != "absent" or section != "impression" or draft.attributes["severity"] is not None:
        return False
    lines = _heading_levels(note)
    return bool(lines) and lines <= given


_EVERYWHERE = re.compile(r"\belsew\w+|\belswere\b|\bother\s+levels?\b")


def _heading_levels(note: NoteView) -> set[str]:
    """The levels that head lines of the note."""
    found: set[str] | None = note.cache.get("heading_levels")
    if found is None:
        found = note.cache["heading_levels"] = set()
        for sentence in note.sentences:
            match = HEADING_LEVELS.match(sentence.text)
            if match and not sentence.cell:
                found.update(level for mention in find(match[1]) for level in mention.levels)
    return found
