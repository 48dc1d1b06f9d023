"""Finds therapy facts: every treatment of the back with its status, how it worked, how long and how often.

`lexicons/therapy.yml` names the treatments; `therapy_terms` and `therapy_scope` tell whether a term counts and whether it
was for the back, `therapy_status` whether it was tried, goes on, is planned, was declined or ruled out, `therapy_outcome`
how it worked, `therapy_course` its length, `therapy_note` what the kind of note adds, `therapy_statement` makes the facts.
All statements of one treatment and status make one fact; tried and ongoing make one ongoing fact (annotation guide,
kind 5). Family members' treatments, operations of the past (see `alternative`) and what a procedure used are none.
"""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView
from . import therapy_outcome, therapy_status
from .therapy_course import weeks_told
from .therapy_note import NoteKind
from .therapy_passage import Cues, Passage, passages
from .therapy_scope import Parts, Scope
from .therapy_statement import Statement, draft, measure, merge, of_records, summary
from .therapy_status import INTERVENTIONS, USED
from .therapy_terms import counts

_SILENT = frozenset({"family_history", "allergies", "legend", "education"})
_QUIET = frozenset({"review_of_systems", "exam", "vitals", "technique", "comparison"})  # only what a cue makes a treatment
_INJECTIONS = frozenset({"epidural_steroid_injection", "facet_injection", "si_injection", "trigger_point_injection"})
_KEPT = ("planned", *USED)  # said of a treatment though they stand in the words of an outcome
_GOAL = re.compile(r"^(?!.*\bmet\b).*(?:\bgoals?\b|\b[sl]tg|\bindependent|\bin\s+\d+\s+(?:weeks|wks)|\bwill\b|\bto\s+\d)|^\s*\d")
_SUMS_UP = re.compile(r"\b(?:of\s+(?:all\s+)?(?:this|it|these|that)|all\s+(?:of\s+)?this|all\s+told|in\s+all|overall|in\s+total|altogether)\b")


class Therapy(FactComponent):
    """Finds therapy facts."""

    kind = "therapy"

    def __init__(self, nlp: Language, name: str, lexicons: str | None = None) -> None:
        super().__init__(nlp, name)
        self.statuses = Cues("therapy_status", lexicons)
        self.outcomes = Cues("therapy_outcome", lexicons)
        self.parts = Parts(lexicons)

    def find(self, note: NoteView) -> Iterator[Draft]:
        if next(note.targets("therapy"), None) is None and next(note.targets("therapy_visits"), None) is None:
            return
        for group in merge(self._statements(note)):
            yield draft(group)

    def _statements(self, note: NoteView) -> list[Statement]:
        scope, kind = Scope(note, self.parts), NoteKind(note)
        found: list[Statement] = []
        last: list[Statement] = []
        over: str | None = None
        for passage in passages(note):
            if passage.mentions:
                passage.mentions = [m for m in passage.mentions if counts(passage, m, kind.own, note)
                                    and m.target.assertion not in ("family", "general") and scope.is_back(passage, m)]
            if not passage.mentions:
                over = None
                if last and passage.sentence.label.startswith(("duration", "length", "total")):
                    _add_length(passage, last[-1], note.note_date)
                if last and _near(passage, last[0].passage):
                    self._pass_on(passage, last, found)
            elif not _is_silent(passage):
                new = self._read(passage, note, kind)
                _name_injection(new, found)
                found += new
                last = new or last
                over = _inherit(new, over)
                if len(new) == 1 and _SUMS_UP.search(passage.text):
                    _share(new[0], found)
        kind.complete(found, self.outcomes)
        return _reported(found, kind)

    def _read(self, passage: Passage, note: NoteView, kind: NoteKind) -> list[Statement]:
        """The statements of one passage."""
        outcomes = self.outcomes.find(passage.text)
        told = therapy_outcome.in_passage(passage, outcomes)
        taken = tuple([(hit.start, hit.end) for hit in outcomes])
        cues = self.statuses.find(passage.text)
        if cues and taken:
            cues = tuple([cue for cue in cues if cue.rule.metadata["status"] in _KEPT
                          or not any(start <= cue.start and cue.end <= end for start, end in taken)])
        records = [cue for cue in cues if cue.rule.metadata["status"] == "unsaid"]
        statements = []
        for number, mention in enumerate(passage.mentions):
            reading = therapy_status.read(passage, number, cues, told.get(number), kind.procedure,
                                          kind.is_past(passage))
            if reading is None or (not reading.sure and not kind.own and passage.sentence.section in _QUIET):
                continue
            if reading.status == "planned" and kind.was_planned(passage):
                reading.status = "tried"
            statement = Statement(passage, mention, reading.status, reading.assertion, cue=reading.cue, sure=reading.sure)
            if mention.target.attributes.get("need") == "injection" and reading.status in ("not_tried", "declined"):
                mention.target.attributes = mention.target.attributes | {"modality": "epidural_steroid_injection"}
            if statement.used:
                statement.outcome = told.get(number)
            if statement.used or statement.status == "planned":
                measure(statement, number, taken, note.note_date)
            if not (records and of_records(statement, records)):
                statements.append(statement)
        procedures = {s.mention.modality for s in statements if s.mention.target.rule != "therapy.injection_unnamed"} & _INJECTIONS
        named = [s for s in statements if not (s.mention.target.rule == "therapy.conservative" and not s.weeks)
                 and not (procedures and s.mention.target.rule == "therapy.injection_unnamed")]
        return (named or statements) + summary(passage, named, taken)

    def _pass_on(self, passage: Passage, last: list[Statement], found: list[Statement]) -> None:
        """Give the outcome that a sentence without treatments tells to the treatments named before it."""
        planned = [statement for statement in last if statement.status == "planned"]
        cues = self.statuses.find(passage.text)[:1] if planned else ()
        for statement in planned if cues and cues[0].rule.metadata["status"] == "declined" and cues[0].start < 40 else []:
            statement.status, statement.cue = "declined", None
        told = therapy_outcome.following(passage, self.outcomes.find(passage.text))
        if told is None:
            return
        outcome, everything = told
        line = last[0].passage.sentence.line
        for statement in [s for s in found if s.passage.sentence.line == line] if everything else last:
            if statement.used and statement.outcome is None:
                statement.outcome = outcome


