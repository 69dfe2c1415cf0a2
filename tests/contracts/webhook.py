"""The contract of every webhook: subclass and name the signer."""

import hmac
import json
import random
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar, Protocol

import pytest

from newsletter.domain.events import Event, EventKind, Forged
from newsletter.domain.ports import Webhook
from newsletter.providers import registry
from newsletter.providers.common.webhooks import MAX_RAW_CHARS
from tests.rows import rows

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
FUZZED = 500
_WHOLE_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


@dataclass(frozen=True, kw_only=True)
class Post:
    """The request that reaches our endpoint."""

    headers: dict[str, str]
    body: bytes


class Signer(Protocol):
    """A provider, as far as its webhooks go. One with a ``webhook_key`` has it as ``key``."""

    window: timedelta | None
    """How long a signature is good for; None where nothing is signed."""
    undefended: frozenset[str]
    """Forgeries that no receiver could detect, since the provider signs too little."""

    def webhook(self) -> Webhook:
        """Ours, that knows the provider's key."""
        ...

    def example(self, at: datetime) -> bytes:
        """A message to ana@example.org arrived."""
        ...

    def sign(self, content: bytes, at: datetime, *, ours: bool = True) -> Post:
        """Post this content, signed with our key or another one."""
        ...

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        """Post this content, signed with our key in a way that this provider never signs."""
        ...

    def change(self, post: Post, how: Callable[[str], str | None]) -> Post:
        """The same post with another signature; None takes it away."""
        ...

    def retime(self, post: Post, at: datetime) -> Post:
        """The same post and signature, with another time of signing."""
        ...


def signers() -> dict[str, Any]:
    """The signer of each kind that has webhooks, from the kind's own tests."""
    kinds = [kind for kind, parts in registry.KINDS.items() if parts.events]
    modules = {kind: import_module(f"tests.unit.providers.{kind}.test_events") for kind in kinds}
    return {kind: module.Signer() for kind, module in modules.items()}


def _tampered(post: Post) -> Post:
    assert b"resigns" in post.body
    return replace(post, body=post.body.replace(b"resigns", b"remains"))


def _replayed(signer: Signer, late: timedelta) -> Post:
    signed_at = NOW - (signer.window or timedelta(days=1)) - late
    return signer.sign(signer.example(signed_at), signed_at)


def _swapped(signer: Signer) -> Post:
    earlier = NOW - timedelta(seconds=30)
    other = signer.sign(signer.example(earlier).replace(b"resigns", b"remains"), earlier)
    stolen: list[str] = []
    signer.change(other, lambda signature: stolen.append(signature) or signature)
    return signer.change(signer.sign(signer.example(NOW), NOW), lambda _: stolen[0])


def _good(signer: Signer) -> Post:
    return signer.sign(signer.example(NOW), NOW)


# Each is made of a genuine post that was read before it.
FORGERIES: dict[str, Callable[[Signer, Post], Post]] = {
    "no signature": lambda s, genuine: s.change(genuine, lambda _: None),
    "an empty signature": lambda s, genuine: s.change(genuine, lambda _: ""),
    "another key": lambda s, _: s.sign(s.example(NOW), NOW, ours=False),
    "a tampered body": lambda _, genuine: _tampered(genuine),
    "a tampered time": lambda s, genuine: s.retime(genuine, NOW - timedelta(seconds=1)),
    "a truncated body": lambda _, genuine: replace(genuine, body=genuine.body[:-1]),
    "a truncated signature": lambda s, genuine: s.change(genuine, lambda signature: signature[:-5]),
    "another algorithm": lambda s, _: s.other_algorithm(s.example(NOW), NOW),
    "a replay": lambda s, _: _replayed(s, timedelta(minutes=6)),
    "a time in the future": lambda s, _: s.sign(
        s.example(NOW + timedelta(minutes=6)), NOW + timedelta(minutes=6)
    ),
    "another post's signature": lambda s, _: _swapped(s),
    "a signature in other case": lambda s, genuine: s.change(genuine, str.swapcase),
    "a signature told twice": lambda s, genuine: s.change(genuine, lambda one: f"{one}, {one}"),
    "a signature with a line break": lambda s, genuine: s.change(genuine, lambda one: f"{one}\n"),
}


