"""Finds alternative facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Alternative(FactComponent):
    """Finds alternative facts."""

    kind = "alternative"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("alternative"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_alternative", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Alternative:
    """Create the component."""
    return Alternative(nlp, name)
