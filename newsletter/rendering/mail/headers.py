"""The header fields that are the same for all readers of a campaign, but for merge marks."""

import hashlib
import re

from newsletter.domain.statements.content import House, MergeField
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import fold

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SENDER_ID_LENGTH = 12


def unsubscribe_url(house: House) -> str:
    """The reader's own link, with its signed word still open."""
    return f"{house.public_url}/u/{MergeField.UNSUBSCRIBE.value}"


def preferences_url(house: House) -> str:
    """Where a reader has the link to their own settings sent, without leaving first."""
    return f"{unsubscribe_url(house)}/preferences"


def archive_url(house: House, statement: Statement) -> str:
    """The statement's page on the web."""
    return archive_page(house, statement.slug)


def archive_page(house: House, slug: str) -> str:
    """The page of the statement with this slug."""
    return f"{house.public_url}/archive/{slug}"


def headers_for(house: House, statement: Statement) -> tuple[tuple[str, str], ...]:
    """Everything but From, Reply-To, To, Subject and Date. The statement names a list."""
    domain = fold(house.sender.address).rpartition("@")[2]
    first = statement.lists[0]
    return (
        ("Message-ID", f"<{MergeField.MESSAGE_ID.value}@{domain}>"),
        ("List-Id", f"{_phrase(house.organisation.name)}<{first}.{domain}>"),
        ("List-Unsubscribe", f"<{unsubscribe_url(house)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Feedback-ID", f"{statement.slug}:{first}:newsletter:{sender_id(domain)}"),
    )


def headers_for_one(house: House) -> tuple[tuple[str, str], ...]:
    """Those of a mail that one person asked for: nothing to unsubscribe from, nothing to answer.

    RFC 3834 has Auto-Submitted keep other machines from answering.
    """
    domain = fold(house.sender.address).rpartition("@")[2]
    return (
        ("Message-ID", f"<{MergeField.MESSAGE_ID.value}@{domain}>"),
        ("Auto-Submitted", "auto-generated"),
    )


def sender_id(domain: str) -> str:
    """What mailbox providers count complaints under: 12 characters, one for a domain for ever.

    Gmail wants 5 to 15 characters that do not change (Feedback-ID, Gmail's sender guidelines).
    """
    return hashlib.sha256(domain.encode()).hexdigest()[:_SENDER_ID_LENGTH]


def _phrase(name: str) -> str:
    """A name as RFC 5322 writes one before an angle bracket, or nothing if ASCII cannot say it."""
    if _ATOMS.fullmatch(name):
        return f"{name} "
    if not (name.isascii() and name.isprintable() and name):
        return ""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" '
