"""Disc levels, vertebral bodies and what they mean for the procedure codes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..schema import Fact

BODIES = ("T12", "L1", "L2", "L3", "L4", "L5", "L6", "S1", "S2")
TREATABLE = ("L3", "L4", "L5", "L6", "S1")  # L3-S1 of the device clearance (K190504); L6 is a lumbarised S1


def disc_bodies(level: str) -> tuple[str, ...]:
    """The two bodies a disc level lies between: 'L4-L5' is L4 and L5; empty for anything else."""
    parts = tuple(level.split("-"))
    return parts if len(parts) == 2 and all(p in BODIES for p in parts) else ()


def disc_levels(fact: Fact) -> list[str]:
    """Disc levels of a finding; those its endplates face where none is named."""
    named = [level for level in fact.attributes.get("levels") or [] if disc_bodies(level)]
    return named or [level for plate in fact.attributes.get("endplates") or [] if (level := _faced(plate))]


def vertebrae(fact: Fact) -> list[str]:
    """Vertebral bodies named with a finding, e.g. L5 of 'L5 superior'."""
    plates = [*(fact.attributes.get("endplates") or []), *(fact.attributes.get("vertebrae") or [])]
    return [plate.split()[0] for plate in plates if plate and plate.split()[0] in BODIES]


def _faced(plate: str) -> str | None:
    match = re.fullmatch(r"(\w+) (superior|inferior)", plate)
    if not match or match[1] not in BODIES:
        return None
    here = BODIES.index(match[1])
    if match[2] == "superior":
        above = "L5" if match[1] == "S1" else BODIES[here - 1] if here else None
        return f"{above}-{match[1]}" if above else None
    below = "S1" if match[1] == "L5" else BODIES[here + 1] if here + 1 < len(BODIES) else None
    return f"{match[1]}-{below}" if below else None


def within(bodies: Iterable[str], first: str, last: str) -> bool:
    """Whether every body lies in the range."""
    low, high = BODIES.index(first), BODIES.index(last)
    places = [BODIES.index(body) for body in bodies]
    return bool(places) and all(low <= place <= high for place in places)


def target_bodies(facts: Iterable[Fact]) -> list[str]:
    """Bodies on both sides of each Modic level, top down: L4-L5 and L5-S1 target L4, L5 and S1 (Highmark 15-01-004)."""
    found: set[str] = set()
    for fact in facts:
        levels = disc_levels(fact)
        found.update(body for level in levels for body in disc_bodies(level))
        if not levels:
            found.update(vertebrae(fact))
    return [body for body in BODIES if body in found]


def cpt(bodies: list[str]) -> str:
    """64628 is the first two bodies, 64629 each further one: '64628;64629x1' for three."""
    if not bodies:
        return ""
    return "64628" + (f";64629x{len(bodies) - 2}" if len(bodies) > 2 else "")


def adjacent(bodies: list[str]) -> bool:
    """Whether the bodies follow each other without a gap; L5 to S1 is no gap."""
    order = [body for body in BODIES if body != "L6" or "L6" in bodies]
    places = [order.index(body) for body in bodies]
    return not places or places[-1] - places[0] == len(places) - 1
