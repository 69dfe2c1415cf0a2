"""Refusals as Problem Details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsletter.domain.errors import (
    InvalidInput,
    NewsletterError,
    NotFound,
    Outdated,
    Refused,
    StoreUnavailable,
)
from newsletter.domain.wording import without_commands

NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})
_STATUSES: tuple[tuple[type[NewsletterError], int], ...] = (
    (StoreUnavailable, 503),
    (InvalidInput, 422),
    (NotFound, 404),
    (Outdated, 412),
    (Refused, 409),
)
"""The first that fits counts."""
_DETAILS: Mapping[int, str] = MappingProxyType(
    {
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
        413: "The body is too long.",
        503: "The database or the memory is busy. Try again.",
    }
)


def problem(
    status: int, detail: str = "", *, headers: Mapping[str, str] = NO_STORE, **more: Any
) -> Response:
    """Return a problem; ``more`` are its further members."""
    title = HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": title, "status": status}
    told |= {"detail": detail or _DETAILS.get(status, title)} | more
    kind = "application/problem+json"
    return JSONResponse(told, status, {**NO_STORE, **headers}, media_type=kind)


def problem_of(error: Exception) -> Response:
    """Return the problem of an error of ours or of Starlette."""
    if isinstance(error, HTTPException):
        detail = "" if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return problem(error.status_code, detail, headers=error.headers or NO_STORE)
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    if status == 503:
        return problem(status, headers={"Retry-After": "10"})
    if not isinstance(error, InvalidInput):
        return problem(status, without_commands(str(error)))
    errors = [
        {"at": fault.key or fault.file, "detail": without_commands(fault.message)}
        for fault in error.faults
    ]
    said = "; ".join(f"{one['at']} {one['detail']}" for one in errors)
    return problem(status, said, errors=errors)
