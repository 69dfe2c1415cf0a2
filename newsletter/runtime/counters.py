"""Counters of this process for monitoring.

Counters begin at zero at each start, as Prometheus expects. Each process that sends has its own.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import product

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.transactional import EmailKind, EmailState
from newsletter.domain.events import EventKind
from newsletter.pipeline.delivery.dispatch import DispatchResult


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A counter's declaration. ``labels`` has the label values that start at zero, by label."""

    name: str
    description: str
    labels: Mapping[str, tuple[str, ...]]


def _values(kind: type[Enum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


def _declared(providers: tuple[str, ...]) -> Iterator[Counter]:
    calls = {"provider": providers, "verdict": _values(Verdict)}
    final = tuple(each.value for each in (Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN))
    for name, says, labels in (
        (
            "messages",
            "Messages of campaigns, by what the call to the provider made of them.",
            {"provider": providers, "outcome": final},
        ),
        ("provider_calls", "Calls to providers, with batches.", calls),
        ("provider_call_seconds", "Time that these calls took.", calls),
        (
            "transactional_emails",
            "Confirmations, links and notices, after each attempt.",
            {"kind": _values(EmailKind), "state": _values(EmailState)},
        ),
        (
            "events",
            "Events that providers posted, repeated ones too.",
            {"provider": providers, "event": _values(EventKind)},
        ),
        (
            "webhook_posts",
            "Posts of providers, by the status of our answer.",
            {"provider": providers, "status": ("200", "401", "503")},
        ),
        ("unsubscribe_posts", "Unsubscribe requests by the link of an email.", {}),
        ("breaker_pauses", "Campaigns that the circuit breaker paused.", {}),
    ):
        yield Counter(name=name, description=says, labels=labels)


class Counters:
    """The counters of this process. Any thread may use them."""

    def __init__(self, providers: Iterable[str]) -> None:
        self.declared = tuple(_declared(tuple(providers)))
        self.ticked_at: datetime | None = None
        """The end of the last tick; None if this process runs none."""
        self._lock = threading.Lock()
        self._counts: dict[str, dict[tuple[str, ...], float]] = {
            counter.name: dict.fromkeys(product(*counter.labels.values()), 0.0)
            for counter in self.declared
        }

    def add(self, name: str, *labels: str, by: float = 1) -> None:
        with self._lock:
            counts = self._counts[name]
            counts[labels] = counts.get(labels, 0.0) + by

    def counts(self, name: str) -> dict[tuple[str, ...], float]:
        """Return a counter's values, by label values."""
        with self._lock:
            return dict(self._counts[name])

    def note_attempt(self, done: DispatchResult) -> None:
        """Count the messages and the call of a batch."""
        answer, verdict = done.answer, done.answer.outcome.verdict.value
        if answer.took is not None:
            self.add("provider_calls", done.claimed.provider, verdict)
            took = answer.took.total_seconds()
            self.add("provider_call_seconds", done.claimed.provider, verdict, by=max(0.0, took))
        others = [outcome.verdict for outcome in answer.exceptions.values()]
        outcomes = {answer.outcome.verdict: len(done.claimed.members) - len(others)}
        for each in others:
            outcomes[each] = outcomes.get(each, 0) + 1
        for each in (Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN):
            self.add("messages", done.claimed.provider, each.value, by=outcomes.get(each, 0))
