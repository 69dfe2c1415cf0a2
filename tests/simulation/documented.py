"""The providers as their documentation describes them, by their real translators and look-ups.

Each account is a server of ``tests/provider_servers``, which is asked without a socket. The name of
a host is the key with which it is called.
"""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote_plus

from newsletter.providers import registry
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.common.doctor import examine as ask_all
from newsletter.providers.registry import OPTIONS, build
from newsletter.transport.transport import Transport
from tests.fakes import NOON, WORKSPACE
from tests.provider_servers.kinds import KINDS
from tests.servers import DATE, Delivered, Exchange, Received
from tests.simulation.service import (
    BROKEN,
    EARLY_HINTS,
    LATE,
    NO_ANSWER,
    STATUS,
    Arrival,
    Claimed,
    How,
    Mail,
    Reply,
    Request,
    account_of,
)

DOCUMENTED = tuple(sorted(KINDS))
_ATTEMPT = re.compile(f"{WORKSPACE}[0-9]{{24}}")
_ADDRESS = re.compile(r"[a-z]+[0-9]+@example\.org")
_LINK = re.compile(r"/t-([0-9]+)-([0-9]+)\n")
_HOST = ".example"


class Documented:
    """A provider with all its accounts. It calls ``took`` with each accepted message."""

    def __init__(
        self, name: str, kind: str, took: Callable[[Mail], None], now: Callable[[], datetime]
    ) -> None:
        self.name = name
        self.traits = kind
        self.refused: set[str] = set()
        """Addresses that it rejected permanently."""
        self._servers: dict[str, Any] = {}
        self._took = took
        self._now = now
        self.calling: Callable[[], str] = str
        """Return the attempt of the running actor: a described provider's calls name none."""

    def account(self, key: str) -> Any:
        """Return the account of a key."""
        name = account_of(key)
        if name not in self._servers:
            clock = cast(Any, SimpleNamespace(now=self._now))
            self._servers[name] = server = KINDS[self.traits].server(clock)
            if hasattr(server, "now"):
                server.now = lambda: self._now().timestamp()
        return self._servers[name]

    def close(self) -> None:
        for server in self._servers.values():
            server.close()

    def attempt(self, request: Request) -> str:
        """Return the name of the attempt; empty for a question."""
        if self.traits == "http":
            return self.calling()
        found = _ATTEMPT.search(unquote_plus(request.body.decode()))
        return found.group() if found else ""

    def answer(self, request: Request, how: How, now: datetime, claimed: Claimed) -> Arrival:
        """Handle a request. Return the part of the answer that arrives."""
        asks, asked = not self.attempt(request), KINDS[self.traits].asked
        if asked and request.method == "GET" and request.target in asked.answers:
            status, said = asked.answers[request.target]
            return Arrival(Reply(status, said).encode(now))
        if how in BROKEN:
            return Arrival(b"", ends=True)
        if how in STATUS:
            addresses = set(_ADDRESS.findall(unquote_plus(request.body.decode())))
            if how is How.SPLIT and len(addresses) == 1 and not asks:
                self.refused |= addresses
            return Arrival(Reply(STATUS[how], {"message": how.value}).encode(now))
        whole = self._answer(request, now, claimed)
        if how is How.TIMEOUT:
            whole = LATE.encode(now)
        if how is How.TORN:
            return Arrival(whole[: len(whole) // 2], ends=True)
        if how in NO_ANSWER:
            return Arrival(b"", ends=True)
        return Arrival(EARLY_HINTS, later=whole) if how is How.HINTS else Arrival(whole)

    def _answer(self, request: Request, now: datetime, claimed: Claimed) -> bytes:
        key = request.headers["host"].removesuffix(_HOST)
        server = self.account(key)
        received = Received(
            method=request.method, path=request.target, headers=request.headers, body=request.body
        )
        step, said = server.usual(received), bytearray()
        if step.takes:
            before = len(server.delivered)
            server.take(received)
            for mail in server.delivered[before:]:
                self._took(self._mail(mail, key, self.attempt(request), now, claimed))
        connection = cast(Any, SimpleNamespace(sendall=said.extend))
        step.act(Exchange(received=received, connection=connection, closing=Event()))
        return bytes(said).replace(DATE.encode(), format_datetime(now, usegmt=True).encode(), 1)

    def _mail(
        self, mail: Delivered, key: str, attempt: str, now: datetime, claimed: Claimed
    ) -> Mail:
        """Return a message as its reader has it. Its link names reader and campaign."""
        link = _LINK.search(mail.text)
        number, reader = link.groups() if link else ("0", "0")
        return Mail(
            campaign="" if link else "letter_",
            subscriber=int(reader),
            address=mail.to,
            message_id=f"{reader}.{number}.test",
            subject=mail.one("Subject"),
            text=mail.text,
            html=mail.html,
            attempt=attempt,
            provider=self.name,
            key=key,
            recorded=_parts(self.traits, key)._inquiry is not None,
            at=now,
            claimed=claimed,
        )


@cache
def _parts(kind: str, key: str) -> Any:
    """Return the provider of this kind, whose transport is not the simulation's."""
    return build(_options(kind, key), workspace=Path(), clock=_NO_CLOCK)


def _options(kind: str, key: str) -> Any:
    url = f"http://{key}{_HOST}"
    place = {"url": f"{url}/v1/messages"} if kind == "http" else {"base_url": url}
    return OPTIONS[kind].model_validate({"kind": kind, **KINDS[kind].options, **place})


def examine(kind: str, key: str, transport: Transport) -> None:
    """Check key and sending domain at a provider, as ``newsletter doctor`` does."""
    options = _options(kind, key)
    signed = registry._signer(options, cast(Any, _Noon()))
    probes = registry.probes(options, sender="news@forum.example")
    with closing(transport):
        list(ask_all(probes, transport, signed))


class _Noon:
    """The clock of questions, which their signature has."""

    def now(self) -> datetime:
        return NOON


_NO_CLOCK = cast(Any, SimpleNamespace(now=lambda: None))


def provider(
    kind: str, key: str, transport: Transport, now: Callable[[], datetime]
) -> HttpProvider:
    """Return the real provider of a kind, with the simulated transport and clock."""
    made = _parts(kind, key)
    translator = made._translator
    if not hasattr(translator, "sign"):
        return HttpProvider(translator, transport, made._inquiry)
    return HttpProvider(
        translator, transport, made._inquiry, sign=lambda call: translator.sign(call, now())
    )
