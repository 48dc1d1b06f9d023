"""Facts and charts for tests of everything that comes after the NLP."""
from __future__ import annotations

from itertools import count

from bvn_evidence.criteria import Judgement, Policy, judge, load_policy
from bvn_evidence.schema import ATTRIBUTES, Fact, Note, Verdict

CLINIC, MRI = "2025-06-03_clinic", "2025-04-22_radiology"
_numbers = count()


def fact(kind: str, assertion: str = "present", note: str = CLINIC, patient: str = "P1", **attributes) -> Fact:
    """A fact of a note named `DATE_TYPE` (`undated_TYPE` for none). Attributes not given are null or empty."""
    unknown = set(attributes) - set(ATTRIBUTES[kind])
    assert not unknown, f"{kind} has no attribute {unknown}"
    lists = {"levels", "endplates", "vertebrae"}
    full = {name: attributes.get(name, [] if name in lists else None) for name in ATTRIBUTES[kind]}
    date, note_type = note.split("_")[:2]
    number = next(_numbers)
    return Fact(kind, assertion, number, number + 1, "x", "x", "hpi", f"{kind}.test", full,
                fact_id=f"{patient}/{note}#{number}", patient_id=patient, note_id=f"{patient}/{note}",
                note_date=None if date == "undated" else date, note_type=note_type)


def therapy(modality: str, status: str = "tried", outcome: str = "unknown", weeks: float | None = None, **options) -> Fact:
    sessions = options.pop("sessions", None)
    return fact("therapy", options.pop("assertion", "absent" if status == "not_tried" else "present"), modality=modality,
                status=status, outcome=outcome, duration_weeks=weeks, sessions=sessions, **options)


def alternative(diagnosis: str, assertion: str = "present", note: str = MRI, **attributes) -> Fact:
    return fact("alternative", assertion, note, diagnosis=diagnosis, **{"primary": False, **attributes})


def modic(kind: str = "1", assertion: str = "present", note: str = MRI, levels=("L5-S1",), basis="named", **more) -> Fact:
    return fact("modic", assertion, note, type=kind, basis=basis, levels=list(levels), **more)


def complete() -> list[Fact]:
    """A chart that meets every criterion of the default policy."""
    return [
        fact("symptom_duration", months=36, qualifier="exact"), fact("axial_pain", predominance="axial_only"),
        fact("radicular", "absent", finding="leg_pain"), fact("odi", score=42),
        therapy("physical_therapy", outcome="failed", weeks=9), therapy("nsaid", "ongoing", "partial", 22),
        therapy("activity_modification", "ongoing", "failed"), therapy("conservative_unspecified", outcome="failed", weeks=35),
        modic(), alternative("disc_herniation", "absent"), alternative("central_stenosis", "absent"),
        alternative("facet_arthropathy", severity="mild", levels=["L4-L5"])]


def without(facts: list[Fact], *kinds: str, **attributes) -> list[Fact]:
    """The facts without those of these kinds, or with these attributes."""
    def hit(f: Fact) -> bool:
        return f.kind in kinds or (bool(attributes) and all(f.attributes.get(k) == v for k, v in attributes.items()))
    return [f for f in facts if not hit(f)]


def notes_of(facts: list[Fact]) -> list[Note]:
    made = {f.note_id: Note(f.note_id, f.patient_id, "", note_date=f.note_date, note_type=f.note_type) for f in facts}
    return list(made.values())


def judged(facts: list[Fact], policy: str | Policy = "aspn-2022", as_of: str | None = None, notes=None) -> Judgement:
    return judge("P1", facts, notes_of(facts) if notes is None else notes,
                 load_policy(policy) if isinstance(policy, str) else policy, as_of)


def verdict(judgement: Judgement, criterion: str) -> Verdict:
    return next(v for v in judgement.verdicts if v.criterion == criterion)


def status(facts: list[Fact], criterion: str, **options) -> str:
    return verdict(judged(facts, **options), criterion).status
