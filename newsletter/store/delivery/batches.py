"""Batches: claimed, sent and recorded as one. Each change checks the fence."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType

from newsletter.domain.delivery import batch
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.database import AddressRepository, as_instant
from newsletter.store.delivery import batch_splitting, claiming
from newsletter.store.delivery.claiming import IS_OPEN, IS_UNKNOWN

_MINUTE_MS = 60_000
# also of a living owner, which may have lost the database before it recorded the outcomes
_IS_ORPHAN = (
    f"{IS_OPEN} AND batch.state = 'claimed' AND (batch.lease_until <= :at"
    " OR NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = batch.owner))"
)


class Batches(AddressRepository):
    def claim(
        self,
        *,
        at: datetime,
        lease: timedelta,
        attempt_id: str,
        allowance: Mapping[str, int | None] = MappingProxyType({}),
        owner: int | None = None,
    ) -> batch.ClaimedBatch | None:
        """Claim a queued batch of a campaign that is sending, an urgent one first; none on hold.

        Checks suppressions and subscriptions again, in the same transaction, and records readers
        who left. A batch without readers is done and is not returned. ``allowance`` is the maximum
        of members for each provider, the first provider first; None is no limit. Members beyond it
        become a new queued batch. ``owner`` is the id of the claiming worker, if several processes
        send.
        """
        self._db.keep_plans()
        campaigns = Campaigns(self._db)
        while (next_batch := claiming.next_queued(self._db, at, allowance, owner)) is not None:
            batch_id, provider = next_batch
            claim = claiming.claim(
                self._db,
                campaigns,
                batch_id,
                self._hash,
                provider=provider,
                at=at,
                lease=lease,
                attempt_id=attempt_id,
                owner=owner,
            )
            if claim.members:
                return batch_splitting.limit(self._db, claim, allowance.get(provider))
            batch_splitting.update_if_claimed(
                self._db, claim, "state = 'done', settled_at = :at", at=at
            )
        return None

    def record_start(
        self, batch_id: int, *, body_hash: str, account: str = "", owner: int | None = None
    ) -> int:
        """Record that a batch is about to be sent through an account at its provider.

        In the transaction of its claim: a pause or cancellation is before both or after both.
        Return the number of all attempts, of batches and emails, in this database.
        """
        self._db.update("batch", {"id": batch_id}, body_hash=body_hash, account=account)
        return claiming.count(self._db, owner)

    def settle(
        self, claim: batch.ClaimedBatch, *, outcomes: batch.BatchOutcomes, at: datetime
    ) -> bool:
        """Record the outcomes if the fence still holds; return whether it did.

        Members to be retried move to a new queued batch, which counts the attempts so far. If the
        campaign was cancelled in the meantime, that batch is cancelled instead.
        """
        self._db.keep_plans()
        # first, because the outcome below is recorded for all pending members
        if outcomes.to_retry and not batch_splitting.move_out(
            self._db,
            claim,
            outcomes.to_retry.keys(),
            reason=next(iter(outcomes.to_retry.values())).reason,
            not_before=at + outcomes.wait,
        ):
            return False
        state = claiming.state_after(outcomes.outcome)
        rows = {
            number: (claiming.state_after(outcome), outcome.reason, outcome.provider_id)
            for number, outcome in outcomes.exceptions.items()
            # only if the batch's columns do not say it; a provider's id is of one message
            if claiming.state_after(outcome) is not state or outcome.provider_id
        }
        tally = Counter(row[0] for row in rows.values())
        if not batch_splitting.update_if_claimed(
            self._db,
            claim,
            """
            state = :state, reason = :reason, provider_id = :provider_id, settled_at = :at,
            lease_until = NULL, pending = 0,
            accepted = accepted + :accepted + (pending - :others) * :all_accepted,
            rejected = rejected + :rejected,
            unknown = unknown + (pending - :others) * :all_unknown
            """,
            state=batch.BatchState.UNKNOWN
            if state is batch.DeliveryState.UNKNOWN
            else batch.BatchState.DONE,
            reason=outcomes.outcome.reason,
            provider_id=outcomes.outcome.provider_id,
            at=at,
            others=len(rows),
            accepted=tally[batch.DeliveryState.ACCEPTED],
            rejected=tally[batch.DeliveryState.REJECTED],
            all_accepted=state is batch.DeliveryState.ACCEPTED,
            all_unknown=state is batch.DeliveryState.UNKNOWN,
        ):
            return False
        claiming.add_rows(self._db, claim.id, claim.campaign.id, rows, at)
        return True

    def requeue(self, claim: batch.ClaimedBatch, *, not_before: datetime, reason: str) -> bool:
        """Queue an unsent batch again; return False if the fence has changed.

        If its campaign was cancelled in the meantime, the batch is cancelled instead.
        """
        is_over = batch_splitting.is_cancelled(self._db, claim.campaign.id)
        counts_update = "cancelled = cancelled + pending, pending = 0," if is_over else ""
        return batch_splitting.update_if_claimed(
            self._db,
            claim,
            f"{counts_update} state = :state, not_before = :not_before, reason = :reason",
            state=batch.BatchState.DONE if is_over else batch.BatchState.QUEUED,
            not_before=not_before,
            reason=reason,
        )

    def split(self, claim: batch.ClaimedBatch) -> bool:
        """Replace a batch by its two halves; return False if the fence has changed."""
        if batch_splitting.is_cancelled(self._db, claim.campaign.id):
            return self.requeue(claim, not_before=as_instant(0), reason="split")
        return batch_splitting.halve(self._db, claim)

    def has_orphans(self, at: datetime) -> bool:
        return self._db.has_row(f"SELECT 1 FROM batch WHERE {_IS_ORPHAN} LIMIT 1", at=at)

    def abandon(self, *, at: datetime, shares_sending: bool = False) -> int:
        """Make each claimed batch unknown whose owner has no row, or whose lease is over.

        Return their number. A batch without a recorded start was not sent: it is queued again. If
        one process sends, the owner is dead, and its claims of unknown batches end. With
        ``shares_sending``, an owner without a connection may still be in its call until the end
        of the lease: until then nothing decides about the batch.
        """
        if not shares_sending:
            self._db.change(
                f"UPDATE batch SET lease_until = NULL, call_until = NULL WHERE {IS_UNKNOWN}"
            )
        # first, because the next statement makes all other orphans unknown
        self._db.change(
            f"""
            UPDATE batch SET fence = fence + 1,
                (state, cancelled, pending) = (
                    SELECT CASE WHEN state = 'cancelled' THEN 'done' ELSE 'queued' END,
                        CASE WHEN state = 'cancelled' THEN batch.cancelled + batch.pending
                            ELSE batch.cancelled END,
                        CASE WHEN state = 'cancelled' THEN 0 ELSE batch.pending END
                    FROM campaign WHERE campaign.id = batch.campaign_id)
            WHERE {_IS_ORPHAN} AND body_hash = ''
            """,
            at=at,
        )
        return self._db.change(
            f"""
            UPDATE batch SET state = 'unknown', fence = fence + 1, unknown = unknown + pending,
                pending = 0, lease_until = NULL, settled_at = :at,
                call_until = CASE WHEN :shares_sending = 1 THEN lease_until END,
                not_before = CASE WHEN :shares_sending = 1 THEN lease_until ELSE not_before END,
                reason = 'the process ended while the call was under way'
            WHERE {_IS_ORPHAN}
            """,
            at=at,
            shares_sending=shares_sending,
        )

    def add_reader(self, campaign_id: int, subscriber_id: int) -> None:
        """Queue a welcome email for a subscriber who is not in the campaign yet."""
        self._db.change(
            """
            INSERT INTO batch (campaign_id, no, members, state, size, pending)
            SELECT id, COALESCE(
                    (SELECT MAX(no) + 1 FROM batch WHERE campaign_id = :campaign_id), 0),
                :members, 'queued', 1, 1
            FROM campaign WHERE id = :campaign_id AND NOT EXISTS (SELECT 1 FROM batch
                WHERE campaign_id = :campaign_id AND batch.first = :subscriber_id)
            """,
            campaign_id=campaign_id,
            subscriber_id=subscriber_id,
            members=[subscriber_id],
        )

    def count_unreached(self, campaign_id: int) -> int:
        """Return the number of deliveries of a campaign that were cancelled or rejected.

        Deliveries that were given up may have arrived, and nothing is sent to a damaged address.
        """
        return self._db.number(
            f"""
            SELECT (SELECT COALESCE(SUM(cancelled + rejected), 0) FROM batch
                    WHERE campaign_id = :campaign_id AND state = 'done')
                - (SELECT COUNT(*) FROM delivery JOIN batch ON batch.id = delivery.batch_id
                    WHERE delivery.campaign_id = :campaign_id AND batch.state = 'done'
                        AND delivery.reason = '{claiming.DAMAGED}')
            """,
            campaign_id=campaign_id,
        )

    def reopen(self, campaign_id: int) -> None:
        """Queue the deliveries of a campaign that ``count_unreached`` counts."""
        refused = self._db.rows(
            f"""
            SELECT batch.id, delivery.subscriber_id
            FROM delivery JOIN batch ON batch.id = delivery.batch_id
            WHERE delivery.campaign_id = :campaign_id AND batch.state = 'done'
                AND delivery.state = 'rejected' AND delivery.reason <> '{claiming.DAMAGED}'
            ORDER BY batch.id, delivery.subscriber_id
            """,
            campaign_id=campaign_id,
        )
        for batch_id, rows in groupby(refused, key=itemgetter(0)):
            batch_splitting.requeue(self._db, campaign_id, batch_id, [one for _, one in rows])
        self._db.change(
            "UPDATE batch SET state = 'queued', fence = fence + 1, cancelled = 0,"
            " pending = pending + cancelled"
            " WHERE campaign_id = :campaign_id AND state = 'done' AND cancelled > 0",
            campaign_id=campaign_id,
        )

    def is_open(self, campaign_id: int, *, is_claimed: bool = False) -> bool:
        """Return whether any batch of the campaign is queued or claimed; only the latter if set."""
        which = f"{IS_OPEN} AND state = 'claimed'" if is_claimed else IS_OPEN
        return self._db.has_row(
            f"SELECT id FROM batch WHERE campaign_id = :campaign_id AND {which} LIMIT 1",
            campaign_id=campaign_id,
        )

    def count_sent_since(self, provider: str, at: datetime) -> int:
        """Return the number of messages sent, or perhaps sent, through a provider since then."""
        return self._db.number(
            "SELECT SUM(size - suppressed - cancelled) FROM batch"
            " WHERE claimed_at >= :at AND provider = :provider AND state <> 'queued'",
            at=at,
            provider=provider,
        )

    def find_later_readers(self, campaign_id: int, now: datetime) -> batch.LaterReaders | None:
        """Return the readers who wait for a local time, or None if there are none."""
        due = claiming.due(now)
        [(next_at, last_at, readers)] = self._db.rows(
            f"SELECT MIN(not_before), MAX(not_before), SUM(pending) FROM batch"
            f" WHERE campaign_id = :campaign_id AND {IS_OPEN} AND state = 'queued'"
            f" AND attempts = 0 AND NOT {due}",
            due,
            campaign_id=campaign_id,
        )
        if next_at is None:
            return None
        return batch.LaterReaders(
            next_at=as_instant(next_at), last_at=as_instant(last_at), readers=int(readers)
        )

    def settled_since(self, campaign_id: int, since: datetime) -> int:
        """Return the number of deliveries of a campaign that were settled since then."""
        return self._db.number(
            "SELECT COALESCE(SUM(accepted + rejected + unknown), 0) FROM batch"
            " WHERE campaign_id = :campaign_id AND settled_at >= :since",
            campaign_id=campaign_id,
            since=since,
        )

    def accepted_by_minute(self, campaign_id: int) -> list[tuple[datetime, int]]:
        """Return (minute, number of accepted deliveries), oldest first."""
        return [
            (as_instant(at), count)
            for at, count in self._db.rows(
                f"SELECT settled_at / {_MINUTE_MS} * {_MINUTE_MS}"
                " AS minute, SUM(accepted) FROM batch"
                " WHERE campaign_id = :campaign_id AND accepted > 0 AND settled_at IS NOT NULL"
                " GROUP BY minute ORDER BY minute",
                campaign_id=campaign_id,
            )
        ]

    def find_outage(self, campaign_id: int) -> batch.Outage | None:
        """Return the failure for which batches of a campaign wait for another attempt, or None."""
        found = self._db.first(
            batch.Outage,
            "SELECT COALESCE(SUM(pending), 0) AS people, MAX(attempts) AS tries,"
            " MAX(reason) AS reason, MIN(not_before) AS next_at FROM batch"
            f" WHERE campaign_id = :campaign_id AND {IS_OPEN} AND state = 'queued'"
            " AND reason <> ''",
            campaign_id=campaign_id,
        )
        return found if found and found.people else None

    def count_open(self) -> batch.Waiting:
        """Return counts of the open batches of campaigns that are sending."""
        return self._db.all(
            batch.Waiting,
            f"""
            SELECT COUNT(*) FILTER (WHERE batch.state = 'queued') AS queued,
                COUNT(*) FILTER (WHERE batch.state = 'claimed') AS claimed,
                MIN(not_before) FILTER (WHERE batch.state = 'queued') AS next_at,
                COALESCE(MAX(attempts) FILTER (WHERE batch.state = 'queued'), 0) AS max_attempts,
                COALESCE(MAX(batch.reason) FILTER (WHERE batch.state = 'queued'), '') AS reason
            FROM batch JOIN campaign ON campaign.id = batch.campaign_id
            WHERE {IS_OPEN} AND (campaign.state = 'sending' OR batch.state = 'claimed')
            """,
        )[0]