def _is_silent(passage: Passage) -> bool:
    """Whether a passage tells nothing of this patient's treatment: family, allergies, education, unmet goals."""
    section = passage.sentence.section
    return section in _SILENT or (section == "goals" and _GOAL.search(passage.text) is not None)


def _name_injection(new: list[Statement], found: list[Statement]) -> None:
    """Give "a second injection" the name of the injection told of just before."""
    named = [s for s in found[-4:] if s.mention.modality in _INJECTIONS]
    for statement in new if named else []:
        target, apart = statement.mention.target, statement.passage.sentence.index - named[-1].passage.sentence.index
        if target.rule == "therapy.injection_unnamed" and statement.mention.modality not in _INJECTIONS and apart <= 4:
            target.attributes = target.attributes | {"modality": named[-1].mention.modality}


def _inherit(new: list[Statement], over: str | None) -> str | None:
    """Give the items of a list the outcome of its heading ("Nine months of care without relief:"); the outcome for the next."""
    for statement in new:
        if statement.used and statement.outcome is None:
            statement.outcome = over
    heading = [s for s in new if s.outcome and s.passage.text.rstrip().endswith(":")]
    return heading[0].outcome if heading else over


def _add_length(passage: Passage, last: Statement, note_date: str | None) -> None:
    """Give conservative care the length that a line of its own tells ("Duration: 14 months")."""
    if last.used and last.mention.modality == "conservative_unspecified" and last.weeks is None:
        last.weeks = weeks_told(passage.text, (), note_date)


def _reported(found: list[Statement], kind: NoteKind) -> list[Statement]:
    """The statements without operations of the past, without what a procedure used, and each procedure done only once."""
    if not kind.procedure:
        return [s for s in found if not (s.mention.modality == "surgery" and s.used)]
    done = {s.mention.modality for s in found if s.used and s.mention.modality in INTERVENTIONS}
    return [s for s in found if s.mention.modality != "heat_ice"
            and (s.mention.modality not in done or s.used or s.passage.sentence.section == "plan")]


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
    apart = sentence.index - before.index
    return apart <= 3 and ((apart <= 2 and sentence.line == before.line) or sentence.label.startswith(
        ("outcome", "response", "result", "relief", "effect", "benefit", "helped", "total")))


@Language.factory("bvn_therapy", requires=["doc.spans"], assigns=["doc.spans"], default_config={"lexicons": None})
def create(nlp: Language, name: str, lexicons: str | None) -> Therapy:
    """Create the component with the words of the therapy lexicons (`lexicons`: another folder of them)."""
    return Therapy(nlp, name, lexicons)
