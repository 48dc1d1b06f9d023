"""Levels, vertebrae and endplates in text."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.nlp import levels as lv


def named(text):
    return [level for mention in lv.find(text) for level in mention.levels]


@pytest.mark.parametrize(("text", "expected"), [
    ("l4-l5", ["L4-L5"]), ("l4-5", ["L4-L5"]), ("l4/5", ["L4-L5"]), ("l45", ["L4-L5"]), ("l5s1", ["L5-S1"]), ("l5 s1", ["L5-S1"]),
    ("l4 over l5", ["L4-L5"]), ("l4 on l5", ["L4-L5"]), ("d12-l1", ["T12-L1"]), ("t12/l1", ["T12-L1"]), ("l5-l6", ["L5-L6"]),
    ("l6-s1", ["L6-S1"]), ("s1-s2", ["S1-S2"]), ("l4 five", ["L4-L5"]),
    ("l3-s1", ["L3-L4", "L4-L5", "L5-S1"]), ("l4 to s1", ["L4-L5", "L5-S1"]), ("l3 through l5", ["L3-L4", "L4-L5"]),
    ("between l3 and s1", ["L3-L4", "L4-L5", "L5-S1"]), ("l1-2 through l3-4", ["L1-L2", "L2-L3", "L3-L4"]),
    ("l3-4, 4-5 and 5-1", ["L3-L4", "L4-L5", "L5-S1"]), ("lower two levels", ["L4-L5", "L5-S1"]),
    ("lower two lumbar discs", ["L4-L5", "L5-S1"]), ("lowest 3 segments", ["L3-L4", "L4-L5", "L5-S1"]),
    ("lumbo-sacral disc", ["L5-S1"]), ("lumbosacral junction", ["L5-S1"]),
    ("superior endplate of l4", ["L3-L4"]), ("lower endplate of l6", ["L6-S1"]), ("l3: inferior endplate", ["L3-L4"]),
    ("anterior inferior corner of l4", ["L4-L5"]),
    ("t1 and t2 weighted images", []), ("dark on t1/t2", []), ("t1-t2 hyperintense", []), ("4/5 strength", []), ("on 4/5/2024", [])])
def test_disc_levels(text, expected):
    assert named(text) == expected


@pytest.mark.parametrize(("text", "plates"), [
    ("inferior endplate of l4", ["L4 inferior"]), ("l4 inferior and l5 superior endplates", ["L4 inferior", "L5 superior"]),
    ("superior s1", ["S1 superior"]), ("upper l5 endplate", ["L5 superior"]),
    ("l4: superior and inferior endplates", ["L4 superior", "L4 inferior"]),
    ("both l4 endplates", ["L4 superior", "L4 inferior"]), ("both endplates of l5", ["L5 superior", "L5 inferior"]),
    ("both endplates of l4-5", []), ("both l4 and l5 endplates", []), ("l5 bilateral facets", [])])
def test_endplates(text, plates):
    assert [plate for mention in lv.find(text) for plate in mention.endplates] == plates


def test_thoracic_and_cervical_levels_lie_outside():
    assert [mention.outside for mention in lv.find("c5-6, t10-11, t12-l1 and l4-5")] == [True, True, False, False]


@given(st.text(alphabet="lstdc0123456789 -/,:and ", max_size=60))
def test_any_text_gives_mentions_inside_it_in_order(text):
    found = lv.find(text)
    assert all(0 <= m.start < m.end <= len(text) for m in found)
    assert [m.start for m in found] == sorted(m.start for m in found)


@given(st.sampled_from([disc for disc in lv.DISCS if disc in lv.LUMBAR]), st.sampled_from("-/"))
def test_every_lumbar_disc_is_read_back(disc, sign):
    assert named(disc.lower().replace("-", sign)) == [disc]
