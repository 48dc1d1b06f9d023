"""Which part of the body a neurological complaint belongs to, and what else in the note explains it."""
from __future__ import annotations

import re

from ..attach import side
from ..component import NoteView
from ..sentences import Sentence
from ..targets import Target

_LEG = {"leg", "muscle", "movement", "root", "reflex_name"}
_FAR = 300  # characters back in which the region of radiating pain must be named
_SITES = {*_LEG, "arm", "saddle", "elsewhere"}
_JOINED = re.compile(r"[\s,/&]*(?:\b(?:and|or|the|his|her|both|left|right|bilateral|[lrb])\b[\s,/&]*)*")
_BREAK = re.compile(r"[;:]|\bbut\b|\bhowever\b")
_PLACE = re.compile(r"\b(?:in|of|to|along|over|on|down|into|throughout|affecting|around|from|across|through|at|about|involving)\b")
_ADJECTIVES = re.compile(r"[\s(]*(?:(?:left|right|lt|rt|[lr]|both|bilat(?:eral)?|b/l|lateral|medial|dorsal|plantar|anterior|posterior|the|his|her"
                         r"|great|big|little|outer|inner|distal|proximal)[\s,.-]*){0,5}")
_OTHER_NOUN = re.compile(r"\b(?:loss|control|dysfunction|incontinence|retention|changes?|no|denies|without|exacerbation|pain\s+in)\b")
_SUBJECT = re.compile(r"\s+(?:\w+\s+)?(?:is|are|was|were|feels?|felt|been|gets?|goes|go|went|becomes?|became|turns?)\s+(?:\w+\s+)?")
_NEXT_TO = re.compile(r"[\s,/&-]*(?:\b(?:and|or|pain|symptoms?|numbness|tingling|weakness|motor|sensory|muscle|new|nor)\b[\s,/&-]*)*")
_NEURO_DISEASE = re.compile(
    r"\bguillain|\bmultiple\s+sclerosis\b|\bmyelopath|\bcord\s+compression|\bals\b|\bparkinson|\bpoliomyelitis|\bpost-?polio"
    r"|\bstroke\b|\bcva\b|\bhemipar|\bneurosarcoid|\btransverse\s+myelitis|\bcidp\b")
_HERE_DISEASE = re.compile(
    r"\bneuropath(?:y|ies)\b|\bdiabetic\b|\bstocking|\bperoneal\s+nerve|\btarsal\s+tunnel|\bmeralgia|\bmorton|\bpolio\b"
    r"|\bmyelopath|\bplantar\s+fasci|\bvaricose|\bneuroma\b|\bchemotherap|\braynaud")
_VESSELS = re.compile(r"(?<!not )\bvascular\s+claud|\bperipheral\s+(?:vascular|arter)|\bpad\b|\bdvt\b|\bvenous\b|\bvaricos|\bcellulitis\b"
                      r"|\babi\b|\bshin\s+splint|\bphlebitis")
_FOOT = re.compile(r"\b(?:feet|foot|toes?|soles?)\b")
_DENIED = re.compile(r"\?|\bno\b|\bden(?:y|ies|ied)|\bwithout\b|\bfather|\bmother|\bfamily|\bnegative\b|\brule\b|\bor\b")
_SPINE = re.compile(r"\bback\b|\blumb|\blbp\b|\bspin(?:e|al)\b|\blegs?\b|\blower\s+(?:ext|limb)|\bsciat|\bradicul|\bslr\b|\bl[1-5]\b|\bs1\b")
_NECK = re.compile(r"\bcervical\b|\bneck\b|\bc[4-8]\b|\barms?\b|\bupper\s+(?:ext|limb)|\bshoulder")
_LOW = re.compile(r"\blumb|\bback\b|\blbp\b|\blegs?\b|\bl[1-5]\b|\bs1\b|\blower\s+(?:ext|limb)|\bsciat|\bbuttock")
_BACK = re.compile(r"\blumb|\bback\b|\blbp\b|\bl[1-5]\b|\bs1\b|\bsciat|\bbuttock|\bspin(?:e|al)\b|\bsacr|\btailbone|\bbelt")
_UPPER = re.compile(r"\bneck\b|\bcervical\b|\bshoulder|\barms?\b|\bhands?\b|\bwrist|\belbow|\bupper\s+(?:ext|limb)")
_REGION = re.compile(r"\bneck\b|\bcervical\b|\bchest\b|\babdom|\bshoulder|\barms?\b|\bheadache|\bflank|\bknee\s+pain|\bhip\s+pain"
                     r"|\bwrist|\belbow|\bepigastr|\bjaw\b")


