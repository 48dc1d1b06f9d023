"""Facts to brat and Label Studio and back: nothing is lost, their own parsers accept it, broken files are one line."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_evidence import annotated, evaluate
from bvn_evidence.annotated import shown
from bvn_evidence.case import Case
from bvn_evidence.corpus import NoteRow
from bvn_evidence.errors import UserError
from bvn_evidence.export import brat, export, label_studio
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import ASSERTIONS, ATTRIBUTES, KINDS, Fact
from bvn_evidence.values import CHOICES, FLAGS, LISTS, NUMBERS, REQUIRED

SAMPLES = Path(__file__).parents[1] / "annotated_samples"
PARTS = ("kind", "assertion", "start", "end", "attributes")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over all samples, every third of them with the line ends of Windows and a character beyond U+FFFF."""
    folder = tmp_path_factory.mktemp("finished")
    for number, path in enumerate(sorted((SAMPLES / "notes").rglob("*.txt"))):
        copy = folder / "notes" / path.relative_to(SAMPLES / "notes")
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_bytes()
        copy.write_bytes(text if number % 3 else "\U0001f4c4\r\n".encode() + text.replace(b"\n", b"\r\n"))
    run(folder / "notes", folder / "out", Options(report=False))
    export(folder / "out", "brat")
    export(folder / "out", "label-studio")
    return folder / "out"


def facts_of(finished):
    found = {}
    for line in (finished / "facts.jsonl").read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        found.setdefault(fact["note_id"], []).append({name: fact[name] for name in PARTS})
    return found


def parts(gold):
    return {each.note.note_id: [{name: fact[name] for name in PARTS} for fact in each.facts] for each in gold.notes if each.facts}


def submitted(tasks, file):
    """What Label Studio exports once an annotator submits the predictions as they are."""
    for number, task in enumerate(tasks, 1):
        (prediction,) = task["predictions"]
        task |= {"id": number, "annotations": [{"id": number, "was_cancelled": False, "result": prediction["result"]}]}
    file.write_text(json.dumps(tasks))
    return file


def test_all_samples_come_back_from_brat(finished):
    gold = annotated.read(finished / "export/brat")
    assert parts(gold) == facts_of(finished)
    rows = {each.note.note_id: each.note for each in gold.notes}
    assert len(rows) > 100 and rows["S003/2024-02-08_radiology"].note_type == "radiology"


def test_all_samples_come_back_from_label_studio(finished, tmp_path):
    tasks = json.loads((finished / "export/label-studio/tasks.json").read_text(encoding="utf-8"))
    gold = annotated.read(submitted(tasks, tmp_path / "export.json"))
    assert parts(gold) == facts_of(finished) and gold.unfinished == 0


def test_brats_own_parser_accepts_every_file_and_knows_every_value(finished):
    from bratsubset import projectconfig
    from bratsubset.annotation import TextAnnotations

    folder = finished / "export/brat"
    config = projectconfig.ProjectConfiguration(str(folder))
    assert config.get_entity_types() == list(KINDS)
    values = {each.storage_form(): each.arguments for each in projectconfig.get_attribute_type_list(str(folder))}
    assert projectconfig.get_labels_by_storage_form(str(folder), "modic") == ["Modic change"]
    drawn = projectconfig.get_drawing_config_by_storage_form(str(folder), "assertion")["glyph"]
    assert len(drawn) == len(ASSERTIONS) and tuple(values["assertion"]["Value"]) == ASSERTIONS
    spans = 0
    for path in folder.rglob("*.ann"):
        with TextAnnotations(str(path.with_suffix("")), read_only=True) as file:  # checks the words against the text
            assert not file.failed_lines
            kinds = {each.id: each.type for each in file.get_textbounds()}
            for each in file.get_attributes():
                assert each.type in config.attributes_for(kinds[each.target])
                assert each.value is True or each.value in values[each.type]["Value"]
            assert all(each.target in kinds for each in file.get_oneline_comments())
            spans += len(kinds)
    assert spans == sum(map(len, facts_of(finished).values())) > 1000


def test_label_studios_own_checks_accept_every_prediction(finished):
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface((finished / "export/label-studio/config.xml").read_text(encoding="utf-8"))
    interface.validate()
    for task in json.loads((finished / "export/label-studio/tasks.json").read_text(encoding="utf-8"))[::3]:
        assert interface.validate_task({"data": task["data"]})
        for result in task["predictions"][0]["result"]:
            if result["type"] == "number":  # this version of the SDK takes whole numbers only, Label Studio takes all
                result["value"]["number"] = int(result["value"]["number"])
            assert interface.validate_region(result), result["from_name"]
            if result["type"] == "labels":
                value = result["value"]
                assert task["data"]["text"][value["start"] : value["end"]] == value["text"]


