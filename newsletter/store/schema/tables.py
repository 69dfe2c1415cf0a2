"""The tables that most commands ask; those of one subject stand beside this module.

Times are integers: milliseconds since 1970, UTC.

A batch is a row; a delivery has a row of its own only where it differs from its batch. The
accounting identity is a constraint of the batch, so no commit can break it.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Statement
from newsletter.store.schema.columns import (
    content_hash,
    derived,
    document,
    flag,
    instant,
    integer,
    member,
    octets,
    table,
    words,
)

meta = table("meta", words("key", key=True), words("value"))

restore_guard = table(
    "restore_guard",
    integer("id", key=True),
    words("name"),
    integer("claims"),
    CheckConstraint("id = 1", name="one"),
)

statement = table(
    "statement",
    words("slug", key=True),
    document("document", Statement, "statement"),
    content_hash(),
    words("fingerprint"),
    flag("present", default=False),
    instant("changed_at"),
    instant("content_since"),  # when its content hash became what it is
    words("translation_of", empty=True),
    words("progress", empty=True),
    document("writers", tuple[str, ...]),
    words("mailboxes", empty=True),  # of the writers, each between blanks
    words("sought", empty=True),  # title and slug, folded: what the board looks through
    Index(
        "ix_statement_translation_of", "translation_of", sqlite_where=text("translation_of <> ''")
    ),
)

# Slugs of which something changed; the highest number changed last. Triggers write it.
changed_statement = table(
    "changed_statement",
    integer("number", key=True),
    words("slug"),
    UniqueConstraint("slug"),
    numbered=True,
)

content = table(
    "content",
    words("content_hash", key=True),
    words("document"),
    instant("created_at"),
)

approval = table(
    "approval",
    integer("id", key=True),
    words("slug"),
    words("content_hash"),
    words("by"),
    words("mailbox", empty=True),  # of "by", equal for all spellings of one address
    words("channel"),
    integer("at"),
    integer("revoked_at", nullable=True),
    integer("not_before", nullable=True),
    words("despite", empty=True),
    words("warnings", empty=True),  # names of checks, with blanks between
    words("seal", empty=True),  # under our own key: without it the row counts for nothing
    Index(None, "slug"),
)

start = table(
    "start",
    integer("id", key=True),
    words("slug"),
    words("content_hash"),
    words("by"),
    integer("at"),
    integer("count"),  # of readers, as whoever said it was shown
    integer("found", zero=True),  # of readers, at a start that was paused for it
    integer("revoked_at", nullable=True),
    words("seal", empty=True),  # under our own key: without it the row counts for nothing
    Index(None, "slug"),
)

returned = table(
    "returned",
    integer("id", key=True),
    words("slug"),
    content_hash(),
    words("by"),
    instant("at"),
    words("reason"),
    instant("closed_at", nullable=True),
    Index(None, "slug"),
)

staff = table(
    "staff",
    words("address", key=True),
    member("role", Role),
    instant("added_at"),
    words("name", empty=True),  # what colleagues call them
)

schedule = table(
    "schedule",
    words("slug", key=True),
    instant("send_at"),
)

mailing_list = table(
    "list",
    integer("id", key=True),
    words("name"),
    integer("import_id", nullable=True),  # the import that created it
    UniqueConstraint("name"),
)

subscriber = table(
    "subscriber",
    integer("id", key=True),
    words("address"),
    octets("address_hash", unique=True),
    words("name"),
    words("language"),
    words("timezone"),
    words("consent"),
    integer("added_at"),
    words("place", empty=True),
    integer("paused_until", nullable=True),  # nothing is sent before
    integer("import_id", nullable=True),  # the import that wrote them down
    integer("last_import", nullable=True),  # the newest import whose file named them
    integer("acted_after", zero=True),  # the newest import when they or the staff acted last
    Index(
        "ix_subscriber_paused_until",
        "paused_until",
        sqlite_where=text("paused_until IS NOT NULL"),
    ),
    numbered=True,
)

# The addresses that people had before. Triggers write it, in the order of the changes: what an
# attempt was made with is what stood before the first change after its claim.
address_history = table(
    "address_history",
    integer("number", key=True),
    integer("subscriber_id"),
    octets("address_hash"),
    words("address", nullable=True),  # NULL once no attempt needs it
    integer("last_campaign"),  # the latest that there was when the address was left
    Index(None, "subscriber_id", "number"),
    Index(None, "address_hash"),
    numbered=True,
)

tag = table(
    "tag",
    words("name", key=True),
    integer("subscriber_id", key=True),
    integer("import_id", nullable=True),  # the import that noted it
    Index(None, "subscriber_id"),
    rowid=False,
)

subscription = table(
    "subscription",
    integer("list_id", ForeignKey("list.id"), key=True),
    integer("subscriber_id", key=True),
    words("state"),
    integer("changed_at"),
    integer("ended_by", nullable=True),  # the campaign whose link the person used
    integer("import_id", nullable=True),  # the import that began or ended it
    Index(None, "subscriber_id"),
    Index(None, "ended_by"),
    rowid=False,
)

suppression = table(
    "suppression",
    octets("address_hash", key=True),
    words("address", nullable=True),
    words("reason"),
    words("origin"),
    integer("at"),
    integer("import_id", nullable=True),  # the import that brought it or its reason
    rowid=False,
)

campaign = table(
    "campaign",
    integer("id", key=True),
    words("slug"),
    words("content_hash", ForeignKey("content.content_hash")),
    member("state", CampaignState),
    document("lists", tuple[str, ...]),
    document("approved_by", tuple[str, ...]),
    words("provider"),
    words("carrier", empty=True),
    flag("urgent"),
    words("reason"),
    instant("release_at"),
    instant("created_at"),
    instant("started_at", nullable=True),
    instant("finished_at", nullable=True),
    words("corrects", empty=True),
    words("corrected_by", empty=True),
    words("translates", empty=True),
    Index(None, "slug"),
    Index("ix_campaign_translates", "translates", sqlite_where=text("translates <> ''")),
    Index("ix_campaign_sending", "id", sqlite_where=text("state = 'sending'")),
    Index(
        "ix_campaign_open",
        "state",
        "release_at",
        sqlite_where=text("state IN ('scheduled', 'sending', 'paused', 'attention')"),
    ),
    Index("ix_campaign_begun", "started_at", sqlite_where=text("started_at IS NOT NULL")),
    Index("ix_campaign_corrects", "corrects", sqlite_where=text("corrects <> ''")),
    numbered=True,
)

digest = table(
    "digest",
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

batch = table(
    "batch",
    integer("id", key=True),
    integer("campaign_id", ForeignKey("campaign.id")),
    integer("no"),
    words("members"),
    words("state"),
    integer("size"),
    integer("pending"),
    integer("accepted", zero=True),
    integer("rejected", zero=True),
    integer("suppressed", zero=True),
    integer("cancelled", zero=True),
    integer("unknown", zero=True),
    integer("fence", zero=True),
    integer("attempts", zero=True),
    integer("not_before", zero=True),
    words("attempt_id", empty=True),
    words("body_hash", empty=True),
    words("provider", empty=True),  # to which the last attempt went
    words("provider_id", empty=True),
    words("reason", empty=True),
    integer("claimed_at", nullable=True),
    integer("lease_until", nullable=True),
    integer("settled_at", nullable=True),
    integer("tries", zero=True),  # replays and look-ups in vain, since it is unknown
    integer("absences", zero=True),
    integer("regardless", zero=True),  # 1: of what its members are subscribed to
    words("account", empty=True),  # at the provider, of the last attempt; empty: nobody knows
    integer("call_until", nullable=True),  # a replay may be under way so long
    integer("last_change", zero=True),  # of an address, before the claim of the last attempt
    derived("first", "CAST(substr(members, 2, 20) AS INTEGER)"),  # the first of its members
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
    Index("ix_batch_first", "campaign_id", "first", "no"),
)

resolution = table(
    "resolution",
    integer("id", key=True),
    integer("campaign_id", ForeignKey("campaign.id")),
    integer("batch_id", ForeignKey("batch.id")),
    integer("at"),
    words("way"),
    words("outcome"),
    integer("people"),
    Index(None, "campaign_id"),
)

delivery = table(
    "delivery",
    integer("campaign_id", ForeignKey("campaign.id"), key=True),
    integer("subscriber_id", key=True),
    integer("batch_id", ForeignKey("batch.id")),
    words("state"),
    words("reason"),
    words("provider_id"),
    integer("at"),
    rowid=False,
)

rate_limit = table(
    "rate_limit",
    words("provider", key=True),
    words("domain", key=True),
    integer("free_at"),  # in microseconds: a turn may last less than a millisecond
    integer("blocked_until"),
    words("cause"),
    words("reason"),
    integer("failing_since", nullable=True),
    words("day"),
    integer("used"),
    rowid=False,
)


audit = table(
    "audit",
    integer("number", key=True),
    integer("at"),
    words("actor"),
    words("action"),
    words("subject"),
    words("detail"),
    words("digest"),
    Index("ix_audit_revoke", "subject", sqlite_where=text("action = 'revoke'")),
    Index("ix_audit_subject", "subject", "number"),
)

comment = table(
    "comment",
    integer("id", key=True),
    words("slug"),
    words("by"),
    instant("at"),
    content_hash(empty=True),  # of the text that it was said about
    words("words"),
    Index(None, "slug"),
)

archive_text = table(
    "archive_text",
    integer("id", key=True),
    words("slug"),
    words("content_hash"),
    words("language"),
    words("title"),
    words("opening"),
    words("text"),
    words("title_words"),
    words("text_words"),
    UniqueConstraint("slug"),
)
