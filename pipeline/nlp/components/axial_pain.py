"""Finds axial_pain facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class AxialPain(FactComponent):
    """Finds axial_pain facts."""

    kind = "axial_pain"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("axial_pain"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_axial_pain", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> AxialPain:
    """Create the component."""
    return AxialPain(nlp, name)
