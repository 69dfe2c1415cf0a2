"""The real transport to a simulated provider, over pairs of connected sockets.

The thread that waits for an answer at the near end also serves the far end. So the provider has no
thread of its own, which could change the order of events.
"""

import contextlib
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay
from newsletter.domain.statements.content import NAME_MARKS, MergeField
from newsletter.providers.common import answers
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.mailtrap.send import MailtrapInquiry, Options
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse, json_post
from newsletter.transport.transport import Call, Connection, FinalAnswer, Transport
from tests.simulation.documented import Documented, provider
from tests.simulation.service import HAVE_RECORDS, KEY_LIVES, SETTLES, Arrival, Request, Service

TIMEOUT = timedelta(seconds=30)
_BYTES = 1 << 20
_MARKS = (MergeField.UNSUBSCRIBE.value, MergeField.MESSAGE_ID.value, NAME_MARKS[0])
TRAITS: dict[str, dict[str, Any]] = {
    "keyed": {"replay": Replay.KEYED, "key_lifetime": KEY_LIVES},
    "asked": {},
    "both": {"replay": Replay.KEYED, "key_lifetime": KEY_LIVES},
    "safe": {"replay": Replay.SAFE},
    "mute": {},
}


class _FarEnd:
    """The provider's end of a connection."""

    def __init__(self, far: socket.socket, serve: Callable[[Request], Arrival]) -> None:
        self._far = far
        self._serve = serve
        self._read = b""
        self._later = b""
        """The rest of an answer, not yet sent."""
        far.setblocking(False)

    def work(self) -> None:
        """Send the rest of the last answer and answer the next request."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._read += self._far.recv(_BYTES)
        owed, self._later = self._later, b""
        request = self._request()
        if request is None:
            self._send(owed)
            if not owed:
                self._far.close()  # the near end waits, and no answer is due
            return
        arrival = self._serve(request)
        # the rest of the last answer comes first, the answer to this request later
        self._send(owed or arrival.at_once)
        self._later = (arrival.at_once if owed else b"") + arrival.later
        if arrival.ends:
            self._far.close()

    def _request(self) -> Request | None:
        head, separator, rest = self._read.partition(b"\r\n\r\n")
        if not separator:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
        self._read = rest[length:]
        method, target, _ = first.split(" ")
        return Request(method, target, headers, rest[:length])

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._far.sendall(data)

    def close(self) -> None:
        self._far.close()


class _NearEnd(socket.socket):
    """newsletter's end of a connection. Waiting for bytes runs the far end."""

    far: _FarEnd

    def recv_into(self, *given: Any) -> int:
        self.far.work()
        return super().recv_into(*given)


class Network:
    """The connections of one installation to one provider, with their transport."""

    def __init__(self, answer: type[FinalAnswer]) -> None:
        self.serve: Callable[[Request], Arrival] = _nobody
        self._ends: list[_FarEnd] = []
        self.now: Callable[[], datetime] = _nobody_knows
        """The machine's clock."""
        self.transport = Transport(timeout=TIMEOUT, clock=self)  # type: ignore[arg-type]
        network = self

        class Connected(Connection):
            def open(self, ends_at: float) -> socket.socket:
                return network._open()

            def read(
                self, sock: socket.socket, method: str, call: Call, body_bytes: int
            ) -> FinalAnswer:
                return answer(
                    sock, method=method, body_bytes=body_bytes, seconds_left=call.seconds_left
                )

        self.transport.connection_class = Connected

    def _open(self) -> socket.socket:
        near, far = socket.socketpair()
        end = _NearEnd(fileno=near.detach())
        end.far = _FarEnd(far, lambda request: self.serve(request))
        self._ends.append(end.far)
        return end

    def forget(self) -> None:
        """Close idle connections, as at the end of a process."""
        self.transport.close()

    def clear(self) -> None:
        """Close all connections, also those of an older process."""
        self.forget()
        for end in self._ends:
            end.close()
        self._ends.clear()


def _nobody(request: Request) -> Arrival:
    raise AssertionError(f"{request.target} is called while nothing is connected")


def _nobody_knows() -> datetime:
    raise AssertionError("the time is asked for while nothing is connected")


@cache
def network(host: int, provider: str, answer: type[FinalAnswer]) -> Network:
    """Return the connections of an installation to a provider. Each run begins with none."""
    return Network(answer)


class Words:
    """The translator of the simulated provider."""

    def __init__(self, name: str, traits: str, key: str) -> None:
        self.name = name
        self.capabilities = Capabilities(max_recipients=1000, **TRAITS[traits])
        self._url = f"http://{name}.example"
        self._headers = {"Authorization": f"Bearer {key}"}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        content = batch.content
        call = {
            "attempt": batch.attempt_id,
            "campaign": batch.campaign,
            "from": content.sender.address,
            "subject": content.subject,
            "text": content.text,
            "html": content.html,
            "marks": _MARKS,
            "messages": [
                {
                    "to": one.address,
                    "token": one.unsubscribe,
                    "name": "".join(one.names),
                    "id": one.message_id,
                    "subscriber": one.subscriber_id,
                }
                for one in batch.recipients
            ],
        }
        return json_post(f"{self._url}/send", self._headers, json.dumps(call).encode())

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        if response.status == 402:
            return answers.make_answer(response, Verdict.QUOTA, "enough for today")
        if response.status != 200:
            return answers.refuse_by_status(batch, response, f"HTTP {response.status}")
        payload = http.json_object(response) or {}
        items = answers.read_outcomes(batch, payload.get("messages"), _outcome)
        return answers.combine(batch, items, response)


_VERDICTS = {
    "taken": Verdict.ACCEPTED,
    "refused": Verdict.REJECTED,
    "later": Verdict.RETRY,
    "unsaid": Verdict.UNKNOWN,
}


def _outcome(_recipient: object, item: Any) -> Outcome:
    return Outcome(verdict=_VERDICTS[item["status"]], reason=item["status"], provider_id="call")


@cache
def _inquiry(provider: str, key: str) -> MailtrapInquiry:
    return MailtrapInquiry(
        Options(kind="mailtrap", api_token=SecretStr(key), base_url=f"http://{provider}.example")
    )


@dataclass(kw_only=True)
class Customer:
    """The provider as an installation sees it, which implements the port."""

    service: Service | Documented
    key: str
    """The credentials, which are also the name of the account."""
    network: Network
    point: Callable[[str], None]
    calling: Callable[[str], None]
    """Gets the attempt of each call, and "" before each question."""

    def __post_init__(self) -> None:
        if isinstance(self.service, Documented):
            kind, wire = self.service.traits, self.network
            self._provider = provider(kind, self.key, wire.transport, wire.now)
            return
        records = self.service.traits in HAVE_RECORDS
        self._provider = HttpProvider(
            Words(self.service.name, self.service.traits, self.key),
            self.network.transport,
            _inquiry(self.service.name, self.key) if records else None,
            settle=SETTLES,
        )

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        return self._provider.prepare(batch)

    def send(self, prepared: PreparedRequest) -> Answer:
        self.point("call")
        self.calling(prepared.batch.attempt_id)
        return self._provider.send(prepared)

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        self.point("question")
        self.calling("")
        return self._provider.look_up(batch)

    def close(self) -> None:
        """The network of the simulation closes with its host."""
