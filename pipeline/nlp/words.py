"""A test that comes before a pattern: whether a text holds any word that the pattern cannot match without."""
from __future__ import annotations


def has(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of some words, or pieces of words, is in a text."""
    for word in words:  # noqa: SIM110  `any` takes three times as long
        if word in text:
            return True
    return False
