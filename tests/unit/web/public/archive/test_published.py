"""Sent statements, each once, and later findings on them."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.store.sql import Store
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive.published import (
    Published,
    find_published,
    list_newest,
    notice_of,
    published,
    translations,
)
from tests.contracts.books import add_campaign
from tests.counting import counted
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE

HOUR = timedelta(hours=1)


def campaign(number: int, slug: str, began: datetime | None, **more: object) -> Campaign:
    made = Campaign(
        id=number,
        slug=slug,
        content_hash=f"digest {number}",
        state=CampaignState.SENT,
        release_at=NOON,
        approved_by=(),
        lists=("press",),
        provider="outbox",
        started_at=began,
    )
    return replace(made, **more)


def by_slug(*campaigns: Campaign) -> dict[str, Published]:
    return {one.slug: one for one in published(campaigns)}


def test_what_has_not_begun_is_not_there() -> None:
    waiting = campaign(1, "waits", None, state=CampaignState.SCHEDULED)
    cancelled = campaign(2, "cancelled", None, state=CampaignState.CANCELLED, finished_at=NOON)

    assert published([waiting, cancelled]) == []


def test_the_newest_comes_first_and_of_two_at_once_the_later_one() -> None:
    found = published(
        [campaign(1, "b", NOON), campaign(2, "a", NOON), campaign(3, "old", NOON - HOUR)]
    )

    assert [one.slug for one in found] == ["a", "b", "old"]


def test_what_went_out_again_is_there_once_with_its_last_content() -> None:
    first = campaign(1, "a", NOON, state=CampaignState.CANCELLED, finished_at=NOON)
    [found] = published([first, campaign(2, "a", NOON + HOUR)])

    assert (found.content_hash, found.withdrawn) == ("digest 2", False)
    assert (found.began_at, found.updated_at) == (NOON, NOON + HOUR)


def test_cancelled_after_it_began_is_withdrawn_until_a_correction_begins() -> None:
    gone = campaign(1, "a", NOON, state=CampaignState.CANCELLED, finished_at=NOON + HOUR)
    waits = campaign(2, "b", None, corrects="a")
    [found] = published([gone, waits])
    assert (found.withdrawn, found.corrected_by, found.updated_at) == (True, "", NOON + HOUR)
    first = replace(waits, started_at=NOON + HOUR)
    corrected = by_slug(gone, first, campaign(3, "c", NOON + 2 * HOUR, corrects="a"))
    assert (corrected["a"].corrected_by, corrected["a"].withdrawn) == ("c", False)
    assert corrected["a"].updated_at == NOON + 2 * HOUR
    assert (corrected["b"].corrects, corrected["c"].corrects) == ("a", "a")


def test_a_correction_of_a_correction_that_never_went_out_is_one_of_the_original() -> None:
    found = by_slug(
        campaign(1, "a", NOON),
        campaign(2, "b", None, corrects="a", state=CampaignState.CANCELLED),
        campaign(3, "c", NOON + HOUR, corrects="b"),
    )

    assert found["a"].corrected_by == "c"
    assert found["c"].corrects == "a"


def test_a_correction_of_what_nobody_can_read_links_nowhere() -> None:
    found = by_slug(
        campaign(1, "b", None, corrects="a"),
        campaign(2, "a", None, corrects="b"),
        campaign(3, "c", NOON, corrects="b"),
    )

    assert found["c"].corrects == ""


def test_translations_share_their_original() -> None:
    found = by_slug(campaign(1, "a", NOON), campaign(2, "a-es", NOON, translates="a"))

    assert {one.original for one in found.values()} == {"a"}


def publish(store: Store, count: int, *, begin: int = 0) -> None:
    """Plain campaigns that went out, one after the other."""
    with store.begin() as tx:
        for number in range(begin, begin + count):
            campaign, at = add_campaign(tx, f"went-{number}"), NOON + timedelta(hours=number)
            tx.campaigns.change_state(campaign, CampaignState.SENDING, expect=CampaignState, at=at)


def history(store: Store, chance: random.Random) -> None:
    """Statements in several languages, corrected and withdrawn in whatever order."""
    slugs = [f"s{number}" for number in range(8)]
    with store.begin() as tx:
        plain = tx.campaigns.get_without_counts(add_campaign(tx))
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
                tx.campaigns.change_state(number, state, expect=CampaignState, at=at)


@pytest.mark.parametrize("seed", range(12))
def test_each_part_is_what_it_is_among_all(store: Store, seed: int) -> None:
    history(store, random.Random(seed))  # noqa: S311 - the same each time
    with store.read() as tx:
        everything = published(tx.campaigns.list_newest(None)[::-1])
        assert tx.campaigns.count_published()[0] == len(everything)
        part = find_published(tx, [*(one.slug for one in everything[:3]), "never"])
    assert list_newest(store, 99) == everything
    assert list_newest(store, 2, skip=1) == everything[1:3]
    assert part == {one.slug: one for one in everything[:3]}
    for one in everything:
        languages = [other for other in everything if other.original == one.original]
        assert translations(store, one.slug) == languages
    assert translations(store, "never") == []


def test_a_page_asks_as_little_however_much_went_out(store: Store) -> None:
    asked = []
    for begin, count in ((0, 3), (3, 27)):
        publish(store, count, begin=begin)
        with counted() as statements:
            list_newest(store, 3), translations(store, "went-2")
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_a_page_reads_through_an_index_what_stands_on_it(store: Store) -> None:
    publish(store, 3)
    with counted() as statements:
        list_newest(store, 2)
    [listed] = [one for one in statements if "LIMIT" in one]
    with store.read() as tx:
        plan = tx.db.rows(f"EXPLAIN QUERY PLAN {listed}", limit=2, skip=0)
    assert "USING INDEX ix_campaign_begun" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


DATED = "24 November 2026"
PLAIN = Published(slug="a", content_hash="d", original="a", began_at=NOON, updated_at=NOON)
CORRECTED = replace(PLAIN, corrected_by="b")


@pytest.fixture(scope="module")
def frame() -> Frame:
    return Frame(publisher=HOUSE, language="en")


@rows(
    ("shown", "language", "said", "link"),
    [
        (CORRECTED, "en", "This statement was corrected on 24 November 2026.", "b"),
        (CORRECTED, "de", "Diese Mitteilung wurde berichtigt (24 November 2026).", "b"),
        (CORRECTED, "ar", "صُحِّح هذا البيان في 24 November 2026.", "b"),
        (
            replace(PLAIN, withdrawn=True),
            "en",
            "This statement was withdrawn on 24 November 2026.",
            "",
        ),
        (replace(PLAIN, corrects="b"), "en", "This corrects an earlier statement.", "b"),
    ],
)
def test_what_came_of_it_is_said_in_the_statements_language(
    frame: Frame, shown: Published, language: str, said: str, link: str
) -> None:
    notice = notice_of(shown, DATED, language, frame.words(language)[0])
    assert (notice.text, notice.language, notice.link) == (said, language, link)


def test_there_is_nothing_to_say_of_the_others(frame: Frame) -> None:
    assert notice_of(PLAIN, DATED, "en", frame.words("en")[0]) is None
