"""Finds code facts: ICD-10-CM, CPT and HCPCS codes as written."""
import re
from collections.abc import Iterator

from spacy.language import Language

from ..component import Draft, FactComponent, NoteView

_CODE = re.compile(r"(?<![\w.])(?:[a-z]\d[0-9ab](?:\.[0-9a-z]{1,4}|[0-9a-z]{0,4})|\d{4}[0-9tfu](?:-[0-9a-z]{2})?)(?:(?=x\d)|(?!\w))")


class Code(FactComponent):
    """A code is stated or not: only text that is not about the patient (legends, payer criteria) gives none."""

    kind = "code"

    def find(self, note: NoteView) -> Iterator[Draft]:
        for target in note.targets("code"):
            if target.assertion == "general":
                continue
            for match in _CODE.finditer(target.sentence.text, target.start, target.end):
                attributes = {"system": target.attributes["system"], "code": match.group().upper()}
                yield Draft(target.sentence, match.start(), match.end(), target.rule, attributes)


@Language.factory("bvn_code", requires=["doc.spans"], assigns=["doc.spans"])
def create(nlp: Language, name: str) -> Code:
    """Create the component."""
    return Code(nlp, name)
