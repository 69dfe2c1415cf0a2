"""A member of staff who is signed in, as each request finds them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.staff.account import Stage
from newsletter.domain.statements.statement import Role

IDLE, ABSOLUTE = timedelta(hours=8), timedelta(days=7)
"""A session ends so long after its last request, and so long after it began."""
HALF = timedelta(minutes=10)
"""For so long after the password was right, the second factor may follow."""
FRESH = timedelta(minutes=10)
"""For so long after a second factor was shown, dangerous acts do not ask for one again."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One browser that somebody is signed in with. Its name in the cookie is known to it alone."""

    hash: bytes
    """SHA-256 of that name."""
    address: str
    """Folded."""
    created_at: datetime
    seen_at: datetime
    stepped_up_at: datetime | None = None
    """When a second factor was last shown."""
    browser: str = ""
    """What the browser is, in words, for the list of one's sessions."""
    network: str = ""
    """Where they signed in from: a network, never one machine's address."""
    stage: Stage = Stage.WHOLE
    """All but WHOLE open nothing but the next step of signing in."""

    @property
    def key(self) -> str:
        """How its owner's own pages name it. It opens nothing."""
        return self.hash.hex()[:16]

    def alive(self, now: datetime, seen_at: datetime | None = None) -> bool:
        """Whether it still opens the desk; ``seen_at`` may be later than what is stored."""
        seen = max(self.seen_at, seen_at or self.seen_at)
        longest = ABSOLUTE if self.stage is Stage.WHOLE else HALF
        return now - seen < IDLE and now - self.created_at < longest

    def fresh(self, now: datetime) -> bool:
        """Whether a second factor was shown so lately that it need not be shown again."""
        at = self.stepped_up_at  # a clock that was put back makes none any fresher
        return at is not None and timedelta(0) <= now - at < FRESH


@dataclass(frozen=True, kw_only=True)
class Member:
    """Who asks: the person, with the role they have at this moment, and their session."""

    address: str
    """Folded."""
    role: Role
    session: Session
    given_name: str = ""

    @property
    def name(self) -> str:
        """What colleagues call them."""
        return self.given_name or name_of(self.address)

    def may(self, role: Role) -> bool:
        """Whether they may do what takes this role."""
        return self.role.includes(role)


def name_of(address: str) -> str:
    """What somebody is called of whom only the address is known: ``ana.ruiz@…`` is Ana Ruiz."""
    words = address.partition("@")[0].replace(".", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or address
