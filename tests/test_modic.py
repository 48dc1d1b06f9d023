"""Endplate changes: each text with all of its facts, written "assertion type levels" (no other modic fact may come out)."""
from __future__ import annotations

import pytest

from bvn_evidence.nlp import extract
from bvn_evidence.nlp.endplates.types import signal_type, types
from bvn_evidence.schema import Note

NAMED = [
    ("Modic type 1 endplate changes are seen at L4-L5, with type 2 changes at L5-S1.", "present 1 L4-L5|present 2 L5-S1"),
    ("Modic 1 at L4-5 and 2 at L5-S1.", "present 1 L4-L5|present 2 L5-S1"),
    ("L4-5 (Modic 1), L5-S1 (Modic 2)", "present 1 L4-L5|present 2 L5-S1"),
    ("Modic 1 (L4-5) and Modic 2 (L5-S1)", "present 1 L4-L5|present 2 L5-S1"),
    ("Modic changes types 1 and 2 at L4-5 and L5-S1, respectively.", "present 1 L4-L5|present 2 L5-S1"),
    ("Modic changes noted at L3-4, L4-5 and L5-S1 (types 1, 2 and 2 respectively).", "present 1 L3-L4|present 2 L4-L5,L5-S1"),
    ("Type 2 Modic changes at L4-L5 and L5-S1, type 1 at L3-L4.", "present 2 L4-L5,L5-S1|present 1 L3-L4"),
    ("Modic type 2 changes are noted at L4-L5 and to a lesser extent L5-S1.", "present 2 L4-L5,L5-S1"),
    ("Modic type I at L5-S1 > L4-L5.", "present 1 L4-L5,L5-S1"),
    ("Modic changes (type 2) L3-S1", "present 2 L3-L4,L4-L5,L5-S1"),
    ("Modic changes - L5-S1 (II)", "present 2 L5-S1"),
    ("Modic changes: Yes, type 1 at L5-S1", "present 1 L5-S1"),
    ("modec type ll change L4-L5.", "present 2 L4-L5"),
    ("Type 1 Modic changes at L4, L5 and S1.", "present 1 L4-L5,L5-S1"),
    ("Mixed type 1 and type 2 endplate changes at L5-S1.", "present 1/2 L5-S1"),
    ("Mixed Modic signal at L4-5, type 1 greater than type 2.", "present 1/2 L4-L5"),
    ("Predominantly Modic type 2 with a smaller area of Modic type 1 at L4-L5.", "present 2 L4-L5|present 1 L4-L5"),
    ("Discogenic endplate edema (Modic type 1) involving inferior L4 and superior L5 endplates.", "present 1 L4-L5"),
    ("Minimal type 1 Modic change in the anterior inferior corner of L4.", "present 1 L4-L5"),
    ("Disc desiccation at L4-5 and L5-S1, with mild type 1 endplate change at the latter.", "present 1 L5-S1"),
    ("DDD at L4-5 with adjacent Modic 1 change and at L5-S1 with adjacent Modic 2 change.", "present 1 L4-L5|present 2 L5-S1"),
    ("MRI shows L5/S1 degeneration with Type 2 Modic changes and mild L4/5 facet arthrosis.", "present 2 L5-S1"),
    ("Thoracic spine: Modic 2 at T10-11. Lumbar: no Modic changes.", "absent unspecified -"),
    ("C5-6 Modic type 1 changes.", ""),
    ("Modic type 1 or 2 change at L5-S1.", "present unspecified L5-S1|possible 1 L5-S1|possible 2 L5-S1"),
]
DESCRIBED = [
    ("T1 hypointensity with STIR hyperintensity along the opposing endplates at L4-L5.", "present 1 L4-L5"),
    ("Endplates low on T1, high on T2 at L4/5 in keeping with Modic type 1.", "present 1 L4-L5"),
    ("Fatty replacement of the marrow adjacent to the L5-S1 endplates.", "present 2 L5-S1"),
    ("XR: disc space narrowing with endplate sclerosis at L4-5 and L5-S1.", "present 3 L4-L5,L5-S1"),
    ("Multilevel degenerative endplate changes, most pronounced at L4-L5.", "present unspecified L4-L5"),
    ("Irregular endplates with Schmorl's nodes at L1-L2.", "present unspecified L1-L2"),
    ("Superior endplate Schmorl node at L3 with surrounding marrow edema.", ""),
    ("Bone marrow edema in the L2 vertebral body due to acute compression fracture.", ""),
    ("Endplate edema at L3-4 with disc fluid, concerning for discitis-osteomyelitis.", ""),
    ("The L1 endplate oedema is fracture related.", ""),
    ("Endplate spurring at L3-4 and L4-5.", ""),
    ("Hemangioma at L3 with T1 and T2 bright signal.", ""),
    ("Expected post-ablation zones, T2 bright, beneath the endplates of L5.", ""),
    ("Vertebral endplates: Intact and smooth.", "absent unspecified -"),
    ("L2-L3, L3-L4: Endplates preserved.", "absent unspecified L2-L3,L3-L4"),
    ("Endplates: Mild Modic 2 at L4-5. Otherwise unremarkable.", "present 2 L4-L5|absent unspecified -"),
    ("Endplates unremarkable except Modic 2 at L5-S1.", "absent unspecified -|present 2 L5-S1"),
    ("Normal endplates without Modic changes.", "absent unspecified -|absent unspecified -"),
    ("L5: inferior endplate - type 1.", "present 1 L5-S1"),
]
ASSERTED = [
    ("No Modic I or II changes are identified.", "absent 1 -|absent 2 -"),
    ("No stenosis, fracture, or Modic changes.", "absent unspecified -"),
    ("MRI: no stenosis, no HNP, Modic type 1 L4-5.", "present 1 L4-L5"),
    ("No endplate edema or Modic change at any level.", "absent 1 -|absent unspecified -"),
    ("There is new Modic type 1 at L5-S1, not present on the prior study.", "present 1 L5-S1"),
    ("Findings favor Modic type 1 change over discitis.", "possible 1 -"),
    ("Modic type 1 change vs. early discitis at L4-5.", "possible 1 L4-L5"),
    ("Endplate signal change, probably Modic type 2, at L3-4.", "present unspecified L3-L4|possible 2 L3-L4"),
    ("Previously seen Modic type 1 changes at L4-5 have resolved.", "historical 1 L4-L5"),
    ("L5-S1 Modic type 1 changes have evolved into type 2.", "historical 1 L5-S1|present 2 L5-S1"),
    ("L4-5 Modic 2 (previously Modic 1).", "present 2 L4-L5|historical 1 L4-L5"),
    ("Past medical history: Modic type 2 changes L4-5.", "present 2 L4-L5"),
    ("If the MRI demonstrates Modic type 1 or 2 changes, consider BVNA.", "hypothetical 1 -|hypothetical 2 -"),
    ("Requesting MRI to confirm presence of Modic changes.", "hypothetical unspecified -"),
    ("Indication: LBP, r/o Modic changes.", "hypothetical unspecified -"),
    ("BVNA requires Modic type 1 or type 2 changes on MRI.", ""),
    ("Modic changes are divided into three types: type 1 is edema, type 2 is fat.", ""),
    ("Discussed Modic changes and the basivertebral nerve.", ""),
    ("The radiologist did not comment on Modic changes.", ""),
    ("Takes Mobic 15 mg daily.", ""),
    ("Type 2 diabetes. Endplates are not described.", ""),
]


