"""What the archive shows of the campaigns there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.web.public.archive.shelf import Published, published

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
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


def test_cancelled_after_it_began_is_withdrawn() -> None:
    gone = campaign(1, "a", NOON, state=CampaignState.CANCELLED, finished_at=NOON + HOUR)
    [found] = published([gone])

    assert found.withdrawn
    assert found.updated_at == NOON + HOUR


def test_a_statement_names_its_newest_correction_and_the_correction_names_it() -> None:
    found = by_slug(
        campaign(1, "a", NOON, state=CampaignState.CANCELLED, finished_at=NOON + HOUR),
        campaign(2, "b", NOON + HOUR, corrects="a"),
        campaign(3, "c", NOON + 2 * HOUR, corrects="a"),
    )

    assert (found["a"].corrected_by, found["a"].withdrawn) == ("c", False)
    assert found["a"].updated_at == NOON + 2 * HOUR
    assert (found["b"].corrects, found["c"].corrects) == ("a", "a")


def test_a_correction_that_waits_shows_nowhere() -> None:
    found = by_slug(campaign(1, "a", NOON), campaign(2, "b", None, corrects="a"))

    assert found["a"].corrected_by == ""


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
