"""Finds radicular facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class Radicular(FactComponent):
    """Finds radicular facts."""

    kind = "radicular"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("radicular"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_radicular", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Radicular:
    """Create the component."""
    return Radicular(nlp, name)
