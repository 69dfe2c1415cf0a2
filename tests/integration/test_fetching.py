"""Fetching a feed from a real server on loopback: checked, bounded, and in time."""

import gzip
import ssl
import threading
import zlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.domain.statements.feed import FeedUnreadable
from newsletter.sources.feeds.readers import MAX_BODY_BYTES, Fetcher, Page, require_ok, resolve
from tests.certificates import certify, tls_server
from tests.servers import (
    LoopbackServer,
    answer_bytes,
    bytes_then_close,
    closed_port,
    endless,
    reply,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


class Names:
    """A resolver with answers of its own, which may be another at each question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def fetcher(
    *answers: Sequence[str], private: bool = True, within: timedelta = 60 * SECOND
) -> Fetcher:
    names = Names(*answers) if answers else resolve
    return Fetcher(allow_private=private, timeout=within, resolve=names)


def refused(url: str, using: Fetcher | None = None) -> str:
    with pytest.raises(FeedUnreadable) as caught:
        (using or fetcher()).get(url)
    return str(caught.value)


def test_a_page_comes_with_its_headers_and_carries_no_password(server: LoopbackServer) -> None:
    server.script.append(reply(200, b"hello", {"ETag": '"1"'}))
    page = fetcher().get(f"{server.url}/a b?q=ü#part", {"If-None-Match": '"0"'})
    assert (page.status, page.body, page.headers["etag"]) == (200, b"hello", '"1"')
    [request] = server.requests
    assert request.path == "/a%20b?q=%C3%BC"
    assert request.headers["host"] == server.url.removeprefix("http://")
    assert request.headers["if-none-match"] == '"0"'
    assert request.headers["user-agent"].startswith("newsletter/")
    assert not {"cookie", "authorization"} & set(request.headers)


def test_a_private_address_is_refused_before_a_byte_leaves(server: LoopbackServer) -> None:
    message = refused(server.url, fetcher(private=False))
    assert "127.0.0.1 is in a private network; write allow_private: true" in message
    assert server.connections == 0


def test_no_spelling_of_an_address_gets_around_it(
    subtests: pytest.Subtests, server: LoopbackServer
) -> None:
    for host in ["127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"]:
        with subtests.test(host=host):
            url = server.url.replace("127.0.0.1", host)
            assert refused(url, fetcher(private=False))
            assert server.connections == 0


def test_one_private_address_among_public_ones_spoils_them_all(server: LoopbackServer) -> None:
    using = fetcher(["93.184.215.14", "127.0.0.1"], private=False)
    assert "in a private network" in refused("https://forum.example", using)


def test_the_address_that_was_checked_is_the_one_that_is_spoken_to(server: LoopbackServer) -> None:
    """A name that leads elsewhere a moment later (rebinding) is not asked for twice."""
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    using = Fetcher(allow_private=True, timeout=60 * SECOND, resolve=names)
    url = server.url.replace("127.0.0.1", "forum.example")
    assert using.get(url).status == 200
    assert names.asked == ["forum.example"]
    assert server.requests[0].headers["host"].startswith("forum.example:")
    assert "not an address that may be called" in refused(url, using)


def test_where_one_address_does_not_answer_the_next_one_is_tried(server: LoopbackServer) -> None:
    using = fetcher(["127.0.0.9", "127.0.0.1"])
    assert using.get(server.url.replace("127.0.0.1", "forum.example")).status == 200


def test_over_a_public_network_nothing_goes_without_tls() -> None:
    message = refused("http://forum.example/feed", fetcher(["93.184.215.14"]))
    assert "http://forum.example is not encrypted" in message


def test_what_is_no_address_is_refused(subtests: pytest.Subtests) -> None:
    for url, message in [
        ("ftp://forum.example/feed", "is not a web address"),
        ("https:///feed", "is not a web address"),
        ("https://[broken/feed", "is not a web address"),
        ("https://forum.example:99999/", "is not a web address"),
        ("https://" + "a" * 70 + ".example/", "is not a web address"),
        ("https://me:secret@forum.example/", "holds a user name or password"),
    ]:
        with subtests.test(url=url, message=message):
            assert message in refused(url)


def moved(server: LoopbackServer, location: str, status: int = 302) -> None:
    server.script.append(reply(status, b"", {"Location": location}))


def test_redirects_are_followed_and_a_move_for_good_is_told(server: LoopbackServer) -> None:
    moved(server, "/b", 301)
    moved(server, "c", 302)
    page = fetcher().get(f"{server.url}/a")
    assert (page.url, page.moved_to) == (f"{server.url}/c", f"{server.url}/b")
    moved(server, "/b", 302)
    assert fetcher().get(f"{server.url}/a").moved_to == ""


def test_a_redirect_without_length_and_body_is_followed(server: LoopbackServer) -> None:
    bare = answer_bytes(301, headers={"Location": "/b"}, framed=False)
    server.script.append(bytes_then_close(bare))
    assert fetcher().get(f"{server.url}/a").moved_to == f"{server.url}/b"


def test_more_than_three_redirects_lead_nowhere(server: LoopbackServer) -> None:
    for number in range(4):
        moved(server, f"/{number}")
    assert "redirected more than 3 times" in refused(server.url)
    assert len(server.requests) == 4


def test_each_redirect_is_checked_like_the_first(server: LoopbackServer) -> None:
    moved(server, "https://metadata.example/latest")
    using = fetcher(["127.0.0.1"], ["169.254.169.254"])
    assert "metadata.example is refused" in refused(server.url, using)
    moved(server, "file:///etc/passwd")
    assert "is not a web address" in refused(server.url)
    moved(server, "http://[broken")
    assert "is no place" in refused(server.url)
    server.script.append(reply(302))
    assert "without a target" in refused(server.url)


def test_a_resolver_that_never_answers_is_left_behind() -> None:
    never = threading.Event()

    def stuck(host: str, port: int) -> Sequence[str]:
        never.wait(60)
        return ["127.0.0.1"]

    using = Fetcher(timeout=0.2 * SECOND, resolve=stuck)
    assert "did not answer within 0.2 s" in refused("https://forum.example", using)
    never.set()


def test_a_name_that_nobody_has_and_a_port_that_nobody_has() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("unknown")

    for names in (unknown, Names([])):
        message = refused("https://forum.example", Fetcher(resolve=names))
        assert "there is no forum.example, or no network" in message
    assert "Connection refused" in refused(f"http://127.0.0.1:{closed_port()}")


def test_a_body_is_bounded_also_after_unpacking(server: LoopbackServer) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bomb.compress(b"\0" * (MAX_BODY_BYTES + 1)) + bomb.flush()
    assert len(packed) < 20_000
    head = answer_bytes(200, framed=False)
    for step in (endless(head, b"x" * 65_536), reply(200, packed, {"Content-Encoding": "gzip"})):
        server.script.append(step)
        assert "larger than 10 MB" in refused(server.url, fetcher())


def test_what_is_packed_is_unpacked_and_what_is_broken_is_refused(server: LoopbackServer) -> None:
    packed = gzip.compress(b"hello")
    server.script.append(reply(200, packed, {"Content-Encoding": "gzip"}))
    assert fetcher().get(server.url).body == b"hello"
    for body, encoding, message in (
        (packed[:-9], "gzip", "its end is missing"),
        (b"hello", "gzip", "broken in itself"),
        (b"hello", "br", "packed as 'br'"),
    ):
        server.script.append(reply(200, body, {"Content-Encoding": encoding}))
        assert message in refused(server.url)


def test_the_certificate_has_to_be_of_the_name_whatever_address_it_has(tmp_path: Path) -> None:
    files = certify(tmp_path, "forum.example")
    trust = ssl.create_default_context(cafile=files[0])

    def get(name: str, tls: ssl.SSLContext | None = trust) -> Page:
        using = Fetcher(allow_private=True, resolve=Names(["127.0.0.1"]), tls=tls)
        with tls_server(files, answer_bytes(200, b"hello")) as (port, heard):
            page = using.get(f"https://{name}:{port}/")
            assert f"Host: {name}:{port}".encode() in heard[0]
            return page

    assert get("forum.example").body == b"hello"
    for name, tls in (("other.example", trust), ("forum.example", None)):
        with pytest.raises(FeedUnreadable, match=f"the certificate of {name} is not valid"):
            get(name, tls)


def page(status: int, **headers: str) -> Page:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(status=status, headers=names, body=b"", url="https://forum.example")


def test_each_status_says_what_to_do(subtests: pytest.Subtests) -> None:
    for status, message in [
        (404, "it is not there; correct its url (HTTP 404)"),
        (410, "it is gone for good"),
        (418, "it is not given out"),
        (503, "it has a fault of its own; it is tried again (HTTP 503)"),
    ]:
        with subtests.test(status=status, message=message):
            with pytest.raises(FeedUnreadable) as caught:
                require_ok(page(status))
            assert message in str(caught.value)


def test_retry_after_is_read_as_seconds_or_a_date(subtests: pytest.Subtests) -> None:
    for value, wait in [
        ("120", timedelta(minutes=2)),
        ("Tue, 24 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Tue, 24 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("", None),
    ]:
        with subtests.test(value=value, wait=wait):
            asked = page(429, retry_after=value, date="Tue, 24 Nov 2026 12:00:00 GMT")
            with pytest.raises(FeedUnreadable) as caught:
                require_ok(asked)
            assert caught.value.retry_after == wait
