"""Every example sentence of the lexicons is a test; a word that a user adds is found, what nothing reads is refused."""
from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest
import yaml

from bvn_evidence.errors import UserError
from bvn_evidence.nlp import examples, lexicon, load
from bvn_evidence.nlp.normalize import fold

ENTRIES = [entry for name in lexicon.names() if name not in ("macros", "spelling") for entry in lexicon.entries(name)
           if entry.positive or entry.negative]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_examples(nlp, entry):
    assert not list(examples.failures(nlp, entry.id, entry.positive, entry.negative))


def test_parse_gives_the_text_without_marks():
    text, expected = examples.parse('No <modic assertion=absent levels="L4-L5,L5-S1">Modic changes</modic> there.')
    assert text == "No Modic changes there."
    assert [(e.kind, text[e.start:e.end], e.attributes) for e in expected] == [
        ("modic", "Modic changes", {"assertion": "absent", "levels": "L4-L5,L5-S1"})]


DOCUMENTED = (Path(__file__).parent.parent / "docs/lexicons.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
# words that nobody has written: what finds them can only be the entry
ADDED = {
    "modic": ("terms: [quarble change]", "attributes: {type: '1', basis: descriptor}",
              "<modic type=1 levels=L4-L5>Quarble changes</modic> at L4-5."),
    "alternative": ("terms: [zorbation]", "attributes: {diagnosis: disc_herniation}",
                    "MRI: <alternative diagnosis=disc_herniation levels=L5-S1 severity=mild>Zorbation</alternative>, mild, at L5-S1."),
    "structure": ("terms: [glimmets]", "attributes: {structure: facet_arthropathy}",
                  "L4-5: The <alternative diagnosis=facet_arthropathy assertion=absent levels=L4-L5>glimmets</alternative> are normal."),
    "radicular": ("terms: [wexy calf]", "attributes: {finding: leg_pain}",
                  "She has <radicular finding=leg_pain side=left>wexy calf</radicular> on the left."),
    "axial_pain": ("terms: [mibblish]", "attributes: {predominance: axial_only}",
                   "Pain is <axial_pain predominance=axial_only>mibblish</axial_pain>."),
    "therapy": ("terms: [flurbling]", "attributes: {modality: acupuncture}",
                "Low back pain. She completed 6 weeks of <therapy modality=acupuncture status=tried duration_weeks=6>flurbling</therapy>."),
    "therapy_status": ("terms: [plonked]", "attributes: {status: declined, reach: after}",
                       "Low back pain. He plonked <therapy modality=physical_therapy status=declined>physical therapy</therapy>."),
    "therapy_outcome": ("terms: [a dud of duds]", "attributes: {outcome: failed}",
                        "Low back pain. <therapy modality=physical_therapy outcome=failed>Physical therapy</therapy> was a dud of duds."),
    "duration": ("terms: [snarf]", "attributes: {role: pain}",
                 "Seen for the low back. <symptom_duration months=36>Snarf for 3 years</symptom_duration>."),
    "odi": ("terms: [snorf index]", "attributes: {role: name}", "<odi score=46>Snorf index 46%</odi>."),
    "function": ("terms: [gromping]", "attributes: {role: activity, activity: walking}",
                 "Low back pain. <functional_impairment activity=walking>Gromping limited</functional_impairment> to 5 minutes."),
    "assertion": ("terms: [nixing]", "category: NEGATED_EXISTENCE",
                  "Nixing <modic type=1 assertion=absent>Modic type 1 changes</modic>."),
    "sections": ("terms: [forebears]", "attributes: {assertion: family}",
                 "Forebears: <alternative diagnosis=scoliosis assertion=family>scoliosis</alternative>."),
}


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """The pipeline with a copy of the lexicons to which each file got one entry."""
    folder = _copy(tmp_path_factory.mktemp("own"))
    for name, (terms, attributes, _) in ADDED.items():
        _add(folder, name, f"  - id: {name}.added\n    {terms}\n    {attributes}\n")
    _add(folder, "modic", textwrap.indent(DOCUMENTED, "  "))
    return load(str(folder))


def _copy(folder):
    return Path(shutil.copytree(Path(str(lexicon.directory())), folder / "lexicons", ignore=shutil.ignore_patterns("__pycache__")))


def _add(folder, name, entry):
    with (folder / f"{name}.yml").open("a", encoding="utf-8") as file:
        file.write(entry)


@pytest.mark.parametrize(("term", "text"), [
    ("end–plate glow", "end-plate glows"), ("Baastrup’s disease", "Baastrup's disease"), ("end\u00a0plate", "END-PLATES")])
def test_a_term_may_be_typed_as_a_word_processor_does(term, text):
    """Long dashes, curly apostrophes and hard blanks, in the term and in the note."""
    for written in (term, text):
        assert re.fullmatch(lexicon.term_regex(term), fold(written))


@pytest.mark.parametrize("name", ADDED)
def test_a_word_added_to_a_lexicon_is_found(nlp, taught, name):
    example = ADDED[name][2]
    assert list(examples.failures(nlp, f"{name}.added", [example], []))
    assert not list(examples.failures(taught, f"{name}.added", [example], []))


def test_the_entry_of_the_documentation_works(taught):
    entry = yaml.safe_load(DOCUMENTED)[0]
    assert not list(examples.failures(taught, entry["id"], entry["positive"], entry["negative"]))


@pytest.mark.parametrize(("name", "entry", "message"), [
    ("modic", "attributes: {tpye: '1'}", "modic.yml: entry 'modic.wrong' has the unknown attribute 'tpye'; known are basis, role, type"),
    ("modic", "attributes: {type: 1}", "modic.yml: entry 'modic.wrong': type cannot be 1; write it in quotes"),
    ("modic", "attributes: [named]", "modic.yml: entry 'modic.wrong': attributes must be a mapping, such as {type: '1'}"),
    ("radicular", "attributes: {finding: itch}", "radicular.yml: entry 'radicular.wrong': finding cannot be 'itch'; give one of leg_pain, "),
    ("odi", "plural: false", "odi.yml: entry 'odi.wrong' needs the attribute role; give one of band, "),
    ("alternative", "attributes: {place: own}", "alternative.yml: entry 'alternative.wrong' needs the attribute diagnosis or involves; "),
    ("sections", "assertion: family", "sections.yml: entry 'sections.wrong': 'assertion' is not read in this file; put it under attributes"),
    ("assertion", "category: NEGATED", "assertion.yml: entry 'assertion.wrong': category cannot be 'NEGATED'; give one of FAMILY, "),
])
def test_what_nothing_reads_is_refused(tmp_path, name, entry, message):
    folder = _copy(tmp_path)
    _add(folder, name, f"  - id: {name}.wrong\n    terms: [quarble]\n    {entry}\n")
    assert lexicon.check(str(folder))[0].startswith(message)
    with pytest.raises(UserError) as refused:
        load(str(folder))
    assert str(refused.value).startswith(message)
