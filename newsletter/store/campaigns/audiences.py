"""The audience of a campaign, of a correction and of a language. No reader is in two of a kind."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from newsletter.domain.campaigns.campaign import AudienceSplit, Campaign, Correction
from newsletter.domain.schedule import ByZone
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.campaigns.freezing import fill, freeze
from newsletter.store.database import MEMBER, Condition
from newsletter.store.repository import Repository
from newsletter.store.subscribers.eligibility import (
    PAUSED,
    SUPPRESSED,
    People,
    aimed,
    eligible,
    ids_of,
    people_on,
    picked,
    reads,
    subscribed,
    why_not,
)


class Audiences(Repository):
    """The readers of a statement, when they are fixed."""

    def freeze(
        self,
        campaign_id: int,
        lists: Sequence[str],
        batch_size: int,
        *,
        segment: Segment | None = None,
        by_zone: ByZone | None = None,
    ) -> int:
        """Fix the audience in batches of ``batch_size`` by one statement; return its size.

        With ``segment`` only those whom it picks at that moment. With ``by_zone`` each batch holds
        readers of one instant, and waits for it.
        """
        people = people_on(ids_of(self._db, lists))
        if segment is not None:
            people = replace(people, who=people.who & picked(segment))
        return freeze(self._db, campaign_id, people, batch_size, by_zone)


class Corrections(Repository):
    """The people who may have a statement, or wait for it. Suppression outranks everything."""

    def audience(self, correction: Correction) -> int:
        """Return how many would get the correction now."""
        people = _people(correction)
        return int(self._db.value(f"SELECT COUNT(*) FROM {people} AS person", people))

    def reachable(self, correction: Correction) -> Iterator[str]:
        """Yield the addresses of those who would get the correction."""
        people = _people(correction)
        yield from self._db.scan(
            f"SELECT subscriber.address FROM {people} AS person"
            " JOIN subscriber ON subscriber.id = person.id ORDER BY subscriber.id",
            people,
        )

    def excluded(self, correction: Correction) -> list[tuple[str, str]]:
        """Return (address, reason) of those who were to get the original and would not get it."""
        held, why, excluded = _held(correction), _reason(correction), _excluded(correction)
        return self._db.rows(
            f"SELECT COALESCE(subscriber.address, '(erased)'), {why} FROM {held} AS held"
            f" LEFT JOIN subscriber ON subscriber.id = held.id WHERE {excluded} ORDER BY held.id",
            held,
            why,
            excluded,
        )

    def left_out(self, correction: Correction) -> dict[str, int]:
        """Return how many there are of each reason, without naming anybody."""
        held, why, excluded = _held(correction), _reason(correction), _excluded(correction)
        return dict(
            self._db.rows(
                f"SELECT {why} AS why, COUNT(*) FROM {held} AS held"
                f" LEFT JOIN subscriber ON subscriber.id = held.id WHERE {excluded} GROUP BY why",
                held,
                why,
                excluded,
            )
        )

    def take_over(self, campaign_id: int, by: str) -> None:
        """Note that the correction ``by`` ended this campaign and goes to its waiting readers."""
        self._db.change(
            "UPDATE campaign SET corrected_by = :by WHERE id = :id", id=campaign_id, by=by
        )

    def freeze(self, campaign_id: int, correction: Correction, batch_size: int) -> int:
        """Fix the correction's audience by one statement; return its size.

        Its campaign takes the original's lists. At the claim, a subscription is asked for only of
        readers who waited for the original, not of those who may have it.
        """
        self._db.change(
            "UPDATE campaign SET lists = :lists WHERE id = :id",
            id=campaign_id,
            lists=correction.lists,
        )
        people = _people(correction)
        reader = Condition(
            # Even numbers heed no subscription, odd ones do: no batch holds people of both kinds.
            "SELECT id, regardless, 2 * ((ROW_NUMBER() OVER (PARTITION BY regardless ORDER BY id)"
            f" - 1) / :batch_size) + 1 - regardless AS no FROM {people} AS person",
            {**people.values, "batch_size": batch_size},
        )
        return fill(self._db, campaign_id, reader)


def _held(correction: Correction) -> Condition:
    """A query: who was in a campaign of the original (``id``), and what that says of them.

    ``standing`` is 2 for readers who may have the original, 1 for those who wait for it, else 0.
    """
    return Condition(
        f"""
        SELECT {MEMBER} AS id,
            -- the highest of several campaigns: who may have it from one may have it
            MAX(CASE
                -- a row of their own says more than the batch, so those come first
                WHEN delivery.state IN ('accepted', 'unknown') THEN 2
                WHEN delivery.state IS NOT NULL THEN 0
                WHEN batch.state IN ('claimed', 'unknown', 'given up') THEN 2
                -- in a batch that was cancelled, those whom the provider took have their own rows
                WHEN batch.state = 'done' AND batch.accepted > 0 AND batch.cancelled = 0 THEN 2
                WHEN (campaign.state NOT IN ('sent', 'cancelled')
                        OR campaign.corrected_by = :correction)
                    AND (batch.state = 'queued'
                        OR (batch.state = 'done' AND batch.cancelled > 0)) THEN 1
                ELSE 0 END) AS standing,
            COALESCE(MAX(delivery.state), 'cancelled') AS own
        FROM campaign JOIN batch ON batch.campaign_id = campaign.id
            CROSS JOIN json_each(batch.members) AS member
            LEFT JOIN delivery ON delivery.campaign_id = batch.campaign_id
                AND delivery.subscriber_id = {MEMBER}
        WHERE campaign.slug = :original GROUP BY {MEMBER}
        """,
        {"original": correction.of, "correction": correction.by},
    )


def _gets_correction(correction: Correction) -> Condition:
    """The correction is for this subscriber, who is not suppressed."""
    # a reader who joined after the original has no row in held
    waits = Condition("COALESCE(held.standing, 0) = 1")
    if correction.unstarted:
        waits = picked(correction.segment) if correction.segment else Condition("1 = 1")
    return Condition("COALESCE(held.standing, 0) = 2") | (
        waits & subscribed(correction.lists) & ~PAUSED
    )


def _excluded(correction: Correction) -> Condition:
    """The person of the row, left-joined, does not get the correction."""
    return Condition("subscriber.id IS NULL") | SUPPRESSED | ~_gets_correction(correction)


def _people(correction: Correction) -> Condition:
    """A query: who gets it (``id``), and ``regardless``, 1 if no subscription is asked for."""
    held, who = _held(correction), ~SUPPRESSED & _gets_correction(correction)
    join = "LEFT JOIN" if correction.unstarted else "JOIN"
    return Condition(
        "SELECT subscriber.id, CASE WHEN held.standing = 2 THEN 1 ELSE 0 END AS regardless"
        f" FROM subscriber {join} {held} AS held ON held.id = subscriber.id WHERE {who}",
        {**held.values, **who.values},
    )


def _reason(correction: Correction) -> Condition:
    """An expression: why the person of the row, left-joined, does not get the correction."""
    why = why_not(correction.lists)
    return Condition(
        f"CASE WHEN subscriber.id IS NOT NULL AND NOT {SUPPRESSED} AND held.standing = 0"
        f" THEN 'was never sent the original: ' || held.own ELSE {why} END",
        why.values,
    )


class Translations(Repository):
    """The readers of a statement in several languages. Suppression outranks everything.

    A reader in a campaign of one language belongs to that language, in whatever state: but not a
    reader who was cancelled before the email was sent, unless a correction took them over.
    """

    def campaigns(self, original: str) -> list[Campaign]:
        """Return the latest campaign of each statement that was ever planned as its translation."""
        latest = self._db.column(
            "SELECT MAX(id) FROM campaign WHERE translates <> '' AND translates = :original"
            " GROUP BY slug ORDER BY slug",
            original=original,
        )
        campaigns = Campaigns(self._db)
        found = [campaigns.get(number) for number in latest]
        return [campaign for campaign in found if campaign is not None]

    def languages(self, lists: Sequence[str]) -> set[str]:
        """Return the languages of those who would get what goes to these lists."""
        who = eligible(lists)
        return set(self._db.column(f"SELECT DISTINCT language FROM subscriber WHERE {who}", who))

    def audience(self, split: AudienceSplit) -> int:
        """Return how many would get it now."""
        who = _gets_language(split)
        return int(self._db.value(f"SELECT COUNT(*) FROM subscriber WHERE {who}", who))

    def reachable(self, split: AudienceSplit) -> Iterator[str]:
        """Yield the addresses of those who would get it."""
        who = _gets_language(split)
        yield from self._db.scan(
            f"SELECT address FROM subscriber WHERE {who} ORDER BY subscriber.id", who
        )

    def elsewhere(self, split: AudienceSplit) -> list[tuple[str, str, str]]:
        """Return (address, language, slug) of those on its lists who are left to other languages.

        The slug is that of the language which has them; "" if nothing else keeps them from it.
        """
        had, who = _had(split), _left_to_others(split)
        return self._db.rows(
            "SELECT subscriber.address, subscriber.language, COALESCE(had.slug, '')"
            f" FROM subscriber LEFT JOIN {had} AS had ON had.id = subscriber.id WHERE {who}"
            " ORDER BY subscriber.id",
            had,
            who,
        )

    def left_to_others(self, split: AudienceSplit) -> dict[str, int]:
        """Return how many of each language are left to others, without naming anybody."""
        had, who = _had(split), _left_to_others(split)
        return dict(
            self._db.rows(
                f"SELECT subscriber.language, COUNT(*) FROM subscriber"
                f" LEFT JOIN {had} AS had ON had.id = subscriber.id WHERE {who}"
                " GROUP BY subscriber.language",
                had,
                who,
            )
        )

    def freeze(
        self, campaign_id: int, split: AudienceSplit, batch_size: int, by_zone: ByZone | None = None
    ) -> int:
        """Fix the audience by one statement; return its size.

        Readers whom another language has at that moment are not in it. ``by_zone`` is as for
        campaigns.
        """
        people = People(tables="subscriber", id="subscriber.id", who=_gets_language(split))
        return freeze(self._db, campaign_id, people, batch_size, by_zone)


def _gets_language(split: AudienceSplit) -> Condition:
    """The subscriber gets this language, and no other."""
    had = _had(split)
    return aimed(split.lists, split.segment, split.languages) & Condition(
        f"subscriber.id NOT IN (SELECT id FROM {had} AS had)", had.values
    )


def _left_to_others(split: AudienceSplit) -> Condition:
    """The subscriber is on its lists, and another language has or gets them."""
    return aimed(split.lists, split.segment) & (
        Condition("had.id IS NOT NULL") | ~reads(split.languages)
    )


def _had(split: AudienceSplit) -> Condition:
    """A query: whom another language of the statement has (``id``), and which one (``slug``)."""
    return Condition(
        f"""
        SELECT {MEMBER} AS id, MAX(campaign.slug) AS slug
        FROM campaign JOIN batch ON batch.campaign_id = campaign.id
            CROSS JOIN json_each(batch.members) AS member
            LEFT JOIN delivery ON delivery.campaign_id = batch.campaign_id
                AND delivery.subscriber_id = {MEMBER}
        WHERE (campaign.slug = :original OR campaign.translates = :original)
            AND campaign.slug <> :slug
            AND (campaign.corrected_by <> '' OR NOT (
                batch.state = 'done' AND batch.cancelled > 0
                AND COALESCE(delivery.state, 'cancelled') = 'cancelled'))
        GROUP BY {MEMBER}
        """,
        {"original": split.original, "slug": split.slug},
    )
