"""The providers as their documentation describes them, by their real translators and look-ups.

Each account is a server of ``tests/provider_servers``, which is asked without a socket. The name of
a host is the key with which it is called.
"""

import json
import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote_plus, urlsplit

from newsletter.providers import registry
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.common.doctor import examine as ask_all
from newsletter.providers.registry import OPTIONS, build
from newsletter.transport.transport import Transport
from tests.contracts.provider import batch
from tests.fakes import NOON, THEIRS, WORKSPACE
from tests.provider_servers.kinds import KINDS
from tests.servers import DATE, Delivered, Exchange, Received
from tests.simulation.cast import ORIGINAL
from tests.simulation.service import (
    BROKEN,
    STATUS,
    Arrival,
    Claimed,
    How,
    Mail,
    Reply,
    Request,
    account_of,
    arrival,
)

DOCUMENTED = tuple(sorted(KINDS))
_ATTEMPT = re.compile(f"{WORKSPACE}[0-9]{{24}}")
_ADDRESS = re.compile(r"[a-z]+[0-9]+@example\.org")
_LINK = re.compile(r"/t-([0-9]+)-([0-9]+)\n")
_HOST = ".example"
_FILTER = re.compile(r"recipient|tags?=|email=|filters\[to\]|query")
"""A question for some messages, not for the newest of all."""
_KNOW_KEYS = frozenset({"brevo", "resend"})
_PAGE = 2
"""Messages on one page of the records."""


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
            server.page_rows = _PAGE
            server.take(_of_another_workspace(self.traits))
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
            if how is How.DROP and not asks and self.traits == "brevo":
                self._server(request).note_key(_received(request))  # and takes nothing
            return Arrival(b"", ends=True)
        if how in STATUS:
            addresses = set(_ADDRESS.findall(unquote_plus(request.body.decode())))
            if how is How.SPLIT and len(addresses) == 1 and not asks:
                self.refused |= addresses
            return Arrival(Reply(STATUS[how], {"message": how.value}).encode(now))
        if how is How.DOUBLED and self.traits in _KNOW_KEYS and not asks:
            self._answer(request, now, claimed)
        whole = self._answer(request, now, claimed)
        if how is How.HALF and not asks:
            whole = _changed(whole, _forget_every_second)
        if how is How.STALE and asks and _FILTER.search(_words(request)):
            whole = _changed(whole, _find_nothing)
        return arrival(whole, how, now)

    def _answer(self, request: Request, now: datetime, claimed: Claimed) -> bytes:
        server, received = self._server(request), _received(request)
        step, said = server.usual(received), bytearray()
        if step.takes:
            before = len(server.delivered)
            server.take(received)
            for mail in server.delivered[before:]:
                self._took(self._mail(mail, request, now, claimed))
        connection = cast(Any, SimpleNamespace(sendall=said.extend))
        step.act(Exchange(received=received, connection=connection, closing=Event()))
        return bytes(said).replace(DATE.encode(), format_datetime(now, usegmt=True).encode(), 1)

    def _server(self, request: Request) -> Any:
        return self.account(_key(request))

    def _mail(self, mail: Delivered, request: Request, now: datetime, claimed: Claimed) -> Mail:
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
            attempt=self.attempt(request),
            provider=self.name,
            key=_key(request),
            recorded=_parts(self.traits, _key(request))._inquiry is not None,
            at=now,
            claimed=claimed,
        )


def _key(request: Request) -> str:
    return request.headers["host"].removesuffix(_HOST)


def _received(request: Request) -> Received:
    return Received(
        method=request.method, path=request.target, headers=request.headers, body=request.body
    )


def _words(request: Request) -> str:
    return unquote_plus(f"{request.target} {request.body.decode()}")


@cache
def _of_another_workspace(kind: str) -> Received:
    """Return a call by which another workspace writes to two of our readers, in our words."""
    sent = batch("reader1@example.org", "reader2@example.org", attempt_id=THEIRS)
    one = _parts(kind, "theirs")
    few = sent.recipients[: one.capabilities.max_recipients]
    call = one._translator.build(replace(sent, campaign=ORIGINAL, recipients=few))
    headers = {name.lower(): value for name, value in call.headers.items()}
    return Received(
        method=call.method, path=urlsplit(call.url).path, headers=headers, body=call.body
    )


def _changed(answer: bytes, change: Callable[[Any], Any]) -> bytes:
    """Return an answer whose JSON is changed, and not longer."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    with suppress(ValueError):
        body = json.dumps(change(json.loads(body))).encode().ljust(len(body))
    return head + mark + body


def _forget_every_second(said: Any) -> Any:
    """Let every second entry have failed, which does not say that nothing was taken."""
    for entries in [said, *(said.values() if isinstance(said, dict) else ())]:
        if isinstance(entries, list):
            entries[1::2] = [{"Status": "FAILED"} for _ in entries[1::2]]
    return said


def _find_nothing(said: Any) -> Any:
    """Let a search find no message, as if its index were empty."""
    if not isinstance(said, dict):
        return said
    empty: dict[type, object] = {list: [], int: 0}
    return {name: empty.get(type(value), value) for name, value in said.items()}


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
