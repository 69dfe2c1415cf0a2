"""Events as received, and the delivery statuses that they report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from newsletter.domain.events import (
    Bounce,
    BreakerCounts,
    CampaignResults,
    DeliveryStatus,
    Event,
    EventTarget,
    Reactions,
    StoredEvent,
)
from newsletter.store import database
from newsletter.store.delivery.unknowns import list_unproved
from newsletter.store.events.locating import Locator

_MINUTE_MS = 60_000
_SAMPLE_DIVISOR = 25
_TOKEN_LIFETIME = timedelta(days=2)
_MAX_RAW_CHARS = 16_000
_PUT_STATUS = database.upsert(
    "delivery_status",
    "campaign_id, subscriber_id, kind",
    ("campaign_id", "subscriber_id", "kind", "at", "bounce", "reason"),
)
_WAS_DELIVERED = """
    EXISTS (SELECT 1 FROM delivery_status AS also
        WHERE also.campaign_id = delivery_status.campaign_id
            AND also.subscriber_id = delivery_status.subscriber_id AND also.kind = 'delivered')
"""
# word for word as in the partial indexes, else SQLite does not use them
_IS_DELIVERED = "delivery_status.kind = 'delivered'"
_IS_DAMAGE = "delivery_status.kind IN ('bounced', 'complained')"
_IS_BOUNCE = f"""
    {_IS_DAMAGE} AND delivery_status.kind = 'bounced' AND NOT (
        COALESCE(delivery_status.bounce, '') = 'soft' AND {_WAS_DELIVERED})
