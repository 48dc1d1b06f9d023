"""What the kind of note means for its treatments: a therapist's own note, a procedure note, what was done before.

A therapist's note and a procedure note report a treatment of their own, whose outcome and length stand anywhere in the
note. A heading "Treatment" before the exam tells of the past, and so does a dated entry copied from an earlier day.
"""
from __future__ import annotations

import re

from ..component import NoteView
from ..quantities import dates
from .therapy_course import episode_weeks, weeks_since_start
from .therapy_passage import Cues, Passage
from .therapy_statement import Statement
from .therapy_status import INTERVENTIONS

_THERAPIST = re.compile(r"\s*[^\n.]{0,50}?(?:(physical\s+therapy|physiotherapy|\bpt|rehab\w*)|(chiropract\w+))\b[^\n.]{0,20}?\b(?:progress|discharge|eval\w*|"
                        r"daily|notes?|initial|re-?eval\w*|letter|summary|report|soap|visit)\b[^\n.]{0,40}\n", re.I)
_PROCEDURE = re.compile(r"\b(?:procedures?|operations?)(?:\s+(?:performed|in\s+detail))?$")
_TESTED = frozenset({"epidural_steroid_injection", "facet_injection", "si_injection", "trigger_point_injection"})
_NO_RESULT = re.compile(r"indication|instruct|plan|discharge")


class NoteKind:
    """What kind of note it is: `own`, the treatment a therapist's note reports (or None); `procedure`; what is past."""

    def __init__(self, note: NoteView) -> None:
        self.note = note
        title = _THERAPIST.match(note.text[:200])
        self.own: str | None = None
        if title or note.note_type == "pt":
            self.own = "chiropractic" if title and title[2] else "physical_therapy"
        reported = any(s.label and _PROCEDURE.search(s.label) and _names_intervention(note, s.index) for s in note.sentences)
        self.procedure = note.note_type == "procedure" or (note.note_type != "radiology" and reported)
        self._under_treatment = _under_treatment(note)

    def is_past(self, passage: Passage) -> bool:
        """Whether the passage stands under a heading that tells what was done."""
        return passage.sentence.index in self._under_treatment

    def was_planned(self, passage: Passage) -> bool:
        """Whether what a passage plans was done since: a therapist's "Rx:", an entry of an earlier day ("14/06/2022 - Refer physio")."""
        if self.own and passage.sentence.label == "rx":
            return True
        date = self.note.note_date
        found = dates(self.note.line(passage.sentence)[0].text[:14]) if date else ()
        return bool(date and found and found[0].start < 3 and found[0].day and (found[0].months_to(date) or 0) >= 1)

    def complete(self, found: list[Statement], outcomes: Cues) -> None:
        """Give the note's own treatment the outcome and the length that the whole note tells."""
        if self.own:
            self._episode([s for s in found if s.mention.modality == self.own and s.used], outcomes)
        if self.procedure:
            self._result([s for s in found if s.mention.modality in _TESTED and s.status == "tried" and s.outcome is None], outcomes)

    def _episode(self, own: list[Statement], outcomes: Cues) -> None:
        if not own:
            return
        told = [hit.rule.metadata["outcome"] for s in self.note.sentences if s.section not in ("goals", "family_history")
                or "met" in s.text for hit in outcomes.find(s.text)]
        outcome = next((o for o in ("partial", "failed", "effective") if o in told), None)
        text = " ".join(s.text for s in self.note.sentences)
        weeks = episode_weeks(text, self.note.note_date) or weeks_since_start(text)
        for statement in own:
            statement.outcome = statement.outcome or outcome
            statement.weeks = statement.weeks or weeks

    def _result(self, own: list[Statement], outcomes: Cues) -> None:
        told = [hit.rule.metadata["outcome"] for s in self.note.sentences if own and s.index > own[0].passage.sentence.index
                and not _NO_RESULT.search(s.label) and not any(t.group == "therapy" for t in s.targets)
                for hit in outcomes.find(s.text) if not hit.rule.metadata.get("loose") and hit.end - hit.start > 6]
        for statement in own:
            statement.outcome = told[0] if told else None


def _names_intervention(note: NoteView, index: int) -> bool:
    """Whether an injection or operation is named at a heading "Procedure" or in the lines below it."""
    return any(target.attributes.get("modality") in INTERVENTIONS for sentence in note.sentences[index:index + 4]
               for target in sentence.targets if target.group == "therapy")


def _under_treatment(note: NoteView) -> set[int]:
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
