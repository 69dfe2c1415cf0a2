"""The tables around statements: items of feeds, issues of digest emails, words to search for."""

from sqlalchemy import ForeignKey, UniqueConstraint

from newsletter.domain.statements.feed import ExtractedStatement, ItemState
from newsletter.store.schema.columns import (
    afterwards,
    document,
    instant,
    integer,
    member,
    table,
    words,
)

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

roundup = table(
    "roundup",
    words("name", key=True),
    integer("since"),
    rowid=False,
)

issue = table(
    "issue",
    words("name", key=True),
    words("day", key=True),
    integer("upto"),
    words("document"),
    words("parts"),
    integer("changed_at"),
    rowid=False,
)

searchable = table(
    "searchable",
    integer("id", key=True),
    words("slug"),
    words("digest"),
    words("language"),
    words("title"),
    words("text"),
    UniqueConstraint("slug"),
)

# Marks belong to the letters that they stand on: without Mn and Mc, Hindi falls apart.
afterwards(
    searchable,
    "CREATE VIRTUAL TABLE searchable_words USING fts5("
    "title, text, content='searchable', content_rowid='id',"
    " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")",
)
