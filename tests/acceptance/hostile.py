"""Providers on loopback that break their word in all the ways a network and a service can."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.provider_servers.brevo import BrevoServer
from tests.provider_servers.mailjet import MailjetServer
from tests.provider_servers.mailtrap import MailtrapServer
from tests.provider_servers.postmark import PostmarkServer
from tests.provider_servers.resend import ResendServer
from tests.provider_servers.sendgrid import SendGridServer
from tests.servers import MailgunServer, Received, Step, bytes_then_close, bytes_then_silence, reply

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
    """Gives each call that would be taken, by this chance, one of the fates."""

    chance: float = 0.1
    fates: Counter[str] = field(default_factory=Counter)
    _dice: random.Random = field(default_factory=lambda: random.Random(20110921))  # noqa: S311

    def turn(self, step: Step) -> tuple[Step, bool]:
        """What happens to it, and whether the call is lost on its way."""
        if not step.takes or self._dice.random() >= self.chance:
            return step, False
        name = self._dice.choice(list(FATES))
        self.fates[name] += 1
        fate = FATES[name]()
        return fate, not fate.takes


@dataclass
class HostileResend(ResendServer):
    """Resend, and the network before it, on a bad day."""

    fortune: Fortune = field(default_factory=Fortune)

    def usual(self, received: Received) -> Step:
        step, lost = self.fortune.turn(super().usual(received))
        if lost:
            del self.answered[received.headers["idempotency-key"]]
        return step


@dataclass
class HostileMailgun(MailgunServer):
    """The same before Mailgun."""

    fortune: Fortune = field(default_factory=Fortune)
    now: Callable[[], float] = time.time

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]


@dataclass
class HostilePostmark(PostmarkServer):
    """The same before Postmark."""

    fortune: Fortune = field(default_factory=Fortune)

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]


@dataclass
class HostileSendGrid(SendGridServer):
    """The same before SendGrid."""

    fortune: Fortune = field(default_factory=Fortune)
    now: Callable[[], float] = time.time

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]


@dataclass
class HostileMailtrap(MailtrapServer):
    """The same before Mailtrap."""

    fortune: Fortune = field(default_factory=Fortune)
    now: Callable[[], float] = time.time

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]


@dataclass
class HostileBrevo(BrevoServer):
    """The same before Brevo."""

    fortune: Fortune = field(default_factory=Fortune)
    now: Callable[[], float] = time.time

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]


@dataclass
class HostileMailjet(MailjetServer):
    """The same before Mailjet, which knows no key and has no records that name an attempt."""

    fortune: Fortune = field(default_factory=Fortune)

    def usual(self, received: Received) -> Step:
        return self.fortune.turn(super().usual(received))[0]
