"""campaign → words that the search of the archive finds, once it has begun to go out.

Each look asks the books what began and is not in the index, however that came about. So a crash
leaves nothing out, and all that went out before there was an index gets into it.
"""

from collections.abc import Callable
from itertools import islice

from newsletter.domain.message import Content
from newsletter.ports import Searchable, Store, Transaction

_AT_ONCE = 50
"""Statements in one transaction, so that claims need not wait for long."""


def index(*, store: Store, text_of: Callable[[Content], str]) -> int:
    """Keep the words of what began to go out; returns how many statements are new there.

    ``text_of`` takes a statement's text out of the mail that was approved.
    """
    with store.read() as tx:
        missing = tx.search.missing()
    left = iter(missing)
    while some := list(islice(left, _AT_ONCE)):
        with store.read() as tx:
            made = [_searchable(tx, slug, digest, text_of) for slug, digest in some]
        with store.begin() as tx:
            for one in made:
                tx.search.put(one)
    return len(missing)


def _searchable(
    tx: Transaction, slug: str, digest: str, text_of: Callable[[Content], str]
) -> Searchable:
    """Its words; none where they were altered since somebody approved them."""
    content = tx.statements.content(digest)
    if content is None or content.digest() != digest:
        return Searchable(slug=slug, digest=digest, language="", title="", text="")
    return Searchable(
        slug=slug,
        digest=digest,
        language=content.language,
        title=content.subject,
        text=text_of(content),
    )
