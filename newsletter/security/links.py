"""Signed words in links, and stable names for deliveries.

A token is base64url of: key number (1 byte), campaign (4), subscriber (6), and a MAC of 16 bytes
by keyed BLAKE2b, personalised by purpose. It carries no address and never expires. Length 36;
letters, digits, ``-`` and ``_``.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

_MAC_BYTES = 16
_TOKEN_BYTES = 1 + 4 + 6 + _MAC_BYTES
_LENGTH = _TOKEN_BYTES // 3 * 4  # three bytes are four letters and nothing is left over


class SignedLinks:
    """``keys``: oldest first; the last signs, all verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not 1 <= len(keys) <= 256:
            raise ValueError("between 1 and 256 keys")
        self._unsubscribe = [_keyed(key, b"unsubscribe") for key in keys]
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
        if len(token) != _LENGTH:
            return None
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        if raw[0] >= len(self._unsubscribe):
            return None
        body, claimed = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        mac = self._unsubscribe[raw[0]].copy()
        mac.update(body)
        if not hmac.compare_digest(mac.digest(), claimed):
            return None
        return int.from_bytes(body[1:5]), int.from_bytes(body[5:11])

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """The part of Message-ID before the @: the same for each try at one delivery."""
        end = f".{campaign_id}.{self._workspace}"
        return [f"{subscriber_id}{end}" for subscriber_id in subscriber_ids]


def _keyed(key: bytes, purpose: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=key, digest_size=_MAC_BYTES, person=purpose)