def _has(sentence: Sentence, pattern: re.Pattern[str]) -> bool:
    """Whether a sentence holds a pattern, looked for once: a long sentence may hold many findings."""
    found = sentence.cache.get(pattern.pattern)
    if found is None:
        found = sentence.cache[pattern.pattern] = bool(pattern.search(sentence.text))
    return bool(found)


def _role(target: Target) -> str:
    role: str = target.attributes.get("role", "")
    return role


def where(target: Target) -> str | None:
    """`leg`, `arm`, `saddle` or `elsewhere`: the site joined to the finding, else the next behind, else one before."""
    sentence = target.sentence
    named = [t for t in sentence.targets if t.group == "leg_exam" and _role(t) in _SITES]
    inside = [t for t in named if t.start < target.end and target.start < t.end]
    if inside:
        return _kind(inside)
    text = sentence.text
    before = [t for t in named if t.end <= target.start]
    if before and _NEXT_TO.fullmatch(text, before[-1].end, target.start) and "," not in text[before[-1].end:target.start]:
        return _kind(_run(text, before[::-1]))
    behind = [t for t in named if t.start >= target.end]
    if behind and _leads_to(text[target.end:behind[0].start]):
        return _kind(_run(text, behind, listed=not _ADJECTIVES.fullmatch(text, target.end, behind[0].start)))
    if before and _SUBJECT.fullmatch(text, before[-1].end, target.start):
        return _kind(_run(text, before[::-1]))
    for site in reversed(before):
        if _role(site) in _LEG:
            return "leg"
        if _role(site) == "arm":
            return "arm"
    return None


def _leads_to(between: str) -> bool:
    """Whether the words between a complaint and a site say that the complaint is there."""
    if re.match(r"\s*:", between) and len(between) < 40:
        return not _OTHER_NOUN.search(between)
    if len(between) > 90 or _BREAK.search(between) or _OTHER_NOUN.search(between):
        return False
    return bool(_PLACE.search(between) or _ADJECTIVES.fullmatch(between))


def _run(text: str, named: list[Target], listed: bool = True) -> list[Target]:
    """The first site and those joined to it ("arms or legs"), also by commas where `listed`."""
    run = named[:1]
    for site in named[1:]:
        start, end = sorted((run[-1], site), key=lambda t: t.start)
        if not _JOINED.fullmatch(text, start.end, end.start) or (not listed and "," in text[start.end:end.start]):
            break
        run.append(site)
    return run


def _kind(run: list[Target]) -> str:
    roles = {_role(site) for site in run}
    return "leg" if roles & _LEG else "arm" if "arm" in roles else "saddle" if "saddle" in roles else "elsewhere"


def in_legs(note: NoteView, target: Target, assertion: str) -> bool:
    """Whether a complaint that needs a site is one of the legs; denied or warned of, it needs none."""
    site = where(target)
    if site is None:
        heading = f"{target.sentence.heading} {target.sentence.label}"
        site = "leg" if re.search(r"\bleg|\blower\s+(?:ext|limb)", heading) else (
            "arm" if re.search(r"\barm|\bupper\s+(?:ext|limb)|\bneck\b|\bcervical", heading) else None)
    if target.attributes["site"] == "not_arm":
        return site != "arm"
    if site is not None:
        return site == "leg"
    if assertion == "absent":
        return target.sentence.section != "procedure" and spine_note(note) and not of_another_region(note, target, _UPPER)
    return assertion == "hypothetical" or _follows_leg_pain(note, target)


