"""How found facts compare with gold: keys, counts, intervals. Numbers only; `evaluate` reads, `accuracy_view` prints.

A fact counts as found where its key is the same: its kind, the attributes that say what it states, its assertion. A
fact over several levels counts once a level. Attributes that are not in the key are scored on the facts found.
"""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .schema import KINDS

Key = tuple[Any, ...]
ROUNDS = 1000
SEED = 20240101

_DETAILS = {"modic": ("basis", "endplates"), "symptom_duration": ("qualifier",), "radicular": ("side",),
            "therapy": ("outcome", "duration_weeks", "sessions"), "pain_score": ("max",),
            "alternative": ("side", "severity", "primary", "vertebrae"), "code": ("system",)}


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)


def keys(fact: dict[str, Any]) -> list[Key]:
    """The keys of a fact (attributes at the top level), without its assertion; empty where it is not compared."""
    kind, get = fact["kind"], fact.get
    levels = get("levels") or ["-"]
    if kind == "modic":
        return [(kind, str(get("type")), level) for level in levels]
    if kind == "symptom_duration":
        return [(kind, _whole(get("months")))]
    if kind == "radicular":
        return [(kind, get("finding"))]
    if kind == "axial_pain":
        return [(kind, get("predominance"))]
    if kind == "therapy":  # tried and ongoing both say "used"; the ablation itself is no conservative care
        status = "used" if get("status") in ("tried", "ongoing") else get("status")
        return [] if get("modality") == "bvn_ablation" else [(kind, get("modality"), status)]
    if kind == "odi":
        return [(kind, get("category") if get("score") is None else _whole(get("score")))]
    if kind == "pain_score":
        return [(kind, _number(get("score")))]
    if kind == "functional_impairment":
        return [(kind, get("activity"))]
    if kind == "alternative":
        return [(kind, get("diagnosis"), level) for level in levels]
    return [(kind, str(get("code")).upper())]


@dataclass(slots=True)
class NoteScore:
    """The keys of one note, with assertion: what gold has, what was found."""
    note_id: str
    note_type: str
    gold: set[Key]
    found: set[Key]


@dataclass(slots=True)
class Scores:
    """All that is counted over a set of notes."""
    notes: list[NoteScore] = field(default_factory=list)
    details: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, note_id: str, note_type: str, gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
        """Count one note; facts with their attributes at the top level."""
        self.notes.append(NoteScore(note_id, note_type, _keys(gold), _keys(found)))
        _count_details(self.details, gold, found)


def _keys(facts: Iterable[dict[str, Any]]) -> set[Key]:
    return {(*key, fact.get("assertion")) for fact in facts for key in keys(fact)}


