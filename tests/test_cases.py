"""Every case of tests/cases/*.yml is a test: notes of several lines, marked as the examples of the lexicons are."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bvn_evidence.nlp import examples, extract
from bvn_evidence.schema import KINDS, Note

FAILURES = yaml.safe_load((Path(__file__).parent / "known_failures" / "cases.yml").read_text(encoding="utf-8"))
CASES = [(path.stem, case) for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
         for case in yaml.safe_load(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind}: {case['name']}" for kind, case in CASES])
def test_case(nlp, kind, case):
    assert set(case) <= {"name", "text", "expect_none_of", "note_type"}
    text, expected = examples.parse(case["text"])
    unwanted = case.get("expect_none_of", [])
    assert expected or unwanted, "a case marks a fact or names kinds of which there is none"
    assert set(unwanted) <= set(KINDS)
    note_type = case.get("note_type", "unknown")
    facts = extract(nlp, Note("case", "case", text, note_date=examples.NOTE_DATE, note_type=note_type))
    assert not [(f.kind, f.text, f.assertion, f.attributes) for f in facts if f.kind in unwanted]
    for item in expected:
        found = [(f.text, f.assertion, f.attributes) for f in facts if f.kind == item.kind]
        assert any(examples.fits(f, item) for f in facts), f"{item} not among {found}"


@pytest.mark.parametrize("case", FAILURES, ids=[case["name"] for case in FAILURES])
@pytest.mark.xfail(strict=True, reason="known failure; when it passes, move it to tests/cases")
def test_known_failure(nlp, case):
    test_case(nlp, "known", case)
