"""Finds symptom_duration facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Duration(FactComponent):
    """Finds symptom_duration facts."""

    kind = "symptom_duration"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("duration"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_duration", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Duration:
    """Create the component."""
    return Duration(nlp, name)
