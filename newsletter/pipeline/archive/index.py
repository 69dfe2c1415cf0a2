"""campaign → words that the archive lists and finds, once it has begun to go out.

The first run asks the database which campaigns began and are not indexed; later runs ask that only
of what changed. So a crash leaves no gap.
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
class IndexState:
    """The state between two runs."""

    mark: int | None = None
    """The change number of the last run; None before the first run."""


Words = Callable[[Content], tuple[str, str]]
"""Takes the opening line and the text of a statement out of the email that was approved."""


def index(*, store: Store, words_of: Words, before: IndexState | None = None) -> int:
    """Index the statements that began to go out; return how many are new. Update ``before``."""
    before = before or IndexState()
    with store.read() as tx:
        mark, touched = tx.statements.changed_since(before.mark)
        missing = tx.search.unindexed(None if before.mark is None else touched)
    left = iter(missing)
    while some := list(islice(left, _AT_ONCE)):
        with store.read() as tx:
            made = [_searchable(tx, slug, content_hash, words_of) for slug, content_hash in some]
        with store.begin() as tx:
            for indexed in made:
                tx.search.put(indexed)
    before.mark = mark
    return len(missing)


def _searchable(tx: Transaction, slug: str, content_hash: str, words_of: Words) -> Searchable:
    """Return the words to index: none if the content no longer matches its hash."""
    content = tx.statements.content(content_hash)
    if content is None or content.content_hash() != content_hash:
        return Searchable(
            slug=slug, content_hash=content_hash, language="", title="", opening="", text=""
        )
    opening, text = words_of(content)
    return Searchable(
        slug=slug,
        content_hash=content_hash,
        language=content.language,
        title=content.subject,
        opening=opening,
        text=text,
        date=content.date,
    )
