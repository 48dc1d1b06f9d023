"""Finds code facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Code(FactComponent):
    """Finds code facts."""

    kind = "code"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("code"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_code", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Code:
    """Create the component."""
    return Code(nlp, name)
