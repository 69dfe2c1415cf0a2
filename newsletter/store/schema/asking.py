"""The tables of what readers ask for by themselves: letters to them, and consent as proof."""

from sqlalchemy import Index, text

from newsletter.store.schema.columns import integer, octets, table, words

wording = table(
    "wording",
    words("hash", key=True),
    words("language"),
    words("words"),
    integer("first_at"),
)

consent = table(
    "consent",
    integer("id", key=True),
    integer("subscriber_id"),
    words("list"),
    integer("given"),  # 0: taken back
    words("method"),
    words("source"),
    words("wording", empty=True),  # its hash; empty where the words are not known
    integer("asked_at", nullable=True),
    integer("at"),
    Index(None, "subscriber_id"),
)

letter = table(
    "letter",
    integer("id", key=True),
    words("kind"),
    words("state"),
    words("address"),  # empty once it is not needed any more
    octets("address_hash"),
    octets("mailbox_hash"),  # for limits: of the address without what follows a +
    octets("network_hash"),  # for limits: of the network that asked; empty after a day
    integer("subscriber_id", nullable=True),
    words("name"),
    words("language"),
    words("timezone"),
    words("lists"),
    words("source"),
    words("wording", empty=True),
    integer("asked_at"),
    integer("asks"),  # how often the same was asked for before the letter left
    integer("not_before"),
    integer("attempts", zero=True),
    words("attempt_id", empty=True),
    words("provider", empty=True),
    words("provider_id", empty=True),
    words("reason", empty=True),
    integer("claimed_at", nullable=True),
    integer("settled_at", nullable=True),
    integer("used_at", nullable=True),
    words("account", empty=True),  # at the provider; empty: nobody knows
    integer("held_until", zero=True),  # when a hold ended that kept it back
    Index(None, "address_hash", "asked_at"),
    Index(None, "mailbox_hash", "asked_at"),
    Index(None, "network_hash", "asked_at"),
    Index(None, "subscriber_id"),
    Index(None, "asked_at"),
    Index("ix_letter_open", "not_before", sqlite_where=text("state = 'waiting'")),
    Index("ix_letter_held", "held_until", sqlite_where=text("held_until > 0")),
    numbered=True,
)
