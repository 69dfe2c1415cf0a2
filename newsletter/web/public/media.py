"""Pictures that mails load: by a name that nobody guesses, and nothing but pictures."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.store.sql import Store

_KEPT = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Media:
    """Pictures of texts that were written at the desk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [Route("/media/{name}", self.picture, methods=["GET"])]

    async def picture(self, request: Request) -> Response:
        """A picture, the same for ever. Raises HTTPException 404."""
        found = await run_in_threadpool(self._found, request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        kind, data = found
        return Response(data, media_type=kind, headers=_KEPT)

    def _found(self, name: str) -> tuple[str, bytes] | None:
        with self._store.read() as tx:
            return tx.pictures.data(name)