def _count_details(details: dict[str, Counter[str]], gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    by_key: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for fact in found:
        for key in keys(fact):
            by_key[key].append(fact)
    for fact in gold:
        same = [other for key in keys(fact) for other in by_key.get(key, ())]
        if not same:
            continue
        for name in _DETAILS.get(fact["kind"], ()):
            if fact["kind"] == "therapy" and name != "outcome" and fact.get(name) is None:
                continue
            counter = details[f"{fact['kind']}.{name}"]
            counter["n"] += 1
            counter["right"] += any(_same(name, fact.get(name), other.get(name)) for other in same)


def _same(name: str, wanted: Any, got: Any) -> bool:
    if name == "duration_weeks":
        wanted, got = _number(wanted), _number(got)
        return wanted is not None and got is not None and abs(wanted - got) <= max(1.0, wanted * 0.1)
    if name in ("endplates", "vertebrae"):
        return sorted(wanted or []) == sorted(got or [])
    if name in ("sessions", "max"):
        return _number(wanted) == _number(got)
    return (wanted or None) == (got or None) or (name == "outcome" and (wanted or "unknown") == (got or "unknown"))


def table(notes: list[NoteScore], groups: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 with 95 % bootstrap intervals over notes, a row for each named group of keys.

    `groups` maps a name to a test on keys (assertion last). A group without a key in gold or found has no row.
    """
    import numpy as np

    weights = np.random.default_rng(SEED).multinomial(len(notes), np.full(len(notes), 1 / max(len(notes), 1)), ROUNDS)
    rows = {}
    for name, belongs in groups.items():
        gold = [{key for key in note.gold if belongs(key)} for note in notes]
        found = [{key for key in note.found if belongs(key)} for note in notes]
        counts = np.array([[len(g & f), len(f - g), len(g - f)] for g, f in zip(gold, found, strict=True)])
        if not counts.size or not counts.sum():
            continue
        rows[name] = _row(gold, found) | _interval(weights @ counts)
    return rows


def _row(gold: list[set[Key]], found: list[set[Key]]) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_fscore_support

    truth, guess = [], []
    for wanted, got in zip(gold, found, strict=True):
        for key in wanted | got:
            truth.append(key in wanted)
            guess.append(key in got)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, average="binary", zero_division=0)
    return {"gold": sum(truth), "found": sum(guess), "precision": round(float(precision), 4),
            "recall": round(float(recall), 4), "f1": round(float(f1), 4)}


def _interval(counts: Any) -> dict[str, Any]:
    import numpy as np

    tp, fp, fn = counts[:, 0], counts[:, 1], counts[:, 2]
    whole = 2 * tp + fp + fn
    f1 = (2 * tp / np.where(whole, whole, 1))[whole > 0]
    low, high = np.percentile(f1, [2.5, 97.5]) if f1.size else (0.0, 0.0)
    return {"f1_low": round(float(low), 4), "f1_high": round(float(high), 4)}


def by_kind(scores: Scores) -> dict[str, dict[str, Any]]:
    """A row a kind, with the F1 that leaves the assertion out of account, and the micro average `all`."""
    groups = {kind: (lambda key, kind=kind: key[0] == kind) for kind in KINDS}
    rows = table(scores.notes, {**groups, "all": lambda key: True})
    loose = [NoteScore(note.note_id, note.note_type, {key[:-1] for key in note.gold}, {key[:-1] for key in note.found})
             for note in scores.notes]
    for name, row in table(loose, {**groups, "all": lambda key: True}).items():
        rows[name]["f1_without_assertion"] = row["f1"]
    return rows


def by_assertion(scores: Scores) -> dict[str, dict[str, Any]]:
    """A row an assertion, over all kinds."""
    names = sorted({key[-1] for note in scores.notes for key in note.gold | note.found})
    return table(scores.notes, {name: (lambda key, name=name: key[-1] == name) for name in names})


def by_note_type(scores: Scores) -> dict[str, dict[str, Any]]:
    """A row a note type, over all kinds."""
    rows = {}
    for name in sorted({note.note_type for note in scores.notes}):
        notes = [note for note in scores.notes if note.note_type == name]
        for row in table(notes, {"all": lambda key: True}).values():
            rows[name] = row
    return rows


def attributes(scores: Scores) -> dict[str, dict[str, Any]]:
    """Of the facts found, how many carry the right value of each further attribute."""
    return {name: {"n": counter["n"], "accuracy": round(counter["right"] / counter["n"], 4)}
            for name, counter in sorted(scores.details.items()) if counter["n"]}


def criteria(gold: list[dict[str, Any]], have: dict[tuple[str, str], str]) -> dict[str, Any]:
    """Agreement per criterion (with Cohen's kappa), confusion, and the count of false "met"."""
    from sklearn.metrics import accuracy_score, cohen_kappa_score

    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    wrong = []
    for patient in gold:
        for name, status in {**patient["criteria"], "overall": patient["overall"]}.items():
            got = have.get((patient["patient_id"], name), "no row")
            pairs[name].append((status, got))
            if got != status:
                wrong.append({"patient_id": patient["patient_id"], "criterion": name, "gold": status, "found": got})
    rows = {}
    for name, both in pairs.items():
        truth, guess = zip(*both, strict=True)
        kappa = float(cohen_kappa_score(truth, guess)) if len({*truth, *guess}) > 1 else 1.0
        agreement = float(accuracy_score(truth, guess))
        rows[name] = {"n": len(both), "agreement": round(agreement, 4), "kappa": round(kappa, 4)}
    confusion = Counter((row["criterion"], row["gold"], row["found"]) for row in wrong)
    return {"rows": rows, "wrong": wrong, "false_met": sum(row["found"] == "met" for row in wrong),
            "confusion": [{"criterion": c, "gold": g, "found": f, "n": n} for (c, g, f), n in confusion.most_common()]}
