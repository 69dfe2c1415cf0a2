"""Taking turns at one provider: its pace stands in the database, so that no restart resets it."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.domain.delivery import Answer, Verdict
from newsletter.domain.errors import ProviderUnreachable
from newsletter.domain.pacing import Cause, Limits, Pace, Wait
from newsletter.ports import Transaction

_log = logging.getLogger("newsletter.run")
_RECORDS = "its records"
"""In place of a domain: none is written with a blank."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """The turns at one provider for one sending domain."""

    provider: str
    domain: str
    limits: Limits

    def wait(self, tx: Transaction, now: datetime) -> Wait | None:
        """Why nothing may leave now, and until when; None where something may."""
        return self._kept(tx).at(now, self.limits).wait(now, self.limits)

    def look(self, tx: Transaction, now: datetime) -> Pace:
        """The pace at this moment; a row that a wrong clock wrote is put right."""
        kept = self._kept(tx)
        pace = kept.at(now, self.limits)
        if kept.is_ahead(now, self.limits):
            _log.warning(
                "the clock was changed: the pace of %s for %s is of a later time; nothing waits"
                " longer than until %s for it",
                self.provider,
                self.domain,
                max(pace.free_at, pace.blocked_until).isoformat(timespec="seconds"),
            )
            tx.paces.put(self.provider, self.domain, pace)
        return pace

    def take(self, tx: Transaction, pace: Pace, messages: int, now: datetime) -> None:
        """Write down that so many messages are about to leave."""
        tx.paces.put(self.provider, self.domain, pace.take(messages, now, self.limits))

    def blocked(self, tx: Transaction, now: datetime) -> Wait | None:
        """Why not even what goes ahead of all may leave now; None where it may."""
        return _beyond_turns(self.wait(tx, now))

    def take_ahead(self, tx: Transaction, messages: int, now: datetime) -> None:
        """Take a turn now, before all who wait for theirs; the rate makes up for it afterwards.

        Raises ProviderUnreachable while nothing may leave for another reason than the rate.
        """
        pace = self.look(tx, now)
        wait = _beyond_turns(pace.wait(now, self.limits))
        if wait is not None:
            until = wait.until.isoformat(timespec="seconds")
            raise ProviderUnreachable(
                f"nothing leaves through {self.provider} until {until}: {wait.reason}"
            )
        self.take(tx, pace, messages, now)

    def room(self, pace: Pace, now: datetime, most: int) -> int:
        """How many messages the next batch may have; 0 while nothing may leave."""
        if pace.wait(now, self.limits) is not None:
            return 0
        room = pace.room(self.limits)
        return most if room is None else min(most, room)

    @property
    def of_records(self) -> "Turns":
        """Those at the provider's records, which are limited apart from its mails."""
        return replace(self, domain=_RECORDS)

    def silence(self, tx: Transaction, now: datetime) -> datetime | None:
        """Until when the provider is to be left alone by its own word; None where it is not."""
        until = self._kept(tx).at(now, self.limits).blocked_until
        return until if until > now else None

    def be_silent(self, tx: Transaction, until: datetime, reason: str) -> None:
        """The provider asked to be left alone until then."""
        pace = self._kept(tx).block(until, Cause.BLOCKED, reason)
        tx.paces.put(self.provider, self.domain, pace)

    def settle(
        self,
        tx: Transaction,
        answer: Answer,
        messages: int,
        *,
        taken_at: datetime,
        until: datetime,
        watched: bool = False,
    ) -> Pace:
        """Book the answer: what did not leave is given back, and a refusal blocks ``until``.

        ``watched``: a second provider waits for this one to fail for long.
        """
        kept = self._kept(tx)
        pace = kept.heard(answer.outcome.verdict, taken_at) if watched else kept
        if back := answer.not_handed_over(messages):
            pace = pace.give_back(back, self.limits.day(taken_at))
        for one in (answer.outcome, *answer.exceptions.values()):
            if one.verdict in {Verdict.RETRY, Verdict.QUOTA}:
                cause = Cause.QUOTA if one.verdict is Verdict.QUOTA else Cause.BLOCKED
                pace = pace.block(until, cause, one.reason)
                break
        if pace is not kept:
            tx.paces.put(self.provider, self.domain, pace)
        return pace

    def _kept(self, tx: Transaction) -> Pace:
        return tx.paces.get(self.provider, self.domain)


def _beyond_turns(wait: Wait | None) -> Wait | None:
    """A wait that is no mere turn of others."""
    return None if wait is None or wait.cause is Cause.TURN else wait
