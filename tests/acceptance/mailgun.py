"""Mailgun on loopback, as slow and as particular as a test wants it."""

import threading
from collections import Counter
from dataclasses import dataclass, field, replace

from tests.servers import Exchange, MailgunServer, Received, Step, parse_form, reply


@dataclass
class PacedMailgun(MailgunServer):
    """Takes a batch at once and answers after ``delay`` seconds."""

    delay: float = 0.0
    refuses: set[str] = field(default_factory=set)
    """Addresses because of which a whole call is refused."""
    gate: threading.Event | None = None
    """While it is set to an event, answers wait for it."""
    permits: threading.Semaphore | None = None
    """While it is set, each answer takes one: how fast it goes is for the test to say."""

    def usual(self, received: Received) -> Step:
        step = super().usual(received)
        if step.takes and self.refuses:
            named = " ".join(parse_form(received)["to"])
            if any(address in named for address in self.refuses):
                return reply(400, {"message": "'to' parameter is not a valid address"})
        return replace(step, act=lambda exchange: self._later(step, exchange))

    def _later(self, step: Step, exchange: Exchange) -> None:
        if self.permits is not None:
            self.permits.acquire(timeout=60)
        elif self.gate is not None:
            self.gate.wait(60)
        elif self.delay:
            exchange.wait(self.delay)
        step.act(exchange)

    def counted(self) -> Counter[str]:
        """Address → how many messages it has."""
        return Counter(message.to for message in self.delivered)
