"""Connections: how long each may take, and what happens once there are too many."""

import gc
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.cli.delivery import run, serve
from newsletter.domain.errors import NewsletterError
from newsletter.web.server import ConnectionLimits, build_server, connections_for, listen_on
from tests.rows import rows

PATIENCE = 60.0  # seconds, on a loaded machine; nothing here takes one
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Open = Callable[[], socket.socket]


async def echo(request: Request) -> Response:
    return Response(await request.body() or b"here")


async def early(request: Request) -> Response:
    return Response("enough", status_code=413)


async def who(request: Request) -> Response:
    return Response(request.client.host if request.client else "")


@contextmanager
def served(bounds: ConnectionLimits) -> Iterator[tuple[uvicorn.Server, tuple[str, int]]]:
    """A server with these bounds, and where it listens."""
    bound = listen_on("127.0.0.1", 0)
    routes = [Route("/", echo, methods=["GET", "POST"]), Route("/who", who)]
    routes.append(Route("/early", early, methods=["POST"]))
    server = build_server(Starlette(routes=routes), bounds)
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        yield server, bound.getsockname()
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        bound.close()


@contextmanager
def listening(bounds: ConnectionLimits) -> Iterator[Open]:
    """Connect to a server with these bounds."""
    with served(bounds) as (_, place), ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection(place, timeout=PATIENCE))


@rows(
    ("host", "said"),
    [
        ("", r"--host is empty; write 127\.0\.0\.1"),
        ("nowhere.invalid", "choose an address of this machine with --host"),
        ("203.0.113.9", "choose an address of this machine with --host"),
        ("2001:db8::1", "2001:db8::1, port 0: .* with --host"),
    ],
)
def test_where_nobody_can_listen_the_option_to_change_is_named(host: str, said: str) -> None:
    with pytest.raises(NewsletterError, match=said):
        listen_on(host, 0)


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with (
        listen_on("127.0.0.1", 0) as taken,
        pytest.raises(NewsletterError, match="choose another with --port"),
    ):
        listen_on("127.0.0.1", taken.getsockname()[1])


def test_an_address_of_ipv6_may_stand_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this system has no IPv6")
    with listen_on("[::1]", 0) as bound:
        assert bound.getsockname()[0] == "::1"


def test_a_server_ends_when_it_is_told_to_and_not_at_its_next_tick() -> None:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = build_server(Starlette(routes=[Route("/", echo)]), ConnectionLimits(connections=8))
    server.tick = 3_600
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        bound.listen()
        with socket.create_connection(bound.getsockname(), timeout=PATIENCE) as connection:
            connection.sendall(GET)
            assert b"\r\ndate: " in connection.recv(1_000)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        bound.close()
    assert not thread.is_alive()


SLOW = """
import signal, socket, sys, threading, time
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from newsletter.cli.main import exit_process
from newsletter.web.http.threads import Lane
from newsletter.web.server import ConnectionLimits, listen_on, build_server

lane = Lane(4)

async def slow(request):
    print("asked", flush=True)
    return Response(await lane.run(time.sleep, 60))

bound = listen_on("127.0.0.1", 0)
print(bound.getsockname()[1], flush=True)
limits = ConnectionLimits(connections=9, end=0.2)
server = build_server(Starlette(routes=[Route("/", slow)]), limits)
signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
thread = threading.Thread(target=server.run, args=([bound],))
thread.start()
while thread.is_alive():
    thread.join(0.1)
exit_process(7)
"""


@pytest.mark.slow("starts a process")
def test_a_process_ends_whatever_its_requests_are_at() -> None:
    command = [sys.executable, "-c", SLOW]
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        stack.callback(server.kill)
        assert server.stdout is not None
        assert server.stderr is not None
        place = ("127.0.0.1", int(server.stdout.readline()))
        half, asked = (
            stack.enter_context(socket.create_connection(place, timeout=PATIENCE)) for _ in range(2)
        )
        half.sendall(POST + b"half")
        asked.sendall(GET)
        assert server.stdout.readline() == "asked\n"
        server.terminate()
        assert asked.recv(1_000).startswith(b"HTTP/1.1 503 ")
        assert server.wait(PATIENCE) == 7
        assert "Traceback" not in server.stderr.read()


def read_all(connection: socket.socket) -> bytes:
    """Return the bytes until the other side ends the connection."""
    came = bytearray()
    try:
        while part := connection.recv(65_536):
            came += part
    except ConnectionResetError:
        pass
    return bytes(came)


def read_one(connection: socket.socket) -> bytes:
    """Return the one answer of a connection that stays open."""
    came = b""
    while not came.endswith(b"here"):
        came += connection.recv(65_536)
    return came


