"""The stored data of people agrees with SECURITY.md: a new column needs a line there."""

from pathlib import Path

from newsletter.store.sqlite import Sqlite

PAGE = Path(__file__).parents[3] / "SECURITY.md"
OF_PEOPLE = {
    "id address address_hash name language timezone consent added_at"
    " origin place outlet beat phone notes paused_until import_id last_import acted_after": (
        "subscriber",
        "address, name, languages, time zone, place, outlet, beat, telephone,"
        " notes, tags, lists"
        "|where and when they consented|the end of a pause",
    ),
    "number subscriber_id address_hash address": (
        "address_history",
        "Of each address that a subscriber left: a keyed hash",
    ),
    "subscriber_id started_at language": ("former_language", "languages"),
    "name subscriber_id import_id": ("tag", "tags"),
    "import_id subscriber_id name language timezone place outlet beat phone notes consent"
    " paused_until last_import removed_tags": ("import_change", "what it changed of a person"),
    "id at by file kind sha256 new known changed joined ended suppressed skipped"
    " finished_at undone_at undone_by": (
        "import",
        "who did it, the file's name, SHA-256 and figures",
    ),
    "id at by file lists without agreed columns omits_bad_rows body": (
        "upload",
        "the whole file, until its import or an erasure, for a day at most",
    ),
    "list_id subscriber_id state changed_at ended_by import_id": (
        "subscription",
        "campaign whose link ended",
    ),
    "address_hash address reason origin at import_id": (
        "suppression",
        "a keyed hash of the address, the address, the reason and its origin",
    ),
    "id subscriber_id list given method source wording asked_at at": (
        "consent",
        "the list, the words, where and when it was asked for and confirmed",
    ),
    "id kind state address address_hash mailbox_hash network_hash subscriber_id name language"
    " timezone lists source wording asked_at asks not_before attempts attempt_id provider"
    " provider_id reason claimed_at settled_at used_at account held_until owner": (
        "transactional_email",
        "the request, with the address|keyed hashes of the mailbox and, for a day",
    ),
    "number provider id kind at received_at campaign_id subscriber_id raw": (
        "event",
        "as they came, with the address",
    ),
    "campaign_id subscriber_id kind bounce at reason": (
        "delivery_status",
        "the status of each delivery",
    ),
    "campaign_id subscriber_id batch_id state reason provider_id at": (
        "delivery",
        "the outcome of each delivery that differs",
    ),
    "address role added_at name language": ("staff", "address, name, role, language"),
    "address password password_at factor factor_at factor_step pending muted feed issuer subject": (
        "credential",
        "sign-in data",
    ),
    "id kind slug occurrence address at message_id done_at": (
        "notice",
        "for a month the events that",
    ),
    "hash address used_at": ("recovery", "sign-in data"),
    "id address party name public signatures made_at used_at": ("passkey", "sign-in data"),
    "hash address stage created_at seen_at stepped_up_at browser network challenge challenge_at": (
        "session",
        "Of each session its browser and network",
    ),
    "id hash kind address role by made_at expires_at used_at withdrawn_at email_id": (
        "staff_link",
        "sign-in data",
    ),
    "id hash name by scopes made_at expires_at used_at revoked_at": (
        "token",
        "their tokens' names and scopes",
    ),
    "token_id key request at made": ("idempotency_key", "for a day hashes of requests"),
    "id key at": ("sign_in_failure", "account or network that a failed sign-in counts against"),
    "address network at": ("known_network", "a keyed hash of the networks they signed in from"),
    "number draft kind by writers document sought began_at at closed submitted_at submitted_by": (
        "version",
        "the texts, notes, pictures and comments they wrote",
    ),
    "id slug by at content_hash words": (
        "comment",
        "the texts, notes, pictures and comments they wrote",
    ),
    "id slug at by kind words": (
        "public_note",
        "the texts, notes, pictures and comments they wrote",
    ),
    "number at actor action subject detail digest": ("audit", "their acts in the audit log"),
}
"""All columns of each table in which something of a person stands, and the page's words for it."""
OF_NOBODY = {
    *("feed", "feed_item", "digest", "issue", "archive_text", "wording", "draft", "picture"),
    *("start", "returned", "meta", "restore_guard", "statement", "changed_statement", "content"),
    *("approval", "schedule", "list", "campaign", "batch", "rate_limit"),
    *("notice_moment", "webhook_token", "circuit_breaker_override", "schema_version"),
    *("worker", "scheduler_lease", "post", "failing_check", "counted_link"),
}
"""Tables of texts, campaigns and figures: of people they hold numbers, and who of staff acted."""


def test_security_names_all_that_is_stored(database: Sqlite) -> None:
    told = PAGE.read_text("utf-8").partition("\n## What is stored\n")[2].partition("\n## ")[0]
    told = " ".join(told.split())
    with database.transaction(is_read_only=True) as db:
        tables = {
            name: " ".join(db.column("SELECT name FROM pragma_table_info(:name)", name=name))
            for name in db.column("SELECT name FROM pragma_table_list WHERE strict = 1")
        }
    assert tables.keys() == OF_NOBODY | {name for name, _ in OF_PEOPLE.values()}
    for columns, (name, words) in OF_PEOPLE.items():
        assert tables[name] == columns, f"{name}: say in SECURITY.md what is stored, and here"
        assert [one for one in words.split("|") if one not in told] == []
