"""Notes what changed as it changes: triggers that write a slug down, with a number that only grows.

Whoever writes, and in whatever way, cannot forget it. A tick then asks for what changed since
the one before, however much there is. Of one slug there is one note.
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
    return found


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