def test_json_min_is_refused_since_it_loses_which_value_is_of_which_words(finished, tmp_path):
    from label_studio_sdk.converter import Converter

    tasks = json.loads((finished / "export/label-studio/tasks.json").read_text(encoding="utf-8"))[:2]
    config = (finished / "export/label-studio/config.xml").read_text(encoding="utf-8")
    submitted(tasks, tmp_path / "export.json")
    Converter(config, str(tmp_path)).convert_to_json_min(str(tmp_path / "export.json"), str(tmp_path / "min"), is_dir=False)
    (task, *_) = json.loads((tmp_path / "min/result.json").read_text())
    assert task["assertion"][0] in ASSERTIONS  # a bare word: no place, no region
    with pytest.raises(UserError, match=r"result\.json task 1: JSON-MIN does not say .* export as JSON"):
        annotated.read(tmp_path / "min/result.json")


texts = st.text(st.one_of(st.characters(), st.sampled_from("\r\n\t\U0001f9b4 \x85\u2028\ufeff;=#\"&<")), min_size=1, max_size=60)
SEGMENTS = ("L3", "L4", "L5", "S1")


def values_of(full):
    if full in CHOICES:
        choices = st.sampled_from(CHOICES[full])
        return choices if full in REQUIRED else st.none() | choices
    if full in NUMBERS:
        return st.none() | st.integers(0, NUMBERS[full]) | st.floats(0, NUMBERS[full])
    if full in FLAGS:
        return st.booleans()
    if full in LISTS:
        ends = ("", " superior", " inferior")
        items = list(pairwise(SEGMENTS)) if full.endswith("levels") else [(a, b) for a in SEGMENTS for b in ends]
        return st.lists(st.sampled_from([("-" if full.endswith("levels") else "").join(item) for item in items]), unique=True)
    word = st.characters(exclude_categories=("Cs", "Cc"))
    return st.text(word, min_size=1).filter(lambda text: text == text.strip())


@st.composite
def notes(draw):
    text = draw(texts.filter(lambda text: shown(text).strip()))
    seen = shown(text)
    edges = st.integers(0, len(text) - 1).filter(lambda at: seen[at] != "\n")
    facts = []
    for _ in range(draw(st.integers(1, 4))):
        start, last = sorted((draw(edges), draw(edges)))
        kind = draw(st.sampled_from(KINDS))
        attributes = {name: draw(values_of(f"{kind}.{name}")) for name in ATTRIBUTES[kind]}
        words = text[start : last + 1]
        facts.append(Fact(kind, draw(st.sampled_from(ASSERTIONS)), start, last + 1, words, "", "", "", attributes, note_id="P/1"))
    return text, facts


@settings(max_examples=150, deadline=None)
@given(notes())
def test_any_text_and_any_value_come_back(tmp_path_factory, note):
    text, facts = note
    expected = [{name: getattr(fact, name) for name in PARTS} for fact in facts]
    assert len(shown(text)) == len(text)
    folder = tmp_path_factory.mktemp("any")
    case = Case("P", [NoteRow("P/1", "P", "", "processed")], {"P/1": text}, facts, [])
    brat.write(None, iter([case]), folder)
    assert parts(annotated.read(folder)) == {"P/1": expected}
    label_studio.write(None, iter([case]), folder)
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    assert parts(annotated.read(submitted(tasks, folder / "export.json"))) == {"P/1": expected}
    shutil.rmtree(folder)


@pytest.mark.parametrize("note_id", ["../../etc", "/", "a//b", ".", "a.txt/b", "a%2Fb", "n\u00f6te 1", "x" * 5000, "CON:*?"])
def test_a_note_id_is_a_file_below_the_folder(note_id, tmp_path):
    path = (tmp_path / f"{brat.file_of(note_id)}.txt").resolve()
    assert path.is_relative_to(tmp_path.resolve()) and path != tmp_path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


