"""Providers on loopback that break their word in all the ways a network and a service can."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.provider_servers.brevo import BrevoServer
from tests.provider_servers.mailjet import MailjetServer
from tests.provider_servers.mailtrap import MailtrapServer
from tests.provider_servers.postmark import PostmarkServer
from tests.provider_servers.resend import ResendServer
from tests.provider_servers.sendgrid import SendGridServer
from tests.servers import (
    Delivered,
    LoopbackServer,
    MailgunServer,
    Received,
    Step,
    bytes_then_close,
    bytes_then_silence,
    reply,
)

_CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"

FATES: Mapping[str, Callable[[], Step]] = {
    "accepted, then 500": lambda: reply(500, {"message": "Oops"}, takes=True),
    "accepted, then silent": lambda: bytes_then_silence(takes=True),
    "accepted, then reset": lambda: bytes_then_close(b"", reset=True, takes=True),
    "accepted, then cut off": lambda: bytes_then_close(_CUT_OFF, takes=True),
    "lost on its way": lambda: bytes_then_close(b""),
}


@dataclass
class Fortune:
    """Deals each call that would be taken a card; this share of them holds one of the fates.

    A deck holds each fate once, and is shuffled: so whatever is drawn, all of them come within
    ``5 / chance`` calls, and again in the next so many.
    """

    chance: float = 0.1
    fates: Counter[str] = field(default_factory=Counter)
    _dice: random.Random = field(default_factory=lambda: random.Random(20110921))  # noqa: S311
    _deck: list[str] = field(default_factory=list)

    def turn(self, step: Step) -> tuple[Step, bool]:
        """The outcome of the call, and whether its answer is lost on the way."""
        if not step.takes or not (name := self._deal()):
            return step, False
        self.fates[name] += 1
        fate = FATES[name]()
        return fate, not fate.takes

    def _deal(self) -> str:
        if not self._deck:
            blank = round(len(FATES) / self.chance) - len(FATES)
            self._deck = [*FATES, *[""] * blank]
            self._dice.shuffle(self._deck)
        return self._deck.pop()


@dataclass
class Hostile(LoopbackServer):
    """The network before a provider, on a bad day. To be mixed in before a server.

    It keeps of all that it took to whom it went, since the texts of a hundred thousand messages
    are more than a machine has to hold.
    """

    fortune: Fortune = field(default_factory=Fortune)
    delivered: list[Delivered] = field(default_factory=list)

    def usual(self, received: Received) -> Step:
        step, lost = self.fortune.turn(super().usual(received))
        if lost:
            self.lose(received)
        return step

    def lose(self, received: Received) -> None:
        """A call that never arrived: nothing of it is kept."""

    def take(self, received: Received) -> None:
        before = len(self.delivered)
        super().take(received)
        self.taken[-1] = replace(received, headers={}, body=b"")
        self.requests.clear()
        self.delivered[before:] = [
            Delivered(to=message.to, headers=(), text="", html="")
            for message in self.delivered[before:]
        ]


@dataclass
class HostileResend(Hostile, ResendServer):
    """Resend."""

    def lose(self, received: Received) -> None:
        del self.answered[received.headers["idempotency-key"]]


@dataclass
class HostileMailgun(Hostile, MailgunServer):
    """Mailgun."""

    now: Callable[[], float] = time.time


@dataclass
class HostilePostmark(Hostile, PostmarkServer):
    """Postmark."""


@dataclass
class HostileSendGrid(Hostile, SendGridServer):
    """SendGrid."""

    now: Callable[[], float] = time.time


@dataclass
class HostileMailtrap(Hostile, MailtrapServer):
    """Mailtrap."""

    now: Callable[[], float] = time.time


@dataclass
class HostileBrevo(Hostile, BrevoServer):
    """Brevo."""

    now: Callable[[], float] = time.time


@dataclass
class HostileMailjet(Hostile, MailjetServer):
    """Mailjet, which knows no key and has no records that name an attempt."""
