"""The tables of imports: what each one brought, and what of it can still be undone.

A person, subscription, tag, suppression or list that an import wrote carries its number. Triggers
note the newest import on a subscriber whenever the person or the staff act: what happened since
an import is never undone with it, and no code that writes can forget to say so.
"""

from sqlalchemy import Index

from newsletter.store.schema.columns import afterwards, instant, integer, metadata, table, words

import_ = table(
    "import",
    integer("id", key=True),
    instant("at"),
    words("by"),
    words("file"),
    words("kind"),  # the tool that wrote the file; plain: ours
    words("sha256"),
    integer("new"),
    integer("known"),
    integer("changed"),
    integer("joined"),  # subscriptions
    integer("ended"),  # subscriptions
    integer("suppressed"),
    integer("skipped"),  # people
    instant("undone_at", nullable=True),
    words("undone_by", empty=True),
    numbered=True,
)

import_change = table(
    "import_change",
    integer("import_id", key=True),
    integer("subscriber_id", key=True),
    words("name"),  # this and what follows: as it was before
    words("language"),
    words("timezone"),
    words("place"),
    words("consent"),
    integer("paused_until", nullable=True),
    integer("last_import", nullable=True),
    Index(None, "subscriber_id"),
    rowid=False,
)

_DESCRIBES = "address, name, language, timezone, place, consent"


def _act(name: str, event: str, whom: str, when: str) -> str:
    return (
        f"CREATE TRIGGER acted_{name} AFTER {event}"
        f" WHEN {when} AND EXISTS (SELECT 1 FROM import)"
        " BEGIN UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)"
        f" WHERE {whom}; END"
    )


_SAME = "NEW.import_id IS NULL OR NEW.import_id IS OLD.import_id"
_THEIRS = "subscriber.id = NEW.subscriber_id"

afterwards(
    metadata,
    _act(
        "described",
        f"UPDATE OF {_DESCRIBES} ON subscriber",
        "subscriber.id = NEW.id",
        "NEW.last_import IS OLD.last_import",
    ),
    _act(
        "paused",
        "UPDATE OF paused_until ON subscriber",
        "subscriber.id = NEW.id",
        # the end of a pause is no act: it comes by itself
        "NEW.last_import IS OLD.last_import AND NEW.paused_until IS NOT NULL",
    ),
    _act("joined", "INSERT ON subscription", _THEIRS, "NEW.import_id IS NULL"),
    _act("left", "UPDATE ON subscription", _THEIRS, f"({_SAME})"),
    *(
        _act(name, f"{event} ON suppression", f"subscriber.address_hash = {row}", when)
        for name, event, row, when in (
            ("suppressed", "INSERT", "NEW.address_hash", "NEW.import_id IS NULL"),
            ("suppressed_again", "UPDATE", "NEW.address_hash", f"({_SAME})"),
            ("lifted", "DELETE", "OLD.address_hash", "1"),
        )
    ),
)