def read(signer: Signer, said: object) -> Any:
    """Return the events read from this, signed with our key: bytes unchanged, others as JSON."""
    post = signer.sign(said if isinstance(said, bytes) else json.dumps(said).encode(), NOW)
    return signer.webhook().read(post.headers, post.body, NOW)


class WebhookContract:
    """The suite."""

    signed_by: ClassVar[Callable[[], Signer]]

    @pytest.fixture
    def signer(self) -> Signer:
        return type(self).signed_by()

    def test_a_good_post_is_read(self, signer: Signer) -> None:
        post = _good(signer)

        (event,) = signer.webhook().read(post.headers, post.body, NOW)

        assert event.kind is EventKind.DELIVERED
        assert event.address == "ana@example.org"
        assert event.at == NOW
        assert event.id
        assert event.provider_id
        assert "ana@example.org" in event.raw

    def test_the_same_event_told_twice_has_the_same_id(self, signer: Signer) -> None:
        webhook = signer.webhook()
        first = signer.sign(signer.example(NOW), NOW)
        again = signer.sign(signer.example(NOW), NOW)

        (one,) = webhook.read(first.headers, first.body, NOW)
        (other,) = webhook.read(first.headers, first.body, NOW + timedelta(minutes=4))
        assert one.id == other.id
        if self.named_by_content:
            (third,) = webhook.read(again.headers, again.body, NOW)
            assert one.id == third.id

    named_by_content = True
    """Whether the id is in the content, and not in a header that names each notification."""

    @rows("forgery", FORGERIES)
    def test_a_forgery_is_refused(self, signer: Signer, forgery: str) -> None:
        webhook = signer.webhook()
        genuine = _good(signer)
        assert webhook.read(genuine.headers, genuine.body, NOW)
        post = FORGERIES[forgery](signer, genuine)

        if forgery in signer.undefended:  # nobody could tell: said here so that it is known
            assert webhook.read(post.headers, post.body, NOW)
            return
        with pytest.raises(Forged):
            webhook.read(post.headers, post.body, NOW)

    def test_header_names_count_in_lower_case_alone(self, signer: Signer) -> None:
        post = _good(signer)
        if self.signature_in_the_body:
            assert not post.headers
            return
        headers = {name.upper(): value for name, value in post.headers.items()}

        with pytest.raises(Forged):
            signer.webhook().read(headers, post.body, NOW)

    def test_a_late_retry_is_read(self, signer: Signer) -> None:
        signed_at = NOW - (signer.window or timedelta(0))
        post = signer.sign(signer.example(signed_at), signed_at)

        assert signer.webhook().read(post.headers, post.body, NOW)

    @rows(
        "content",
        [
            b"{}",
            b"[]",
            b"null",
            b"0",
            b'"words"',
            b"[1, null, []]",
            b'{"event": 7}',
            b"[" * 10_000 + b"]" * 10_000,
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        ],
    )
    def test_what_is_signed_and_not_understood_is_kept_and_nothing_follows(
        self, signer: Signer, content: bytes
    ) -> None:
        post = signer.sign(content, NOW)
        try:
            events = signer.webhook().read(post.headers, post.body, NOW)
        except Forged:
            assert self.signature_in_the_body
            return
        assert events
        assert {event.kind for event in events} == {EventKind.OTHER}

    signature_in_the_body = False
    """Whether a body that cannot be parsed cannot be verified either."""

    def test_no_body_makes_it_fail(self, signer: Signer) -> None:
        seed = random.SystemRandom().getrandbits(32)
        print(f"seed {seed}")  # noqa: T201 - shown where it fails, to try the same again
        chance = random.Random(seed)  # noqa: S311 - for tests
        webhook = signer.webhook()
        understood = 0
        for _ in range(FUZZED):
            post = signer.sign(mutated(signer.example(NOW), chance), NOW)
            try:
                events = webhook.read(post.headers, post.body, NOW)
            except Forged:
                continue
            for event in events:
                check(event)
            understood += any(event.kind is not EventKind.OTHER for event in events)
        assert understood > FUZZED / 20


