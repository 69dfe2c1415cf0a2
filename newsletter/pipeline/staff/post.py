"""notices → channel → outcome: posts to chat rooms and programs of the team.

Sending emails and sending posts know nothing of each other: a chat that does not answer delays no
email. Posts contain no subscriber, so they leave while sending is stopped too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from newsletter.domain.campaigns.notices import APART, Channel
from newsletter.domain.delivery.batch import Answer, Verdict, backoff
from newsletter.domain.delivery.transactional import News
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.post import ChannelPost, PostState
from newsletter.domain.staff.role import Role
from newsletter.pipeline.ledger import entitle
from newsletter.store.sql import Store, Transaction

_ATTEMPTS = 8
"""Attempts within about forty minutes. After them an admin may send the post again."""
_HEAD_START = 5
"""Doublings of the back-off that the first wait has had already: a retry in seconds is too soon."""
_FINAL = {
    Verdict.ACCEPTED: PostState.ACCEPTED,
    Verdict.REJECTED: PostState.REJECTED,
    Verdict.UNKNOWN: PostState.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class PostSender:
    """Sends one post per call.

    ``compose`` returns what a post tells of. ``call`` makes one attempt and returns the answer.
    """

    store: Store
    channels: Mapping[str, Channel]
    compose: Callable[[Transaction, ChannelPost, Channel], tuple[News, ...]]
    call: Callable[[ChannelPost, tuple[News, ...]], Answer]
    jitter: Callable[[], float]

    def post(self) -> tuple[ChannelPost, PostState, str] | None:
        """Send the next post that is due. Return it, its new state and the reason; None if none is
        due."""
        with self.store.read() as tx:  # called every second: an idle call must not take the lock
            if not tx.channel_posts.under_way():
                return None
        with self.store.begin() as tx:
            post = tx.channel_posts.claim(self.channels, tx.now)
            if post is None:
                return None
            news = self.compose(tx, post, self.channels[post.channel])
            if not news:
                tx.channel_posts.settle(post, PostState.OVER, "its events are over", tx.now)
                return post, PostState.OVER, "its events are over"
        answer = self.call(post, news)
        verdict, reason = answer.outcome.verdict, answer.outcome.reason
        state = _FINAL.get(verdict, PostState.WAITING)
        if state is PostState.WAITING and post.attempts >= _ATTEMPTS:
            state = PostState.REJECTED
        waits = backoff(post.attempts + _HEAD_START, jitter=self.jitter(), asked=answer.retry_after)
        with self.store.begin() as tx:
            tx.channel_posts.settle(post, state, reason, tx.now + max(waits, APART))
        return post, state, reason


def send_again(post_id: int, *, by: str, store: Store, channels: Mapping[str, Channel]) -> None:
    """Queue a post again. Raises NotFound, or Refused if it is sent by itself anyway."""
    with store.begin() as tx:
        entitle(tx, by, Role.ADMIN, "send a message to a channel again")
        post = tx.channel_posts.get(post_id)
        if post is None or post.channel not in channels:
            raise NotFound("There is no such message, or its channel is no longer in the settings.")
        if post.state.is_open:
            raise Refused("This message is sent by itself. Nothing was changed.")
        tx.channel_posts.again(post_id, tx.now)
        tx.audit.enter(by, "send again", post.channel, f"message {post_id}")
