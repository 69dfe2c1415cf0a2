"""The tokens of links in emails, which the workspace's keys sign.

A token is base64url of the key's number (1 byte), the subject, and a MAC of 16 bytes (BLAKE2b,
keyed and personalised by purpose). It has only letters, digits, ``-`` and ``_``, and
contains no address.

| purpose | subject (bytes) | length | lifetime |
|---|---|---|---|
| unsubscribe | campaign (4), subscriber (6) | 36 | for ever |
| letter | letter (7) | 32 | as the letter says |
| preferences | subscriber (6), minute of signing (4) | 36 | as its reader decides |
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.preferences import PREFERENCES_LINK_LIFETIME

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_CLOCK_SKEW = timedelta(hours=1)
_MAC_BYTES = 16
_EMAIL_BYTES = 7
_TOKEN_BYTES = 1 + 4 + 6 + _MAC_BYTES
_TOKEN_LENGTH = _TOKEN_BYTES // 3 * 4  # three bytes are four letters and nothing is left over


class LeaveLink(NamedTuple):
    """An unsubscribe link: its campaign and subscriber."""

    campaign_id: int
    subscriber_id: int

    @property
    def is_test(self) -> bool:
        """Whether the link is in a test email or a preview, and ends no subscription."""
        return self.campaign_id == 0


class Owner(NamedTuple):
    """A preferences link: its subscriber and the time of signing."""

    subscriber_id: int
    signed_at: datetime

    def is_late(self, now: datetime) -> bool:
        """Return whether the link has expired and only lets the reader request a new one."""
        is_early = self.signed_at > now + _MAX_CLOCK_SKEW  # signed by a wrong clock
        return is_early or now > self.signed_at + PREFERENCES_LINK_LIFETIME


class SignedLinks:
    """Signs tokens of links with the last of ``keys``, and verifies them with all.

    ``retired`` are the positions of keys that only verify unsubscribe links. Positions never
    change, because each token contains its key's.
    """

    def __init__(self, keys: Sequence[bytes], *, retired: Collection[int] = ()) -> None:
        if not 1 <= len(keys) <= 256:
            raise ValueError("between 1 and 256 keys")
        if len(keys) - 1 in retired:
            raise ValueError("the key that signs cannot be retired")
        self._retired = frozenset(retired)
        self._unsubscribe = [_keyed_hash(key, b"unsubscribe") for key in keys]
        self._email = [_keyed_hash(key, b"letter") for key in keys]
        self._preferences = [_keyed_hash(key, b"preferences") for key in keys]
        # by the first key, which never changes, so that Message-IDs are stable
        self._message = hashlib.blake2b(key=keys[0], digest_size=8, person=b"message")

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return a token for each subscriber, always the same as long as this key signs."""
        number = len(self._unsubscribe) - 1
        head = bytes([number]) + campaign_id.to_bytes(4)
        # the common beginning is hashed once
        begun = self._unsubscribe[number].copy()
        begun.update(head)
        raw: list[bytes] = []
        for subscriber_id in subscriber_ids:
            tail = subscriber_id.to_bytes(6)
            mac = begun.copy()
            mac.update(tail)
            raw += (head, tail, mac.digest())
        words = base64.urlsafe_b64encode(b"".join(raw)).decode()
        return [words[at : at + _TOKEN_LENGTH] for at in range(0, len(words), _TOKEN_LENGTH)]

    def read_unsubscribe(self, token: str) -> LeaveLink:
        """Parse an unsubscribe token. Raises NotFound."""
        # also with retired keys, so that links in old emails always work
        about = _read(token, self._unsubscribe, 4 + 6)
        return LeaveLink(int.from_bytes(about[:4]), int.from_bytes(about[4:]))

    def email_token(self, email_id: int) -> str:
        return _sign(self._email, email_id.to_bytes(_EMAIL_BYTES))

    def read_email(self, token: str) -> int:
        """Return the id of the email with this link. Raises NotFound."""
        return int.from_bytes(_read(token, self._email, _EMAIL_BYTES, self._retired))

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """Return the token of a preferences link, with ``at`` to the minute."""
        minutes = (at - _EPOCH) // timedelta(minutes=1)
        return _sign(self._preferences, subscriber_id.to_bytes(6) + minutes.to_bytes(4))

    def read_preferences(self, token: str) -> Owner:
        """Parse a preferences token. Raises NotFound."""
        about = _read(token, self._preferences, 6 + 4, self._retired)
        minutes = int.from_bytes(about[6:])
        return Owner(int.from_bytes(about[:6]), _EPOCH + minutes * timedelta(minutes=1))

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return the Message-ID's part before the @ for each subscriber, the same every time."""
        begun = self._message.copy()
        begun.update(campaign_id.to_bytes(4))
        ids, middle = list[str](), f".{campaign_id}."
        for subscriber_id in subscriber_ids:
            mac = begun.copy()
            mac.update(subscriber_id.to_bytes(6))
            ids.append(f"{subscriber_id}{middle}{mac.hexdigest()}")
        return ids


def _keyed_hash(key: bytes, purpose: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key, digest_size=_MAC_BYTES, person=purpose)


def _sign(keys: "Sequence[hashlib.blake2b]", about: bytes) -> str:
    body = bytes([len(keys) - 1]) + about
    mac = keys[-1].copy()
    mac.update(body)
    return base64.urlsafe_b64encode(body + mac.digest()).decode()


def _read(
    token: str, keys: "Sequence[hashlib.blake2b]", size: int, retired: Collection[int] = frozenset()
) -> bytes:
    """Return the subject of a token that a key signed, except a retired one. Raises NotFound."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    body, claimed = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    is_ours = len(body) == 1 + size and body[0] < len(keys) and body[0] not in retired
    if (
        is_ours and base64.urlsafe_b64encode(raw).decode() == token
    ):  # b64decode also accepts + and /
        mac = keys[body[0]].copy()
        mac.update(body)
        if hmac.compare_digest(mac.digest(), claimed):
            return body[1:]
    raise NotFound("this link is not one of ours, or a part of it is missing")
