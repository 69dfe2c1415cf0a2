"""Look-ups and permission checks that several stages share.

A service loads its settings and templates once and stores their hash in the database. A process
with other ones would render other emails, so it may not approve or start a statement.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, has_begun
from newsletter.domain.errors import Defect, NotFound, Refused
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content, short_hash
from newsletter.domain.statements.counting import MISLEADING
from newsletter.domain.statements.draft import Draft
from newsletter.domain.statements.statement import UNREADABLE, Approval, StoredStatement
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import did_you_mean, say
from newsletter.store.sql import Store, Transaction

_NO_STATEMENT = (
    "there is no statement {slug!r}, or its file has a fault; 'newsletter statement check' names"
    " the faults"
)


def find_statement(tx: Transaction, slug: str) -> StoredStatement:
    """Return a statement that is present and rendered. Raises NotFound or Refused."""
    stored = find_stored(tx, slug)
    if not stored.present:
        raise NotFound(say(_NO_STATEMENT, slug=slug))
    if not stored.content_hash:
        bare = "{slug} cannot be rendered; 'newsletter statement check {slug}' says what to correct"
        raise Refused(say(bare, slug=slug))
    return stored


def find_stored(tx: Transaction, slug: str) -> StoredStatement:
    """Return a statement, present or not. Raises NotFound, and Refused if its text is damaged."""
    stored = tx.statements.get(slug)
    if stored is not None:
        return stored
    if tx.statements.has_slug(slug):
        damaged = "{place}: {text}; 'newsletter statement check' stores a file's text again"
        raise Refused(say(damaged, place=slug, text=UNREADABLE))
    raise NotFound(say(_NO_STATEMENT, slug=slug))


class ContentChanged(Refused):
    """The content is not the version that the person saw."""

    def __init__(self, slug: str, seen: str, now: str) -> None:
        self.seen, self.now = seen, now
        other = "{slug} has changed since you looked: its content hash is {hash} now"
        super().__init__(say(other, slug=slug, hash=short_hash(now)))


def find_seen(tx: Transaction, slug: str, shown_hash: str) -> StoredStatement:
    """Return the statement, if the person saw its current content.

    ``shown_hash`` is the content hash that they saw, or its beginning. Raises ContentChanged,
    NotFound or Refused.
    """
    stored = find_statement(tx, slug)
    if not stored.content_hash.startswith(shown_hash):
        raise ContentChanged(slug, shown_hash, stored.content_hash)
    return stored


def find_role(tx: Transaction, address: str) -> Role:
    """Return the role of a member of staff. Raises NotFound."""
    role = tx.staff.role(address)
    if role is None:
        raise NotFound(say("{address} is not among the staff", address=address))
    return role


def refuse_suppressed(tx: Transaction, address: str) -> None:
    """Raise Refused if nothing may be sent to an address."""
    if reason := tx.readers.suppression_reason(address):
        no = "{address} is suppressed ({reason}); nothing is sent to it"
        raise Refused(say(no, address=address, reason=say(reason.value)))


@contextmanager
def act_as(
    store: Store, actor: str, needed: Role, action: str, *, in_person: bool = False
) -> Iterator[tuple[Transaction, str]]:
    """Begin the transaction of an act. Yield it and the actor, whose role is checked in it.

    The actor is the operator or a folded address. Raises Refused as ``require_role`` does.
    """
    with store.begin() as tx:
        yield tx, require_role(tx, actor, needed, action, in_person=in_person)


def require_role(
    tx: Transaction, actor: str, needed: Role, action: str, *, in_person: bool = False
) -> str:
    """Return the operator, or the folded address of a person who has the needed role.

    Raises Refused for anybody else, and with ``in_person`` for the operator.
    """
    if actor == OPERATOR_NAME and not in_person:
        return actor
    try:
        address = fold(actor)
    except ValueError as error:
        raise Refused(str(error)) from error
    role = tx.staff.roles().get(address)
    if role is None:
        none = (
            "{address} is not among the staff; who was invited opens the link first, or an operator"
            " adds them with 'newsletter user add {address} --role {role}'"
        )
        raise Refused(say(none, address=address, role=say(needed.value)))
    if not role.includes(needed):
        lacks = "{address} has the role {role}; this takes the role {needed}"
        raise Refused(say(lacks, address=address, role=say(role.value), needed=say(needed.value)))
    return address


def approved_content(tx: Transaction, campaign: Campaign) -> Content:
    """Return the approved content of a campaign. Raises Defect if its hash differs."""
    content = find_approved_content(tx, campaign)
    if content is None:
        raise Defect(f"the content of campaign {campaign.id} is not what was approved")
    return content


def find_approved_content(tx: Transaction, campaign: Campaign) -> Content | None:
    """Return the approved content of a campaign, or None if its hash differs."""
    content = tx.statements.get_content(campaign.content_hash)
    is_sound = content is not None and content.content_hash() == campaign.content_hash
    return content if is_sound else None


def approvals_of(tx: Transaction, campaign: Campaign) -> tuple[Approval, ...]:
    """Return the approvals with which a campaign was planned, one a person, also ended ones."""
    given = {
        one.by: one
        for one in tx.approvals.list_for(campaign.slug)
        if one.content_hash == campaign.content_hash and one.by in campaign.approved_by
    }
    return tuple(given.values())


def why_not_after(tx: Transaction, original: str, since: datetime) -> str:
    """Return why a translation approved at ``since`` may not follow its original now; or ""."""
    if tx.public_notes.find_withdrawn([original]):
        withdrawn = (
            "it translates {slug}, whose text is off the web; put that back on the web, or withdraw"
            " the approval of this one"
        )
        return say(withdrawn, slug=original)
    slug, at = original, None
    while (correction := tx.campaigns.find_begun_correction(slug)) is not None:
        slug, at = correction.slug, correction.started_at
    later = (
        "it translates {slug}, which {correction} has corrected since its approval; correct it"
        " too, or withdraw its approval and approve it again"
    )
    if at and at > since:
        return say(later, slug=original, correction=slug)
    campaign = tx.campaigns.find_latest(original)
    is_cancelled = has_begun(campaign) and campaign.state is CampaignState.CANCELLED
    ended_at = campaign.finished_at if campaign and is_cancelled else None
    cancelled = (
        "it translates {slug}, which was canceled after its approval; send {slug} to the rest, or"
        " withdraw the approval of this one and approve it again"
    )
    return say(cancelled, slug=original) if ended_at and ended_at > since else ""


def load_counted(tx: Transaction, content: Content | None) -> dict[str, Any] | None:
    """Return an email's numbers, the most followed link first; None if it counts nothing."""
    counting = content.counting if content else None
    if counting is None:
        return None
    rows = tx.counted_links.list_for(counting.key)
    links = [{"link": target, "count": count} for number, target, count in rows if number]
    return {
        "opens": sum(count for number, _, count in rows if not number) if counting.opens else None,
        "clicks": sum(one["count"] for one in links) if counting.clicks else None,
        "links": sorted(links, key=lambda one: -one["count"]),
        "note": MISLEADING,
    }


