"""What holds for every request and every answer, whichever page it is.

A request whose length is told in two ways is refused: a proxy that believes the other one would
take its end for a request of somebody else (RFC 9112, 6.3).
"""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_YEAR = "max-age=31536000"


class Gate:
    """``secure``: our pages are at https, so no browser should ever ask for them without."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._fields = _ALWAYS | ({"Strict-Transport-Security": _YEAR} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and add what its answer lacks."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._fields.items():
                    headers.setdefault(name, value)
            await send(message)

        if _is_ambiguous(scope):
            refused = PlainTextResponse("", status_code=400, headers={"Connection": "close"})
            await refused(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)


def _is_ambiguous(scope: Scope) -> bool:
    names = [name for name, _ in scope.get("headers", ())]
    lengths = names.count(b"content-length")
    return lengths > 1 or (lengths > 0 and b"transfer-encoding" in names)
