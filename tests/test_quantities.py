"""Numbers, lengths of time, dates and spans of months as clinicians write them."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_evidence.nlp.normalize import fold
from bvn_evidence.nlp.quantities import dates, fractions, lengths, number, spans


@pytest.mark.parametrize(("text", "value"), [
    ("12", 12), ("2.5", 2.5), ("2 1/2", 2.5), ("2-1/2", 2.5), ("two-and-a-half", 2.5), ("one and half", 1.5), ("half a", 0.5),
    ("a couple of", 2), ("twenty-one", 21), ("a", 1), ("a dozen", 12), ("2 and a half", 2.5), ("soon", None)])
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize(("text", "months", "qualifier"), [
    ("x 3 yrs", 36, "exact"), ("x3yrs", 36, "exact"), ("for 5y", 60, "exact"), ("18-24 months", 18, "exact"),
    ("a year and a half", 18, "exact"), ("two-and-a-half years", 30, "exact"), ("3 years and 2 months", 38, "exact"),
    ("for the better part of a decade", 60, "at_least"), ("over a year", 12, "at_least"), ("3+ years", 36, "at_least"),
    ("> 2 yrs", 24, "at_least"), ("five years or more", 60, "at_least"), ("going on 4 years", 48, "about"),
    ("some three years", 36, "about"), ("several months", 3, "about"), ("several years", 24, "about"), ("many years", 36, "about"),
    ("for years", 24, "about"), ("a couple of years", 24, "about"), ("two months or so", 2, "about"),
    ("not quite 5 months", 5, "less_than"), ("less than two weeks", 0.5, "less_than"), ("6 weeks", 1.4, "exact"),
    ("10 days", 0.3, "exact"), ("15-year history", 180, "exact")])
def test_lengths(text, months, qualifier):
    assert [(found.months, found.qualifier) for found in lengths(text)] == [(months, qualifier)]


@pytest.mark.parametrize("text", ["a 54-year-old", "54 y/o", "hpi: 45m, driver", "she am here", "l4-l5", "50 years of age",
                                  "l4-5-and l5-s1", "rated 2 to and out of 10"])
def test_ages_and_levels_are_no_lengths(text):
    assert not lengths(text)
    assert [found.months for found in lengths(f"for 3 years; {text}")] == [36.0]


def test_british_fractions_are_months_and_weeks():
    assert [found.months for found in fractions("lbp 9/12, worse 6/52")] == [9, 1.4]
    assert not fractions("attended 10/12 visits on 3/12/2024")


@pytest.mark.parametrize(("text", "day"), [
    ("since 2024-03-05", (2024, 3, 5)), ("on 3/5/24", (2024, 3, 5)), ("march 5, 2024", (2024, 3, 5)), ("5 march 2024", (2024, 3, 5)),
    ("march 2024", (2024, 3, None)), ("3/2024", (2024, 3, None)), ("since 2019", (2019, None, None))])
def test_dates(text, day):
    assert [(found.year, found.month, found.day) for found in dates(text)] == [day]


def test_months_to_a_note():
    assert dates("march 2022")[0].months_to("2024-06-15") == 27
    assert dates("march 2025")[0].months_to("2024-06-15") is None


@pytest.mark.parametrize(("text", "months"), [
    ("jan-mar 2024", 2), ("feb to may 2023", 3), ("3/2024 to 9/2024", 6), ("november 2023 through february 2024", 3)])
def test_spans(text, months):
    assert [found.months for found in spans(text)] == [months]


@given(st.text(max_size=200))
def test_any_text_gives_lengths_that_lie_within_it(text):
    folded = fold(text)
    for found in [*lengths(folded), *fractions(folded), *dates(folded), *spans(folded)]:
        assert 0 <= found.start < found.end <= len(folded)
