"""The statements of the archive: asked for in parts, they are what they are among all."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.store.sql import Store
from newsletter.web.public.archive.shelf import Shelf, published
from tests.contracts.books import add_campaign
from tests.counting import counted
from tests.fakes import NOON


def publish(store: Store, count: int, *, begin: int = 0) -> None:
    """Plain campaigns that went out, one after the other."""
    with store.begin() as tx:
        for number in range(begin, begin + count):
            campaign, at = add_campaign(tx, f"went-{number}"), NOON + timedelta(hours=number)
            tx.campaigns.move(campaign, CampaignState.SENDING, expect=CampaignState, at=at)


def history(store: Store, chance: random.Random) -> None:
    """Statements in several languages, corrected and withdrawn in whatever order."""
    slugs = [f"s{number}" for number in range(8)]
    with store.begin() as tx:
        plain = tx.campaigns.head(add_campaign(tx))
        for hour in range(25):
            campaign = replace(
                plain,
                slug=chance.choice(slugs),
                corrects=chance.choice(["", "", *slugs]),
                translates=chance.choice(["", "", "", *slugs]),
            )
            number, at = tx.campaigns.add(campaign, NOON), NOON + timedelta(hours=hour)
            states = [CampaignState.SENDING, CampaignState.CANCELLED]
            for state in chance.choice([states[:1], states, states[1:], []]):
                tx.campaigns.move(number, state, expect=CampaignState, at=at)


@pytest.mark.parametrize("seed", range(12))
def test_each_part_is_what_it_is_among_all(store: Store, seed: int) -> None:
    history(store, random.Random(seed))  # noqa: S311 - the same each time
    with store.read() as tx:
        everything = published(tx.campaigns.heads())
    slugs = [one.slug for one in everything]
    shelf = Shelf(store)
    for held in (False, True):
        if held:
            assert shelf.hold() == everything
        assert shelf.count()[0] == len(everything)
        assert shelf.newest(99) == everything
        assert shelf.newest(2, skip=1) == everything[1:3]
        assert shelf.some([*slugs[:3], "never"]) == {one.slug: one for one in everything[:3]}
        for one in everything:
            languages = [other for other in everything if other.original == one.original]
            assert shelf.translations(one.slug) == languages
        assert shelf.translations("never") == []


def test_what_is_held_stays_as_it_was(store: Store) -> None:
    publish(store, 2)
    shelf = Shelf(store)
    held = shelf.hold()
    publish(store, 1, begin=2)
    assert shelf.count() == (2, NOON + timedelta(hours=1))
    assert (
        shelf.newest(9) == held == [shelf.some(["went-1"])["went-1"], *shelf.translations("went-0")]
    )
    assert Shelf(store).count() == (3, NOON + timedelta(hours=2))


def test_a_page_asks_as_little_however_much_went_out(store: Store) -> None:
    asked = []
    for begin, count in ((0, 3), (3, 27)):
        publish(store, count, begin=begin)
        shelf = Shelf(store)
        with counted() as statements:
            shelf.count(), shelf.newest(3), shelf.some(["went-1"]), shelf.translations("went-2")
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_a_page_reads_through_an_index_what_stands_on_it(store: Store) -> None:
    publish(store, 3)
    with counted() as statements:
        Shelf(store).newest(2)
    [listed] = [one for one in statements if "LIMIT" in one]
    with store.read() as tx:
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {listed}", (2, 0)).all()
    assert "USING INDEX ix_campaign_begun" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
