"""Which documentation criteria of a coverage policy a patient's facts meet, with reasons and requests. Facts only."""

from __future__ import annotations

from .judge import Judgement, Request, judge, with_verdicts
from .policy import Policy
from .requests import missing_md, missing_sections, unjudged_md
from .store import check_policy, list_policies, load_policy

__all__ = [
    "Judgement",
    "Policy",
    "Request",
    "check_policy",
    "judge",
    "list_policies",
    "load_policy",
    "missing_md",
    "missing_sections",
    "unjudged_md",
    "with_verdicts",
]
