"""Work grows with the text and not faster, counted in operations, and the short way gives what the long way gives."""
from __future__ import annotations

import gc
import random
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bvn_evidence.nlp import extract, lexicon, load
from bvn_evidence.nlp.matcher import LinearMatcher
from bvn_evidence.nlp.memory import KEPT
from bvn_evidence.nlp.normalize import fold
from bvn_evidence.nlp.spans import DocTokens, NoteTokens
from bvn_evidence.nlp.triggers import entrances
from bvn_evidence.schema import Fact, Note

SAMPLES = sorted(Path(__file__).parents[1].glob("annotated_samples/notes/*/*.txt"))
TEXT = "Low back pain for 3 years. No leg pain. Failed 8 weeks of physical therapy; MRI: Modic type 2 changes at L4-5.\n"


@pytest.mark.parametrize(("pattern", "starts"), [
    ("modic", {("modic", False)}),
    (r"(?<![a-z0-9])(?:disc|disk)\s+bulge", {("disc bul", True), ("disc  ", True), ("disk bul", True), ("disk  ", True)}),
    (r"\b(?:low\s+){0,2}back", {("back", True), ("low back", True), ("low  ", True), ("low low ", True)}),
    (r"\b(?:back|leg)[\s-]pain", {("back pai", True), ("back-pai", True), ("leg pain", True), ("leg-pain", True)}),
    (r"colou?r\w*", {("color", False), ("colour", False)}),
    (r"(?<![^a-z])plate", {("plate", False)}),
    (r"(?i)modic", set()),
    (r"\w+pain", set()),
    (r"l\d", set()),
])
def test_where_a_pattern_can_begin(pattern, starts):
    assert entrances(pattern)[0] == starts


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.sampled_from([*TEXT.lower().split(), "disc", "bulge", "mild", "at", "l5-s1,", "no", "and", "facet", "(-)"]), max_size=25))
def test_trying_only_where_a_rule_can_begin_finds_all_it_can_find(matchers, words):
    text = " ".join(words)
    for gated, free in matchers:
        assert gated.find(text) == free.find(text)


@pytest.fixture(scope="module")
def matchers(nlp):
    """The matchers of the pipeline, and the same rules tried everywhere."""
    found = [(nlp.get_pipe(name).matcher, LinearMatcher(gate=False)) for name in ("bvn_targets", "bvn_assertion")]
    for gated, free in found:
        free.add(gated.rules)
    return found


def test_rules_tried_grow_with_the_text_and_not_faster(nlp, monkeypatch):
    tried = []
    plain = LinearMatcher.candidates

    def counted(self, text):
        places = plain(self, text)
        tried.append(sum(len(at or [0]) for at in places.values()))
        return places

    monkeypatch.setattr(LinearMatcher, "candidates", counted)
    counts = []
    for times in (20, 80):
        tried.clear()
        text = "".join(TEXT.replace("3 years", f"{number} years") for number in range(1000 * times, 1001 * times))
        extract(nlp, Note("n", "p", text))
        counts.append(sum(tried))
    assert counts[0] > 0 and counts[1] <= 4.2 * counts[0]


@pytest.mark.parametrize("text", [TEXT * 50, TEXT.replace(" ", "") * 50, "No leg pain;" * 400], ids=["lines", "no blanks", "one line"])
def test_no_text_is_tokenised_again_and_again(nlp, monkeypatch, text):
    read = []

    def tokenizer(part):
        read.append(len(part))
        return nlp.tokenizer(part)

    class Counting:
        pipeline = nlp.pipeline

    Counting.tokenizer = staticmethod(tokenizer)
    extract(Counting, Note("n", "p", text))
    assert sum(read) <= 3 * len(text)


def test_a_sentence_without_negation_or_the_like_needs_no_tokens(nlp):
    class Silent:
        pipeline = nlp.pipeline

        @staticmethod
        def tokenizer(text):
            raise AssertionError("tokenised")

    assert extract(Silent, Note("n", "p", "Modic type 2 changes at L4-5."))


@settings(max_examples=150, deadline=None, database=None)
@given(st.text(alphabet="ab1.-,/'() \n\t\u00a0", max_size=60), st.data())
def test_tokens_around_a_sentence_are_those_of_the_whole_note(nlp, text, data):
    if not text.strip():
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    part, whole = NoteTokens(nlp.tokenizer, text).around(start, end), DocTokens(nlp.tokenizer(text)).around(start, end)
    inside = [(a, b) for a, b in zip(whole.starts, whole.ends, strict=True) if start <= a and b <= end and text[a:b].strip()]
    found = [(a, b) for a, b in zip(part.starts, part.ends, strict=True) if start <= a and b <= end and text[a:b].strip()]
    assert found == inside


