"""The settings of each kind of source of statements."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo

from newsletter.config.fields import PauseDuration, Section, duration_rule
from newsletter.domain.setting import Language, Website, pattern_rule
from newsletter.domain.subscribers.lists import ListName
from newsletter.domain.wording import invalid
from newsletter.providers.common.options import FilePath, option

_SourceName = Annotated[
    str,
    pattern_rule(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
        "cannot name a source; write letters and digits, with . - or _ between them",
    ),
]


class FolderOptions(Section):
    """A folder of Markdown files with front matter."""

    kind: Literal["folder"] = option("A folder of Markdown files with front matter.")
    path: FilePath = option("The folder.", default=Path("statements"))


def _require_https(url: str, info: ValidationInfo) -> str:
    if "#" in url:
        raise invalid("{url!r} has a # part; write it without", url=url)
    if urlsplit(url).scheme != "https" and info.data.get("allow_private") is False:
        raise invalid(
            "{url!r} is not encrypted, so anybody on the way could write a statement; write"
            " https:// (http:// is for a private network, with allow_private: true)",
            url=url,
        )
    return url


class FeedOptions(Section):
    """A feed in RSS, Atom or JSON Feed format."""

    kind: Literal["feed"] = option("A feed: RSS, Atom or JSON Feed.")
    name: _SourceName | None = option(
        "Its name in commands and in the log. Without it: its host. Keep the name when the url"
        " changes.",
        "press-room",
        default=None,
    )
    every: Annotated[
        PauseDuration,
        duration_rule(timedelta(minutes=1), "at least 1m: more often is a burden to the site"),
    ] = option("How often newsletter visits it.", "15m", default=timedelta(minutes=15))
    lists: tuple[ListName, ...] = option(
        "The lists of its statements. Without it: `default_lists`.", ["press"], default=()
    )
    language: Language | None = option(
        "The language of its statements. Without it: the feed's own, else `language`.", default=None
    )
    allow_private: bool = option(
        "Whether its address may be private, and there without TLS. Otherwise such an address"
        " is refused, also after a redirect.",
        False,
        default=False,
    )
    url: Annotated[Website, AfterValidator(_require_https)] = option(
        "The feed's address.", "https://forum.example/feed"
    )

    @property
    def feed_name(self) -> str:
        """Return the configured name, else the host of the URL."""
        return self.name or (urlsplit(self.url).hostname or "").removeprefix("www.")


AnySource = FolderOptions | FeedOptions

SOURCES: dict[str, type[Section]] = {"folder": FolderOptions, "feed": FeedOptions}


def feeds_in(sources: tuple[AnySource, ...]) -> list[FeedOptions]:
    return [source for source in sources if isinstance(source, FeedOptions)]


def check_sources(
    sources: tuple[AnySource, ...], others: Mapping[str, Any]
) -> tuple[AnySource, ...]:
    """Return the sources. Raises ValueError if a name is not unique, or a list is missing."""
    if not sources:
        raise invalid("names no source; write one, like - {kind: folder, path: statements}")
    names = [source.feed_name for source in feeds_in(sources)]
    twice = "has two sources called {name}; give each a name of its own, like name: news"
    for name in names:
        if names.count(name) > 1:
            raise invalid(twice, name=name)
    for source in feeds_in(sources):
        if not (source.lists or others.get("default_lists", True)):
            nobody = (
                "has a source, {name}, whose statements go to no list; write lists: [press] there,"
                " or default_lists at the top"
            )
            raise invalid(nobody, name=source.feed_name)
    return sources
