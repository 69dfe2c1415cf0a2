"""Which files the archive is made of on a plain web server, without this program."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from newsletter.app import App
from newsletter.domain.errors import Defect
from newsletter.web.edition import Edition, Leaf, pages_for
from newsletter.web.feeds import KINDS
from newsletter.web.frame import Frame


def files(app: App, *, began_at: datetime) -> dict[str, Callable[[], bytes]]:
    """Name → what writes it, in an order in which nothing leads to what is not there yet.

    All show the same moment. ``began_at`` is when the settings last may have changed.
    """
    frame = Frame(house=app.settings.house(), language=app.settings.language)
    edition = Edition(app, frame, began_at=began_at, folders=True)
    shown = edition.hold()
    leaves: dict[str, Callable[[], Leaf | None]] = {
        f"archive/{one.slug}/index.html": partial(edition.statement, one.slug)
        for one in reversed(shown)
    }
    for number in range(pages_for(len(shown)), 1, -1):
        leaves[f"page/{number}/index.html"] = partial(edition.page, number)
    leaves |= {name: partial(edition.feed, name) for name in KINDS}
    leaves["index.html"] = partial(edition.page, 1)
    leaves |= {"sitemap.xml": edition.site_map, "robots.txt": edition.robots}
    return {name: partial(_body, name, write) for name, write in leaves.items()}


def _body(name: str, write: Callable[[], Leaf | None]) -> bytes:
    leaf = write()
    if leaf is None:
        raise Defect(f"{name} was to be written, and there is nothing to write")
    return leaf.body