def _follows_leg_pain(note: NoteView, target: Target) -> bool:
    """Whether leg pain stands in the sentence or in the one before, in the same paragraph."""
    before = note.before(target.sentence)
    near = [target.sentence] + ([before] if before is not None and before.line == target.sentence.line else [])
    return any(other.attributes.get("finding") in ("leg_pain", "radiculopathy", "sciatica") and other.assertion == "present"
               and not other.attributes.get("bare") for sentence in near for other in sentence.targets
               if other.group == "radicular")


def of_another_region(note: NoteView, target: Target, regions: re.Pattern[str] = _REGION) -> bool:
    """Whether the sentence, or one of the two before it in its paragraph, speaks of another region only."""
    sentence: Sentence | None = target.sentence
    line = target.sentence.line
    for _ in range(3):
        if sentence is None or sentence.line != line:
            return False
        if _has(sentence, _LOW):
            return False
        if _has(sentence, regions):
            return True
        sentence = note.before(sentence)
    return False


def radiates_from_elsewhere(note: NoteView, target: Target) -> bool:
    """Whether radiating pain starts in another region: the last one named before it, in its paragraph, is not the back."""
    text: str = target.sentence.text[max(0, target.start - _FAR):target.start]
    sentence: Sentence | None = target.sentence
    for _ in range(3):
        low, other = _last(_BACK, text), _last(_REGION, text)
        if low >= 0 or other >= 0:
            return other > low
        sentence = note.before(sentence) if sentence is not None else None
        if sentence is None or sentence.line != target.sentence.line:
            return False
        text = sentence.text[-_FAR:]
    return False


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def of_the_neck(note: NoteView, target: Target) -> bool:
    """Whether a radiculopathy without a place of its own is the cervical one that the note speaks of."""
    text = target.sentence.text
    near = text[max(0, target.start - 60):target.end + 60]
    if _LOW.search(near):
        return False
    if _has(target.sentence, _NECK):
        return True
    whole = note.cache.get("cervical")
    if whole is None:
        folded = " ".join(sentence.text for sentence in note.sentences)
        whole = note.cache["cervical"] = bool(
            re.search(r"\b(?:cervical|c[4-8]|arm|upper\s+extremity)(?:\s+\w+)?\s+radicul|\bradicul\w+[^.;]{0,40}\b(?:arm|upper\s+ext)", folded)
            and not re.search(r"\b(?:lumb\w+|l[1-5]|s1|leg|lower\s+extremity|sciatic\w*)(?:\s+\w+)?\s+radicul|\bradicul\w+[^.;]{0,40}\b(?:legs?|lower\s+ext)", folded))
    return bool(whole)


def other_disease(note: NoteView, sentence: Sentence) -> bool:
    """Whether the note puts a neurological sign down to a disease outside the lumbar spine."""
    if _has(sentence, _HERE_DISEASE):
        return True
    behind = note.after(sentence)
    if behind is not None and behind.line == sentence.line and re.match(
            r"(?:this|these|it|likely|attributed|thought|due|from|secondary)\b.*", behind.text) and _has(behind, _HERE_DISEASE):
        return True
    if _neuropathy(note) and _has(sentence, _FOOT) and side(sentence.text) in (None, "bilateral"):
        return True
    whole = note.cache.get("neuro_disease")
    if whole is None:
        whole = note.cache["neuro_disease"] = any(
            _NEURO_DISEASE.search(s.text) and not _DENIED.search(s.text)
            and s.section not in ("family_history", "education", "legend") for s in note.sentences)
    return bool(whole)


def _neuropathy(note: NoteView) -> bool:
    found = note.cache.get("neuropathy")
    if found is None:
        found = note.cache["neuropathy"] = any(
            "neuropathy" in s.text and not _DENIED.search(s.text) for s in note.sentences)
    return bool(found)


def of_the_vessels(target: Target) -> bool:
    """Whether leg pain is put down to vessels, veins or a clot in its own sentence."""
    return _has(target.sentence, _VESSELS)


def spine_note(note: NoteView) -> bool:
    """Whether the note speaks of the back or the legs at all; a denied symptom elsewhere is none of ours."""
    found = note.cache.get("spine")
    if found is None:
        found = note.cache["spine"] = any(_SPINE.search(s.text) for s in note.sentences)
    return bool(found)
