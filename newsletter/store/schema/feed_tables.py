"""The tables of feeds: where each stands, and what came of each of its items."""

from sqlalchemy import ForeignKey, UniqueConstraint

from newsletter.domain.statements.feed import ExtractedStatement, ItemState
from newsletter.store.schema.columns import document, instant, integer, member, table, words

feed = table(
    "feed",
    words("name", key=True),
    words("address"),
    instant("first_at", nullable=True),
    instant("visited_at", nullable=True),
    instant("succeeded_at", nullable=True),
    instant("next_at", nullable=True),
    words("bookmark"),
    integer("failures"),
    words("failure"),
    words("remark"),
    integer("revision"),
)

feed_item = table(
    "feed_item",
    integer("number", key=True),
    words("feed", ForeignKey("feed.name")),
    words("id"),
    words("link"),
    words("title"),
    instant("published", nullable=True),
    member("state", ItemState),
    words("fingerprint"),
    words("slug", nullable=True),
    words("note"),
    document("document", ExtractedStatement, "composed"),  # empty where nothing was made of it
    instant("seen_at"),
    instant("changed_at"),
    UniqueConstraint("feed", "id"),
    UniqueConstraint("slug"),
)
