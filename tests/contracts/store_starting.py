"""Contract: a store keeps starts, texts that were sent back, and excluded subscribers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.campaigns.campaign import Start
from newsletter.domain.statements.comment import ChangeRequest
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import PRESS
from tests.fakes import NOON

START = Start(slug="hours", content_hash="d1", by="cleo@forum.example", at=NOON, count=12)
BACK = ChangeRequest(
    slug="hours", content_hash="d1", by="ben@forum.example", at=NOON, reason="the\nhours"
)
LATER = NOON + timedelta(minutes=1)


class StartingContract:
    def test_a_go_comes_back_as_it_was_written(self, store: Store) -> None:
        with store.begin() as tx:
            tx.starts.add(START)
            tx.starts.add(replace(START, by="dan@forum.example", at=LATER))
            tx.starts.add(replace(START, slug="other"))
        with store.read() as tx:
            assert tx.starts.list_for("hours") == [
                START,
                replace(START, by="dan@forum.example", at=LATER),
            ]

    def test_a_go_is_taken_back_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.starts.add(START)
            assert tx.starts.revoke("hours", LATER, version="another") == 0
            assert tx.starts.revoke("hours", LATER, version=START.content_hash) == 1
            assert tx.starts.revoke("hours", LATER) == 0
            assert tx.starts.list_for("hours") == [replace(START, revoked_at=LATER)]

    def test_all_that_one_person_started_or_approved_is_found(self, store: Store) -> None:
        """Once they are removed, none of it counts. A name in a file counts by the file."""
        ben = Approval(
            slug="hours",
            content_hash="d1",
            by="ben@forum.example",
            at=NOON,
            channel=Channel.COMMAND,
        )
        with store.begin() as tx:
            for slug in ("hours", "other"):
                tx.starts.add(replace(START, slug=slug))
                tx.starts.add(replace(START, slug=slug, by="dan@forum.example"))
            tx.starts.revoke_by(START.by, LATER)
            for slug in ("hours", "other"):
                assert [start.by for start in tx.starts.list_for(slug) if not start.revoked_at] == [
                    "dan@forum.example"
                ]
            tx.approvals.add(ben)
            tx.approvals.add(replace(ben, slug="other", channel=Channel.FRONT_MATTER))
            tx.approvals.add(replace(ben, slug="third", revoked_at=LATER))
            tx.approvals.add(replace(ben, slug="fourth", by="ana@forum.example"))
            assert tx.approvals.find_unsent_slugs(ben.by) == ["hours"]

    def test_the_number_that_was_found_is_kept(self, store: Store) -> None:
        with store.begin() as tx:
            tx.starts.add(START)
            tx.starts.record_count("hours", 40)
            assert tx.starts.list_for("hours") == [replace(START, count_at_stop=40)]

    @pytest.mark.parametrize("change", ["count = 99", "revoked_at = NULL", "content_hash = 'd2'"])
    def test_whoever_writes_a_go_by_sql_starts_nothing(self, store: Store, change: str) -> None:
        with store.begin() as tx:
            tx.starts.add(START)
            tx.starts.revoke("hours", LATER)
            tx.db.change(f"UPDATE start SET {change}")
        with store.begin() as tx:
            assert tx.starts.list_for("hours") == []
            assert tx.starts.revoke("hours", LATER) == 0

    def test_a_go_and_a_return_touch_their_statement(self, store: Store) -> None:
        with store.begin() as tx:
            mark, _ = tx.statements.changed_since(None)
            tx.starts.add(START)
            tx.change_requests.add(replace(BACK, slug="other"))
        with store.read() as tx:
            assert tx.statements.changed_since(mark)[1] == ["hours", "other"]

    def test_what_was_sent_back_is_kept_and_closed(self, store: Store) -> None:
        with store.begin() as tx:
            tx.change_requests.add(BACK)
            assert tx.change_requests.list_for("hours") == [BACK]
            assert tx.change_requests.list_for("other") == []
            tx.change_requests.close("hours", LATER)
            tx.change_requests.close("hours", NOON)
            assert tx.change_requests.list_for("hours") == [replace(BACK, closed_at=LATER)]

    def test_who_is_left_out_is_counted_by_reason(self, store: Store) -> None:
        names = ("stays", "left", "bounced", "paused")
        with store.begin() as tx:
            entries = [Entry(address=f"{name}@example.org", lists=("press",)) for name in names]
            entries[3] = replace(entries[3], paused_until=LATER)
            tx.readers.upsert(entries, NOON)
            left = tx.readers.find("left@example.org")
            tx.choices.leave(left.id, ["press"], NOON, 0)
            gone = SuppressedEntry(address="bounced@example.org", reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([gone], NOON, "test")
            tx.readers.upsert([Entry(address="other@example.org", lists=("other",))], NOON)
            found = tx.audiences.count_excluded(PRESS)
        assert found == {"unsubscribed": 1, "bounced": 1, "paused": 1}
