"""Passwords: how they are hashed, compared, and which are refused.

Argon2id with 19 MiB and two passes, which OWASP advises. Two are worked out at a time: more would
take memory and cores from those who send. Who waits for longer than a few seconds is told so.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.domain.errors import Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST = 12
MOST = 200
"""Characters. Argon2 takes any number, and whoever posts megabytes means harm."""
_BUSY = "too many people are signing in just now; try again in a minute"
_GUESSED_UP_TO = 72
_LEAST_OWN = 8
"""So many characters have to be left beside one's own name and address."""
_SAFE_FROM = 4
"""Of zxcvbn's scores 0 to 4: below it are summer2026!! and all that looks like that."""


class Passwords:
    """Hashes and compares; threads share it. Memory is in KiB, patience in seconds.

    Few may wait, since each holds a thread that answers other pages too.
    """

    def __init__(
        self,
        *,
        memory: int = 19 << 10,
        passes: int = 2,
        at_once: int = 2,
        waiting: int = 8,
        patience: float = 5.0,
    ) -> None:
        self._memory = memory
        self._passes = passes
        self._patience = patience
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # with the first password

        return PasswordHasher(time_cost=self._passes, memory_cost=self._memory, parallelism=1)

    @cached_property
    def _nobodys(self) -> str:
        """What is compared where there is no account: it takes as long as where there is one."""
        return self._hasher.hash("nobody's")

    def hash(self, password: str) -> str:
        """The hash of a password, with its salt and parameters."""
        with self.turn():
            return self._hasher.hash(_normal(password))

    def fits(self, password: str, hashed: str) -> bool:
        """Whether it is the password of this hash; with an empty hash it takes as long and is not.

        Raises Refused where too many are being worked out.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        nobodys = self._nobodys  # made with the first, whoever that is
        with self.turn():
            try:
                self._hasher.verify(hashed or nobodys, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return hashed != ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Room for one more to be worked out. Raises Refused where there is none for long."""
        # The place comes before the turn: whoever finds the queue full holds no thread in it.
        if not self._places.acquire(blocking=False):
            raise Refused(_BUSY)
        try:
            if not self._turns.acquire(timeout=self._patience):
                raise Refused(_BUSY)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


def objection(password: str, *about: str) -> str:
    """Why a password is refused, in words; empty where it is not.

    ``about`` are words that somebody would guess first, such as the address it belongs to.
    """
    plain = _normal(password)
    if len(plain) < LEAST:
        return f"Use {LEAST} characters or more. Four words that have nothing in common are good."
    if len(plain) > MOST:
        return f"Use {MOST} characters or fewer."
    if _guessed(plain, about):
        return (
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
    """One form for what keyboards write in several ways (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)
