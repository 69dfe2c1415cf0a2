"""The tables of what providers tell later, and of what was made of it."""

from sqlalchemy import ForeignKey, Index, text

from newsletter.domain.events import Bounce, EventKind
from newsletter.store.schema.columns import instant, integer, member, octets, table, words

delivery_status = table(
    "delivery_status",
    integer("campaign_id", ForeignKey("campaign.id"), key=True),
    integer("subscriber_id", key=True),
    member("kind", EventKind, key=True),
    member("bounce", Bounce, optional=True),
    instant("at"),
    words("reason"),
    Index(
        "ix_delivery_status_damage",
        "campaign_id",
        "kind",
        "bounce",
        sqlite_where=text("kind IN ('bounced', 'complained')"),
    ),
    Index(
        "ix_delivery_status_soft",
        "at",
        "subscriber_id",
        sqlite_where=text("bounce = 'soft'"),
    ),
    rowid=False,
)

event = table(
    "event",
    words("provider", key=True),
    words("id", key=True),
    member("kind", EventKind),
    instant("at"),
    instant("received_at"),
    integer("campaign_id", nullable=True),
    integer("subscriber_id", nullable=True),
    words("raw"),
    Index(None, "campaign_id"),
    Index(None, "subscriber_id"),
)

webhook_token = table(
    "webhook_token",
    octets("token", key=True),
    octets("content"),
    instant("at"),
    Index(None, "at"),
    rowid=False,
)

circuit_breaker_override = table(
    "circuit_breaker_override",
    integer("campaign_id", ForeignKey("campaign.id"), key=True),
    integer("complained"),
    integer("hard"),
)
