"""The start page of the desk, the board of all statements, and the page of one."""

from collections.abc import Iterable
from datetime import datetime, time
from functools import partial

from starlette.responses import Response

from newsletter.domain.campaigns.state import BoardSearch, Shelf
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import InvalidInput
from newsletter.domain.events import MAX_COMPLAINT_RATIO
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import find_mentions
from newsletter.domain.statements.review import ReviewFinding
from newsletter.domain.wording import say
from newsletter.pipeline.campaigns.board import load_board, load_desktop, load_for_page
from newsletter.pipeline.history import describe_entry
from newsletter.pipeline.ledger import find_stored
from newsletter.pipeline.statements.approve import comment
from newsletter.pipeline.status import load_status
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.store.statements.board import make_excerpt
from newsletter.web.desk.deciding import compare_versions, findings_of, mark_waived, title_of
from newsletter.web.desk.request import DeskRequest, parse_day, redirect, route
from newsletter.web.desk.statements.preview import inbox_values

_MAX_SEARCH_CHARS = 200
"""Characters of a search; the rest is ignored."""
_MONTHS_AHEAD, _MONTHS_BACK = 3, 24
"""Months to choose from, after and before this one."""
_MAX_COMMENTS = 50
_MAX_ENTRIES = 5
_ENTRIES_PER_PAGE = 50