TEXT = "Modic type 1 change\nat L4-L5.\n"


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ("T1 modic 0 5\tModic", 1, "not an annotation"),
        ("T1\tmodik 0 5\tModic", 1, "no such kind"),
        ("T1\tmodic 0 99\tModic", 1, "outside the text of 30 characters"),
        ("T1\tmodic 5 5\t", 1, "outside"),
        ("T1\tmodic 0 5\tM0dic", 1, "was the .txt file changed"),
        ("T1\tmodic 0 5\tModic\nT1\tmodic 0 5\tModic", 2, "a second annotation T1"),
        ("T1\tcode 0 5\tModic\nA1\tassertion T2 absent", 2, "not in the file"),
        ("T1\tcode 0 5\tModic\nA1\tassertion T1 maybe", 1, "no such assertion"),
        ("T1\tcode 0 5\tModic\nA1\tcolour T1 red", 2, "no such attribute of a code"),
        ("T1\tcode 0 5\tModic\nhello", 2, "not a line as brat writes it"),
        ("T1\tmodic 0 5\tModic", 1, "type of this modic: it cannot be empty"),
        ("T1\tmodic 0 5\tModic\nA1\ttype T1 1\nA2\tbasis T1 named\n#1\tAnnotatorNotes T1\tlevels=everywhere", 1, "give a list such as"),
        ("T1\todi 0 5\tModic\n#1\tAnnotatorNotes T1\tabout 40", 2, "notes are name=value"),
        ("T1\todi 0 5\tModic\n#1\tAnnotatorNotes T1\tscore=about 40", 2, "score is not a number"),
        ("T1\todi 0 5\tModic\n#1\tAnnotatorNotes T1\tscore=40; score=42", 2, "score is given twice"),
        ("T1\todi 0 5\tModic\n#1\tAnnotatorNotes T1\tscore=400", 1, "give a number from 0 to 100"),
    ],
)
def test_a_broken_brat_file_is_told_with_its_line_and_without_its_words(lines, line, what, tmp_path):
    (tmp_path / "P1_mri.txt").write_text(TEXT)
    (tmp_path / "P1_mri.ann").write_text(lines)
    with pytest.raises(UserError, match=rf"P1_mri\.ann line {line}: .*{what}") as told:
        annotated.read(tmp_path)
    assert "\n" not in str(told.value) and not any(word in str(told.value) for word in ("M0dic", "everywhere", "maybe", "hello", "about"))


def test_what_annotators_write_in_brat_is_read(tmp_path):
    """Fragments over a line end, a remark behind the values, relations, a note on the whole file, no assertion chosen."""
    (tmp_path / "P1_2024-01-02_mri.txt").write_text(TEXT)
    (tmp_path / "P1_2024-01-02_mri.ann").write_text(
        "T2\tmodic 0 19;20 28\tModic type 1 change at L4-L5\nA1\ttype T2 1\nA2\tbasis T2 named\nR1\trel Arg1:T2 Arg2:T2\n"
        "#1\tAnnotatorNotes T2\tlevels = L4-L5 ; # told by phone\n#2\tAnnotatorNotes R1\tx\n"
    )
    (gold,) = annotated.read(tmp_path).notes
    assert (gold.note.patient_id, gold.note.note_date, gold.note.note_type) == ("P1", "2024-01-02", "radiology")
    attributes = {"type": "1", "basis": "named", "levels": ["L4-L5"], "endplates": []}
    assert gold.facts == [
        {"kind": "modic", "assertion": "present", "start": 0, "end": 28, "quote": TEXT[:28], "attributes": attributes}
    ]
    (tmp_path / "notes.csv").write_bytes(b"path\xff,note_id\n")
    with pytest.raises(UserError, match=r"notes\.csv in .* cannot be read as CSV"):
        annotated.read(tmp_path)
    (tmp_path / "notes.csv").unlink()
    (tmp_path / "P1_lost.ann").write_text("")
    with pytest.raises(UserError, match=r"P1_lost\.ann has no P1_lost\.txt"):
        annotated.read(tmp_path)


