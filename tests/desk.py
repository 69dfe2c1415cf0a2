"""The desk of a workspace, asked within this process as one who is signed in."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from newsletter.domain.staff.account import Session
from newsletter.domain.staff.role import Role
from newsletter.web.desk.gate import hash_token
from tests.fakes import FixedClock
from tests.pages import Answer, Forum, forum

STAFF: Mapping[str, Role] = {
    "vera": Role.VIEWER,
    "ana": Role.WRITER,
    "ben": Role.APPROVER,
    "cleo": Role.SENDER,
    "dan": Role.ADMIN,
}
OURS = {"Sec-Fetch-Site": "same-origin"}


def address_of(name: str) -> str:
    return f"{name}@forum.example"


@dataclass(kw_only=True)
class Signed:
    """One member of staff in one browser. ``cookie`` is what their session is called."""

    site: Forum
    name: str
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def address(self) -> str:
        return address_of(self.name)

    def get(self, path: str, **how: Any) -> Answer:
        """A page of the desk: ``path`` begins below ``/desk``."""
        return self.ask("GET", path, **how)

    def post(
        self, path: str, form: Mapping[str, Any] | Sequence[tuple[str, str]] = (), **how: Any
    ) -> Answer:
        """Send a form as our own page would."""
        return self.ask("POST", path, form=form, **how)

    def ask(self, method: str, path: str, headers: Mapping[str, str] = {}, **how: Any) -> Answer:
        fields = {"Cookie": f"__Host-desk={self.cookie}"}
        if method != "GET":
            fields |= OURS
        return self.site.ask(method, f"/desk{path}", headers=fields | dict(headers), **how)


@dataclass(kw_only=True)
class Staffed:
    """A workspace with staff: ana writes, ben approves, cleo sends, dan looks after all of it."""

    site: Forum
    _signed: dict[str, Signed] = field(default_factory=dict)

    def as_(self, name: str, *, fresh: bool = False) -> Signed:
        """Signed in; ``fresh``: with a second factor shown just now."""
        signed = self._signed.get(name) or Signed(site=self.site, name=name)
        self._signed[name] = signed
        now = self.site.clock.now()
        with self.site.services.store.begin() as tx:
            tx.sessions.end(hash_token(signed.cookie))
            tx.sessions.begin(
                Session(
                    hash=hash_token(signed.cookie),
                    address=signed.address,
                    created_at=now,
                    seen_at=now,
                    stepped_up_at=now if fresh else None,
                )
            )
        return signed


@contextmanager
def desk(
    folder: Path, *, database: Path | None = None, clock: FixedClock | None = None, **settings: Any
) -> Iterator[Staffed]:
    """A workspace with its desk; ``database`` is one that is copied."""
    with forum(folder, clock, database, **settings) as site:
        with site.services.store.begin() as tx:
            for name, role in STAFF.items():
                tx.staff.put(address_of(name), role, site.clock.now())
        yield Staffed(site=site)


def seen(answer: Answer) -> str:
    """Return which state of a thing a page shows, as its form says it."""
    [found] = re.findall(r'name="seen" value="(\w+)"', answer.text)
    return str(found)


def words(answer: Answer) -> str:
    """Return the text of a page that a person reads, in one line."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", answer.text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
