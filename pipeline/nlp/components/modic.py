"""Finds endplate (Modic) changes: what each sentence says, its levels, and what the rest of the note makes of it."""
from collections.abc import Iterator
from itertools import groupby

from spacy.language import Language

from ..attach import Rivals
from ..component import Draft, FactComponent, NoteView, by_sentence
from ..endplates.course import meanings
from ..endplates.finding import Finding
from ..endplates.findings import findings
from ..endplates.places import group_of, levels, rivals_of
from ..endplates.types import joined
from ..endplates.whole import settled


class Modic(FactComponent):
    """Finds endplate changes of the Modic family."""

    kind = "modic"

    def find(self, note: NoteView) -> Iterator[Draft]:
        found: list[Finding] = []
        targets = by_sentence(note.targets("modic"))
        for sentence in note.sentences:
            found += findings(note, sentence, targets.get(sentence.index, []))
        if not found:
            return
        found = meanings(note, found)
        drafts = [draft for _, items in groupby(found, key=lambda item: item.sentence.index)
                  for draft in _sentence(note, list(items))]
        yield from settled(note, drafts)


def _sentence(note: NoteView, found: list[Finding]) -> Iterator[Draft]:
    rivals = rivals_of(found[0].sentence, found)
    for item in found:
        yield from _drafts(note, item, rivals)


def _drafts(note: NoteView, item: Finding, rivals: Rivals) -> Iterator[Draft]:
    """The facts of one finding: one a type where types are listed apart, one for a mixed change."""
    group = group_of(note, item, rivals)
    if group and group.outside:
        return
    where, plates = levels(group), list(group.endplates) if group else []
    for name, at in _distribute(item, where):
        attributes = {"type": name, "basis": item.basis, "levels": at, "endplates": plates}
        hedged = item.assertion == "present" and item.relation == "choice" and name != "unspecified"
        yield Draft(item.sentence, item.start, item.end, item.rule, attributes, "possible" if hedged else item.assertion, item.cue)


def _distribute(item: Finding, where: list[str]) -> list[tuple[str, list[str]]]:
    names = item.types
    if not names:
        return [("unspecified", where)]
    if len(names) == 1:
        return [(names[0], where)]
    if len(item.sequence) == len(where) and (item.relation == "in order" or "respectively" in item.sentence.text):
        pairs = list(zip(item.sequence, where, strict=True))
        return [(name, [level for which, level in pairs if which == name]) for name in names]
    whole = joined(names)
    one_change = item.relation == "mixed" or (item.relation in ("list", "in order") and item.assertion == "present" and len(where) < 2)
    if item.assertion != "absent" and whole and one_change:
        return [(whole, where)]
    apart = [(name, where) for name in names]
    return [("unspecified", where), *apart] if item.relation == "choice" and item.assertion == "present" else apart


@Language.factory("bvn_modic", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Modic:
    """Create the component."""
    return Modic(nlp, name)
