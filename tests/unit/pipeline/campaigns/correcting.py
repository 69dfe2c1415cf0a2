"""An original that is wrong, and its correction."""

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.pipeline.campaigns.headcount import DryRun
from tests.unit.pipeline.newsroom import Newsroom

WRONG, RIGHT = "resignation", "correction"


def people(*numbers: int) -> list[str]:
    return sorted(f"reader{number}@example.org" for number in numbers)


def got(room: Newsroom, slug: str) -> list[str]:
    """Return the readers that were sent to, in any batch."""
    return sorted(
        one.address
        for batch in room.provider.batches
        if batch.campaign == slug
        for one in batch.recipients
    )


def leave(room: Newsroom, number: int) -> None:
    """Leave by a link that comes with no statement of ours."""
    with room.store.begin() as tx:
        tx.choices.leave(number, ["press"], room.clock.now(), 0)


def agree(room: Newsroom, slug: str = RIGHT, corrects: str = WRONG, **fields: object) -> None:
    """Write a correction and approve it."""
    room.write_and_approve(slug, corrects=corrects, body=f"This is right: {slug}.", **fields)


def correct(room: Newsroom, slug: str = RIGHT, corrects: str = WRONG) -> Campaign:
    """The same, until the correction has begun."""
    agree(room, slug, corrects)
    room.plan()
    [campaign] = room.start_due(minutes=5)
    assert campaign.slug == slug
    return room.campaign(slug)


def held(room: Newsroom, slug: str = RIGHT) -> str:
    [reason] = [one.reason for one in room.plan().held if one.slug == slug]
    return reason


def foretold(room: Newsroom, slug: str = RIGHT) -> DryRun:
    return room.rehearse(slug)
