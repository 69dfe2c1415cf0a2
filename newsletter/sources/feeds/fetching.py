"""One GET over the network, to a checked address, bounded in time and in size.

The name is resolved here, every address of it is checked, and the connection is made to the very
address that was checked: a name that points elsewhere a moment later changes nothing. Redirects
are followed here too, each checked like the first. No proxy, cookie or password is ever used.
"""

import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from newsletter import __version__
from newsletter.ports import FeedUnreadable
from newsletter.sources.feeds.addresses import is_own, objection

LARGEST = 10_000_000
"""Bytes of a body, unpacked."""
_REDIRECTS = 3
_MOVED = {301, 302, 303, 307, 308}
_FOR_GOOD = {301, 308}
_PIECE = 65_536
_IN_A_PATH = "/%!$&'()*+,;=:@~-._"

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, for connections to a port. Raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, kw_only=True)
class Page:
    """A full answer. The names in ``headers`` are in lower case; ``body`` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Where it came from at last."""
    moved_to: str = ""
    """Where it is for good, by the server's word."""


class _Connection(HTTPConnection):
    """A connection to one checked address; ``host`` stays the name that was asked for."""

    def __init__(
        self, parts: SplitResult, addresses: Sequence[str], tls: ssl.SSLContext | None, until: float
    ) -> None:
        super().__init__(parts.hostname or "", parts.port or (80 if tls is None else 443))
        self._addresses = addresses
        self._tls = tls
        self._until = until
        self.raw: socket.socket | None = None
        """The socket, also when http.client has let go of it and still reads."""
        self.default_port = 80 if tls is None else 443

    def connect(self) -> None:
        for place, address in enumerate(self._addresses, start=1):
            left = (self._until - monotonic()) / (len(self._addresses) - place + 1)
            try:
                self.sock = socket.create_connection((address, self.port), max(left, 0.01))
                break
            except OSError:
                if place == len(self._addresses):
                    raise
        self.raw = self.sock
        self.sock.settimeout(max(self._until - monotonic(), 0.01))
        if self._tls is not None:
            self.sock = self.raw = self._tls.wrap_socket(self.sock, server_hostname=self.host)


