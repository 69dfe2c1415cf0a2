"""The page behind the link in a letter: one button, and what was asked for happens.

To open it changes nothing, however often and by whatever: scanners open every link of a mail.
"""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.domain.delivery.transactional import EmailKind
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.signup import masked
from newsletter.pipeline.subscribers.join import Followed, LinkState, confirm, follow
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.frame import Frame
from newsletter.web.public.subscribers.joining import PATH

_GONE = {LinkState.EXPIRED: 410, LinkState.BLOCKED: 409}


class Confirming:
    """The pages of letters' links."""

    def __init__(self, subscribers: Subscribers, frame: Frame) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._titles = {one.name: one.title for one in subscribers.settings.offers()}

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            Route("/confirm/{token}", self.look, methods=["GET"]),
            Route("/confirm/{token}", self.press, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """What the button will do; nothing has happened."""
        return await self._answer(request, follow)

    async def press(self, request: Request) -> Response:
        """The button was pressed: what was asked for is committed before the answer."""
        return await self._answer(request, confirm)

    async def _answer(self, request: Request, deed: Callable[..., Followed]) -> Response:
        of = self._subscribers
        done = partial(deed, store=of.store, links=of.links, clock=of.clock)
        try:
            followed = await run_in_threadpool(done, request.path_params["token"])
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return self._page(followed, self._frame.language_of(request, followed.letter.language))

    def _page(self, followed: Followed, language: str) -> Response:
        words, _ = self._frame.words(language)
        letter = followed.letter
        moves = letter.kind is EmailKind.MOVE
        about = {
            "lists": ", ".join(self._titles.get(name, name) for name in letter.lists),
            "address": masked(letter.address),
        }
        key, more = _KEYS[followed.state, moves], _MORE.get((followed.state, moves), "")
        return self._frame.page(
            words[f"{key}_title"],
            _filled([words[key], words[more]] if more else [words[key]], about),
            template="step.html.j2",
            language=language,
            status=_GONE.get(followed.state, 200),
            button=words[f"{key}_button"] if followed.state is LinkState.OPEN else "",
            **self._way_on(followed),
        )

    def _way_on(self, followed: Followed) -> dict[str, str]:
        """Where a reader may want to go next."""
        number = followed.reader_id
        if number is not None:
            token = self._subscribers.links.preferences_token(number, self._subscribers.clock.now())
            return {"way_on": f"/preferences/{token}", "way_on_text": "to_preferences"}
        if followed.state is LinkState.EXPIRED and followed.letter.kind is EmailKind.JOIN:
            return {"way_on": PATH, "way_on_text": "ask_again"}
        return {"way_on": "", "way_on_text": ""}


def _filled(paragraphs: Sequence[str], about: dict[str, str]) -> list[str]:
    """Each gap filled once, so that nothing that fills one is taken for another."""
    return [paragraph.format_map(about) for paragraph in paragraphs]


_KEYS = {
    (LinkState.OPEN, False): "join",
    (LinkState.OPEN, True): "move",
    (LinkState.DONE, False): "joined",
    (LinkState.DONE, True): "moved",
} | {
    (state, moves): state.value
    for state in (LinkState.USED, LinkState.EXPIRED, LinkState.BLOCKED)
    for moves in (False, True)
}
_MORE = {(LinkState.OPEN, False): "join_address"}
