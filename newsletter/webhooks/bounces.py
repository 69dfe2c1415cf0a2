"""Kinds of bounce that several providers share: by SMTP's codes, and by Amazon SES.

Amazon's table: its developer guide, "Amazon SNS notification contents", bounce types. Resend
sends through Amazon and hands these types on.
"""

import re
from typing import Any

from newsletter.domain.event import Bounce
from newsletter.webhooks.reading import text

_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_NO_MAILBOX = {"550", "551", "553"}
_FULL = "552"

_AMAZON: dict[tuple[str, str], Bounce] = {
    ("Undetermined", "Undetermined"): Bounce.OTHER,
    ("Permanent", "General"): Bounce.HARD,
    ("Permanent", "NoEmail"): Bounce.HARD,
    ("Permanent", "Suppressed"): Bounce.HARD,  # it has a recent history of hard bounces
    ("Permanent", "OnAccountSuppressionList"): Bounce.HARD,  # those who complained come as such
    ("Transient", "General"): Bounce.SOFT,
    ("Transient", "MailboxFull"): Bounce.SOFT,
    ("Transient", "MessageTooLarge"): Bounce.POLICY,
    ("Transient", "ContentRejected"): Bounce.POLICY,
    ("Transient", "AttachmentRejected"): Bounce.POLICY,
}
_AMAZON_TYPES = {
    "Permanent": Bounce.HARD,
    "Transient": Bounce.SOFT,
    "Temporary": Bounce.SOFT,
}


def amazon_bounce(kind: Any, sub_kind: Any) -> Bounce:
    """By type and sub-type, and by the type alone for sub-types that came later."""
    known = _AMAZON.get((text(kind), text(sub_kind)))
    return known or _AMAZON_TYPES.get(text(kind), Bounce.OTHER)


def smtp_bounce(said: str) -> Bounce:
    """By the first three-digit code of RFC 5321 in what a server said."""
    found = _CODE.search(said)
    code = found[1] if found else ""
    if code in _NO_MAILBOX:
        return Bounce.HARD
    return Bounce.SOFT if code == _FULL or code.startswith("4") else Bounce.OTHER
