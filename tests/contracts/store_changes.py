"""Contract: a store notes each change that can change a decision, and no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Approval, Channel, StoredStatement
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import Books, add_campaign
from tests.contracts.store_digests import MADE
from tests.contracts.store_records import BARE
from tests.fakes import NOON

STORED = StoredStatement(
    statement=replace(BARE, slug="news"), content_hash="d1", fingerprint="f1", present=True
)
YES = Approval(
    slug="news", content_hash="d1", by="ed@forum.example", at=NOON, channel=Channel.COMMAND
)
Deed = Callable[[Transaction, int], object]


def _move(to: CampaignState) -> Deed:
    return lambda tx, number: tx.campaigns.change_state(number, to, expect=CampaignState, at=NOON)


CHANGES: dict[str, Deed] = {
    "its text": lambda tx, _: tx.statements.put(
        replace(STORED, statement=replace(STORED.statement, title="Other")), NOON
    ),
    "its digest": lambda tx, _: tx.statements.put(replace(STORED, content_hash="d2"), NOON),
    "its renderer": lambda tx, _: tx.statements.put(replace(STORED, fingerprint="f2"), NOON),
    "it is gone": lambda tx, _: tx.statements.put(replace(STORED, present=False), NOON),
    "a yes": lambda tx, _: tx.approvals.add(YES),
    "a yes taken back": lambda tx, _: tx.approvals.revoke("news", NOON, actor="ed"),
    "a time that is set": lambda tx, _: tx.schedules.put("news", NOON),
    "a time that is taken back": lambda tx, _: tx.schedules.put("news", None),
    "a campaign": lambda tx, _: add_campaign(tx, "news"),
    "another time": lambda tx, number: tx.campaigns.change(
        number, release_at=NOON + timedelta(hours=1), urgent=False
    ),
    "its campaign is urgent": lambda tx, number: tx.campaigns.change(
        number, release_at=NOON, urgent=True
    ),
    "its campaign begins": _move(CampaignState.SENDING),
    "its campaign is paused": _move(CampaignState.PAUSED),
    "its campaign ends": _move(CampaignState.CANCELLED),
    "a correction has its place": lambda tx, number: tx.campaigns.change(
        number, corrected_by="other"
    ),
}

NO_CHANGES: dict[str, Deed] = {
    "the same text again": lambda tx, _: tx.statements.put(STORED, NOON + timedelta(days=1)),
    "another provider": lambda tx, number: tx.campaigns.assign_provider(number, "second"),
    "a reader": lambda tx, _: tx.readers.upsert(
        [Entry(address="new@example.org", lists=("press",))], NOON
    ),
    "a member of staff": lambda tx, _: tx.staff.put("ed@forum.example", Role.ADMIN, NOON),
}


def since(store: Store, mark: int) -> list[str]:
    with store.read() as tx:
        return tx.statements.changed_since(mark)[1]


class ChangesContract:
    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_a_change_is_noted(self, store: Store, change: Deed) -> None:
        number, mark = begin(store)
        with store.begin() as tx:
            change(tx, number)
        assert since(store, mark) == ["news"]

    @pytest.mark.parametrize("deed", NO_CHANGES.values(), ids=NO_CHANGES)
    def test_what_changes_nothing_about_a_statement_is_not_noted(
        self, store: Store, deed: Deed
    ) -> None:
        number, mark = begin(store)
        with store.begin() as tx:
            deed(tx, number)
        assert since(store, mark) == []

    def test_an_issue_that_is_made_or_taken_back_is_noted_under_its_slug(
        self, store: Store
    ) -> None:
        mark = 0
        for issue in (MADE, replace(MADE, statement=None, parts=())):
            with store.begin() as tx:
                tx.digests.put(issue, NOON)
                mark, touched = tx.statements.changed_since(mark)
                assert touched == [MADE.slug]
                tx.digests.put(issue, NOON + timedelta(days=1))
                assert tx.statements.changed_since(mark) == (mark, [])

    def test_what_is_handed_over_changes_no_statement(self, store: Store) -> None:
        books = Books(store, 3)
        with store.read() as tx:
            mark, _ = tx.statements.changed_since(None)
        with books.step() as tx:
            tx.campaigns.cancel_pending(books.id)
        assert since(store, mark) == []

    def test_a_mark_tells_what_came_after_it_each_slug_once_the_last_one_last(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            assert tx.statements.changed_since(None) == (0, [])
            for slug in ("a", "b", "c", "a"):
                tx.approvals.add(replace(YES, slug=slug))
            mark, touched = tx.statements.changed_since(0)
            assert touched == ["b", "c", "a"]
            assert tx.statements.changed_since(None) == (mark, [])
            assert tx.statements.changed_since(mark) == (mark, [])

    def test_what_was_rolled_back_was_no_change(self, store: Store) -> None:
        _, mark = begin(store)
        with pytest.raises(LookupError):
            broken_off(store)
        assert since(store, mark) == []
        with store.begin() as tx:
            tx.approvals.add(YES)
        assert since(store, mark) == ["news"]


class OpenContract:
    """Count the queries over all history: open work, and the newest."""

    def test_what_has_a_time_is_planned_until_it_goes_out(self, store: Store) -> None:
        heads: dict[str, dict[str, Any]] = {
            "none": {"body": 'It has no "send_at":null, and "corrects":"" nothing.'},
            "time": {"send_at": NOON},
            "embargo": {"embargo_until": NOON},
            "translation": {"translation_of": "embargo"},
            "correction": {"corrects": "embargo"},
            "set": {},
            "waits": {},
            "held": {},
            "goes": {"send_at": NOON},
            "gone": {"send_at": NOON},
        }
        with store.begin() as tx:
            for slug, head in heads.items():
                statement = replace(STORED.statement, slug=slug, **head)
                is_there = slug != "gone"
                tx.statements.put(replace(STORED, statement=statement, present=is_there), NOON)
            tx.schedules.put("set", NOON)
            for slug in ("waits", "held", "goes"):
                add_campaign(tx, slug)
            numbers = {one.slug: one.id for one in tx.campaigns.list_open()}
            for slug, state in (("held", CampaignState.PAUSED), ("goes", CampaignState.SENDING)):
                tx.campaigns.change_state(numbers[slug], state, expect=CampaignState, at=NOON)
            planned = ["correction", "embargo", "held", "set", "time", "translation", "waits"]
            assert slugs(tx.statements.list_planned()) == planned

    def test_those_that_went_out_are_settled_unless_they_were_cancelled(self, store: Store) -> None:
        states = {
            "draft": (),
            "waits": (CampaignState.SCHEDULED,),
            "held": (CampaignState.PAUSED,),
            "goes": (CampaignState.SENDING,),
            "went": (CampaignState.SENDING, CampaignState.SENT),
            "ended": (CampaignState.SENDING, CampaignState.CANCELLED),
        }
        with store.begin() as tx:
            for slug, moves in states.items():
                statement = replace(STORED.statement, slug=slug)
                tx.statements.put(replace(STORED, statement=statement), NOON)
                number = add_campaign(tx, slug) if moves else 0
                for state in moves:
                    tx.campaigns.change_state(number, state, expect=CampaignState, at=NOON)
            add_again = add_campaign(tx, "went")
            assert slugs(tx.statements.list_unsettled()) == [
                "draft",
                "ended",
                "held",
                "waits",
                "went",
            ]
            tx.campaigns.change_state(
                add_again, CampaignState.SENDING, expect=CampaignState, at=NOON
            )
            assert slugs(tx.statements.list_unsettled()) == ["draft", "ended", "held", "waits"]
            open_ones = [one.slug for one in tx.campaigns.list_open()]
            assert open_ones == ["waits", "held", "goes", "went"]

    def test_the_newest_are_those_that_were_touched_last(self, store: Store) -> None:
        with store.begin() as tx:
            for slug in ("a", "b", "c"):
                statement = replace(STORED.statement, slug=slug)
                tx.statements.put(replace(STORED, statement=statement), NOON)
            tx.statements.put(replace(STORED, present=False), NOON)
            tx.approvals.add(replace(YES, slug="a"))
            assert slugs(tx.statements.list_newest(2)) == ["a", "c"]
            assert slugs(tx.statements.list_newest(None)) == ["a", "c", "b"]
            assert tx.statements.count() == 3
            assert slugs(tx.statements.list_after("", 2)) == ["a", "b"]
            assert slugs(tx.statements.list_after("a", 9)) == ["b", "c"]
            [one, *_] = tx.statements.find(["b"])
            assert slugs(tx.statements.find_same_text(one.statement)) == ["a", "c", STORED.slug]
            other = replace(one.statement, title="Another")
            assert tx.statements.find_same_text(other) == []
            assert slugs(tx.statements.find(["c", "never", "a"])) == ["a", "c"]
            assert tx.statements.find([]) == []

    def test_the_newest_campaigns_come_with_their_figures(self, store: Store) -> None:
        first = Books(store, 3, beside=False)
        second = Books(store, [], slug="other", beside=False)
        with store.read() as tx:
            assert tx.campaigns.list_newest(1) == [second.campaign()]
            assert tx.campaigns.list_newest(None) == [second.campaign(), first.campaign()]
            assert tx.campaigns.list_newest(9, before=second.id) == [first.campaign()]
            assert tx.campaigns.count() == 2
            [(number, slug, _, lists)] = tx.campaigns.list_last_begun(1)
            assert (number, slug, lists) == (second.id, "other", set(second.campaign().lists))
            assert tx.campaigns.list_begun(NOON) == []
            begun = tx.campaigns.list_begun(NOON - timedelta(milliseconds=1))
            assert [one.id for one in begun] == [first.id, second.id]

    def test_kin_are_those_that_correct_each_other_however_far(self, store: Store) -> None:
        with store.begin() as tx:
            for slug, corrects in (("a", ""), ("b", "a"), ("c", "b"), ("d", ""), ("e", "gone")):
                campaign = tx.campaigns.get_without_counts(add_campaign(tx, f"of-{slug}"))
                tx.campaigns.add(replace(campaign, slug=slug, corrects=corrects), NOON)
            for slug in ("a", "b", "c"):
                assert [one.slug for one in tx.campaigns.find_related([slug])] == ["a", "b", "c"]
            assert [one.slug for one in tx.campaigns.find_related(["d"])] == ["d"]
            assert [one.slug for one in tx.campaigns.find_related(["e", "d"])] == ["d", "e"]
            assert tx.campaigns.find_related([]) == []

    def test_what_went_out_is_listed_once_newest_first(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.campaigns.count_published() == (0, None)
            for day, slug in enumerate(("a", "b", "a", "c", "waits")):
                number, at = add_campaign(tx, slug), NOON + timedelta(days=day)
                if slug != "waits":
                    tx.campaigns.change_state(
                        number, CampaignState.SENDING, expect=CampaignState, at=at
                    )
            assert tx.campaigns.list_published(skip=0, limit=9) == ["c", "b", "a"]
            assert tx.campaigns.list_published(skip=1, limit=1) == ["b"]
            assert tx.campaigns.count_published() == (3, NOON + timedelta(days=3))

    def test_the_translations_of_statements_are_those_with_a_campaign(self, store: Store) -> None:
        with store.begin() as tx:
            campaign = tx.campaigns.get_without_counts(add_campaign(tx, "original"))
            tx.campaigns.add(replace(campaign, slug="auf-deutsch", translates="original"), NOON)
            assert tx.campaigns.find_translation_slugs(["original", "other"]) == {"auf-deutsch"}
            assert tx.campaigns.find_translation_slugs(["auf-deutsch"]) == set()

    def test_the_last_lines_of_the_log_come_newest_first(self, store: Store) -> None:
        with store.begin() as tx:
            assert (tx.audit.list_newest(5), tx.audit.count()) == ([], 0)
            for deed in ("one", "two", "three"):
                tx.audit.enter(actor="a", action=deed, subject="s", detail="")
            assert [one.action for one in tx.audit.list_newest(2)] == ["three", "two"]
            assert [one.action for one in tx.audit.list_newest(None)] == ["three", "two", "one"]
            assert tx.audit.count() == 3

    def test_issues_wait_until_they_begin(self, store: Store) -> None:
        second = replace(MADE, day=MADE.day + timedelta(days=7))
        dropped = replace(MADE, day=MADE.day + timedelta(days=14), statement=None)
        with store.begin() as tx:
            assert tx.digests.last_day("weekly", dropped.day) is None
            for issue in (MADE, second, dropped):
                tx.digests.put(issue, NOON)
            number = add_campaign(tx, MADE.slug)
            assert tx.digests.list_waiting_issues() == [MADE, second]
            tx.campaigns.change_state(number, CampaignState.SENDING, expect=CampaignState, at=NOON)
            assert tx.digests.list_waiting_issues() == [second]
            assert tx.digests.last_day("weekly", dropped.day) == dropped.day
            assert tx.digests.last_day("weekly", second.day) == second.day
            assert tx.digests.find_issues([second.slug, "no-issue", "weekly-1999-01-01"]) == [
                second
            ]

    def test_statements_that_ever_had_a_yes_by_some_way_are_known(self, store: Store) -> None:
        with store.begin() as tx:
            tx.approvals.add(YES)
            tx.approvals.add(replace(YES, slug="filed", channel=Channel.FRONT_MATTER))
            tx.approvals.revoke("filed", NOON, actor="ed")
            assert tx.approvals.find_slugs(Channel.FRONT_MATTER) == {"filed"}


def begin(store: Store) -> tuple[int, int]:
    """A statement with a yes, a set time and a campaign; its campaign, and the mark after it."""
    with store.begin() as tx:
        tx.statements.put(STORED, NOON)
        tx.approvals.add(YES)
        tx.schedules.put("news", NOON - timedelta(hours=1))
        number = add_campaign(tx, "news")
        return number, tx.statements.changed_since(None)[0]


def broken_off(store: Store) -> None:
    with store.begin() as tx:
        tx.approvals.add(YES)
        raise LookupError


def slugs(found: list[StoredStatement]) -> list[str]:
    return [one.statement.slug for one in found]
