"""Hashes and compares passwords, and refuses weak ones.

Argon2id with 19 MiB and two passes, as OWASP advises. Two hashes are computed at a time, so that
sending keeps memory and cores. The queue is short, with a separate limit for known people, so that
strangers cannot keep them out.
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.domain.errors import Refused
from newsletter.domain.wording import say

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_CHARS = 12
MAX_CHARS = 200
"""The maximum length of a password. Argon2 has no limit, and long passwords take time."""
_BUSY_MESSAGE = "too many people are signing in just now; try again in a minute"
_MAX_SCORED_CHARS = 72
_MIN_OWN_CHARS = 8
"""The characters that a password must have without the person's name and address."""
_MIN_SCORE = 4
"""The lowest accepted score of zxcvbn, 0 to 4. ``summer2026!!`` has less."""


class Busy(Refused):
    """The queue is full, or no slot was free in time. No password was compared."""


class Passwords:
    """Hashes and compares passwords. ``memory`` is in KiB.

    At most ``waiting`` strangers wait for a slot, at most ``network`` of them from one network, and
    as many known people. Each blocks a thread of the web server.
    """

    def __init__(
        self,
        *,
        memory: int = 19 << 10,
        passes: int = 2,
        at_once: int = 2,
        waiting: int = 8,
        network: int = 4,
        max_wait_seconds: float = 5.0,
    ) -> None:
        self._memory = memory
        self._passes = passes
        self._patience = max_wait_seconds
        self._slots = threading.BoundedSemaphore(at_once)
        self._max_queued = at_once + waiting
        self._max_of_network = network
        self._queued: Counter[str] = Counter()
        self._lock = threading.Lock()

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # with the first password

        return PasswordHasher(time_cost=self._passes, memory_cost=self._memory, parallelism=1)

    @cached_property
    def _dummy_hash(self) -> str:
        """A hash for comparison if there is no account, so that both cases take as long."""
        return self._hasher.hash("nobody's")

    def hash(self, password: str) -> str:
        """Return the Argon2 hash of a password, with its salt and parameters. Raises Busy."""
        with self.slot():
            return self._hasher.hash(_normalise(password))

    def matches(self, password: str, hashed: str) -> bool:
        """Return whether a password has this hash, in equal time for the hash "". Raises Busy."""
        from argon2.exceptions import InvalidHashError, VerificationError

        dummy = self._dummy_hash  # made with the first password, right or wrong
        with self.slot():
            try:
                self._hasher.verify(hashed or dummy, _normalise(password))
            except (VerificationError, InvalidHashError):
                return False
        return hashed != ""

    @contextmanager
    def queue(self, network: str = "", *, is_known: bool = False) -> Iterator[None]:
        """Join the queue during the block, which compares passwords. Raises Busy if it is full.

        ``is_known``: an earlier sign-in, a session or a link proves who the person is.
        """
        limits = {"known": self._max_queued} if is_known else {"strangers": self._max_queued}
        if network and not is_known:
            limits[f"network {network}"] = self._max_of_network
        with self._lock:
            if any(self._queued[key] >= limit for key, limit in limits.items()):
                raise Busy(_BUSY_MESSAGE)
            self._queued.update(limits.keys())
        try:
            yield
        finally:
            with self._lock:
                self._queued.subtract(limits.keys())
                self._queued = +self._queued  # drops zeros

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot for one hash during the block. Raises Busy if none is free in time."""
        if not self._slots.acquire(timeout=self._patience):
            raise Busy(_BUSY_MESSAGE)
        try:
            yield
        finally:
            self._slots.release()


def password_fault(password: str, *about: str) -> str:
    """Return why a password is refused, or "".

    ``about`` are words that an attacker guesses first, such as the person's address.
    """
    plain = _normalise(password)
    if len(plain) < MIN_CHARS:
        rule = "Use {least} characters or more. Four words that have nothing in common are good."
        return say(rule, least=MIN_CHARS)
    if len(plain) > MAX_CHARS:
        return say("Use {most} characters or fewer.", most=MAX_CHARS)
    if _is_guessable(plain, about):
        return say(
            "This password is common or easy to guess."
            " Use four words that have nothing in common, or let your browser make one."
        )
    return ""


def _is_guessable(password: str, personal_words: tuple[str, ...]) -> bool:
    from zxcvbn import zxcvbn  # it loads long lists

    parts = [
        part for one in personal_words for part in (one, *re.split(r"[\W_]+", one)) if len(part) > 2
    ]
    own_part = password
    for part in sorted(parts, key=len, reverse=True):
        own_part = re.sub(re.escape(part), "", own_part, flags=re.IGNORECASE)
    if len(own_part) < _MIN_OWN_CHARS:
        return True
    # only the beginning, because zxcvbn's time grows far faster than the length
    score = zxcvbn(password[:_MAX_SCORED_CHARS], user_inputs=parts)["score"]
    return bool(score < _MIN_SCORE)


def _normalise(password: str) -> str:
    """Return the NFC form: keyboards write the same character in several ways (RFC 8265)."""
    return unicodedata.normalize("NFC", password)