@rows(
    ["said", "answer"],
    [(b"", b"408"), (b"GET / HTTP/1.1\r\nHost:", b"408"), (POST, b"408"), (POST + b"half", b"408")],
)
def test_who_says_half_of_it_is_let_go(said: bytes, answer: bytes) -> None:
    with listening(ConnectionLimits(connections=10, head=0.2, body=0.2)) as connect:
        connection = connect()
        connection.sendall(said)
        assert read_all(connection).startswith(b"HTTP/1.1 " + answer)


def test_a_byte_now_and_then_gains_no_time() -> None:
    with listening(ConnectionLimits(connections=10, head=0.3)) as connect:
        connection = connect()
        connection.settimeout(0.02)
        began, came = time.monotonic(), b""
        while not came and time.monotonic() - began < PATIENCE:
            try:
                connection.sendall(b"G")
                came = connection.recv(100)
            except TimeoutError:
                continue
        assert came.startswith(b"HTTP/1.1 4")


def test_who_asks_nothing_more_is_let_go() -> None:
    with listening(ConnectionLimits(connections=10, idle=0.2)) as connect:
        connection = connect()
        connection.sendall(GET)
        assert read_all(connection).endswith(b"here")


def test_half_of_a_second_request_is_let_go_too() -> None:
    with listening(ConnectionLimits(connections=10, head=1)) as connect:
        connection = connect()
        connection.sendall(GET)
        assert connection.recv(1000)
        connection.sendall(b"GET / HT")
        assert b" 408 " in read_all(connection)


def test_an_answer_leaves_at_once() -> None:
    with (
        served(ConnectionLimits(connections=10)) as (server, place),
        socket.create_connection(place, timeout=PATIENCE) as connection,
    ):
        connection.sendall(GET)
        answer = read_one(connection)
        assert answer.endswith(b"\r\n\r\nhere")
        assert b"\nserver:" not in answer.lower(), "which would tell what to attack"
        [held] = server.server_state.connections
        accepted = held.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@rows("head", [b"a: " + b"a" * (34 << 10), b"a:\r\n" * 7_000, b"a: " + b"a" * (1 << 20)])
def test_a_head_that_is_too_long_is_refused_though_it_comes_as_one_packet(head: bytes) -> None:
    with listening(ConnectionLimits(connections=10)) as connect:
        connection = connect()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_heads_of_one_connection_are_not_counted_together() -> None:
    fields = b"".join(b"a%d: b\r\n" % number for number in range(90))
    with listening(ConnectionLimits(connections=10)) as connect:
        connection = connect()
        for _ in range(12):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
            assert b" 200 " in read_one(connection)


