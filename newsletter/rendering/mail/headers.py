"""The header fields and links of emails, with merge marks."""

import hashlib
import re
from email.parser import BytesParser
from email.policy import default
from urllib.parse import quote

from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.statements.content import MergeField, Publisher
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.address import fold

_ATOMS_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SENDER_ID_LENGTH = 12

_NO_AUTO_REPLY = ("X-Auto-Response-Suppress", "OOF, AutoReply")
"""For Exchange, which ignores List-Id and would send out-of-office replies (RFC 3834, 2). ``All``
would suppress bounces too ([MS-OXCMAIL] 2.1.3.2.20)."""

_UNSUBSCRIBE_PREFIX = "unsubscribe."
_UNSUBSCRIBE_SUBJECT_PATTERN = re.compile(r"\bunsubscribe\.([A-Za-z0-9_-]{1,200})(?![A-Za-z0-9_-])")


def unsubscribe_url(publisher: Publisher) -> str:
    """Return the reader's unsubscribe URL; its signed token is a merge field."""
    return f"{publisher.public_url}/u/{MergeField.UNSUBSCRIBE.value}"


def preferences_url(publisher: Publisher) -> str:
    """Return the URL of the page that mails readers a link to their preferences."""
    return f"{unsubscribe_url(publisher)}/preferences"


def archive_url(publisher: Publisher, slug: str) -> str:
    return f"{publisher.public_url}/archive/{slug}"


def campaign_headers(publisher: Publisher, statement: Statement) -> tuple[tuple[str, str], ...]:
    """Return all header fields but From, Reply-To, To, Subject and Date. ``lists`` is not empty."""
    sender = publisher.sender_of(statement.lists)
    domain = fold(sender.address).rpartition("@")[2]
    first = statement.lists[0]
    # the link comes first: some programs use only one (RFC 2369), and RFC 8058 posts to the link
    unsubscribe_ways = [f"<{unsubscribe_url(publisher)}>"]
    if publisher.unsubscribe_inbox:
        inbox = _quote_address(publisher.unsubscribe_inbox)
        unsubscribe_ways.append(
            f"<mailto:{inbox}?subject={_UNSUBSCRIBE_PREFIX}{MergeField.UNSUBSCRIBE.value}>"
        )
    return (
        ("Message-ID", f"<{MergeField.MESSAGE_ID.value}@{domain}>"),
        ("List-Id", f"{_phrase(publisher.organisation.name)}<{first}.{domain}>"),
        ("List-Unsubscribe", ", ".join(unsubscribe_ways)),
        ("List-Help", f"<mailto:{_quote_address(sender.reply_to or sender.address)}>"),
        ("List-Archive", f"<{publisher.public_url}/>"),
        # RFC 8058: the mail program posts this without showing the page
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        _NO_AUTO_REPLY,
        ("Feedback-ID", f"{statement.slug}:{first}:newsletter:{sender_id(domain)}"),
    )


def transactional_headers(publisher: Publisher) -> tuple[tuple[str, str], ...]:
    """Return the header fields of a transactional mail.

    Auto-Submitted keeps other machines from answering (RFC 3834).
    """
    domain = fold(publisher.sender.address).rpartition("@")[2]
    return (
        ("Message-ID", f"<{MergeField.MESSAGE_ID.value}@{domain}>"),
        ("Auto-Submitted", "auto-generated"),
        _NO_AUTO_REPLY,
    )


def unsubscribe_token(email: bytes) -> str:
    """Return the signed token in the subject of an email to the unsubscribe inbox, or ""."""
    subject = str(BytesParser(policy=default).parsebytes(email, headersonly=True)["Subject"] or "")
    found = _UNSUBSCRIBE_SUBJECT_PATTERN.search(subject)
    return found[1] if found else ""


def sender_id(domain: str) -> str:
    """Return the sender id for Feedback-ID: 12 characters that depend on the domain.

    Gmail wants 5 to 15 characters that never change (Feedback-ID, Gmail's sender guidelines).
    """
    return hashlib.sha256(domain.encode()).hexdigest()[:_SENDER_ID_LENGTH]


def _quote_address(address: str) -> str:
    return quote(ascii_domain(address), safe="@+!$'*/=^_`{|}~.-")


def _phrase(name: str) -> str:
    """Return a name as an RFC 5322 phrase, or "" if it is not ASCII."""
    if _ATOMS_PATTERN.fullmatch(name):
        return f"{name} "
    if not (name.isascii() and name.isprintable() and name):
        return ""
    quotable = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quotable}" '
