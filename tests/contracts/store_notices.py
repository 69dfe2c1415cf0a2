"""Contract: a store keeps notices: a row for each person and event, and what each has seen."""

from datetime import datetime, timedelta

from newsletter.domain.campaigns.notices import (
    MAX_EVENT_AGE,
    MIN_EMAIL_INTERVAL,
    Channel,
    NoticeEvent,
    NoticeKind,
)
from newsletter.domain.delivery.transactional import EmailKind, MessageState
from newsletter.domain.statements.comment import Comment
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.notices import Mark
from tests.fakes import NOON

ANA, BEN = "ana@forum.example", "ben@forum.example"
LATER = NOON + timedelta(hours=1)
ROOM = Channel(name="room", kinds=frozenset(NoticeKind))
QUIET = Channel(name="quiet", kinds=frozenset({NoticeKind.PAUSED}))


def event(*people: str, kind: NoticeKind = NoticeKind.STARTED, at: datetime = NOON) -> NoticeEvent:
    return NoticeEvent(kind=kind, occurrence="7", at=at, people=frozenset(people))


def staff(tx: Transaction) -> None:
    for address in (ANA, BEN):
        tx.accounts.open(address, "hashed", NOON)


class NoticesContract:
    def test_people_without_an_account_have_no_notices(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(BEN, "hashed", NOON)
            tx.notices.add("hours", [event(ANA, BEN)], NOON)
            assert tx.notices.find_due_addresses(NOON) == [BEN]

    def test_each_person_has_one_notice_of_an_event(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA, BEN)], NOON)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.accounts.open("new@forum.example", "hashed", NOON)
            tx.notices.add("hours", [event("new@forum.example")], NOON)
            tx.notices.add("budget", [event(ANA)], NOON)
            tx.notices.add("old", [event(ANA, at=NOON - MAX_EVENT_AGE)], NOON)
        with store.read() as tx:
            assert sorted(tx.notices.find_due_addresses(NOON)) == [ANA, BEN]
            assert [one.slug for one in tx.notices.list_for_email(ANA, 1)] == ["hours", "budget"]
            [notice] = tx.notices.list_for_email(BEN, 1)
            assert (notice.kind, notice.occurrence) == (NoticeKind.STARTED, "7")

    def test_the_last_message_about_a_start_says_whether_there_is_one(self, store: Store) -> None:
        def tell(kind: NoticeKind, occurrence: str, message: int | None) -> bool:
            """Return whether a start was announced to her before this notice."""
            found = NoticeEvent(kind, occurrence, NOON, {ANA})
            tx.notices.add("hours", [found], NOON)
            [notice] = tx.notices.list_for_email(ANA, 99)
            answer = tx.notices.was_announced(notice, ANA)
            tx.notices.finish([notice], NOON, message)
            return answer

        with store.begin() as tx:
            staff(tx)
            told = [
                tell(NoticeKind.SCHEDULED, "1", None),
                tell(NoticeKind.TAKEN_BACK, "2", None),
                tell(NoticeKind.SCHEDULED, "3", 3),
                tell(NoticeKind.TAKEN_BACK, "4", 4),
                tell(NoticeKind.TAKEN_BACK, "5", 5),
            ]
        assert told == [False, False, False, True, False]

    def test_a_notice_is_told_by_one_email_and_the_next_waits_a_minute(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.notices.finish(tx.notices.list_for_email(ANA, 3), NOON, 3)
            tx.notices.add("budget", [event(ANA)], NOON)
        with store.read() as tx:
            assert [one.slug for one in tx.notices.list_for_email(ANA, 3)] == ["hours", "budget"]
            assert [one.slug for one in tx.notices.list_for_email(ANA, 4)] == ["budget"]
            assert tx.notices.find_due_addresses(NOON + MIN_EMAIL_INTERVAL / 2) == []
            assert tx.notices.find_due_addresses(NOON + MIN_EMAIL_INTERVAL) == [ANA]
            assert tx.notices.find_due_addresses(NOON - MIN_EMAIL_INTERVAL) == [ANA], (
                "a clock ahead"
            )

    def test_what_is_over_is_told_no_more_and_delays_nothing(self, store: Store) -> None:
        with store.begin() as tx:
            staff(tx)
            tx.notices.add("hours", [event(ANA)], NOON)
            tx.notices.finish(tx.notices.list_for_email(ANA, 3), NOON, None)
            tx.notices.add("budget", [event(ANA)], NOON)
            assert tx.notices.find_due_addresses(NOON) == [ANA]
            tx.generation.invalidate_copy("older", NOON)
            assert tx.notices.find_due_addresses(LATER) == []
            tx.notices.add("hours", [event(ANA)], NOON)
            assert tx.notices.find_due_addresses(LATER) == [], "it was there before"
            tx.notices.clear(LATER)
            tx.notices.add("hours", [event(ANA)], NOON)
            assert tx.notices.find_due_addresses(LATER) == [ANA]

    def test_a_mark_says_how_far_was_looked(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.notices.load_mark() == Mark()
            tx.notices.store_mark(Mark(change_id=3, comment_id=2))
            tx.notices.store_mark(Mark(change_id=4, comment_id=2, imported_at=NOON))
        with store.read() as tx:
            assert tx.notices.load_mark() == Mark(change_id=4, comment_id=2, imported_at=NOON)

    def test_statements_are_looked_at_when_they_change_and_when_their_moment_comes(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.schedules.put("hours", LATER)
            tx.schedules.put("budget", LATER)
            slugs, first = tx.notices.find_changed(Mark(), NOON, limit=1)
            assert slugs == ["hours"]
            slugs, second = tx.notices.find_changed(Mark(change_id=first), NOON, limit=9)
            assert slugs == ["budget"]
            tx.notices.set_next_event("hours", NOON)
            tx.notices.set_next_event("hours", LATER)
            assert tx.notices.find_changed(Mark(change_id=second), NOON, limit=9) == ([], second)
            assert tx.notices.find_changed(Mark(change_id=second), LATER, limit=9) == (
                ["hours"],
                second,
            )
            tx.notices.set_next_event("hours", None)
            assert tx.notices.find_changed(Mark(change_id=second), LATER, limit=9) == ([], second)

    def test_comments_are_found_by_number(self, store: Store) -> None:
        with store.begin() as tx:
            for words in ("One.", "Two."):
                tx.comments.add(Comment(slug="hours", by=BEN, at=NOON, words=words))
        with store.read() as tx:
            first, second = tx.comments.list_after(0)
            assert (first.words, second.words) == ("One.", "Two.")
            assert tx.comments.list_after(first.id) == [second]
            assert tx.comments.get(second.id) == second
            assert tx.comments.get(99) is None

    def test_a_choice_is_kept_with_the_account(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "hashed", NOON)
            tx.accounts.change(ANA, muted=[NoticeKind.STARTED.value, NoticeKind.FINISHED.value])
        with store.read() as tx:
            account = tx.accounts.get(ANA)
            assert account.muted == ("sending has started", "finished")

    def test_an_email_is_under_way_until_its_outcome_is_known(self, store: Store) -> None:
        with store.begin() as tx:
            tx.emails.inform(ANA, "", NOON, EmailKind.NEWS)
            assert tx.emails.is_under_way(ANA, EmailKind.NEWS)
            assert not tx.emails.is_under_way(ANA, EmailKind.NOTICE)
            assert not tx.emails.is_under_way(BEN, EmailKind.NEWS)
            assert tx.emails.claim(at=NOON, attempt_id="a1") is not None
            assert tx.emails.is_under_way(ANA, EmailKind.NEWS)
            tx.emails.abandon(NOON)
            tx.generation.invalidate_copy("older", NOON)
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

    def test_a_channel_hears_of_its_kinds_and_is_no_person(self, store: Store) -> None:
        with store.begin() as tx:
            tx.notices.add("hours", [event(ANA)], NOON, [ROOM, QUIET])
            assert tx.notices.find_due_addresses(NOON) == [ROOM.address]
            [notice] = tx.notices.list_for_post(ROOM, 1)
            assert notice.slug == "hours"

    def test_a_post_tells_of_the_same_notices_each_time(self, store: Store) -> None:
        with store.begin() as tx:
            tx.notices.add("hours", [event()], NOON, [ROOM])
            tx.notices.finish(tx.notices.list_for_post(ROOM, 1), NOON, 1)
            tx.notices.add("budget", [event()], NOON, [ROOM])
            assert [one.slug for one in tx.notices.list_for_post(ROOM, 1)] == ["hours"]
            assert [one.slug for one in tx.notices.list_for_post(ROOM, 2)] == ["budget"]

    def test_a_post_is_claimed_once_and_the_next_waits_a_minute(self, store: Store) -> None:
        with store.begin() as tx:
            for name in ("room", "room", "gone"):
                tx.channel_posts.add(name, NOON)
            post = tx.channel_posts.claim(["room"], NOON)
            assert (post.state, post.attempts) == (MessageState.CALLING, 1)
            assert tx.channel_posts.claim(["room"], NOON) is None, "a minute has not passed"
            assert tx.channel_posts.claim(["other"], NOON + MIN_EMAIL_INTERVAL) is None
            second = tx.channel_posts.claim(["room"], NOON + MIN_EMAIL_INTERVAL)
            assert second.id > post.id
            assert sorted(tx.channel_posts.find_open_channels()) == ["gone", "room", "room"]

    def test_an_attempt_is_booked_by_the_call_that_made_it(self, store: Store) -> None:
        with store.begin() as tx:
            tx.channel_posts.add("room", NOON)
            post = tx.channel_posts.claim(["room"], NOON)
            assert post is not None
            tx.channel_posts.settle(post, MessageState.WAITING, "HTTP 503", LATER)
            assert tx.channel_posts.claim(["room"], LATER - MIN_EMAIL_INTERVAL) is None
            again = tx.channel_posts.claim(["room"], LATER)
            assert again.attempts == 2
            tx.channel_posts.settle(post, MessageState.ACCEPTED, "", LATER)
            assert tx.channel_posts.get(post.id) == again, "the first attempt has lost it"
            tx.channel_posts.settle(again, MessageState.REJECTED, "HTTP 404", LATER)
            [done] = tx.channel_posts.list_newest(9)
            assert (done.state, done.reason) == (MessageState.REJECTED, "HTTP 404")
            tx.channel_posts.requeue(done.id, LATER)
            assert tx.channel_posts.find_open_channels() == ["room"]

    def test_a_call_whose_process_ended_is_unknown(self, store: Store) -> None:
        for seen_at in (
            LATER,
            NOON - timedelta(days=1),
        ):  # a day before, when the clock was put right
            with store.begin() as tx:
                tx.channel_posts.add("room", NOON)
                post = tx.channel_posts.claim(["room"], NOON)
                assert post is not None
                assert tx.channel_posts.claim(["room"], seen_at) is None
                found = tx.channel_posts.get(post.id)
                assert found.state is MessageState.UNKNOWN
                tx.notices.clear(LATER)

    def test_the_log_names_the_events_of_each_post(self, store: Store) -> None:
        with store.begin() as tx:
            tx.channel_posts.add("room", NOON)
            [post] = tx.channel_posts.list_newest(9)
            tx.notices.add("hours", [event()], NOON, [ROOM])
            tx.notices.finish(tx.notices.list_for_post(ROOM, post.id), NOON, post.id)
            assert tx.channel_posts.list_notices(9) == [(post.id, "sending has started", "hours")]

    def test_posts_are_dropped_and_cleared_with_their_notices(self, store: Store) -> None:
        with store.begin() as tx:
            tx.channel_posts.add("room", NOON)
            tx.generation.invalidate_copy("older", NOON)
            assert [post.state for post in tx.channel_posts.list_newest(9)] == [
                MessageState.WITHHELD
            ]
            tx.notices.clear(LATER)
            assert tx.channel_posts.list_newest(9) == []

    def test_a_check_that_fails_twice_in_a_row_is_news_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.failing_checks.store_failing({"SPF": "no record", "DKIM": "no key"}, NOON)
            assert tx.failing_checks.list_without_notice() == []
            tx.failing_checks.store_failing({"SPF": "two records"}, LATER)
            [check] = tx.failing_checks.list_without_notice()
            assert (check.what, check.detail, check.since) == ("SPF", "two records", NOON)
            tx.failing_checks.note_notified(["DKIM", "SPF"])
            tx.failing_checks.store_failing({"SPF": "two records"}, LATER)
            assert tx.failing_checks.list_without_notice() == []
            assert [one.what for one in tx.failing_checks.all()] == ["SPF"]
            tx.failing_checks.store_failing({}, LATER)
            tx.failing_checks.store_failing({"SPF": "no record"}, LATER)
            tx.failing_checks.store_failing({"SPF": "no record"}, LATER)
            [again] = tx.failing_checks.list_without_notice()
            assert again.occurrence != check.occurrence
