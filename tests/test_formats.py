"""PDF, Word, RTF and HTML to text: what is kept, and what becomes of files made to harm."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import documents
from bvn_evidence import formats
from bvn_evidence.encoding import NotText
from bvn_evidence.formats import base, helper, process
from bvn_evidence.nlp import extract
from bvn_evidence.schema import Note

SAMPLES = sorted(documents.SAMPLES.glob("notes/*/*.txt"))


def read(data: bytes, named: str = "") -> str:
    return formats.read(data, named).text


def reason(data: bytes, named: str = "") -> str:
    with pytest.raises(NotText) as error:
        formats.read(data, named)
    assert "\n" not in str(error.value)
    return str(error.value)


def facts(nlp, text: str) -> Counter:
    found = extract(nlp, Note("n", "p", text))
    assert all(text[fact.start : fact.end] == fact.text for fact in found)
    return Counter((fact.kind, fact.assertion, json.dumps(fact.attributes, sort_keys=True)) for fact in found)


# the samples say the same in every format


def test_the_samples_give_the_same_facts_in_every_format(nlp):
    lost: Counter = Counter()
    total = 0
    for file in SAMPLES[::3]:
        text = file.read_text(encoding="utf-8")
        plain = facts(nlp, text)
        total += plain.total()
        for kind in formats.KINDS:
            decoded = formats.read(documents.MAKE[kind](text), f".{kind}")
            assert decoded.encoding == kind and not decoded.remark
            found = facts(nlp, decoded.text)
            lost[kind] += (plain - found).total() + (found - plain).total()
    assert total > 400
    assert not lost.total(), lost


# PDF


def test_a_pdf_gives_paragraphs_blank_lines_and_columns_back():
    long = "There is a mild broad-based disc bulge at the lowest level without contact of the nerve root, " * 2
    text = f"FINDINGS:\n{long.strip()}\n\n1. First item\n2. Second item\nLevel        Modic"
    assert read(documents.pdf(text)).rstrip("\n") == text.replace("        ", "   ")


def test_the_rows_of_a_table_are_lines_also_where_a_cell_has_several(nlp):
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()["BodyText"]
    rows = [
        ["Level", "Disc", "Canal", "Endplates"],
        ["L4-L5", "broad-based bulge with a small central protrusion", "no stenosis", "Modic type 2"],
        ["L5-S1", "narrowed", "no stenosis", "Modic type 1 on both sides of the disc space"],
    ]
    file = io.BytesIO()
    table = Table([[Paragraph(cell, style) for cell in row] for row in rows])
    SimpleDocTemplate(file).build([Paragraph("MRI LUMBAR SPINE", style), table])
    text = read(file.getvalue())
    assert text.split("\n")[-4:-1] == ["   ".join(row) for row in rows]
    modic = [fact for fact in extract(nlp, Note("n", "p", text)) if fact.kind == "modic"]
    assert [(fact.assertion, fact.attributes["type"], fact.attributes["levels"]) for fact in modic] == [
        ("present", "2", ["L4-L5"]),
        ("present", "1", ["L5-S1"]),
    ]


def test_a_header_and_page_numbers_are_not_in_the_middle_of_a_sentence():
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    def mark(canvas, document):
        canvas.drawString(72, 800, "North Spine Clinic, record 17")
        canvas.drawString(72, 20, f"Page {document.page} of 2")

    file = io.BytesIO()
    style = getSampleStyleSheet()["BodyText"]
    story = [Paragraph("The pain is worse with sitting.", style), PageBreak(), Paragraph("ODI 44%.", style)]
    SimpleDocTemplate(file).build(story, onFirstPage=mark, onLaterPages=mark)
    text = read(file.getvalue())
    assert text.count("North Spine Clinic") == 1 and "Page" not in text
    assert text.index("worse with sitting") < text.index("ODI 44%")


def test_filled_form_fields_are_read_beside_their_labels():
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.drawString(72, 700, "Oswestry score:")
    canvas.acroForm.textfield(name="score", x=200, y=692, width=150, height=20, value="44 percent")
    canvas.drawString(72, 600, "Signed")
    canvas.save()
    assert read(file.getvalue()) == "Oswestry score:   44 percent\n\nSigned\n"


def test_a_scan_is_rejected_and_a_scanned_page_is_told():
    import pypdfium2

    assert reason(documents.scan()) == "a scan without text layer; run OCR first"
    merged = pypdfium2.PdfDocument(documents.pdf("Low back pain."))
    merged.import_pages(pypdfium2.PdfDocument(documents.scan()))
    file = io.BytesIO()
    merged.save(file)
    decoded = formats.read(file.getvalue())
    assert decoded.text == "Low back pain.\n" and decoded.remark.startswith("1 of 2 pages are pictures")


# Word


def test_word_keeps_the_order_and_what_templates_hide():
    from docx import Document
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = Document()
    document.sections[0].header.paragraphs[0].text = "Patient: A. Test"
    document.add_heading("Impression", 1)
    document.add_paragraph("Modic type 1.", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, words in zip(table._cells, ("Level", "Modic", "L4-L5", "type 2"), strict=True):
        cell.text = words
    body = document.element.body
    for inner in (
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a content control.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        '<w:p><w:ins w:id="1" w:author="x"><w:r><w:t>Added</w:t></w:r></w:ins>'
        '<w:del w:id="2" w:author="x"><w:r><w:delText>Removed</w:delText></w:r></w:del>'
        "<w:r><w:tab/><w:t>last</w:t></w:r></w:p>",
    ):
        name, rest = inner[1:].split(">", 1)
        body.insert(len(body) - 1, parse_xml(f"<{name} {nsdecls('w')}>{rest}"))
    assert read(documents.saved(document)) == (
        "Patient: A. Test\n\nImpression\nModic type 1.\nLevel | Modic\nL4-L5 | type 2\n\n"
        "In a content control.\nAdded\tlast\n"
    )


# RTF and HTML


def test_rtf_keeps_letters_and_table_rows():
    made = rb"{\rtf1\ansi\ansicpg1252 caf\'e9 \u8805? 30\par\trowd Level\cell Modic\cell\row L4-L5\cell type 2\cell\row done}"
    assert read(made) == "café ≥ 30\nLevel | Modic\nL4-L5 | type 2\ndone\n"


def test_html_is_read_as_a_browser_shows_it():
    page = b"""<!DOCTYPE html><html><head><title>t</title><style>p{}</style></head><body><script>bad()</script>
    <h2>Impression</h2><p>Modic&nbsp;type <b>1</b> at
    L4-L5.</p><ul><li>One</li><li>Two</li></ul><table><tr><th>Level</th><th>Modic</th></tr>
    <tr><td><p>L5-S1</p></td><td>none</td></tr></table>a<br>b<!-- no --><input type="checkbox" checked>yes
    <span style="display: none">unseen</span> ODI <input value="44"> <select><option>1<option selected>2</select>
    <pre>x   y
