"""What a form posts: urlencoded or multipart, and bounded. All else is refused in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

MOST = 16 << 10
"""Bytes of a form of a public page."""
_MOST_FIELDS = 100
_LONGEST_SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that a form brought along. What the browser takes it for, nobody asks."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a form holds, by the names of its fields."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """The value of a field, or its first one; empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")

    def text(self, name: str) -> str:
        """The same, without blanks around it."""
        return self.first(name).strip()

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(self.fields.get(name, ()))


def host_of(request: Request) -> str:
    """The address that a request comes from; empty where the server does not know it."""
    return request.client.host if request.client else ""


async def read_body(request: Request, most: int) -> bytes | None:
    """The whole body, or None once it is longer than it may be. Raises ClientDisconnect."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


async def body_of(request: Request, most: int) -> bytes:
    """The whole body. Raises HTTPException 413 for what is too long, 400 where nobody is left."""
    try:
        body = await read_body(request, most)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    if body is None:
        raise HTTPException(413)
    return body


async def form_in(
    request: Request, body: bytes, *, most: int, most_fields: int, most_files: int = 0
) -> Posted:
    """The form in a body that was read; its parts have at most so many bytes. HTTPException 400."""

    # Starlette reads a form out of a request alone: it gets the body that was counted again
    async def once() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    limits = {"max_files": most_files, "max_fields": most_fields}
    try:
        async with Request(request.scope, once).form(max_part_size=most, **limits) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    upload = Upload(name=value.filename or "", data=await value.read())
                    files.setdefault(name, []).append(upload)
                else:
                    fields.setdefault(name, []).append(value)
    except ValueError as error:  # also what a strange charset makes of the text
        raise HTTPException(400) from error
    return Posted(fields=fields, files=files)


async def read_form(request: Request) -> Posted:
    """The form of a public page, which takes no files. Raises HTTPException 400 or 413."""
    body = await body_of(request, MOST)
    return await form_in(request, body, most=MOST, most_fields=_MOST_FIELDS)


def shown_again(text: str) -> str:
    """What somebody typed, as a page can show it: a line of characters, and not too many."""
    return "".join(
        character if character.isprintable() else " " for character in text[:_LONGEST_SHOWN]
    ).strip()
