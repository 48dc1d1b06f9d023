"""What each attribute of a fact may hold (source: the annotation guide), for facts that a person writes."""

from __future__ import annotations

import math
import re
from typing import Any

from .errors import UserError
from .schema import ASSERTIONS, ATTRIBUTES

CHOICES: dict[str, tuple[str, ...]] = {
    "modic.type": ("1", "2", "3", "1/2", "2/3", "1/3", "unspecified"),
    "modic.basis": ("named", "descriptor"),
    "symptom_duration.qualifier": ("exact", "about", "at_least", "less_than"),
    "radicular.finding": (
        "radiculopathy", "sciatica", "leg_pain", "numbness_tingling", "leg_weakness", "positive_slr",
        "neurogenic_claudication", "reflex_or_sensory_deficit",
    ),
    "radicular.side": ("left", "right", "bilateral"),
    "axial_pain.predominance": ("axial_only", "axial_predominant", "leg_predominant"),
    "therapy.modality": (
        "physical_therapy", "home_exercise", "chiropractic", "acupuncture", "massage", "activity_modification",
        "bracing", "heat_ice", "tens", "cbt", "weight_loss", "nsaid", "acetaminophen", "opioid", "muscle_relaxant",
        "neuropathic_agent", "oral_steroid", "topical", "epidural_steroid_injection", "facet_injection", "rfa",
        "si_injection", "trigger_point_injection", "spinal_cord_stimulator", "surgery", "bvn_ablation",
        "conservative_unspecified",
    ),
    "therapy.status": ("tried", "ongoing", "planned", "declined", "not_tried", "contraindicated"),
    "therapy.outcome": ("failed", "partial", "effective", "unknown"),
    "odi.category": ("minimal", "moderate", "severe", "crippled", "bed-bound"),
    "functional_impairment.activity": (
        "walking", "sitting", "standing", "lifting", "bending", "sleep", "work", "self_care", "housework", "driving",
        "recreation", "adl_general",
    ),
    "alternative.diagnosis": (
        "disc_bulge", "disc_protrusion", "disc_extrusion", "disc_sequestration", "disc_herniation", "annular_fissure",
        "central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis", "nerve_root_compression",
        "facet_arthropathy", "si_joint_dysfunction", "spondylolisthesis", "spondylolysis", "compression_fracture",
        "spinal_infection", "spinal_tumor", "scoliosis", "osteoporosis", "cauda_equina_syndrome", "prior_fusion",
        "prior_decompression",
    ),
    "alternative.side": ("left", "right", "bilateral"),
    "alternative.severity": ("mild", "moderate", "severe"),
}
REQUIRED = {"modic.type", "modic.basis", "radicular.finding", "axial_pain.predominance", "therapy.modality",
            "therapy.status", "functional_impairment.activity", "alternative.diagnosis"}  # fmt: skip
NUMBERS = {"symptom_duration.months": 1200, "therapy.duration_weeks": 5200, "therapy.sessions": 1000, "odi.score": 100,
           "pain_score.score": 100, "pain_score.max": 100}  # fmt: skip
_VERTEBRA = r"(?:T12|T1[01]|T[1-9]|L[1-6]|S[1-5])"
LISTS = {
    "modic.levels": re.compile(rf"{_VERTEBRA}-{_VERTEBRA}"),
    "modic.endplates": re.compile(rf"{_VERTEBRA}(?: superior| inferior)?"),
    "alternative.levels": re.compile(rf"{_VERTEBRA}-{_VERTEBRA}"),
    "alternative.vertebrae": re.compile(rf"{_VERTEBRA}(?: superior| inferior)?"),
}
FLAGS = {"alternative.primary"}


def check_change(kind: str, change: dict[str, Any]) -> None:
    """Whether `change` (`assertion`, `attributes`, or both) can stand in a fact of this kind; raises UserError."""
    if not change or not set(change) <= {"assertion", "attributes"}:
        raise UserError("a correction gives a new assertion, new attributes, or both; say what is right")
    if "assertion" in change and change["assertion"] not in ASSERTIONS:
        raise UserError(f"{change['assertion']!r} is no assertion; give one of {', '.join(ASSERTIONS)}")
    attributes = change.get("attributes", {})
    if not isinstance(attributes, dict):
        raise UserError("the attributes of a correction are names with values")
    for name, value in attributes.items():
        if name not in ATTRIBUTES[kind]:
            raise UserError(f"a {kind} fact has no attribute {name!r}; it has {', '.join(ATTRIBUTES[kind])}")
        if wrong := problem(f"{kind}.{name}", value):
            raise UserError(f"{name} of a {kind} fact: {wrong}")


def problem(name: str, value: Any) -> str:
    """Why `value` cannot be that of the attribute `name` ("kind.attribute"); empty where it can."""
    if name in LISTS:
        fits = isinstance(value, list) and all(isinstance(one, str) and LISTS[name].fullmatch(one) for one in value)
        return "" if fits else "give a list such as L4-L5, L5-S1 (vertebrae: L4, L4 inferior)"
    if name in FLAGS:
        return "" if isinstance(value, bool) else "give true or false"
    if value is None:
        return "it cannot be empty" if name in REQUIRED else ""
    if name in NUMBERS:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return "" if fits and 0 <= value <= NUMBERS[name] else f"give a number from 0 to {NUMBERS[name]}"
    if name in CHOICES:
        return "" if value in CHOICES[name] else f"give one of {', '.join(CHOICES[name])}"
    return "" if isinstance(value, str) and value.strip() else "give some text"
