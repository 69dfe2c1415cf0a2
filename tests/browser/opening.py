"""Opens pages in Chromium and listens to what the browser complains of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Open = Callable[..., Any]
"""A path, and what Playwright's new_context takes → the page that was opened."""


@contextmanager
def opening(
    browser: Any, url: str, *, width: int = 1000, expected: tuple[str, ...] = ()
) -> Iterator[Open]:
    """Pages for the length of a block. Whatever the console says, is blocked or fails, fails it.

    But for complaints in which a word of ``expected`` stands, such as a status that is meant.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, *, width: int = width, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto(url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in complaints if not any(word in one for word in expected)] == []
