"""Issues of digest emails as statements."""

from dataclasses import replace
from datetime import date

from newsletter.domain.statements.statement import Reading
from newsletter.pipeline.statements.kept import RoundupSource
from newsletter.store.sql import Store
from tests.contracts.store_digests import EMPTY, MADE
from tests.fakes import NOON


def test_without_round_ups_there_is_nothing_and_nothing_is_missing(store: Store) -> None:
    assert RoundupSource(store).read() == Reading(statements=())


def test_every_issue_that_says_something_is_a_statement(store: Store) -> None:
    assert MADE.statement is not None
    second = replace(MADE.statement, slug="weekly-2026-12-04")
    later = replace(MADE, day=date(2026, 12, 4), statement=second)
    with store.begin() as tx:
        for issue in (later, EMPTY, MADE):
            tx.digests.put(issue, NOON)
    assert RoundupSource(store).read() == Reading(statements=(MADE.statement, second))


def test_only_what_was_touched_is_read_again(store: Store) -> None:
    source = RoundupSource(store)
    with store.begin() as tx:
        tx.digests.put(MADE, NOON)
    first = source.read()
    with store.begin() as tx:
        tx.schedules.put("another-statement-of-2026-11-27", NOON)
    assert source.read() is first
    with store.begin() as tx:
        tx.digests.put(replace(MADE, statement=None), NOON)
        tx.digests.put(EMPTY, NOON)
    assert source.read() == Reading(statements=())
