"""Posted forms: urlencoded or multipart, with limits on their size."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MAX_FORM_BYTES = 16 << 10
"""Largest form of a public page."""
_UNCOUNTED_BYTES = 8 << 10
_MAX_FIELDS = 100
_MAX_PART_HEAD_BYTES = 4 << 10
_MAX_DIGITS = 15
"""Digits of a number: SQLite has no longer ones, and Starlette's ``:int`` fails on them."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file in a form. The media type that the browser claims is ignored."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Posted:
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return next(iter(self.fields.get(name, ())), "")

    def text(self, name: str) -> str:
        """Return the value of a field without surrounding spaces."""
        return self.first(name).strip()

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.fields.get(name, ()))


def client_ip(request: Request) -> str:
    """Return the IP address of the client, or "" if the server does not know it."""
    return request.client.host if request.client else ""


def relative_path(request: Request, path: str) -> str:
    """Return a link to another page of ours that is relative to the requested page."""
    return "../" * (str(request.scope["path"]).count("/") - 1) + path.removeprefix("/")


async def read_body(
    request: Request, max_bytes: int, on_progress: Callable[[int], None] = lambda _: None
) -> bytes:
    """Read the whole body. ``on_progress`` gets its size after each part.

    Raises HTTPException: 413 for more than ``max_bytes`` bytes, 400 if the client is gone.
    """
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > max_bytes:
                raise HTTPException(413)
            on_progress(len(body))
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(body)


class BodyMemory:
    """Limits the memory for bodies of requests: ``total`` bytes, and ``per_sender`` of each sender.

    The first 8 KB of a body do not count, so that large bodies never keep out a small form.
    The number of connections limits them.
    """

    def __init__(self, *, total: int, per_sender: int) -> None:
        self._total, self._per_sender = total, per_sender
        self._bytes_by_sender: Counter[str] = Counter()

    @asynccontextmanager
    async def body(self, request: Request, *, sender: str, max_bytes: int) -> AsyncIterator[bytes]:
        """Read the whole body, and count its bytes until the block ends.

        An empty ``sender`` has no limit of its own. Raises HTTPException 503 if a limit is
        reached, and 400 or 413 like ``read_body``.
        """
        counted_bytes = 0

        def count(size: int) -> None:
            nonlocal counted_bytes
            more = max(0, size - _UNCOUNTED_BYTES) - counted_bytes
            own = self._bytes_by_sender[sender] + more if sender else 0
            if more and (
                own > self._per_sender or self._bytes_by_sender.total() + more > self._total
            ):
                raise HTTPException(503, headers={"Retry-After": "10"})
            self._bytes_by_sender[sender] += more
            counted_bytes += more

        try:
            yield await read_body(request, max_bytes, count)
        finally:
            self._bytes_by_sender[sender] -= counted_bytes
            self._bytes_by_sender += Counter()  # forget the senders that hold nothing


def parse_form(kind: str, body: bytes, *, max_fields: int, max_files: int = 0) -> Posted:
    """Parse a form by its content type; a body of another type is an empty form.

    Fields and files are counted before they are parsed. Raises HTTPException 400.
    """
    headers = Message()
    headers["Content-Type"] = kind
    if kind.partition(";")[0].strip().lower() == "multipart/form-data":
        boundary = str(headers.get_param("boundary", ""))
        return _posted_of(_parse_parts(body, boundary.encode(), max_fields + max_files), max_files)
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return Posted()
    try:
        text = body.decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=max_fields)
    except ValueError as error:
        raise HTTPException(400) from error
    return _posted_of(((name, None, value.encode()) for name, value in pairs), 0)


_Part = tuple[str, str | None, bytes]
"""(field, file name or None, content)."""


def _posted_of(parts: Iterable[_Part], max_files: int) -> Posted:
    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    for name, file_name, data in parts:
        if file_name is None:
            fields.setdefault(name, []).append(data.decode("utf-8", "replace"))
        else:
            files.setdefault(name, []).append(Upload(name=file_name, data=data))
    if sum(map(len, files.values())) > max_files:
        raise HTTPException(400)
    return Posted(fields=fields, files=files)


def _parse_parts(body: bytes, boundary: bytes, max_parts: int) -> Iterator[_Part]:
    """Split a multipart/form-data body into its parts (RFC 7578)."""
    delimiter, body = b"\r\n--" + boundary, b"\r\n" + body
    if not boundary or not 0 < body.count(delimiter) <= max_parts + 1:
        raise HTTPException(400)
    *parts, epilogue = body.split(delimiter)
    if not epilogue.startswith(b"--"):
        raise HTTPException(400)
    for part in parts[1:]:
        head, found, data = part.partition(b"\r\n\r\n")
        if not found or len(head) > _MAX_PART_HEAD_BYTES:
            raise HTTPException(400)
        yield *_part_names(head), data


def _part_names(head: bytes) -> tuple[str, str | None]:
    headers = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            headers["Content-Disposition"] = value.strip()
    name, file_name = (
        headers.get_param(key, header="Content-Disposition") for key in ("name", "filename")
    )
    if name is None:
        raise HTTPException(400)
    try:
        return (
            collapse_rfc2231_value(name),
            None if file_name is None else collapse_rfc2231_value(file_name),
        )
    except UnicodeError as error:  # of a charset that decodes no names, such as idna
        raise HTTPException(400) from error


async def read_form(request: Request) -> Posted:
    """Read the form of a public page, which takes no files. Raises HTTPException 400 or 413."""
    body = await read_body(request, MAX_FORM_BYTES)
    return parse_form(request.headers.get("content-type", ""), body, max_fields=_MAX_FIELDS)


def parse_number(text: str) -> int | None:
    """Parse a number of a field, a path or a query; None if it is invalid."""
    legible = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return int(text) if legible else None
