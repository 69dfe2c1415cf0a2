"""A newsroom whose readers have languages, and a statement in several of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from newsletter.domain.subscribers.audience import Entry
from tests.unit.pipeline.newsroom import Newsroom

FORUM, SPANISH, MEXICAN, FRENCH = "forum", "forum-es", "forum-mx", "forum-fr"
LANGUAGES = {FORUM: "en", SPANISH: "es", MEXICAN: "es-MX", FRENCH: "fr"}


def populate(room: Newsroom, languages: Mapping[str, int], *, start: int = 1) -> dict[str, str]:
    """Subscribe so many readers of each language; returns address → language."""
    found = {}
    for language, count in languages.items():
        for _ in range(count):
            found[f"reader{start + len(found):03}@example.org"] = language
    with room.store.begin() as tx:
        entries = [
            Entry(address=address, lists=("press",), language=language)
            for address, language in found.items()
        ]
        tx.readers.upsert(entries, room.clock.now())
    return found


def compose(room: Newsroom, *slugs: str, **fields: Any) -> None:
    """Write languages of the statement."""
    for slug in slugs:
        of = "" if slug == FORUM else FORUM
        common = {"language": LANGUAGES[slug], "translation_of": of, "body": f"This is {slug}."}
        room.write(slug, **(common | fields))
    room.look()


def agree(room: Newsroom, *slugs: str) -> None:
    """Approve members and plan them."""
    for slug in slugs:
        room.approve(slug=slug)
    room.plan()


def begin(room: Newsroom) -> list[str]:
    """Wait for the undo window and start the due ones."""
    room.clock.advance(minutes=5)
    return [campaign.slug for campaign in room.start_due()]


def got(room: Newsroom) -> dict[str, list[str]]:
    """Address → the statements sent to it, in order."""
    found: dict[str, list[str]] = {}
    for batch in room.provider.batches:
        for one in batch.recipients:
            found.setdefault(one.address, []).append(batch.campaign)
    return found


def in_each(room: Newsroom) -> dict[str, int]:
    """Statement → how many were handed it. Fails where anybody was handed two."""
    had = got(room)
    assert all(len(each) == 1 for each in had.values()), had
    slugs = [slug for [slug] in had.values()]
    return {slug: slugs.count(slug) for slug in sorted(set(slugs))}


def held(room: Newsroom, slug: str) -> str:
    planned = room.plan()
    [reason] = [one.reason for one in (*planned.held, *planned.withdrawn) if one.slug == slug]
    return reason


def go_together(room: Newsroom) -> None:
    room.demand(shares_email=True)


def later(room: Newsroom, slug: str, **how_far: float) -> None:
    """Set the time of a statement."""
    room.schedule(slug, room.clock.now() + timedelta(**how_far))