def region(kind="odi", start=0, end=5, **values):
    results = [{"id": "r", "type": "labels", "from_name": "kind", "value": {"start": start, "end": end, "labels": [kind]}}]
    return results + [{"id": "r", "type": "x", "from_name": name, "value": value} for name, value in values.items()]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", r"export\.json line 1: not JSON"),
        ("{}", "not a list of tasks"),
        ([{"data": {"text": TEXT}, "annotations": [{"id": 1, "result": region("odd")}]}], "task 1: a label that is no kind"),
        ([{"data": {"text": TEXT}, "annotations": [{"id": 1, "result": region(end=99)}]}], "task 1: a place outside the text of 30"),
        ([{"data": {"words": TEXT}, "annotations": [{"id": 1, "result": []}]}], "task 1: not as Label Studio writes it"),
        ([{"data": {"text": TEXT}, "annotations": [{"id": 1, "result": region(odi_score={"number": 400})}]}], "score of this odi: give a number"),
        ([{"data": {"text": TEXT}, "annotations": [{"id": 1, "result": region("modic")}]}], "type of this modic: it cannot be empty"),
    ],
)
def test_a_broken_label_studio_export_is_told_in_one_line(content, what, tmp_path):
    (tmp_path / "export.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError, match=what) as told:
        annotated.read(tmp_path / "export.json")
    assert "\n" not in str(told.value)


def test_the_last_annotation_that_was_not_skipped_counts_and_tasks_without_one_are_counted(tmp_path):
    done = [
        {"id": 1, "updated_at": "2024-01-03T00:00:00Z", "result": region(odi_score={"number": 40})},
        {"id": 2, "updated_at": "2024-01-02T00:00:00Z", "result": region(odi_score={"number": 41})},
        {"id": 3, "updated_at": "2024-01-04T00:00:00Z", "was_cancelled": True, "result": []},
    ]
    leftover = region("pain_score", odi_score={"number": 3}, pain_score_score={"number": 6}, assertion={"choices": ["historical"]})
    tasks = [
        {"id": 7, "data": {"text": TEXT, "note_id": "a"}, "annotations": done},
        {"id": 8, "data": {"text": TEXT}, "annotations": []},
        {"id": 9, "data": {"text": TEXT}, "annotations": [*done, {"id": 4, "updated_at": "2023", "ground_truth": True, "result": leftover}]},
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    gold = annotated.read(tmp_path / "export.json")
    assert gold.unfinished == 1
    assert {each.note.note_id: [(f["kind"], f["assertion"], f["attributes"]["score"]) for f in each.facts] for each in gold.notes} == {
        "a": [("odi", "present", 40)],
        "9": [("pain_score", "historical", 6)],
    }


def test_evaluate_scores_against_what_annotators_made_of_it(finished, tmp_path, capsys):
    """One value corrected, one fact deleted, one added: the errors of the kinds say so, all else agrees."""
    shutil.copytree(finished / "export/brat/S003", tmp_path / "brat/S003")
    shutil.copy(finished / "export/brat/notes.csv", tmp_path / "brat")
    path = tmp_path / "brat/S003/2024-02-08_radiology.ann"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line.replace(" unspecified", " 2") if line.startswith("A") and "\ttype T" in line else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = evaluate.evaluate(tmp_path / "brat")
    assert result["notes"] == 4 and result["spans"]["bad"] == 0 and result["unfinished"] == 0
    assert {error["kind"] for error in result["errors"]} == {"modic"}
    assert {(error["what"], error["key"][0]) for error in result["errors"]} == {("missed", "2"), ("spurious", "unspecified")}
    again = evaluate.evaluate(tmp_path / "brat", finished / "facts.jsonl")
    assert again["kinds"] == result["kinds"]
    tasks = json.loads((finished / "export/label-studio/tasks.json").read_text(encoding="utf-8"))[:2]
    submitted(tasks, tmp_path / "export.json")
    tasks[1]["annotations"] = []
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    assert evaluate.main(tmp_path / "export.json", facts=finished / "facts.jsonl") == 0
    assert "1 notes hold no finished annotation" in capsys.readouterr().out


def test_what_is_no_gold_is_told(finished, tmp_path):
    with pytest.raises(UserError, match="JSON file that its Export button writes"):
        evaluate.evaluate(finished / "export/label-studio")
    with pytest.raises(UserError, match="holds no finished annotation"):
        evaluate.evaluate(finished / "export/label-studio/tasks.json")
    with pytest.raises(UserError, match="a folder of brat files"):
        evaluate.evaluate(tmp_path)


def test_notes_that_have_moved_are_left_out_and_counted(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "out")
    (finished.parent / "notes").rename(finished.parent / "moved")
    try:
        for to in ("brat", "label-studio"):
            told = export(tmp_path / "out", to, tmp_path / to)
            assert "left out 126 notes whose text is not at hand" in told[1]
    finally:
        (finished.parent / "moved").rename(finished.parent / "notes")
