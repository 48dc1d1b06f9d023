"""Which level belongs to which finding. A text marks its findings by [brackets]; expected are their levels in order."""
from __future__ import annotations

import re

import pytest
import spacy

from bvn_evidence.nlp import attach as at
from bvn_evidence.nlp import sentences
from bvn_evidence.nlp.component import NoteView


def attached(text):
    plain, marks = "", []
    for part in re.split(r"(\[[^\]]*\])", text):
        if part.startswith("["):
            marks.append((len(plain), len(plain) + len(part) - 2))
        plain += part.strip("[]") if part.startswith("[") else part
    laid = sentences.Sentences(spacy.blank("en")).layout(plain)
    note = NoteView(plain, laid, None, "unknown")
    found = []
    for start, end in marks:
        sentence = next(s for s in laid if s.start <= start < s.end)
        rivals = tuple((a - sentence.start, b - sentence.start) for a, b in marks if sentence.start <= a < sentence.end)
        group = at.attach(note, sentence, start - sentence.start, end - sentence.start, rivals)
        found.append(",".join(group.levels) if group else "")
    return found


@pytest.mark.parametrize(("text", "expected"), [
    ("[bulge] at L4-5", ["L4-L5"]),
    ("L4-5 [bulge]", ["L4-L5"]),
    ("L4-5: [bulge]. [stenosis]. [cyst]", ["L4-L5"] * 3),
    ("At L4-5 there is a [bulge], and at L5-S1 a [protrusion]", ["L4-L5", "L5-S1"]),
    ("[bulge] at L4-5 and [protrusion] at L5-S1", ["L4-L5", "L5-S1"]),
    ("[bulge] and [stenosis] at L4-5", ["L4-L5", "L4-L5"]),
    ("At L3-4 [slip]; [bulge] and mild [stenosis] at L4-5", ["L3-L4", "L4-L5", "L4-L5"]),
    ("[slip] at L3-4, [bulge] and mild [stenosis] at L4-5", ["L3-L4", "L4-L5", "L4-L5"]),
    ("L4-5 [bulge], L5-S1 [protrusion]", ["L4-L5", "L5-S1"]),
    ("[bulge] L4-5, [protrusion] L5-S1", ["L4-L5", "L5-S1"]),
    ("[bulge] (L4-5), [protrusion] (L5-S1)", ["L4-L5", "L5-S1"]),
    ("L4-5 ([bulge]), L5-S1 ([protrusion])", ["L4-L5", "L5-S1"]),
    ("[bulges] at L3-4 and L4-5 with [stenosis] at the latter", ["L3-L4,L4-L5", "L4-L5"]),
    ("[narrowing] at L4-5 with [bulge] and at L5-S1 with [protrusion]", ["L4-L5", "L4-L5", "L5-S1"]),
    ("[bulge] at L4-5 > L5-S1", ["L4-L5,L5-S1"]),
    ("[bulge] at L4-5 and to a lesser extent L5-S1", ["L4-L5,L5-S1"]),
    ("multilevel [arthropathy], mainly at L4-L5", ["L4-L5"]),
    ("[bulge] at L4-5 and multilevel [arthropathy]", ["L4-L5", ""]),
    ("[protrusion] at L4-5 compressing the left L5 root", ["L4-L5"]),
    ("[protrusion] compressing the left L5 nerve root", [""]),
    ("L4-5\nSmall [bulge].\nL5-S1\nNo [stenosis].", ["L4-L5", "L5-S1"])])
def test_levels_of_findings(text, expected):
    assert attached(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("left", "left"), ("rt sided", "right"), ("bilateral", "bilateral"), ("left and right", "bilateral"), ("l4-5", None)])
def test_side(text, expected):
    assert at.side(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("mild to moderate", "moderate"), ("high-grade", "severe"), ("trace", "mild"), ("small", None)])
def test_severity(text, expected):
    assert at.severity(text) == expected
