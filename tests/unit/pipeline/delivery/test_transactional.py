"""Emails: a claim decides the text of each, and none is sent twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Never

import pytest

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.delivery.rate_limit import Limits
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.delivery.transactional import EmailKind, MessageState, RequestOutcome
from newsletter.domain.errors import Refused, StoreUnavailable
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.pipeline.delivery.transactional import forget
from newsletter.pipeline.subscribers.join import confirm
from newsletter.store.sql import Transaction
from tests.contracts.store_accounts import ANA, INVITATION
from tests.fakes import NOON, MemoryWatermark, RecordingProvider, accept_all, always
from tests.interrupted import Fuse, PowerCut, watched
from tests.unit.pipeline.delivery.sending import JOIN, Post
from tests.unit.pipeline.newsroom import Newsroom


@pytest.fixture
def post(room: Newsroom) -> Post:
    return Post(room=room)


def test_whoever_asks_gets_a_link_of_their_own_to_say_yes(post: Post) -> None:
    post.ask()

    done = post.post()

    assert (done.state, done.provider) == (MessageState.ACCEPTED, "recording")
    assert post.said() == (
        "confirmation Press releases, sport https://news.forum.example/confirm/l-1"
    )
    [batch] = post.room.provider.batches
    assert [(one.subscriber_id, one.address) for one in batch.recipients] == [(0, JOIN.address)]
    assert batch.campaign == "letter_confirmation", "no slug has an underscore"
    assert (batch.content.language, batch.at) == ("es", NOON)
    assert post.transactional_sender().post() is None
    assert post.state() is MessageState.ACCEPTED


def test_a_notice_that_cannot_be_written_is_withheld_and_other_letters_go_on(post: Post) -> None:
    post.ask("staff@forum.example", kind=EmailKind.NEWS)
    post.ask()

    def fail(*_: object) -> Never:
        raise ZeroDivisionError

    sender = replace(post.transactional_sender(), news=fail)
    assert [sender.post().state for _ in range(2)] == [
        MessageState.WITHHELD,
        MessageState.ACCEPTED,
    ]
    with post.room.store.begin() as tx:
        tx.db.change("UPDATE transactional_email SET state = 'waiting' WHERE id = 1")

    def ask_too_much(tx: Transaction, _email: object) -> tuple[()]:
        return tuple(tx.db.rows("SELECT nothing FROM nowhere"))

    with pytest.raises(StoreUnavailable):
        replace(sender, news=ask_too_much).post()
    assert post.state() is MessageState.WAITING


def test_a_letter_that_names_no_language_is_in_ours(post: Post) -> None:
    post.ask(language="")
    post.post()

    assert post.room.provider.batches[-1].content.language == "en"


def test_whoever_has_it_all_gets_a_link_to_what_they_have(post: Post) -> None:
    number = post.subscribe(JOIN.address, "press", "sport", "more")
    post.ask()
    post.post()

    link = f"https://news.forum.example/preferences/p-{number}-20261124T1200"
    assert post.said() == f"known Press releases, sport {link}"


@pytest.mark.parametrize("lists", [(), ("press",)])
def test_whoever_has_not_all_of_it_says_yes_to_the_rest(post: Post, lists: tuple[str, ...]) -> None:
    post.subscribe(JOIN.address, *lists)
    post.ask()
    post.post()

    assert post.said().startswith("confirmation ")


@pytest.mark.parametrize("reason", SuppressionReason)
def test_whoever_is_suppressed_can_come_back_unless_staff_said_never(
    post: Post, reason: SuppressionReason
) -> None:
    post.subscribe(JOIN.address, "press", "sport")
    post.suppress(reason)
    post.ask()

    done = post.post()

    if reason is SuppressionReason.MANUAL:
        assert (done.state, done.provider) == (MessageState.WITHHELD, "")
        assert "staff" in done.reason
        assert post.room.provider.batches == []
    else:
        assert post.said().startswith("confirmation ")


@pytest.mark.parametrize("address", ["new@example.org", "Old@Example.org"])
def test_a_new_address_gets_a_link_to_say_yes_to_it(post: Post, address: str) -> None:
    """So does the same address in another spelling."""
    number = post.subscribe("old@example.org", "press")
    post.ask(address, kind=EmailKind.MOVE, subscriber_id=number, lists=())
    post.post()

    assert post.said() == "move  https://news.forum.example/confirm/l-1"


def test_a_new_address_that_is_somebody_elses_gets_a_link_to_what_they_have(post: Post) -> None:
    number = post.subscribe("old@example.org", "press")
    other = post.subscribe("new@example.org", "press")
    post.ask("NEW@example.org", kind=EmailKind.MOVE, subscriber_id=number, lists=())
    post.post()

    assert f"/preferences/p-{other}-" in post.said()


def test_the_link_to_ones_preferences_goes_to_subscribers_alone(post: Post) -> None:
    number = post.subscribe("ana@example.org", "press")
    post.ask("ana@example.org", kind=EmailKind.PREFERENCES)
    post.ask("bo@example.org", kind=EmailKind.PREFERENCES)

    assert post.post().state is MessageState.ACCEPTED
    assert f"/preferences/p-{number}-" in post.said()
    done = post.post()
    assert (done.state, done.reason) == (MessageState.WITHHELD, "this address is no subscriber's")
    assert post.room.provider.accepted == ["ana@example.org"]


def test_letters_to_staff_lead_to_the_desk(post: Post) -> None:
    with post.room.store.begin() as tx:
        tx.emails.inform(ANA, "signed in", NOON)
        link = tx.emails.inform(ANA, "", NOON, EmailKind.LINK)
        tx.staff_links.add(replace(INVITATION, email_id=link), b"h")
    post.post()
    assert "https://news.forum.example/desk/account " in post.said()
    post.post()
    assert f"https://news.forum.example/desk/invitation/{link}" in post.said()


def test_a_letter_of_yesterday_is_not_handed_over_any_more(post: Post) -> None:
    post.ask()
    post.room.clock.advance(hours=24, seconds=1)

    assert post.post().state is MessageState.WITHHELD
    assert post.room.provider.batches == []


def test_the_claim_is_durable_and_noted_outside_before_anything_leaves(post: Post) -> None:
    room, seen = post.room, []

    def answer(batch: Any) -> Answer:
        record = room.guard_file.read()
        with room.store.read() as tx:
            email, mark = tx.emails.get(1), tx.generation.mark()
        seen.append((email and email.state, record.mark.claims, mark.claims))  # type: ignore[union-attr]
        return accept_all(batch)

    room.provider.answer = answer
    post.ask()
    post.post()

    assert seen == [(MessageState.CALLING, 1, 1)]


def test_what_is_unknown_is_never_handed_over_again(post: Post) -> None:
    post.room.provider.answer = always(Verdict.UNKNOWN)
    post.ask()

    assert post.post().state is MessageState.UNKNOWN
    post.room.clock.advance(hours=1)
    assert post.transactional_sender().post() is None
    assert post.ask() is RequestOutcome.AGAIN
    post.room.clock.advance(hours=24)
    assert post.ask() is RequestOutcome.NEW, "the person can ask again"


def test_in_an_outage_few_are_unknown_and_the_others_wait(post: Post) -> None:
    post.room.provider.answer = always(Verdict.UNKNOWN)
    sender = post.transactional_sender()
    for number in range(9):
        post.ask(address=f"reader{number}@example.org")
    while sender.post():
        pass
    assert len(post.room.provider.batches) == 4
    post.room.provider.answer = accept_all
    post.room.clock.advance(seconds=1)
    while sender.post():
        pass
    assert len(post.room.provider.accepted) == 5


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.SPLIT])
def test_what_the_provider_refuses_for_good_is_rejected(post: Post, verdict: Verdict) -> None:
    post.room.provider.answer = always(verdict, "no such mailbox")
    post.ask()

    done = post.post()

    assert (done.state, done.reason) == (MessageState.REJECTED, "no such mailbox")
    assert post.ask() is RequestOutcome.NEW, "a wrong address can be tried again"


def test_an_outcome_of_its_own_counts_more_than_that_of_the_call(post: Post) -> None:
    outcome = Outcome(verdict=Verdict.REJECTED, reason="bad address")
    post.room.provider.answer = lambda batch: Answer(
        outcome=accept_all(batch).outcome, exceptions={0: outcome}
    )
    post.ask()

    assert post.post().reason == "bad address"


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.QUOTA, Verdict.CONFIGURATION])
def test_what_was_provably_not_handed_over_is_tried_again_later(
    post: Post, verdict: Verdict
) -> None:
    post.room.provider.answer = always(verdict, "not now")
    post.ask()

    assert post.post().state is MessageState.WAITING
    assert post.transactional_sender().post() is None, "it waits"
    due = post.transactional_sender().next_at()
    assert due is not None
    assert due > post.room.clock.now()
    post.room.provider.answer = accept_all
    post.room.clock.advance(seconds=1)
    assert post.post().state is MessageState.ACCEPTED
    assert post.room.provider.accepted == [JOIN.address]


def test_a_letter_that_cannot_be_written_waits_until_somebody_mends_its_template(
    post: Post,
) -> None:
    post.ask(language="unwritable")

    done = post.post()

    assert (done.state, done.reason) == (MessageState.WAITING, "letter: cannot be rendered")
    assert post.room.provider.batches == []


class Choosy(RecordingProvider):
    """It cannot build a letter to Ana."""

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        if batch.recipients[0].address == JOIN.address:
            raise ZeroDivisionError("a defect of a translator")
        return super().prepare(batch)


def test_a_letter_that_cannot_be_built_waits_and_stops_no_other(post: Post) -> None:
    post.room.provider = Choosy()
    post.ask()
    post.ask("bo@example.org")

    done = post.post()

    assert (done.state, done.claimed.email.address) == (MessageState.WAITING, JOIN.address)
    assert "a defect of a translator" in done.reason
    assert post.post().state is MessageState.ACCEPTED


def test_where_the_outside_cannot_be_told_nothing_leaves(post: Post) -> None:
    guard_file = MemoryWatermark(begun=True)
    post.room.guard_file = guard_file
    guard_file.full = True
    post.ask()

    with pytest.raises(StoreUnavailable):
        post.transactional_sender().post()

    assert post.room.provider.batches == []
    guard_file.full = False
    post.room.clock.advance(seconds=1)
    assert post.post().state is MessageState.ACCEPTED


def test_a_database_that_was_exchanged_hands_nothing_over(post: Post) -> None:
    post.ask()
    post.room.guard_file.store_claim(7)

    with pytest.raises(Refused):
        post.transactional_sender().post()

    assert post.room.provider.batches == []
    assert post.state() is MessageState.WAITING


@pytest.mark.parametrize("hours", [0, 1, -24 * 365])
@pytest.mark.parametrize(("survives", "unknown"), [(0, 0), (1, 1)])
def test_a_process_that_dies_or_loses_its_database_leaves_a_letter_waiting_or_unknown(
    post: Post, survives: int, unknown: int, hours: int
) -> None:
    post.ask()
    dying = watched(post.room.store, within=Fuse(survives + 1).burn)
    with pytest.raises(PowerCut):
        post.transactional_sender(store=dying).post()

    if not hours:  # it dies
        assert post.room.recover().emails == unknown
    else:
        forget(store=post.room.store)
        assert post.state() is (MessageState.CALLING if survives else MessageState.WAITING)
        post.room.clock.advance(hours=hours, seconds=hours)  # perhaps the clock is put back
        forget(store=post.room.store)
    if unknown:
        assert post.state() is MessageState.UNKNOWN
        assert post.transactional_sender().post() is None
    else:
        post.post()
    assert post.room.provider.accepted == [JOIN.address]


def test_an_attempt_that_was_given_up_books_nothing(post: Post) -> None:
    post.ask()

    def answer(batch: Any) -> Answer:
        post.room.recover()
        return accept_all(batch)

    post.room.provider.answer = answer

    assert not post.post().recorded
    assert post.state() is MessageState.UNKNOWN


@pytest.mark.parametrize("is_claimed", [False, True])
def test_once_a_doubt_is_lifted_no_letter_of_before_leaves_and_each_of_after_does(
    post: Post, is_claimed: bool
) -> None:
    post.ask()
    if is_claimed:  # at the moment of a backup
        with post.room.store.begin() as tx:
            tx.emails.claim(at=tx.now, attempt_id="a1")
    post.room.guard_file.store_claim(7)  # somebody sent what this database does not know of
    post.room.guard().check_on_open()
    post.ask("bo@example.org")
    post.room.guard().check_on_open()
    assert post.transactional_sender().post() is None
    assert post.transactional_sender().next_at() is None
    post.room.clock.advance(days=3)

    post.room.guard().release(by="ada@forum.example", kinds={HoldKind.RESTORE_GUARD})
    post.room.recover()

    assert post.state() is MessageState.WITHHELD
    assert post.post().state is MessageState.ACCEPTED
    assert post.room.provider.accepted == ["bo@example.org"]
    assert post.transactional_sender().post() is None


def test_a_letter_that_a_stop_kept_back_for_days_leaves_when_it_is_over(post: Post) -> None:
    post.room.guard().stop(by="ada@forum.example", reason="")
    post.ask()
    post.room.clock.advance(days=9)
    post.room.guard().release(by="ada@forum.example", kinds={HoldKind.STOP})
    forget(store=post.room.store)

    assert post.post().state is MessageState.ACCEPTED
    post.room.clock.advance(days=6)
    forget(store=post.room.store)
    assert confirm("l-1", known=JOIN.lists, closed=(), store=post.room.store, links=post.room.links)
    with post.room.store.read() as tx:
        assert tx.readers.find("ana@example.org") is not None


def test_a_letter_goes_ahead_of_a_campaign_that_waits_for_its_turn(post: Post) -> None:
    post.room.limits = Limits(timezone="America/New_York", rate=1, burst=1)
    post.room.start(30)
    post.room.drain()
    post.ask()

    assert post.post().state is MessageState.ACCEPTED
    post.room.clock.advance(seconds=1)
    assert post.room.dispatcher().dispatch() is None, "the rate makes up for it"


def test_letters_count_in_the_days_quota_and_wait_where_it_is_used_up(post: Post) -> None:
    post.room.limits = Limits(timezone="America/New_York", daily_quota=1)
    post.ask()
    post.ask("bo@example.org")
    post.post()

    assert post.transactional_sender().post() is None
    due = post.transactional_sender().next_at()
    assert due is not None
    assert due > NOON + timedelta(hours=12)


def test_where_the_first_provider_may_not_the_second_does(post: Post) -> None:
    room = post.room
    room.second = RecordingProvider()
    room.second.name = "second"
    room.provider.answer = always(Verdict.RETRY, "connection refused")
    post.ask()
    post.post()
    room.clock.advance(milliseconds=999)
    post.ask("bo@example.org")

    assert post.post().provider == "second", "the first is left alone for a second"
    with room.store.read() as tx:
        assert tx.rate_limits.get("recording", "forum.example").failing_since == NOON


def test_a_provider_that_refuses_our_settings_is_no_dead_end(post: Post) -> None:
    room = post.room
    room.second = RecordingProvider()
    room.second.name = "second"
    room.provider.answer = always(Verdict.CONFIGURATION, "the key is wrong")
    post.ask()

    assert post.post().provider == "recording"
    room.clock.advance(seconds=1)
    done = post.post()
    assert (done.provider, done.state) == ("second", MessageState.ACCEPTED)


def test_only_so_many_leave_within_an_hour(post: Post) -> None:
    post.most_per_hour = 3
    for number in range(5):
        post.ask(f"r{number}@example.org")

    for _ in range(3):
        assert post.transactional_sender().next_at() == NOON
        post.post()

    assert post.transactional_sender().post() is None
    assert post.transactional_sender().next_at() == NOON + timedelta(hours=1)
    post.room.clock.advance(hours=1)
    assert post.post().state is MessageState.ACCEPTED


def test_two_couriers_hand_over_each_letter_once(post: Post) -> None:
    post.ask()
    answers: list[object] = []

    def answer(batch: Any) -> Answer:
        answers.append(post.transactional_sender().post())
        return accept_all(batch)

    post.room.provider.answer = answer
    post.post()

    assert answers == [None]
    assert post.room.provider.accepted == [JOIN.address]


def test_nothing_is_due_where_nothing_waits(post: Post) -> None:
    assert post.transactional_sender().post() is None
    assert post.transactional_sender().next_at() is None


@pytest.mark.parametrize("posts", [100, pytest.param(2_000, marks=pytest.mark.faults)])
def test_many_posts_from_many_networks_make_one_letter(post: Post, posts: int) -> None:
    taken = []
    for number in range(posts):
        spelt = f"ana+{number}@example.org"
        with post.room.store.begin() as tx:
            email = JOIN.__class__(
                id=0, kind=JOIN.kind, address=spelt, lists=JOIN.lists, asked_at=NOON
            )
            network = f"10.{number % (posts // 10)}.0.0/24"
            taken.append(tx.emails.ask(email, network=network))

    assert taken == [RequestOutcome.NEW] + [RequestOutcome.AGAIN] * (posts - 1)
    post.post()
    assert post.transactional_sender().post() is None


def test_addresses_are_forgotten_once_no_link_needs_them(post: Post) -> None:
    post.ask()
    post.post()
    post.room.subscribe(1)
    with post.room.store.begin() as tx:
        assert tx.readers.change_address(1, "moved@example.org")
    assert forget(store=post.room.store) == 1
    post.room.clock.advance(days=8)
    assert forget(store=post.room.store) == 0
    post.room.clock.advance(seconds=1)
    assert forget(store=post.room.store) == 1