@pytest.mark.parametrize("path", SAMPLES[::3], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_doc_holds_the_facts_that_extract_gives(nlp, path):
    text = path.read_bytes().decode()
    facts = extract(nlp, Note("n", "p", text))
    spans = [span._.fact for span in nlp(text).spans["facts"]]
    for fact in facts:
        row = fact.to_dict() | {"fact_id": "", "note_id": "", "patient_id": ""}
        assert row in spans
    assert {(fact.kind, fact.start) for fact in facts} <= {(span["kind"], span["start"]) for span in spans}


def test_a_component_of_the_user_is_run(nlp):
    from spacy.language import Language

    seen = []

    @Language.component("bvn_test_counts_tokens")
    def count(doc):
        seen.append(len(doc))
        return doc

    mine = load()
    mine.add_pipe("bvn_test_counts_tokens")
    note = Note("n", "p", TEXT)
    assert [fact.to_dict() for fact in extract(mine, note)] == [fact.to_dict() for fact in extract(nlp, note)] and seen


values = st.one_of(st.none(), st.booleans(), st.sampled_from([0, 1, 2, 1.0, "1", "L4-L5", "', 'side': '"]), st.lists(st.sampled_from(["L4-L5", 1, True]), max_size=2))
made_facts = st.builds(
    lambda kind, start, attributes: Fact(kind, "present", start, start + 1, "x", "x", "other", "made", dict(attributes)),
    st.sampled_from(["radicular", "code", "mine"]), st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(["finding", "side", "system"]), values), max_size=3),
)  # fmt: skip


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(made_facts, max_size=8))
def test_facts_stand_in_order_and_each_statement_once(facts):
    made = SimpleNamespace(read_note=lambda note: note.facts.extend(facts))
    expected: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.start, fact.end, fact.kind, str(fact.attributes))):
        expected.setdefault(f"{fact.kind} {sorted(fact.attributes.items())}", fact)
    assert [id(fact) for fact in extract(SimpleNamespace(pipeline=[("made", made)], tokenizer=None), Note("n", "p", "xxx"))] == [id(fact) for fact in expected.values()]


def _forget(nlp) -> int:
    """Drop all that is kept of texts seen before; how much that was."""
    things = [value for name, module in sys.modules.items() if name.startswith("bvn_evidence.nlp") for value in vars(module).values()]
    things += [value for _, component in nlp.pipeline for value in vars(component).values()]
    caches = {id(thing): thing for thing in things if hasattr(thing, "cache_info") and thing.cache_info().maxsize == KEPT}
    count = 0
    for cache in caches.values():
        count += cache.cache_info().currsize
        cache.cache_clear()
    kept = nlp.get_pipe("bvn_assertion")._kept
    count += len(kept)
    kept.clear()
    return count


def test_what_is_kept_of_other_notes_changes_no_fact(nlp):
    draw = random.Random(7)
    lines = [line for path in SAMPLES for line in path.read_bytes().decode().splitlines()]
    notes = [Note("n", "p", "\n".join(draw.choices(lines, k=12)), note_date=draw.choice([None, "2024-06-15"]),
                  note_type=draw.choice(["clinic", "radiology"])) for _ in range(40)]
    for path in SAMPLES:
        extract(nlp, Note("n", "p", path.read_bytes().decode()))
    known = [[fact.to_dict() for fact in extract(nlp, note)] for note in notes]
    assert _forget(nlp) > 1000
    for note, facts in zip(notes, known, strict=True):
        _forget(nlp)
        assert [fact.to_dict() for fact in extract(nlp, note)] == facts


def test_folded_text_has_one_blank():
    """`entrances` takes the blank of a pattern for " "."""
    assert {char for char in fold("".join(map(chr, range(0x3100)))) if char.isspace()} == {" "}


def test_no_rule_is_tried_on_every_sentence():
    rules = [entry.regex for name in lexicon.names() if name not in ("macros", "spelling", "sections") for entry in lexicon.entries(name)]
    assert all(re.compile(regex) and any(entrances(regex)) for regex in rules)


def test_a_note_that_is_done_is_freed_at_once(nlp):
    """Not by Python's collector, which would go through all that is kept: no ring of sentences and targets is left."""
    note = Note("n", "p", TEXT * 20)
    extract(nlp, note)
    gc.collect()
    gc.disable()
    try:
        extract(nlp, note)
        assert gc.collect() < 20
    finally:
        gc.enable()
