"""Reviewers' decisions: a file nothing is lost from, and a run in which they count."""

from __future__ import annotations

import csv
import json
import multiprocessing
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bvn_evidence
from bvn_evidence import reviews as module
from bvn_evidence.errors import UserError
from bvn_evidence.reviews import agreement, append, decide_fact, decide_verdict, fact_item, read, to_gold
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Fact

CLINIC = (
    "HPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. Physical therapy, naproxen and "
    "activity modification for 9 months without relief. ODI 44%.\n"
)
MRI = (
    "MRI LUMBAR SPINE WITHOUT CONTRAST\n\nFINDINGS:\nL4-L5: Modic type 1 endplate changes. Mild disc bulge. No stenosis. "
    "Facets normal.\nIMPRESSION: Modic type 1 change at L4-L5.\n"
)


@pytest.fixture(scope="module")
def notes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    for name, text in {"P1/2024-03-05_radiology.txt": MRI, "P1/2024-04-02_clinic.txt": CLINIC,
                       "P2/2024-04-02_clinic.txt": CLINIC}.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def plain(notes, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("plain") / "out"
    run(notes, out)
    return out


def facts_of(out: Path) -> list[Fact]:
    return [Fact.from_dict(json.loads(line)) for line in (out / "facts.jsonl").read_text().splitlines()]


def rows(out: Path, name: str) -> list[dict[str, str]]:
    with (out / name).open(newline="") as file:
        return list(csv.DictReader(file))


def verdict(out: Path, patient: str, criterion: str) -> dict[str, str]:
    return next(r for r in rows(out, "criteria.csv") if (r["patient_id"], r["criterion"]) == (patient, criterion))


def find(out: Path, kind: str, patient: str = "P1") -> list[Fact]:
    found = [fact for fact in facts_of(out) if fact.kind == kind and fact.patient_id == patient]
    assert found
    return found


def test_a_rejected_fact_leaves_the_evidence_and_the_verdict_follows(notes, plain, tmp_path):
    assert verdict(plain, "P1", "imaging")["status"] == "met"
    for fact in find(plain, "modic"):
        append(tmp_path / "r.jsonl", decide_fact(fact, "A. Lee", "reject", "copied from another chart"))
    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl"))
    assert verdict(tmp_path / "out", "P1", "imaging")["status"] == "missing"
    assert verdict(tmp_path / "out", "P1", "overall")["status"] == "incomplete"
    assert not [fact for fact in facts_of(tmp_path / "out") if fact.kind == "modic"]
    assert verdict(tmp_path / "out", "P2", "overall") == {**verdict(plain, "P2", "overall"), "origin": "auto", "reviewer": ""}


def test_a_corrected_fact_counts_as_corrected_and_says_who_corrected_it(notes, plain, tmp_path):
    fact = find(plain, "odi")[0]
    append(tmp_path / "r.jsonl", decide_fact(fact, "A. Lee", "correct", "it says 14", {"attributes": {"score": 14}}))
    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl", workers=2))
    corrected = find(tmp_path / "out", "odi")[0]
    assert corrected.attributes["score"] == 14 and corrected.fact_id == fact.fact_id
    assert corrected.review["found"]["attributes"] == fact.attributes and corrected.review["why"] == "it says 14"
    assert fact_item(corrected) == fact_item(fact)
    row = next(r for r in rows(tmp_path / "out", "facts.csv") if r["fact_id"] == fact.fact_id)
    assert list(row)[-2:] == ["origin", "reviewer"] and (row["score"], row["origin"], row["reviewer"]) == ("14", "corrected", "A. Lee")
    assert "14" in verdict(tmp_path / "out", "P1", "function")["rationale"]
    assert next(r for r in rows(tmp_path / "out", "patients.csv") if r["patient_id"] == "P1")["odi"] == "14"


def test_a_verdict_set_by_a_person_stands_with_its_origin_and_decides_the_overall(notes, plain, tmp_path):
    file, said = tmp_path / "r.jsonl", verdict(plain, "P2", "imaging")["status"]
    assert said == "missing"
    append(file, decide_verdict("P2", "aspn-2022", "imaging", said, "B. Ruiz", "correct", "MRI on the portal", "met"))
    append(file, decide_verdict("P1", "aspn-2022", "imaging", "met", "B. Ruiz", "accept"))
    append(file, decide_verdict("P1", "aspn-2022", "function", "met", "B. Ruiz", "reject", "questionnaire of a relative"))
    said = verdict(plain, "P1", "conservative_care")["status"]
    append(file, decide_verdict("P1", "aspn-2022", "conservative_care", said, "B. Ruiz", "correct", "9 months in all", "met"))
    run(notes, tmp_path / "out", Options(reviews=file))
    row = verdict(tmp_path / "out", "P2", "imaging")
    assert (row["status"], row["origin"], row["reviewer"], row["missing_items"]) == ("met", "overridden", "B. Ruiz", "")
    assert "B. Ruiz" in row["rationale"] and "MRI on the portal" in row["rationale"]
    assert "imaging" not in verdict(tmp_path / "out", "P2", "overall")["rationale"].lower()
    assert verdict(tmp_path / "out", "P1", "imaging")["origin"] == "accepted"
    assert verdict(tmp_path / "out", "P1", "function")["status"] == "review"
    assert verdict(tmp_path / "out", "P1", "overall")["status"] == "review"
    missing = (tmp_path / "out/missing.md").read_text()
    assert "MRI" not in missing.partition("## P2")[2]


def test_an_accepted_verdict_that_changed_since_is_the_programs_own_again(notes, plain, tmp_path):
    append(tmp_path / "r.jsonl", decide_verdict("P2", "aspn-2022", "imaging", "met", "B. Ruiz", "accept"))
    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl"))
    row = verdict(tmp_path / "out", "P2", "imaging")
    assert (row["status"], row["origin"]) == ("missing", "auto")


def test_without_reviews_the_tables_are_what_they_were(notes, plain):
    assert "origin" not in (plain / "criteria.csv").read_text() and "review\"" not in (plain / "facts.jsonl").read_text()
    assert "reviews" not in json.loads((plain / "run.json").read_text())


def test_a_run_with_reviews_can_be_resumed_without_them(notes, plain, tmp_path):
    append(tmp_path / "r.jsonl", decide_fact(find(plain, "odi")[0], "A", "reject", "other patient"))
    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl"))
    run(notes, tmp_path / "out", Options(resume=True))
    for name in ("facts.jsonl", "criteria.csv", "facts.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (plain / name).read_bytes()


def test_decisions_about_facts_no_longer_there_are_counted(notes, plain, tmp_path):
    fact = find(plain, "odi")[0]
    fact.attributes = {"score": 99}
    append(tmp_path / "r.jsonl", decide_fact(fact, "A", "reject", "no"))
    append(tmp_path / "r.jsonl", decide_verdict("P9", "aspn-2022", "imaging", "met", "A", "accept"))
    with (tmp_path / "r.jsonl").open("a") as file:
        file.write('{"when": "2024')
    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl"))
    told = json.loads((tmp_path / "out/run.json").read_text())["reviews"]
    assert (told["decisions"], told["of_facts_no_longer_found"], told["of_other_patients"], told["damaged_lines"]) == (2, 1, 1, 1)
    assert find(tmp_path / "out", "odi")


def test_results_in_python_carry_the_origin(notes, plain, tmp_path):
    append(tmp_path / "r.jsonl", decide_fact(find(plain, "odi")[0], "A", "accept"))
    results = bvn_evidence.run(notes, reviews=tmp_path / "r.jsonl")
    odi = results.facts[(results.facts.kind == "odi") & (results.facts.patient_id == "P1")].iloc[0]
    assert (odi.origin, odi.reviewer, odi.review["reviewer"]) == ("accepted", "A", "A")
    assert "origin" in results.criteria and "origin" not in bvn_evidence.run(notes).facts


def test_two_reviewers_agree_as_far_as_cohens_kappa_says(plain, tmp_path):
    file, facts = tmp_path / "r.jsonl", facts_of(plain)[:6]
    for n, fact in enumerate(facts):
        append(file, decide_fact(fact, "A", "accept" if n < 3 else "reject", "why"))
        append(file, decide_fact(fact, "B", "accept" if n < 2 else "reject", "why"))
    append(file, decide_fact(facts[0], "A", "reject", "changed my mind"))
    append(file, decide_fact(facts[0], "A", "accept"))
    found = bvn_evidence.reviews.agreement(file, "A", "B")
    assert found.n == 6 and found.observed == pytest.approx(5 / 6, abs=1e-4)
    assert found.kappa == pytest.approx(2 / 3, abs=1e-4)  # (5/6 - 1/2) / (1 - 1/2)
    assert [item for item, _, _ in found.differ] == [fact_item(facts[2])]
    with pytest.raises(UserError, match="no item in common"):
        agreement(file, "A", "nobody")


def test_reviewed_notes_become_gold_that_the_corrected_facts_score_full_marks_on(notes, plain, tmp_path):
    modic, odi = find(plain, "modic")[0], find(plain, "odi")[0]
    append(tmp_path / "r.jsonl", decide_fact(odi, "A", "correct", "x", {"attributes": {"score": 14}, "assertion": "historical"}))
    append(tmp_path / "r.jsonl", decide_fact(modic, "A", "reject", "x"))
    gold = tmp_path / "gold_facts.jsonl"
    assert to_gold(facts_of(plain), read(tmp_path / "r.jsonl"), gold) == 2
    notes_of = {row["note_id"]: row["facts"] for row in map(json.loads, gold.read_text().splitlines())}
    clinic = next(fact for fact in notes_of[odi.note_id] if fact["kind"] == "odi")
    assert (clinic["score"], clinic["assertion"], clinic["quote"]) == (14, "historical", odi.text)
    assert len(notes_of[modic.note_id]) == len([f for f in facts_of(plain) if f.note_id == modic.note_id]) - 1
    from bvn_evidence.evaluate import evaluate

    run(notes, tmp_path / "out", Options(reviews=tmp_path / "r.jsonl"))
    assert evaluate(tmp_path, tmp_path / "out/facts.jsonl")["kinds"]["all"]["f1"] == 1.0
    assert evaluate(tmp_path, plain / "facts.jsonl")["kinds"]["all"]["f1"] < 1.0
    with pytest.raises(UserError, match="give a new file"):
        to_gold([], read(tmp_path / "r.jsonl"), gold)
    assert to_gold(facts_of(plain), read(tmp_path / "r.jsonl"), tmp_path / "c.jsonl", complete=True) == 0


def test_the_file_is_private_and_only_grows(plain, tmp_path):
    file = tmp_path / "r.jsonl"
    append(file, decide_fact(facts_of(plain)[0], "A", "accept"))
    before = file.read_bytes()
    append(file, decide_fact(facts_of(plain)[0], "A", "reject", "why"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(before) and len(read(file).decisions) == 2
    assert [one.what for one in read(file).latest().values()] == ["reject"]


@pytest.mark.parametrize(
    ("what", "why", "change", "told"),
    [
        ("reject", "", None, "needs a reason"),
        ("correct", "x", None, "must give it"),
        ("accept", "x", {"assertion": "absent"}, "only a correction"),
        ("correct", "x", {"assertion": "gone"}, "is no assertion"),
        ("correct", "x", {"attributes": {"type": "4"}}, "give one of 1, 2, 3"),
        ("correct", "x", {"attributes": {"levels": "L4-L5"}}, "give a list"),
        ("correct", "x", {"attributes": {"levels": ["C5-C6"]}}, "give a list"),
        ("correct", "x", {"attributes": {"score": 4}}, "has no attribute"),
        ("correct", "x", {"attributes": {"type": None}}, "cannot be empty"),
        ("maybe", "x", None, "is no decision"),
    ],
)
def test_a_decision_that_says_nothing_sound_is_refused_with_what_to_do(plain, what, why, change, told):
    with pytest.raises(UserError, match=told):
        decide_fact(find(plain, "modic")[0], "A", what, why, change)


def test_other_files_are_refused(tmp_path):
    for content in ("hello\n", '{"a": 1}\n', "[1]\n[2]\n"):
        (tmp_path / "x").write_text(content)
        with pytest.raises(UserError, match="holds no decision"):
            read(tmp_path / "x")
    with pytest.raises(UserError, match="cannot read"):
        read(tmp_path / "none")


words = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: text.strip())
decisions = st.builds(
    lambda fact, who, what, why: decide_fact(fact, who, what, why, {"assertion": "absent"} if what == "correct" else None),
    st.builds(
        lambda start, text, score: Fact("odi", "present", start, start + len(text), text, text, "hpi", "odi.score", {"score": score}, patient_id="P", note_id="P/n"),
        st.integers(0, 10**6), words, st.one_of(st.none(), st.floats(0, 100)),
    ),
    words, st.sampled_from(module.WHAT), words,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(decisions, max_size=6), st.integers(0, 200), st.lists(decisions, max_size=3))
def test_whatever_is_appended_is_read_back_also_after_a_torn_line(first, cut, later):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "r.jsonl"
        file.touch()
        for decision in first:
            append(file, decision)
        assert read(file).decisions == first and not read(file).damaged
        torn = b'{"when": "2024-01-01T00:00:00Z", "reviewer": "A", "what": "accept", "item": ["fact"'[:cut]
        with file.open("ab") as raw:
            raw.write(torn)
        if first:
            assert read(file).decisions == first
        for decision in later:
            append(file, decision)
        if first or later:
            assert read(file).decisions == first + later and len(read(file).damaged) == bool(torn)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_whatsoever_break_the_reading(data):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "r.jsonl"
        file.write_bytes(data)
        try:
            assert read(file).decisions == []
        except UserError as error:
            assert "\n" not in str(error)


def _write_many(file: str, name: str) -> None:
    for number in range(50):
        append(file, decide_verdict(f"P{number}", "aspn-2022", "imaging", "met", name, "reject", "x" * 5000))


def test_writers_beside_each_other_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(tmp_path / "r.jsonl"), name)) for name in "AB"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    reviews = read(tmp_path / "r.jsonl")
    assert len(reviews.decisions) == 100 and not reviews.damaged
