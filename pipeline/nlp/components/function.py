"""Finds functional_impairment facts: activities that the pain of the back limits.

An activity counts where the words around it state an inability, difficulty, tolerance limit, prevention, need of help,
lost work or disturbed sleep. Provoking activities, goals and activities given up are no limits by themselves.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from ..memory import remembered
from ..quantities import lengths
from ..sentences import Sentence
from ..targets import Target
from .region import about_back, about_others, elsewhere

_SILENT = ("instructions", "education", "legend", "technique", "allergies", "family_history", "vitals")
_EXAM = re.compile(r"\b(?:heels?|toes?|tandem|gait|romberg|rom|range\s+of\s+motion|flexion|extension|strength|test(?:ing)?|degrees|squats?|"
                   r"arises?|transfers?|posture|tender\w*|palpat\w+|exam)\b")
_FORMS = ("pt", "questionnaire", "telephone")
_CLAUSE = re.compile(r"\bbut\b|\bas\s+(?:he|she|they)\b|\bbecause\b|\bsince\b|\bhowever\b|\bso\s+(?:he|she|they|that)\b|\bwhich\b|\balthough\b|\bthough\b|[()]|\s-\s")
_NEW_SUBJECT = re.compile(r"\b(?:and|,)\s+(?:he|she|they|the\s+patient|pt|i)\b|\.\s")
_LIMITS = re.compile(r"\b(?:(?:functional(?:ly)?\s+)?limit(?:s|ed|ations?)?(?:\s+(?:in|with|by))?|difficult(?:y|ies)(?:\s+with)?|trouble\s+with|unable\s+to|cannot|"
                     r"stops?\s+you\s+from(?:\s+doing)?|prevents?\s+you\s+from|functional\s+(?:impairments?|deficits?|limitations?))\s*(?:[:?]|$)")
_HABIT = re.compile(r"[^.;,]{0,24}?\b(?:(?:a|per|each|every)\s+(?:day|week|morning)|daily|\d+\s*(?:x|times)|x\s*\d|twice|without|to\s+work|commute|program)")
_STRETCH = 45
_CLOSE = 4
_FAR = re.compile(r"^[^a-z]*\d+(?:\.\d+)?\s?(?:miles?|mi|km)$")
_LIST = re.compile(r"(?:[\s,/&]|\band\b|\bor\b|\b(?:prolonged|heavy|long|to|the|his|her|in|a|up|down|for|with|any|on|at|when|while|of|extended|periods|"
                   r"through|over|from|beds?|charting|is|are|was|remains?|also|both|time)\b)*")
_UNMET = re.compile(r"\b(?:not|un|partially)\s?met\b")
_NOT = re.compile(r"\b(?:no|not|never|denies|without|any|nor)\s+(?:[\w/]+\s+){0,2}$")
_PROVOKES = re.compile(r"\b(?:brings?\s+(?:it\s+|the\s+pain\s+|this\s+)?on|sets?\s+it\s+off|aggravat\w+|provok\w+|make\w*\s+it\s+worse|worsens?|hurts?|"
                       r"increases?\s+(?:the\s+|his\s+|her\s+)?(?:pain|symptoms)|exacerbat\w+|is\s+painful|are\s+painful)\b")
_IS_HARD = re.compile(r"\b(?:is|are|has\s+become)\s+(?:\w+\s+)?(?:tough|difficult|hard|limited|impossible|beyond|a\s+(?:problem|struggle|challenge))\b")
_PAST = re.compile(r"\b(?:was|were)\s+$")


class Function(FactComponent):
    """Joins each activity with the nearest word that limits it."""

    kind = "functional_impairment"

    def find(self, note: NoteView) -> Iterator[Draft]:
        if not about_back(note):
            return
        for sentence in {target.sentence.index: target.sentence for target in note.targets("function")}.values():
            if sentence.section in _SILENT or about_others(sentence):
                continue
            targets = [t for t in sentence.targets if t.group == "function"]
            if sentence.section in ("exam", "findings") and _EXAM.search(sentence.text):
                continue
            for draft in _sentence(note, sentence, targets):
                if not elsewhere(note, sentence, draft.start, draft.end):
                    yield draft


def _sentence(note: NoteView, sentence: Sentence, targets: list[Target]) -> Iterator[Draft]:
    goal = sentence.section == "goals" or (sentence.label and re.search(r"\b(?:goals?|[ls]tgs?)\b", sentence.label))
    listed: bool | None = None
    for target in targets:
        role = target.attributes["role"]
        if role not in ("activity", "fact", "fine_fact"):
            continue
        activity = {"activity": target.attributes["activity"]}
        if role != "activity":
            assertion = "absent" if role == "fine_fact" else _own(target)
            if not goal and assertion and (assertion != "absent" or _may_deny(note, sentence)) and not _given(targets, target):
                yield Draft(sentence, target.start, target.end, target.rule, activity, assertion, target.cue)
            continue
        found = _limit(sentence, targets, target, bool(goal) and not _UNMET.search(sentence.text, 0, target.start))
        if found is None:
            if listed is None:
                listed = not goal and _listed(note, sentence)
            if listed:
                yield Draft(sentence, target.start, target.end, target.rule, activity)
            continue
        limit, assertion = found
        if assertion == "absent" and not _may_deny(note, sentence):
            continue
        if assertion == "present" and _long_ago(note, sentence, limit):
            assertion = "historical"
        yield Draft(sentence, min(limit.start, target.start), max(limit.end, target.end), target.rule, activity, assertion,
                    limit.cue if assertion != "present" else None)


def _listed(note: NoteView, sentence: Sentence) -> bool:
    """Whether the sentence is the content of a field such as "Limits:" or answers "what does your back stop you from doing?"."""
    first = note.line(sentence)[0]
    head = f"{sentence.heading.rsplit('  ', 1)[-1]}:"
    return any(_LIMITS.search(text) for text in (f"{sentence.label}:", head)) or (
        first.index < sentence.index and _LIMITS.search(first.text) is not None)


def _limit(sentence: Sentence, targets: list[Target], activity: Target, goal: bool) -> tuple[Target, str] | None:
    """What limits an activity, with the assertion: the nearest cue before it in its clause, else one behind it."""
    text = sentence.text
    if goal:
        met = next((t for t in targets if t.text.startswith("tolerates") and t.start > activity.end), None)
        return (met, "present") if met else None
    floor, ceiling = 0, len(text)
    for start, end in _clause_ends(text):
        if end <= activity.start:
            floor = end
        elif start >= activity.end:
            ceiling = start
            break
    behind = _behind(sentence, targets, activity, ceiling)
    before = [t for t in targets if floor <= t.start and t.end <= activity.start
              and t.attributes["role"] in ("limit", "rival", "fine", "tolerance")]
    for cue in reversed(before):
        role = cue.attributes["role"]
        between = text[cue.end:activity.start]
        if _NEW_SUBJECT.search(between) or len(between) > 90 or not _joined(targets, cue, activity, text):
            break
        if role == "tolerance":
            provoked = any(t.attributes["role"] == "rival" for t in before) or _PROVOKES.search(text, activity.end)
            if _LIST.fullmatch(between) and len(between) < 16 and not provoked:
                return cue, "present"
            continue
        if role == "fine" and behind and behind.attributes["role"] == "tolerance" and not cue.text.startswith("no"):
            return behind, "present"
        if role == "rival":
            close = behind is not None and behind.start - activity.end < _CLOSE and behind.attributes["role"] in ("limit", "tolerance")
            return (behind, "present") if behind and close and text[cue.end:activity.start].rstrip().endswith((",", ";")) else None
        return (cue, "absent") if role == "fine" else _asserted(cue)
    if behind is None:
        return None
    return (behind, "absent") if behind.attributes["role"] == "fine" else _asserted(behind)


@remembered
def _clause_ends(text: str) -> tuple[tuple[int, int], ...]:
    """The words and marks that part the clauses of a sentence."""
    return tuple(match.span() for match in _CLAUSE.finditer(text))


def _joined(targets: list[Target], cue: Target, activity: Target, text: str) -> bool:
    """Whether the activities between a cue and an activity are a list ("cannot sit or stand", not "cannot stand to cook")."""
    last = None
    for target in targets:
        if target.attributes["role"] == "activity" and cue.end <= target.start <= activity.start:
            if last and not re.search(r"[,/&+]|\b(?:and|or|nor)\b", text[last.end:target.start]):
                return False
            last = target
    return True


def _behind(sentence: Sentence, targets: list[Target], activity: Target, ceiling: int) -> Target | None:
    """A limit that follows its activity: "sitting 20 minutes", "bending and driving are limited"."""
    text = sentence.text
    for cue in targets:
        if cue.start < activity.end or cue.end > ceiling + 1:
            continue
        role = cue.attributes["role"]
        between = text[activity.end:cue.start]
        if role == "activity":
            if not _LIST.fullmatch(between) and not _IS_HARD.search(text, activity.end):
                return None
            continue
        if role == "rival" or len(between) > (_STRETCH if not _IS_HARD.search(text, activity.end) else 2 * _STRETCH):
            return None
        if role == "tolerance":
            free = _HABIT.match(text, cue.end) or _PROVOKES.search(text, cue.end) or _FAR.search(cue.text)
            return None if free else cue
        if role in ("limit", "fine"):
            verb = re.match(r"unable|cannot|can't|can\s?not|could|trouble|struggl|needs?|prevent|stops?|keeps?", cue.text)
            return None if verb else cue
    return None


def _asserted(cue: Target) -> tuple[Target, str] | None:
    assertion = _own(cue)
    return (cue, assertion) if assertion else None


def _own(target: Target) -> str | None:
    """The assertion of a statement: relatives who help are no family history, a "no" far off denies something else."""
    if target.assertion == "absent" and not _NOT.search(target.sentence.text, 0, target.start):
        return "present"
    return {"general": None, "hypothetical": None, "family": "present"}.get(target.assertion, target.assertion)


def _given(targets: list[Target], fact: Target) -> bool:
    """Whether a statement is only a hope or an instruction ("should stay off work")."""
    before = [t for t in targets if t.end <= fact.start and t.attributes["role"] == "rival"]
    return bool(before) and fact.start - before[-1].end < 12 and not before[-1].text.startswith(("wors", "increas", "stopped", "if"))


def _may_deny(note: NoteView, sentence: Sentence) -> bool:
    """Denials count where the pain is their subject, or in forms; a review of systems denies everything."""
    if sentence.section == "review_of_systems":
        return False
    return note.note_type in _FORMS or re.search(r"\b(?:pain|back)\b", sentence.text) is not None


def _long_ago(note: NoteView, sentence: Sentence, limit: Target) -> bool:
    """Whether the sentence tells of a time the one before it sets years back ("30 years ago ... he was unable to run")."""
    before = note.before(sentence)
    if before is None or not _PAST.search(sentence.text, 0, limit.start):
        return False
    return any(length.months >= 24 and before.text[length.end:length.end + 5].strip().startswith("ago") for length in lengths(before.text))


@Language.factory("bvn_function", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Function:
    """Create the component."""
    return Function(nlp, name)
