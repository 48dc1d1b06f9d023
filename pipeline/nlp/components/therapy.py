"""Finds therapy facts: every treatment of the back with its status, how it worked, how long and how often.

`lexicons/therapy.yml` names the treatments; `therapy_scope` tells whether one was for the back, `therapy_status` whether
it was tried, goes on, is planned, was declined or ruled out, `therapy_outcome` how it worked, `therapy_course` its length.
All statements of one treatment and status make one fact; tried and ongoing make one ongoing fact (annotation guide,
kind 5). Family members' treatments, operations of the past (see `alternative`) and what a procedure used are none.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spacy.language import Language

from ...schema import Cue
from ..component import Draft, FactComponent, NoteView
from ..matcher import Hit
from ..quantities import dates
from . import therapy_outcome, therapy_status
from .therapy_course import course, episode_weeks, leading_weeks, since_named, span_weeks
from .therapy_passage import Cues, Mention, Passage, passages
from .therapy_scope import Scope
from .therapy_status import INTERVENTIONS, USED
from .therapy_terms import counts

_SILENT = frozenset({"family_history", "allergies", "legend", "education"})
_QUIET = frozenset({"review_of_systems", "exam", "vitals", "technique", "comparison"})  # only what a cue makes a treatment
_PT_NOTE = re.compile(r"\s*[^\n.]{0,50}?(?:physical\s+therapy|physiotherapy|\bpt|rehab\w*)\b[^\n.]{0,20}?\b(?:progress|discharge|eval\w*|daily|notes?|initial|re-?eval\w*|letter|summary|report)\b[^\n.]{0,40}\n", re.I)
_TESTED = frozenset({"epidural_steroid_injection", "facet_injection", "si_injection", "trigger_point_injection"})
_NO_RESULT = re.compile(r"indication|instruct|plan|discharge")
_GOAL = re.compile(r"^(?!.*\bmet\b).*(?:\bgoals?\b|\b[sl]tg|\bindependent|\bin\s+\d+\s+(?:weeks|wks)|\bwill\b|\bto\s+\d)|^\s*\d")
_PROCEDURE = re.compile(r"\b(?:procedures?|operations?)(?:\s+(?:performed|in\s+detail))?$")
_CONSERVATIVE_LENGTH = re.compile(r"\b(?:over|across|during)\s+(?:the\s+(?:past|last)\s+)?(?:about\s+)?(?:\d+|[a-z]+)\s+(?:months?|weeks?|years?)\b")


@dataclass(slots=True)
class Statement:
    """One treatment as one passage tells of it."""
    passage: Passage
    mention: Mention
    status: str
    assertion: str = "present"
    outcome: str | None = None
    weeks: float | None = None
    sessions: int | None = None
    cue: Hit | None = None
    sure: bool = True

    @property
    def used(self) -> bool:
        return self.status in USED and self.assertion == "present"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.mention.modality, "used" if self.used else self.status, self.assertion


class Therapy(FactComponent):
    """Finds therapy facts."""

    kind = "therapy"

    def __init__(self, nlp: Language, name: str, lexicons: str | None = None) -> None:
        super().__init__(nlp, name)
        self.statuses = Cues("therapy_status", lexicons)
        self.outcomes = Cues("therapy_outcome", lexicons)
        self.scopes = Cues("therapy_scope", lexicons)

    def find(self, note: NoteView) -> Iterator[Draft]:
        if next(note.targets("therapy"), None) is None:
            return
        statements = self._statements(note)
        for group in _merge(statements):
            yield _draft(group)

    def _statements(self, note: NoteView) -> list[Statement]:
        scope = Scope(note, self.scopes)
        pt_note = note.note_type == "pt" or bool(_PT_NOTE.match(note.text[:200]))
        procedure = note.note_type == "procedure" or any(_PROCEDURE.search(s.label) for s in note.sentences)
        retrospective = _retrospective(note)
        found: list[Statement] = []
        last: list[Statement] = []
        for passage in passages(note):
            text, section = passage.text, passage.sentence.section
            passage.mentions = [m for m in passage.mentions if counts(passage, m, pt_note, note)
                                and m.target.assertion not in ("family", "general") and scope.is_back(passage, m)]
            if not passage.mentions:
                if last and _near(passage, last[0].passage):
                    self._pass_on(passage, last, found)
                continue
            if section in _SILENT or (section == "goals" and _GOAL.search(text)):
                continue
            new = self._read(passage, note, procedure, pt_note, passage.sentence.index in retrospective)
            if new:
                found += new
                last = new
                if re.search(r"\b(?:of\s+(?:all\s+)?(?:this|it|these|that)|all\s+(?:of\s+)?this|all\s+told|in\s+all|overall|in\s+total|altogether)\b", passage.text) and len(new) == 1:
                    _share(new[0], found)
        if pt_note:
            self._episode(note, found)
        if procedure:
            self._result(note, found)
        if procedure:
            done = {s.mention.modality for s in found if s.used and s.mention.modality in INTERVENTIONS}
            return [s for s in found if s.mention.modality not in done or s.used or s.passage.sentence.section == "plan"]
        return [s for s in found if not (s.mention.modality == "surgery" and s.used)]

    def _read(self, passage: Passage, note: NoteView, procedure: bool, pt_note: bool, retrospective: bool) -> list[Statement]:
        """The statements of one passage."""
        cues = self.statuses.find(passage.text)
        outcomes = self.outcomes.find(passage.text)
        told = therapy_outcome.in_passage(passage, outcomes)
        taken = [(hit.start, hit.end) for hit in outcomes]
        cues = [cue for cue in cues if cue.rule.metadata["status"] in ("planned", *USED)
                or not any(start <= cue.start and cue.end <= end for start, end in taken)]
        statements = []
        for number, mention in enumerate(passage.mentions):
            reading = therapy_status.read(passage, number, cues, told.get(number), procedure, retrospective)
            if not reading or (not reading.sure and passage.sentence.section in _QUIET and not pt_note) or (procedure and mention.modality == "heat_ice"):
                continue
            if reading.status == "planned" and (_is_entry_of_past(passage, note) or (pt_note and passage.sentence.label == "rx")):
                reading.status = "tried"
            statement = Statement(passage, mention, reading.status, reading.assertion, cue=reading.cue, sure=reading.sure)
            if mention.target.attributes.get("need") == "injection" and reading.status in ("not_tried", "declined"):
                mention.target.attributes["modality"] = "epidural_steroid_injection"
            if statement.used:
                statement.outcome = told.get(number)
            if statement.used or statement.status == "planned":
                _measure(statement, number, taken, note.note_date)
            statements.append(statement)
        named = [s for s in statements if s.mention.target.rule != "therapy.conservative" or s.weeks]
        return (named or statements) + _summary(passage, named, taken)

    def _pass_on(self, passage: Passage, last: list[Statement], found: list[Statement]) -> None:
        """Give the outcome that a sentence without treatments tells to the treatments named before it."""
        told = therapy_outcome.following(passage, self.outcomes.find(passage.text))
        if told is None:
            return
        outcome, everything = told
        line = last[0].passage.sentence.line
        for statement in [s for s in found if s.passage.sentence.line == line] if everything else last:
            if statement.used and statement.outcome is None:
                statement.outcome = outcome

    def _episode(self, note: NoteView, found: list[Statement]) -> None:
        """Give a therapist's own treatment the outcome and the length that the whole note tells."""
        own = [s for s in found if s.mention.modality == "physical_therapy" and s.used]
        if not own:
            return
        told = [hit.rule.metadata["outcome"] for s in note.sentences if s.section not in ("goals", "family_history")
                or "met" in s.text for hit in self.outcomes.find(s.text)]
        outcome = next((o for o in ("partial", "failed", "effective") if o in told), None)
        weeks = episode_weeks(" ".join(s.text for s in note.sentences), note.note_date)
        for statement in own:
            statement.outcome = statement.outcome or outcome
            statement.weeks = statement.weeks or weeks

    def _result(self, note: NoteView, found: list[Statement]) -> None:
        """Give the procedure that a note reports the result it tells further down."""
        own = [s for s in found if s.mention.modality in _TESTED and s.status == "tried" and s.outcome is None]
        told = [hit.rule.metadata["outcome"] for s in note.sentences if own and s.index > own[0].passage.sentence.index
                and not _NO_RESULT.search(s.label) and not any(t.group == "therapy" for t in s.targets)
                for hit in self.outcomes.find(s.text) if not hit.rule.metadata.get("loose") and hit.end - hit.start > 6]
        for statement in own:
            statement.outcome = told[0] if told else None


