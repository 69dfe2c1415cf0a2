"""The audit log: its entries, and their sentences for a page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.staff.account import name_of
from newsletter.domain.wording import moment

OPERATOR_NAME = "operator"
"""The actor of a command that names no person."""
READER_NAME = "the reader"
"""The actor of a change that subscribers make to their own data."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the audit log."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class AuditHead:
    """The number and hash of the last line of the audit log. They prove all earlier lines."""

    number: int
    """Counts from 1; 0 if the log is empty."""
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


_VERBS: Mapping[str, str] = {
    "approve": "approved",
    "revoke": "withdrew an approval",
    "send back": "sent it back:",
    "submit": "submitted",
    "write": "wrote",
    "restore": "restored",
    "add a picture": "added a picture",
    "take back": "took back",
    "comment": "commented",
    "test": "sent a test email",
    "schedule": "set the time:",
    "start": "started it:",
    "undo": "undid",
    "pause": "paused it",
    "resume": "resumed it",
    "cancel": "cancelled it",
    "resolve": "decided:",
    "reopen": "sent it to the rest:",
    "annotate": "wrote on its page:",
    "take off the web": "took it off the web:",
    "put back on the web": "put it back on the web",
    "go back": "went back to the first provider:",
}
"""Action in the log → its verb in a sentence."""
_OBJECTS = dict.fromkeys(("submit", "take back"), "the text") | {"undo": "the start"}
"""The object of the verb if the log names no version."""
_PROGRAM_VERBS: Mapping[str, str] = {
    "schedule": "Scheduled:",
    "reschedule": "Moved",
    "withdraw": "No longer scheduled:",
    "start": "Started sending",
    "pause": "Paused:",
    "cancel": "Cancelled:",
    "finish": "Finished:",
    "fail over": "Another provider took over:",
    "revoke": "Approvals lapsed:",
    "approve": "Approved",
}
"""An action of newsletter itself → its verb in a sentence."""
_PROGRAM_ACTORS = frozenset({"scheduler", "newsletter"})
_NAME_OF_ACTOR = {
    "scheduler": "The program",
    "newsletter": "The program",
    OPERATOR_NAME: "An operator",
    READER_NAME: "The reader",
}
_CONTENT_HASH_PATTERN = re.compile(r"\b([0-9a-f]{4})([0-9a-f]{4})[0-9a-f]{56}\b")
_CAMPAIGN_PREFIX_PATTERN = re.compile(r"^campaign [0-9]+(?:: | is | of | )?")
_REPEATED_PART_PATTERN = re.compile(
    r" by (?:command|desk)\b|^one test mail$|^start$|^approvals? [0-9, ]+ taken back(?:: )?"
)
"""Parts of a detail that its sentence repeats."""
_TIME_PATTERN = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)")
_UNKNOWN_PERSON = "somebody"
_EMAIL_ADDRESS_PATTERN = re.compile(r"(?<![^\s@,;:])[^\s@,;:]++@[^\s@,;:]++")
"""An address. The quantifiers are possessive, so that no character is examined twice."""


def describe_entry(entry: AuditEntry, names: Mapping[str, str], zone: str) -> str:
    """Return a log entry as a sentence, with names of staff, short hashes, and times in the zone.

    ``names`` has the name of each of the staff by folded address. Other addresses are hidden.
    """
    detail = _REPEATED_PART_PATTERN.sub(
        "", shorten_detail(_CAMPAIGN_PREFIX_PATTERN.sub("", entry.detail), zone)
    )
    detail = _EMAIL_ADDRESS_PATTERN.sub(lambda match: names.get(match[0], _UNKNOWN_PERSON), detail)
    if entry.actor in _PROGRAM_ACTORS:
        verb = _PROGRAM_VERBS.get(entry.action, f"{entry.action[:1].upper()}{entry.action[1:]}:")
    else:
        actor = actor_name(entry.actor, names)
        verb = f"{actor} {_VERBS.get(entry.action, f'{entry.action}:')}"
        detail = detail or _OBJECTS.get(entry.action, "")
        detail = "" if detail.endswith(f" by {actor}") else detail  # such as "paused by Ana Ruiz"
    sentence = f"{verb} {detail}".rstrip().rstrip(":.")
    return sentence if sentence.endswith(("?", "!")) else f"{sentence}."


def actor_name(actor: str, names: Mapping[str, str]) -> str:
    return _NAME_OF_ACTOR.get(actor) or names.get(actor) or name_of(actor)


def shorten_detail(detail: str, zone: str) -> str:
    """Return a detail with short hashes, and times in the zone."""
    shortened = _CONTENT_HASH_PATTERN.sub(r"version \1 \2", detail)
    return _TIME_PATTERN.sub(lambda at: moment(datetime.fromisoformat(at[0]), zone), shortened)
