"""The notes a benchmark runs on: the annotated samples and any folder given, as plain texts."""
from __future__ import annotations

from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "annotated_samples" / "notes"


def texts(folders: list[Path]) -> list[str]:
    """The texts of all .txt files below the folders, in a fixed order."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.txt"))
    return [path.read_bytes().decode("utf-8", "replace") for path in paths]


def note_of(size: int, parts: list[str]) -> str:
    """One note of about `size` characters, made of the texts again and again."""
    whole = "\n\n".join(parts)
    return (whole + "\n\n") * (size // len(whole)) + whole[:size % len(whole)]
