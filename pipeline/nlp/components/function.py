"""Finds functional_impairment facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Function(FactComponent):
    """Finds functional_impairment facts."""

    kind = "functional_impairment"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("function"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_function", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Function:
    """Create the component."""
    return Function(nlp, name)
