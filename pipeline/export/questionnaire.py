"""A policy as a FHIR Questionnaire: a group a criterion, with its status, its reason and the values it asks for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..case import PolicyInfo
from ..criteria.chart import words
from ..criteria.policy import AllRule, AnyRule, Criterion, Exclusion, NOfRule, Policy, Test
from ..criteria.store import criteria_of
from .fhir_parts import LOCAL, Json, clean, resource_id
from .questions import ASKED, Question

STATUSES = ("met", "not_met", "missing", "review", "unverified")
OVERALL = ("met", "not_met", "incomplete", "review", "excluded")
DISCLAIMER = "It states what a chart documents, not whether a patient should be treated."


@dataclass(slots=True)
class Group:
    """The questions of one criterion. `source` is empty where the policy is no longer at hand."""

    criterion: str
    source: str = ""
    statuses: tuple[str, ...] = STATUSES
    exclusion: bool = False
    attested: bool = False
    questions: list[Question] = field(default_factory=list)

    def item(self, number: int) -> Json:
        status = Question(
            f"{self.criterion}.status", "", "What the chart documents", "choice", "status", self.statuses,
            required=not self.exclusion,
        )  # fmt: skip
        reason = Question(f"{self.criterion}.rationale", "", "Why, with values and dates", "text")
        title = "Exclusion: " if self.exclusion else ""
        items: list[Json] = [status.item(), reason.item(), *(question.item() for question in self.questions)]
        if self.source:
            help_item = {"linkId": f"{self.criterion}.policy", "text": clean(self.source), "type": "display"}
            items.insert(0, help_item)
        return {
            "linkId": self.criterion,
            "prefix": f"{number}.",
            "text": clean(title + words(self.criterion)),
            "type": "group",
            "item": items,
        }


@dataclass(slots=True)
class Form:
    """The Questionnaire of one policy version; `mark` tells forms of different content apart."""

    info: PolicyInfo
    policy: Policy | None
    groups: dict[str, Group] = field(default_factory=dict)
    mark: str = ""

    @property
    def url(self) -> str:
        return f"{LOCAL}:questionnaire:{re.sub(r'[^A-Za-z0-9.-]', '-', self.info.id)}"

    @property
    def version(self) -> str:
        """The policy's own version where it has one, and the mark."""
        return re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(filter(None, (self.info.version, self.mark)))) or "unknown"

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}"

    def group(self, criterion: str) -> Group:
        """The group of a criterion; a plain one for a criterion the policy at hand does not have."""
        return self.groups.setdefault(criterion, Group(criterion))

    def items(self) -> list[Json]:
        groups = sorted(self.groups.values(), key=lambda group: group.criterion == "overall")
        return [group.item(number) for number, group in enumerate(groups, 1)]

    def resource(self) -> Json:
        return {
            "resourceType": "Questionnaire",
            "id": resource_id("Questionnaire", self.info.id, self.version),
            "url": self.url,
            "version": self.version,
            "name": "Bvn_" + re.sub(r"\W", "_", self.info.id, flags=re.ASCII)[:200],
            "title": clean(self.info.title or self.info.id),
            "status": "active" if self.policy and self.policy.source_grade == "primary" else "draft",
            "subjectType": ["Patient"],
            "publisher": f"bvn-evidence, after the policy of: {clean(self.info.payer) or 'unknown'}",
            "description": self._description(),
            **self._period(),
            "item": self.items(),
        }

    def _description(self) -> str:
        told = "The documentation criteria of a coverage policy as this program reads them; not a form of the payer. "
        if self.policy:
            told += f"Source ({self.policy.source_grade}): {self.policy.source_url}. "
            if self.policy.position == "excludes":
                told += "The plan does not cover the procedure. "
            if self.policy.criteria_from:
                told += f"For an appeal the criteria of {self.policy.criteria_from} are asked. "
        return clean(told + DISCLAIMER)

    def _period(self) -> Json:
        period = {"start": self.info.effective_from, "end": self.info.effective_to}
        known = {name: day for name, day in period.items() if day}
        return {"effectivePeriod": known} if known else {}


def form_of(info: PolicyInfo, policy: Policy | None, sha: str) -> Form:
    """The form of a policy; without the policy its groups come from the verdicts as they are met, and its mark is
    `sha`, the hash of the policy the run had."""
    form = Form(info, policy)
    for criterion in criteria_of(policy) if policy else ():
        form.groups[criterion.id] = _criterion_group(criterion)
    for exclusion in policy.exclusions if policy else ():
        if exclusion.on_match != "warn" and exclusion.source_grade != "unverified":
            form.groups[exclusion.id] = _exclusion_group(exclusion)
    form.groups["overall"] = Group("overall", statuses=OVERALL)
    form.mark = hashlib.sha256(json.dumps(form.items()).encode()).hexdigest()[:12] if policy else sha
    return form


def _criterion_group(criterion: Criterion) -> Group:
    group = Group(criterion.id, f"Source ({criterion.source_grade}): {criterion.source}")
    if criterion.rule is not None:
        group.attested = getattr(criterion.rule, "test", "") == "attest"
        _add(group, criterion.rule, criterion.source_grade != "unverified")
    return group


def _exclusion_group(exclusion: Exclusion) -> Group:
    source = f"{exclusion.says}. Source ({exclusion.source_grade}): {exclusion.source}"
    group = Group(exclusion.id, source, exclusion=True)
    _add(group, exclusion.when, False)
    return group


def _add(group: Group, rule: Any, required: bool) -> None:
    """The questions of a rule, each once; where one of several ways is enough, none of them is required."""
    for test, needed in _tests(rule, required):
        if test.silent:
            continue
        for question in ASKED[test.test](group.criterion, test):
            question.required = question.required and needed
            known = next((other for other in group.questions if other.link == question.link), None)
            if known is None:
                group.questions.append(question)
            else:
                known.codes = tuple(dict.fromkeys((*known.codes, *question.codes)))
                if known.text != question.text:  # two ways with bounds of their own: the source tells them
                    known.text = known.text.partition(" (")[0]


def _tests(rule: Any, required: bool) -> Iterator[tuple[Any, bool]]:
    if isinstance(rule, Test):
        yield rule, required
    elif isinstance(rule, AllRule):
        for child in rule.all:
            yield from _tests(child, required)
    elif isinstance(rule, (AnyRule, NOfRule)):
        children = rule.any if isinstance(rule, AnyRule) else rule.n_of.of
        for child in children:
            yield from _tests(child, required and len(children) == 1)
