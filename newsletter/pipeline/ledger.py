"""Questions to the store that several stages share. It is no stage and knows none.

A service reads its settings and templates once and notes in the database which they are. A process
with others would render other emails: it may not approve or start a statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.errors import Defect, NotFound, Refused
from newsletter.domain.staff.audit import OPERATOR
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import StoredStatement
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import guess, several
from newsletter.store.sql import Transaction

if TYPE_CHECKING:
    from newsletter.domain.statements.draft import Draft


def find_statement(tx: Transaction, slug: str) -> StoredStatement:
    """The statement, present and rendered. Raises NotFound or Refused."""
    stored = tx.statements.get(slug)
    if stored is None or not stored.present:
        raise NotFound(
            f"there is no statement {slug!r}, or its file has a fault;"
            " 'newsletter statement check' names the faults"
        )
    if not stored.content_hash:
        raise Refused(
            f"{slug} cannot be rendered; 'newsletter statement check {slug}' says what to correct"
        )
    return stored


def find_stored(tx: Transaction, slug: str) -> StoredStatement:
    """Return a statement, present or not. Raises NotFound."""
    stored = tx.statements.get(slug)
    if stored is None:
        raise NotFound(f"There is no statement {slug!r}. Look for it among the statements.")
    return stored


class ContentChanged(Refused):
    """The content differs from what the person saw."""

    def __init__(self, slug: str, seen: str, now: str) -> None:
        self.seen, self.now = seen, now
        super().__init__(
            f"{slug} has changed since you looked: it is version {now[:4]} {now[4:8]} now"
        )


def find_seen(tx: Transaction, slug: str, seen: str) -> StoredStatement:
    """Return the statement if its content hash begins with ``seen``.

    Raises Changed if it does not, and NotFound or Refused as ``find_statement`` does.
    """
    stored = find_statement(tx, slug)
    if not stored.content_hash.startswith(seen):
        raise ContentChanged(slug, seen, stored.content_hash)
    return stored


def entitle(tx: Transaction, actor: str, needed: Role, action: str) -> str:
    """Return the actor if they may do this. The operator, who uses the shell, may do anything."""
    return actor if actor == OPERATOR else authorise(tx, actor, needed, action)


def authorise(tx: Transaction, address: str, needed: Role, action: str) -> str:
    """The folded address of a member of staff who may do this. Raises Refused."""
    try:
        by = fold(address)
    except ValueError as error:
        raise Refused(str(error)) from error
    role = tx.staff.roles().get(by)
    if role is None:
        raise Refused(
            f"{by} is not among the staff; who was invited opens the link first, or an operator"
            f" adds them with 'newsletter user add {by} --role {needed.value}'"
        )
    if not role.includes(needed):
        article = "an" if role.value[0] in "ae" else "a"
        raise Refused(f"{by} is {article} {role.value}; to {action} takes the role {needed.value}")
    return by


def approved_content(tx: Transaction, campaign: Campaign) -> Content:
    """Return the approved content. Raises Defect if it was altered."""
    content = tx.statements.content(campaign.content_hash)
    if content is None or content.content_hash() != campaign.content_hash:
        raise Defect(f"the content of campaign {campaign.id} is not what was approved")
    return content


_LONGEST_ID = 18
"""Digits: the database counts to a little over nine with eighteen noughts."""
_SHOWN = 4
_LOOKED_AT = 1_000
"""The number of newest slugs to search for a suggestion."""


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
    """Return a text at the desk. Raises NotFound."""
    draft = tx.drafts.get(key)
    if draft is None:
        raise NotFound("There is no such text at the desk, or somebody deleted it.")
    return draft


def _numbered(tx: Transaction, name: str) -> Campaign | None:
    # isdigit alone takes ² for a digit, which int() does not
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


_OTHERS = (
    "the running service was started with other settings or templates than this process; restart"
    " the service, then try again"
)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Compares the settings and templates of this process with the service's and those on disk."""

    digest: Callable[[], str]
    """The hash of the settings and templates that this process uses."""
    changed_on_disk: Callable[[], str]
    """Returns why this process must be restarted, as a sentence, or ""."""
    is_service_running: Callable[[], bool]
    """A ``run`` or ``worker`` gave a sign of life within the last minute."""
    is_superseded: Callable[[], bool] = lambda: False
    """An admin has saved other settings at the desk: the process starts again with them."""

    def mismatch(self, tx: Transaction) -> str:
        """Return why this process would render other emails than the service sends, or "".

        If no service runs, the next one will use the files on disk.
        """
        if self.is_service_running():
            noted = tx.running_service.configuration()
            if noted:
                return "" if noted == self.digest() else _OTHERS
        return self.changed_on_disk()

    def refuse_others(self, tx: Transaction) -> None:
        """Raise Refused where the service would send something else than this process renders."""
        mismatch = self.mismatch(tx)
        if mismatch:
            raise Refused(f"nothing was changed: {mismatch}")
