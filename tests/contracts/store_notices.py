"""What every store keeps of notices: a row for each person and event, and what was looked at."""

from datetime import datetime, timedelta

from newsletter.domain.campaigns.notices import APART, NEWS_LIVES, NoticeKind, Occurred
from newsletter.domain.delivery.transactional import EmailKind
from newsletter.domain.statements.comment import Comment
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.notices import Mark
from tests.fakes import NOON

ANA, BEN = "ana@forum.example", "ben@forum.example"
LATER = NOON + timedelta(hours=1)


def event(*people: str, kind: NoticeKind = NoticeKind.STARTED, at: datetime = NOON) -> Occurred:
    return Occurred(kind=kind, occurrence="7", at=at, people=frozenset(people))


def staff(tx: Transaction) -> None:
    for address in (ANA, BEN):
        tx.accounts.open(address, "hashed", NOON)


class NoticesContract:
    def test_people_without_an_account_have_no_notices(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(BEN, "hashed", NOON)
            tx.notices.add("hours", [event(ANA, BEN)], NOON)
            assert tx.notices.due(NOON) == [BEN]

    def test_each_person_has_one_notice_of_an_event(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA, BEN)], NOON)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.notices.add("budget", [event(ANA)], NOON)
            tx.notices.add("old", [event(ANA, at=NOON - NEWS_LIVES)], NOON)
        with store.read() as tx:
            assert sorted(tx.notices.due(NOON)) == [ANA, BEN]
            assert [one.slug for one in tx.notices.of(ANA, 1)] == ["hours", "budget"]
            [notice] = tx.notices.of(BEN, 1)
            assert (notice.kind, notice.occurrence) == (NoticeKind.STARTED, "7")

    def test_a_notice_is_told_by_one_email_and_the_next_waits_a_minute(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.notices.finish(tx.notices.of(ANA, 3), NOON, 3)
            tx.notices.add("budget", [event(ANA)], NOON)
        with store.read() as tx:
            assert [one.slug for one in tx.notices.of(ANA, 3)] == ["hours", "budget"]
            assert [one.slug for one in tx.notices.of(ANA, 4)] == ["budget"]
            assert tx.notices.due(NOON + APART / 2) == []
            assert tx.notices.due(NOON + APART) == [ANA]

    def test_what_is_over_is_told_no_more_and_delays_nothing(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.notices.finish(tx.notices.of(ANA, 3), NOON, None)
            tx.notices.add("budget", [event(ANA)], NOON)
            assert tx.notices.due(NOON) == [ANA]
            tx.notices.drop(NOON)
            assert tx.notices.due(LATER) == []
            tx.notices.add("hours", [event(ANA)], NOON)
            assert tx.notices.due(LATER) == [], "it was there before"
            tx.notices.clear(LATER)
            tx.notices.add("hours", [event(ANA)], NOON)
            assert tx.notices.due(LATER) == [ANA]

    def test_a_mark_says_how_far_was_looked(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.notices.mark() == Mark()
            tx.notices.advance(Mark(change=3, comment=2))
            tx.notices.advance(Mark(change=4, comment=2, imported_at=NOON))
        with store.read() as tx:
            assert tx.notices.mark() == Mark(change=4, comment=2, imported_at=NOON)

    def test_statements_are_looked_at_when_they_change_and_when_their_moment_comes(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.schedules.put("hours", LATER)
            tx.schedules.put("budget", LATER)
            slugs, first = tx.notices.changed(Mark(), NOON, most=1)
            assert slugs == ["hours"]
            slugs, second = tx.notices.changed(Mark(change=first), NOON, most=9)
            assert slugs == ["budget"]
            tx.notices.await_("hours", NOON)
            tx.notices.await_("hours", LATER)
            assert tx.notices.changed(Mark(change=second), NOON, most=9) == ([], second)
            assert tx.notices.changed(Mark(change=second), LATER, most=9) == (["hours"], second)
            tx.notices.await_("hours", None)
            assert tx.notices.changed(Mark(change=second), LATER, most=9) == ([], second)

    def test_comments_are_found_by_number(self, store: Store) -> None:
        with store.begin() as tx:
            for words in ("One.", "Two."):
                tx.comments.add(Comment(slug="hours", by=BEN, at=NOON, words=words))
        with store.read() as tx:
            first, second = tx.comments.since(0)
            assert (first.words, second.words) == ("One.", "Two.")
            assert tx.comments.since(first.id) == [second]
            assert tx.comments.get(second.id) == second
            assert tx.comments.get(99) is None

    def test_a_choice_is_kept_with_the_account(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "hashed", NOON)
            tx.accounts.mute(ANA, [NoticeKind.STARTED, NoticeKind.FINISHED])
        with store.read() as tx:
            account = tx.accounts.get(ANA)
            assert account is not None
            assert account.muted == ("sending has started", "finished")

    def test_an_email_is_under_way_until_its_outcome_is_known(self, store: Store) -> None:
        with store.begin() as tx:
            tx.emails.tell(ANA, "", NOON, EmailKind.NEWS)
            assert tx.emails.is_under_way(ANA, EmailKind.NEWS)
            assert not tx.emails.is_under_way(ANA, EmailKind.NOTICE)
            assert not tx.emails.is_under_way(BEN, EmailKind.NEWS)
            assert tx.emails.claim(at=NOON, attempt_id="a1") is not None
            assert tx.emails.is_under_way(ANA, EmailKind.NEWS)
            tx.emails.abandon(NOON)
            tx.emails.distrust(NOON)
            assert not tx.emails.is_under_way(ANA, EmailKind.NEWS)

    def test_the_last_act_of_each_kind_is_found_but_the_schedulers_own(self, store: Store) -> None:
        with store.begin() as tx:
            for actor in (ANA, BEN, "scheduler"):
                tx.audit.enter(actor, "start", "hours")
            tx.audit.enter(ANA, "pause", "hours")
            tx.audit.enter(ANA, "start", "budget")
        with store.read() as tx:
            found = tx.audit.last("hours")
        assert {action: line.actor for action, line in found.items()} == {
            "start": BEN,
            "pause": ANA,
        }
