"""How facts are shown to people, the same in the terminal, the report and the notebooks: words, signs, line styles."""

from __future__ import annotations

import functools
from typing import Any

from .criteria.chart import WORDS, words
from .schema import Fact

KIND_WORDS = {
    "modic": "Modic change",
    "symptom_duration": "Duration",
    "radicular": "Leg sign",
    "axial_pain": "Pain pattern",
    "therapy": "Therapy",
    "odi": "ODI",
    "pain_score": "Pain score",
    "functional_impairment": "Function",
    "alternative": "Other finding",
    "code": "Code",
}
KIND_COLORS = {  # backgrounds that black words can be read on, where a tool of others draws the facts
    "modic": "#e3a8d6",
    "symptom_duration": "#8fd3dc",
    "radicular": "#f4a999",
    "axial_pain": "#f3c583",
    "therapy": "#a8d8a0",
    "odi": "#e8d76b",
    "pain_score": "#ddc48a",
    "functional_impairment": "#a9b9f0",
    "alternative": "#93c6ea",
    "code": "#c3ccd4",
}
ASSERTION_SIGNS = {
    "present": "+",
    "absent": "-",
    "possible": "?",
    "historical": "past",
    "hypothetical": "if",
    "family": "family",
}
STATUS_WORDS = {
    "met": "Met",
    "not_met": "Not met",
    "missing": "Missing",
    "incomplete": "Incomplete",
    "review": "Review",
    "excluded": "Excluded",
    "unverified": "Not verified",
}
DISCLAIMER = (
    "This report states what the notes document, with the words they use. It does not say whether a patient should or "
    "should not be treated, and it is no substitute for reading the chart."
)
_TITLES = {"odi": "ODI", "mri report": "MRI report", "heat ice": "Heat or ice", "pt": "Physical therapy"}


def displacy_colors() -> dict[str, str]:
    """The colours in which displaCy draws our kinds (entry point `spacy_displacy_colors`)."""
    return {kind.upper(): color for kind, color in KIND_COLORS.items()}


@functools.lru_cache(1024)
def title(code: str) -> str:
    """A code of the schema or of a policy as a heading: `conservative_care` is "Conservative care"."""
    name = words(code)
    return _TITLES.get(name, name[:1].upper() + name[1:])


def unusual_titles() -> dict[str, str]:
    """Codes whose title is more than the code itself, for scripts that show codes."""
    return {code: title(code) for code in sorted({*WORDS, *(name.replace(" ", "_") for name in _TITLES)})}


def told(fact: Fact) -> str:
    """What a fact says, in a few words with its values: "Modic type 1 · L4-L5"."""
    values = fact.attributes
    parts = _HEADS[fact.kind](values) if fact.kind in _HEADS else [words(fact.kind)]
    return " · ".join(part for part in parts if part)


def _modic(values: dict[str, Any]) -> list[str]:
    kind = values.get("type")
    named = values.get("basis") == "named"
    head = "Modic change" if named else "Endplate change"
    head = head if kind in (None, "unspecified") else f"Modic type {kind}" + ("" if named else " (described)")
    return [head, *_places(values, "levels", "endplates")]


def _duration(values: dict[str, Any]) -> list[str]:
    months = values.get("months")
    qualifier = values.get("qualifier")
    amount = "length not stated" if months is None else f"{months:g} months"
    return [f"{words(qualifier)} {amount}" if qualifier not in (None, "exact") else amount]


def _therapy(values: dict[str, Any]) -> list[str]:
    outcome = values.get("outcome")
    return [
        title(str(values.get("modality"))),
        words(values.get("status") or ""),
        "" if outcome in (None, "unknown") else f"outcome {words(outcome)}",
        _amount(values.get("duration_weeks"), "weeks"),
        _amount(values.get("sessions"), "sessions"),
    ]


def _score(name: str, values: dict[str, Any], unit: str) -> list[str]:
    score = values.get("score")
    return [
        f"{name} {score:g}{unit}"
        if isinstance(score, (int, float))
        else f"{name} {words(values.get('category') or '')}"
    ]


def _alternative(values: dict[str, Any]) -> list[str]:
    return [
        title(str(values.get("diagnosis"))),
        words(values.get("severity") or ""),
        words(values.get("side") or ""),
        *_places(values, "levels", "vertebrae"),
        "named as the source of pain" if values.get("primary") is True else "",
    ]


def _places(values: dict[str, Any], *names: str) -> list[str]:
    return [", ".join(map(str, values.get(name) or ())) for name in names]


def _amount(value: Any, unit: str) -> str:
    return f"{value:g} {unit}" if isinstance(value, (int, float)) else ""


_HEADS: dict[str, Any] = {
    "modic": _modic,
    "symptom_duration": _duration,
    "radicular": lambda v: [title(str(v.get("finding"))), words(v.get("side") or "")],
    "axial_pain": lambda v: [title(str(v.get("predominance")))],
    "therapy": _therapy,
    "odi": lambda v: _score("ODI", v, " %"),
    "pain_score": lambda v: _score("Pain", v, f"/{v.get('max') or 10}"),
    "functional_impairment": lambda v: [title(str(v.get("activity")))],
    "alternative": _alternative,
    "code": lambda v: [f"{v.get('system') or ''} {v.get('code') or ''}".strip()],
}
