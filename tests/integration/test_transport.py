"""The transport against a real server: every fault in every phase, and nothing made twice."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import __version__
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.errors import ClaimOver, Defect, InvalidConfiguration, ProviderUnreachable
from newsletter.providers.common.calls import HttpProvider
from newsletter.transport.http import AnswerLost, HttpRequest, HttpResponse, origin_of
from newsletter.transport.transport import MAX_ANSWER_BYTES, Call, Connection, Transport, resolve
from tests.certificates import Files, certify, tls_server
from tests.contracts.provider import batch
from tests.fakes import NOON, FixedClock
from tests.servers import (
    Exchange,
    LoopbackServer,
    Step,
    answer_bytes,
    bytes_then_close,
    bytes_then_silence,
    closed_port,
    deaf_port,
    endless,
    reply,
    trickle,
)

SHORT = 0.4
"""Less than any answer below would take to its end."""
SLACK = 60.0
"""How much longer than its deadline a call may take on a busy machine."""

Opener = Callable[[float], Transport]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Makes transports with a total deadline in seconds."""
    with contextlib.ExitStack() as stack:

        def make(seconds: float = 10) -> Transport:
            transport = Transport(timeout=timedelta(seconds=seconds), concurrency=4)
            stack.callback(transport.close)
            return transport

        yield make


def post(url: str, body: bytes = b"mail", **headers: str) -> HttpRequest:
    return HttpRequest(method="POST", url=f"{url}/messages", headers=headers, body=body)


def test_an_answer_is_dated_by_the_clock_there_is(server: LoopbackServer) -> None:
    transport = Transport(timeout=timedelta(seconds=10), clock=FixedClock())
    try:
        assert transport.call(post(server.url)).at == NOON
    finally:
        transport.close()


def test_a_call_begins_while_its_claim_lasts_as_long_as_it_may(
    server: LoopbackServer, opened: Opener
) -> None:
    clock = FixedClock()
    opened(10).call(post(server.url), NotAfter.after(timedelta(seconds=60), clock))
    assert len(server.requests) == 1
    with pytest.raises(ClaimOver):
        opened(10).call(post(server.url), NotAfter.after(timedelta(seconds=9), clock))
    assert len(server.requests) == 1


def test_a_claim_that_ends_while_connecting_lets_no_byte_leave(
    server: LoopbackServer, opened: Opener
) -> None:
    class Sleepy(FixedClock):
        """After its first question the machine sleeps."""

        asked = 0

        def uptime(self) -> timedelta:
            self.asked += 1
            if self.asked == 3:
                self.advance(minutes=5)
            return super().uptime()

    lease = NotAfter.after(timedelta(seconds=60), Sleepy())
    with pytest.raises(ClaimOver, match="Nothing was sent"):
        opened(10).call(post(server.url), lease)
    assert server.requests == []


def test_the_request_arrives_as_it_was_built(server: LoopbackServer, opened: Opener) -> None:
    opened(10).call(post(server.url, b"\x00\xff mail", Authorization="Basic abc"))
    (received,) = server.requests
    assert (received.method, received.path, received.body) == (
        "POST",
        "/messages",
        b"\x00\xff mail",
    )
    assert received.headers["authorization"] == "Basic abc"
    assert received.headers["content-length"] == "7"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"] == f"newsletter/{__version__}"
    assert "cookie" not in received.headers
    assert "transfer-encoding" not in received.headers


def test_any_full_answer_is_returned_and_nothing_is_made_twice(
    subtests: pytest.Subtests, server: LoopbackServer, opened: Opener
) -> None:
    for status in [200, 202, 301, 302, 303, 307, 308, 400, 401, 429, 500, 503]:
        with subtests.test(status=status):
            server.requests.clear()
            with LoopbackServer() as elsewhere:
                target = {"Location": f"{elsewhere.url}/stolen", "Retry-After": "0", "X-Odd": "Ja"}
                server.script.append(reply(status, '{"id": "1"}', target))
                response = opened(10).call(post(server.url, Authorization="Basic secret"))
                assert elsewhere.requests == []
            assert response.status == status
            assert response.body == b'{"id": "1"}'
            assert response.headers["x-odd"] == "Ja"
            assert len(server.requests) == 1


