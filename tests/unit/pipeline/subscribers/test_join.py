"""Joining: a request sends one email; its reader decides about the rest, once."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from newsletter.domain.delivery.transactional import (
    EmailKind,
    MessageState,
    RequestOutcome,
    TransactionalEmail,
)
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.subscribers.audience import Entry, Subscriber, SuppressionReason
from newsletter.domain.subscribers.signup import (
    ConsentRecord,
    FormFault,
    Method,
    SignUp,
    hash_consent_words,
)
from newsletter.pipeline.subscribers.administer import SubscriberActs
from newsletter.pipeline.subscribers.choose import leave
from newsletter.pipeline.subscribers.join import (
    FollowedLink,
    LinkState,
    ShownConsent,
    SignUpRequest,
    ask,
    confirm,
    follow,
)
from tests.contracts.books import audited
from tests.fakes import NOON
from tests.unit.pipeline.delivery.sending import JOIN, Post
from tests.unit.pipeline.newsroom import Newsroom

LINK = "l-1"
WORDS = "Forum may send me mail."
WISH = SignUp(address="Ana@example.org", name="Ana Ruiz", lists=("press", "sport"))
ADA = "ada@forum.example"
SHOWN = ShownConsent(words=WORDS, language="es", wording=hash_consent_words(WORDS))


@pytest.fixture
def post(room: Newsroom) -> Post:
    return Post(room=room)


def sign_up(
    room: Newsroom, wish: SignUp = WISH, shown: ShownConsent = SHOWN
) -> RequestOutcome | FormFault:
    request = SignUpRequest(wish=wish, consent=shown, source="sign-up page", network="8.8.8.0/24")
    ask([request], store=room.store)
    return request.outcome


def press(
    room: Newsroom,
    token: str = LINK,
    closed: Collection[str] = (),
    known: Collection[str] = WISH.lists,
) -> FollowedLink:
    return confirm(token, known=known, closed=closed, store=room.store, links=room.links)


def look(room: Newsroom, token: str = LINK, known: Collection[str] = WISH.lists) -> FollowedLink:
    return follow(token, known=known, store=room.store, links=room.links)


def find(room: Newsroom, address: str = WISH.address) -> Subscriber | None:
    with room.store.read() as tx:
        return tx.readers.find(address)


def person(room: Newsroom, address: str = WISH.address) -> Subscriber:
    found = find(room, address)
    assert found is not None
    return found


def email_of(room: Newsroom, number: int = 1) -> TransactionalEmail:
    with room.store.read() as tx:
        email = tx.emails.get(number)
    assert email is not None
    return email


def proof(room: Newsroom, number: int) -> list[ConsentRecord]:
    with room.store.read() as tx:
        return tx.consents.list_for(number)


def entered(room: Newsroom) -> list[tuple[str, Mapping[str, object]]]:
    return [(one.action, one.values) for one in audited(room.store)]


def test_to_ask_makes_nobody_a_subscriber(room: Newsroom) -> None:
    assert sign_up(room) is RequestOutcome.NEW
    assert find(room) is None


def test_the_words_that_were_shown_are_kept_also_when_ours_changed_since(room: Newsroom) -> None:
    sign_up(room)
    email = email_of(room)
    with room.store.read() as tx:
        assert tx.consents.get_words(email.wording) == WORDS
    assert (email.language, email.source, email.name) == ("es", "sign-up page", "Ana Ruiz")
    newer = replace(SHOWN, words="Others.")
    assert sign_up(room, replace(WISH, address="bo@example.org"), newer) is RequestOutcome.NEW
    assert email_of(room, 2).wording == hash_consent_words(WORDS)


def test_words_that_nobody_knows_are_no_proof(room: Newsroom) -> None:
    strange = replace(SHOWN, wording=hash_consent_words("I give you my house."))
    assert sign_up(room, shown=strange) is FormFault.WORDS
    with room.store.read() as tx:
        assert tx.emails.count_waiting()[0] == 0


def test_a_form_that_does_not_say_what_it_showed_is_taken_without_words(room: Newsroom) -> None:
    assert sign_up(room, shown=replace(SHOWN, wording="")) is RequestOutcome.NEW
    assert email_of(room).wording == ""


@pytest.mark.parametrize("reason", [None, *SuppressionReason])
@pytest.mark.parametrize("known", [True, False])
def test_s14_asking_ends_alike_whoever_the_address_belongs_to(
    post: Post, reason: SuppressionReason | None, known: bool
) -> None:
    """Ghost, CVE-2022-41697 and its kin: an answer that differs tells who is a member."""
    if known:
        post.subscribe(WISH.address, "press", "sport")
    if reason:
        post.suppress(reason, WISH.address)

    assert sign_up(post.room) is RequestOutcome.NEW


def test_h5_to_open_a_link_changes_nothing_however_often(room: Newsroom) -> None:
    sign_up(room)

    seen = [look(room) for _ in range(20)]
    assert {(one.state, one.reader_id) for one in seen} == {(LinkState.OPEN, None)}
    assert find(room) is None
    assert press(room).state is LinkState.DONE, "it survives being opened"


def test_h6_a_link_is_used_once(room: Newsroom) -> None:
    sign_up(room)
    room.clock.advance(hours=3)

    done, joined = press(room), person(room)
    assert (done.state, done.reader_id) == (LinkState.DONE, joined.id)
    assert (joined.name, joined.language, joined.lists) == ("Ana Ruiz", "es", ("press", "sport"))
    again = press(room)
    assert (again.state, again.reader_id) == (LinkState.USED, None)
    assert look(room).state is LinkState.USED
    assert len(proof(room, joined.id)) == 2


def test_c1_what_was_confirmed_is_kept_as_proof(room: Newsroom) -> None:
    sign_up(room)
    room.clock.advance(hours=3)
    number = press(room).reader_id
    assert number is not None

    assert proof(room, number) == [
        ConsentRecord(
            list=name,
            given=True,
            method=Method.DOUBLE_OPT_IN,
            source="sign-up page",
            wording=hash_consent_words(WORDS),
            asked_at=NOON,
            at=room.clock.now(),
        )
        for name in WISH.lists
    ]


def test_a_used_link_does_not_bring_back_whoever_left_since(room: Newsroom) -> None:
    sign_up(room, replace(WISH, lists=("press",)))
    press(room)
    campaign = room.start(1)
    token = f"t-{campaign.id}-{person(room).id}"
    leave([room.links.read_unsubscribe(token)], store=room.store)
    assert press(room).state is LinkState.USED
    assert person(room).lists == ()


def test_h6_a_link_works_for_seven_days(room: Newsroom) -> None:
    sign_up(room)
    room.clock.advance(days=7)
    assert look(room).state is LinkState.OPEN
    room.clock.advance(seconds=1)

    assert look(room).state is press(room).state is LinkState.EXPIRED
    assert find(room) is None


def test_a_list_that_has_left_the_settings_since_is_not_joined(room: Newsroom) -> None:
    sign_up(room)
    assert look(room, known=()).state is press(room, known=()).state is LinkState.EXPIRED
    assert find(room) is None

    done = press(room, known=["press"])
    assert (done.state, done.email.lists) == (LinkState.DONE, ("press",))
    assert person(room).lists == ("press",)
    with room.store.read() as tx:
        assert [one.list for one in tx.consents.list_for(done.reader_id or 0)] == ["press"]
        assert "sport" not in tx.readers.list_names()


def test_s6_a_link_that_is_not_of_a_letter_is_none(
    subtests: pytest.Subtests, room: Newsroom
) -> None:
    """Mailman, CVE-2021-42097: a token of one purpose was good for another."""
    for token in ["l-2", "nonsense", "", "t-1-1", "p-1-20261124T1200"]:
        for deed in [look, press]:
            with subtests.test(token=token, deed=deed):
                sign_up(room)

                with pytest.raises(NotFound):
                    deed(room, token)


def test_the_letter_with_a_link_to_preferences_confirms_nothing(post: Post) -> None:
    post.ask(kind=EmailKind.PREFERENCES)

    with pytest.raises(NotFound):
        press(post.room)


@pytest.mark.parametrize("reason", SuppressionReason)
def test_only_the_person_comes_back_and_only_where_staff_did_not_say_never(
    post: Post, reason: SuppressionReason
) -> None:
    room = post.room
    post.suppress(reason, WISH.address)
    sign_up(room)
    with room.store.read() as tx:
        assert tx.readers.suppression_reason(WISH.address) is reason, "asking lifts nothing"

    done = press(room)

    with room.store.read() as tx:
        left = tx.readers.suppression_reason(WISH.address)
    if reason is SuppressionReason.MANUAL:
        assert (done.state, left, find(room)) == (LinkState.BLOCKED, reason, None)
        assert entered(room) == []
    else:
        assert (done.state, left) == (LinkState.DONE, None)
        assert entered(room) == [
            ("lift", {"before": reason.value, "reason": "confirmed by email 1"})
        ]


def test_who_was_erased_comes_back_also_where_staff_had_said_never(post: Post) -> None:
    post.suppress(SuppressionReason.MANUAL, WISH.address)
    with post.room.store.begin() as tx:
        tx.readers.erase(WISH.address, NOON)
    sign_up(post.room)
    assert press(post.room).state is LinkState.DONE


@pytest.mark.parametrize(
    ("chosen", "kept"), [(("fr", "Ana"), ("fr", "Ana")), (("", ""), ("es", "Ana Ruiz"))]
)
def test_the_language_and_name_of_a_form_do_not_replace_the_readers_own(
    room: Newsroom, chosen: tuple[str, str], kept: tuple[str, str]
) -> None:
    language, name = chosen
    with room.store.begin() as tx:
        known = Entry(address=WISH.address, lists=(), language=language, name=name)
        tx.readers.upsert([known], NOON)
    sign_up(room)
    press(room)
    assert (person(room).language, person(room).name) == kept
    with room.store.read() as tx:
        [(_, consent)] = tx.readers.stream()
    assert "sign-up page" in consent, "the newest one"


def move(post: Post, to: str = "new@example.org", lists: tuple[str, ...] = ("press",)) -> int:
    number = post.subscribe("old@example.org", *lists)
    post.ask(to, kind=EmailKind.MOVE, subscriber_id=number, lists=(), source="preferences page")
    return number


def test_a_reader_moves_and_stays_the_same_person(post: Post) -> None:
    number = move(post)
    done, moved = press(post.room), person(post.room, "new@example.org")
    assert (done.reader_id, moved.id, moved.lists) == (number, number, ("press",))
    assert find(post.room, "old@example.org") is None
    [record] = proof(post.room, number)
    assert (record.list, record.source) == ("press", "preferences page")
    assert press(post.room).state is LinkState.USED


def test_nobody_moves_to_an_address_that_is_somebody_elses_by_now(post: Post) -> None:
    move(post)
    post.subscribe("NEW@example.org", "sport")

    assert look(post.room).state is press(post.room).state is LinkState.BLOCKED
    assert find(post.room, "old@example.org") is not None


def test_an_address_may_be_spelt_otherwise(post: Post) -> None:
    number = move(post, to="OLD@example.org")

    assert press(post.room).state is LinkState.DONE
    moved = person(post.room, "old@example.org")
    assert (moved.id, moved.address) == (number, "OLD@example.org")


def test_whoever_is_forgotten_meanwhile_moves_nowhere(post: Post) -> None:
    move(post)
    with post.room.store.begin() as tx:
        tx.readers.erase("old@example.org", NOON)

    with pytest.raises(NotFound):
        press(post.room)
    assert find(post.room, "new@example.org") is None


def test_nobody_moves_for_somebody_unknown_or_where_staff_suppressed(post: Post) -> None:
    post.ask("new@example.org", kind=EmailKind.MOVE, lists=())
    assert press(post.room).state is LinkState.BLOCKED
    number = post.subscribe("old@example.org", "press")
    post.ask("never@example.org", kind=EmailKind.MOVE, subscriber_id=number, lists=())
    post.suppress(SuppressionReason.MANUAL, "never@example.org")
    assert press(post.room, "l-2").state is LinkState.BLOCKED


BOUNCED, UNSUBSCRIBED = SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED
_SAID = {UNSUBSCRIBED, SuppressionReason.COMPLAINED, SuppressionReason.MANUAL}


@pytest.mark.parametrize(
    ("of_old", "of_new"),
    [(old, new) for old in (None, *SuppressionReason) for new in (None, BOUNCED, UNSUBSCRIBED)],
)
def test_what_a_person_said_goes_along_and_what_a_mailbox_did_stays_behind(
    post: Post, of_old: SuppressionReason | None, of_new: SuppressionReason | None
) -> None:
    move(post)
    for reason, address in ((of_old, "old@example.org"), (of_new, "new@example.org")):
        if reason:
            post.suppress(reason, address)

    assert press(post.room).state is LinkState.DONE

    with post.room.store.read() as tx:
        assert tx.readers.suppression_reason("new@example.org") is (
            of_old if of_old in _SAID else None
        )


def test_a_letter_that_was_never_handed_over_as_far_as_we_know_can_be_confirmed(post: Post) -> None:
    post.ask()
    with post.room.store.begin() as tx:
        held = tx.emails.claim(at=NOON, attempt_id="a1")
        assert held is not None
        tx.emails.record_start(held, provider="recording", account="one")
        assert tx.emails.abandon(NOON) == 1

    assert press(post.room).state is LinkState.DONE
    assert find(post.room, JOIN.address) is not None


def asks_for_a_closed_list(room: Newsroom) -> FollowedLink:
    sign_up(room)
    return press(room, closed={"sport"})


def decide(room: Newsroom, *, admits: bool) -> None:
    number = person(room).id
    SubscriberActs(store=room.store, actor=ADA).decide_request(number, "sport", admits=admits)


def told(post: Post) -> TransactionalEmail:
    """The email about the decision, once it was sent."""
    courier = post.transactional_sender()
    while courier.post() is not None:
        pass
    return email_of(post.room, 2)


def test_a_closed_list_is_joined_only_after_staff_admit_the_person(post: Post) -> None:
    done = asks_for_a_closed_list(post.room)
    asked = person(post.room)
    assert (done.requested, asked.requested, asked.lists) == (("sport",), ("sport",), ("press",))
    with post.room.store.read() as tx:
        assert tx.readers.list_requesting(9) == [asked]
        assert tx.readers.count_by_list() == {"press": 1, "sport": 0}
    assert {one.list for one in proof(post.room, asked.id)} == {"press", "sport"}

    decide(post.room, admits=True)

    joined = person(post.room)
    assert (joined.requested, joined.lists) == ((), ("press", "sport"))
    email = told(post)
    assert email.state is MessageState.ACCEPTED
    assert post.room.provider.batches[-1].content.subject == "admitted"
    assert (email.lists, email.language) == (("sport",), "es")
    assert entered(post.room)[-1] == ("admit", {"list": "sport"})
    with pytest.raises(NotFound, match="not open any more"):
        decide(post.room, admits=True)


def test_a_person_who_is_suppressed_is_not_admitted_and_hears_nothing(post: Post) -> None:
    asks_for_a_closed_list(post.room)
    asked = person(post.room)
    post.room.suppress(asked.address)
    with pytest.raises(Refused, match="is suppressed"):
        decide(post.room, admits=True)
    assert person(post.room).requested == ("sport",)
    acts = SubscriberActs(store=post.room.store, actor=ADA)
    assert not acts.decide_request(asked.id, "sport", admits=False)


def test_a_person_who_is_declined_hears_of_it_and_may_ask_again(post: Post) -> None:
    asks_for_a_closed_list(post.room)
    decide(post.room, admits=False)

    declined = person(post.room)
    assert (declined.requested, declined.lists, declined.left) == ((), ("press",), ("sport",))
    assert told(post).state is MessageState.ACCEPTED
    assert post.room.provider.batches[-1].content.subject == "declined"
    post.room.clock.advance(days=2)
    sign_up(post.room)
    assert press(post.room, "l-3", closed={"sport"}).requested == ("sport",)


def test_a_person_who_is_on_a_closed_list_stays_on_it(post: Post) -> None:
    post.subscribe(WISH.address, "sport")
    assert asks_for_a_closed_list(post.room).requested == ()
    assert person(post.room).lists == ("press", "sport")


def test_staff_who_add_a_person_admit_them(post: Post) -> None:
    asks_for_a_closed_list(post.room)
    entry = Entry(address=WISH.address, lists=("sport", "press"))
    SubscriberActs(store=post.room.store, actor=ADA).add(entry)
    assert person(post.room).lists == ("press", "sport")
    assert told(post).kind is EmailKind.DECISION


def test_a_suppressed_person_is_told_nothing(post: Post) -> None:
    asks_for_a_closed_list(post.room)
    decide(post.room, admits=True)
    post.suppress(SuppressionReason.BOUNCED, WISH.address)
    email = told(post)
    assert (email.state, email.reason) == (
        MessageState.WITHHELD,
        "this address is suppressed (bounced)",
    )
