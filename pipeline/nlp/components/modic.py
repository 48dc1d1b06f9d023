"""Finds modic facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Modic(FactComponent):
    """Finds modic facts."""

    kind = "modic"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("modic"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_modic", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Modic:
    """Create the component."""
    return Modic(nlp, name)
