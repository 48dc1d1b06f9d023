"""What reviewers decided: a file that only grows, how facts are recognised in it, agreement, and new gold.

`reviews.jsonl` holds one decision a line (who, when, what, why, about which item, and what the program had said). A
line is never changed; of one reviewer's decisions about an item the last counts, and where reviewers differ the latest
does. A fact is recognised by its place and by what it states, so a decision never carries over to another statement.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .corpus import printable
from .errors import RunError, UserError
from .schema import KINDS, Fact
from .values import check_change

try:
    import fcntl
except ImportError:  # Windows: no advisory locks; O_APPEND alone keeps lines apart there
    fcntl = None  # type: ignore[assignment]

NAME = "reviews.jsonl"
WHAT = ("accept", "reject", "correct")
STATUSES = ("met", "not_met", "missing", "review")
OVERALL = ("met", "not_met", "incomplete", "review", "excluded")
Item = tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Decision:
    """One decision. `when` is UTC, ISO; `change` is what a correction sets (`assertion`, `attributes`; of a verdict
    `status`); `seen` is what the program said: the fact as in facts.jsonl, or the verdict's `status`."""

    reviewer: str
    when: str
    what: str
    item: Item
    patient_id: str
    why: str = ""
    change: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Reviews:
    """The decisions of a file in their order, and the numbers of the lines that are none (torn or damaged)."""

    decisions: list[Decision] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    sha256: str = ""

    def latest(self, reviewer: str | None = None) -> dict[Item, Decision]:
        """The decision that counts for each item: the last of this reviewer, or of all."""
        mine = (one for one in self.decisions if reviewer is None or one.reviewer == reviewer)
        return {one.item: one for one in mine}

    def by_patient(self) -> dict[str, dict[Item, Decision]]:
        """`latest`, by patient id."""
        grouped: dict[str, dict[Item, Decision]] = defaultdict(dict)
        for item, decision in self.latest().items():
            grouped[decision.patient_id][item] = decision
        return dict(grouped)


def fact_item(fact: Fact) -> Item:
    """What a fact is recognised by: note, kind, offsets and a hash of its words, assertion and attributes, all as the
    program found them (a corrected fact keeps the item of what it corrects)."""
    found = (fact.review or {}).get("found", {})
    attributes = found.get("attributes", fact.attributes)
    states = [fact.text, found.get("assertion", fact.assertion), _plain(attributes)]
    digest = hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest()[:16]
    return ("fact", fact.note_id, fact.kind, str(fact.start), str(fact.end), digest)


def verdict_item(patient_id: str, policy: str, criterion: str) -> Item:
    """What a verdict is recognised by."""
    return ("verdict", patient_id, policy, criterion)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without those that say nothing, numbers in one form: the same from JSON and from a table."""
    kept = {name: value for name, value in attributes.items() if value not in (None, "", [], ()) and value == value}
    return {
        name: float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
        for name, value in kept.items()
    }


def decide_fact(fact: Fact, reviewer: str, what: str, why: str = "", change: dict[str, Any] | None = None) -> Decision:
    """A decision about a fact; `change` has the `assertion` and `attributes` that are right. Raises UserError."""
    seen = fact.to_dict()
    review = seen.pop("review", None)
    seen.update(review["found"] if review and "found" in review else {})
    item, by, right = fact_item(fact), reviewer.strip(), change or {}
    decision = Decision(by, _now(), what, item, fact.patient_id, why.strip(), right, seen)
    _check(decision)
    return decision


def decide_verdict(
    patient_id: str, policy: str, criterion: str, status: str, reviewer: str, what: str, why: str = "",
    to: str | None = None,
) -> Decision:  # fmt: skip
    """A decision about a verdict: `status` is the program's, `to` the one that is right. Raises UserError."""
    item, change = verdict_item(patient_id, policy, criterion), {"status": to} if to else {}
    decision = Decision(reviewer.strip(), _now(), what, item, patient_id, why.strip(), change, {"status": status})
    _check(decision)
    return decision


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _check(decision: Decision) -> None:
    if not decision.reviewer:
        raise UserError("a decision needs the name of its reviewer")
    if decision.what not in WHAT:
        raise UserError(f"{decision.what!r} is no decision; give accept, reject or correct")
    if decision.what != "accept" and not decision.why:
        raise UserError(f"to {decision.what} needs a reason, so that others can follow it")
    if (decision.what == "correct") != bool(decision.change):
        raise UserError("only a correction gives what is right, and it must give it")
    if decision.what != "correct":
        return
    if decision.item[0] == "fact":
        check_change(decision.item[2], decision.change)
        return
    allowed = OVERALL if decision.item[3] == "overall" else STATUSES
    if decision.change.get("status") not in allowed:
        raise UserError(f"{decision.change.get('status')!r} is no status here; give one of {', '.join(allowed)}")


