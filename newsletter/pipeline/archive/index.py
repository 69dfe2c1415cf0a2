"""campaign → words that the search of the archive finds, once it has begun to go out.

The first look asks the books what began and is not in the index, however that came about; those
after it ask that of what changed. So a crash leaves nothing out, and all that went out before there
was an index gets into it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from newsletter.domain.archive import Searchable
from newsletter.domain.statements.content import Content
from newsletter.store.sql import Store, Transaction

_AT_ONCE = 50
"""Statements in one transaction, so that claims need not wait for long."""


@dataclass(kw_only=True)
class Indexed:
    """The state between two runs."""

    mark: int | None = None
    """The change number of the last run; None before the first run."""


def index(*, store: Store, text_of: Callable[[Content], str], before: Indexed | None = None) -> int:
    """Keep the words of what began to go out; returns how many statements are new there.

    ``text_of`` takes a statement's text out of the mail that was approved. ``before`` is brought up
    to date.
    """
    before = before or Indexed()
    with store.read() as tx:
        mark, touched = tx.statements.changed_since(before.mark)
        missing = tx.search.missing(None if before.mark is None else touched)
    left = iter(missing)
    while some := list(islice(left, _AT_ONCE)):
        with store.read() as tx:
            made = [_searchable(tx, slug, content_hash, text_of) for slug, content_hash in some]
        with store.begin() as tx:
            for indexed in made:
                tx.search.put(indexed)
    before.mark = mark
    return len(missing)


def _searchable(
    tx: Transaction, slug: str, content_hash: str, text_of: Callable[[Content], str]
) -> Searchable:
    """Return the text to index; empty if the content no longer matches its hash."""
    content = tx.statements.content(content_hash)
    if content is None or content.content_hash() != content_hash:
        return Searchable(slug=slug, content_hash=content_hash, language="", title="", text="")
    return Searchable(
        slug=slug,
        content_hash=content_hash,
        language=content.language,
        title=content.subject,
        text=text_of(content),
    )
