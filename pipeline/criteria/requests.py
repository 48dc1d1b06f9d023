"""The request list: what to ask the clinic for, patient by patient, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .chart import words
from .judge import Judgement

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#&~@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)  # the last three: no bare links


def escape(text: str) -> str:
    """Text that Markdown shows as it stands, in one line."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return _MARKDOWN.sub(r"\\\1", line)


def missing_sections(judgements: Iterable[Judgement]) -> Iterator[str]:
    """One section a patient and policy; none where nothing is missing, contradicts or fails."""
    for judgement in judgements:
        if judgement.overall.status != "met":
            yield _section(judgement)


def missing_md(judgements: Judgement | Iterable[Judgement]) -> str:
    """The sections of missing.md for one judgement or many."""
    return "".join(missing_sections([judgements] if isinstance(judgements, Judgement) else judgements))


def unjudged_md(patient_id: str, policy: str, why: str) -> str:
    """The section of a patient who could not be judged: left out, nobody would look for the chart."""
    return f"\n## {escape(patient_id)} ({escape(policy)}): {words('review')}\n\n{escape(why)}\n"


def _section(judgement: Judgement) -> str:
    lines = [
        f"\n## {escape(judgement.patient_id)} ({escape(judgement.policy.id)}): {words(judgement.overall.status)}\n",
        escape(judgement.overall.rationale),
        "",
    ]
    lines += [
        f"- **{words(request.criterion)}** ({words(request.item)}): {escape(request.sentence)}"
        for request in judgement.requests
    ]
    failed = [v for v in judgement.verdicts[:-1] if v.status == "not_met"]
    lines += [
        f"- **{words(v.criterion)}** is documented as not met, nothing to request: {escape(v.rationale)}"
        for v in failed
    ]
    if len(lines) == 3:
        lines.append("Nothing to request.")
    return "\n".join(lines) + "\n"