class Fetcher:
    """Fetches pages for feeds. ``within`` is the longest that all of a page may take."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        within: timedelta = timedelta(seconds=30),
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._within = within
        self._resolve = resolve
        self._tls = tls

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page, following redirects. Raises FeedUnreadable, whatever happens."""
        until = monotonic() + self._within.total_seconds()
        moved_to, for_good = "", True
        for _ in range(_REDIRECTS + 1):
            page = self._get(url, headers or {}, until)
            if page.status not in _MOVED:
                return Page(**{**vars(page), "moved_to": moved_to})
            url = _target(page)
            for_good = for_good and page.status in _FOR_GOOD
            moved_to = url if for_good else moved_to
        raise FeedUnreadable(
            f"it is redirected more than {_REDIRECTS} times, at last to {url};"
            " open it in a browser and write the address it ends at"
        )

    def _get(self, url: str, headers: Mapping[str, str], until: float) -> Page:
        parts = _parts(url)
        addresses = self._checked(parts, until)
        tls = self._context() if parts.scheme == "https" else None
        connection = _Connection(parts, addresses, tls, until)
        # time-outs of sockets count from each read: who trickles is cut off by this
        end = threading.Timer(max(until - monotonic(), 0.01), lambda: _cut(connection))
        end.daemon = True
        end.start()
        try:
            connection.request("GET", _path(parts), headers=_said(headers))
            with connection.getresponse() as response:
                body = _read(response)
            if monotonic() >= until:
                raise TimeoutError
        except (OSError, HTTPException, ValueError) as error:
            raise self._translated(error, parts, until) from error
        finally:
            end.cancel()
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        body = _unpacked(body, names.get("content-encoding", ""))
        return Page(status=response.status, headers=names, body=body, url=url)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _checked(self, parts: SplitResult, until: float) -> list[str]:
        """All addresses of the host. One that is not allowed spoils them all."""
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = self._resolved(host, port, until)
        for address in found:
            if reason := objection(address, allow_private=self._allow_private):
                raise FeedUnreadable(f"{host} is refused: {reason}")
        if parts.scheme == "http" and not all(map(is_own, found)):
            raise FeedUnreadable(
                f"http://{host} is not encrypted, so anybody on the way could write a statement;"
                " write https://"
            )
        return found

    def _resolved(self, host: str, port: int, until: float) -> list[str]:
        """Nothing can interrupt the resolver, so it is left behind where it takes too long."""
        found, failed = list[str](), list[Exception]()

        def ask() -> None:
            try:
                found.extend(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                failed.append(error)

        thread = threading.Thread(target=ask, name="resolve", daemon=True)
        thread.start()
        thread.join(max(until - monotonic(), 0))
        if thread.is_alive():
            raise FeedUnreadable(f"the address of {host} was not found in time; it is tried again")
        if failed or not found:
            raise FeedUnreadable(
                f"there is no {host}, or no network; look whether its url is spelled right"
            )
        return found

    def _translated(self, error: Exception, parts: SplitResult, until: float) -> FeedUnreadable:
        host = parts.hostname
        if isinstance(error, ssl.SSLCertVerificationError):
            why = error.verify_message
            return FeedUnreadable(
                f"the certificate of {host} is not valid ({why}); tell its keeper"
            )
        if monotonic() >= until or isinstance(error, TimeoutError):
            seconds = self._within.total_seconds()
            return FeedUnreadable(f"{host} did not answer within {seconds:g} s; it is tried again")
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return FeedUnreadable(f"{host} cannot be read ({why[:200]}); it is tried again")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError) as error:
        raise FeedUnreadable(f"{url[:200]!r} is not a web address; correct its url") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise FeedUnreadable(f"{url[:200]!r} is not a web address; correct its url")
    if parts.username is not None:
        raise FeedUnreadable("its address holds a user name or password; write it without")
    shown = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=f"{shown}{port}")


def _path(parts: SplitResult) -> str:
    path = quote(parts.path, safe=_IN_A_PATH) or "/"
    return f"{path}?{quote(parts.query, safe=_IN_A_PATH + '?[]')}" if parts.query else path


def _said(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        "User-Agent": f"newsletter/{__version__}",
        "Accept": "application/atom+xml, application/rss+xml, application/feed+json,"
        " application/json;q=0.9, application/xml;q=0.9, */*;q=0.5",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **headers,
    }


def _cut(connection: _Connection) -> None:
    """The TLS layer is left alone: another thread is inside it."""
    if connection.raw is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection.raw, socket.SHUT_RDWR)


def _read(response: HTTPResponse) -> bytes:
    body = bytearray()
    while piece := response.read(_PIECE):
        body += piece
        if len(body) > LARGEST:
            raise FeedUnreadable(_too_large())
    if response.length:
        raise HTTPException(f"{response.length} bytes are missing at its end")
    return bytes(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in {"", "identity"} or not body:
        return body
    if encoding.lower() not in {"gzip", "x-gzip"}:
        raise FeedUnreadable(f"it is packed as {encoding[:40]!r}, which we did not ask for")
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        whole = unpacking.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise FeedUnreadable("it is packed, and broken in itself; it is tried again") from error
    if len(whole) > LARGEST:
        raise FeedUnreadable(_too_large())
    if not unpacking.eof:
        raise FeedUnreadable("it is packed, and its end is missing; it is tried again")
    return whole


def _too_large() -> str:
    return f"it is larger than {LARGEST // 1_000_000} MB; ask for a feed of the newest items alone"


def _target(page: Page) -> str:
    location = page.headers.get("location", "").strip()
    if not location:
        raise FeedUnreadable(f"it is redirected (HTTP {page.status}), and nobody says whereto")
    try:
        return urljoin(page.url, location)
    except ValueError as error:
        raise FeedUnreadable(
            f"it is redirected to {location[:200]!r}, which is no place"
        ) from error
