"""What a person means by a name: a slug, its beginning, or a campaign's number. It is no stage."""

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.errors import NotFound
from newsletter.domain.statements.draft import Draft
from newsletter.domain.wording import guess, several
from newsletter.store.sql import Transaction

_LONGEST_ID = 18
"""Digits: the database counts to a little over nine with eighteen noughts."""
_SHOWN = 4
_LOOKED_AT = 1_000
"""Of the newest slugs, for a suggestion: it costs as much however many there are."""


def statement_named(tx: Transaction, name: str) -> str:
    """The slug of the statement that is meant. Raises NotFound, with a suggestion."""
    if tx.statements.get(name) is not None:
        return name
    numbered = _numbered(tx, name)
    return numbered.slug if numbered else _slug(tx, name, "statement")


def find_campaign(tx: Transaction, name: str) -> Campaign:
    """A campaign by its id, or the latest of a statement by its slug or the beginning of one.

    Raises NotFound, with a suggestion.
    """
    campaign = _numbered(tx, name) or tx.campaigns.latest(name)
    if campaign is None:
        campaign = tx.campaigns.latest(_slug(tx, name, "campaign"))
    if campaign is None:
        raise NotFound(f"{name!r} has no campaign yet; 'newsletter campaign list' shows them")
    return campaign


def find_draft(tx: Transaction, key: str) -> Draft:
    """A text at the desk. Raises NotFound: nobody mistypes such a key."""
    draft = tx.drafts.get(key)
    if draft is None:
        raise NotFound("There is no such text at the desk, or somebody deleted it.")
    return draft


def _numbered(tx: Transaction, name: str) -> Campaign | None:
    is_id = name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID
    return tx.campaigns.get(int(name)) if is_id else None


def _slug(tx: Transaction, name: str, what: str) -> str:
    found = tx.statements.slugs(name, _SHOWN) if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(several(name, found))
    hint = guess(name, tx.statements.slugs("", _LOOKED_AT))
    raise NotFound(f"there is no {what} {name!r}{hint or ';'} 'newsletter {what} list' shows them")
