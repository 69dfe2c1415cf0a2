"""What a form posts: urlencoded or multipart, bounded, text alone. All else is refused in words."""

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive


async def read_body(request: Request, most: int) -> bytes | None:
    """The whole body, or None once it is longer than it may be. Raises ClientDisconnect."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


MOST = 16 << 10
"""Bytes of a form."""
_MOST_FIELDS = 100
_LONGEST_SHOWN = 300

Posted = Mapping[str, Sequence[str]]
"""Field → its values. A file that was sent along is no text, and refused."""


async def read_form(request: Request) -> Posted:
    """Read a form. Raises HTTPException 400 for what is none, 413 for what is too long."""
    try:
        body = await read_body(request, MOST)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    if body is None:
        raise HTTPException(413)
    whole = Request(request.scope, _once(body))
    try:
        async with whole.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=MOST) as form:
            fields: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                if isinstance(value, str):
                    fields.setdefault(name, []).append(value)
            return fields
    except ValueError as error:  # also what a strange charset makes of the text
        raise HTTPException(400) from error


def first(posted: Posted, name: str) -> str:
    """The value of a field, or its first one; empty where there is none."""
    return next(iter(posted.get(name, ())), "")


def shown_again(text: str) -> str:
    """What somebody typed, as a page can show it: a line of characters, and not too many."""
    return "".join(one if one.isprintable() else " " for one in text[:_LONGEST_SHOWN]).strip()


def _once(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
