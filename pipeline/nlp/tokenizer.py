"""The tokenizer: medspaCy's, and a sign in front of a word ("-numbness") is a token of its own, since it is a cue.

Registered as `bvn_tokenizer.v1`, so that a pipeline made from our config, or loaded from disk, splits words as we do.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from spacy.language import Language, create_tokenizer
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
from spacy.util import registry

from .medspacy_parts import create_medspacy_tokenizer

NAME = "bvn_tokenizer.v1"


@registry.tokenizers(NAME)
def create() -> Callable[[Language], Tokenizer]:
    """What makes the tokenizer of a Language."""
    return _tokenizer


def _tokenizer(nlp: Language) -> Tokenizer:
    nlp.tokenizer = create_tokenizer()(nlp)  # medspaCy starts from the tokenizer that is there
    tokenizer = create_medspacy_tokenizer(nlp)
    prefixes = tokenizer.prefix_search.__self__.pattern
    tokenizer.prefix_search = re.compile(prefixes + r"|^[-+](?=[a-z])").search
    return tokenizer