def facts(nlp, text, note_type="radiology"):
    found = extract(nlp, Note("n", "p", text, note_type=note_type))
    return sorted(f"{f.assertion} {f.attributes['type']} {','.join(f.attributes['levels']) or '-'}"
                  for f in found if f.kind == "modic")


@pytest.mark.parametrize(("text", "expected"), NAMED + DESCRIBED + ASSERTED)
def test_all_facts_of_a_text(nlp, text, expected):
    assert facts(nlp, text) == sorted(filter(None, expected.split("|")))


@pytest.mark.parametrize(("text", "expected"), [
    ("low t1 and high stir signal", "1"), ("t1 dark, stir bright", "1"), ("hypointense on t1 and hyperintense on t2", "1"),
    ("raised t1 and t2 signal and loss of signal on stir", "2"), ("bright on t1 and t2", "2"), ("t1 bright", "2"),
    ("low signal on t1 and t2", "3"), ("dark on t1 and t2", "3"), ("t1 and t2", None)])
def test_signal(text, expected):
    assert signal_type(text) == expected


@pytest.mark.parametrize(("text", "names", "relation"), [
    ("modic type i/ii", ("1", "2"), "mixed"), ("type 1 > type 2", ("1", "2"), "mixed"), ("modic 1 or 2", ("1", "2"), "choice"),
    ("types 1, 2 and 3", ("1", "2", "3"), "list"), ("modic iii", ("3",), "list"), ("modic", (), "list")])
def test_types(text, names, relation):
    found = types(text)
    assert (found.names, found.relation) == (names, relation)


def test_named_and_described_in_one_phrase_is_one_named_fact_with_its_endplates(nlp):
    text = "The L4 inferior and L5 superior endplates are bright on T1 and T2 (Modic type 2)."
    (fact,) = [f for f in extract(nlp, Note("n", "p", text)) if f.kind == "modic"]
    assert fact.attributes == {"type": "2", "basis": "named", "levels": ["L4-L5"],
                               "endplates": ["L4 inferior", "L5 superior"]}


def test_a_change_that_only_the_outside_report_saw_is_historical(nlp):
    text = ("INDICATION: Second opinion. Outside report with \"Modic 1 at L4-L5\".\n\n"
            "FINDINGS: The L4-L5 endplates are normal.")
    assert facts(nlp, text) == ["absent unspecified L4-L5", "historical 1 L4-L5"]
