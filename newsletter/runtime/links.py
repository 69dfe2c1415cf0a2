"""Signed words in links, and stable names for deliveries.

A token is base64url of: key number (1 byte), what it is about, and a MAC of 16 bytes by keyed
BLAKE2b, personalised by purpose: what is signed for one purpose is nothing for another. It carries
no address. Letters, digits, ``-`` and ``_``.

| purpose | what it is about (bytes) | length | how long it does something |
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

_MAC_BYTES = 16
_LETTER_BYTES = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN_BYTES = 1 + 4 + 6 + _MAC_BYTES
_LENGTH = _TOKEN_BYTES // 3 * 4  # three bytes are four letters and nothing is left over


class SignedLinks:
    """``keys``: oldest first; the last signs, all verify.

    ``retired``: the places of keys that end subscriptions and do nothing else any more. A key keeps
    its place for ever, since each link names its key by it.
    """

    def __init__(self, keys: Sequence[bytes], *, retired: Collection[int] = ()) -> None:
        if not 1 <= len(keys) <= 256:
            raise ValueError("between 1 and 256 keys")
        if len(keys) - 1 in retired:
            raise ValueError("the key that signs cannot be retired")
        self._retired = frozenset(retired)
        self._unsubscribe = [_keyed(key, b"unsubscribe") for key in keys]
        self._letter = [_keyed(key, b"letter") for key in keys]
        self._preferences = [_keyed(key, b"preferences") for key in keys]
        self._workspace = hashlib.blake2b(keys[0], digest_size=4, person=b"workspace").hexdigest()

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """One token each, the same for the same recipient as long as the key signs."""
        number = len(self._unsubscribe) - 1
        head = bytes([number]) + campaign_id.to_bytes(4)
        begun = self._unsubscribe[number].copy()
        begun.update(head)
        raw: list[bytes] = []
        for subscriber_id in subscriber_ids:
            tail = subscriber_id.to_bytes(6)
            mac = begun.copy()
            mac.update(tail)
            raw += (head, tail, mac.digest())
        words = base64.urlsafe_b64encode(b"".join(raw)).decode()
        return [words[at : at + _LENGTH] for at in range(0, len(words), _LENGTH)]

    def read_unsubscribe(self, token: str) -> tuple[int, int] | None:
        """(campaign id, subscriber id) if we signed it, else None."""
        about = _read(token, self._unsubscribe, 4 + 6)
        if about is None:
            return None
        return int.from_bytes(about[:4]), int.from_bytes(about[4:])

    def letter_token(self, letter_id: int) -> str:
        """The word in the link of a letter."""
        return _sign(self._letter, letter_id.to_bytes(_LETTER_BYTES))

    def read_letter(self, token: str) -> int | None:
        """The letter's id if we signed it, else None."""
        about = _read(token, self._letter, _LETTER_BYTES, self._retired)
        return None if about is None else int.from_bytes(about)

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """The word that opens somebody's preferences; ``at`` is to the minute."""
        minutes = (at - _EPOCH) // timedelta(minutes=1)
        return _sign(self._preferences, subscriber_id.to_bytes(6) + minutes.to_bytes(4))

    def read_preferences(self, token: str) -> tuple[int, datetime] | None:
        """(subscriber id, when it was signed) if we signed it, else None."""
        about = _read(token, self._preferences, 6 + 4, self._retired)
        if about is None:
            return None
        return int.from_bytes(about[:6]), _EPOCH + int.from_bytes(about[6:]) * timedelta(minutes=1)

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """The part of Message-ID before the @: the same for each try at one delivery."""
        end = f".{campaign_id}.{self._workspace}"
        return [f"{subscriber_id}{end}" for subscriber_id in subscriber_ids]


def _keyed(key: bytes, purpose: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key, digest_size=_MAC_BYTES, person=purpose)


def _sign(keys: "Sequence[hashlib.blake2b]", about: bytes) -> str:
    body = bytes([len(keys) - 1]) + about
    mac = keys[-1].copy()
    mac.update(body)
    return base64.urlsafe_b64encode(body + mac.digest()).decode()


def _read(
    token: str,
    keys: "Sequence[hashlib.blake2b]",
    size: int,
    retired: Collection[int] = frozenset(),
) -> bytes | None:
    """What a token is about, if one of the keys signed it that is not retired."""
    if len(token) != (1 + size + _MAC_BYTES) // 3 * 4:
        return None
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if base64.urlsafe_b64encode(raw).decode() != token:  # + and / are read too
        return None
    if raw[0] >= len(keys) or raw[0] in retired:
        return None
    body, claimed = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    mac = keys[raw[0]].copy()
    mac.update(body)
    return body[1:] if hmac.compare_digest(mac.digest(), claimed) else None
