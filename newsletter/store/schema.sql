-- Every table of the database, in SQLite's words.
--
-- Instants are INTEGER: milliseconds since 1970 in UTC, unless a comment names another unit.
-- Flags are 1 or 0. States and kinds are the values of enums. "document", "lists", "writers" and
-- "import_findings" hold JSON. An empty text means "none", unless NULL is allowed.
--
-- PostgreSQL's schema is made from this text by token rules, so a table uses no other types than
-- INTEGER, TEXT and BLOB. Where the two databases need different words, SQLite's stand between
-- /*sqlite*/ and the comment that begins with "postgres", and PostgreSQL's stand in that comment.
-- Triggers and the full-text index at the end are for SQLite alone.

CREATE TABLE schema_version (
    version INTEGER NOT NULL
) STRICT;

-- Single values: fingerprints of keys, reasons of holds, marks of maintenance.
CREATE TABLE meta (
    "key" TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The generation of the database and the number of its claims, in one row. Claims of running
-- workers are in their rows. The columns timeline_… have the values at the last fail-over.
CREATE TABLE restore_guard (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    claims INTEGER NOT NULL,
    beat_at INTEGER NOT NULL DEFAULT 0,  -- the last heartbeat that a synchronous standby has
    timeline TEXT NOT NULL DEFAULT '',  -- of the server; on another timeline nothing is claimed
    timeline_claims INTEGER NOT NULL DEFAULT 0,
    timeline_beat_at INTEGER NOT NULL DEFAULT 0,
    sends_from INTEGER NOT NULL DEFAULT 0,  -- nothing is claimed before then
    CONSTRAINT ck_restore_guard_one CHECK (id = 1)
) STRICT;
INSERT INTO restore_guard (id, name, claims) VALUES (1, '', 0);

-- Statements

CREATE TABLE statement (
    slug TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    present INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    content_since INTEGER NOT NULL,  -- when the content hash last changed
    translation_of TEXT NOT NULL DEFAULT '',
    progress TEXT NOT NULL DEFAULT '',
    writers TEXT NOT NULL,
    mailboxes TEXT NOT NULL DEFAULT '',  -- addresses of the writers, each between blanks
    sought TEXT NOT NULL DEFAULT '',  -- title, slug and text, case-folded, for the board
    text_hash TEXT NOT NULL DEFAULT ''  -- of its words, equal for all copies
) STRICT;
CREATE INDEX ix_statement_text_hash ON statement (text_hash);
CREATE INDEX ix_statement_translation_of ON statement (translation_of) WHERE translation_of <> '';

-- Slugs of changed statements; the highest number changed last. Triggers write it.
CREATE TABLE changed_statement (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE
) STRICT;

-- Rendered content, by the hash that approvals are bound to.
CREATE TABLE content (
    content_hash TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE approval (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    "by" TEXT NOT NULL,
    mailbox TEXT NOT NULL DEFAULT '',  -- of "by", equal for all spellings of one address
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    revoked_at INTEGER,
    not_before INTEGER,
    despite TEXT NOT NULL DEFAULT '',
    warnings TEXT NOT NULL DEFAULT '[]',  -- names of checks
    seal TEXT NOT NULL DEFAULT ''  -- MAC under the workspace's key; a row without it is ignored
) STRICT;
CREATE INDEX ix_approval_slug ON approval (slug);

-- Statements that an approver returned to their writers.
CREATE TABLE returned (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    "by" TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX ix_returned_slug ON returned (slug);

CREATE TABLE schedule (
    slug TEXT NOT NULL PRIMARY KEY,
    send_at INTEGER NOT NULL
) STRICT;

CREATE TABLE comment (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL,
    "by" TEXT NOT NULL,
    at INTEGER NOT NULL,
    content_hash TEXT NOT NULL DEFAULT '',  -- of the text that the comment is about
    words TEXT NOT NULL
) STRICT;
CREATE INDEX ix_comment_slug ON comment (slug);

-- Texts written at the desk.
CREATE TABLE draft (
    "key" TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL DEFAULT '',  -- empty until the text is submitted
    copied_of TEXT NOT NULL DEFAULT '',
    import_findings TEXT NOT NULL DEFAULT '',  -- findings of a document's import: left out or guessed
    revision INTEGER NOT NULL,
    head INTEGER NOT NULL,  -- number of the current version
    submitted_version INTEGER,  -- number of the last submitted version
    taken_back INTEGER NOT NULL DEFAULT 0,
    template INTEGER NOT NULL DEFAULT 0,  -- 1: other texts begin with it or contain a copy
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX ix_draft_changed_at ON draft (changed_at) WHERE deleted_at IS NULL;
CREATE INDEX ix_draft_template ON draft (template) WHERE template = 1;
CREATE UNIQUE INDEX ix_draft_slug ON draft (slug) WHERE slug <> '';

CREATE TABLE version (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    draft TEXT NOT NULL REFERENCES draft ("key"),
    kind TEXT NOT NULL,
    "by" TEXT NOT NULL,
    writers TEXT NOT NULL,
    document TEXT NOT NULL,
    sought TEXT NOT NULL DEFAULT '',  -- title and text, case-folded, for the board
    began_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    submitted_at INTEGER,
    submitted_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX ix_version_draft_number ON version (draft, number);

CREATE TABLE picture (
    name TEXT NOT NULL PRIMARY KEY,  -- 128 random bits, known to the readers of the mail
    draft TEXT NOT NULL REFERENCES draft ("key"),
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    alt TEXT NOT NULL,  -- empty if the picture is decoration
    "by" TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX ix_picture_draft_at ON picture (draft, at);

-- The state of each feed.
CREATE TABLE feed (
    name TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    first_at INTEGER,
    visited_at INTEGER,
    succeeded_at INTEGER,
    next_at INTEGER,
    bookmark TEXT NOT NULL,
    failures INTEGER NOT NULL,
    failure TEXT NOT NULL,
    remark TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE feed_item (
    number INTEGER PRIMARY KEY,
    feed TEXT NOT NULL REFERENCES feed (name),
    id TEXT NOT NULL,
    link TEXT NOT NULL,
    title TEXT NOT NULL,
    published INTEGER,
    state TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    slug TEXT UNIQUE,
    document TEXT NOT NULL,  -- empty if the item became no statement
    seen_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (feed, id)
) STRICT;

-- Campaigns

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL,
    content_hash TEXT NOT NULL REFERENCES content (content_hash),
    text_hash TEXT NOT NULL DEFAULT '',  -- of the statement's words in the content
    state TEXT NOT NULL,
    lists TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    provider TEXT NOT NULL,
    fallback_provider TEXT NOT NULL DEFAULT '',
    urgent INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL,
    moves INTEGER NOT NULL DEFAULT 0,  -- changes of state so far
    ended_by TEXT NOT NULL DEFAULT '',  -- who cancelled it or undid its start; '': newsletter
    release_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    corrects TEXT NOT NULL DEFAULT '',
    corrected_by TEXT NOT NULL DEFAULT '',
    translates TEXT NOT NULL DEFAULT '',
    welcome INTEGER NOT NULL DEFAULT 0,  -- 1: readers get it one by one, as they join its lists
    unlisted INTEGER NOT NULL DEFAULT 0  -- 1: it is not in the archive
) STRICT;
CREATE INDEX ix_campaign_begun ON campaign (started_at) WHERE started_at IS NOT NULL;
CREATE INDEX ix_campaign_corrects ON campaign (corrects) WHERE corrects <> '';
CREATE INDEX ix_campaign_open
    ON campaign (state, release_at) WHERE state IN ('scheduled', 'sending', 'paused', 'attention');
CREATE INDEX ix_campaign_sending ON campaign (id) WHERE state = 'sending';
CREATE INDEX ix_campaign_slug ON campaign (slug);
CREATE INDEX ix_campaign_text_hash ON campaign (text_hash);
CREATE INDEX ix_campaign_translates ON campaign (translates) WHERE translates <> '';

-- How often the picture and the links of started emails were loaded. No row is about a reader.
CREATE TABLE counted_link (
    "key" TEXT NOT NULL,  -- of the email, in the address
    number INTEGER NOT NULL,  -- 0: the picture
    target TEXT NOT NULL,  -- where the link leads
    count INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY ("key", number)
) STRICT, WITHOUT ROWID;

-- Starts of statements by people.
CREATE TABLE start (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    "by" TEXT NOT NULL,
    at INTEGER NOT NULL,
    count INTEGER NOT NULL,  -- of readers, as shown to the person who started
    count_at_stop INTEGER NOT NULL DEFAULT 0,  -- real number of readers, if the start paused
    revoked_at INTEGER,
    seal TEXT NOT NULL DEFAULT ''  -- MAC under the workspace's key; a row without it is ignored
) STRICT;
CREATE INDEX ix_start_slug ON start (slug);

-- Digest emails. An email lists no statements from before "since".
CREATE TABLE digest (
    name TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE issue (
    name TEXT NOT NULL,
    day TEXT NOT NULL,
    upto INTEGER NOT NULL,
    document TEXT NOT NULL,
    parts TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (name, day)
) STRICT, WITHOUT ROWID;

-- Delivery

-- A batch is sent by one call. A member has a row in "delivery" only if its outcome differs from
-- that of its batch. The constraints hold the accounting: each member is in exactly one count.
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    no INTEGER NOT NULL,
    state TEXT NOT NULL,
    size INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    suppressed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    attempt_id TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL DEFAULT '',  -- of the last attempt
    provider_id TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    claimed_at INTEGER,
    lease_until INTEGER,
    settled_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,  -- replays and look-ups since the outcome is unknown
    silent_at INTEGER,  -- by the provider's clock: the last look-up that counts in silent_looks
    silent_looks INTEGER NOT NULL DEFAULT 0,  -- complete look-ups in a row without a hit
    ignores_lists INTEGER NOT NULL DEFAULT 0,  -- 1: send even to members that unsubscribed
    account TEXT NOT NULL DEFAULT '',  -- at the provider, of the last attempt; empty if unknown
    call_until INTEGER,  -- until when a replay may be running
    last_change INTEGER NOT NULL DEFAULT 0,  -- of address_history, before the last attempt's claim
    owner INTEGER,  -- the worker of the last attempt; NULL where one process sends
    -- last, so that the columns before it are read without its kilobytes
    members TEXT NOT NULL,  -- JSON list of subscriber ids, ascending
    -- the first and the last member
    first INTEGER GENERATED ALWAYS AS (
        /*sqlite*/ CAST(substr(members, 2, 20) AS INTEGER)) VIRTUAL
        /*postgres CAST(substring(members FROM '[0-9]+') AS INTEGER)) STORED */,
    last INTEGER GENERATED ALWAYS AS (
        /*sqlite*/ CAST(substr(members, length(rtrim(members, '0123456789]')) + 1) AS INTEGER)) VIRTUAL
        /*postgres CAST(substring(members FROM '([0-9]+)]$') AS INTEGER)) STORED */,
    CONSTRAINT ck_batch_balance CHECK (
        size = pending + accepted + rejected + suppressed + cancelled + unknown),
    CONSTRAINT ck_batch_counts CHECK (
        pending >= 0 AND accepted >= 0 AND rejected >= 0
        AND suppressed >= 0 AND cancelled >= 0 AND unknown >= 0),
    UNIQUE (campaign_id, no)
) STRICT;
CREATE INDEX ix_batch_attempt_id ON batch (attempt_id);
CREATE INDEX ix_batch_members ON batch (campaign_id, first, last);
CREATE INDEX ix_batch_open ON batch (state, campaign_id, no) WHERE state IN ('queued', 'claimed');
CREATE INDEX ix_batch_unknown ON batch (not_before) WHERE state = 'unknown';

-- Outcomes that differ from the outcome of the batch.
CREATE TABLE delivery (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    subscriber_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, subscriber_id)
) STRICT, WITHOUT ROWID;

-- Processes that share the sending. A claim is valid as long as its worker has a row.
CREATE TABLE worker (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    role TEXT NOT NULL,
    slots INTEGER NOT NULL,  -- calls that it makes at the same time
    started_at INTEGER NOT NULL,
    beat_at INTEGER NOT NULL,
    claims INTEGER NOT NULL DEFAULT 0  -- added to those of restore_guard
) STRICT;

-- The process that is the scheduler until its lease ends.
CREATE TABLE scheduler_lease (
    id INTEGER PRIMARY KEY,
    worker_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    CONSTRAINT ck_scheduler_lease_one CHECK (id = 1)
) STRICT;

CREATE TABLE rate_limit (
    provider TEXT NOT NULL,
    domain TEXT NOT NULL,
    free_at INTEGER NOT NULL,  -- in microseconds: a slot may be shorter than a millisecond
    blocked_until INTEGER NOT NULL,
    cause TEXT NOT NULL,
    reason TEXT NOT NULL,
    failing_since INTEGER,
    day TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (provider, domain)
) STRICT, WITHOUT ROWID;

-- Emails that readers ask for by themselves: confirmations, links to their preferences.
CREATE TABLE transactional_email (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    address TEXT NOT NULL,  -- empty once the email needs it no more
    address_hash BLOB NOT NULL,
    mailbox_hash BLOB NOT NULL,  -- for limits: the address without the part after a +
    network_hash BLOB NOT NULL,  -- for limits: the network of the request; empty after a day
    subscriber_id INTEGER,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    lists TEXT NOT NULL,
    source TEXT NOT NULL,
    wording TEXT NOT NULL DEFAULT '',
    asked_at INTEGER NOT NULL,
    asks INTEGER NOT NULL,  -- number of equal requests
    not_before INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempt_id TEXT NOT NULL DEFAULT '',
    provider TEXT NOT NULL DEFAULT '',
    provider_id TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    claimed_at INTEGER,
    settled_at INTEGER,
    used_at INTEGER,
    account TEXT NOT NULL DEFAULT '',  -- at the provider; empty if unknown
    held_until INTEGER NOT NULL DEFAULT 0,  -- end of the hold that delayed the email; else 0
    owner INTEGER  -- as in batch
) STRICT;
CREATE INDEX ix_transactional_email_address_hash_asked_at
    ON transactional_email (address_hash, asked_at);
CREATE INDEX ix_transactional_email_asked_at ON transactional_email (asked_at);
CREATE INDEX ix_transactional_email_held ON transactional_email (held_until) WHERE held_until > 0;
CREATE INDEX ix_transactional_email_mailbox_hash_asked_at
    ON transactional_email (mailbox_hash, asked_at);
CREATE INDEX ix_transactional_email_network_hash_asked_at
    ON transactional_email (network_hash, asked_at);
CREATE INDEX ix_transactional_email_open
    ON transactional_email (not_before) WHERE state = 'waiting';
CREATE INDEX ix_transactional_email_subscriber_id ON transactional_email (subscriber_id);

-- Events

-- Providers' reports about accepted deliveries.
CREATE TABLE delivery_status (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    subscriber_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    bounce TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (campaign_id, subscriber_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_delivery_status_damage ON delivery_status (campaign_id, kind, bounce)
    WHERE kind IN ('bounced', 'complained');
CREATE INDEX ix_delivery_status_delivered ON delivery_status (campaign_id, at)
    WHERE kind = 'delivered';
CREATE INDEX ix_delivery_status_sample ON delivery_status (campaign_id, at)
    WHERE kind = 'delivered' AND subscriber_id % 25 = 0;

CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    campaign_id INTEGER,
    subscriber_id INTEGER,
    raw TEXT NOT NULL,
    UNIQUE (provider, id)
) STRICT;
CREATE INDEX ix_event_campaign_id ON event (campaign_id);
CREATE INDEX ix_event_subscriber_id ON event (subscriber_id);

-- Tokens of processed webhooks, so that replays with another content are refused.
CREATE TABLE webhook_token (
    token BLOB NOT NULL PRIMARY KEY,
    content BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_webhook_token_at ON webhook_token (at);

-- Complaints and hard bounces up to which a campaign may go on, as a person decided.
CREATE TABLE circuit_breaker_override (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id),
    complained INTEGER NOT NULL,
    hard INTEGER NOT NULL
) STRICT;

-- Subscribers

CREATE TABLE list (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    import_id INTEGER  -- the import that created it
) STRICT;

CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL,
    address_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    consent TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    origin TEXT NOT NULL,  -- how the person came: by a sign-up, an import, staff or the API
    place TEXT NOT NULL DEFAULT '',
    outlet TEXT NOT NULL DEFAULT '',
    beat TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    paused_until INTEGER,  -- end of the pause
    import_id INTEGER,  -- the import that added the subscriber
    last_import INTEGER,  -- the newest import whose file named the subscriber
    acted_after INTEGER NOT NULL DEFAULT 0,  -- the newest import at the last act
    -- the text of a search, as folding four columns of each row took five times as long
    sought TEXT NOT NULL GENERATED ALWAYS AS (
        lower(address || ' ' || name || ' ' || outlet || ' ' || beat)) STORED
) STRICT;
-- each with the id, so that a search has its order
CREATE INDEX ix_subscriber_added_at ON subscriber (added_at, id);
CREATE INDEX ix_subscriber_language ON subscriber (language, id);
CREATE INDEX ix_subscriber_origin ON subscriber (origin, id);
CREATE INDEX ix_subscriber_paused_until ON subscriber (paused_until) WHERE paused_until IS NOT NULL;

-- Former addresses of subscribers, in the order of the changes. Triggers write it. An attempt used
-- the address of the first change after its claim, or the current address if there is none.
CREATE TABLE address_history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id INTEGER NOT NULL,
    address_hash BLOB NOT NULL,
    address TEXT  -- NULL once no attempt needs it
) STRICT;
CREATE INDEX ix_address_history_address_hash ON address_history (address_hash);
CREATE INDEX ix_address_history_subscriber_id_number ON address_history (subscriber_id, number);

-- What a translation that is yet to be sent divides readers by: the language before the first
-- change after a campaign's start. A trigger writes it.
CREATE TABLE former_language (
    subscriber_id INTEGER NOT NULL,
    started_at INTEGER NOT NULL,  -- of the newest campaign before the change
    language TEXT NOT NULL,
    PRIMARY KEY (subscriber_id, started_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
    name TEXT NOT NULL,
    subscriber_id INTEGER NOT NULL,
    import_id INTEGER,  -- the import that added the tag
    PRIMARY KEY (name, subscriber_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_tag_subscriber_id ON tag (subscriber_id);

CREATE TABLE subscription (
    list_id INTEGER NOT NULL REFERENCES list (id),
    subscriber_id INTEGER NOT NULL,
    state TEXT NOT NULL,  -- confirmed, ended, or requested: confirmed by the person, not by staff
    changed_at INTEGER NOT NULL,
    ended_by INTEGER,  -- the campaign whose link was used
    import_id INTEGER,  -- the import that began or ended it
    PRIMARY KEY (list_id, subscriber_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_subscription_changed_at ON subscription (changed_at, state);
CREATE INDEX ix_subscription_ended ON subscription (list_id, changed_at) WHERE state = 'ended';
CREATE INDEX ix_subscription_ended_by ON subscription (ended_by) WHERE ended_by IS NOT NULL;
CREATE INDEX ix_subscription_requested ON subscription (list_id, changed_at)
    WHERE state = 'requested';
CREATE INDEX ix_subscription_subscriber_id ON subscription (subscriber_id);

CREATE TABLE suppression (
    address_hash BLOB NOT NULL PRIMARY KEY,
    address TEXT,
    reason TEXT NOT NULL,
    origin TEXT NOT NULL,
    at INTEGER NOT NULL,
    import_id INTEGER  -- the import that brought the suppression or its reason
) STRICT, WITHOUT ROWID;

-- The texts that readers consented to.
CREATE TABLE wording (
    hash TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL,
    words TEXT NOT NULL,
    first_at INTEGER NOT NULL
) STRICT;

-- Each consent and each withdrawal, as proof.
CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    subscriber_id INTEGER NOT NULL,
    list TEXT NOT NULL,
    given INTEGER NOT NULL,  -- 0: withdrawn
    method TEXT NOT NULL,
    source TEXT NOT NULL,
    wording TEXT NOT NULL DEFAULT '',  -- hash of the text; empty if unknown
    asked_at INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX ix_consent_subscriber_id ON consent (subscriber_id);

CREATE TABLE import (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    file TEXT NOT NULL,
    kind TEXT NOT NULL,  -- the tool that wrote the file; 'plain' is our own format
    sha256 TEXT NOT NULL,
    new INTEGER NOT NULL DEFAULT 0,
    known INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    joined INTEGER NOT NULL DEFAULT 0,  -- subscriptions
    ended INTEGER NOT NULL DEFAULT 0,  -- subscriptions
    suppressed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,  -- people
    finished_at INTEGER,  -- NULL: being written, or cut off
    undone_at INTEGER,
    undone_by TEXT NOT NULL DEFAULT ''
) STRICT;

-- Files that staff uploaded and did not import yet. They are deleted after a day.
CREATE TABLE upload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    file TEXT NOT NULL,  -- its name
    lists TEXT NOT NULL,
    without TEXT NOT NULL,  -- files that are missing in another tool's export
    agreed TEXT NOT NULL,  -- how its people consented, if the file does not say it
    columns TEXT NOT NULL,  -- our column for each of a table's, as a person chose them
    omits_bad_rows INTEGER NOT NULL,  -- 1: a person saw a table's bad rows and leaves them out
    body BLOB NOT NULL
) STRICT;

-- The values of subscribers before an import changed them.
CREATE TABLE import_change (
    import_id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    name TEXT NOT NULL,  -- this and the following columns: before the import
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    place TEXT NOT NULL,
    outlet TEXT NOT NULL,
    beat TEXT NOT NULL,
    phone TEXT NOT NULL,
    notes TEXT NOT NULL,
    consent TEXT NOT NULL,
    paused_until INTEGER,
    last_import INTEGER,
    removed_tags TEXT NOT NULL,  -- as JSON
    PRIMARY KEY (import_id, subscriber_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_import_change_subscriber_id ON import_change (subscriber_id);

-- Archive

-- The texts that the archive lists, and that the full-text index searches.
CREATE TABLE archive_text (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    content_hash TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    opening TEXT NOT NULL,
    text TEXT NOT NULL,
    date TEXT NOT NULL DEFAULT '',  -- the statement's own
    title_words TEXT NOT NULL,  -- folded, separated by blanks
    text_words TEXT NOT NULL
    /*postgres , found tsvector GENERATED ALWAYS AS (
        setweight(words_in(title_words), 'A') || words_in(text_words)) STORED */
) STRICT;

-- Notes by staff on the public pages of sent statements.
CREATE TABLE public_note (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    kind TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT;
CREATE INDEX ix_public_note_slug ON public_note (slug);

-- Staff

CREATE TABLE staff (
    address TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '',  -- shown to colleagues
    language TEXT NOT NULL DEFAULT ''  -- of the desk
) STRICT;

CREATE TABLE credential (
    address TEXT NOT NULL PRIMARY KEY,
    password TEXT NOT NULL,
    password_at INTEGER NOT NULL,
    factor TEXT NOT NULL DEFAULT '',
    factor_at INTEGER,
    factor_step INTEGER NOT NULL DEFAULT 0,
    pending TEXT NOT NULL DEFAULT '',
    muted TEXT NOT NULL DEFAULT '[]',  -- kinds of notices that the person gets no email of
    feed BLOB,  -- hash of the token in the URL of the calendar
    issuer TEXT NOT NULL DEFAULT '',  -- of the identity provider's account
    subject TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ux_credential_subject ON credential (issuer, subject) WHERE subject <> '';

-- Notices of events, a row for each person or channel.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,  -- of the statement; empty if it is about none
    occurrence TEXT NOT NULL,
    address TEXT NOT NULL,  -- of a channel: # and its name
    at INTEGER NOT NULL,
    message_id INTEGER,  -- of the email or post with the notice
    done_at INTEGER,  -- when a message contained it, or the event was over
    UNIQUE (address, kind, slug, occurrence)
) STRICT;
CREATE INDEX ix_notice_at ON notice (at);
CREATE INDEX ix_notice_slug ON notice (slug);
CREATE INDEX ix_notice_open ON notice (address) WHERE done_at IS NULL;
CREATE INDEX ix_notice_told ON notice (address, done_at) WHERE message_id IS NOT NULL;

-- Messages to channels.
CREATE TABLE post (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL,
    called_at INTEGER,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX ix_post_open ON post (channel) WHERE state IN ('waiting', 'calling');
CREATE INDEX ix_post_called ON post (channel, called_at);

-- Checks of the sender's health that fail.
CREATE TABLE failing_check (
    what TEXT NOT NULL PRIMARY KEY,
    detail TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 1,  -- how often in a row
    told INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- When time alone causes the next event of a statement.
CREATE TABLE notice_moment (
    slug TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_notice_moment_at ON notice_moment (at);

-- Recovery codes of the second factor.
CREATE TABLE recovery (
    hash BLOB NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_recovery_address ON recovery (address);

CREATE TABLE session (
    hash BLOB NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    stage TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    stepped_up_at INTEGER,
    browser TEXT NOT NULL DEFAULT '',
    network TEXT NOT NULL DEFAULT '',
    challenge TEXT NOT NULL DEFAULT '',
    challenge_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_session_address ON session (address);

CREATE TABLE passkey (
    id BLOB NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    party TEXT NOT NULL,
    name TEXT NOT NULL,
    public BLOB NOT NULL,
    signatures INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_passkey_address ON passkey (address);

CREATE TABLE staff_link (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    role TEXT NOT NULL,
    "by" TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    withdrawn_at INTEGER,
    email_id INTEGER  -- of the email with the link; NULL if the operator printed it
) STRICT;
CREATE INDEX ix_staff_link_address ON staff_link (address);
CREATE INDEX ix_staff_link_open
    ON staff_link (expires_at) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- Tokens of the HTTP API. Their secrets are not stored.
CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    "by" TEXT NOT NULL,
    scopes TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Requests of the last day with an idempotency key. Their contents are not stored.
CREATE TABLE idempotency_key (
    token_id INTEGER NOT NULL,
    "key" BLOB NOT NULL,  -- a hash
    request BLOB NOT NULL,  -- a hash
    at INTEGER NOT NULL,
    made TEXT,  -- id of the created resource as JSON; NULL while the request is under way
    PRIMARY KEY (token_id, "key")
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_idempotency_key_at ON idempotency_key (at);

-- Failed sign-ins, by the keyed hash of the limit's key.
CREATE TABLE sign_in_failure (
    id INTEGER PRIMARY KEY,
    "key" BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX ix_sign_in_failure_at ON sign_in_failure (at);
CREATE INDEX ix_sign_in_failure_key_at ON sign_in_failure ("key", at);

-- Networks of successful sign-ins, so that failures of strangers lock no one out.
CREATE TABLE known_network (
    address TEXT NOT NULL,
    network BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (address, network)
) STRICT, WITHOUT ROWID;

-- The audit log. The digest of a line depends on the line before.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE INDEX ix_audit_action ON audit (action, number);
CREATE INDEX ix_audit_actor ON audit (actor, number);
CREATE INDEX ix_audit_revoke ON audit (subject) WHERE action = 'revoke';
CREATE INDEX ix_audit_subject ON audit (subject, number);

-- Triggers, so that no writing code can forget a note.

-- acted_after: an import is not undone for subscribers with a later act, of theirs or of staff.
CREATE TRIGGER acted_described AFTER UPDATE OF
    address, name, language, timezone, place, outlet, beat, phone, notes, consent ON subscriber
WHEN NEW.last_import IS OLD.last_import AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.id = NEW.id;
END;

-- The end of a pause is no act.
CREATE TRIGGER acted_paused AFTER UPDATE OF paused_until ON subscriber
WHEN NEW.last_import IS OLD.last_import AND NEW.paused_until IS NOT NULL
    AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.id = NEW.id;
END;

CREATE TRIGGER acted_joined AFTER INSERT ON subscription
WHEN NEW.import_id IS NULL AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.id = NEW.subscriber_id;
END;

CREATE TRIGGER acted_left AFTER UPDATE ON subscription
WHEN (NEW.import_id IS NULL OR NEW.import_id IS OLD.import_id)
    AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.id = NEW.subscriber_id;
END;

CREATE TRIGGER acted_suppressed AFTER INSERT ON suppression
WHEN NEW.import_id IS NULL AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.address_hash = NEW.address_hash;
END;

CREATE TRIGGER acted_suppressed_again AFTER UPDATE ON suppression
WHEN (NEW.import_id IS NULL OR NEW.import_id IS OLD.import_id)
    AND EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.address_hash = NEW.address_hash;
END;

CREATE TRIGGER acted_lifted AFTER DELETE ON suppression
WHEN EXISTS (SELECT 1 FROM import)
BEGIN
    UPDATE subscriber SET acted_after = (SELECT max(id) FROM import)
    WHERE subscriber.address_hash = OLD.address_hash;
END;

-- Of several changes after one start, the first counts.
CREATE TRIGGER language_changed AFTER UPDATE OF language ON subscriber
WHEN NEW.language IS NOT OLD.language
BEGIN
    INSERT INTO former_language (subscriber_id, started_at, language)
    SELECT OLD.id, newest.at, OLD.language
    FROM (SELECT max(started_at) AS at FROM campaign WHERE started_at IS NOT NULL) AS newest
    WHERE newest.at IS NOT NULL
    ON CONFLICT DO NOTHING;
END;

-- Slugs of changed statements. The old row is deleted, so that the new one has the highest number.
-- A tick reads the rows since the tick before.
CREATE TRIGGER changed_by_statement_insert AFTER INSERT ON statement BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_statement_update AFTER UPDATE ON statement
WHEN NEW.document IS NOT OLD.document
    OR NEW.content_hash IS NOT OLD.content_hash
    OR NEW.fingerprint IS NOT OLD.fingerprint
    OR NEW.present IS NOT OLD.present
BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_statement_delete AFTER DELETE ON statement BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_approval_insert AFTER INSERT ON approval BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_approval_update AFTER UPDATE ON approval BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_approval_delete AFTER DELETE ON approval BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_schedule_insert AFTER INSERT ON schedule BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_schedule_update AFTER UPDATE ON schedule BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_schedule_delete AFTER DELETE ON schedule BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_start_insert AFTER INSERT ON start BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_start_update AFTER UPDATE ON start BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_start_delete AFTER DELETE ON start BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_returned_insert AFTER INSERT ON returned BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_returned_update AFTER UPDATE ON returned BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_returned_delete AFTER DELETE ON returned BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_campaign_insert AFTER INSERT ON campaign BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_campaign_update AFTER UPDATE ON campaign
WHEN NEW.content_hash IS NOT OLD.content_hash
    OR NEW.state IS NOT OLD.state
    OR NEW.lists IS NOT OLD.lists
    OR NEW.urgent IS NOT OLD.urgent
    OR NEW.release_at IS NOT OLD.release_at
    OR NEW.started_at IS NOT OLD.started_at
    OR NEW.finished_at IS NOT OLD.finished_at
    OR NEW.corrected_by IS NOT OLD.corrected_by
BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_campaign_delete AFTER DELETE ON campaign BEGIN
    DELETE FROM changed_statement WHERE slug = OLD.slug;
    INSERT INTO changed_statement (slug) VALUES (OLD.slug);
END;

CREATE TRIGGER changed_by_public_note_insert AFTER INSERT ON public_note BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

CREATE TRIGGER changed_by_issue_insert AFTER INSERT ON issue BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.name || '-' || NEW.day;
    INSERT INTO changed_statement (slug) VALUES (NEW.name || '-' || NEW.day);
END;

CREATE TRIGGER changed_by_issue_update AFTER UPDATE ON issue
WHEN NEW.document IS NOT OLD.document
    OR NEW.parts IS NOT OLD.parts
BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.name || '-' || NEW.day;
    INSERT INTO changed_statement (slug) VALUES (NEW.name || '-' || NEW.day);
END;

-- Typing changes no statement; submitting, withdrawing and deleting do.
CREATE TRIGGER changed_by_draft_update AFTER UPDATE ON draft
WHEN NEW.submitted_version IS NOT OLD.submitted_version
    OR NEW.taken_back IS NOT OLD.taken_back
    OR NEW.deleted_at IS NOT OLD.deleted_at
BEGIN
    DELETE FROM changed_statement WHERE slug = NEW.slug;
    INSERT INTO changed_statement (slug) VALUES (NEW.slug);
END;

-- The hash of a former address is kept as long as the subscriber, because events about it come for
-- months. Changes of spelling count, because a provider may compare case.
CREATE TRIGGER address_left AFTER UPDATE OF address, address_hash ON subscriber
WHEN NEW.address IS NOT OLD.address
    OR NEW.address_hash IS NOT OLD.address_hash
BEGIN
    INSERT INTO address_history (subscriber_id, address_hash, address)
    VALUES (OLD.id, OLD.address_hash, OLD.address);
END;

-- After an erasure each former address is suppressed like the last one, and no row contains it.
CREATE TRIGGER address_erased AFTER DELETE ON subscriber BEGIN
    INSERT INTO suppression (address_hash, reason, origin, at)
    SELECT DISTINCT former.address_hash, own.reason, own.origin, own.at
    FROM address_history AS former JOIN suppression AS own ON own.address_hash = OLD.address_hash
    WHERE former.subscriber_id = OLD.id AND own.address IS NULL AND NOT EXISTS (
        SELECT 1 FROM subscriber WHERE subscriber.address_hash = former.address_hash)
    ON CONFLICT (address_hash) DO UPDATE SET address = NULL, reason = excluded.reason,
        origin = excluded.origin, at = excluded.at, import_id = NULL;
    DELETE FROM address_history WHERE subscriber_id = OLD.id;
    DELETE FROM former_language WHERE subscriber_id = OLD.id;
END;

-- The full-text index of the archive. A hit in the title counts five times.
CREATE VIRTUAL TABLE archive_words USING fts5(
    title_words, text_words, content='archive_text', content_rowid='id',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc Me'"
);
INSERT INTO archive_words (archive_words, rank) VALUES ('rank', 'bm25(5.0, 1.0)');
CREATE TRIGGER archive_words_added AFTER INSERT ON archive_text BEGIN
    INSERT INTO archive_words (rowid, title_words, text_words)
    VALUES (NEW.id, NEW.title_words, NEW.text_words);
END;
CREATE TRIGGER archive_words_removed AFTER DELETE ON archive_text BEGIN
    INSERT INTO archive_words (archive_words, rowid, title_words, text_words)
    VALUES ('delete', OLD.id, OLD.title_words, OLD.text_words);
END;
