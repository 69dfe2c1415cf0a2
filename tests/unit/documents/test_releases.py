"""Imports of releases that are made up by a seed: offices × layouts × defects.

The rules were tuned on odd seeds; even ones draw other words and were never looked into.
"""

import pytest

from newsletter.documents.importing import import_file
from tools.releases.__main__ import measured, seeds
from tools.releases.scoring import TODAY, Figures

pytestmark = pytest.mark.slow("some hundred files are imported")


def _whole(first: int, each: int) -> Figures:
    whole = Figures()
    for figures in measured(seeds(first, each, tuning=False)).values():
        whole.add(figures)
    return whole


def test_the_goals_hold_on_releases_that_no_rule_was_tuned_on() -> None:
    whole = _whole(70_000, 8)
    told = "\n".join(whole.misses)
    assert whole.titles >= 0.97 * whole.files, told
    assert whole.dated >= 0.97 * whole.dates, told
    assert whole.prose >= 0.995 * whole.sentences, told
    assert whole.left_in <= 0.03 * whole.furniture, told
    assert (whole.refused, whole.missed) == (0, 0), told


def test_they_hold_nearly_on_releases_that_nobody_has_seen(seed: int) -> None:
    whole = _whole(100_000 + seed % 1_000_000_000, 8)
    told = "\n".join(whole.misses)
    assert whole.titles >= 0.9 * whole.files, told  # a few are sure to be missed by chance
    assert whole.dated >= 0.9 * whole.dates, told
    assert whole.prose >= 0.98 * whole.sentences, told
    assert whole.left_in <= 0.05 * whole.furniture, told
    assert (whole.refused, whole.missed) == (0, 0), told


def test_a_lead_of_one_sentence_is_no_headline_below_a_short_one() -> None:
    lead = "The library in the middle of the town opens an hour earlier from Monday on."
    text = f"EMBARGOED\n\nFOR IMMEDIATE RELEASE\n\nLibrary opens earlier\n\n{lead}\n\n###\n"
    document = import_file(text.encode(), today=TODAY, file="a.txt")
    assert (document.title, document.body) == ("Library opens earlier", lead)


def test_the_last_word_of_a_wrapped_text_is_no_entry_of_a_menu() -> None:
    foot = "The Elm Valley library was founded in 1974 and works in five towns for many\nmembers."
    text = f"Library opens an hour earlier\n\nIt opens at eight from Monday on.\n\n{foot}\n"
    body = import_file(text.encode(), today=TODAY, file="a.txt").body
    assert body.endswith("members.")
