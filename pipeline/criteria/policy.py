"""A coverage policy as data: what a policy file may say, checked by pydantic.

A criterion holds one rule: a test, or `all`, `any` or `n_of` over rules. A number left null is one the policy does not
state or nobody has read; the test is then not evaluated. Every criterion names its source and how well it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Grade = Literal["primary", "secondary", "unverified"]
Op = Literal[">=", ">"]
Body = Literal["T12", "L1", "L2", "L3", "L4", "L5", "L6", "S1"]
Modality = Literal[
    "physical_therapy",
    "home_exercise",
    "chiropractic",
    "acupuncture",
    "massage",
    "activity_modification",
    "bracing",
    "heat_ice",
    "tens",
    "cbt",
    "weight_loss",
    "nsaid",
    "acetaminophen",
    "opioid",
    "muscle_relaxant",
    "neuropathic_agent",
    "oral_steroid",
    "topical",
    "epidural_steroid_injection",
    "facet_injection",
    "rfa",
    "si_injection",
    "trigger_point_injection",
    "spinal_cord_stimulator",
    "surgery",
    "bvn_ablation",
    "conservative_unspecified",
]
# What a `finding` test may look for, by kind of fact
FINDINGS: dict[str, tuple[str, ...]] = {
    "alternative": (
        *("disc_bulge", "disc_protrusion", "disc_extrusion", "disc_sequestration", "disc_herniation"),
        *("annular_fissure", "central_stenosis", "foraminal_stenosis", "lateral_recess_stenosis"),
        *("nerve_root_compression", "facet_arthropathy", "si_joint_dysfunction", "spondylolisthesis"),
        *("spondylolysis", "compression_fracture", "spinal_infection", "spinal_tumor", "scoliosis", "osteoporosis"),
        *("cauda_equina_syndrome", "prior_fusion", "prior_decompression"),
    ),
    "radicular": (
        *("radiculopathy", "sciatica", "leg_pain", "numbness_tingling", "leg_weakness", "positive_slr"),
        *("neurogenic_claudication", "reflex_or_sensory_deficit"),
    ),
    "therapy": get_args(Modality),
}


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Test(Model):
    """A reading of the chart with the policy's numbers. `silent` where the policy leaves its number null."""

    __test__ = False
    test: str

    @property
    def silent(self) -> bool:
        return False


class DurationTest(Test):
    test: Literal["duration"]
    op: Op
    months: float | None

    @property
    def silent(self) -> bool:
        return self.months is None


class TherapyTest(Test):
    """One component of conservative care. Refusing one of `refusal_fails` fails the test where nothing in `any_of` was
    used; refusing one of `indispensable` fails it whatever else was used."""

    test: Literal["therapy"]
    item: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    any_of: list[Modality] = Field(min_length=1)
    min_sessions: int | None = None
    refusal_fails: list[Modality] = []
    indispensable: list[Modality] = []
    contraindication_counts: bool = False


class CareDurationTest(Test):
    test: Literal["care_duration"]
    op: Op
    months: float | None

    @property
    def silent(self) -> bool:
        return self.months is None


class CareOutcomeTest(Test):
    test: Literal["care_outcome"]


class ImagingTest(Test):
    """Modic change of one of `types` at a disc level between two vertebral bodies of the range, both included."""

    test: Literal["imaging"]
    types: list[Literal[1, 2, 3]] = Field(min_length=1)
    from_body: Body
    to_body: Body
    accept_descriptors: bool
    radiology_report: bool
    max_age_days: int | None = None


class PainPatternTest(Test):
    test: Literal["pain_pattern"]


class AlternativesTest(Test):
    test: Literal["alternatives"]
    address: list[Literal["disc", "stenosis", "facet", "si_joint"]] = Field(min_length=1)


class OdiTest(Test):
    test: Literal["odi"]
    op: Op
    value: float | None

    @property
    def silent(self) -> bool:
        return self.value is None


class PainScoreTest(Test):
    """The latest pain score, brought to a scale of 10."""

    test: Literal["pain_score"]
    op: Op
    value: float | None

    @property
    def silent(self) -> bool:
        return self.value is None


class ImpairmentTest(Test):
    test: Literal["impairment"]


class BodiesTest(Test):
    """How many vertebral bodies the documented Modic levels target."""

    test: Literal["bodies"]
    max_bodies: int | None
    max_levels: int | None = None
    adjacent: bool = False

    @property
    def silent(self) -> bool:
        return self.max_bodies is None and self.max_levels is None and not self.adjacent


