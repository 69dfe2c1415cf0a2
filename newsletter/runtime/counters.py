"""Counters of this process for monitoring.

Counters begin at zero at each start, as Prometheus expects. Each process that sends has its own.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from itertools import product

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.transactional import EmailKind, MessageState
from newsletter.domain.events import EventKind
from newsletter.pipeline.delivery.dispatch import DispatchResult

_OUTCOMES = (Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN)
"""The outcomes of a message of a campaign that its call decides."""


def _values(kind: type[Enum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


class Counters:
    """The counters of this process. Any thread may use them."""

    def __init__(self, providers: Iterable[str]) -> None:
        kinds = tuple(providers)
        calls = {"provider": kinds, "verdict": _values(Verdict)}
        outcomes = tuple(each.value for each in _OUTCOMES)
        self.labels: Mapping[str, Mapping[str, tuple[str, ...]]] = {
            "messages": {"provider": kinds, "outcome": outcomes},
            "provider_calls": calls,
            "provider_call_seconds": calls,
            "transactional_emails": {"kind": _values(EmailKind), "state": _values(MessageState)},
            "events": {"provider": kinds, "event": _values(EventKind)},
            "webhook_posts": {"provider": kinds, "status": ("200", "401", "503")},
            "unsubscribe_posts": {},
            "breaker_pauses": {},
        }
        """Counter → label → the values whose counts start at zero."""
        self.ticked_at: datetime | None = None
        """The end of the last tick; None if this process has run none."""
        self._lock = threading.Lock()
        self._counts: dict[str, dict[tuple[str, ...], float]] = {
            name: dict.fromkeys(product(*labels.values()), 0.0)
            for name, labels in self.labels.items()
        }

    def add(self, name: str, *labels: str, by: float = 1) -> None:
        with self._lock:
            counts = self._counts[name]
            counts[labels] = counts.get(labels, 0.0) + by

    def counts(self, name: str) -> dict[tuple[str, ...], float]:
        """Return a counter's values, by label values."""
        with self._lock:
            return dict(self._counts[name])

    def note_attempt(self, result: DispatchResult) -> None:
        """Count the messages and the call of a batch."""
        answer, verdict = result.answer, result.answer.outcome.verdict.value
        if answer.duration is not None:
            self.add("provider_calls", result.batch.provider, verdict)
            took = answer.duration.total_seconds()
            self.add("provider_call_seconds", result.batch.provider, verdict, by=max(0.0, took))
        others = [outcome.verdict for outcome in answer.exceptions.values()]
        outcomes = {answer.outcome.verdict: len(result.batch.members) - len(others)}
        for each in others:
            outcomes[each] = outcomes.get(each, 0) + 1
        for each in _OUTCOMES:
            self.add("messages", result.batch.provider, each.value, by=outcomes.get(each, 0))
