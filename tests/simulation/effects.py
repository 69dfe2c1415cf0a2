"""The effects of acts: the rows that the database must have once an act was reported as done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.simulation.expected import Rule, Violation

_SUBSCRIBED = """subscription JOIN list ON list.id = subscription.list_id
WHERE subscription.state = 'confirmed' AND subscription.subscriber_id = ?"""
_SUPPRESSED = "suppression WHERE address_hash = ?"
_UNKNOWN = "batch WHERE campaign_id = ? AND unknown > 0"
_APPROVED = "approval WHERE revoked_at IS NULL AND slug = ?"
_STARTED = "start WHERE revoked_at IS NULL AND slug = ?"
_READER = "subscriber WHERE id = ? AND"
_CAMPAIGN = "campaign WHERE id = ? AND"
_TEXT = 'draft JOIN version ON version.number = draft.head WHERE draft."key" = ?'
_ACCOUNT = "credential WHERE address = ? AND"
_MARK = "public_note WHERE kind <> 'note' AND slug = ? ORDER BY id DESC LIMIT 1"

ROWS: Mapping[str, str] = {
    "pause a campaign": f"{_CAMPAIGN} state = 'paused'",
    "resume a campaign": f"{_CAMPAIGN} state <> 'paused'",
    "cancel a campaign": f"{_CAMPAIGN} state = 'cancelled'",
    "reopen a campaign": f"{_CAMPAIGN} state <> 'cancelled'",
    "return to the first provider": f"{_CAMPAIGN} fallback_provider = ''",
    "stop all sending": "meta WHERE key = 'stop'",
    "approve": f'{_APPROVED} AND "by" = ? AND content_hash = ?',
    "start": f'{_STARTED} AND "by" = ? AND content_hash = ?',
    "set a time": "schedule WHERE slug = ? AND send_at = ?",
    "save a text": f"{_TEXT} AND version.document LIKE ?",
    "hand in a text": 'draft WHERE "key" = ? AND submitted_version = head AND taken_back = 0',
    "take back a text": 'draft WHERE "key" = ? AND taken_back = 1',
    "delete a text": 'draft WHERE "key" = ? AND deleted_at IS NOT NULL',
    "comment": 'comment WHERE slug = ? AND "by" = ? AND words = ?',
    "send back": 'returned WHERE slug = ? AND "by" = ? AND closed_at IS NULL',
    "write a note": "public_note WHERE kind = 'note' AND slug = ? AND words = ?",
    "take off the web": f"(SELECT kind FROM {_MARK}) AS mark WHERE kind = 'withdrawn'",
    "put back on the web": f"(SELECT kind FROM {_MARK}) AS mark WHERE kind = 'restored'",
    "pause a reader": f"{_READER} paused_until = ?",
    "end a pause": f"{_READER} paused_until IS NULL",
    "rename": f"{_READER} name = ?",
    "move": f"{_READER} address = ?",
    "tag": "tag WHERE subscriber_id = ? AND name = ?",
    "subscribe": f"{_SUBSCRIBED} AND list.name = ?",
    "suppress": _SUPPRESSED,
    "undo an import": "import WHERE id = ? AND undone_at IS NOT NULL",
    "hire": "staff JOIN credential USING (address) WHERE address = ? AND role = ?",
    "give a role": "staff WHERE address = ? AND role = ?",
    "choose a language": "staff WHERE address = ? AND language = ?",
    "choose notices": f"{_ACCOUNT} muted <> '[]'",
    "share a calendar": f"{_ACCOUNT} feed IS NOT NULL",
    "change a password": f"{_ACCOUNT} password_at > ?",
    "add a factor": f"{_ACCOUNT} factor <> ''",
    "remove a factor": f"{_ACCOUNT} factor = ''",
    "use a code": "recovery WHERE address = ? AND used_at IS NOT NULL",
    "revoke a token": "token WHERE id = ? AND revoked_at IS NOT NULL",
    "list an item": "feed_item WHERE id = ?",
    "add a picture": "picture WHERE draft = ? AND alt = ?",
    "gather": "issue WHERE name = ? AND document <> ''",
    "mail a report": "transactional_email WHERE kind = 'report' AND address = ?",
}
"""The rows of which one must exist, by act."""
NO_ROWS: Mapping[str, str] = {
    "decide what is unknown": _UNKNOWN,
    "resume all sending": "meta WHERE key = 'stop'",
    "revoke approvals": _APPROVED,
    "revoke an approval": f'{_APPROVED} AND "by" = ?',
    "undo a start": _STARTED,
    "clear a time": "schedule WHERE slug = ?",
    "unsubscribe": f"{_SUBSCRIBED} AND list.name = ?",
    "unsubscribe from all": "subscription WHERE state <> 'ended' AND subscriber_id = ?",
    "untag": "tag WHERE subscriber_id = ? AND name = ?",
    "lift": _SUPPRESSED,
    "erase": "subscriber WHERE id = ?",
    "dismiss": "staff WHERE address = ?",
    "remove a passkey": "passkey WHERE address = ?",
    "drop a digest": "issue WHERE document <> 'null'",
}
"""The rows of which none may exist, by act."""


def judge_done(books: Any, act: str, *about: object) -> None:
    """Check that an act, which says that it was done, has its effect."""
    rows = ROWS.get(act) or NO_ROWS[act]
    values = [int(one.timestamp() * 1000) if isinstance(one, datetime) else one for one in about]
    [[count]] = books.execute(f"SELECT count(*) FROM {rows}", values).fetchall()
    if bool(count) is (act in NO_ROWS):
        raise Violation(Rule.UNDONE, f"{act} {about} was done, and {count} rows say so")
