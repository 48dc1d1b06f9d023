"""Policies in the terminal: which there are, and what one of them asks for and on whose word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .explain import neutral

if TYPE_CHECKING:
    from rich.console import Console

    from .criteria import Policy

_WIDEST = 110


def show_list(console: Console) -> None:
    """A line a policy: id, payer, the dates it is in force, and how well its text was read."""
    from rich import box
    from rich.table import Table

    from .criteria import list_policies

    console.width = min(console.width, _WIDEST)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in ("policy", "payer", "covers", "in force", "source"):
        table.add_column(name, overflow="fold", no_wrap=name == "policy")
    for policy in list_policies():
        covers = "yes" if policy.position == "covers" else "no"
        table.add_row(policy.id, policy.payer, covers, _in_force(policy), policy.source_grade)
    console.print(table)
    console.print("Show one with: bvn-evidence policies show NAME", style="dim")


def show_policy(name: str, console: Console) -> None:
    """One policy in full."""
    from rich.padding import Padding
    from rich.text import Text

    from .criteria import load_policy

    def put(text: str, indent: int = 2, style: str = "") -> None:
        console.print(Padding(Text(neutral(text), style=style), (0, 0, 0, indent)))

    policy = load_policy(name)
    console.width = min(console.width, _WIDEST)
    console.print(Text.assemble((policy.id, "bold"), f"  {neutral(policy.title)}"))
    put(f"payer    {policy.payer} ({', '.join(policy.lines_of_business) or 'all lines of business'})")
    put(f"version  {policy.version or 'not stated'}, in force: {_in_force(policy)}")
    put(f"covers   {'yes' if policy.position == 'covers' else f'no; judged by {policy.criteria_from} for an appeal'}")
    put(f"source   {policy.source_url} ({policy.source_grade})")
    for criterion in policy.criteria:
        console.print(Text.assemble("\n", (criterion.id, "bold cyan"), (f"  {criterion.source_grade}", "dim")))
        for depth, words in _rule(criterion.rule) if criterion.rule else [(0, "the policy says nothing")]:
            put(words, 2 * depth + 2)
        put(criterion.source, style="dim")
    for exclusion in policy.exclusions:
        console.print(Text.assemble("\n", (f"{exclusion.id}", "bold red"), f"  {exclusion.on_match} where documented"))
        put(exclusion.says)
        put(f"{exclusion.source} ({exclusion.source_grade})", style="dim")
    for note in policy.notes:
        console.print()
        put(note, 0, "italic")


def _in_force(policy: Policy) -> str:
    first, last = policy.effective_from, policy.effective_to
    if first is None and last is None:
        return "not stated"
    return f"{first or '…'} to {last or 'now'}"


def _rule(rule: Any, depth: int = 0) -> list[tuple[int, str]]:
    """A rule as indented lines of words: a combinator over its parts, or a test with its numbers."""
    content = rule.model_dump(exclude_defaults=True)
    for combinator, words in (("all", "all of"), ("any", "any of")):
        if combinator in content:
            return [(depth, words)] + [line for part in getattr(rule, combinator) for line in _rule(part, depth + 1)]
    if "n_of" in content:
        return [(depth, f"at least {rule.n_of.n} of")] + [
            line for part in rule.n_of.of for line in _rule(part, depth + 1)
        ]
    amount = next((content.pop(key) for key in ("months", "value") if key in content), None)
    op = {">=": "at least ", ">": "more than "}.get(content.pop("op", ""), "")
    parts = [f"{op}{amount:g}" if amount is not None else ""]
    parts += [
        f"{key.replace('_', ' ')} {_words(value)}" for key, value in content.items() if key not in ("test", "item")
    ]
    return [(depth, f"{content.get('test', '')}: {'; '.join(filter(None, parts))}".replace("_", " ").strip(": "))]


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not stated" if value is None else str(value)
