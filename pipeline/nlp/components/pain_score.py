"""Finds pain_score facts."""
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView


class PainScore(FactComponent):
    """Finds pain_score facts."""

    kind = "pain_score"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("pain_score"):
            yield Draft.of(target, dict(target.attributes))


@Language.factory("bvn_pain_score", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> PainScore:
    """Create the component."""
    return PainScore(nlp, name)