def test_what_is_no_request_gets_400() -> None:
    with listening(ConnectionLimits(connections=10)) as connect:
        connection = connect()
        connection.sendall(b"nonsense\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_a_body_in_tiny_chunks_keeps_nobody_else_waiting() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with listening(ConnectionLimits(connections=10)) as connect:
        chunked, other = connect(), connect()
        chunked.sendall(head + b"1\r\nx\r\n" * 12_000 + b"0\r\n\r\n")
        other.sendall(GET)
        assert b"200" in other.recv(1000)
        chunked.setblocking(False)
        with pytest.raises(BlockingIOError):
            chunked.recv(1000)
        chunked.settimeout(PATIENCE)
        answer = b""
        while answer.count(b"x") < 12_000:
            answer += chunked.recv(65_536)


def test_a_connection_that_is_over_takes_no_memory_until_the_collector_runs() -> None:
    with served(ConnectionLimits(connections=10)) as (server, place):
        gc.disable()
        try:
            with socket.create_connection(place, timeout=PATIENCE) as connection:
                head = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n"
                connection.sendall(head + bytes(70_000))
                assert connection.recv(1_000)
                [held] = map(weakref.ref, server.server_state.connections)
            until = time.monotonic() + PATIENCE
            while held() is not None and time.monotonic() < until:
                time.sleep(0.01)
            assert held() is None
        finally:
            gc.enable()


def test_who_is_gone_before_an_early_answer_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with served(ConnectionLimits(connections=50)) as (server, place):
        head = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n"
        for _ in range(5):
            with socket.create_connection(place, timeout=PATIENCE) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(head)
        until = time.monotonic() + PATIENCE
        while server.server_state.connections and time.monotonic() < until:
            time.sleep(0.01)
    assert [record for record in caplog.records if record.exc_info] == []


@rows(["wish"], [(b"keep-alive",), (b"close",)])  # nginx says close, if not told otherwise
def test_an_early_answer_reaches_who_is_still_sending(wish: bytes) -> None:
    size = 8 << 20
    with listening(ConnectionLimits(connections=10)) as connect:
        connection = connect()
        head = b"POST /early HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n" % wish
        head += b"Content-Length: %d\r\n\r\n" % size
        connection.sendall(head + bytes(size - 1))
        assert read_all(connection).endswith(b"\r\n\r\nenough")


def test_requests_that_come_together_are_all_answered() -> None:
    with listening(ConnectionLimits(connections=10, idle=0.2)) as connect:
        connection = connect()
        connection.sendall(GET + POST + b"good news" + GET)
        assert read_all(connection).count(b"HTTP/1.1 200") == 3


@rows(("then", "later"), [(b"", 0), (GET, 0), (b"GET /", 0), (b"GET /", 0.3)])
def test_who_does_not_read_an_answer_is_let_go(then: bytes, later: float) -> None:
    """It is larger than the system's buffers, and no one reads any of it."""
    size = 32 << 20
    with (
        served(ConnectionLimits(connections=10, head=60, answer=0.6)) as (server, place),
        socket.create_connection(place, timeout=PATIENCE) as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        connection.sendall(bytes(size))
        time.sleep(later)
        connection.sendall(then)
        until = time.monotonic() + PATIENCE
        while server.server_state.connections and time.monotonic() < until:
            time.sleep(0.01)
        assert not server.server_state.connections
        assert len(read_all(connection)) < size


def test_once_there_are_too_many_the_one_that_waits_longest_makes_room() -> None:
    with listening(ConnectionLimits(connections=3)) as connect:
        oldest, *others = [connect() for _ in range(3)]
        for one in (oldest, *others):  # taken on, one after the other
            one.sendall(GET)
            came = b""
            while not came.endswith(b"here"):
                came += one.recv(1000)
        connection = connect()
        connection.sendall(GET)
        assert b"200" in connection.recv(1000)
        assert read_all(oldest) == b""


def test_however_many_hold_on_a_reader_is_answered() -> None:
    with listening(ConnectionLimits(connections=8)) as connect:
        for number in range(40):
            connect().sendall(POST if number % 2 else b"GET /")
        connection = connect()
        connection.sendall(GET)
        assert b"200" in connection.recv(1000)


FEW_FILES = """
import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from contextlib import suppress
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from newsletter.web.server import build_server, default_limits

async def here(request):
    with suppress(ClientDisconnect):
        await request.body()
    open("/dev/null").close()
    return Response("here")

bound = socket.socket()
bound.bind(("127.0.0.1", 0))
bound.listen()
print(bound.getsockname()[1], flush=True)
app = Starlette(routes=[Route("/", here, methods=["GET", "POST"])])
build_server(app, default_limits()).run([bound])
"""


@pytest.mark.slow("starts a process")
def test_a_process_with_few_files_keeps_some_however_many_connect_at_once() -> None:
    command = [sys.executable, "-c", FEW_FILES]
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        stack.callback(server.kill)
        assert server.stdout is not None
        assert server.stderr is not None
        place = ("127.0.0.1", int(server.stdout.readline()))

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(place, timeout=PATIENCE))

        for _ in range(150):
            connect().sendall(POST)
        connection = connect()
        connection.sendall(GET)
        assert b"200" in connection.recv(1000)
        server.kill()
        assert server.stderr.read() == ""


@rows(["open_files", "connections"], [(64, 32), (256, 128), (1_024, 624), (65_536, 1_000), (10, 8)])
def test_half_of_all_descriptors_are_kept_back_at_least(open_files: int, connections: int) -> None:
    assert connections_for(open_files) == connections


@pytest.mark.parametrize(("proxy", "seen"), [(None, b"203.0.113.7"), ("192.0.2.1", b"127.0.0.1")])
def test_the_word_of_a_proxy_counts_from_this_machine_or_where_it_is_said_to_run(
    monkeypatch: pytest.MonkeyPatch, proxy: str | None, seen: bytes
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if proxy:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", proxy)
    with listening(ConnectionLimits(connections=10)) as connect:
        connection = connect()
        fields = b"Host: x\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7\r\n"
        connection.sendall(b"GET /who HTTP/1.1\r\n" + fields + b"\r\n")
        assert read_all(connection).endswith(seen)


def test_pages_are_for_this_machine_unless_said_otherwise() -> None:
    for command in (run, serve):
        options = {option.name: option.default for option in command.params}
        assert (options["host"], options["port"]) == ("127.0.0.1", 8000)
