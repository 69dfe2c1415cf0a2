"""Opens pages in Chromium and listens to what the browser complains of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Open = Callable[..., Any]
"""A path, and what ``Windows.open`` takes → the page that was opened."""


class Windows:
    """The windows of a browser, one for each set of options, used again and again.

    A new one costs a second of work, since Chromium starts a process for it; another page in one
    that is there costs next to nothing. Nothing is kept from one page for the next: no cache, no
    cookie, no document.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._pages: dict[frozenset[tuple[str, Any]], Any] = {}

    def open(
        self,
        *,
        width: int = 1000,
        height: int = 800,
        scheme: str = "light",
        apart: str = "",
        **options: Any,
    ) -> Any:
        """An empty page; ``options`` are those of Playwright's new_context.

        A page opened earlier with the same options is closed, unless it is ``apart``.
        """
        key = frozenset({"apart": apart, **options}.items())
        page = self._pages.get(key)
        if page is None or page.is_closed():
            page = self._pages[key] = self._new(**options)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(media="null", color_scheme=scheme, reduced_motion="null")
        return page

    def _new(self, **options: Any) -> Any:
        page = self._browser.new_context(**options).new_page()
        page.set_default_timeout(60_000)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        return page

    def clear(self) -> None:
        """Leave nothing of a test to the next."""
        self._pages = {key: page for key, page in self._pages.items() if not page.is_closed()}
        for page in self._pages.values():
            page.unroute_all()
            page.context.clear_cookies()
            if page.url != "about:blank":
                page.goto("about:blank")


def _lost(request: Any) -> list[str]:
    """Requests that failed, except those of a page that the browser had left."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.url}: {request.failure}"]


@contextmanager
def opening(
    windows: Windows, url: str, *, width: int = 1000, expected: tuple[str, ...] = ()
) -> Iterator[Open]:
    """Pages for the length of a block. Whatever the console says, is blocked or fails, fails it.

    But for complaints in which a word of ``expected`` stands, such as a status that is meant.
    """
    complaints: list[str] = []
    listeners: dict[str, Callable[[Any], None]] = {
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "requestfailed": lambda request: complaints.extend(_lost(request)),
    }
    heard: list[Any] = []

    def open_page(path: str, *, width: int = width, scheme: str = "light", **options: Any) -> Any:
        page = windows.open(width=width, scheme=scheme, **options)
        if page not in heard:
            heard.append(page)
            for event, listener in listeners.items():
                page.on(event, listener)
        if "#" in path:  # else the same document would stay, as another width left it
            page.goto("about:blank")
        page.goto(url + path)
        return page

    yield open_page
    for page in heard:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    unexpected = [one for one in complaints if not any(word in one for word in expected)]
    assert not unexpected, unexpected


def wait_for_count(found: Any, number: int) -> None:
    """Wait until a locator finds so many. A page that was just asked for may be half there."""
    from playwright.sync_api import expect

    expect(found).to_have_count(number, timeout=60_000)


def wait_for_heading(page: Any, text: str) -> None:
    """Wait until the page's heading is the text. The page before it may still be there."""
    from playwright.sync_api import expect

    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=60_000)