_MAX_ID_DIGITS = 18
"""The database stores ids up to 9.2 · 10¹⁸."""
_MAX_SUGGESTIONS = 4
_MAX_SLUGS_SEARCHED = 1_000
"""A similar slug is searched among this many of the newest."""


def find_slug(tx: Transaction, name: str, *, by_prefix: bool = False) -> str:
    """Return the slug of a statement, by its slug or a campaign id. Raises NotFound.

    ``by_prefix``: the beginning of the slug is enough, if it is unique. For reading only.
    """
    if tx.statements.get(name) is not None:
        return name
    campaign = _campaign_by_id(tx, name)
    return campaign.slug if campaign else _match_slug(tx, name, "statement", by_prefix)


def find_campaign(tx: Transaction, name: str, *, by_prefix: bool = False) -> Campaign:
    """Return a campaign by its id, or the latest campaign of a slug. Raises NotFound.

    ``by_prefix`` is that of ``find_slug``.
    """
    campaign = _campaign_by_id(tx, name) or tx.campaigns.find_latest(name)
    if campaign is None:
        campaign = tx.campaigns.find_latest(_match_slug(tx, name, "campaign", by_prefix))
    if campaign is None:
        none = "{name!r} has no campaign yet; 'newsletter campaign list' shows them"
        raise NotFound(say(none, name=name))
    return campaign


def find_draft(tx: Transaction, key: str) -> Draft:
    """Return a text at the desk. Raises NotFound."""
    draft = tx.drafts.get(key)
    if draft is None and tx.drafts.has_key(key):
        raise Refused(UNREADABLE)
    if draft is None:
        raise NotFound(say("There is no such text at the desk, or somebody deleted it."))
    return draft


def _campaign_by_id(tx: Transaction, name: str) -> Campaign | None:
    # isdigit accepts ², which int() does not
    is_id = name.isascii() and name.isdigit() and len(name) <= _MAX_ID_DIGITS
    return tx.campaigns.get(int(name)) if is_id else None


def _match_slug(tx: Transaction, name: str, text: str, by_prefix: bool) -> str:
    slugs = tx.statements.find_slugs(name, _MAX_SUGGESTIONS) if name else []
    # without by_prefix, hours does not mean hours-es: hours may be a file with a fault
    if slugs == [name] or (len(slugs) == 1 and by_prefix):
        return slugs[0]
    if slugs:
        several = "{name!r} is only the beginning of {names}; write the whole name"
        names = ", ".join([*slugs[:-1], "…"] if len(slugs) == _MAX_SUGGESTIONS else slugs)
        raise NotFound(say(several, name=name, names=names))
    hint = did_you_mean(name, tx.statements.find_slugs("", _MAX_SLUGS_SEARCHED))
    none = "there is no {kind} {name!r}{hint} 'newsletter {command} list' shows them"
    raise NotFound(say(none, kind=say(text), name=name, hint=hint or ";", command=text))


_OTHER_CONFIGURATION = say(
    "the running service was started with other settings or templates than this process; restart"
    " the service, then try again"
)


@dataclass(frozen=True, kw_only=True)
class ConfigurationCheck:
    """Compares the settings and templates of this process with the service's and those on disk."""

    digest: Callable[[], str]
    """The hash of the settings and templates that this process uses."""
    changed_on_disk: Callable[[], str]
    """Return why this process must be restarted, as a sentence, or ""."""
    is_service_running: Callable[[], bool]
    """Return whether a ``run`` or ``worker`` sent a heartbeat within the last minute."""
    is_superseded: Callable[[], bool] = lambda: False
    """Return whether settings were saved at the desk or a key added: the process restarts."""

    def mismatch(self, tx: Transaction) -> str:
        """Return why this process would render other emails than the service, or "".

        If no service runs, the settings and templates on disk count.
        """
        if self.is_service_running():
            service_hash = tx.running_service.configuration()
            if service_hash:
                return "" if service_hash == self.digest() else _OTHER_CONFIGURATION
        return self.changed_on_disk()

    def refuse_mismatch(self, tx: Transaction) -> None:
        """Raise Refused if the service would send other emails than this process renders."""
        mismatch = self.mismatch(tx)
        if mismatch:
            raise Refused(say("nothing was changed: {why}", why=mismatch))
