"""Other sources of the pain: addressed, named as the source, or severe and left open."""

from __future__ import annotations

from ..schema import Fact
from .chart import LETTERS, Chart, Reading, days, listed, named, upper
from .levels import disc_levels, vertebrae
from .policy import AlternativesTest

GROUPS = {
    "disc": (
        "disc_bulge",
        "disc_protrusion",
        "disc_extrusion",
        "disc_sequestration",
        "disc_herniation",
        "annular_fissure",
    ),
    "stenosis": ("central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis"),
    "facet": ("facet_arthropathy",),
    "si_joint": ("si_joint_dysfunction",),
}
GROUP_NAMES = {
    "disc": "disc herniation",
    "stenosis": "stenosis",
    "facet": "the facet joints",
    "si_joint": "the SI joints",
}
RED_FLAGS = ("spinal_infection", "spinal_tumor", "compression_fracture", "cauda_equina_syndrome")
NEVER_INCIDENTAL = ("disc_extrusion", "disc_sequestration", "nerve_root_compression", *RED_FLAGS)
NO_PAIN_SOURCE = ("scoliosis", "osteoporosis", "prior_fusion", "prior_decompression")
BLOCKS = {"facet_injection": "facet_arthropathy", "rfa": "facet_arthropathy", "si_injection": "si_joint_dysfunction"}


def excluded(chart: Chart, fact: Fact) -> bool:
    """A note of the same day or later denies the finding at its place, or that it is the source. A report does not
    deny itself, except that it tells an old fracture from an acute one; a letter does not overrule a finding."""
    name = fact.attributes.get("diagnosis")
    for denial in chart.of("alternative", "absent"):
        if denial.attributes.get("diagnosis") != name or (denial.note_date or "") < (fact.note_date or ""):
            continue
        fracture = name == "compression_fracture"
        if denial.note_type in LETTERS or (
            denial.note_id == fact.note_id and fact.note_type == "radiology" and not fracture
        ):
            continue
        if _same_place(denial, fact):
            return True
    return name == "compression_fracture" and fact.note_type != "radiology" and _known_old(chart, fact)


def _known_old(chart: Chart, fact: Fact) -> bool:
    """A note repeats a fracture of a vertebra that an earlier report tells to be old."""
    reported = [
        f
        for f in chart.of("alternative")
        if f.note_type == "radiology"
        and f.attributes.get("diagnosis") == "compression_fracture"
        and (f.note_date or "") <= (fact.note_date or "")
    ]
    return bool(vertebrae(fact)) and any(
        set(vertebrae(fact)) <= set(vertebrae(f)) and excluded(chart, f) for f in reported
    )


def _same_place(denial: Fact, fact: Fact) -> bool:
    where, at = ({*disc_levels(f), *vertebrae(f)} for f in (denial, fact))
    side, other = denial.attributes.get("side"), fact.attributes.get("side")
    return (not where or (bool(at) and at <= where)) and (side in (None, "bilateral") or side == other)


def open_findings(chart: Chart) -> list[Fact]:
    """Findings that are never incidental, or severe, or suspected as the source, and not excluded."""
    found = []
    for fact in chart.of("alternative", "present", "possible"):
        name, get = fact.attributes.get("diagnosis"), fact.attributes.get
        severe = get("severity") == "severe" and name not in NO_PAIN_SOURCE
        if (name in NEVER_INCIDENTAL or severe or get("primary") is True) and not excluded(chart, fact):
            found.append(fact)
    return found


def relieving_blocks(chart: Chart) -> list[Fact]:
    """Facet and SI procedures that gave relief: they speak for that joint, unless it is excluded later."""
    return [
        f
        for f in chart.used(BLOCKS)
        if f.attributes.get("outcome") == "effective"
        and not any(
            d.attributes.get("diagnosis") == BLOCKS[f.attributes["modality"]]
            and d.note_type not in LETTERS
            and (d.note_date or "") >= (f.note_date or "")
            for d in chart.of("alternative", "absent")
        )
    ]


def red_flags(chart: Chart) -> list[Fact]:
    """Fracture, infection, tumour or cauda equina syndrome, asserted or suspected and not excluded."""
    return [f for f in open_findings(chart) if f.attributes["diagnosis"] in RED_FLAGS]


def read(chart: Chart, test: AlternativesTest) -> Reading:
    """not_met where another source is named; review where a severe or compressive finding is left open; missing where
    disc, stenosis or facets are not spoken of at all."""
    findings = open_findings(chart)
    sources = [
        f
        for f in findings
        if f.assertion == "present"
        and f.attributes.get("primary") is True
        and f.attributes["diagnosis"] not in NO_PAIN_SOURCE
    ]
    if sources:
        return Reading("not_met", f"{_names(sources)} named as the source of the pain ({days(sources)}).", sources)
    if findings:
        return Reading(
            "review",
            f"{_names(findings)} documented ({days(findings)}), neither named as the source of the pain nor excluded.",
            findings,
            {
                "alternatives": "State for each whether it explains the pain, and why not if it does not: "
                f"{_names(findings, lower=True)} ({days(findings)})."
            },
        )
    if blocks := relieving_blocks(chart):
        what = named(blocks, "modality")
        return Reading(
            "review",
            f"Relief after {what} ({days(blocks)}) points to another source of the pain.",
            blocks,
            {
                "alternatives": f"Explain why the relief after {what} ({days(blocks)}) does not point to the joints as "
                "the source of the pain."
            },
        )
    spoken = {f.attributes.get("diagnosis"): f for f in chart.of("alternative", "present", "absent", "possible")}
    unspoken = [group for group in test.address if not any(name in spoken for name in GROUPS[group])]
    facts = [f for group in test.address for name, f in spoken.items() if name in GROUPS[group]]
    if unspoken:
        lacking = " or ".join(GROUP_NAMES[group] for group in unspoken)
        return Reading(
            "missing",
            f"No note addresses {lacking}.",
            facts,
            {
                "alternatives": f"Address {lacking} as a source of the pain (imaging report or exam): no note "
                "speaks of it."
            },
        )
    addressed = listed(GROUP_NAMES[group] for group in test.address)
    return Reading(
        "met",
        f"{upper(addressed)} addressed ({days(facts)}); none is severe or named as the source of the pain.",
        facts,
    )


def _names(facts: list[Fact], lower: bool = False) -> str:
    told = []
    for fact in facts:
        severity = "severe " if fact.attributes.get("severity") == "severe" else ""
        doubt = "possible " if fact.assertion == "possible" else ""
        where = listed(disc_levels(fact) or vertebrae(fact))
        told.append(doubt + severity + named([fact], "diagnosis") + (f" at {where}" if where else ""))
    text = listed(told)
    return text if lower else upper(text)
