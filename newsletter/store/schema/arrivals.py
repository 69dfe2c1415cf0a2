"""The tables around statements: items of feeds, issues of digest emails, words to search for."""

from sqlalchemy import ForeignKey, UniqueConstraint

from newsletter.store.schema.columns import afterwards, integer, table, words

feed = table(
    "feed",
    words("name", key=True),
    words("address"),
    integer("first_at", nullable=True),
    integer("visited_at", nullable=True),
    integer("succeeded_at", nullable=True),
    integer("next_at", nullable=True),
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
    integer("published", nullable=True),
    words("state"),
    words("fingerprint"),
    words("slug", nullable=True),
    words("note"),
    words("document"),  # what was made of it; empty where nothing was
    integer("seen_at"),
    integer("changed_at"),
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
