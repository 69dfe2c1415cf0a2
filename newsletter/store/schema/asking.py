"""The tables of what readers ask for by themselves: emails to them, and consent as proof."""

from sqlalchemy import Index, text

from newsletter.domain.delivery.transactional import EmailKind, EmailState
from newsletter.domain.subscribers.signup import Method
from newsletter.store.schema.columns import (
    document,
    flag,
    instant,
    integer,
    member,
    octets,
    table,
    words,
)

wording = table(
    "wording",
    words("hash", key=True),
    words("language"),
    words("words"),
    instant("first_at"),
)

consent = table(
    "consent",
    integer("id", key=True),
    integer("subscriber_id"),
    words("list"),
    flag("given", default=False),  # False: taken back
    member("method", Method),
    words("source"),
    words("wording", empty=True),  # its hash; empty where the words are not known
    instant("asked_at", nullable=True),
    instant("at"),
    Index(None, "subscriber_id"),
)

transactional_email = table(
    "transactional_email",
    integer("id", key=True),
    member("kind", EmailKind),
    member("state", EmailState),
    words("address"),  # empty once it is not needed any more
    octets("address_hash"),
    octets("mailbox_hash"),  # for limits: of the address without what follows a +
    octets("network_hash"),  # for limits: of the network that asked; empty after a day
    integer("subscriber_id", nullable=True),
    words("name"),
    words("language"),
    words("timezone"),
    document("lists", tuple[str, ...]),
    words("source"),
    words("wording", empty=True),
    instant("asked_at"),
    integer("asks"),  # how often the same was asked for before the email left
    instant("not_before"),
    integer("attempts", zero=True),
    words("attempt_id", empty=True),
    words("provider", empty=True),
    words("provider_id", empty=True),
    words("reason", empty=True),
    instant("claimed_at", nullable=True),
    instant("settled_at", nullable=True),
    instant("used_at", nullable=True),
    words("account", empty=True),  # at the provider; empty: nobody knows
    instant("held_until", zero=True),  # when a hold ended that kept it back
    Index(None, "address_hash", "asked_at"),
    Index(None, "mailbox_hash", "asked_at"),
    Index(None, "network_hash", "asked_at"),
    Index(None, "subscriber_id"),
    Index(None, "asked_at"),
    Index("ix_transactional_email_open", "not_before", sqlite_where=text("state = 'waiting'")),
    Index("ix_transactional_email_held", "held_until", sqlite_where=text("held_until > 0")),
    numbered=True,
)