def _retrospective(note: NoteView) -> set[int]:
    """The sentences under a heading "Treatment" that tells what was done: one that stands before the exam or the plan."""
    under: set[int] = set()
    run: list[int] = []
    for sentence in note.sentences:
        if sentence.section == "plan" and re.match(r"\W*treatments?\s*(?::|$|-)", sentence.text):
            run = [sentence.index]
        elif run and sentence.section == "plan" and not re.match(r"\W*(?:plan|p|recommendations?)\s*:", sentence.text):
            run.append(sentence.index)
        elif run:
            under.update(run)
            run = []
    if run and not any(sentence.section in ("exam", "assessment") for sentence in note.sentences):
        under.update(run)
    return under


def _is_entry_of_past(passage: Passage, note: NoteView) -> bool:
    """Whether a line is a dated entry of an earlier day, copied into the note ("14/06/2022 - Refer physio")."""
    first = note.line(passage.sentence)[0].text
    found = dates(first[:14])
    return bool(found and found[0].start < 3 and found[0].day and note.note_date and (found[0].months_to(note.note_date) or 0) >= 1)


def _share(summary: Statement, found: list[Statement]) -> None:
    """Give the outcome of "ten months of this" to the treatments of its paragraph."""
    line = summary.passage.sentence.line
    for statement in found:
        if statement.used and statement.passage.sentence.line == line:
            statement.outcome = statement.outcome or summary.outcome
            if statement.weeks is None and "all" in summary.mention.target.text.split():
                statement.weeks = summary.weeks


