"""Four-valued logic over met, not_met, missing and review, and the smallest set of additions that would mend a rule.

`all` lets the worst status win, in the order in which `overall` is decided: a documented failure outranks a gap, a gap
outranks a question. `any` and `n_of` are decided as soon as enough alternatives are met, or too few could still be.
"""

from __future__ import annotations

from collections.abc import Sequence

from .chart import Reading

WORST_FIRST = ("not_met", "missing", "review", "met")


def all_of(statuses: Sequence[str]) -> str:
    """The worst status; met where there is none."""
    return min(statuses, key=WORST_FIRST.index, default="met")


def n_of(statuses: Sequence[str], n: int) -> str:
    """met with n met; not_met where n are out of reach; review where reviews alone could bring n; else missing."""
    met, review, missing = (sum(s == name for s in statuses) for name in ("met", "review", "missing"))
    if met >= n:
        return "met"
    if met + review + missing < n:
        return "not_met"
    return "review" if met + review >= n else "missing"


def combine(readings: Sequence[Reading], n: int | None = None) -> Reading:
    """One reading of several: of all of them (`n` None), or of at least `n`. Keeps the sentences that decide."""
    statuses = [r.status for r in readings]
    status = all_of(statuses) if n is None else n_of(statuses, n)
    deciding = [r for r in readings if r.status == status] or list(readings)
    asking = [] if status in ("met", "not_met") else cheapest([r for r in readings if r.asks], n, statuses.count("met"))
    told = deciding if status != "missing" else asking
    return Reading(
        status,
        "; ".join(r.sentence.rstrip(".") for r in told or deciding) + ".",
        [f for r in (deciding if status in ("met", "not_met") else readings) for f in r.facts],
        {item: text for r in asking for item, text in r.asks.items()},
        [w for r in readings for w in r.warnings],
    )


def cheapest(open_readings: Sequence[Reading], n: int | None, met: int) -> list[Reading]:
    """The readings that must be mended: all of them, or the fewest additions that bring the count to `n`."""
    if n is None:
        return list(open_readings)
    return sorted(open_readings, key=lambda r: len(r.asks))[: max(n - met, 0)]
