"""A report by mail has figures and a link, goes to the named addresses, and names no reader."""

import pytest

from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.errors import Refused
from newsletter.domain.events import Event, EventKind
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.pipeline.events.record import record
from newsletter.pipeline.staff.notify import mail_report
from tests.fakes import OURS, WORKSPACE
from tests.rows import rows
from tests.unit.pipeline.delivery.sending import Post
from tests.unit.pipeline.newsroom import Newsroom

CLEO, CHAIR = "cleo@forum.example", "chair@board.example"
URL = "https://news.forum.example/desk/campaigns/"


@pytest.fixture
def post(room: Newsroom) -> Post:
    """A sender, and a campaign that three readers have."""
    room.hire(CLEO, Role.SENDER)
    room.send(3)
    return Post(room=room)


def mail(post: Post, to: str = CHAIR) -> None:
    room = post.room
    mail_report(str(room.campaign().id), to, by=CLEO, language="de", store=room.store)


def sent(post: Post) -> tuple[str, str, str]:
    """Send the next email, and return its recipient, language and text."""
    assert post.post().state is MessageState.ACCEPTED
    batch = post.room.provider.batches[-1]
    return batch.recipients[0].address, batch.content.language, batch.content.text


def test_it_has_the_figures_a_link_and_its_sender_in_the_senders_language(post: Post) -> None:
    mail(post, f" {CHAIR}, vice@board.example;{CHAIR}\n")
    address, language, text = sent(post)
    assert (address, language) == (CHAIR, "de")
    figures = "The provider accepted 3 of 3 emails. Unsubscribed by its link: 0"
    title = "Sending began: Tue 24 Nov 2026, 07:05 New York"
    assert text.startswith(f"report  {URL}{post.room.campaign().id} | Report | ")
    assert text.endswith(f"{title} {figures} Cleo sent you this report.")
    assert "reader" not in text
    assert sent(post)[0] == "vice@board.example"
    assert post.transactional_sender().post() is None
    assert post.room.deeds()[-1] == (CLEO, "mail report")


def test_it_has_what_the_provider_reported_when_it_is_sent(post: Post) -> None:
    mail(post)
    event = Event(
        kind=EventKind.DELIVERED,
        id="1",
        at=post.room.clock.now(),
        address="reader1@example.org",
        campaign="resignation",
        attempt_id=OURS,
        bounce=None,
        raw="{}",
    )
    record([event], provider="recording", workspace=WORKSPACE, store=post.room.store)
    assert " Delivered: 1 Bounced: 0 Reported as spam: 0 Unsub" in sent(post)[2]


def test_a_second_press_and_another_spelling_mail_it_once(post: Post) -> None:
    mail(post, f"{CHAIR} Chair@Board.example,")
    mail(post)
    assert sent(post)[0] == "Chair@Board.example"
    assert post.transactional_sender().post() is None
    mail(post)
    assert sent(post)[0] == CHAIR, "it has newer figures"


@rows("to", ["", " ", "chair", f"{CHAIR} nobody@", "reader1@example.org"])
def test_it_is_refused_whole_without_a_good_address(post: Post, to: str) -> None:
    post.room.suppress("reader1@example.org")
    with pytest.raises(Refused):
        mail(post, to)
    assert post.transactional_sender().post() is None
    assert (CLEO, "mail report") not in post.room.deeds()


def test_one_person_mails_sixty_an_hour(post: Post) -> None:
    mail(post, " ".join(f"member{number}@board.example" for number in range(60)))
    with pytest.raises(Refused):
        mail(post)
    post.room.clock.advance(hours=1)
    mail(post)


def test_only_senders_mail_it_and_only_of_what_began(post: Post) -> None:
    post.room.hire(CLEO, Role.APPROVER)
    with pytest.raises(Refused):
        mail(post)
    post.room.hire(CLEO, Role.SENDER)
    with post.room.store.begin() as tx:
        tx.db.change("UPDATE campaign SET started_at = NULL")
    with pytest.raises(Refused):
        mail(post)


def test_whoever_is_suppressed_in_the_meantime_does_not_get_it(post: Post) -> None:
    mail(post)
    post.room.suppress(CHAIR, SuppressionReason.COMPLAINED)
    assert post.post().state is MessageState.WITHHELD