def _near(passage: Passage, last: Passage) -> bool:
    """Whether a passage may speak of the treatments of the one before it."""
    sentence, before = passage.sentence, last.sentences[-1]
    labelled = re.match(r"outcome|response|result|relief|effect|benefit|helped|total", sentence.label)
    return (sentence.line == before.line and sentence.index - before.index <= 2) or (
        bool(labelled) and sentence.index - before.index <= 3)


def _measure(statement: Statement, number: int, taken: list[tuple[int, int]], note_date: str | None) -> None:
    """Set weeks and sessions from the words around a treatment, up to the treatments beside it."""
    passage, mention = statement.passage, statement.mention
    mentions = passage.mentions
    start = mentions[number - 1].end if number else 0
    end = mentions[number + 1].start if number + 1 < len(mentions) else len(passage.text)
    shifted = [(a - mention.start, b - mention.start) for a, b in taken]
    found = course(passage.text[mention.start:end], shifted, note_date)
    statement.weeks, statement.sessions = found.weeks, found.sessions
    lead = passage.text[start:mention.start]
    shifted = [(a - start, b - start) for a, b in taken]
    leading = leading_weeks(lead, shifted)
    if leading is not None:
        again = re.search(r"\banother\b|\band\s+again\b", passage.text[mention.end:end])
        statement.weeks = round(leading + statement.weeks, 1) if again and statement.weeks else leading
    elif statement.weeks is None and re.match(r"\s*(?:since|from|between)\b", lead):
        statement.weeks = course(lead, shifted, note_date).weeks
    if statement.weeks is None and statement.used:
        if len(mentions) == 1:
            statement.weeks = span_weeks(passage.text, note_date)
        if mention.modality == "activity_modification":
            statement.weeks = statement.weeks or since_named(passage.text[mention.start:end], note_date)
    if statement.sessions is None:
        statement.sessions = course(re.split(r"[,;)]", lead)[-1][-40:] + passage.text[mention.start:mention.end], [], None).sessions


def _summary(passage: Passage, statements: list[Statement], taken: list[tuple[int, int]]) -> list[Statement]:
    """A list of three or more treatments with one length over all is a summary of conservative care."""
    used = [s for s in statements if s.used]
    if len({s.mention.modality for s in used}) < 3 or any(s.mention.modality == "conservative_unspecified" for s in used):
        return []
    last = used[-1]
    match = _CONSERVATIVE_LENGTH.search(passage.text, last.mention.end)
    if match is None or last.weeks is None or any(a < match.end() and match.start() < b for a, b in taken):
        return []
    target = last.mention.target
    attributes = {**target.attributes, "modality": "conservative_unspecified"}
    whole = Mention(type(target)(target.sentence, target.start, target.end, target.group, "therapy.summary", attributes,
                                 target.span), match.start(), match.end())
    summary = Statement(passage, whole, "tried", "present", last.outcome, last.weeks)
    last.weeks = None
    return [summary]


def _merge(statements: list[Statement]) -> Iterator[list[Statement]]:
    """The statements that make one fact each; a drug in use that a plan only names again is no new plan."""
    groups: dict[tuple[str, str, str], list[Statement]] = {}
    for statement in statements:
        groups.setdefault(statement.key, []).append(statement)
    for (modality, status, assertion), group in list(groups.items()):
        used = groups.get((modality, "used", "present"), [])
        if status == "planned" and assertion == "present" and used:
            names = {s.mention.target.text for s in used}
            group[:] = [s for s in group if s.sure or (s.mention.target.text not in names and modality not in ("home_exercise",))]
    yield from (group for group in groups.values() if group)


def _draft(group: list[Statement]) -> Draft:
    first = group[0]
    outcomes = [s.outcome for s in group if s.outcome]
    attributes: dict[str, Any] = {
        "modality": first.mention.modality,
        "status": "ongoing" if any(s.used and s.status == "ongoing" for s in group) else first.status,
        "outcome": outcomes[0] if outcomes else "unknown",
        "duration_weeks": max((s.weeks for s in group if s.weeks), default=None),
        "sessions": max((s.sessions for s in group if s.sessions), default=None)}
    passage, mention = first.passage, first.mention
    cue = None
    if first.cue is not None:
        start, end = passage.source(first.cue.start), passage.source(first.cue.end)
        cue = Cue(start, end, passage.text[first.cue.start:first.cue.end], first.cue.rule.literal)
    return Draft(mention.target.sentence, passage.source(mention.start), passage.source(mention.end), mention.target.rule,
                 attributes, first.assertion, cue, absolute=True)


@Language.factory("bvn_therapy", requires=["doc.spans"], assigns=["doc.spans"], default_config={"lexicons": None})
def create(nlp: Language, name: str, lexicons: str | None) -> Therapy:
    """Create the component with the words of the therapy lexicons (`lexicons`: another folder of them)."""
    return Therapy(nlp, name, lexicons)
