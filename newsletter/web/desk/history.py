"""Entries of the audit log, as sentences of a page."""

import re
from collections.abc import Mapping
from datetime import datetime

from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.audit import OPERATOR_NAME, READER_NAME, AuditEntry
from newsletter.domain.wording import Sentence, moment, recognize, say
from newsletter.tables import load_table

_WORDS = load_table("newsletter.web.desk", "history.yaml")
_OBJECTS = dict.fromkeys(("submit", "take back"), "the text") | {"undo": "the start"}
"""The object of the verb if the log names no version."""
_ACTOR_NAMES = {OPERATOR_NAME: say("An operator"), READER_NAME: say("The reader")}
_CONTENT_HASH_PATTERN = re.compile(r"\b([0-9a-f]{4})([0-9a-f]{4})[0-9a-f]{56}\b")
_SHORT_VERSION = r"version \1 \2"
_CAMPAIGN_PREFIX_PATTERN = re.compile(r"^campaign [0-9]+(?:: | is | of | )?")
_REPEATED_PART_PATTERN = re.compile(
    r" by (?:command|desk)\b|^one test mail$|^start$|^approvals? [0-9, ]+ taken back(?:: )?"
)
"""Parts of a detail that repeat what the sentence says."""
_TIME_PATTERN = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)")
_EMAIL_ADDRESS_PATTERN = re.compile(r"(?<![^\s@,;:])[^\s@,;:]++@[^\s@,;:]++")
"""An address, from the beginning of a word and possessively: no letter is examined twice."""


def describe_entry(entry: AuditEntry, names: Mapping[str, str], zone: str) -> str:
    """Return a log entry as a sentence: names for staff, short hashes, times in the zone.

    ``names`` has all staff by folded address. No other address is shown.
    """
    detail = _CONTENT_HASH_PATTERN.sub(_SHORT_VERSION, entry.detail)
    detail = _REPEATED_PART_PATTERN.sub("", _CAMPAIGN_PREFIX_PATTERN.sub("", detail))
    detail = _EMAIL_ADDRESS_PATTERN.sub(lambda found: names.get(found[0], "somebody"), detail)
    if entry.actor in {"scheduler", "newsletter"}:
        pattern, who = _WORDS["program"].get(entry.action, "{act}:"), ""
    else:
        pattern = _WORDS["people"].get(entry.action, "{who} {act}:")
        who = _ACTOR_NAMES.get(entry.actor) or names.get(entry.actor) or name_of(entry.actor)
        detail = detail or _OBJECTS.get(entry.action, "")
        detail = detail if not detail.endswith(f" by {who}") else ""  # "paused by …": said already
    did = say(pattern.rstrip(":"), who=who, act=entry.action if who else entry.action.capitalize())
    if not (detail := detail.rstrip(" :.")):
        return say("{did}.", did=did)
    end = "" if detail.endswith(("?", "!")) else "."
    detail = recognize(detail, _WORDS["details"], in_values=False)
    if isinstance(detail, Sentence):
        values = {name: _moments_in(one, zone) for name, one in detail.values.items()}
        detail = say(detail.pattern, **values)
    else:
        detail = _moments_in(detail, zone)
    if pattern.endswith(":"):
        return say("{did}: {detail}{end}", did=did, detail=detail, end=end)
    return say("{did} {detail}{end}", did=did, detail=detail, end=end)


def _moments_in(text: object, zone: str) -> str:
    """Return a text with its times in the zone; a sentence if it is only a time."""
    if _TIME_PATTERN.fullmatch(str(text)):
        return moment(datetime.fromisoformat(str(text)), zone)
    return _TIME_PATTERN.sub(lambda hit: moment(datetime.fromisoformat(hit[0]), zone), str(text))


def shorten_detail(detail: str, zone: str) -> str:
    """Return a detail with short hashes, and times in the zone."""
    return _moments_in(_CONTENT_HASH_PATTERN.sub(_SHORT_VERSION, detail), zone)
