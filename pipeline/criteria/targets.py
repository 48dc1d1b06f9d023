"""Target bodies, prior ablation, findings that exclude, and what only a person can attest."""

from __future__ import annotations

from ..schema import Fact
from . import imaging
from .chart import Chart, Reading, days, listed, named, upper, words
from .levels import adjacent, disc_levels, target_bodies
from .policy import AttestTest, BodiesTest, FindingTest, ImagingTest

ANY_LEVEL = ImagingTest(
    test="imaging", types=[1, 2], from_body="L1", to_body="S1", accept_descriptors=True, radiology_report=False
)
ATTRIBUTE = {"alternative": "diagnosis", "radicular": "finding", "therapy": "modality"}


def modic_facts(chart: Chart) -> list[Fact]:
    """The documented type 1 or 2 changes that would be treated."""
    return imaging.qualifying(chart, ANY_LEVEL)


def read_bodies(chart: Chart, test: BodiesTest) -> Reading:
    """The bodies beside the Modic levels against the policy's cap. More bodies than the cap is a question, not a
    failure: which of them are requested stands in the request, not in the notes."""
    facts = modic_facts(chart)
    bodies, levels = target_bodies(facts), sorted({level for f in facts for level in disc_levels(f)})
    if not bodies and (clash := imaging.clashing(chart, ANY_LEVEL)):
        told = f"The {clash[0].source} documents and denies the change at {listed(sorted(clash[0].levels))}"
        ask = f"{told}: ask the radiologist for an addendum that states type and level."
        return Reading("review", f"{told}.", [f for v in clash for f in v.facts], {"modic_level": ask})
    if not bodies:
        return Reading(
            "missing",
            "No target vertebral body follows from the chart.",
            [],
            {"modic_level": "State the disc levels with Modic type 1 or 2: they name the vertebral bodies to treat."},
        )
    broken = [
        text
        for hit, text in (
            (test.max_bodies is not None and len(bodies) > test.max_bodies, f"at most {test.max_bodies} bodies"),
            (test.max_levels is not None and len(levels) > test.max_levels, f"at most {test.max_levels} levels"),
            (test.adjacent and not adjacent(bodies), "adjacent bodies"),
        )
        if hit
    ]
    if not broken:
        return Reading("met", f"The Modic levels target {listed(bodies)}.", facts)
    return Reading(
        "review",
        f"The Modic levels target {listed(bodies)}; the policy allows {listed(broken)} only.",
        facts,
        {
            "levels": f"State which vertebral bodies are requested: the Modic levels target {listed(bodies)}, "
            f"the policy allows {listed(broken)} only."
        },
    )


def prior_ablations(chart: Chart) -> list[Fact]:
    """Basivertebral ablations documented as done."""
    return chart.used(["bvn_ablation"])


def read_prior_ablation(chart: Chart) -> Reading:
    """Facts do not say which body was treated, so a prior ablation always goes to a person."""
    done = prior_ablations(chart)
    if done:
        return Reading(
            "review",
            f"A basivertebral nerve ablation is documented as done ({days(done)}); its bodies are not read.",
            done,
            {
                "prior_ablation": f"State which vertebral bodies were ablated before ({days(done)}): no body may be "
                "treated twice."
            },
        )
    denied = [f for f in chart.of("therapy", "absent") if f.attributes.get("modality") == "bvn_ablation"]
    if denied:
        return Reading("met", f"No prior basivertebral nerve ablation ({days(denied)}).", denied)
    return Reading(
        "missing",
        "No note says whether a basivertebral nerve ablation was done before.",
        [],
        {"prior_ablation": "State that none of the target bodies has been ablated before; no note speaks of it."},
    )


def read_finding(chart: Chart, test: FindingTest) -> Reading:
    """met where the finding is documented as present, review where only suspected, else not_met."""
    key = ATTRIBUTE[test.kind]
    pool = chart.used() if test.kind == "therapy" else chart.of(test.kind, "present", "possible")
    found = [
        f
        for f in pool
        if f.attributes.get(key) in test.values
        and (test.severity is None or f.attributes.get("severity") == test.severity)
    ]
    names = listed(words(value) for value in test.values)
    if not found:
        return Reading("not_met", f"No {names} documented.")
    sure = [f for f in found if f.assertion == "present"]
    told = named(sure or found, key)
    return Reading(
        "met" if sure else "review",
        f"{upper(told)} {'documented' if sure else 'suspected'} ({days(sure or found)}).",
        sure or found,
    )


def read_attest(test: AttestTest) -> Reading:
    return Reading(
        "review",
        f"{test.ask.rstrip('.')}: not read from notes, a person must confirm it.",
        [],
        {test.item: f"{test.ask.rstrip('.')}: confirm it by hand, this program does not read it from notes."},
    )
