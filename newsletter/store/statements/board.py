"""The board: all statements by shelf, a page at a time.

SQL alone decides on which shelf a statement is, so that counting reads no text. Seals of approvals
are not checked here, but when the statement is shown.
"""

import re
from collections.abc import Collection

from newsletter.domain.archive import Snippet
from newsletter.domain.campaigns.state import BoardSearch, CampaignRules, Shelf
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.statements.draft import Draft
from newsletter.domain.statements.statement import OVERRIDE_COUNT
from newsletter.domain.subscribers.address import mailbox
from newsletter.store.campaigns.campaigns import IS_RESUBMITTED
from newsletter.store.database import Condition, Repository
from newsletter.store.statements.drafts import DRAFT
from newsletter.store.statements.statements import fold_text, readable

_MAX_QUERY_CHARS = 200
_EXCERPT_WORDS, _LEADING_WORDS = 32, 5
"""Words of an excerpt, and how many of them come before the first hit."""
_MARKUP_PATTERN = re.compile(r"\]\([^\s)]*\)?|[*#`|\[\]]+")
_FINDS_IN_STATEMENT = """
    (instr(statement.sought, :{0}) > 0 OR EXISTS (
        SELECT 1 FROM draft JOIN version ON version.number = draft.head
        WHERE draft.slug = statement.slug AND draft.slug <> '' AND draft.deleted_at IS NULL
            AND draft.head <> draft.submitted_version AND instr(version.sought, :{0}) > 0))
"""
"""A condition: the statement, or its draft that changed since it was submitted, has the word."""
_FROM_STATEMENTS = """
    FROM statement JOIN changed_statement ON changed_statement.slug = statement.slug
        LEFT JOIN campaign ON campaign.id = (
            SELECT MAX(id) FROM campaign AS latest WHERE latest.slug = statement.slug)
"""
_FROM_NEW_DRAFTS = """
    FROM draft JOIN version ON version.number = draft.head
    WHERE draft.deleted_at IS NULL AND draft.slug = '' AND draft.template = 0
"""
_NO_FILTER = BoardSearch()


class Board(Repository):
    def count_by_shelf(
        self, rules: CampaignRules, search: BoardSearch = _NO_FILTER
    ) -> dict[Shelf, int]:
        found = _statement_condition(search)
        rows = self._db.rows(
            f"SELECT {_shelf(rules)} AS shelf, COUNT(*)"
            f" {_FROM_STATEMENTS} WHERE {found} GROUP BY 1",
            found,
        )
        counted = {Shelf(shelf): count for shelf, count in rows}
        return {shelf: counted.get(shelf, 0) for shelf in Shelf}

    def list_slugs(
        self,
        rules: CampaignRules,
        shelf: Shelf | None = None,
        search: BoardSearch = _NO_FILTER,
        *,
        skip: int = 0,
        limit: int,
    ) -> list[str]:
        """Return the matching slugs on one shelf, or on all, the last changed first."""
        which = _statement_condition(search)
        if shelf is not None:
            which &= Condition(f"{_shelf(rules)} = :shelf", {"shelf": shelf})
        return self._db.column(
            f"SELECT statement.slug {_FROM_STATEMENTS} WHERE {which}"
            " ORDER BY changed_statement.number DESC LIMIT :limit OFFSET :skip",
            which,
            limit=limit,
            skip=skip,
        )

    def list_newest_by_shelf(
        self, rules: CampaignRules, shelves: Collection[Shelf], limit: int
    ) -> dict[Shelf, list[str]]:
        """Return shelf → its slugs, the last changed first, at most ``limit`` of each."""
        rows = self._db.rows(
            f"""
            WITH shelved AS (SELECT statement.slug, number, {_shelf(rules)} AS shelf
                {_FROM_STATEMENTS}),
            placed AS (SELECT slug, number, shelf, ROW_NUMBER() OVER (
                PARTITION BY shelf ORDER BY number DESC) AS place FROM shelved)
            SELECT shelf, slug FROM placed WHERE place <= :limit
                AND shelf IN (SELECT value FROM json_each(:shelves)) ORDER BY number DESC
            """,
            shelves=[shelf.value for shelf in shelves],
            limit=limit,
        )
        return {one: [slug for shelf, slug in rows if shelf == one.value] for one in shelves}

    def list_unsubmitted(
        self, search: BoardSearch = _NO_FILTER, *, skip: int = 0, limit: int
    ) -> list[Draft]:
        """Return texts that were never submitted, the last changed first."""
        matching = _draft_condition(search)
        rows = self._db.mappings(
            f"{DRAFT} AND draft.slug = '' AND draft.template = 0 AND {matching}"
            " ORDER BY draft.changed_at DESC, draft.key LIMIT :limit OFFSET :skip",
            matching,
            limit=limit,
            skip=skip,
        )
        return readable(Draft, rows)

    def count_unsubmitted(self, search: BoardSearch = _NO_FILTER) -> int:
        """Return the number of texts that were never submitted."""
        matching = _draft_condition(search)
        return self._db.number(f"SELECT COUNT(*) {_FROM_NEW_DRAFTS} AND {matching}", matching)


