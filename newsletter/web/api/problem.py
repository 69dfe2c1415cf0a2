"""Refusals as Problem Details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsletter.domain.errors import InvalidInput, NotFound, Outdated, Refused, StoreUnavailable
from newsletter.domain.wording import without_commands

NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})
_STATUS_OF_ERROR: Mapping[type[Exception], int] = {
    StoreUnavailable: 503,
    InvalidInput: 422,
    NotFound: 404,
    Outdated: 412,
    Refused: 409,
}
"""Error class → HTTP status; the first matching class counts."""
HANDLED_ERRORS: tuple[type[Exception], ...] = (HTTPException, *_STATUS_OF_ERROR)


def problem_of(error: Exception) -> Response:
    """Return the Problem Details response to an error of ``HANDLED_ERRORS``."""
    fields: dict[str, Any] = {}
    headers: Mapping[str, str] = {}
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, error.detail, error.headers or {}
    else:
        status = next(each for kind, each in _STATUS_OF_ERROR.items() if isinstance(error, kind))
        detail = without_commands(str(error))
    if status == 503:
        detail, headers = "The database or the memory is busy. Try again.", {"Retry-After": "10"}
    if isinstance(error, InvalidInput):
        fields["errors"] = [
            {"at": fault.key or fault.file, "detail": without_commands(fault.message)}
            for fault in error.faults
        ]
        detail = "; ".join(f"{one['at']} {one['detail']}" for one in fields["errors"])
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, **fields}
    return JSONResponse(problem, status, {**NO_STORE, **headers}, "application/problem+json")