def append(file: str | Path, decision: Decision) -> None:
    """Add a decision to the file (made private, 0600) and see it onto the disk; safe beside other writers."""
    path = Path(file)
    line = json.dumps(
        {
            "when": decision.when,
            "reviewer": decision.reviewer,
            "what": decision.what,
            "patient_id": decision.patient_id,
            "item": list(decision.item),
            "why": decision.why,
            "change": decision.change,
            "seen": decision.seen,
        }
    ).encode()
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
            data = (b"" if whole else b"\n") + line + b"\n"
            while data:
                data = data[os.write(handle, data) :]
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise RunError(
            f"cannot write to {printable(str(path))}: {error.strerror}; the decision was not saved"
        ) from None


def read(file: str | Path) -> Reviews:
    """The decisions of a file. A line cut off by a crash is passed over and listed in `damaged`; raises UserError where
    the file cannot be read or holds no decision but other things."""
    shown = printable(str(file))
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {shown}: {error.strerror}; give the reviews.jsonl of a reviewer's desk") from None
    reviews = Reviews(sha256=hashlib.sha256(data).hexdigest())
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        decision = _parsed(line)
        if decision is None:
            reviews.damaged.append(number)
        else:
            reviews.decisions.append(decision)
    if reviews.damaged and not reviews.decisions:
        raise UserError(f"{shown} holds no decision; give the reviews.jsonl of a reviewer's desk")
    return reviews


def _parsed(line: bytes) -> Decision | None:
    """A line as a decision; None where it is none, so that whatever stands in the file nothing downstream fails."""
    try:
        row = json.loads(line)
        item = tuple(row["item"])
        texts = [row[name] for name in ("reviewer", "when", "what", "patient_id", "why")] + list(item)
        if not all(isinstance(text, str) for text in texts) or not _is_item(item):
            return None
        decision = Decision(
            row["reviewer"], row["when"], row["what"], item, row["patient_id"], row["why"], dict(row["change"]),
            dict(row["seen"]),
        )  # fmt: skip
        _check(decision)
        if item[0] == "fact":
            Fact.from_dict(decision.seen)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UserError):
        return None
    return decision


def _is_item(item: Item) -> bool:
    if item[:1] == ("fact",):
        return len(item) == 6 and item[2] in KINDS
    return item[:1] == ("verdict",) and len(item) == 4


@dataclass(slots=True, frozen=True)
class Agreement:
    """How far two reviewers agree over the items both decided: Cohen's kappa, the share, and where they differ."""

    kappa: float
    observed: float
    n: int
    differ: list[tuple[Item, str, str]]


def agreement(file: str | Path, reviewer_a: str, reviewer_b: str) -> Agreement:
    """Agreement of two reviewers; corrections agree where they say the same. Raises UserError without a common item."""
    from sklearn.metrics import cohen_kappa_score

    reviews = read(file)
    first, second = reviews.latest(reviewer_a), reviews.latest(reviewer_b)
    both = [item for item in first if item in second]
    if not both:
        names = ", ".join(sorted({one.reviewer for one in reviews.decisions})) or "nobody"
        raise UserError(f"{reviewer_a} and {reviewer_b} decided no item in common; the file has decisions of {names}")
    labels = [(_label(first[item]), _label(second[item])) for item in both]
    same = sum(a == b for a, b in labels)
    one_label = len({label for pair in labels for label in pair}) == 1
    kappa = 1.0 if one_label else float(cohen_kappa_score(*zip(*labels, strict=True)))
    differ = [(item, a, b) for item, (a, b) in zip(both, labels, strict=True) if a != b]
    return Agreement(round(kappa, 4), round(same / len(both), 4), len(both), differ)


def _label(decision: Decision) -> str:
    if decision.what != "correct":
        return decision.what
    change = decision.change
    stated = {**change, "attributes": _plain(change["attributes"])} if "attributes" in change else change
    return f"correct {json.dumps(stated, sort_keys=True)}"


def to_gold(facts: Iterable[Fact], reviews: Reviews, file: str | Path, complete: bool = False) -> int:
    """Write the notes somebody reviewed as gold (`gold_facts.jsonl`: a note a line, with its facts as they stand after
    review) and return their number. `facts` are the program's; with `complete`, only notes of which every fact was
    decided count. The file is new: raises UserError where it exists."""
    from .reviewed import standing

    latest = reviews.latest()
    by_note: dict[str, list[Fact]] = {one.item[1]: [] for one in latest.values() if one.item[0] == "fact"}
    for fact in facts:
        if fact.note_id in by_note:
            by_note[fact.note_id].append(fact)
    if complete:
        by_note = {note: found for note, found in by_note.items() if all(fact_item(f) in latest for f in found)}
    try:
        with open(file, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            for note_id, found in sorted(by_note.items()):
                rows = [_gold(fact) for fact in standing(found, latest)]
                out.write(json.dumps({"note_id": note_id, "facts": rows}, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {printable(str(file))}: {error.strerror}; give a new file") from None
    return len(by_note)


def _gold(fact: Fact) -> dict[str, Any]:
    return {"kind": fact.kind, **fact.attributes, "assertion": fact.assertion, "quote": fact.text}
