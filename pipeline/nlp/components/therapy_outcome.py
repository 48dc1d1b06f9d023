"""How treatments worked: outcomes and the treatments they speak of.

An outcome speaks of the treatments before it, back to the outcome before ("PT, NSAIDs and gabapentin without relief"),
or of those behind it ("failed PT and NSAIDs", "no relief with PT"). An outcome in the next sentence or list item speaks
of the treatments last named (annotation guide, kind 5).
"""
from __future__ import annotations

import re

from ..matcher import Hit
from .therapy_passage import Mention, Passage, is_list

_FORWARD = re.compile(r"\s*(?:with|from|to|after|of|by|on|following|despite|for)\b|\s*:")
_FORWARD_VERB = re.compile(r"fail(?:ed|s|ing|ure)|refractory|unresponsive|recalcitrant|resistant|despite|in\s+spite|inadequate|ineffective|"
                           r"(?:could|can|did|unable).{0,8}tolerate|intoleran\w+")
_ALL = re.compile(r"[\s-]*(?:none|neither|nothing|all|both|either)\b|.{0,40}\b(?:any|none|all)\s+of\s+(?:these|them|this|it)\b|.{0,30}\bthese\s+(?:measures|treatments|modalities|therapies)\b")
_TIMED = re.compile(r"\b(?:days?|weeks?|wks?|hours?|months?)\b")
_IF = re.compile(r"\b(?:if|unless|should|until)\b[^,;.]{0,40}$")
_REFERS = re.compile(r"[\s-]*(?:(?:but|and|with|which|that|this|it|these|they|none|neither|both|all|no|not|some|only|minimal|little|partial|"
                     r"temporary|good|he|she|relief|response|result|outcome|benefit|pain|unfortunately|however|without|patient|overall|"
                     r"there|failed|inadequate|moderate|mild|helped|ineffective|had|has|did|symptoms|continues|persist\w*|still|unchanged|"
                     r"plateau\w*|the\s+patient|i)\b)")


def in_passage(passage: Passage, cues: tuple[Hit, ...]) -> dict[int, str]:
    """The outcome of each mention (by its place in the passage) as far as the passage tells."""
    mentions = passage.mentions
    found: dict[int, str] = {}
    floor = 0
    for number, cue in enumerate(cues):
        outcome = cue.rule.metadata["outcome"]
        if _IF.search(passage.text, 0, cue.start):
            continue
        inside = [i for i, m in enumerate(mentions) if m.start < cue.end and cue.start < m.end]
        if inside:
            found.update({i: outcome for i in inside if mentions[i].end < cue.end and not cue.rule.metadata.get("loose")})
            continue
        limit = cues[number + 1].start if number + 1 < len(cues) else len(passage.text)
        behind = [i for i, m in enumerate(mentions) if cue.end <= m.start < limit]
        named = any(floor <= m.start and m.end <= cue.start for m in mentions)
        before = [i for i, m in enumerate(mentions) if floor <= m.start and m.end <= cue.start and i not in found]
        loose = cue.rule.metadata.get("loose")
        if behind and not loose and (_points_on(passage.text, cue, mentions[behind[0]], named) or not named):
            for i in _run_on(passage.text, mentions, behind, cue.end):
                found.setdefault(i, outcome)
            before = before if passage.text[cue.end:mentions[behind[0]].start].strip() == ":" else []
        if before:
            beside = passage.text[:cue.start].rstrip().endswith("(")
            beside = beside or bool(_TIMED.search(passage.text, cue.start, cue.end))
            for i in before[-1:] if beside else _run_back(passage.text, mentions, before, cue.start):
                found[i] = outcome
        floor = cue.end
    return found


def _points_on(text: str, cue: Hit, mention: Mention, has_before: bool) -> bool:
    """Whether an outcome speaks of what follows."""
    between = text[cue.end:mention.start]
    said = text[cue.start:cue.end]
    if _FORWARD_VERB.match(said):
        return not has_before or (len(between) < 30 and not re.search(r"[.,;)]", between))
    return len(between) < 40 and bool(_FORWARD.match(between)) and not re.search(r"[.;,]", between)


def _run_on(text: str, mentions: list[Mention], behind: list[int], start: int) -> list[int]:
    """The mentions behind an outcome that it reaches: up to a new clause."""
    run = []
    at = start
    for i in behind:
        if re.search(r"\b(?:but|however|now|currently|while|takes|continues|which|then\s+she|then\s+he)\b|;", text[at:mentions[i].start]):
            break
        run.append(i)
        at = mentions[i].end
    return run


def _run_back(text: str, mentions: list[Mention], before: list[int], stop: int) -> list[int]:
    """The mentions before an outcome that it reaches: the last, and those strung together with it."""
    if re.search(r"\b(?:all|none|neither|both|each|any)\s+(?:(?:of|these|this|them|which|have|has|had|been|with|were|gave)\s+)*$", text[:stop]):
        return before
    run = [before[-1]]
    for i in reversed(before[:-1]):
        between = text[mentions[i].end:mentions[run[-1]].start]
        if not is_list(between) and re.search(r"\b(?:but|however|while|whereas|now|denies|will|plan|refer\w*|recommend\w*|start)\b|;|\.\s", between):
            break
        if re.search(r",\s*(?:and\s+)?(?:is|are|now|currently|takes|continues|has|keeps|tried|uses)\b", between) and not is_list(between):
            break
        run.append(i)
    return run


def following(passage: Passage, cues: tuple[Hit, ...]) -> tuple[str, bool] | None:
    """The outcome a sentence without treatments gives to those named before it, and whether to all of the paragraph."""
    if not cues or passage.text.rstrip().endswith("?"):
        return None
    cue = cues[0]
    text = passage.text
    if cue.start > 70 or not (_REFERS.match(text) or cue.start < 4):
        return None
    if cue.rule.metadata["outcome"] == "effective" and not _REFERS.match(text):
        return None
    if cue.rule.metadata.get("loose") and re.search(r"\b(?:numb|weak|tingl|leg\s+pain|exam|strength|mri)", text):
        return None
    return str(cue.rule.metadata["outcome"]), bool(_ALL.match(text))
