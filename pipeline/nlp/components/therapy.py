"""Finds therapy facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Therapy(FactComponent):
    """Finds therapy facts."""

    kind = "therapy"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("therapy"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_therapy", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Therapy:
    """Create the component."""
    return Therapy(nlp, name)
