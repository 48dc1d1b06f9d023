"""The desk on its Python side: what the browser is given, and what becomes of what it sends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bvn_evidence
from bvn_evidence.desk.note import Mark, lanes, pieces
from bvn_evidence.errors import UserError
from bvn_evidence.reviews import append, decide_fact, read
from bvn_evidence.runner import Options, run

CLINIC = (
    "HPI: 51-year-old with axial low back pain for 3 years. Denies leg pain. Physical therapy for 8 weeks without "
    "relief. ODI 44%.\r\n<script>alert(1)</script> \U0001f600\r\n"
)
MRI = "MRI LUMBAR SPINE\n\nFINDINGS:\nL4-L5: Modic type 1 endplate changes. Mild disc bulge. No stenosis. Facets normal.\n"


@pytest.fixture(scope="module")
def notes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    for name, text in {"P1/2024-03-05_radiology.txt": MRI, "P1/2024-04-02_clinic.txt": CLINIC,
                       "P2/2024-04-02_clinic.txt": CLINIC}.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture(scope="module")
def out(notes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "out"
    run(notes, folder, Options(("aspn-2022", "uhc")))
    return folder


@pytest.fixture(scope="module")
def results(notes):
    return bvn_evidence.run(notes)


@pytest.fixture
def desk(out, notes, tmp_path):
    return bvn_evidence.Desk(out, notes, reviews=tmp_path / "r.jsonl", reviewer="A. Lee")


def status(desk, criterion: str) -> str:
    return next(row["status"] for row in desk.chart["verdicts"] if row["criterion"] == criterion)


def facts(desk, kind: str) -> list[dict]:
    found = [fact for fact in desk.chart["facts"].values() if fact["kind"] == kind]
    assert found
    return found


def test_the_chart_leads_from_a_verdict_to_the_words_in_the_note(desk):
    assert [row["id"] for row in desk.patients] == ["P1", "P2"] and desk.chart["patient"] == "P1"
    imaging = next(row for row in desk.chart["verdicts"] if row["criterion"] == "imaging")
    key = imaging["evidence"][0]
    note = next(one for one in desk.chart["notes"] if one["id"] == desk.chart["facts"][key]["note"])
    assert "".join(piece["t"] for piece in note["pieces"]) == MRI
    assert "".join(piece["t"] for piece in note["pieces"] if key in piece.get("fact", ())) == desk.chart["facts"][key]["text"]
    assert "".join(piece["t"] for piece in note["pieces"] if key in piece.get("level", ())) == "L4-L5"
    denied = next(fact for fact in facts(desk, "radicular") if fact["assertion"] == "absent")
    clinic = next(one for one in desk.chart["notes"] if one["id"] == denied["note"])
    assert "".join(piece["t"] for piece in clinic["pieces"] if denied["key"] in piece.get("cue", ())).lower() == "denies"
    assert "".join(piece["t"] for piece in clinic["pieces"]) == CLINIC


def test_a_criterion_without_evidence_leads_to_what_the_chart_has_on_it(desk):
    care = next(row for row in desk.chart["verdicts"] if row["criterion"] == "conservative_care")
    shown = {desk.chart["facts"][key]["kind"] for key in care["evidence"] + care["related"]}
    assert care["status"] == "missing" and shown == {"therapy"} and care["asks"]


def test_a_decision_is_written_down_and_the_verdict_follows(desk, tmp_path):
    assert status(desk, "imaging") == "met"
    for fact in facts(desk, "modic"):
        desk.decide("reject", fact=fact["id"], why="another patient")
    assert status(desk, "imaging") == "missing" and desk.patients[0]["criteria"]["imaging"] == "missing"
    assert {fact["decision"]["what"] for fact in facts(desk, "modic")} == {"reject"}
    for fact in facts(desk, "modic"):
        desk.decide("accept", fact=fact["key"])
    assert status(desk, "imaging") == "met"
    assert {one.what for one in read(tmp_path / "r.jsonl").decisions} == {"accept", "reject"}


def test_what_the_browser_sends_is_done_or_told_in_one_line(desk, tmp_path):
    def send(**message):
        desk._heard(desk, message, [])
        return desk.said

    odi = facts(desk, "odi")[0]["key"]
    said = send(do="decide", what="correct", fact=odi, change={"attributes": {"score": 14}}, why="form", reviewer="B")
    assert "function: met → not met" in said["text"] and desk.reviewer == "B"
    said = send(do="decide", what="correct", criterion="function", change={"status": "met"}, why="older form", reviewer="B")
    assert status(desk, "function") == "met" and "error" not in said
    assert send(do="policy", policy="uhc")["text"] == "" and desk.policy == "uhc"
    assert send(do="open", patient="P2") and desk.chart["patient"] == "P2"
    before = (tmp_path / "r.jsonl").read_bytes()
    for bad in ({"do": "open", "patient": "P9"}, {"do": "policy", "policy": "none"}, {"do": "decide"}, {}, {"do": 1},
                {"do": "decide", "what": "reject", "fact": "x", "why": "w", "reviewer": "B"},
                {"do": "decide", "what": "accept", "criterion": "imaging", "reviewer": ""},
                {"do": "decide", "what": "reject", "criterion": "imaging", "reviewer": "B", "why": " "}):  # fmt: skip
        said = send(**bad)
        assert said["error"] and "\n" not in said["error"] and "Traceback" not in said["error"]
    assert (tmp_path / "r.jsonl").read_bytes() == before


def test_an_accepted_overall_stands_while_the_status_it_was_given_to_does(desk):
    desk.decide("correct", criterion="conservative_care", change={"status": "met"}, why="letter")
    said = status(desk, "overall")
    desk.decide("accept", criterion="overall")
    overall = next(row for row in desk.chart["verdicts"] if row["criterion"] == "overall")
    assert overall["decision"]["what"] == "accept" and overall["status"] == said
    desk.decide("correct", criterion="imaging", change={"status": "missing"}, why="no scan")
    overall = next(row for row in desk.chart["verdicts"] if row["criterion"] == "overall")
    assert overall["status"] == "incomplete" and (overall["decision"] is None or said == "incomplete")


def test_results_and_run_folder_give_the_same_desk(results, out, notes, tmp_path):
    first = bvn_evidence.Desk(out, notes, reviews=tmp_path / "a.jsonl", reviewer="A", policy="aspn-2022")
    second = bvn_evidence.Desk(results, notes, reviews=tmp_path / "b.jsonl", reviewer="A")
    assert first.chart["facts"].keys() == second.chart["facts"].keys()
    assert first.chart["verdicts"] == second.chart["verdicts"] and first.chart["notes"] == second.chart["notes"]
    assert first.patients == second.patients


def test_a_run_with_reviews_opens_with_what_was_rejected_and_as_it_was_found(out, notes, desk, tmp_path):
    file = tmp_path / "r.jsonl"
    modic, odi = facts(desk, "modic")[0], facts(desk, "odi")[0]
    desk.decide("reject", fact=modic["id"], why="x")
    desk.decide("correct", fact=odi["id"], change={"attributes": {"score": 50}}, why="x")
    run(notes, tmp_path / "again", Options(reviews=file))
    again = bvn_evidence.Desk(tmp_path / "again", notes, reviews=file, reviewer="B")
    assert again.chart["facts"] == desk.chart["facts"]
    python = bvn_evidence.Desk(bvn_evidence.run(notes, reviews=file), notes, reviews=file, reviewer="B")
    assert python.chart["facts"] == desk.chart["facts"]
    again.decide("accept", fact=modic["id"])
    assert status(again, "imaging") == "met"


def test_a_note_changed_since_the_run_is_told_and_nothing_wrong_is_marked(out, notes, tmp_path):
    import shutil

    shutil.copytree(notes, tmp_path / "notes")
    (tmp_path / "notes/P1/2024-03-05_radiology.txt").write_text("Addendum.\n" + MRI)
    desk = bvn_evidence.Desk(out, tmp_path / "notes", reviews=tmp_path / "r.jsonl")
    note = next(one for one in desk.chart["notes"] if one["type"] == "radiology")
    assert note["changed"] and all("fact" not in piece for piece in note["pieces"])


@pytest.mark.parametrize(
    ("folder", "told"), [("nowhere", "is not a finished run"), (".", "is not a finished run")]
)
def test_mistakes_are_told(folder, told, notes, tmp_path):
    with pytest.raises(UserError, match=told):
        bvn_evidence.Desk(tmp_path / folder, notes)


def test_other_reviewers_decisions_are_seen(desk, tmp_path):
    found = desk.cohort.standing("P1", "aspn-2022").found
    append(tmp_path / "r.jsonl", decide_fact(found[0], "B. Ruiz", "reject", "no"))
    desk.decide("accept", fact=found[1].fact_id)
    assert next(iter(desk.chart["facts"].values()))["decision"]["reviewer"] == "B. Ruiz"


def test_the_browser_side_sets_text_only():
    script = (Path(bvn_evidence.__file__).parent / "desk/desk.js").read_text()
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:", "import("):
        assert way not in script


def test_importing_the_package_loads_no_widget_library():
    code = "import sys, bvn_evidence; assert not {'anywidget', 'ipywidgets', 'pandas', 'spacy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10), st.sampled_from(["fact", "cue", "level"])), max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=50, max_size=50), spans)
def test_pieces_make_up_the_text_and_each_span_and_overlaps_have_lanes_of_their_own(text, drawn):
    found = [Mark(start, start + length, role, str(n)) for n, (start, length, role) in enumerate(drawn)]
    made = pieces(text, found)
    assert "".join(piece["t"] for piece in made) == text
    for mark in found:
        assert "".join(piece["t"] for piece in made if mark.item in piece.get(mark.role, ())) == text[mark.start : mark.end]
    facts = [mark for mark in found if mark.role == "fact"]
    lane = lanes(found)
    assert all(lane[a.item] != lane[b.item] for a in facts for b in facts if a.item < b.item and a.start < b.end and b.start < a.end)
    assert sorted(item for piece in made for item in piece.get("begins", ())) == sorted(mark.item for mark in facts)
