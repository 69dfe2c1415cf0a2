"""Contract: a store keeps digest emails: since when each exists, and one issue a local date."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from newsletter.domain.campaigns.digest import Issue
from newsletter.store.sql import Store
from tests.contracts.store_records import FULL
from tests.fakes import NOON

FRIDAY = date(2026, 11, 27)
MADE = Issue(name="weekly", day=FRIDAY, upto=NOON, statement=FULL, parts=("a", "b"))
EMPTY = Issue(name="monthly", day=date(2028, 2, 29), upto=NOON + timedelta(milliseconds=1))


class DigestsContract:
    def test_a_new_database_has_no_round_ups(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.digests.configured_since() == {}
            assert tx.digests.list_issues() == []

    def test_a_round_up_begins_once_until_it_is_ended(self, store: Store) -> None:
        later = NOON + timedelta(days=1)
        with store.begin() as tx:
            tx.digests.add("weekly", NOON)
            tx.digests.add("monthly", later)
        with store.begin() as tx:
            tx.digests.add("weekly", later)
            assert tx.digests.configured_since() == {"weekly": NOON, "monthly": later}
            tx.digests.remove("weekly")
            tx.digests.remove("never there")
        with store.begin() as tx:
            assert tx.digests.configured_since() == {"monthly": later}
            tx.digests.add("weekly", later)
            assert tx.digests.configured_since() == {"weekly": later, "monthly": later}

    def test_an_issue_comes_back_as_it_was_put(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        for issue in [MADE, EMPTY]:
            with subtests.test(issue=issue):
                with store.begin() as tx:
                    tx.digests.put(issue, NOON)
                with store.read() as tx:
                    assert issue in tx.digests.list_issues()

    def test_a_local_date_has_one_issue_of_a_name_and_the_last_one_put_stays(
        self, store: Store
    ) -> None:
        changed = replace(MADE, upto=NOON + timedelta(hours=1), parts=(), statement=None)
        with store.begin() as tx:
            tx.digests.put(MADE, NOON)
            tx.digests.put(changed, NOON)
        with store.read() as tx:
            assert tx.digests.list_issues() == [changed]

    def test_issues_come_by_name_and_day_and_outlive_the_end_of_their_round_up(
        self, store: Store
    ) -> None:
        later = replace(MADE, day=date(2026, 12, 4))
        with store.begin() as tx:
            for issue in (later, MADE, EMPTY):
                tx.digests.put(issue, NOON)
            tx.digests.remove("weekly")
        with store.read() as tx:
            assert tx.digests.list_issues() == [EMPTY, MADE, later]

    def test_an_issue_of_a_block_that_fails_was_never_there(self, store: Store) -> None:
        class Killed(BaseException):
            """An exception that no handler of errors catches."""

        def put_and_die() -> None:
            with store.begin() as tx:
                tx.digests.put(MADE, NOON)
                raise Killed

        with pytest.raises(Killed):
            put_and_die()
        with store.read() as tx:
            assert tx.digests.list_issues() == []