class StatementPages:
    """Home with a person's tasks, the board, and a statement with its findings and history."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    @route("GET", "", Role.VIEWER)
    def home(self, request: DeskRequest) -> Response:
        statements, me = self._statements, request.who
        rules, faults = statements.campaigns.rules, statements.fault
        with statements.store.read() as tx:
            desktop = load_desktop(tx, me.address, me.role, rules, faults)
        return request.page(
            "home.html.j2",
            title=say("Home"),
            today=say("{at:%A}, {at.day} {at:%B}", at=request.desk.local_now()),
            desktop=desktop,
            complaint_limit=100 * float(MAX_COMPLAINT_RATIO),
        )

    @route("GET", "/statements", Role.VIEWER)
    def all(self, request: DeskRequest) -> Response:
        """Show a page of the board; the query has the shelf, the search and the page number."""
        statements, month = self._statements, request.query("month")
        now, zone = request.desk.local_now(), request.desk.zone
        since = datetime.combine(parse_day(f"{month}-01"), time.min, zone) if month else None
        search = BoardSearch(
            words=" ".join(request.query("q")[:_MAX_SEARCH_CHARS].split()),
            list_name=request.query("list")[:_MAX_SEARCH_CHARS],
            writer=request.query("writer")[:_MAX_SEARCH_CHARS],
            since=since,
            until=since and _month_start(since, -1),
        )
        shelf = next((each for each in Shelf if each.value == request.query("state")), None)
        with statements.store.read() as tx:
            lists, names = known_lists(tx, statements.review_rules.declared_lists), tx.staff.names()
            board = load_board(
                tx,
                statements.campaigns.rules,
                statements.fault,
                shelf=shelf,
                search=search,
                page_number=request.page_number,
            )
        return request.page(
            "statements.html.j2",
            title=say("Statements"),
            board=board,
            shelf_shown=shelf,
            search=search,
            excerpt=partial(make_excerpt, search),
            month=month,
            months=[_month_start(now, back) for back in range(-_MONTHS_AHEAD, _MONTHS_BACK)],
            lists=lists,
            names=names,
        )

    @route("POST", "/statements/{slug}/comments", Role.WRITER)
    def comment(self, request: DeskRequest) -> Response:
        slug, text = request.param("slug"), request.field("comment")
        try:
            added = comment(slug, text, by=request.who.address, store=self._statements.store)
        except InvalidInput as error:
            return self._page(request.with_error(error, "comment"))
        is_known = all(find_mentions(added.words, request.desk.names()).values())
        notice = "commented" if is_known else "commented-unknown"
        return redirect(f"/statements/{slug}", done=notice)

    @route("GET", "/statements/{slug}/history", Role.VIEWER)
    def history(self, request: DeskRequest) -> Response:
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            skip = (request.page_number - 1) * _ENTRIES_PER_PAGE
            entered = tx.audit.about(stored.statement.slug, skip=skip, limit=_ENTRIES_PER_PAGE + 1)
            entries = self._describe_entries(tx, entered)
        return request.page(
            "history.html.j2",
            title=say("History: {title}", title=stored.statement.title),
            stored=stored,
            entries=entries[:_ENTRIES_PER_PAGE],
            has_more=len(entries) > _ENTRIES_PER_PAGE,
        )

    @route("GET", "/statements/{slug}/checks", Role.VIEWER)
    def checks(self, request: DeskRequest) -> Response:
        """Show the statement's lines with the findings about each."""
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            status = load_status(tx, stored, self._statements.campaigns.rules)
            findings = _findings(tx, status, self._statements)
        first = stored.statement.line_of("body") or 1  # a text without a place of its own: from one
        lines = list(enumerate(stored.statement.body.splitlines(), start=first))
        return request.page(
            "checks.html.j2",
            title=say("Checks: {title}", title=stored.statement.title),
            stored=stored,
            messages=[one.message for one in findings],
            findings=findings,
            lines=lines,
            hidden_line_count=first - 1 if stored.statement.desk else 0,  # the front matter
            shown_lines={number for number, _ in lines},
        )

    @route("GET", "/statements/{slug}", Role.VIEWER)
    def _page(self, request: DeskRequest) -> Response:
        statements, slug = self._statements, request.param("slug")
        with statements.store.read() as tx:
            status = load_for_page(tx, slug, statements.campaigns.rules, statements.fault)
            # a statement that is being sent cannot be changed, and counting its audience takes long
            findings = [] if status.has_begun else _findings(tx, status, statements)
            comments = tx.comments.list_for(slug, _MAX_COMMENTS)
            public_notes = tx.public_notes.list_for([slug])
            history = self._describe_entries(tx, tx.audit.about(slug, limit=_MAX_ENTRIES))
            outdated = () if status.approval.counted else status.approval.outdated
            before = outdated[-1].content_hash if outdated else ""
            changes = compare_versions(tx, before, status.stored.content_hash)
            email = inbox_values(tx.statements.get_content(status.email_hash))
            draft = tx.drafts.find_by_slug(slug) if status.statement.desk else None
            number = draft.submitted_version if draft else None
            related = (status.statement.corrects, status.statement.translation_of)
            titles = {slug: title_of(tx, slug) for slug in related if slug}
            submitted = tx.drafts.get_version(draft.key, number) if draft and number else None
        return request.page(
            "statement.html.j2",
            title=status.statement.title,
            statement_status=status,
            messages=[one.message for one in findings],
            findings=findings,
            comments=comments,
            public_notes=public_notes,
            history=history,
            changes=changes,
            draft=draft,
            submitted_version=submitted,
            related_titles=titles,
            digest_names=[one.name for one in statements.settings.digests],
            public_url=statements.settings.public_url,
            typed_comment=request.field("comment"),
            **email,
        )

    def _describe_entries(
        self, tx: Transaction, entries: Iterable[AuditEntry]
    ) -> list[tuple[datetime, str]]:
        names, zone = tx.staff.names(), self._statements.settings.timezone
        return [(entry.at, describe_entry(entry, names, zone)) for entry in entries]


def _month_start(now: datetime, months_back: int) -> datetime:
    count = now.year * 12 + now.month - 1 - months_back
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=now.tzinfo)


def _findings(
    tx: Transaction, status: StatementStatus, statements: Statements
) -> list[ReviewFinding]:
    return mark_waived(findings_of(tx, status.stored, statements), status, tx.staff.names())
