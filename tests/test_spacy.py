"""Our components in spaCy's world: alone in any pipeline, stored and loaded as pipelines and as Docs, drawn by displaCy."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import pytest
import spacy
from medspacy.target_matcher import TargetRule
from spacy import displacy
from spacy.lang.en import English
from spacy.tokens import Doc, DocBin

from bvn_evidence.nlp import COMPONENTS, extract, load
from bvn_evidence.schema import KINDS, Fact, Note
from bvn_evidence.wording import KIND_COLORS

TEXT = (
    "HPI: Low back pain for 3 years, worse with sitting. -numbness, denies leg pain. Failed 8 weeks of PT.\n"
    "MRI: Modic type 2 changes at L4-5, no canal or foraminal stenosis. Family history: father had a lumbar fusion.\nODI 44%."
)


def facts(doc):
    return [span._.fact for span in doc.spans["facts"]]


@pytest.fixture(scope="module")
def doc(nlp):
    made = nlp(TEXT)
    places = [(fact["kind"], fact["start"]) for fact in facts(made)]
    assert len(set(places)) < len(places) > 6  # facts that share their words are told apart
    return made


def test_a_doc_knows_all_its_facts(doc):
    assert doc._.facts == facts(doc)
    assert all(TEXT[fact["start"] : fact["end"]] == fact["text"] for fact in doc._.facts)


@pytest.mark.parametrize(
    "again",
    [
        lambda doc: Doc(doc.vocab).from_bytes(doc.to_bytes()),
        lambda doc: next(DocBin(store_user_data=True).from_bytes(DocBin(store_user_data=True, docs=[doc]).to_bytes()).get_docs(doc.vocab)),
        lambda doc: pickle.loads(pickle.dumps(doc)),
        lambda doc: doc.copy(),
        lambda doc: copy.deepcopy(doc),
        lambda doc: Doc(doc.vocab).from_json(json.loads(json.dumps(doc.to_json(underscore=["facts"])))),
    ],
    ids=["bytes", "DocBin", "pickle", "copy", "deepcopy", "json"],
)
def test_facts_survive(again, doc):
    other = again(doc)
    assert facts(other) == facts(doc) and other._.facts == doc._.facts
    assert facts(again(other)) == facts(doc)


def test_a_stored_doc_can_be_read_anew(nlp, doc):
    other = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert facts(nlp.get_pipe("bvn_modic")(other)) == [fact for fact in facts(doc) if fact["kind"] == "modic"] != []


def test_sections_and_modifiers_survive_bytes(doc):
    other = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert [section.category for section in other._.sections] == [section.category for section in doc._.sections]
    rules = [[modifier.rule.literal for modifier in span._.modifiers] for span in doc.spans["targets"]]
    assert any(rules)
    assert [[modifier.rule.literal for modifier in span._.modifiers] for span in other.spans["targets"]] == rules
    assert [span._.is_negated for span in other.spans["targets"]] == [span._.is_negated for span in doc.spans["targets"]]


def test_facts_come_back_from_worker_processes(nlp, doc):
    assert [facts(each) for each in nlp.pipe([TEXT] * 3, n_process=2)] == [facts(doc)] * 3


def test_a_pipeline_is_the_same_from_its_config_and_from_disk(nlp, doc, tmp_path):
    nlp.to_disk(tmp_path / "model")
    for other in (English.from_config(nlp.config), spacy.load(tmp_path / "model")):
        assert tuple(other.pipe_names) == COMPONENTS
        again = other(TEXT)
        assert [token.text for token in again] == [token.text for token in doc] and facts(again) == facts(doc)


@pytest.mark.parametrize("name", ["bvn_sections", "bvn_assertion", "bvn_radicular", "bvn_alternative"])
def test_a_component_brings_what_it_needs(name, doc):
    alone = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "bvn_tokenizer.v1"}}})
    alone.add_pipe(name)
    made = alone(TEXT)
    if name in ("bvn_radicular", "bvn_alternative"):
        kind = name.removeprefix("bvn_")
        assert facts(made) == [fact for fact in facts(doc) if fact["kind"] == kind] != []
        assert facts(alone(TEXT)) == facts(made)
    elif name == "bvn_sections":
        assert [each.category for each in made._.sections] == [each.category for each in doc._.sections]
    else:
        negated = [(span.start, span.label_, span._.is_negated) for span in doc.spans["targets"]]
        assert [(span.start, span.label_, span._.is_negated) for span in made.spans["targets"]] == negated


def test_a_component_leaves_what_others_marked_as_it_is(doc):
    alone = spacy.blank("en")
    alone.add_pipe("sentencizer")
    before = [(sentence.start, sentence.end) for sentence in alone(TEXT).sents]
    alone.add_pipe("bvn_radicular")
    made = alone(TEXT)
    assert [(sentence.start, sentence.end) for sentence in made.sents] == before != [(s.start, s.end) for s in doc.sents]
    assert list(made.spans) == ["facts"] and made._.sections in (None, []) and made._.context_graph is None
    stored = DocBin(store_user_data=True, docs=[made]).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(made.vocab)
    assert facts(again) == facts(made) != []


def test_without_importing_us(doc, tmp_path):
    """In a new process: a stored Doc is read before any of our code is there, then one factory works alone."""
    DocBin(store_user_data=True, docs=[doc]).to_disk(tmp_path / "docs.spacy")
    code = (
        "import sys, json, spacy\nfrom spacy.tokens import DocBin\n"
        "(stored,) = DocBin().from_disk(sys.argv[1]).get_docs(spacy.vocab.Vocab())\n"
        "assert not any(name.startswith('bvn_evidence') for name in sys.modules)\n"
        "nlp = spacy.blank('en')\nnlp.add_pipe('bvn_modic')\nmade = nlp(stored.text)\n"
        "print(json.dumps([[s._.fact for s in doc.spans['facts']] for doc in (stored, made)]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, tmp_path / "docs.spacy"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-1500:]
    stored, made = json.loads(done.stdout)
    assert stored == facts(doc) and made == [fact for fact in stored if fact["kind"] == "modic"] != []


def test_displacy_draws_every_kind_in_its_colour(doc):
    assert set(KIND_COLORS) == set(KINDS)
    page = displacy.render(doc, style="span", options={"spans_key": "facts"}, page=True, jupyter=False)
    assert all(KIND_COLORS[fact["kind"]] in page for fact in facts(doc))
    flat = doc.copy()
    flat.ents = spacy.util.filter_spans(flat.spans["facts"])
    page = displacy.render(flat, style="ent", jupyter=False)
    assert all(f'background: {KIND_COLORS[ent.label_]}' in page for ent in flat.ents)


def test_a_target_rule_of_the_user_is_read_like_ours():
    """With a label in small letters, in a group of ours or in none; `favor` is only for endplates and diagnoses."""
    mine = load()
    mine.get_pipe("bvn_targets").add([
        TargetRule("mine.glow", "modic", pattern="plate glow", metadata={"group": "modic", "attributes": {"role": "named"}}),
        TargetRule("mine.bare", "mine", pattern="quarble"),
    ])
    text = "Findings favor plate glow and quarble at L4-5."
    doc = mine(text)
    assert {"modic", "mine"} <= {target.label_ for target in doc.spans["targets"]}
    for found in (extract(mine, Note("n", "p", text)), [Fact.from_dict(fact) for fact in facts(doc)]):
        assert [(fact.text, fact.assertion) for fact in found if fact.kind == "modic"] == [("plate glow", "possible")]
