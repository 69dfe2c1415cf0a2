"""Staff feedback on a statement: comments and requests for changes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.statements.statement import Approval

MAX_COMMENT_CHARS = 2_000
"""Characters of a comment."""


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
    """Normalize a typed comment for storage. Raises ValueError, which says what to change."""
    lines = (
        "".join(character if character.isprintable() else " " for character in line).rstrip()
        for line in typed.splitlines()
    )
    words = "\n".join(lines).strip()
    if not words:
        raise ValueError("Write a comment first")
    if len(words) > MAX_COMMENT_CHARS:
        has = f"it has {len(words):,} characters, and {MAX_COMMENT_CHARS:,} are the most"
        raise ValueError(f"Shorten the comment: {has}")
    return words


_MENTION_PATTERN = re.compile(r"(?<![\w.+@-])@([\w.+-]{1,100}(?:@[\w.-]{1,100})?)")


def find_mentions(words: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return what a comment mentions with its address, or "": @ben, @ben.okri, @ben@forum.example.

    ``names`` has the name of each of the staff, by address. A mention is an address, its local
    part, a first name, or a name without blanks. A name that two people share mentions neither.
    """
    known: dict[str, set[str]] = {}
    for address, name in names.items():
        parts = name.casefold().split()
        full_names = {joint.join(parts) for joint in ("", ".", "-")}
        for one in {address, address.partition("@")[0], *parts[:1], *full_names}:
            known.setdefault(one, set()).add(address)
    mentions = (one.rstrip(".-") for one in _MENTION_PATTERN.findall(words))
    found = {one: [*known.get(one.casefold(), ())] for one in mentions}
    return {one: who[0] if len(who) == 1 else "" for one, who in found.items()}


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
    """When the same version was submitted again."""


def open_change_request(
    requests: Iterable[ChangeRequest], content_hash: str, approvals: Iterable[Approval]
) -> ChangeRequest | None:
    """Return the last request for changes, unless its version was approved or resubmitted since.

    ``requests`` is in the order of writing, which decides between two of one instant.
    """
    last = max(reversed(list(requests)), key=lambda one: one.at, default=None)
    if last is None or last.closed_at is not None or last.content_hash != content_hash:
        return None
    since = [
        approval
        for approval in approvals
        if approval.content_hash == content_hash and approval.at >= last.at
    ]
    return None if any(approval.revoked_at is None for approval in since) else last
