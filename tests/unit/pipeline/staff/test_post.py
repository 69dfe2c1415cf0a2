"""The channels of a team hear of events: in time, not too often, and of nothing that is over."""

from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat

import pytest
from pydantic import SecretStr

from newsletter.config.channels import HubOptions
from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.notices import Channel, NoticeKind
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.transactional import (
    ChannelPost,
    MessageState,
    NoticeSection,
)
from newsletter.domain.errors import NotFound, Refused
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.staff.notify import (
    PostSender,
    compose_post,
    notify,
    send_again,
    send_test,
)
from tests.unit.pipeline.newsroom import STAFF, Newsroom

ED, FLO, ADA, SAM, WRITER, VIC = STAFF
ROOM = Channel(name="room", kinds=frozenset(NoticeKind) - {NoticeKind.MENTIONED})
DESK = "https://news.forum.example/desk"


@dataclass(kw_only=True)
class Team:
    """A newsroom with one channel, whose answers are chosen."""

    room: Newsroom
    verdicts: list[Verdict] = field(default_factory=list)
    """Of the next calls; later ones are accepted."""
    calls: list[tuple[ChannelPost, tuple[NoticeSection, ...]]] = field(default_factory=list)

    def tick(self) -> None:
        self.room.look()
        self.room.start_due()
        notify(store=self.room.store, rules=self.room.rules, channels=[ROOM])

    @property
    def sender(self) -> PostSender:
        return PostSender(
            store=self.room.store,
            channels={ROOM.name: ROOM},
            compose=partial(compose_post, rules=self.room.rules, desk=DESK),
            call=self.call,
            jitter=lambda: 0.0,
        )

    def call(self, post: ChannelPost, news: tuple[NoticeSection, ...]) -> Answer:
        self.calls.append((post, news))
        verdict = next(chain(self.verdicts, repeat(Verdict.ACCEPTED)))
        self.verdicts = self.verdicts[1:]
        return Answer(outcome=Outcome(verdict=verdict, reason=verdict.value))

    def posted(self, *, seconds: float = 60) -> list[str]:
        """Return the posts of the channel after so long: titles and events."""
        self.room.clock.advance(seconds=seconds)
        self.tick()
        before = len(self.calls)
        while self.sender.post() is not None:
            pass
        told = chain.from_iterable(news for _, news in self.calls[before:])
        return [f"{one.title}: {one.label}" for one in told]

    @property
    def log(self) -> list[ChannelPost]:
        with self.room.store.read() as tx:
            return tx.channel_posts.list_newest(9)

    def again(self, by: str) -> None:
        send_again(self.log[0].id, by=by, store=self.room.store, channels={ROOM.name: ROOM})


@pytest.fixture
def team(room: Newsroom) -> Team:
    room.subscribe(3)
    room.write()
    return Team(room=room)


WAITS = "Forum resigns from task force: waiting for approval"


def test_a_hub_is_asked_when_a_text_starts_ends_and_leaves_or_comes_back_to_the_web(
    team: Team,
) -> None:
    hub = HubOptions(name="hub", kind="websub", url=SecretStr("https://hub.example/")).channel()
    room = team.room
    team.tick()
    room.approve(ED)
    team.posted()
    team.posted(seconds=600)
    room.drain()
    team.posted()
    for kind, words in ((NoteKind.WITHDRAWN, "A name was wrong."), (NoteKind.RESTORED, "")):
        annotate("resignation", kind, words, by=SAM, store=room.store)
        assert team.posted() == ["Forum resigns from task force: web page changed"]
        assert team.posted() == []
    asked = [event for _, news in team.calls for one in news for event in one.events]
    named = [event for event in asked if NoticeKind[event.upper()] in hub.kinds]
    assert named == ["started", "finished", "page_changed", "page_changed"]


def test_two_events_within_a_minute_are_two_messages_a_minute_apart(team: Team) -> None:
    assert team.posted() == [WAITS]
    team.room.write("budget", title="Budget")
    assert team.posted(seconds=30) == []
    assert team.posted(seconds=30) == ["Budget: waiting for approval"]


def test_a_message_that_failed_is_sent_again_with_the_same_notices(team: Team) -> None:
    team.verdicts = [Verdict.RETRY]
    assert team.posted() == [WAITS]
    team.room.write("budget", title="Budget")
    assert team.posted(seconds=59) == []
    assert team.posted(seconds=1) == [WAITS], "its id is the same, so its notices are"
    assert [one.attempts for one in team.log] == [2]
    assert team.posted() == ["Budget: waiting for approval"]


def test_after_eight_attempts_an_admin_sends_it_again(team: Team) -> None:
    team.verdicts = [Verdict.RETRY] * 8
    for _ in range(8):
        assert team.posted(seconds=700) == [WAITS]
    assert team.posted(seconds=700) == []
    assert [(one.state, one.reason) for one in team.log] == [(MessageState.REJECTED, "retry")]
    team.again(by=ADA)
    assert team.posted() == [WAITS]
    assert [one.state for one in team.log] == [MessageState.ACCEPTED]


def test_what_may_have_arrived_is_not_sent_again_by_itself(team: Team) -> None:
    team.verdicts = [Verdict.UNKNOWN]
    assert team.posted() == [WAITS]
    assert team.posted(seconds=7200) == []
    assert [one.state for one in team.log] == [MessageState.UNKNOWN]


def test_nothing_is_told_that_is_over(team: Team) -> None:
    team.verdicts = [Verdict.RETRY]
    assert team.posted() == [WAITS]
    team.room.approve(ED)
    assert team.posted() == [], "it waits no more, and the approval comes a minute later"
    assert [one.state for one in team.log] == [MessageState.WITHHELD]
    [approved] = team.posted()
    assert approved.startswith("Forum resigns from task force: approved")


def test_only_an_admin_sends_again_and_only_what_is_done(team: Team) -> None:
    team.tick()
    with pytest.raises(Refused, match="sent by itself"):
        team.again(by=ADA)
    team.posted()
    with pytest.raises(Refused, match="takes the role admin"):
        team.again(by=SAM)
    with pytest.raises(NotFound):
        send_again(99, by=ADA, store=team.room.store, channels={ROOM.name: ROOM})
    with pytest.raises(NotFound, match="channel is not set any more"):
        send_again(team.log[0].id, by=ADA, store=team.room.store, channels={})


def test_an_admin_tries_a_channel_with_a_message_that_only_it_gets(team: Team) -> None:
    other, store = Channel(name="other", kinds=frozenset(NoticeKind)), team.room.store
    channels = {one.name: one for one in (ROOM, other)}
    team.posted()
    for _ in range(2):  # a double press
        send_test("room", by=ADA, store=store, channels=channels)
    assert team.posted() == ["Channels: test message"]
    [section] = team.calls[-1][1]
    assert section.lines == ("Messages from the desk arrive here. There is nothing to do.",)
    assert section.events == ("test",)
    with store.read() as tx:
        assert {post.channel for post in tx.channel_posts.list_newest(9)} == {"room"}
    team.again(ADA)
    assert team.posted() == ["Channels: test message"]
    send_test("room", by=ADA, store=store, channels=channels)
    assert team.posted() == ["Channels: test message"]  # a minute after the last message
    with pytest.raises(Refused, match="role"):
        send_test("room", by=ED, store=store, channels=channels)
    with pytest.raises(NotFound):
        send_test("gone", by=ADA, store=store, channels=channels)
