"""What is kept of letters, and of the words that people said yes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.delivery.letter import Letter, LetterState, LetterText
    from newsletter.domain.statements.content import Content


class Method(Enum):
    """How a consent was given or taken back."""

    DOUBLE_OPT_IN = "double opt-in"
    """Asked for on a page, and confirmed by the link in a letter."""
    PREFERENCES = "preferences"
    """Chosen by the person on the page of their preferences."""


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """One yes of one person to one list, or its end: proof, never changed afterwards."""

    list: str
    given: bool
    """False: taken back."""
    method: Method
    source: str
    """Where it was asked for."""
    wording: str = ""
    """The hash of the words that were shown; ``Consents.words`` has them."""
    asked_at: datetime | None = None
    at: datetime


class Writer(Protocol):
    """Writes letters."""

    def letter(
        self, says: LetterText, *, language: str, url: str, lists: tuple[str, ...] = ()
    ) -> Content:
        """A letter with its reader's own link, and the lists that it names, in readers' words.

        No gap is left in it but the message's name. Raises InvalidInput.
        """
        ...


class Consents(Protocol):
    """Who said yes to what, when, in which words. Erased with the person, and only then."""

    def keep_words(self, words: str, language: str, at: datetime) -> str:
        """Store what people are asked to say yes to, once; returns its SHA-256 (64 hex digits)."""
        ...

    def words(self, wording: str) -> str:
        """The words with this hash; empty if there are none."""
        ...

    def add(self, subscriber_id: int, records: Sequence[ConsentRecord]) -> None: ...

    def of(self, subscriber_id: int) -> list[ConsentRecord]:
        """Oldest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class LetterLimits:
    """How many letters are taken on. All are counted over letters that were asked for."""

    a_day: int = 1
    """Letters of a kind to a mailbox within 24 hours."""
    a_month: int = 3
    """Letters of a kind to a mailbox within 30 days."""
    a_network: int = 20
    """Letters that one network may ask for within an hour."""
    waiting: int = 10_000
    """Letters that may wait to be handed over."""


class Taken(Enum):
    """What became of asking for a letter. Nobody but staff may be told which."""

    NEW = "new"
    """It waits to be handed over."""
    AGAIN = "again"
    """One of its kind was asked for lately; nothing more is sent."""
    NETWORK = "network"
    """Too many were asked for from this network."""
    FULL = "full"
    """Too many letters wait."""


@dataclass(frozen=True, kw_only=True)
class ClaimedLetter:
    """A letter about to be handed over; only the attempt that holds it may book its outcome."""

    letter: Letter
    attempt_id: str
    attempts: int
    number: int
    """How many claims there ever were in this database, with this one."""


class Letters(Protocol):
    """Letters that were asked for."""

    def ask(self, letter: Letter, *, network: str, limits: LetterLimits) -> Taken:
        """Take a letter on, within the limits. ``network`` is what the person's address shows.

        Costs the same whether the address is known to us or not, and never asks whether it is.
        """
        ...

    def get(self, letter_id: int) -> Letter | None: ...

    def claim(self, *, at: datetime, attempt_id: str) -> ClaimedLetter | None:
        """Take the next one that is due; None where none is, or while everything is on hold."""
        ...

    def intend(self, claimed: ClaimedLetter, *, provider: str, account: str) -> None:
        """Write down where it is about to go."""
        ...

    def settle(
        self,
        claimed: ClaimedLetter,
        state: LetterState,
        *,
        at: datetime,
        provider: str = "",
        provider_id: str = "",
        reason: str = "",
    ) -> bool:
        """Book what became of it, if this attempt still holds it; tells whether it did."""
        ...

    def requeue(self, claimed: ClaimedLetter, *, not_before: datetime, reason: str) -> bool:
        """Put back what was provably not handed over."""
        ...

    def abandon(self, at: datetime) -> int:
        """Turn every letter that is being handed over into unknown: who held it is dead."""
        ...

    def distrust(self, at: datetime) -> int:
        """The database may be older than what went out from it, so that waiting letters may have.

        Withholds them; returns how many. What is asked for from then on waits for the release.
        """
        ...

    def hold_over(self, at: datetime) -> int:
        """A hold ended that kept letters back: the time for them begins now. Returns how many."""
        ...

    def use(self, letter_id: int, at: datetime) -> bool:
        """Mark its link as used; False where it was already."""
        ...

    def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and when the first of them is due."""
        ...

    def left_since(self, at: datetime) -> int:
        """How many were handed over since then, or may have been."""
        ...

    def counts(self, asked_since: datetime) -> dict[LetterState, int]:
        """How many of those that were asked for since then are in each state; none is left out."""
        ...

    def clear(
        self, now: datetime, *, networks: timedelta, addresses: timedelta, rows: timedelta
    ) -> int:
        """Forget networks, addresses and whole letters, each so long after they were asked for.

        What waits or is being handed over stays. Returns how many addresses were forgotten.
        """
        ...
