"""`explain` as it stands in a terminal: words and marks line up, overlaps stay readable, nothing hostile."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bvn_evidence.errors import UserError
from bvn_evidence.explain import neutral, render, show
from bvn_evidence.schema import Cue, Fact, Note


def fact(text: str, words: str, kind: str = "modic", assertion: str = "present", cue: str = "", **attributes) -> Fact:
    start = text.index(words)
    found = Cue(text.index(cue), text.index(cue) + len(cue), cue, "assertion.no") if cue else None
    return Fact(kind, assertion, start, start + len(words), words, text, "findings", f"{kind}.rule", attributes, found)


def printed(text: str, facts: list[Fact], width: int = 80, colour: bool = False, sections=()) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    for part in render(
        Note("P1/n", "P1", text, note_date="2024-03-05", note_type="radiology"), facts, list(sections), width
    ):
        console.print(part, highlight=False, soft_wrap=not hasattr(part, "columns"))
    return console.file.getvalue()


def test_marks_stand_below_their_words():
    text = "L4-L5: Modic type 2 changes, no stenosis."
    lines = printed(
        text, [fact(text, "Modic type 2 changes"), fact(text, "stenosis", "alternative", "absent", "no")]
    ).splitlines()
    at = next(number for number, line in enumerate(lines) if text in line)
    assert lines[at + 1].index("╰1 modic +") == lines[at].index("Modic type 2")
    assert lines[at + 1].index("╰2 alternative -") == lines[at].index("stenosis")
    assert lines[at + 1].index("╯") == lines[at].index("changes") + len("changes") - 1


def test_overlapping_facts_get_tracks_of_their_own():
    text = "Mixed Modic type 1 and 2 changes with fatty marrow at L4-L5 and oedema."
    facts = [
        fact(text, "Modic type 1 and 2 changes"),
        fact(text, "type 1"),
        fact(text, "1 and 2 changes with fatty marrow"),
        fact(text, "oedema"),
    ]
    out = printed(text, facts)
    marks = [line for line in out.splitlines() if "╰" in line]
    assert sum("╰" in line for line in marks) == 3 and all(f"╰{n} modic +" in out for n in (1, 2, 3, 4))
    base = next(line for line in out.splitlines() if "Mixed" in line)
    for number, found in enumerate(facts, 1):
        (line,) = (line for line in marks if f"╰{number} " in line)
        assert line.index(f"╰{number} ") == base.index(found.text)


def test_assertions_are_told_without_colour_and_cues_are_underlined():
    text = "No Modic changes."
    found = fact(text, "Modic changes", assertion="absent", cue="No")
    assert "╰1 modic -" in printed(text, [found])
    assert "\x1b[4mNo\x1b[0m" in printed(text, [found], colour=True)
    assert "“No”" in printed(text, [found]) and "assertion.no" in printed(text, [found], width=100)


def test_sections_are_drawn_where_they_begin():
    text = "MRI\nFINDINGS: Modic 1. IMPRESSION: Modic 1."
    lines = printed(text, [], sections=[(4, "findings"), (23, "impression")]).splitlines()
    drawn = [line.split()[1] if line.startswith("──") else line.strip() for line in lines if line.strip()]
    assert drawn[1:6] == ["1  MRI", "findings", "2  FINDINGS: Modic 1.", "impression", "IMPRESSION: Modic 1."]


def test_long_lines_are_wrapped_and_a_fact_is_marked_on_each_piece():
    text = "Low back pain. " * 8 + "Modic type 2 endplate changes at L4-L5 " * 3
    words = text[100:180]
    out = printed(text, [Fact("modic", "present", 100, 180, words, text, "other", "r", {})], width=60)
    assert all(cell_len(line) <= 60 for line in out.splitlines()[1:])
    assert "╰1 modic +" in out and "╰1 …" in out
    body = [line[7:] for line in out.splitlines()[1:] if "╰" not in line]
    assert text.strip() in "".join(body)


def test_wide_characters_keep_the_marks_in_place():
    text = "腰痛 😀 Modic type 2 changes"
    lines = printed(text, [fact(text, "Modic type 2")]).splitlines()
    above, below = lines[1], lines[2]
    assert cell_len(above[: above.index("Modic")]) == cell_len(below[: below.index("╰")])


def test_terminal_escapes_of_a_note_do_nothing():
    text = "Modic \x1b[31mtype\x07 2\x9b2J changes \u202e evil\r\x1b]0;title\x07"
    out = printed(text, [fact(text, "Modic", cue="evil")])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)
    assert "␛[31m" in out


@given(st.characters(codec=None))
def test_every_character_is_shown_as_itself_or_as_something_harmless(char):
    shown = neutral(char)
    assert shown == char if char.isprintable() else shown and shown.isprintable()


@given(st.text(st.sampled_from("ab L45\n\r\t\x1b\x0c腰😀é\u0301"), max_size=200), st.data())
def test_any_text_with_any_spans_can_be_drawn(text, data):
    spans = data.draw(st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, len(text))), max_size=6))
    facts = [
        Fact("odi", "present", min(span), max(span), text[min(span) : max(span)], "", "other", "r", {"score": 4.0})
        for span in spans
        if span[0] != span[1]
    ]
    out = printed(text, facts, width=50)
    assert "\x1b" not in out
    for number, found in enumerate(facts, 1):
        if found.text.strip("\n\r\x0c"):
            assert f"╰{number} " in out


def test_a_note_is_explained_from_file_to_table(tmp_path):
    path = tmp_path / "P7_2024-03-05_radiology.txt"
    path.write_text(
        "MRI LUMBAR SPINE\n\nFINDINGS:\nL4-L5: Modic type 2 endplate changes.\nIMPRESSION: No Modic changes at L5-S1.\n"
    )
    console = Console(file=io.StringIO(), width=100)
    show(path, console)
    out = console.file.getvalue()
    assert out.startswith("P7_2024-03-05_radiology") and "2024-03-05 · radiology" in out
    assert "── findings" in out and "── impression" in out
    assert "modic +" in out and "modic -" in out and "modic.named" in out


@pytest.mark.parametrize(
    "name,content,said",
    [
        ("empty.txt", b"", "no text"),
        ("pdf.txt", b"%PDF-1.7", "PDF"),
        ("scan.pdf", b"x", "named .pdf, but it is none"),
        ("t.csv", b"a", "not one note"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        show(tmp_path / name, Console(file=io.StringIO()))
    assert "\n" not in str(error.value)
