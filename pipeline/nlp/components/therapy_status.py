"""Whether a treatment was tried, goes on, is planned, was declined, never tried or ruled out.

The nearest cue of the sentence decides, else the section: a medication list is ongoing, a plan planned, a treatment
history tried, the procedure a procedure note reports tried (annotation guide, kind 5).
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from ..matcher import Hit
from ..quantities import RATE
from .therapy_passage import Mention, Passage, is_list

USED = ("tried", "ongoing")
INTERVENTIONS = frozenset({"epidural_steroid_injection", "facet_injection", "rfa", "si_injection", "trigger_point_injection",
                           "spinal_cord_stimulator", "surgery", "bvn_ablation"})
_SECTION = {"medications": "ongoing", "plan": "planned", "assessment": "planned", "instructions": "planned",
            "goals": "planned", "impression": "planned"}
_STOP = re.compile(r"\b(?:but|however|although|though|while|whereas|who|because|until|so|unless|where|if|before)\b|;|\.\s|\s\|\s")
_ORDER = ("declined", "contraindicated", "not_tried", "ongoing", "tried", "planned")
_TRAILING = re.compile(r"\s*(?:[,.;)|]|$|today|by\b|at\b|for\b|because|due|with\b|until|in\b|next\b|on\b|this\b|tomorrow|soon|after\b|to\b(?!\s+(?:take|use|do|try|have|continue)))")
_PARTICIPLE = re.compile(r"(?:(?:is|was|were|been|be|has|have)\s+)*(?:\w+ed|given|sent|refus\w+|declin\w+|counsell?ing)\b|to\s+(?:start|begin|follow|resume)\b")
_STRONG = ("declined", "contraindicated", "not_tried")
_MANY = r"(?:\d|one|two|three|four|five|six|half\s+an?|an?)(?:\s?(?:-|to|or)\s?\d)?"
_DOSE = re.compile(r"[\s,]*(?:\w+[\s,]+)?(?:\d[\d.,/-]*\s*(?:mg|g|mcg|%|/d|min(?:ute)?s?)?[\s,]*)?"
                   rf"(?:{_MANY}\s+(?:tab(?:let)?|cap(?:sule)?|pill|patch|po)(?:s|es)?\s+)?(?:po\s+|by\s+mouth\s+|orally\s+)?(?:up\s+to\s+)?"
                   r"(?:(?:daily|bid|b\.i\.d|tid|t\.i\.d|qid|qhs|prn|nightly|nocte|every|each\s+(?:day|night|morning|evening)|q\s?\d{1,2}\s?(?:h(?:rs?|ours?)?)?|qd|at\s+(?:night|bedtime)|tds|bd|od|as\s+needed)\b(?!\s+x\s*\d)|"
                   rf"(?:once|twice|{_MANY}\s?(?:x|times|days)?)\s*{RATE}\b(?!\s+(?:(?:for|x)\s*\d|from\b|between\b|until\b|during\b))|(?:one|two|\d)\s+every\b)")
_STOPPED = re.compile(r"[^.;|]{0,60}?\b(?:stopped|discontinued|d/c'?d|dc'd|ceased|weaned\s+off|came\s+off)\b(?!\s+(?:work|smok|drink|driv))")
_PAST_BEFORE = re.compile(r"\b(?:prior|previous|earlier|after|following|since|post|repeat|failed)\s+(?:\w+\s+){0,2}$")
_PAST_BEHIND = re.compile(r"[^.;]{0,40}?\b(?:(?:19|20)\d\d|\d{1,2}/\d{1,2}/\d\d|\d{1,2}/\d\d|ago|last\s+\w+|done)\b")
_DOSE_REACH = 60
_IMPERATIVE = re.compile(r"(?:avoid|refrain|stay\s+away|limit|restrict|modify)\s")
_BARE_NO = re.compile(r"(?:^|[.,;(]\s*|\bwith\s+)no\s*$")  # "no opioids": not given, which is not never tried
_RELIEVED = re.compile(r"\b(?:alleviat|reliev|amelior|eas)(?:ing|ed|es)\s+(?:factors?\b|(?:by|with)\b[^.;]{0,400}$)|\bbetter\s+with\b[^.;]{0,400}$")
_PLAN_LABEL = re.compile(r"plan|referral|recommend|orders|counsel|medical\s+treatment|disposition|dispo")
_PAST_LABEL = re.compile(r"tried|prior|previous|past|so\s+far|to\s+date|failed|history|completed")
_LEAVING = re.compile(r"discharge\s+(?:medications?|meds|rx|prescriptions?)|new\s+(?:medications?|prescriptions?)")
_NOW_LABEL = re.compile(r"\bcurrent|\bmeds?\b|medications?|taking")


@dataclass(slots=True)
class Reading:
    """What the words around a treatment make of it; `sure` is False where only the section spoke."""
    status: str
    assertion: str = "present"
    cue: Hit | None = None
    sure: bool = True


def read(passage: Passage, number: int, cues: tuple[Hit, ...], outcome: str | None, procedure: bool,
         retrospective: bool) -> Reading | None:
    """The status of one mention of the passage; None where the passage does not say that it concerns a treatment."""
    mention = passage.mentions[number]
    if "status" in mention.target.attributes:
        return Reading(mention.target.attributes["status"], "absent")
    if mention.target.assertion == "absent" and passage.text.rstrip().endswith("?"):  # "Tried PT? No."
        return Reading("not_tried", "absent")
    if _RELIEVED.search(passage.text, 0, mention.start) or (
            mention.modality == "opioid" and _BARE_NO.search(passage.text, 0, mention.start)):
        return None
    own = bool(mention.target.attributes.get("own"))
    after = _nearest_before(passage, mention, cues, own)
    behind = _nearest_behind(passage, number, cues)
    if after and behind and behind.start - mention.end < 25 and any(
            after.end <= other.start < mention.start for other in passage.mentions):
        after = None
    conditional = _conditional(passage, mention, cues)
    pick = _pick(after, behind)
    if conditional and outcome is None and (pick is None or pick.rule.metadata["status"] == "planned"
                                            or conditional.rule.metadata.get("list")):
        return Reading("planned", "hypothetical", conditional)
    if pick is None:
        return _by_place(passage, mention, outcome, procedure, retrospective)
    status = pick.rule.metadata["status"]
    if own and status == "not_tried" and mention.modality == "activity_modification":
        return _by_place(passage, mention, outcome, procedure, retrospective)
    if status == "planned" and outcome and not _plan_like(passage):
        status = "tried"
    if status == "ongoing" and mention.modality in INTERVENTIONS and mention.modality != "spinal_cord_stimulator":
        status = "tried"
    return Reading(status, pick.rule.metadata.get("assertion", "present"), pick)


def _pick(after: Hit | None, behind: Hit | None) -> Hit | None:
    """Of the cue before and the cue behind a treatment the one that decides."""
    if after is None or behind is None:
        return after or behind
    first, second = after.rule.metadata["status"], behind.rule.metadata["status"]
    for status in _STRONG:
        if second == status:
            return behind
        if first == status:
            return after
    if second in USED:
        return behind if first in ("planned", "tried") else after
    return after


def _nearest_before(passage: Passage, mention: Mention, cues: tuple[Hit, ...], own: bool) -> Hit | None:
    """The last cue before a treatment that reaches it."""
    for cue in reversed(cues):
        meta = cue.rule.metadata
        if cue.start > mention.start or cue.end > mention.end or meta["reach"] != "after":
            continue
        between = passage.text[cue.end:mention.start]
        if own and (meta["status"] == "not_tried" or (meta["status"] == "ongoing" and between.strip())):
            continue
        if len(between) > 200 or _STOP.search(between):
            return None
        if meta["status"] == "not_tried" and not _lists_to(passage, cue, mention):
            return None
        return cue
    return None


def _lists_to(passage: Passage, cue: Hit, mention: Mention) -> bool:
    """Whether a negation reaches a treatment: only treatments and few words stand between."""
    start = cue.end
    between = re.sub(r"\bback\s+pain\s+or\b", " ", passage.text[start:mention.start])
    for other in passage.mentions:
        if start <= other.start < mention.start:
            between = between.replace(other.target.text, " ")
    words = re.findall(r"[a-z']+", between)
    return len(words) <= 8 and not re.search(r"\b(?:pain|numb\w*|weak\w*|tingl\w*|fever|is|was|are|has|takes|tried|with|pull|change)\b", between)


def _nearest_behind(passage: Passage, number: int, cues: tuple[Hit, ...]) -> Hit | None:
    """The first cue behind a treatment, or behind the list it heads, that reaches back to it."""
    mentions = passage.mentions
    at = mentions[number].end
    last = number
    while last + 1 < len(mentions) and is_list(passage.text[mentions[last].end:mentions[last + 1].start]):
        last += 1
    for stop in (number, last):
        limit = mentions[stop + 1].start if stop + 1 < len(mentions) else len(passage.text)
        own = bool(mentions[number].target.attributes.get("own"))
        found = [cue for cue in cues if not (own and cue.rule.metadata["status"] == "tried") and mentions[stop].end <= cue.start < limit and (
            _reaches_back(cue, passage.text, stop + 1 == len(mentions)))]
        for cue in sorted(found, key=lambda cue: _ORDER.index(cue.rule.metadata["status"])):
            between = passage.text[mentions[stop].end:cue.start]
            if len(between) < 90 and not re.search(r"\b(?:but|then|will|plan|and\s+(?:he|she|is|was|has)|numbness|weakness|pain\s+is)\b|;", between):
                return cue
            if re.search(r"\bbut\s+(?:he|she|they|pt|patient|the\s+\w+)?\s*(?:never|declin|refus|did\s+not|does\s+not|is\s+not|was\s+not|not\b)", passage.text[at:cue.end]):
                return cue
    return None


def _reaches_back(cue: Hit, text: str, last: bool) -> bool:
    """Whether a cue speaks of what stands before it: "TENS declined", "PT: never had any", "CBT ordered"."""
    meta = cue.rule.metadata
    if meta["reach"] == "before":
        return True
    if re.match(r"continu", text[cue.start:cue.end]):
        return _TRAILING.match(text, cue.end) is not None
    if meta["status"] in _STRONG and last:
        return True
    participle = _PARTICIPLE.match(text, cue.start, cue.end)
    return (participle is not None and meta["status"] in (*_STRONG, "planned")
            and _TRAILING.match(text, participle.end()) is not None)


def _conditional(passage: Passage, mention: Mention, cues: tuple[Hit, ...]) -> Hit | None:
    """A condition anywhere before the treatment in the sentence, or right behind it ("TFESI if confirmed")."""
    for cue in cues:
        meta = cue.rule.metadata
        if meta.get("assertion") != "hypothetical":
            continue
        between = passage.text[cue.end:mention.start] or passage.text[mention.end:cue.start]
        if re.search(r";|\.\s", between) or (meta.get("near") and len(between) > (60 if cue.start < mention.start else 25)):
            continue
        if cue.start < mention.end or (meta["reach"] == "both" and not _crosses(passage, mention, cue)):
            return cue
    return None


def _crosses(passage: Passage, mention: Mention, cue: Hit) -> bool:
    """Whether a condition behind a treatment belongs to another one ("PT, ESI if it fails")."""
    at = mention.end
    for other in passage.mentions:
        if mention.end <= other.start < cue.start:
            if not is_list(passage.text[at:other.start]):
                return True
            at = other.end
    return False


def _plan_like(passage: Passage) -> bool:
    sentence = passage.sentence
    return sentence.section in ("plan", "instructions") or bool(_PLAN_LABEL.search(sentence.label))


def _by_place(passage: Passage, mention: Mention, outcome: str | None, procedure: bool,
              retrospective: bool) -> Reading | None:
    """The status that the section, the label or the kind of note gives where no word does."""
    sentence = passage.sentence
    place = f"{sentence.label} {sentence.heading}"
    section = "treatment_history" if retrospective else sentence.section
    if outcome or mention.target.rule == "therapy.conservative_total":
        return Reading(_unsaid(passage, mention, section), sure=bool(outcome))
    if _LEAVING.search(place):
        return Reading("planned", sure=False)
    if procedure and section not in ("plan", "instructions"):
        return Reading("tried", sure=False) if mention.modality in INTERVENTIONS else None
    if _PLAN_LABEL.search(sentence.label) and not _PAST_LABEL.search(sentence.label):
        return Reading("planned", sure=False)
    if sentence.label == "rx" or (mention.modality == "weight_loss" and "lost" not in mention.target.text):
        return Reading("planned", sure=False)
    if _PAST_LABEL.search(place):
        return Reading("tried", sure=False)
    if _NOW_LABEL.search(sentence.label):
        return Reading("ongoing", sure=False)
    return Reading(_SECTION.get(section) or _unsaid(passage, mention, section), sure=False)


def _unsaid(passage: Passage, mention: Mention, section: str) -> str:
    """Tried or ongoing where nothing says so: a drug with its dose, not stopped, and a changed activity go on.

    These charts are made to ask for a basivertebral ablation: one that nothing puts in the past is that one.
    """
    behind = passage.text[mention.end:mention.end + _DOSE_REACH]
    if mention.modality == "bvn_ablation":
        past = _PAST_BEFORE.search(passage.text, max(0, mention.start - 40), mention.start) or _PAST_BEHIND.match(behind)
        return "tried" if past or section == "treatment_history" else "planned"
    if mention.modality == "activity_modification":
        if _IMPERATIVE.match(mention.target.text) and not passage.text[:mention.start].strip(" -*"):
            return "planned"
        return "ongoing" if mention.target.attributes.get("own") else "tried"
    if not _DOSE.match(behind) or section == "treatment_history":
        return "tried"
    stopped = _STOPPED.match(passage.text, mention.end)
    another = next((other for other in passage.mentions if other.start >= mention.end), None)
    own = stopped and (another is None or passage.text[stopped.end():another.start].strip())
    return "tried" if own else "ongoing"
