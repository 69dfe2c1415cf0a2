"""The tables. Times are integers: milliseconds since 1970, UTC.

A batch is a row; a delivery has a row of its own only where it differs from its batch. The
accounting identity is a constraint of the batch, so no commit can break it.
"""

from sqlalchemy import (
    BLOB,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _integer(
    name: str, *foreign: ForeignKey, key: bool = False, nullable: bool = False, zero: bool = False
) -> Column[int]:
    default = text("0") if zero else None
    wide = Integer().with_variant(BigInteger, "postgresql")  # SQLite's own is 64 bits wide
    return Column(name, wide, *foreign, primary_key=key, nullable=nullable, server_default=default)


def _text(
    name: str, *foreign: ForeignKey, key: bool = False, nullable: bool = False, empty: bool = False
) -> Column[str]:
    default = text("''") if empty else None
    return Column(name, Text, *foreign, primary_key=key, nullable=nullable, server_default=default)


def _bytes(name: str, *, key: bool = False, unique: bool = False) -> Column[bytes]:
    return Column(name, BLOB, primary_key=key, nullable=False, unique=unique)


def _table(name: str, *parts: SchemaItem, rowid: bool = True, numbered: bool = False) -> Table:
    """``numbered``: no id is ever given twice, not even after its row was deleted."""
    return Table(
        name,
        metadata,
        *parts,
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
        sqlite_autoincrement=numbered,
    )


meta = _table("meta", _text("key", key=True), _text("value"))

epoch = _table(
    "epoch",
    _integer("id", key=True),
    _text("name"),
    _integer("claims"),
    CheckConstraint("id = 1", name="one"),
)

statement = _table(
    "statement",
    _text("slug", key=True),
    _text("document"),
    _text("digest"),
    _text("fingerprint"),
    _integer("present"),
    _integer("changed_at"),
)

content = _table(
    "content",
    _text("digest", key=True),
    _text("document"),
    _integer("created_at"),
)

approval = _table(
    "approval",
    _integer("id", key=True),
    _text("slug"),
    _text("digest"),
    _text("by"),
    _text("channel"),
    _integer("at"),
    _integer("revoked_at", nullable=True),
    Index(None, "slug"),
)

staff = _table(
    "staff",
    _text("address", key=True),
    _text("role"),
    _integer("added_at"),
)

schedule = _table(
    "schedule",
    _text("slug", key=True),
    _integer("send_at"),
)

mailing_list = _table(
    "list",
    _integer("id", key=True),
    _text("name"),
    UniqueConstraint("name"),
)

subscriber = _table(
    "subscriber",
    _integer("id", key=True),
    _text("address"),
    _bytes("address_hash", unique=True),
    _text("name"),
    _text("language"),
    _text("timezone"),
    _text("consent"),
    _integer("added_at"),
    numbered=True,
)

subscription = _table(
    "subscription",
    _integer("list_id", ForeignKey("list.id"), key=True),
    _integer("subscriber_id", key=True),
    _text("state"),
    _integer("changed_at"),
    _integer("ended_by", nullable=True),  # the campaign whose link the person used
    Index(None, "subscriber_id"),
    Index(None, "ended_by"),
    rowid=False,
)

suppression = _table(
    "suppression",
    _bytes("address_hash", key=True),
    _text("address", nullable=True),
    _text("reason"),
    _text("origin"),
    _integer("at"),
    rowid=False,
)

campaign = _table(
    "campaign",
    _integer("id", key=True),
    _text("slug"),
    _text("digest", ForeignKey("content.digest")),
    _text("state"),
    _text("lists"),
    _text("approved_by"),
    _text("provider"),
    _text("carrier", empty=True),
    _integer("urgent", zero=True),
    _text("reason"),
    _integer("release_at"),
    _integer("created_at"),
    _integer("started_at", nullable=True),
    _integer("finished_at", nullable=True),
    _text("corrects", empty=True),
    _text("corrected_by", empty=True),
    Index(None, "slug"),
    Index("ix_campaign_sending", "id", sqlite_where=text("state = 'sending'")),
    numbered=True,
)

batch = _table(
    "batch",
    _integer("id", key=True),
    _integer("campaign_id", ForeignKey("campaign.id")),
    _integer("no"),
    _text("members"),
    _text("state"),
    _integer("size"),
    _integer("pending"),
    _integer("accepted", zero=True),
    _integer("rejected", zero=True),
    _integer("suppressed", zero=True),
    _integer("cancelled", zero=True),
    _integer("unknown", zero=True),
    _integer("fence", zero=True),
    _integer("attempts", zero=True),
    _integer("not_before", zero=True),
    _text("attempt_id", empty=True),
    _text("body_hash", empty=True),
    _text("provider", empty=True),  # to which the last attempt went
    _text("bound_to", empty=True),  # the only provider that may get it, for it may have it already
    _text("provider_id", empty=True),
    _text("reason", empty=True),
    _integer("claimed_at", nullable=True),
    _integer("lease_until", nullable=True),
    _integer("settled_at", nullable=True),
    _integer("tries", zero=True),  # replays and look-ups in vain, since it is unknown
    _integer("absences", zero=True),
    _integer("regardless", zero=True),  # 1: of what its members are subscribed to
    CheckConstraint(
        "size = pending + accepted + rejected + suppressed + cancelled + unknown", name="balance"
    ),
    CheckConstraint(
        "pending >= 0 AND accepted >= 0 AND rejected >= 0"
        " AND suppressed >= 0 AND cancelled >= 0 AND unknown >= 0",
        name="counts",
    ),
    UniqueConstraint("campaign_id", "no"),
    Index(
        "ix_batch_open",
        "state",
        "campaign_id",
        "no",
        sqlite_where=text("state IN ('queued', 'claimed')"),
    ),
    Index(None, "attempt_id"),
    Index("ix_batch_unknown", "not_before", sqlite_where=text("state = 'unknown'")),
)

resolution = _table(
    "resolution",
    _integer("id", key=True),
    _integer("campaign_id", ForeignKey("campaign.id")),
    _integer("batch_id", ForeignKey("batch.id")),
    _integer("at"),
    _text("way"),
    _text("outcome"),
    _integer("people"),
    Index(None, "campaign_id"),
)

delivery = _table(
    "delivery",
    _integer("campaign_id", ForeignKey("campaign.id"), key=True),
    _integer("subscriber_id", key=True),
    _integer("batch_id", ForeignKey("batch.id")),
    _text("state"),
    _text("reason"),
    _text("provider_id"),
    _integer("at"),
    rowid=False,
)

pace = _table(
    "pace",
    _text("provider", key=True),
    _text("domain", key=True),
    _integer("free_at"),  # in microseconds: a turn may last less than a millisecond
    _integer("blocked_until"),
    _text("cause"),
    _text("reason"),
    _integer("failing_since", nullable=True),
    _text("day"),
    _integer("used"),
    rowid=False,
)

receipt = _table(
    "receipt",
    _integer("campaign_id", ForeignKey("campaign.id"), key=True),
    _integer("subscriber_id", key=True),
    _text("kind", key=True),
    _text("bounce"),
    _integer("at"),
    _text("reason"),
    Index(
        "ix_receipt_damage",
        "campaign_id",
        "kind",
        "bounce",
        sqlite_where=text("kind IN ('bounced', 'complained')"),
    ),
    Index(
        "ix_receipt_soft",
        "at",
        "subscriber_id",
        sqlite_where=text("bounce = 'soft'"),
    ),
    rowid=False,
)

event = _table(
    "event",
    _text("provider", key=True),
    _text("id", key=True),
    _text("kind"),
    _integer("at"),
    _integer("received_at"),
    _integer("campaign_id", nullable=True),
    _integer("subscriber_id", nullable=True),
    _text("raw"),
    Index(None, "campaign_id"),
    Index(None, "subscriber_id"),
)

overruled = _table(
    "overruled",
    _integer("campaign_id", ForeignKey("campaign.id"), key=True),
    _integer("complained"),
    _integer("hard"),
)

audit = _table(
    "audit",
    _integer("number", key=True),
    _integer("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("detail"),
    _text("digest"),
)
