"""Translations with random histories: one language each, and no one is lost unseen."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.translations import choose_version
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.errors import NewsletterError
from newsletter.pipeline.campaigns.report import make_report
from newsletter.store.sql import Store
from tests.fakes import accept_all, always
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom
from tests.unit.pipeline.statements.languages import FORUM, LANGUAGES, compose, later, populate

READ = ["", "en", "en-GB", "es", "es-MX", "es-AR", "fr", "de"]
DEEDS = {
    "approve": 8,
    "look": 10,
    "start": 10,
    "dispatch": 12,
    "delay": 5,
    "cancel": 4,
    "pause": 3,
    "resume": 4,
    "revoke": 2,
    "rewrite": 2,
    "crash": 2,
    "lose": 2,
    "subscribe": 2,
    "leave": 1,
}


_MEMBERS = """
SELECT address FROM subscriber WHERE id IN
    (SELECT value FROM batch, json_each(batch.members))
"""


class History:
    """One random history, with a log of its steps for a person who has to understand it."""

    def __init__(self, room: Newsroom, seed: int) -> None:
        self.room = room
        self.dice = random.Random(seed)  # noqa: S311 - to be had again
        self.members = [FORUM, *self.dice.sample([*LANGUAGES][1:], self.dice.randint(1, 3))]
        self.deeds: list[str] = []
        self.readers: dict[str, tuple[str, datetime]] = {}
        self.left: set[str] = set()
        self.subscribe()
        compose(room, *self.members)

    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.room.clock.advance(seconds=1)
            [deed] = self.dice.choices([*DEEDS], [*DEEDS.values()])
            slug = self.dice.choice(self.members)
            self.deeds.append(f"{deed} {slug}")
            try:
                self.do(deed, slug)
            except NewsletterError as error:
                self.deeds[-1] += f" refused: {error}"
            self.look_at_the_books()

    def do(self, deed: str, slug: str) -> None:
        room = self.room
        if deed in {"cancel", "pause", "resume"}:
            getattr(room.hand(), deed)(slug)
        elif deed in {"dispatch", "lose"}:
            room.provider.answer = always(Verdict.UNKNOWN) if deed == "lose" else accept_all
            room.dispatcher().dispatch()
        elif deed == "start":
            room.clock.advance(minutes=self.dice.choice([1, 5, 9]))
            room.start_due()
        elif deed == "rewrite":
            compose(room, slug, body=f"This is {slug}, again: {len(self.deeds)}.")
        elif deed == "delay":
            later(room, slug, hours=5)
        elif deed == "approve":
            room.approve(slug=slug)
        else:
            getattr(self, deed)()

    def look(self) -> None:
        self.room.look()

    def revoke(self) -> None:
        with self.room.store.begin() as tx:
            tx.approvals.revoke(self.dice.choice(self.members), self.room.clock.now(), actor="ed")

    def crash(self) -> None:
        """With a batch in hand."""
        with self.room.store.begin() as tx:
            tx.batches.claim(
                at=self.room.clock.now(), lease=timedelta(minutes=2), attempt_id="lost"
            )
        self.room.recover()

    def subscribe(self) -> None:
        some = Counter(self.dice.choices(READ, k=self.dice.randint(1, 15)))
        now = self.room.clock.now()
        found = populate(self.room, some, start=len(self.readers) + 1)
        self.readers |= {address: (language, now) for address, language in found.items()}

    def leave(self) -> None:
        address = self.dice.choice([*self.readers])
        self.room.suppress(address)
        self.left.add(address)

    def look_at_the_books(self) -> None:
        """No reader was sent two members, nor one twice."""
        batches = self.room.provider.batches
        had = Counter(one.address for batch in batches for one in batch.recipients)
        twice = {address for address, times in had.items() if times > 1}
        assert not twice, (twice, self.deeds)

    def end(self) -> None:
        """Everybody agrees to some of what may still go out, and it goes."""
        room = self.room
        room.provider.answer = accept_all
        for slug in self.dice.sample(self.members, self.dice.randint(1, len(self.members))):
            for deed in (room.hand().resume, lambda slug: room.approve(slug=slug)):
                try:
                    deed(slug)
                except NewsletterError as error:
                    self.deeds.append(f"at the end {slug}: {error}")
        room.look()
        room.start_due(minutes=9)
        room.drain()
        self.look_at_the_books()

    def in_an_audience(self) -> set[str]:
        """Of whom the books of some member say what became of them."""
        with self.room.store.read() as tx:
            return set(tx.db.column(_MEMBERS))


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(4, 30))]
)
def test_nobody_gets_two_members_of_a_family_and_nobody_is_lost_unseen(
    store: Store, seed: int
) -> None:
    history = History(Newsroom(BalancedStore(store)), seed)
    history.go_on(60)
    history.end()

    room = history.room
    newest = {one.slug: one for one in room.campaigns()}
    original = newest.get(FORUM)
    if original is None or original.started_at is None:
        return
    versions = {FORUM: "en"} | {
        slug: LANGUAGES[slug]
        for slug, one in newest.items()
        if slug != FORUM and (one.started_at is None or one.state is CampaignState.CANCELLED)
    }
    shown = {
        row["statement"]: row["readers"] for row in make_report(FORUM, store=room.store)["awaited"]
    }
    seen = history.in_an_audience()
    unseen: Counter[str] = Counter()
    for address, (language, since) in history.readers.items():
        if since < original.started_at and address not in seen | history.left:
            theirs = choose_version(language, versions)
            assert theirs != FORUM, (address, history.deeds)
            unseen[theirs] += 1
    assert all(shown[slug] >= many for slug, many in unseen.items()), history.deeds