class PriorAblationTest(Test):
    test: Literal["prior_ablation"]


class AttestTest(Test):
    """Something no fact carries (age, implants, pregnancy ...): always left to a person."""

    test: Literal["attest"]
    item: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    ask: str


class FindingTest(Test):
    """A finding, sign or used therapy documented as present; for exclusions."""

    test: Literal["finding"]
    kind: Literal["alternative", "radicular", "therapy"]
    values: list[str] = Field(min_length=1)
    severity: Literal["mild", "moderate", "severe"] | None = None


class AllRule(Model):
    all: list[Rule] = Field(min_length=1)


class AnyRule(Model):
    any: list[Rule] = Field(min_length=1)


class Several(Model):
    n: int = Field(ge=1)
    of: list[Rule] = Field(min_length=1)


class NOfRule(Model):
    n_of: Several


def _tag(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    for combinator in ("all", "any", "n_of"):
        if combinator in keys:
            return combinator
    return keys.get("test")


Rule = Annotated[
    Annotated[AllRule, Tag("all")]
    | Annotated[AnyRule, Tag("any")]
    | Annotated[NOfRule, Tag("n_of")]
    | Annotated[DurationTest, Tag("duration")]
    | Annotated[TherapyTest, Tag("therapy")]
    | Annotated[CareDurationTest, Tag("care_duration")]
    | Annotated[CareOutcomeTest, Tag("care_outcome")]
    | Annotated[ImagingTest, Tag("imaging")]
    | Annotated[PainPatternTest, Tag("pain_pattern")]
    | Annotated[AlternativesTest, Tag("alternatives")]
    | Annotated[OdiTest, Tag("odi")]
    | Annotated[PainScoreTest, Tag("pain_score")]
    | Annotated[ImpairmentTest, Tag("impairment")]
    | Annotated[BodiesTest, Tag("bodies")]
    | Annotated[PriorAblationTest, Tag("prior_ablation")]
    | Annotated[AttestTest, Tag("attest")]
    | Annotated[FindingTest, Tag("finding")],
    Discriminator(_tag),
]


class Criterion(Model):
    """`rule` null: the policy is silent here and the criterion is not evaluated."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    source: str = Field(min_length=1)
    source_grade: Grade
    rule: Rule | None


class Exclusion(Model):
    """Something whose documented presence fails the case, sends it to review, or is only a warning."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    says: str = Field(min_length=1)
    source: str = Field(min_length=1)
    source_grade: Grade
    on_match: Literal["fail", "review", "warn"]
    when: Rule


class Claim(Model):
    icd10: list[str] = []
    cpt: list[str] = []
    modifiers: list[str] = []


class Policy(Model):
    """A policy file. `criteria_from` names a policy whose criteria are checked where this one does not cover at all."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    payer: str = Field(min_length=1)
    lines_of_business: list[str] = []
    version: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    source_url: str = Field(min_length=1)
    source_grade: Grade
    position: Literal["covers", "excludes"]
    criteria_from: str | None = None
    criteria: list[Criterion] = []
    exclusions: list[Exclusion] = []
    claim: Claim | None = None
    notes: list[str] = []

    def in_force(self, on: str | date) -> bool:
        """Whether the policy was in force on a day; an open or unknown end counts as in force."""
        day = date.fromisoformat(on) if isinstance(on, str) else on
        return (self.effective_from or day) <= day <= (self.effective_to or day)


Place = tuple[str | int, ...]


def parts_of(rule: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The rule and all rules below it, depth first, each with its place in the file."""
    yield place, rule
    if isinstance(rule, AllRule):
        below: list[Any] = rule.all
        place = (*place, "all")
    elif isinstance(rule, AnyRule):
        below, place = rule.any, (*place, "any")
    elif isinstance(rule, NOfRule):
        below, place = rule.n_of.of, (*place, "n_of", "of")
    else:
        below = []
    for index, child in enumerate(below):
        yield from parts_of(child, (*place, index))


def tests_of(rule: Any) -> Iterator[Test]:
    """The tests of a rule, depth first."""
    return (part for _, part in parts_of(rule) if isinstance(part, Test))


for _model in (AllRule, AnyRule, Several, NOfRule, Criterion, Exclusion, Policy):
    _model.model_rebuild()