def _statement_condition(search: BoardSearch) -> Condition:
    at = "COALESCE(campaign.started_at, campaign.release_at, statement.changed_at)"
    writers = ("statement.mailboxes", f" {mailbox(search.writer)} ")
    return _search_condition(search, "statement", _FINDS_IN_STATEMENT, writers, at)


def _draft_condition(search: BoardSearch) -> Condition:
    finds = "instr(version.sought, :{0}) > 0"
    writers = ("version.writers", f'"{search.writer}"')
    return _search_condition(search, "version", finds, writers, "draft.changed_at")


def _search_condition(
    search: BoardSearch, table: str, finds: str, writers: tuple[str, str], at: str
) -> Condition:
    """Return the condition of a search in ``table``.

    ``writers`` is (SQL expression of the writers, the searched writer in the same form). ``finds``
    is the condition that the word in a parameter is found, ``at`` the expression of the time.
    """
    condition = Condition("1 = 1")
    for index, word in enumerate(_split_words(search)):
        name = f"word_{index}"
        condition &= Condition(finds.format(name), {name: word})
    if search.list_name:  # in JSON, a quote within a text has a backslash before it
        name = f'"{search.list_name}"'
        condition &= Condition(f"instr({table}.document, :list_name) > 0", {"list_name": name})
    if search.writer:
        condition &= Condition(f"instr({writers[0]}, :writer) > 0", {"writer": writers[1]})
    if search.since and search.until:
        span = {"since": search.since, "until": search.until}
        condition &= Condition(f"{at} >= :since AND {at} < :until", span)
    return condition


def _split_words(search: BoardSearch) -> list[str]:
    return fold_text(search.words[:_MAX_QUERY_CHARS]).split()


def make_excerpt(search: BoardSearch, text: str) -> tuple[Snippet, ...]:
    """Return the words of Markdown around the first that a search finds; nothing without one."""
    sought, folded = _split_words(search), fold_text(text)
    hits = [at for at in map(folded.find, sought) if at >= 0]
    if not hits:
        return ()
    first = max(len(folded[: min(hits)].split()) - _LEADING_WORDS, 0)
    words = (_MARKUP_PATTERN.sub("", word) for word in text.split()[first : first + _EXCERPT_WORDS])
    return tuple(
        Snippet(text=word, is_match=any(one in fold_text(word) for one in sought)) for word in words
    )


def _shelf(rules: CampaignRules) -> str:
    """Return the SQL expression of the shelf, which decides in the order of ``state_of``."""
    is_approved = _is_approved(rules)
    is_within = "statement.translation_of <> ''" if rules.shares_email else "1 = 0"
    return f"""
        CASE
        WHEN COALESCE(campaign.corrected_by, '') <> '' THEN '{Shelf.SENT.value}'
        WHEN campaign.started_at IS NOT NULL
            AND campaign.state IN ('sending', 'paused', 'attention') THEN '{Shelf.SENDING.value}'
        WHEN campaign.started_at IS NOT NULL AND campaign.state = 'cancelled' AND {_REACHED_READERS}
            THEN '{Shelf.CANCELLED.value}'
        WHEN campaign.started_at IS NOT NULL AND campaign.state <> 'cancelled'
            THEN '{Shelf.SENT.value}'
        WHEN statement.present = 0 OR statement.content_hash = '' THEN '{Shelf.MISSING.value}'
        WHEN {is_within} THEN '{Shelf.WITHIN.value}'
        WHEN statement.progress = 'draft' THEN '{Shelf.DRAFTS.value}'
        WHEN {is_approved} AND campaign.state = 'paused' THEN '{Shelf.SENDING.value}'
        WHEN {is_approved} AND NOT {_is_started(rules)} THEN '{Shelf.APPROVED.value}'
        WHEN {is_approved} THEN '{Shelf.SCHEDULED.value}'
        WHEN {_IS_RETURNED} THEN '{Shelf.DRAFTS.value}'
        WHEN {_HAS_OUTDATED_APPROVAL} THEN '{Shelf.REVIEW.value}'
        WHEN campaign.state = 'cancelled'
            AND campaign.ended_by <> '' AND NOT {IS_RESUBMITTED}
            AND NOT EXISTS (SELECT 1 FROM approval WHERE {_approval_counts(rules)})
            THEN '{Shelf.CANCELLED.value}'
        ELSE '{Shelf.REVIEW.value}' END
    """


