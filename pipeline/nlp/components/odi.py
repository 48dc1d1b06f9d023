"""Finds odi facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Odi(FactComponent):
    """Finds odi facts."""

    kind = "odi"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("odi"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_odi", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Odi:
    """Create the component."""
    return Odi(nlp, name)