z</pre></body></html>"""
    assert read(page) == (
        "Impression\n\nModic type 1 at L4-L5.\n\n- One\n- Two\n\nLevel | Modic\nL5-S1 | none\n\na\nb[x] yes ODI 44 2\n\nx   y\nz\n"
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_html_in_any_encoding(codec):
    page = '<html><head><meta charset="cp1252"></head><body>Score ≥ é</body></html>'.replace("≥", ">")
    assert read(page.encode(codec), ".html") == "Score > é\n"


def test_the_bytes_say_what_a_file_is_whatever_its_name():
    assert formats.kind_of(documents.rtf("x"), ".doc") == "rtf"
    assert formats.kind_of(documents.pdf("x"), ".txt") == "pdf"
    assert formats.kind_of(b"plain", ".html") == "html" and formats.kind_of(b"plain", ".rtf") == ""
    assert read(b"caf\xe9", "text/plain; charset=ISO-8859-1") == "café"


# files made to harm


def bomb() -> bytes:
    """A Word file whose body unpacks to more than a note can hold."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w") as part,
    ):
        for _ in range(301):
            part.write(b" " * 1_000_000)
    return file.getvalue()


def with_body(xml: str) -> bytes:
    """A Word file with this as its document.xml."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(documents.docx("x"))) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            target.writestr(name, xml if name == "word/document.xml" else source.read(name))
    return file.getvalue()


def test_damaged_and_hostile_documents_are_rejected_in_a_line_and_the_next_is_read():
    from reportlab.lib.pdfencrypt import StandardEncryption

    word = documents.docx("Low back pain.")
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    entities = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><x>&a9;</x>'
    assert "password" in reason(documents.pdf("x", encrypt=StandardEncryption("secret")))
    assert "damaged" in reason(documents.pdf("Low back pain.")[:300])
    assert "damaged" in reason(word[: len(word) // 2], ".docx")
    assert "password" in reason(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".docx")
    assert "unpacks to more than" in reason(bomb())
    assert reason(with_body(entities))
    assert "zip or Office" in reason(b"PK\x03\x04" + b"x" * 60)
    for data in (b"{\\rtf1 " + b"{" * 200_000, b"<html>" + b"<div>" * 50_000 + b"ODI 44%"):
        formats.read(data)
    assert read(documents.pdf("Low back pain.")) == "Low back pain.\n"


def test_a_reader_that_hangs_or_crashes_ends_alone(monkeypatch, tmp_path):
    """A stand-in for the library inside the real helper: one that never returns, one that kills the process."""
    (tmp_path / "striprtf").mkdir()
    (tmp_path / "striprtf" / "__init__.py").touch()
    broken = tmp_path / "striprtf" / "striprtf.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "SECONDS", 2)
    for body, said in (
        ("import time; time.sleep(60)", "not read within 2 seconds"),
        ("import os; os.abort()", "crashed"),
        ("raise ImportError", "pip install 'bvn-evidence[documents]'"),
        ("bytearray(1 << 40)", "too much memory"),
        ("raise ValueError('words of a note')", "the rtf reader fails on it (ValueError)"),
    ):
        process.stop()
        broken.write_text(body)
        said_now = reason(documents.rtf("x"))
        assert said in said_now and "words of a note" not in said_now
    process.stop()


def test_the_helper_is_one_process_and_is_replaced_when_it_died():
    read(documents.rtf("one"))
    first = process._helper
    read(documents.html("two"))
    assert process._helper is first
    first.kill()
    first.wait()
    assert "crashed" in reason(documents.rtf("three"))
    assert read(documents.rtf("four")) == "four\n"


_SEEDS = [documents.MAKE[kind]("FINDINGS: Modic type 1 at L4-L5.") for kind in formats.KINDS]


@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_gives_text_or_a_reason(seed, changes):
    data = bytearray(seed)
    for where, value in changes:
        data[int(where * (len(data) - 1))] = value
    try:
        text = formats.read(bytes(data), ".html").text
    except NotText as error:
        assert str(error)
    else:
        text.encode("utf-8")


@given(st.text())
@settings(max_examples=60, deadline=None)
def test_cleaned_text_is_clean(text):
    cleaned = helper.clean(text)
    assert cleaned == helper.clean(cleaned) and "\r" not in cleaned and "\x00" not in cleaned
    cleaned.encode("utf-8")


def test_limits_are_those_of_the_documentation():
    assert (base.SECONDS, base.MEMORY, base.MOST_PAGES) == (60, 2 << 30, 5_000)
