"""Decisions at work: which facts stand after review, and which verdicts, each with its origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .reviews import Decision, Item, fact_item, verdict_item
from .schema import Fact, Verdict
from .tables import AUTO

if TYPE_CHECKING:
    from .criteria import Judgement

ORIGINS = {"accept": "accepted", "reject": "rejected", "correct": "corrected"}


def standing(facts: Iterable[Fact], decisions: Mapping[Item, Decision]) -> list[Fact]:
    """The facts after review: without the rejected ones, corrected ones in place of what they correct."""
    kept = []
    for fact in facts:
        decision = decisions.get(fact_item(fact))
        if decision is None:
            kept.append(fact)
        elif decision.what != "reject":
            kept.append(_decided(fact, decision))
    return kept


def _decided(fact: Fact, decision: Decision) -> Fact:
    review: dict[str, Any] = {
        "origin": ORIGINS[decision.what],
        "reviewer": decision.reviewer,
        "when": decision.when,
        "why": decision.why,
    }
    if decision.what != "correct":
        return replace(fact, review=review)
    change = decision.change
    review["found"] = {"assertion": fact.assertion, "attributes": fact.attributes}
    return replace(
        fact,
        assertion=change.get("assertion", fact.assertion),
        attributes={**fact.attributes, **change.get("attributes", {})},
        review=review,
    )


def settle(judgement: Judgement, decisions: Mapping[Item, Decision]) -> tuple[Judgement, dict[str, Decision]]:
    """The judgement with the verdicts people set, and the decision behind each criterion that has one.

    `overall` is made anew from the criteria; a decision about `overall` itself comes last. To accept says something
    about the status that was seen only: where the program has come to another one since, the verdict is its own again.
    """
    from .criteria import with_verdicts

    origins: dict[str, Decision] = {}

    def decided(verdict: Verdict) -> Verdict:
        decision = decisions.get(verdict_item(verdict.patient_id, verdict.policy, verdict.criterion))
        if decision is None or (decision.what == "accept" and decision.seen.get("status") != verdict.status):
            return verdict
        origins[verdict.criterion] = decision
        return verdict if decision.what == "accept" else _overridden(verdict, decision)

    criteria = [decided(verdict) for verdict in judgement.verdicts[:-1]]
    settled = with_verdicts(judgement, criteria) if origins else judgement
    overall = decided(settled.overall)
    return replace(settled, verdicts=[*criteria, overall]), origins


def _overridden(verdict: Verdict, decision: Decision) -> Verdict:
    status = decision.change.get("status", "review")
    how = f"set to {status.replace('_', ' ')}" if decision.what == "correct" else "rejected"
    said = f"The program said {verdict.status.replace('_', ' ')}: {verdict.rationale}"
    why = decision.why.rstrip(".")
    kept = verdict.missing_items if status in ("missing", "incomplete") else []
    rationale = f"{how.capitalize()} by {decision.reviewer}, {decision.when[:10]}: {why}. {said}"
    return replace(verdict, status=status, rationale=rationale, missing_items=kept)


def verdict_origin(decision: Decision | None) -> tuple[str, str]:
    """The cells `origin` and `reviewer` of a verdict."""
    if decision is None:
        return AUTO
    return "accepted" if decision.what == "accept" else "overridden", decision.reviewer


def restored(facts: Iterable[Fact], decisions: Iterable[Decision]) -> list[Fact]:
    """The program's own facts of a reviewed run: corrections undone, and what was rejected back, from the decisions."""
    found = []
    for fact in facts:
        if fact.review:
            fact = replace(fact, **fact.review.get("found", {}), review=None)
        found.append(fact)
    known = {fact_item(fact) for fact in found}
    rejected = {one.item: one for one in decisions if one.item[0] == "fact" and one.what == "reject"}
    lost = [Fact.from_dict(one.seen) for item, one in rejected.items() if item not in known]
    return sorted([*found, *lost], key=lambda fact: (fact.note_id, fact.start, fact.end, fact.fact_id))


def stale(decisions: Mapping[Item, Decision], facts: Iterable[Fact]) -> int:
    """How many decisions are about a fact the program no longer finds."""
    known = {fact_item(fact) for fact in facts}
    return sum(item[0] == "fact" and item not in known for item in decisions)
