"""Passwords: how they are hashed, compared, and which are refused.

Argon2id with 19 MiB and two passes, which OWASP advises. Two are worked out at a time: more would
take memory and cores from those who send. The queue is short, and it keeps places for people who
are known, so that strangers cannot fill it.
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

LEAST = 12
MAX_CHARACTERS = 200
"""The longest password in characters. Argon2 has no limit, so a long one would cost time."""
_BUSY = "too many people are signing in just now; try again in a minute"
_GUESSED_UP_TO = 72
_LEAST_OWN = 8
"""The fewest characters besides the person's own name and address."""
_SAFE_FROM = 4
"""The lowest accepted score of zxcvbn, from 0 to 4; summer2026!! is below it."""


class Busy(Refused):
    """The queue is full, or a turn did not come within the patience. No password was compared."""


class Passwords:
    """Hashes and compares; threads share it. Memory is in KiB, patience in seconds.

    ``waiting`` strangers may wait for a turn, ``network`` of them from one network, and as many
    known people again: each holds a thread that answers other pages too.
    """

    def __init__(
        self,
        *,
        memory: int = 19 << 10,
        passes: int = 2,
        at_once: int = 2,
        waiting: int = 8,
        network: int = 4,
        patience: float = 5.0,
    ) -> None:
        self._memory = memory
        self._passes = passes
        self._patience = patience
        self._turns = threading.BoundedSemaphore(at_once)
        self._most = at_once + waiting
        self._most_of_network = network
        self._queued: Counter[str] = Counter()
        self._lock = threading.Lock()

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # with the first password

        return PasswordHasher(time_cost=self._passes, memory_cost=self._memory, parallelism=1)

    @cached_property
    def _nobodys(self) -> str:
        """A hash to compare with if there is no account, so that both cases take as long."""
        return self._hasher.hash("nobody's")

    def hash(self, password: str) -> str:
        """The hash of a password, with its salt and parameters."""
        with self.turn():
            return self._hasher.hash(_normal(password))

    def fits(self, password: str, hashed: str) -> bool:
        """Return whether the hash is that of the password. An empty hash takes as long and never
        is.

        Raises Busy.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        nobodys = self._nobodys  # made with the first password, right or wrong
        with self.turn():
            try:
                self._hasher.verify(hashed or nobodys, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return hashed != ""

    @contextmanager
    def queue(self, network: str = "", *, is_known: bool = False) -> Iterator[None]:
        """Hold a place in the queue while passwords are compared. Raises Busy if there is none.

        ``is_known``: an earlier sign-in, a session or a link vouches for the person.
        """
        places = {"known": self._most} if is_known else {"strangers": self._most}
        if network and not is_known:
            places[f"network {network}"] = self._most_of_network
        with self._lock:
            if any(self._queued[place] >= most for place, most in places.items()):
                raise Busy(_BUSY)
            self._queued.update(places.keys())
        try:
            yield
        finally:
            with self._lock:
                self._queued.subtract(places.keys())
                self._queued = +self._queued  # a network that is gone takes no memory

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Room for one more password to be worked out. Raises Busy if there is none for long."""
        if not self._turns.acquire(timeout=self._patience):
            raise Busy(_BUSY)
        try:
            yield
        finally:
            self._turns.release()


def password_fault(password: str, *about: str) -> str:
    """Return why a password is refused, or "".

    ``about`` are words that an attacker guesses first, such as the person's address.
    """
    plain = _normal(password)
    if len(plain) < LEAST:
        rule = "Use {least} characters or more. Four words that have nothing in common are good."
        return say(rule, least=LEAST)
    if len(plain) > MAX_CHARACTERS:
        return say("Use {most} characters or fewer.", most=MAX_CHARACTERS)
    if _guessed(plain, about):
        return say(
            "This password is common or easy to guess."
            " Use four words that have nothing in common, or let your browser make one."
        )
    return ""


def _guessed(password: str, about: tuple[str, ...]) -> bool:
    from zxcvbn import zxcvbn  # it loads long lists

    parts = [part for one in about for part in (one, *re.split(r"[\W_]+", one)) if len(part) > 2]
    rest = password
    for part in sorted(parts, key=len, reverse=True):
        rest = re.sub(re.escape(part), "", rest, flags=re.IGNORECASE)
    if len(rest) < _LEAST_OWN:
        return True
    # its beginning: the time that zxcvbn takes grows far faster than the length
    score = zxcvbn(password[:_GUESSED_UP_TO], user_inputs=parts)["score"]
    return bool(score < _SAFE_FROM)


def _normal(password: str) -> str:
    """Return the one form of what keyboards write in several ways (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)