"""


class Events(database.AddressRepository):
    """Events and delivery statuses. ``hash_address`` returns the keyed hash of an address."""

    def locate(
        self, events: Sequence[Event], *, provider: str, workspace: str
    ) -> list[EventTarget]:
        """Return the subscriber and delivery of each event of this provider, in the same order.

        The subscriber id in an event counts if this workspace made the attempt or the subscriber
        has the address; else the address decides. The delivery is found by the attempt id. If that
        is missing or not the last attempt, it is found by the slug, if only one campaign of the
        statement has the reader.
        """
        locator = Locator(self._db, self._hash, events, provider=provider, workspace=workspace)
        return [locator.locate(event) for event in events]

    def store_token(self, token: bytes, content: bytes, at: datetime) -> bool:
        """Store a webhook's token and content. Return False if the token had other content before.

        Tokens older than two days are deleted, because such old posts are refused anyway.
        """
        self._db.change("DELETE FROM webhook_token WHERE at < :before", before=at - _TOKEN_LIFETIME)
        self._db.insert_new("webhook_token", token=token, content=content, at=at)
        stored_content = self._db.value(
            "SELECT content FROM webhook_token WHERE token = :token", token=token
        )
        return bool(stored_content == content)

    def store_statuses(self, statuses: Iterable[DeliveryStatus]) -> None:
        """Store the prevailing status of each delivery and kind."""
        newest: dict[object, DeliveryStatus] = {}
        for status in statuses:
            other = newest.get(status.key)
            if other is None or status.replaces(other):
                newest[status.key] = status
        for other in self._find_known(newest.values()):
            if other.key in newest and not newest[other.key].replaces(other):
                del newest[other.key]
        # no other transaction writes between the choice above and this
        self._db.change_each(
            _PUT_STATUS,
            ({**vars(status), "bounce": status.bounce or ""} for status in newest.values()),
        )

    def _find_known(self, statuses: Iterable[DeliveryStatus]) -> Iterator[DeliveryStatus]:
        """Yield the stored statuses of the same deliveries."""
        people: dict[int, set[int]] = defaultdict(set)
        for status in statuses:
            people[status.campaign_id].add(status.subscriber_id)
        for campaign_id, numbers in people.items():
            yield from self._db.all(
                DeliveryStatus,
                "SELECT campaign_id, subscriber_id, kind, at, bounce, reason FROM delivery_status"
                " WHERE campaign_id = :campaign_id AND subscriber_id IN ("
                "SELECT CAST(value AS BIGINT) FROM json_each(:numbers))",
                campaign_id=campaign_id,
                numbers=numbers,
            )

    def store_events(
        self, provider: str, targets: Sequence[tuple[Event, EventTarget]], at: datetime
    ) -> set[str]:
        """Store events as received, each once; return the ids of the new ones."""
        ids = {event.id for event, _ in targets}
        ids -= set(
            self._db.scan(
                "SELECT id FROM event WHERE provider = :provider"
                " AND id IN (SELECT value FROM json_each(:ids))",
                provider=provider,
                ids=sorted(ids),
            )
        )
        self._db.insert_all(
            "event",
            (
                {
                    "provider": provider,
                    "id": event.id,
                    "kind": event.kind,
                    "at": event.at,
                    "received_at": at,
                    "campaign_id": target.campaign_id,
                    "subscriber_id": target.subscriber_id,
                    "raw": event.raw[:_MAX_RAW_CHARS],
                }
                for event, target in targets
            ),
            only_new=True,
        )
        return ids

    def list_after(self, after: int, limit: int) -> list[StoredEvent]:
        """Return the events with numbers above ``after``, oldest first."""
        return self._db.all(
            StoredEvent,
            """
            SELECT event.number, event.provider, event.kind, event.at, event.received_at,
                event.campaign_id, event.subscriber_id, delivery_status.bounce
            FROM event LEFT JOIN delivery_status ON event.kind = 'bounced'
                AND delivery_status.campaign_id = event.campaign_id
                AND delivery_status.subscriber_id = event.subscriber_id
                AND delivery_status.kind = 'bounced'
            WHERE event.number > :after ORDER BY event.number LIMIT :limit
            """,
            after=after,
            limit=limit,
        )

    def find_unrecorded(self, campaign_id: int) -> list[int]:
        """Return the ids of readers whose delivery has a status but is not recorded as accepted."""
        # an event about a batch without an attempt is recorded at once, or never
        has_status = database.Condition(
            "batch.attempts > 0 AND EXISTS (SELECT 1 FROM delivery_status"
            f" WHERE campaign_id = :campaign_id AND subscriber_id = {database.MEMBER})"
        )
        return [each.subscriber_id for each in list_unproved(self._db, campaign_id, has_status)]

    def count_results(self, campaign_id: int) -> CampaignResults:
        """Count what was reported about the messages of a campaign."""
        # one query for each kind, because GROUP BY would sort all rows
        delivered = self._db.number(
            "SELECT COUNT(*) FROM delivery_status"
            f" WHERE campaign_id = :campaign_id AND {_IS_DELIVERED}",
            campaign_id=campaign_id,
        )
        bounces = self._db.rows(
            "SELECT bounce, COUNT(*) FROM delivery_status"
            f" WHERE campaign_id = :campaign_id AND {_IS_BOUNCE} GROUP BY bounce",
            campaign_id=campaign_id,
        )
        returned = self._db.value(
            "SELECT COUNT(*) FROM delivery_status"
            f" WHERE campaign_id = :campaign_id AND {_IS_BOUNCE} AND {_WAS_DELIVERED}",
            campaign_id=campaign_id,
        )
        return CampaignResults(
            delivered=delivered - returned,
            bounces={Bounce(bounce): count for bounce, count in bounces},
            **vars(self.count_reactions([campaign_id])[campaign_id]),
        )

    def count_reactions(self, campaign_ids: Sequence[int]) -> dict[int, Reactions]:
        """Return campaign id → its numbers of bounces, complaints and departures."""
        rows = self._db.mappings(
            f"""
            SELECT id,
                (SELECT COUNT(*) FROM delivery_status
                    WHERE campaign_id = campaign.id AND {_IS_BOUNCE}) AS bounced,
                (SELECT COUNT(*) FROM delivery_status WHERE campaign_id = campaign.id
                    AND {_IS_DAMAGE} AND kind = 'complained') AS complained,
                (SELECT COUNT(DISTINCT subscriber_id) FROM subscription
                    WHERE subscription.ended_by = campaign.id) AS unsubscribed,
                -- MIN: with EXISTS, PostgreSQL scans the table if one campaign has most rows
                (SELECT MIN(subscriber_id) FROM delivery_status WHERE campaign_id = campaign.id)
                    IS NOT NULL
                    OR EXISTS (SELECT 1 FROM event WHERE campaign_id = campaign.id) AS received
            FROM (SELECT CAST(value AS BIGINT) AS id FROM json_each(:ids)) AS campaign
            """,
            ids=list(campaign_ids),
        )
        return {row.pop("id"): database.from_row(Reactions, row) for row in rows}

    def list_bounces(self, campaign_id: int) -> list[tuple[str, str, str]]:
        """Return (address, class, reason) of each bounced delivery."""
        return self._db.rows(
            "SELECT COALESCE(subscriber.address, '(erased)'), delivery_status.bounce,"
            " delivery_status.reason FROM delivery_status"
            " LEFT JOIN subscriber ON subscriber.id = delivery_status.subscriber_id"
            f" WHERE delivery_status.campaign_id = :campaign_id AND {_IS_BOUNCE}"
            " ORDER BY delivery_status.subscriber_id",
            campaign_id=campaign_id,
        )

    def list_bounced_domains(self, campaign_id: int, limit: int = 10) -> list[tuple[str, int]]:
        """Return (domain, number of bounces), the most bounces first."""
        return self._db.rows(
            "SELECT substr(address, instr(address, '@') + 1) AS domain, COUNT(*) FROM ("
            "SELECT COALESCE(subscriber.address, '(erased)') AS address FROM delivery_status"
            " LEFT JOIN subscriber ON subscriber.id = delivery_status.subscriber_id"
            f" WHERE delivery_status.campaign_id = :campaign_id AND {_IS_BOUNCE}) AS found"
            " GROUP BY domain ORDER BY COUNT(*) DESC, domain LIMIT :limit",
            campaign_id=campaign_id,
            limit=limit,
        )

    def count_delivered_by_minute(
        self, campaign_id: int, *, sample: bool
    ) -> list[tuple[datetime, int]]:
        """Return (minute, number of messages that were delivered and did not bounce), oldest first.

        With ``sample``, every 25th subscriber id is read and counts for 25.
        """
        return [
            (database.as_instant(at), count * (_SAMPLE_DIVISOR if sample else 1))
            for at, count in self._db.rows(
                f"SELECT at / {_MINUTE_MS} * {_MINUTE_MS} AS minute, COUNT(*) FROM delivery_status"
                f" WHERE campaign_id = :campaign_id AND {_IS_DELIVERED}"
                f"{f' AND delivery_status.subscriber_id % {_SAMPLE_DIVISOR} = 0' * sample}"
                " AND subscriber_id NOT IN (SELECT subscriber_id FROM delivery_status"
                f" WHERE campaign_id = :campaign_id AND {_IS_DAMAGE} AND kind = 'bounced'"
                " AND bounce <> 'soft') GROUP BY minute ORDER BY minute",
                campaign_id=campaign_id,
            )
        ]

    def count_for_breaker(self, campaign_id: int) -> BreakerCounts:
        """Return the numbers of complaints and hard bounces. Reads only those rows."""
        return self._db.all(
            BreakerCounts,
            "SELECT COUNT(*) FILTER (WHERE kind = 'complained') AS complained,"
            " COUNT(*) FILTER (WHERE kind = 'bounced' AND bounce = 'hard') AS hard"
            f" FROM delivery_status WHERE campaign_id = :campaign_id AND {_IS_DAMAGE}",
            campaign_id=campaign_id,
        )[0]

    def get_override(self, campaign_id: int) -> BreakerCounts:
        """Return the counts at which a person last resumed the campaign; zeros if never."""
        found = "SELECT complained, hard FROM circuit_breaker_override WHERE campaign_id = :id"
        return self._db.first(BreakerCounts, found, id=campaign_id) or BreakerCounts()

    def store_override(self, campaign_id: int, counts: BreakerCounts) -> None:
        """Store the counts at which a person resumes the campaign."""
        self._db.put(
            "circuit_breaker_override", "campaign_id", campaign_id=campaign_id, **vars(counts)
        )