def test_an_empty_answer_with_a_length_is_an_answer(server: LoopbackServer, opened: Opener) -> None:
    server.script.append(reply(202, b""))
    assert opened(10).call(post(server.url)).body == b""


def test_no_content_is_an_answer(server: LoopbackServer, opened: Opener) -> None:
    server.script.append(bytes_then_close(answer_bytes(204, framed=False)))
    assert opened(10).call(post(server.url)).status == 204


def test_an_answer_in_chunks_is_put_together(server: LoopbackServer, opened: Opener) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.script.append(bytes_then_close(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    assert opened(10).call(post(server.url)).body == b"abcde"


def test_a_body_that_ends_with_the_connection_is_an_answer(
    server: LoopbackServer, opened: Opener
) -> None:
    server.script.append(bytes_then_close(answer_bytes(200, b'{"id": "1"}', framed=False)))
    assert opened(10).call(post(server.url)).body == b'{"id": "1"}'


def test_connections_are_kept_and_cookies_are_not(server: LoopbackServer, opened: Opener) -> None:
    transport = opened(10)
    for _ in range(5):
        server.script.append(reply(200, "{}", {"Set-Cookie": "session=1; Path=/"}))
        transport.call(post(server.url))
    assert server.connections == 1
    assert all("cookie" not in received.headers for received in server.requests)


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(
    server: LoopbackServer, opened: Opener
) -> None:
    def answer_and_close(exchange: Exchange) -> None:
        exchange.write(answer_bytes(200, b"{}"))
        exchange.connection.shutdown(socket.SHUT_RDWR)

    transport = opened(10)
    server.script.append(Step(act=answer_and_close))
    transport.call(post(server.url))
    server.finish(1)
    transport.call(post(server.url))
    assert server.connections == 2
    assert len(server.requests) == 2


def test_threads_share_a_transport(server: LoopbackServer, opened: Opener) -> None:
    transport = opened(10)
    answers: list[bytes] = []

    def one(number: int) -> None:
        for each in range(10):
            body = f"{number} {each}".encode()
            answers.append(transport.call(post(server.url, body)).body)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 80
    assert len({received.body for received in server.requests}) == 80


def test_a_transport_that_was_closed_can_call_again(server: LoopbackServer, opened: Opener) -> None:
    transport = opened(10)
    transport.call(post(server.url))
    transport.close()
    transport.close()
    assert transport.call(post(server.url)).status == 200


FIRST = answer_bytes(202, b"first")
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\nX-Why: asked\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
TWO_LENGTHS = b"HTTP/1.1 202 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nfirstmore"
CHUNKS = b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n%s\r\n5\r\nfirst\r\n0\r\n\r\n"
PAUSE = b""
"""In place of bytes: some time."""


def pieces(*parts: bytes) -> Step:
    """Write them one after the other, and keep the connection."""

    def act(exchange: Exchange) -> None:
        for part in parts:
            if part == PAUSE:
                exchange.closing.wait(0.03)
            else:
                exchange.write(part)

    return Step(act=act)


ORDERS: dict[str, tuple[Step, bool, int]] = {
    # what comes, whether it is understood, and the connections that two calls take
    "the answer alone": (pieces(FIRST), True, 1),
    "hints before it": (pieces(HINTS + FIRST), True, 1),
    "hints, and the answer later": (pieces(HINTS, PAUSE, FIRST), True, 1),
    "processing, and the answer later": (pieces(PROCESSING, PAUSE, FIRST), True, 1),
    "interim ones of each kind": (pieces(GO_ON, PROCESSING + HINTS, GO_ON, HINTS + FIRST), True, 1),
    "an interim one of no known kind": (pieces(b"HTTP/1.1 199 Odd\r\n\r\n" + FIRST), True, 1),
    "hints in parts": (
        pieces(HINTS[:20], PAUSE, HINTS[20:] + FIRST[:9], PAUSE, FIRST[9:]),
        True,
        1,
    ),
    "hints that say close": (
        pieces(HINTS.replace(b"Link", b"Connection: close\r\nLink") + FIRST),
        True,
        1,
    ),
    "chunks": (pieces(CHUNKS % b""), True, 1),
    "a line end too many": (pieces(FIRST + b"\r\n"), True, 2),
    "another answer later": (pieces(FIRST, PAUSE, FIRST), True, 2),
    "its own answer, once more, in chunks and by length": (
        pieces(CHUNKS % b"Content-Length: 5\r\n"),
        True,
        2,
    ),
    "another protocol": (pieces(SWITCHED, PAUSE, FIRST), False, 2),
    "another protocol after hints": (pieces(HINTS + SWITCHED + FIRST), False, 2),
    "hints with a body": (pieces(HINTS + b"{}" + FIRST), False, 2),
    "hints, and hanging up": (bytes_then_close(HINTS), False, 2),
    "hints as long as no answer may be": (
        bytes_then_close((HINTS[:-2] + b"X-Long: " + b"x" * 60_000 + b"\r\n\r\n") * 45 + FIRST),
        False,
        2,
    ),
    "two answers at once": (pieces(FIRST + FIRST), False, 2),
    "two answers, the second one in part": (pieces(FIRST + FIRST[:9], PAUSE, FIRST[9:]), False, 2),
    "no content, with content": (pieces(b"HTTP/1.1 204 OK\r\n\r\nfirst"), False, 2),
    "two lengths": (pieces(TWO_LENGTHS), False, 2),
    "a coding that is not understood": (
        bytes_then_close(CHUNKS.replace(b"chunked", b"gzip, chunked") % b""),
        False,
        2,
    ),
}


def test_what_is_no_full_answer_to_a_call_is_none_to_the_next_either(
    subtests: pytest.Subtests, opened: Opener
) -> None:
    """A connection is used again only where all that came over it was the answer asked for."""
    for order, (step, understood, connections) in ORDERS.items():
        with subtests.test(order), LoopbackServer() as server:
            server.script += [step, pieces(answer_bytes(202, b"second"))]
            transport = opened(10)
            if understood:
                assert transport.call(post(server.url)).body == b"first"
            else:
                with pytest.raises(AnswerLost):
                    transport.call(post(server.url))
            if "later" in order:
                server.finish(1)
            assert transport.call(post(server.url)).body == b"second"
            assert (server.connections, len(server.requests)) == (connections, 2)


def connected_to(url: str) -> Connection:
    """A connection of the transport's, past its pool, which looks before it hands one out."""
    return Connection(origin_of(url), resolve, None)


REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nmail"


def test_what_comes_until_the_next_request_begins_is_not_its_answer(server: LoopbackServer) -> None:
    server.script.append(pieces(FIRST, PAUSE, FIRST))
    with contextlib.closing(connected_to(server.url)) as connection:
        with connection.exchange(REQUEST, "POST", Call(10), 100) as answer:
            assert answer.read() == b"first"
        server.finish(1)
        call = Call(10)
        with pytest.raises(ConnectionError, match="before anything was asked"):
            connection.exchange(REQUEST, "POST", call, 100)
        assert not call.has_begun
    assert len(server.requests) == 1


def test_an_answer_that_was_there_before_anything_was_asked_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with contextlib.closing(connected_to(url)) as connection:
            call = Call(10)
            connection.connect(call)
            theirs, _ = listener.accept()
            with theirs:
                theirs.sendall(FIRST)
                time.sleep(0.02)
                with pytest.raises(ConnectionError, match="before anything was asked"):
                    connection.exchange(REQUEST, "POST", call, 100)
                assert not call.has_begun


def test_a_refused_connection_is_not_sent(opened: Opener) -> None:
    with pytest.raises(ProviderUnreachable, match=r"127\.0\.0\.1 .*Connection refused.*safe"):
        opened(10).call(post(f"http://127.0.0.1:{closed_port()}"))


def test_a_name_that_cannot_be_resolved_is_not_sent(opened: Opener) -> None:
    with pytest.raises(ProviderUnreachable, match="cannot be reached"):
        opened(10).call(post("http://[::1%25nosuchinterface]:9"))


def test_a_connection_that_never_completes_is_not_sent(opened: Opener) -> None:
    with deaf_port() as port, lasting(SHORT), pytest.raises(ProviderUnreachable, match=r"0\.4 s"):
        opened(SHORT).call(post(f"http://127.0.0.1:{port}"))


def test_a_handshake_that_fails_is_not_sent(server: LoopbackServer, opened: Opener) -> None:
    with pytest.raises(ProviderUnreachable):
        opened(10).call(post(server.url.replace("http:", "https:")))
    assert server.requests == []


def test_a_handshake_that_never_ends_is_not_sent(opened: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, lasting(SHORT):
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ProviderUnreachable, match=r"0\.4 s"):
            opened(SHORT).call(post(url))


def test_a_certificate_that_nobody_vouches_for_is_not_sent(
    certificate: Files, opened: Opener
) -> None:
    with tls_server(certificate, b"") as (port, heard):
        with pytest.raises(ProviderUnreachable, match="certificate"):
            opened(10).call(post(f"https://localhost:{port}"))
        assert heard == []


def test_a_call_whose_time_is_over_before_it_sends_is_not_sent() -> None:
    call = Call(0)
    with pytest.raises(TimeoutError):
        call.begin()
    assert not call.has_begun


def test_a_deadline_of_nothing_sends_nothing(server: LoopbackServer, opened: Opener) -> None:
    with pytest.raises(ProviderUnreachable):
        opened(0.000001).call(post(server.url))
    time.sleep(0.1)
    assert server.requests == []


def test_a_call_that_cannot_be_written_is_a_setting_and_keeps_its_secret(
    subtests: pytest.Subtests, opened: Opener
) -> None:
    for url, header in [
        ("http://127.0.0.1:1", "hush\nX-More: 1"),
        ("http://127.0.0.1:1", "hush ✓"),
        ("http://:1", "hush"),
        ("nonsense", "hush"),
    ]:
        with subtests.test(url=url, header=header):
            with pytest.raises(InvalidConfiguration) as caught:
                opened(10).call(post(url, Authorization=header))
            shown = [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
            assert not any("hush" in each for each in shown)
            assert caught.value.__suppress_context__


def test_a_request_that_our_own_code_got_wrong_is_a_defect_not_a_retry(
    server: LoopbackServer, opened: Opener
) -> None:
    wrong = HttpRequest(method="PO\nST", url=server.url)
    with pytest.raises(Defect, match="please report it"):
        opened(10).call(wrong)
    assert server.requests == []


WHOLE = answer_bytes(200, b'{"id": "1", "message": "Queued"}')
HEAD = WHOLE.partition(b"\r\n\r\n")[0]

BROKEN: dict[str, Step] = {
    "goodbye before a byte": bytes_then_close(b""),
    "reset before a byte": bytes_then_close(b"", reset=True),
    "cut in the status line": bytes_then_close(b"HTTP/1.1 20"),
    "cut after the status line": bytes_then_close(b"HTTP/1.1 200 OK\r\n"),
    "cut in the headers": bytes_then_close(b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Le"),
    "cut after the headers": bytes_then_close(HEAD + b"\r\n"),
    "cut before the body": bytes_then_close(HEAD + b"\r\n\r\n"),
    "cut in the body": bytes_then_close(WHOLE[:-5]),
    "reset in the body": bytes_then_close(WHOLE[:-5], reset=True),
    "cut in a chunk": bytes_then_close(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"
    ),
    "cut between chunks": bytes_then_close(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    ),
    "chunks of nonsense": bytes_then_close(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"
    ),
    "another protocol": bytes_then_close(b"SSH-2.0-OpenSSH_9.0\r\n"),
    "a status that is no number": bytes_then_close(b"HTTP/1.1 OK 200\r\n\r\n"),
    "a length that is no number": bytes_then_close(
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"
    ),
    "an endless header": endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 4096),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n" * 100),
    "a body too long": bytes_then_close(answer_bytes(200, b"x" * (MAX_ANSWER_BYTES + 1))),
    "a body without end": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "endless chunks": endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1000\r\n" + b"x" * 4096 + b"\r\n",
    ),
}


def test_whatever_breaks_after_the_first_byte_is_unknown_and_made_once(
    subtests: pytest.Subtests, server: LoopbackServer, opened: Opener
) -> None:
    for fault in BROKEN:
        with subtests.test(fault=fault):
            server.requests.clear()
            server.script.append(BROKEN[fault])
            with pytest.raises(AnswerLost, match=r"127\.0\.0\.1"):
                opened(10).call(post(server.url))
            assert len(server.requests) == 1


def test_the_longest_answer_allowed_is_read(server: LoopbackServer, opened: Opener) -> None:
    server.script.append(reply(200, b"x" * MAX_ANSWER_BYTES))
    assert len(opened(10).call(post(server.url)).body) == MAX_ANSWER_BYTES


def test_a_packed_answer_is_not_unpacked(server: LoopbackServer, opened: Opener) -> None:
    packed = gzip.compress(bytes(2 * MAX_ANSWER_BYTES))
    server.script.append(reply(200, packed, {"Content-Encoding": "gzip"}))
    assert opened(10).call(post(server.url)).body == packed


def test_a_kept_connection_that_ends_under_a_request_is_unknown(
    server: LoopbackServer, opened: Opener
) -> None:
    transport = opened(10)
    transport.call(post(server.url))
    server.script.append(bytes_then_close(b""))
    with pytest.raises(AnswerLost):
        transport.call(post(server.url))
    assert (server.connections, len(server.requests)) == (1, 2)


@contextlib.contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """Require that the block takes at least so long, and not much longer."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert seconds * 0.9 <= took <= seconds + SLACK


def answered(transport: Transport, request: HttpRequest) -> HttpResponse:
    """The first answer that comes in time: a machine that stands still is too late."""
    for _ in range(9):
        with contextlib.suppress(AnswerLost, ProviderUnreachable):
            return transport.call(request)
    raise AssertionError("no answer came in time")


def cut_off(transport: Transport, request: HttpRequest, seconds: float = SHORT) -> None:
    """Require that a call which has left is cut off in time, and lost."""
    for _ in range(9):
        with (
            lasting(seconds),
            pytest.raises(
                (AnswerLost, ProviderUnreachable), match=f"not within {seconds:g} s"
            ) as e,
        ):
            transport.call(request)
        if e.type is AnswerLost:
            return
    raise AssertionError("no call has left")


LATE: dict[str, Step] = {
    "silence before the answer": bytes_then_silence(),
    "silence in the status line": bytes_then_silence(b"HTTP/1.1 2"),
    "silence in the headers": bytes_then_silence(HEAD),
    "silence in the body": bytes_then_silence(WHOLE[:-5]),
    "silence in an unframed body": bytes_then_silence(answer_bytes(200, b"{}", framed=False)),
    "headers that trickle": trickle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000),
    "interim answers without end": trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a body that trickles": trickle(answer_bytes(200, b"x" * 4000), pause=0.01),
    "chunks that trickle": trickle(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000, pause=0.01
    ),
}


def test_the_deadline_holds_in_every_phase_of_the_answer(
    subtests: pytest.Subtests, server: LoopbackServer, opened: Opener
) -> None:
    for fault in LATE:
        with subtests.test(fault=fault):
            server.requests.clear()
            server.script.append(LATE[fault])
            cut_off(opened(SHORT), post(server.url))
            assert len(server.requests) == 1


def test_the_deadline_holds_while_a_server_does_not_read_a_large_body(
    server: LoopbackServer, opened: Opener
) -> None:
    server.script.append(bytes_then_silence(read_body=False))
    cut_off(opened(SHORT), post(server.url, bytes(20_000_000)))


def test_the_deadline_holds_on_a_kept_connection(server: LoopbackServer, opened: Opener) -> None:
    transport = opened(SHORT)
    answered(transport, post(server.url))
    before = server.connections
    server.script.append(trickle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000))
    cut_off(transport, post(server.url))
    assert server.connections == before


def test_each_call_has_its_own_deadline(server: LoopbackServer, opened: Opener) -> None:
    transport = opened(SHORT)
    for _ in range(3):
        server.script.append(bytes_then_silence())
        cut_off(transport, post(server.url))
        assert answered(transport, post(server.url)).status == 200
    server.script.append(bytes_then_silence())
    cut_off(transport, post(server.url))


def test_one_stalled_call_does_not_hold_or_end_the_others(
    server: LoopbackServer, opened: Opener
) -> None:
    transport = opened(60)
    server.script.append(bytes_then_silence())
    lost: list[BaseException] = []

    def stalled() -> None:
        try:
            transport.call(post(server.url))
        except AnswerLost as error:
            lost.append(error)

    thread = threading.Thread(target=stalled)
    thread.start()
    while not server.requests:
        time.sleep(0.01)
    for _ in range(5):
        assert transport.call(post(server.url)).status == 200
    assert not lost
    server.close()
    thread.join()
    assert len(lost) == 1


def test_proxies_and_netrc_of_the_environment_are_not_used(
    server: LoopbackServer, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password eve\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    opened(10).call(post(server.url))
    opened(10).call(post(server.url, Authorization="Basic ours"))
    bare, ours = server.requests
    assert "authorization" not in bare.headers
    assert ours.headers["authorization"] == "Basic ours"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certify(tmp_path_factory.mktemp("tls"), "localhost")


def test_the_deadline_holds_inside_tls(certificate: Files) -> None:
    trust = ssl.create_default_context(cafile=certificate[0])
    transport = Transport(timeout=timedelta(seconds=10), tls=trust)
    with tls_server(certificate, HEAD) as (port, heard):
        with lasting(10), pytest.raises(AnswerLost, match=r"not within 10 s"):
            transport.call(post(f"https://localhost:{port}"))
        assert heard
    transport.close()


def test_connections_with_tls_are_kept(certificate: Files) -> None:
    trust = ssl.create_default_context(cafile=certificate[0])
    transport = Transport(timeout=timedelta(seconds=10), tls=trust)
    with tls_server(certificate, answer_bytes(202, b"first"), answer_bytes(202, b"second")) as (
        port,
        heard,
    ):
        for body in (b"first", b"second"):
            assert transport.call(post(f"https://localhost:{port}")).body == body
        assert len(heard) == 2
    transport.close()


class Plain:
    """The least a translator can be."""

    name = "plain"
    capabilities = Capabilities(max_recipients=10)

    def __init__(self, url: str, **headers: str) -> None:
        self._request = post(url, b"mail", **headers)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        return self._request

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        if response.status == 418:
            raise KeyError("this translator has a fault")
        return Answer(outcome=Outcome(verdict=Verdict.ACCEPTED))


def handed_over(translator: Plain, transport: Transport) -> Outcome:
    provider = HttpProvider(translator, transport)
    assert provider.name == "plain"
    assert provider.capabilities.max_recipients == 10
    return provider.send(provider.prepare(batch())).outcome


def test_a_provider_turns_each_end_of_a_call_into_a_verdict(
    server: LoopbackServer, opened: Opener
) -> None:
    transport = opened(10)
    assert handed_over(Plain(server.url), transport).verdict is Verdict.ACCEPTED
    server.script.append(bytes_then_close(b""))
    assert handed_over(Plain(server.url), transport).verdict is Verdict.UNKNOWN
    nowhere = Plain(f"http://127.0.0.1:{closed_port()}")
    assert handed_over(nowhere, transport).verdict is Verdict.RETRY
    unwritable = Plain(server.url, Authorization="hush\n")
    assert handed_over(unwritable, transport).verdict is Verdict.CONFIGURATION


def test_an_answer_that_a_translator_trips_over_is_unknown(
    server: LoopbackServer, opened: Opener
) -> None:
    server.script.append(reply(418, "{}"))
    outcome = handed_over(Plain(server.url), opened(10))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "418" in outcome.reason


def test_no_reason_shows_a_secret(server: LoopbackServer, opened: Opener) -> None:
    steps = [bytes_then_close(b""), bytes_then_close(b"HTTP/1.1 OK\r\n\r\n"), reply(418, "{}")]
    server.script.extend(steps)
    for _ in steps:
        outcome = handed_over(Plain(server.url, Authorization="Bearer hush"), opened(10))
        assert outcome.verdict is Verdict.UNKNOWN
        assert "hush" not in outcome.reason
