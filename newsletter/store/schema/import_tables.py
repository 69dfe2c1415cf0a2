"""The tables of imports: what each one brought, and what of it can still be undone.

A person, subscription, tag, suppression or list that an import wrote carries its number. Triggers
note the newest import on a subscriber whenever the person or the staff act: what happened since
an import is never undone with it, and no code that writes can forget to say so.
"""

from sqlalchemy import Index

from newsletter.store.schema.columns import instant, integer, table, words

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
