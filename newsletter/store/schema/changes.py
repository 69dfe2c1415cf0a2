"""Notes what changed as it changes, by triggers: statements, and the addresses of subscribers.

A writer cannot forget it, whatever road it takes. A slug is noted with a number that only grows:
a tick asks for what changed since the one before. Of one slug there is one note. The hash of an
address that a subscriber leaves stays as long as the subscriber: providers speak of it for months.
"""

NOTED = {
    "statement": ("document", "content_hash", "fingerprint", "present"),
    "approval": (),
    "schedule": (),
    "start": (),
    "returned": (),
    "campaign": (
        "content_hash",
        "state",
        "lists",
        "urgent",
        "release_at",
        "started_at",
        "finished_at",
        "corrected_by",
    ),
}
"""Table → the columns of which one has to differ in an update that counts; none: any update."""

_ISSUE = "NEW.name || '-' || NEW.day"


def triggers() -> list[str]:
    """What makes them all."""
    found = []
    for table, columns in NOTED.items():
        found.append(_trigger("INSERT", table, "NEW.slug"))
        found.append(_trigger("UPDATE", table, "NEW.slug", columns))
        found.append(_trigger("DELETE", table, "OLD.slug"))
    found.append(_trigger("INSERT", "issue", _ISSUE))
    found.append(_trigger("UPDATE", "issue", _ISSUE, ("document", "parts")))
    # what is typed changes no statement, but what is handed in, taken back or deleted does
    found.append(_trigger("UPDATE", "draft", "NEW.slug", ("handed_in", "taken_back", "deleted_at")))
    return [*found, _address_changes(), _erasures()]


def _address_changes() -> str:
    """Of a spelling too: bytes that left are compared, and a provider's log may keep letters."""
    return (
        "CREATE TRIGGER address_left AFTER UPDATE OF address, address_hash ON subscriber"
        " WHEN NEW.address IS NOT OLD.address OR NEW.address_hash IS NOT OLD.address_hash"
        " BEGIN INSERT INTO address_history (subscriber_id, address_hash, address, last_campaign)"
        " VALUES (OLD.id, OLD.address_hash, OLD.address,"
        " (SELECT coalesce(max(id), 0) FROM campaign)); END"
    )


def _erasures() -> str:
    """No number leads to anybody any more, and no suppression names what was left before."""
    return (
        "CREATE TRIGGER address_erased AFTER DELETE ON subscriber BEGIN"
        " UPDATE suppression SET address = NULL WHERE address_hash IN"
        " (SELECT address_hash FROM address_history WHERE subscriber_id = OLD.id)"
        " AND address_hash NOT IN (SELECT address_hash FROM subscriber);"
        " DELETE FROM address_history WHERE subscriber_id = OLD.id; END"
    )


def _trigger(action: str, table: str, slug: str, columns: tuple[str, ...] = ()) -> str:
    differs = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
    when = f" WHEN {differs}" if differs else ""
    # the old note goes first, so that the new one has the highest number there ever was
    forget = f"DELETE FROM changed_statement WHERE slug = {slug}"
    note = f"changed_statement (slug) VALUES ({slug})"
    return (
        f"CREATE TRIGGER changed_by_{table}_{action.lower()} AFTER {action} ON {table}{when}"
        f" BEGIN {forget}; INSERT INTO {note}; END"
    )