_REACHED_READERS = """
    EXISTS (SELECT 1 FROM batch WHERE batch.campaign_id = campaign.id
        AND (accepted > 0 OR unknown > 0 OR pending > 0 OR batch.state = 'given up'))
"""
"""A condition: readers may have the email, or would still get it."""
_IS_LIVE = "approval.slug = statement.slug AND approval.revoked_at IS NULL"
_HAS_OUTDATED_APPROVAL = f"""
    EXISTS (SELECT 1 FROM approval
        WHERE {_IS_LIVE} AND approval.content_hash <> statement.content_hash)
"""
_IS_RETURNED = f"""
    EXISTS (SELECT 1 FROM returned
        WHERE returned.slug = statement.slug AND returned.closed_at IS NULL
            AND returned.id = (
                SELECT MAX(id) FROM returned AS newer WHERE newer.slug = returned.slug)
            AND NOT EXISTS (SELECT 1 FROM approval
                WHERE {_IS_LIVE} AND approval.at >= returned.at))
"""
"""A condition: an approver asked for changes, and that request is open (``find_open_request``)."""
_SELECT_ROLE_OF = 'SELECT role FROM staff WHERE staff.address = {}."by"'
_APPROVER_ROLE = _SELECT_ROLE_OF.format("approval")


def _approval_counts(rules: CampaignRules, *, is_override: bool = False) -> str:
    """A condition: the approval counts for the current version.

    With ``is_override``: as an admin's override.
    """
    policy = rules.policy
    is_trusted = "1 = 1" if policy.trust_front_matter else "approval.channel <> 'front matter'"
    # with blanks, so that no mailbox is found within another
    wrote = "instr(statement.mailboxes, ' ' || approval.mailbox || ' ') > 0"
    may_approve = "1 = 1" if policy.author_may_approve else f"NOT {wrote}"
    if is_override:
        has_role = f"approval.channel = 'override' AND ({_APPROVER_ROLE}) = 'admin'"
    else:
        has_role = f"""
            approval.channel <> 'override'
            AND ({_APPROVER_ROLE}) IN ('approver', 'sender', 'admin') AND {is_trusted}
        """
    live = f"{_IS_LIVE} AND approval.content_hash = statement.content_hash"
    return f"{live} AND {may_approve} AND {has_role}"


def _is_approved(rules: CampaignRules) -> str:
    """A condition: the statement has enough approvals, and its email contains no draft."""
    if not rules.shares_email:
        return _has_enough(rules, "1 = 1")
    return f"""
        ({_has_enough(rules, "1 = 1")} AND NOT EXISTS (
            SELECT 1 FROM statement AS part
            WHERE part.translation_of = statement.slug AND part.translation_of <> ''
                AND part.present = 1 AND part.progress = 'draft'))
    """


def _has_enough(rules: CampaignRules, test: str) -> str:
    """A condition: enough approvals fulfil ``test``, a condition, or enough overrides do."""
    people = "SELECT COUNT(DISTINCT approval.mailbox) FROM approval WHERE"
    return f"""
        (({people} {_approval_counts(rules)} AND {test}) >= {int(rules.policy.required)}
        OR ({people} {_approval_counts(rules, is_override=True)} AND {test}) >= {OVERRIDE_COUNT})
    """


def _is_started(rules: CampaignRules) -> str:
    """A condition: a person who may start statements started this version after its approval."""
    role = _SELECT_ROLE_OF.format("start")
    may_start = f"""start."by" = '{OPERATOR_NAME}' OR ({role}) IN ('sender', 'admin')"""
    if not rules.sender_starts:
        kinds = f"{_approval_counts(rules)} OR {_approval_counts(rules, is_override=True)}"
        own_approval = f'SELECT 1 FROM approval WHERE approval."by" = start."by" AND ({kinds})'
        may_start += f" OR EXISTS ({own_approval})"
    return f"""
        EXISTS (SELECT 1 FROM start
            WHERE start.slug = statement.slug AND start.content_hash = statement.content_hash
                AND start.revoked_at IS NULL AND ({may_start})
                AND {_has_enough(rules, "approval.at <= start.at")})
    """
