"""Answers that a client need not fetch again while nothing changed (RFC 9110, section 13)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response


def answer(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    changed_at: datetime,
    fields: Mapping[str, str],
) -> Response:
    """The body, or 304 where the client has it. ``fields`` are its header fields."""
    changed_at = changed_at.astimezone(UTC).replace(microsecond=0)
    known = {
        **fields,
        "ETag": f'"{_digest(body, fields)}"',
        "Last-Modified": format_datetime(changed_at, usegmt=True),
    }
    if _has_it(request.headers, known["ETag"], changed_at):
        return Response(status_code=304, headers=known)
    return Response(body, media_type=media_type, headers=known)


def _digest(body: bytes, fields: Mapping[str, str]) -> str:
    """Of what is answered, header fields and all: a new policy is a new answer."""
    lines = "".join(f"{name}: {value}\n" for name, value in sorted(fields.items()))
    return hashlib.sha256(lines.encode() + body).hexdigest()[:32]


def _has_it(headers: Headers, etag: str, changed_at: datetime) -> bool:
    tags = ",".join(headers.getlist("if-none-match"))
    if tags:  # it outranks the date
        named = {one.strip().removeprefix("W/") for one in tags.split(",")}
        return bool(named & {etag, "*"})
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed_at <= since
