"""Staff feedback on a statement: comments and requests for changes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.statements.statement import Approval
from newsletter.domain.wording import invalid

MAX_COMMENT_CHARS = 2_000


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A person's comment on one version of a statement."""

    slug: str
    by: str
    """The folded address of the author."""
    at: datetime
    words: str
    """Plain text."""
    content_hash: str = ""
    """The content hash of the version that the author saw."""
    id: int = 0
    """0 before it is stored."""


def normalize_comment(typed: str) -> str:
    """Return a typed comment without unprintable characters and surrounding blanks.

    Raises ValueError, which says what to change, for an empty or too long comment.
    """
    lines = (
        "".join(character if character.isprintable() else " " for character in line).rstrip()
        for line in typed.splitlines()
    )
    words = "\n".join(lines).strip()
    if not words:
        raise invalid("Write a comment first")
    if len(words) > MAX_COMMENT_CHARS:
        refusal = "Shorten the comment: it has {length:,} characters, and {most:,} are the most"
        raise invalid(refusal, length=len(words), most=MAX_COMMENT_CHARS)
    return words


_MENTION_PATTERN = re.compile(r"(?<![\w.+@-])@([\w.+-]{1,100}(?:@[\w.-]{1,100})?)")


def find_mentions(words: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return each mention in a comment, without its @, and the address that it means.

    ``names`` has the name of each of the staff, by address. A mention is an address, its local
    part, a first name, or a name without blanks: @ben, @ben.okri, @ben@forum.example. If no
    one or several people are meant, the address is "".
    """
    known: dict[str, set[str]] = {}
    for address, name in names.items():
        parts = name.casefold().split()
        full_names = {joint.join(parts) for joint in ("", ".", "-")}
        for spelling in {address, address.partition("@")[0], *parts[:1], *full_names}:
            known.setdefault(spelling, set()).add(address)
    mentions = (mention.rstrip(".-") for mention in _MENTION_PATTERN.findall(words))
    people = {mention: [*known.get(mention.casefold(), ())] for mention in mentions}
    return {mention: who[0] if len(who) == 1 else "" for mention, who in people.items()}


@dataclass(frozen=True, kw_only=True)
class ChangeRequest:
    """An approver's request for changes to one version of a statement, with the reason."""

    slug: str
    content_hash: str
    by: str
    """The folded address of the approver."""
    at: datetime
    reason: str
    closed_at: datetime | None = None
    """When the text was changed in its file or feed, or was submitted again."""


def find_open_request(
    requests: Iterable[ChangeRequest], approvals: Iterable[Approval]
) -> ChangeRequest | None:
    """Return the last request for changes if it is open, or None.

    A change of its text, an approval or a submission closes it; a change of a setting or a template
    does not. ``requests`` are in the order of writing, which decides between two of one instant.
    """
    last = max(reversed(list(requests)), key=lambda request: request.at, default=None)
    if last is None or last.closed_at is not None:
        return None
    is_approved = any(
        approval.at >= last.at and approval.revoked_at is None for approval in approvals
    )
    return None if is_approved else last
