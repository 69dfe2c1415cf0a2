"""The browser that asks: what its cookie holds, where it is, and where it may be led."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.staff.account import browser_of
from newsletter.pipeline.staff.proofs import Place

HOME = "/desk"
_COOKIE = "desk"
_LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}
_LONGEST_ADDRESS = 2_000
_DOORS = ("/desk/sign-in", "/desk/sign-out", "/desk/second", "/desk/step-up")
"""Whoever is led back there goes round in circles."""


def word_of(request: Request) -> str:
    """What the cookie of the desk holds; empty where there is none."""
    return request.cookies.get(cookie_name(request), "")


def cookie_name(request: Request) -> str:
    """``__Host-``, and so Secure, but on this machine itself, where there may be no https."""
    return _COOKIE if is_loopback(request) else f"__Host-{_COOKIE}"


def set_cookie(response: Response, request: Request, name: str) -> None:
    """Have the browser keep its session until it is closed; an empty name takes it away."""
    response.set_cookie(
        cookie_name(request),
        name,
        max_age=None if name else 0,
        path="/",
        secure=not is_loopback(request),
        httponly=True,
        samesite="lax",
    )


def is_loopback(request: Request) -> bool:
    """Asked by plain HTTP at an address that never leaves this machine."""
    return request.url.scheme == "http" and (request.url.hostname or "") in _LOOPBACK


def place_of(request: Request) -> Place:
    """Browser and network, in the words that its owner knows them by."""
    host = request.client.host if request.client else ""
    return Place(
        browser=browser_of(request.headers.get("user-agent", "")), network=network_of(host)
    )


def inside(address: str) -> str:
    """An address of the desk as it is, Home for any other: nobody is led somewhere else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    ours = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    plain = address.isascii() and address.isprintable() and len(address) <= _LONGEST_ADDRESS
    if not (ours and plain) or parts.scheme or parts.netloc or "\\" in address or ".." in address:
        return HOME
    return HOME if parts.path.startswith(_DOORS) else address