def check(event: Event) -> None:
    """Check the rules of an event, whatever its source."""
    assert event.id
    assert len(event.id) <= 256
    assert event.at.tzinfo is not None
    assert (event.bounce is not None) == (event.kind is EventKind.BOUNCED)
    assert len(event.raw) <= MAX_RAW_CHARS
    assert not _WHOLE_ADDRESS.search(event.reason), event.reason
    assert event.subscriber_id is None or 0 <= event.subscriber_id < 2**53
    for value in (event.id, event.address, event.campaign, event.attempt_id, event.provider_id):
        assert "\n" not in value
        assert len(value) <= 320
        value.encode()
    (event.reason + event.raw).encode()


NASTY: list[Any] = [
    *(None, True, False, 0, -1, 1e308, float("inf"), 10**30, 2**63, ""),
    *("x" * 30_000, "\ud800", "\x00\r\n", "ana@example.org told bob@example.org", [], {}),
    *([[]], {"": {}}, [None], "9" * 5000, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59"),
    *({"campaign": {"campaign": 1}}, ["ana@example.org"] * 40, "550 5.7.1 spam", "NaN"),
]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with values replaced by nasty ones, or with bytes changed, or cut."""
    how = chance.random()
    if how < 0.7:
        value = json.loads(content)
        for _ in range(chance.randint(1, 3)):
            value = _spoilt(value, chance)
        return json.dumps(value).encode()
    spoilt = bytearray(content)
    if how < 0.9:
        for _ in range(chance.randint(1, 8)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        return bytes(spoilt)
    return bytes(spoilt[: chance.randrange(len(spoilt))])


def _spoilt(value: Any, chance: random.Random) -> Any:
    inner = list(value) if isinstance(value, dict) else []
    if isinstance(value, list):
        inner = list(range(len(value)))
    if not inner or chance.random() < 0.15:
        return chance.choice(NASTY)
    place = chance.choice(inner)
    if isinstance(value, dict) and chance.random() < 0.1:
        return {key: kept for key, kept in value.items() if key != place}
    changed: Any = value.copy()
    changed[place] = _spoilt(value[place], chance)
    return changed


class HeaderSigner:
    """For providers whose signature is one header over the body."""

    name: str

    def change(self, post: Post, how: Callable[[str], str | None]) -> Post:
        headers = dict(post.headers)
        signature = how(headers.pop(self.name))
        return replace(
            post, headers=headers if signature is None else headers | {self.name: signature}
        )


class BodySigner(HeaderSigner):
    """For providers that sign the body with an HMAC, and no time beside it."""

    key: str
    undefended = frozenset({"a tampered time"})

    def sign(
        self, content: bytes, at: datetime, *, ours: bool = True, algorithm: str = "sha256"
    ) -> Post:
        key = self.key if ours else "9e6b5d"
        signature = hmac.new(key.encode(), content, algorithm).hexdigest()
        return Post(headers={self.name: signature}, body=content)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        return self.sign(content, at, algorithm="sha512")

    def retime(self, post: Post, at: datetime) -> Post:
        return post


class BasicSigner(HeaderSigner):
    """For providers that sign nothing and say a user name and a password."""

    name = "authorization"
    key = "events:pass:wörd"
    window = None
    undefended = frozenset(
        {
            *("a tampered body", "a tampered time", "a truncated body", "a replay"),
            *("a time in the future", "another post's signature"),
        }
    )

    def sign(self, content: bytes, at: datetime, *, ours: bool = True) -> Post:
        words = self.key if ours else "events:guessed"
        value = f"Basic {b64encode(words.encode()).decode()}"
        return Post(headers={self.name: value}, body=content)

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        post = self.sign(content, at)
        return self.change(post, lambda value: value.replace("Basic", "Bearer"))

    def retime(self, post: Post, at: datetime) -> Post:
        return post
