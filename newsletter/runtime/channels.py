"""Posts notices to the team's channels by HTTP."""

import base64
import hashlib
import hmac
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from newsletter.config.channels import ChannelOptions, ChatOptions, HubOptions, WebhookOptions
from newsletter.config.settings import Settings
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.transactional import ChannelPost, MessageState, NoticeSection
from newsletter.domain.errors import ProviderUnreachable
from newsletter.domain.wording import say
from newsletter.pipeline.staff.notify import PostSender, compose_post
from newsletter.providers.common.webhooks import parse_endpoint_secret
from newsletter.rendering.mail.words import desk_language
from newsletter.rendering.notices import hub_ping, slack_message, teams_card, webhook_event
from newsletter.runtime.runners import EmptyResultCache
from newsletter.store.sql import Store
from newsletter.transport.addresses import checked_addresses
from newsletter.transport.http import AnswerLost, HttpRequest, HttpResponse, retry_after, shorten
from newsletter.transport.transport import call_once

_CALL_TIMEOUT = timedelta(seconds=10)
_MAX_ANSWER_BYTES = 100_000
_RETRIED_STATUSES = {408, 425, 429}
_MAX_REASON_CHARS = 100
_MIN_SECRET_CHARS = 6
"""URL parts of at least this length may be secret."""

log = logging.getLogger("newsletter.run")


def make_post_sender(settings: Settings, store: Store) -> PostSender:
    channels = {channel.name: channel for channel in settings.channels()}
    options = {each.name: each for each in settings.notices}
    compose = partial(compose_post, rules=settings.campaign_rules(), desk=settings.desk_url)

    def call(post: ChannelPost, news: tuple[NoticeSection, ...]) -> Answer:
        return PostAttempt(
            options=options[post.channel],
            organisation=settings.organisation.name,
            language=settings.language,
            public_url=settings.public_url,
            at=store.clock.now(),
        ).send(post, news)

    return PostSender(
        store=store, channels=channels, compose=compose, call=call, jitter=random.random
    )


@dataclass(frozen=True, kw_only=True)
class PostAttempt:
    options: ChannelOptions
    organisation: str
    language: str
    public_url: str
    at: datetime

    def send(self, post: ChannelPost, news: tuple[NoticeSection, ...]) -> Answer:
        url = self.options.url.get_secret_value()
        body = self._body(news)
        resolve = partial(
            checked_addresses,
            is_secure=url.startswith("https:"),
            allow_private=self.options.allow_private,
        )
        try:
            kind = "x-www-form-urlencoded" if isinstance(self.options, HubOptions) else "json"
            headers = {**self._signature_headers(post, body), "Content-Type": f"application/{kind}"}
            request = HttpRequest(method="POST", url=url, headers=headers, body=body)
            response = call_once(
                request, timeout=_CALL_TIMEOUT, answer_bytes=_MAX_ANSWER_BYTES, resolve=resolve
            )
            if 200 <= response.status < 300:
                return _answer(Verdict.ACCEPTED, "")
            reason = f"HTTP {response.status}"
            if 300 <= response.status < 400:
                leads = "HTTP {status}: it leads to another address, and is not followed"
                reason = say(leads, status=str(response.status))
            elif words := self._response_text(response):
                reason += f": {words}"
            is_passing = response.status in _RETRIED_STATUSES or response.status >= 500
            verdict = Verdict.RETRY if is_passing else Verdict.REJECTED
            return _answer(verdict, reason, retry_after(response))
        except ProviderUnreachable as error:
            return _answer(Verdict.RETRY, str(error))
        except AnswerLost as error:
            # a webhook's id shows its reader that it came twice; a hub may fetch twice
            is_chat = isinstance(self.options, ChatOptions)
            return _answer(Verdict.UNKNOWN if is_chat else Verdict.RETRY, str(error))

    def _body(self, news: tuple[NoticeSection, ...]) -> bytes:
        if isinstance(self.options, ChatOptions):
            message = slack_message if self.options.kind == "slack" else teams_card
            return message(news, desk_language(self.language))
        if isinstance(self.options, HubOptions):
            return hub_ping(self.public_url)
        return webhook_event(news, organisation=self.organisation, at=self.at)

    def _signature_headers(self, post: ChannelPost, body: bytes) -> Mapping[str, str]:
        """Return the headers of Standard Webhooks; {} for a chat, whose URL is secret."""
        if not isinstance(self.options, WebhookOptions):
            return {}
        # with the time, because a restored database gives ids again
        name = f"notice_{post.id}_{post.made_at.timestamp():.0f}"
        key = parse_endpoint_secret(self.options.secret.get_secret_value())
        at = int(self.at.timestamp())
        return {
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(key, name, at, body),
        }

    def _response_text(self, response: HttpResponse) -> str:
        """Return the text of a response, or "" if it repeats a part of the secret URL."""
        words = shorten(response.body.decode("utf-8", "replace"))[:_MAX_REASON_CHARS]
        parts = urlsplit(self.options.url.get_secret_value())
        secrets = (*parts.path.split("/"), *parts.query.replace("=", "&").split("&"))
        repeats = any(part in words for part in secrets if len(part) >= _MIN_SECRET_CHARS)
        return "" if repeats else words


def signature(key: bytes, name: str, at: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: HMAC-SHA256 over id, timestamp and body."""
    signed = b".".join((name.encode(), str(at).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def _answer(verdict: Verdict, reason: str, wait: timedelta | None = None) -> Answer:
    return Answer(outcome=Outcome(verdict=verdict, reason=reason), retry_after=wait)


class ChannelPostRunner:
    """Sends due posts for the scheduler."""

    def __init__(self, settings: Settings, store: Store, *, is_stopped: Callable[[], bool]) -> None:
        self._store = store
        self._stopped = is_stopped
        self._sender = make_post_sender(settings, store)
        self._quiet = EmptyResultCache(store.change_number)

    def send_due(self) -> None:
        if self._quiet.holds():
            return
        while not self._stopped() and (result := self._sender.post()) is not None:
            post, state, reason = result
            log.log(
                logging.DEBUG if state is MessageState.ACCEPTED else logging.INFO,
                "post=%d channel=%s attempt=%d state=%s%s",
                post.id,
                post.channel,
                post.attempts,
                state.value,
                f" reason={reason!r}" if reason else "",
            )
        with self._store.read() as tx:
            self._quiet.remember(is_empty=not tx.channel_posts.find_open_channels())
