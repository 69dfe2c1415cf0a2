"""The tokens of links in emails, which the workspace's keys sign.

A token is base64url of the key's number (1 byte), the subject, and a MAC of 16 bytes (BLAKE2b,
keyed and personalised by purpose). It has only letters, digits, ``-`` and ``_``, and
contains no address. The hash for an unsubscribe link is 24 bytes: 8 more for the Message-ID. They
are cut from SHAKE128 of a key, the campaign, and a group of 14 subscribers with neighbouring ids.

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
import struct
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.preferences import PREFERENCES_LINK_LIFETIME

Mac = Callable[[bytes], bytes]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_CLOCK_SKEW = timedelta(hours=1)
_MAC_BYTES, _DELIVERY_BYTES = 16, 24
_GROUP_SIZE = 14
"""Subscribers whose hashes one call makes: 336 bytes, which two steps of SHAKE128 give."""
_EMAIL_BYTES = 7
_TOKEN_BYTES = 1 + 4 + 6 + _MAC_BYTES
_TOKEN_LENGTH = _TOKEN_BYTES // 3 * 4  # three bytes are four letters and nothing is left over


class LeaveLink(NamedTuple):
    """An unsubscribe link: its campaign and subscriber."""

    campaign_id: int
    subscriber_id: int

    @property
    def is_test(self) -> bool:
        """Return whether the link is in a test email or a preview, and ends no subscription."""
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
        self._delivery = [hashlib.shake_128(_mac(key, b"delivery", size=32)) for key in keys]
        self._unsubscribe = [partial(_delivery_mac, shake) for shake in self._delivery]
        self._email = [partial(_mac, key, b"letter") for key in keys]
        self._preferences = [partial(_mac, key, b"preferences") for key in keys]

    def for_batch(self, campaign_id: int, ids: Sequence[int]) -> tuple[list[str], list[str]]:
        """Return the unsubscribe tokens, and the Message-IDs' parts before the @."""
        number, campaign = len(self._delivery) - 1, campaign_id.to_bytes(4)
        max(ids, default=0).to_bytes(6)  # raises OverflowError
        id_bytes = struct.pack(f">{len(ids)}Q", *ids)
        head = bytes([number]) + campaign
        hashes = _hash_deliveries(self._delivery[number], head, ids)
        raw = bytearray(head + bytes(6 + _MAC_BYTES)) * len(ids)
        columns = [id_bytes[place::8] for place in range(2, 8)]
        columns += [hashes[place::_DELIVERY_BYTES] for place in range(_MAC_BYTES)]
        # one byte of all tokens at a time: token by token took five times as long
        for place, column in enumerate(columns, start=len(head)):
            raw[place::_TOKEN_BYTES] = column
        words = base64.urlsafe_b64encode(raw).decode()
        if number:  # by the first key, which never changes, so that Message-IDs are stable
            hashes = _hash_deliveries(self._delivery[0], bytes(1) + campaign, ids)
        ends = memoryview(hashes).cast("Q")[2::3].tobytes()
        middle, id_words = f".{campaign_id}.", ends.hex(" ", 8).split()
        return (
            [words[at : at + _TOKEN_LENGTH] for at in range(0, len(words), _TOKEN_LENGTH)],
            [f"{one}{middle}{word}" for one, word in zip(ids, id_words, strict=True)],
        )

    def read_unsubscribe(self, token: str) -> LeaveLink:
        """Parse an unsubscribe token. Raises NotFound."""
        # also with retired keys, so that links in old emails always work
        body = _read(token, self._unsubscribe, 4 + 6)
        return LeaveLink(int.from_bytes(body[:4]), int.from_bytes(body[4:]))

    def email_token(self, email_id: int) -> str:
        return _sign(self._email, email_id.to_bytes(_EMAIL_BYTES))

    def read_email_id(self, token: str) -> int:
        """Return the id of the email with this link. Raises NotFound."""
        return int.from_bytes(_read(token, self._email, _EMAIL_BYTES, self._retired))

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """Return the token of a preferences link, with ``at`` to the minute."""
        minutes = (at - _EPOCH) // timedelta(minutes=1)
        return _sign(self._preferences, subscriber_id.to_bytes(6) + minutes.to_bytes(4))

    def read_preferences(self, token: str) -> Owner:
        """Parse a preferences token. Raises NotFound."""
        body = _read(token, self._preferences, 6 + 4, self._retired)
        minutes = int.from_bytes(body[6:])
        return Owner(int.from_bytes(body[:6]), _EPOCH + minutes * timedelta(minutes=1))


def _hash_deliveries(keyed: Any, head: bytes, ids: Sequence[int]) -> bytes:
    """Return the hashes by a ``keyed`` SHAKE128 of subscribers with these ids, in their order."""
    prefix_state = keyed.copy()  # the beginning is hashed once: only the group differs
    prefix_state.update(head)
    first, last = (ids[0], ids[-1]) if ids else (0, -1)
    is_run = last - first + 1 == len(ids) and [*ids] == [*range(first, last + 1)]
    groups = range(first // _GROUP_SIZE, last // _GROUP_SIZE + 1)
    hashes = dict[int, bytes]()
    for group in groups if is_run else {each // _GROUP_SIZE for each in ids}:
        state = prefix_state.copy()
        state.update(group.to_bytes(6))
        hashes[group] = state.digest(_GROUP_SIZE * _DELIVERY_BYTES)
    if is_run:  # one cut instead of a thousand
        at = first % _GROUP_SIZE * _DELIVERY_BYTES
        return b"".join(hashes.values())[at : at + len(ids) * _DELIVERY_BYTES]
    places = [(each // _GROUP_SIZE, each % _GROUP_SIZE * _DELIVERY_BYTES) for each in ids]
    return b"".join([hashes[group][at : at + _DELIVERY_BYTES] for group, at in places])


def _delivery_mac(keyed: Any, body: bytes) -> bytes:
    return _hash_deliveries(keyed, body[:5], [int.from_bytes(body[5:])])[:_MAC_BYTES]


def _mac(key: bytes, purpose: bytes, body: bytes = b"", size: int = _MAC_BYTES) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=size, person=purpose).digest()


def _sign(macs: Sequence[Mac], about: bytes) -> str:
    body = bytes([len(macs) - 1]) + about
    return base64.urlsafe_b64encode(body + macs[-1](body)).decode()


def _read(
    token: str, macs: Sequence[Mac], size: int, retired: Collection[int] = frozenset()
) -> bytes:
    """Return the subject of a token that a key signed, except a retired one. Raises NotFound."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    body, claimed = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    is_ours = len(body) == 1 + size and body[0] < len(macs) and body[0] not in retired
    # b64decode also accepts + and /
    is_ours = is_ours and base64.urlsafe_b64encode(raw).decode() == token
    if is_ours and hmac.compare_digest(macs[body[0]](body), claimed):
        return body[1:]
    raise NotFound("this link is not one of ours, or a part of it is missing")
