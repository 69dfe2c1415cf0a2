"""What the commands about statements say of a statement in several languages."""

from collections.abc import Iterator
from typing import Any

from newsletter.app import App
from newsletter.domain.campaign import Campaign
from newsletter.domain.statement import Progress, Standing
from newsletter.pipeline.family import awaited, goes_within, siblings
from newsletter.pipeline.ledger import find_statement
from newsletter.ports import StoredStatement, Transaction


def languages_of(
    tx: Transaction, stored: StoredStatement, campaign: Campaign | None
) -> dict[str, Any]:
    """Of which statement it is the translation, and who waits for one of its own."""
    return {
        "translation_of": stored.statement.translation_of,
        "language": stored.statement.language,
        "awaited": [str(one) for one in awaited(tx, campaign)] if campaign else [],
    }


def in_a_word(stored: StoredStatement, standing: Standing, app: App) -> str:
    """How a statement stands."""
    if not stored.digest:
        return "cannot be rendered"
    if stored.statement.translation_of and app.settings.together:
        return f"goes out with {stored.statement.translation_of}"
    if stored.statement.progress is Progress.DRAFT:
        return "draft"
    if standing.approved:
        return "approved"
    return "changed since approval" if standing.changed else "waits for approval"


def left_behind(app: App, slug: str) -> Iterator[str]:
    """What a yes does not do: that of a translation, or for those that nobody waits for."""
    with app.store.read() as tx:
        statement = find_statement(tx, slug).statement
        _, others = siblings(tx, statement, app.policy)
    if app.settings.together:
        if statement.translation_of:
            yield f"{slug} does not go out by itself: {goes_within(statement)}"
    elif not statement.translation_of:
        for one in others:
            yield (
                f"{one.slug} ({one.language}) is not approved:"
                f" its readers get {slug}, should that begin before it is"
            )
