"""The gate: no rule is passed over where it could match."""
from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from medspacy.target_matcher import TargetRule

from bvn_evidence.nlp import extract, lexicon, load
from bvn_evidence.nlp.components import register
from bvn_evidence.nlp.matcher import LinearMatcher
from bvn_evidence.nlp.triggers import entrances, gates, required
from bvn_evidence.nlp.words import GUARDS
from bvn_evidence.schema import Note

RULES = [(entry.id, entry.regex) for name in lexicon.names() if name not in ("macros", "spelling")
         for entry in lexicon.entries(name)]


@pytest.mark.parametrize(("pattern", "strings"), [
    ("modic", {"modic"}),
    (r"(?<![a-z])(?:disc|disk)\s+bulge", {"bulge"}),
    (r"type\s*(?:[12]|ii?)", {"type"}),
    (r"a?b?", set()),
    (r"\w+\s\d", set()),
    (r"(?:cat|\w+)", set()),
    (r"(?:leg|arm)\s+pain|sciatica", {"pain", "sciatica"}),
    (r",(?=\s+there)", {"there"}),
    (r"(?i)Modic", {"modic"}),
    (r"(?i:Endplates)\s+[A-C]", {"endplates"}),
])
def test_required(pattern, strings):
    assert required(pattern) == strings


def test_every_set_of_a_gate_is_needed():
    assert gates(r"(?:leg|arm)\s+(?:pain|ache)|sciatica") == (
        (frozenset({"pain", "ache"}), frozenset({"leg", "arm"})), (frozenset({"sciatica"}),))


def test_an_exclusion_may_take_capitals_for_small_letters():
    matcher = LinearMatcher()
    matcher.add([TargetRule("index", "ODI", pattern="index", metadata={"exclude": ["(?i)Neck Index"]})])
    assert matcher.find("an index of 4") and not matcher.find("a neck index of 4")


@pytest.mark.parametrize(("rule", "regex"), RULES, ids=[rule for rule, _ in RULES])
def test_every_rule_can_be_gated(rule, regex):
    assert required(regex), f"{rule} would run on every sentence"


@pytest.mark.parametrize(("rule", "regex"), RULES, ids=[rule for rule, _ in RULES])
def test_every_text_that_matches_holds_a_trigger(rule, regex):
    """Strings made from the pattern itself: each that it matches must hold one of the strings that open the gate, and begin as
    matches are said to begin where that is said."""
    found = gates(regex)
    starts, behind = entrances(regex)
    compiled = re.compile(regex)

    @settings(max_examples=15, deadline=None, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
    @given(st.from_regex(compiled))
    def check(text):
        match = compiled.search(text)
        if match:
            blanks = all(char == " " or not char.isspace() for char in text)
            assert behind or not blanks or any(text.startswith(string, match.start()) for string, _ in starts)
            assert any(all(any(string in text for string in strings) for strings in gate) for gate in found)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()


@pytest.fixture(scope="module")
def open_nlp():
    """The pipeline without the gate: every rule looks at every sentence."""
    return load(gate=False)


SAMPLES = sorted(Path(__file__).parents[1].glob("annotated_samples/notes/*/*.txt"))


@pytest.mark.parametrize("path", SAMPLES[::4], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_gate_on_and_off_give_the_same_facts(nlp, open_nlp, path):
    note = Note("n", "p", path.read_bytes().decode(), note_date="2024-06-15")
    assert [fact.to_dict() for fact in extract(nlp, note)] == [fact.to_dict() for fact in extract(open_nlp, note)]


register()  # imports all of them
assert GUARDS


@pytest.mark.parametrize(("words", "pattern"), GUARDS, ids=[pattern.pattern[:40] for _, pattern in GUARDS])
def test_no_pattern_matches_without_the_words_that_go_before_it(words, pattern):
    """Every alternative of the pattern needs one of the words; where a word holds a blank, texts made from the pattern show it."""
    needs = gates(pattern.pattern)
    assert needs
    if not all(any(all(map(_holds(words), strings)) for strings in gate) for gate in needs):
        assert any(" " in word for word in words), "a word is missing"
        spaced = re.compile(pattern.pattern.replace(r"\s", " "))

        @settings(max_examples=400, deadline=None, database=None,
                  suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
        @given(st.from_regex(spaced))
        def check(text):
            if match := spaced.search(text):
                assert _holds(words)(match.group())

        check()


def _holds(words):
    return lambda text: any(word in text for word in words)
