"""A reviewed run over notes that are hard to export, for the tests of `export`; made once a test process."""

from __future__ import annotations

import atexit
import csv
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from bvn_evidence.reviews import append, decide_fact, decide_verdict
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Fact
from hostile import write_notes

LONG = "He has low back pain " + "and worries about " * 60 + "his work, denies sciatica " + "and goes on " * 30 + "to the end."
MORE = {
    "2024-05-01_clinic": (
        "😀 HPI: mother had Modic changes. Possible sciatica. Resolved left leg pain.\r\nIf leg weakness develops, call us. "
        "Physical therapy was tried for 8 weeks. Chiropractic care was declined. Epidural injection is planned. "
        "Diagnosis: M54.51. =1+1 is a formula.\r\n"
    ),
    "2024-05-02_clinic": LONG,
    "2024-05-03_clinic": "Low back pain for 2 years.\x00 ODI 36%. Pain 7/10. A_x0041_B \ufffe and <r>sciatica</r>",
    "a note without a date " + "x" * 60: "<r>Denies leg pain.</r>",
}


@cache
def reviewed_run() -> tuple[Path, Path]:
    """The notes (a table) and the finished run; a fact is rejected, one corrected, one accepted, a verdict overridden."""
    home = Path(mkdtemp(prefix="exported"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    notes = write_notes(home)
    with notes.open("a", encoding="utf-8") as table:
        for note_id, text in MORE.items():
            table.write(json.dumps({"patient_id": "P004", "note_id": note_id, "text": text}) + "\n")
    run(notes, home / "plain", Options(report=False))
    facts = {kind: fact for fact in facts_of(home / "plain") if fact.patient_id == "P001" for kind in [fact.kind]}
    file = home / "reviews.jsonl"
    append(file, decide_fact(facts["pain_score"], "A. Lee", "reject", "of another patient"))
    append(file, decide_fact(facts["odi"], "A. Lee", "correct", "it says 46", {"attributes": {"score": 46}}))
    append(file, decide_fact(facts["axial_pain"], "A. Lee", "accept"))
    append(file, decide_verdict("P002", "aspn-2022", "imaging", "missing", "B. Ruiz", "correct", "MRI seen", "met"))
    run(notes, home / "out", Options(policies=("aspn-2022", "cam-394"), reviews=file, report=False))
    return notes, home / "out"


def facts_of(out: Path) -> list[Fact]:
    return [Fact.from_dict(json.loads(line)) for line in (out / "facts.jsonl").read_text("utf-8").splitlines()]


def texts_of(notes: Path) -> dict[str, str]:
    return {row["note_id"]: row["text"] for row in map(json.loads, notes.read_text("utf-8").splitlines())}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
