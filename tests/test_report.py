"""The report as files: what is in it, that nothing of a note is markup, that a rebuilt report is the same one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from bvn_evidence.errors import UserError
from bvn_evidence.report import file_name
from bvn_evidence.report.highlight import LONGEST, marked, safe, spans_of, visible
from bvn_evidence.report.rebuild import rebuild
from bvn_evidence.runner import Options, run
from bvn_evidence.schema import Cue, Fact
from hostile import ATTACK, ATTACKER, CLINIC, MRI, write_notes


@pytest.fixture(scope="module")
def notes(tmp_path_factory) -> Path:
    return write_notes(tmp_path_factory.mktemp("report_notes"))


@pytest.fixture(scope="module")
def out(notes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "out"
    run(notes, folder, Options(policies=("aspn-2022", "cam-394")))
    return folder


class Page(HTMLParser):
    """Elements with their attributes, and the text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.parts: list[str] = []
        self.raw: dict[str, str] = {}
        self._inside = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside in ("script", "style"):
            self.raw[self._inside] = data
        else:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def all(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def page(out: Path, patient: str) -> Page:
    return Page(out / "report/patients" / file_name(patient))


def pages(out: Path) -> list[Path]:
    return sorted((out / "report").rglob("*.html"))


def data(out: Path) -> list[dict]:
    source = (out / "report/index.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', source, re.S)[1])


# what is there


def test_the_page_shows_verdict_criteria_requests_timeline_and_notes(out):
    met, gaps = page(out, "P001"), page(out, "P002")
    for said in ("Met", "36 months", "Modic type 1 · L4-L5", "ODI 44 %", "Timeline", "Pain 6/10"):
        assert said in met.text
    assert "Incomplete" in gaps.text and "To request" in gaps.text and "Oswestry questionnaire" in gaps.text
    assert "duplicate" in gaps.text and "P003" in page(out, "P003").text
    for shown in (met, gaps):
        assert "It does not say whether a patient should or should not be treated" in shown.text


def test_the_note_is_shown_in_full_and_every_fact_is_marked_in_it(out):
    shown = page(out, "P001").source
    texts = re.findall(r'<div class="text"[^>]*>(.*?)</div>', shown, re.S)
    plain = [re.sub(r"<a class=\"tag.*?</a>", "", text, flags=re.S) for text in texts]
    plain = [re.sub(r"<[^>]+>", "", text) for text in plain]
    assert plain == [MRI.replace("\r\n", "\n"), CLINIC]
    facts = [json.loads(line) for line in (out / "facts.jsonl").read_text().splitlines()]
    mine = [fact for fact in facts if fact["patient_id"] == "P001"]
    assert len(mine) > 10
    for number, fact in enumerate(mine, 1):
        spans = re.findall(rf'class="h t\d k-(\w+) a-(\w+)[^>]*data-n="{number}"', shown)
        assert spans and set(spans) == {(fact["kind"], fact["assertion"])}
    assert '<u class="cue">Denies</u>' in shown


def test_links_resolve_in_both_directions(out):
    for path in pages(out):
        shown = Page(path)
        ids = shown.all("id")
        assert len(ids) == len(set(ids))
        for link in shown.all("href"):
            if link.startswith("#"):
                assert link[1:] in ids, link
            elif path.name != "index.html":
                assert link == "../index.html"
    evidence = {link for link in page(out, "P001").all("href") if re.fullmatch(r"#s\d+", link)}
    back = {link for link in page(out, "P001").all("href") if re.fullmatch(r"#c\d-\w+", link)}
    assert evidence and {"#c0-imaging", "#c0-function"} <= back


def test_the_index_lists_every_patient_with_a_page_that_exists(out):
    rows = {row["id"]: row for row in data(out)}
    assert set(rows) == {"P001", "P002", "P003", ATTACKER, "=2+3"}
    for patient, row in rows.items():
        assert row["f"] == file_name(patient) and (out / "report/patients" / row["f"]).is_file()
        assert re.fullmatch(r"[0-9a-f]{24}\.html", row["f"])
    first = rows["P001"]["v"][0]
    assert (first["p"], first["o"], first["c"]["imaging"], first["m"]) == ("aspn-2022", "met", "met", [])
    assert "odi" in rows["P002"]["v"][0]["m"]
    assert (rows["P002"]["n"], rows["P003"]["n"]) == (1, 0)


# nothing gets out, nothing gets in


def test_everything_is_private(out):
    for path in (out / "report", *(out / "report").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_the_policy_of_a_page_allows_its_own_style_and_script_and_nothing_else(out):
    for path in pages(out):
        shown = Page(path)
        (policy,) = (a["content"] for tag, a in shown.elements if a.get("http-equiv") == "Content-Security-Policy")
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        for name, tag in (("style-src", "style"), ("script-src", "script")):
            digest = base64.b64encode(hashlib.sha256(shown.raw[tag].encode()).digest()).decode()
            assert rules[name] == f"'sha256-{digest}'"
        assert set(rules) == {"default-src", "base-uri", "form-action", "style-src", "script-src"}


def test_a_page_asks_for_nothing_from_outside(out):
    for path in pages(out):
        shown = Page(path)
        assert not [tag for tag, _ in shown.elements if tag in ("img", "iframe", "object", "embed", "base", "video")]
        assert not shown.all("src") and not shown.all("style")
        assert not re.findall(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z]", "".join(shown.raw.values()))
        assert not [name for _, attributes in shown.elements for name in attributes if name.startswith("on")]


def test_a_hostile_note_is_text(out):
    shown = page(out, ATTACKER)
    assert len([tag for tag, _ in shown.elements if tag == "script"]) == 1
    assert len([tag for tag, _ in shown.elements if tag == "style"]) == 1
    assert "hacked" not in "".join(shown.raw.values())
    assert not [link for link in shown.all("href") if "javascript" in link]
    assert "<script>window.hacked = 1</script>" in shown.text and "{{ 7 * 7 }}" in shown.text
    assert "\u202e" not in shown.source and "\0" not in shown.source and "U+202E" in shown.text
    index = Page(out / "report/index.html")
    assert len([tag for tag, _ in index.elements if tag == "script"]) == 3


@given(st.text(st.sampled_from("ab \n<>&\"'\u202e\u200f\0\r\u2028/!-=éא"), max_size=60), st.data())
def test_any_text_with_any_facts_stays_text(text, draw):
    facts = []
    for number in range(1, draw.draw(st.integers(0, 5)) + 1):
        start = draw.draw(st.integers(0, max(len(text) - 1, 0)))
        end = draw.draw(st.integers(start, len(text)))
        cue = Cue(0, min(2, len(text)), text[:2], "r") if number % 2 else None
        facts.append((number, Fact("modic", "absent", start, end, text[start:end], "", "other", "r", {}, cue, f"n#{number}")))
    html = str(marked(text, spans_of(facts, {"n#1"}), lambda span: Markup("<a>{}</a>").format(span.number)))
    bare = re.sub(r"<a>\d+</a>|</?span[^<>]*>|</?u[^<>]*>", "", html)
    assert "<" not in bare and "\u202e" not in bare and "\0" not in bare
    assert Markup(bare) == re.sub(r"<[^>]+>", "", str(safe(text)))


def test_overlapping_facts_have_lines_of_their_own():
    facts = [(n, Fact("modic", "present", a, b, "", "", "", "r", {}, None, f"n#{n}")) for n, (a, b) in enumerate([(0, 20), (2, 6), (4, 12), (7, 9), (21, 24)])]
    spans = spans_of(facts, set())
    assert [span.track for span in spans] == [0, 1, 2, 1, 0]


def test_a_very_long_note_is_cut_down_to_its_facts_and_says_so():
    text = "x" * LONGEST + " Modic type 1 " + "y" * LONGEST
    fact = Fact("modic", "present", LONGEST + 1, LONGEST + 13, text[LONGEST + 1 : LONGEST + 13], "", "", "r", {}, None, "n#1")
    html = str(marked(text, spans_of([(1, fact)], set()), lambda span: Markup("")))
    assert "Modic type 1" in html and html.count("characters not shown") == 2 and len(html) < 2000


def test_visible_text_is_one_line_without_control_characters():
    assert visible("a\u202eb\r\nc\0") == "a\ufffdb c\ufffd"


# run and report


def test_a_rebuilt_report_is_the_same(notes, out):
    before = {path.relative_to(out): path.read_bytes() for path in pages(out)}
    told = rebuild(out)
    assert told == [f"wrote {out / 'report' / 'index.html'}"]
    assert {path.relative_to(out): path.read_bytes() for path in pages(out)} == before
    assert not (out / ".work").exists() and sorted(p.name for p in (out / "report").iterdir()) == ["index.html", "patients"]


def folder_run(tmp_path: Path, **options) -> tuple[Path, Path]:
    notes = tmp_path / "notes"
    for name, text in (("P001/2024-03-05_radiology.txt", MRI), ("P001/2024-04-02_clinic.txt", CLINIC)):
        (notes / name).parent.mkdir(parents=True, exist_ok=True)
        (notes / name).write_text(text, newline="")
    run(notes, tmp_path / "out", Options(**options))
    return notes, tmp_path / "out"


def test_a_changed_note_is_withheld_and_its_facts_show_their_sentences(tmp_path):
    notes, out = folder_run(tmp_path)
    (notes / "P001/2024-04-02_clinic.txt").write_text(CLINIC + "An addition nobody read.")
    (notes / "P001/2024-03-05_radiology.txt").unlink()
    told = rebuild(out)
    assert told[0].startswith("2 notes are gone or have changed")
    shown = page(out, "P001")
    assert "the file has changed since the run read it" in shown.text and "An addition" not in shown.text
    assert "the file is not where the run read it" in shown.text
    assert "She tried physical therapy for 8 weeks, naproxen" in shown.text
    ids = shown.all("id")
    assert len(ids) == len(set(ids)) and all(link[1:] in ids for link in shown.all("href") if link.startswith("#"))


def test_notes_that_moved_can_be_named(tmp_path):
    notes, out = folder_run(tmp_path)
    before = (out / "report/patients" / file_name("P001")).read_bytes()
    notes.rename(tmp_path / "moved")
    told = rebuild(out)
    assert "sentences only" in told[0] and "--notes" in told[0]
    assert rebuild(out, tmp_path / "moved") == [f"wrote {out / 'report' / 'index.html'}"]
    assert (out / "report/patients" / file_name("P001")).read_bytes() == before
    with pytest.raises(UserError):
        rebuild(out, tmp_path / "nowhere")


def test_report_needs_a_finished_run(tmp_path):
    with pytest.raises(UserError, match="not a folder"):
        rebuild(tmp_path / "no")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no finished run"):
        rebuild(tmp_path / "empty")
    assert list((tmp_path / "empty").iterdir()) == []


def test_damaged_tables_are_told_in_one_line(tmp_path):
    from bvn_evidence.errors import RunError

    _, out = folder_run(tmp_path)
    (out / "facts.jsonl").write_text("naproxen\n")
    with pytest.raises(RunError) as caught:
        rebuild(out)
    assert "naproxen" not in str(caught.value) and "\n" not in str(caught.value)
    assert (out / "report/index.html").is_file() and (out / "run.json").is_file()


def test_no_report_leaves_none_also_not_that_of_an_earlier_run(tmp_path):
    notes, out = folder_run(tmp_path)
    assert (out / "report").is_dir()
    run(notes, out, Options(report=False))
    assert not (out / "report").exists()
    rebuild(out)
    assert (out / "report/index.html").is_file()


def test_a_thousand_patients_fit_one_index(tmp_path):
    from bvn_evidence.report import Case, PolicyInfo, Writer, entry
    from bvn_evidence.schema import Verdict

    writer = Writer(tmp_path / "report", [PolicyInfo("aspn-2022", "A policy")])
    for number in range(1000):
        verdicts = [Verdict(f"Q{number}", "aspn-2022", "imaging", "met", "x"), Verdict(f"Q{number}", "aspn-2022", "overall", "met", "x")]
        writer.add("<!doctype html>", entry(Case(f"Q{number}", [], {}, [], verdicts)))
    writer.finish()
    assert (tmp_path / "report/index.html").stat().st_size < 400_000 and len(data(tmp_path)) == 1000


def test_what_reviewers_said_is_shown_where_they_said_it():
    from bvn_evidence.corpus import NoteRow
    from bvn_evidence.report import Case, entry
    from bvn_evidence.report import page as render
    from bvn_evidence.schema import Verdict

    fact = Fact("odi", "present", 0, 7, "ODI 44%", "ODI 44%", "other", "odi.word", {"score": 44.0}, None, "n#1", "P", "n")
    verdicts = [Verdict("P", "p", "function", "met", "r", [], ["n#1"]), Verdict("P", "p", "overall", "met", "r")]
    row = NoteRow("n", "P", "n.txt", "processed")
    marks = {"n#1": ["accepted by A. Reader"], "p/function": ["<b>corrected</b>"], "p/overall": ["seen"]}
    case = Case("P", [row], {"n": "ODI 44%"}, [fact], verdicts, marks=marks)
    html = render(case, [])
    assert "accepted by A. Reader" in html and "&lt;b&gt;corrected&lt;/b&gt;" in html and "<li>seen</li>" in html
    assert entry(case)["r"] == 3


def test_a_reviewed_run_shows_its_decisions_and_so_does_the_rebuilt_report(tmp_path):
    from bvn_evidence import reviews

    notes, out = folder_run(tmp_path)
    facts = [Fact.from_dict(json.loads(line)) for line in (out / "facts.jsonl").read_text().splitlines()]
    odi = next(fact for fact in facts if fact.kind == "odi")
    file = tmp_path / "reviews.jsonl"
    reviews.append(file, reviews.decide_fact(odi, "A. Reader", "accept", "seen on <b>paper</b>"))
    reviews.append(file, reviews.decide_verdict("P001", "aspn-2022", "imaging", "met", "B. Reader", "correct", "no films", to="review"))
    run(notes, out, Options(reviews=file))
    shown = page(out, "P001")
    assert "accepted by A. Reader" in shown.text and "seen on <b>paper</b>" in shown.text
    assert "overridden by B. Reader" in shown.text and data(out)[0]["v"][0]["c"]["imaging"] == "review"
    before = {path.name: path.read_bytes() for path in pages(out)}
    rebuild(out)
    assert {path.name: path.read_bytes() for path in pages(out)} == before


def test_a_fact_that_cannot_be_drawn_costs_its_notes_not_the_page():
    from bvn_evidence.corpus import NoteRow
    from bvn_evidence.report import Case
    from bvn_evidence.report import page as render
    from bvn_evidence.schema import Verdict

    fact = Fact("nonsense", "nonsense", 0, 3, "abc", "abc", "other", "r", {}, None, "n#1", "P", "n")
    case = Case("P", [NoteRow("n", "P", "n.txt", "processed")], {"n": "abc"}, [fact], [Verdict("P", "p", "overall", "met", "why")])
    html = render(case, [])
    assert "could not be drawn" in html and "why" in html


def test_the_attack_is_one():
    """The hostile note holds what the tests above look for."""
    assert "<script>" in ATTACK and "\u202e" in ATTACK and "<script>" in ATTACKER
