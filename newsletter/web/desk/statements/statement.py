"""The start page of the desk, the board of all statements, and the page of one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import Response

from newsletter.domain.campaigns.state import Act, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import InvalidInput
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.sentences import sentence
from newsletter.domain.statements.comparison import Difference
from newsletter.domain.statements.draft import Draft, Version
from newsletter.domain.wording import listed, say
from newsletter.pipeline.campaigns.board import BoardPage, board, desktop, load_for_page
from newsletter.pipeline.ledger import find_stored
from newsletter.pipeline.statements.feedback import comment
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import colleagues, differences, remarks_of
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.desk.statements.fields import LABELS
from newsletter.web.desk.statements.preview import inbox_of

_MAX_SEARCH = 200
"""Characters of a search that are used, and shown again."""
_COMMENTS = 50
_ENTRIES = 5
_HISTORY = 50


SHELVES: Mapping[Shelf, str] = MappingProxyType(
    {
        Shelf.DRAFTS: say("Drafts"),
        Shelf.REVIEW: say("In review"),
        Shelf.APPROVED: say("Approved"),
        Shelf.SCHEDULED: say("Scheduled"),
        Shelf.SENDING: say("Sending"),
        Shelf.SENT: say("Sent"),
        Shelf.CANCELLED: say("Cancelled"),
        Shelf.WITHIN: say("With their original"),
        Shelf.MISSING: say("Missing"),
    }
)
ALWAYS_SHOWN = (
    Shelf.DRAFTS,
    Shelf.REVIEW,
    Shelf.APPROVED,
    Shelf.SCHEDULED,
    Shelf.SENDING,
    Shelf.SENT,
)
"""The others are shown where there is something on them."""

_AT_ONCE = frozenset({Act.COPY, Act.UNDO, Act.PAUSE, Act.RESUME, Act.FORGET_START})
"""Acts that no page asks about once more."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """One act, and the address at which it is done."""

    label: str
    address: str
    posts: bool = False
    """The act is done at once; else the address is a page that asks."""


def buttons(status: StatementStatus, address: str) -> list[Button]:
    """Return the acts that this person is offered, most important first."""
    return [
        Button(label=say(act.value), address=_act_address(act, status), posts=act in _AT_ONCE)
        for act in status.acts_for(address)
    ]


def _act_address(act: Act, status: StatementStatus) -> str:
    here = f"/desk/statements/{status.statement.slug}"
    campaign = f"/desk/campaigns/{status.campaign.id}" if status.campaign else here
    corrected = status.corrected.slug if status.corrected else status.statement.slug
    return {
        Act.EDIT: f"/desk/drafts/{status.statement.desk}/edit",
        Act.TAKE_BACK: f"/desk/drafts/{status.statement.desk}",
        Act.HAND_IN: f"/desk/drafts/{status.statement.desk}",
        Act.REVIEW: f"{here}/review",
        Act.SEE_CHANGES: f"{here}/review",
        Act.START: f"{here}/start",
        Act.CHANGE_TIME: f"{here}/start",
        Act.UNDO: f"{here}/undo",
        Act.PAUSE: f"{campaign}/pause",
        Act.RESUME: f"{campaign}/resume",
        Act.CANCEL: f"{campaign}/cancel",
        Act.DECIDE: f"{campaign}/unknown",
        Act.REPORT: campaign,
        Act.OPEN_CORRECTION: f"/desk/statements/{corrected}",
        Act.OPEN_ORIGINAL: f"/desk/statements/{status.statement.translation_of}",
        Act.AMEND: f"{campaign}/amend",
        Act.CORRECT: f"/desk/drafts/new?corrects={status.statement.slug}",
        Act.COPY: f"{here}/copy",
        Act.FORGET_START: f"{here}/undo?lapsed=yes",
    }[act]


Moment = Callable[[datetime | None], str]
"""Writes a time for people."""
Lines = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a statement on its way: who took it, and when."""

    name: str
    progress: str
    """``done``, ``now`` or ``todo``."""
    lines: Lines = ()


STEPS = ("Draft", "In review", "Approved", "Scheduled", "Sending", "Sent")
_REACHED: Mapping[State, int] = MappingProxyType(
    {
        State.DRAFT: 0,
        State.RETURNED: 0,
        State.REVIEW: 1,
        State.CHANGED: 1,
        State.APPROVED: 2,
        State.HELD_BACK: 2,
        State.SCHEDULED: 3,
        State.LEAVING: 3,
        State.SENDING: 4,
        State.IN_USE: 4,
        State.PAUSED: 4,
        State.ATTENTION: 5,
        State.SENT: 5,
        State.CORRECTED: 5,
    }
)
"""State → its step. The others leave the way, or are none of its own."""


def steps(
    status: StatementStatus,
    draft: Draft | None,
    submitted: Version | None,
    moment: Moment,
) -> list[Step]:
    """Return the steps of a statement; none if it is not on its way."""
    reached = _REACHED.get(status.state)
    if reached is None:
        return []
    who = draft.created_by if draft else next(iter(status.statement.written_by), "")
    written = (status.name(who),) if who else ()
    campaign = status.campaign if status.begun else None
    lines = (
        (*written, moment(draft.created_at)) if draft else written,
        (status.name(submitted.handed_in_by), moment(submitted.handed_in_at)) if submitted else (),
        *_decided(status, moment),
        (moment(campaign.started_at),) if campaign else (),
        (moment(campaign.finished_at),) if campaign and campaign.finished_at else (),
    )
    return [
        Step(
            name=say(name),
            progress="done" if at < reached else "now" if at == reached else "todo",
            # of the future, only the set time is known
            lines=told if at <= reached or name == "Scheduled" else (),
        )
        for at, (name, told) in enumerate(zip(STEPS, lines, strict=True))
    ]


def _decided(status: StatementStatus, moment: Moment) -> tuple[Lines, Lines]:
    """Return who approved it, and who scheduled it for when."""
    approved_by = [one.by for one in status.approval.given]
    if not approved_by and status.campaign is not None:
        approved_by = [*status.campaign.approved_by]
    approved: Lines = (listed([status.name(one) for one in approved_by]),) if approved_by else ()
    if status.approval.complete_at:
        approved = (*approved, moment(status.approval.complete_at))
    by = (status.name(status.start.by),) if status.start else ()
    if status.begun:
        return approved, (*by, moment(status.start.at)) if status.start else ()
    if status.state in {State.SCHEDULED, State.LEAVING} and status.release:
        return approved, (*by, say("for {at}", at=moment(status.release)))
    if not status.set_for:
        return approved, ()
    return approved, (say("requested for {at}", at=moment(status.set_for)),)


def when(status: StatementStatus) -> tuple[str, datetime | None]:
    """The time that matters most in a list, and what it is the time of."""
    if status.begun and status.campaign is not None:
        return say("Began"), status.campaign.started_at
    if status.release is not None and status.state in {State.SCHEDULED, State.LEAVING}:
        return say("Goes out"), status.release
    if status.lapsed is not None:
        return say("Start lapsed, given"), status.lapsed.at
    if status.state is State.APPROVED and status.set_for is not None:
        return say("Overdue since") if status.is_overdue else say("To go out"), status.set_for
    if status.approval.complete_at is not None:
        return say("Approved"), status.approval.complete_at
    return "", None


class StatementPages:
    """A person's tasks; all statements; and one of them with its checks, comments and history."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    @route("GET", "", Role.VIEWER)
    def home(self, request: DeskRequest) -> Response:
        statements, me = self._statements, request.who
        local = self._desk.now().astimezone(ZoneInfo(statements.settings.timezone))
        with statements.store.read() as tx:
            found = desktop(tx, me.address, me.role, statements.campaigns.rules, statements.fault)
        return self._desk.page(
            request,
            "home.html.j2",
            title=say("Home"),
            today=say("{at:%A}, {at.day} {at:%B}", at=local),
            found=found,
            first=lambda one: next(iter(buttons(one, me.address)), None),
        )

    @route("GET", "/statements", Role.VIEWER)
    def all(self, request: DeskRequest) -> Response:
        """Show a page of the board; the query has the shelf, the words and its number."""
        statements = self._statements
        words = " ".join(request.query("q")[:_MAX_SEARCH].split())
        with statements.store.read() as tx:
            found = board(
                tx,
                statements.campaigns.rules,
                statements.fault,
                shelf=next((each for each in Shelf if each.value == request.query("state")), None),
                words=words,
                number=request.page,
            )
        return self._desk.page(
            request,
            "statements.html.j2",
            title=say("Statements"),
            found=found,
            tabs=_tabs(found),
            when=when,
            newer=_address(found.words, found.shelf, found.number - 1) if found.number > 1 else "",
            older=_address(found.words, found.shelf, found.number + 1) if found.has_more else "",
        )

    @route("POST", "/statements/{slug}/comments", Role.WRITER)
    def comment(self, request: DeskRequest) -> Response:
        """Add a comment."""
        slug, typed = request.param("slug"), request.field("comment")
        try:
            comment(slug, typed, by=request.who.address, store=self._statements.store)
        except InvalidInput as error:
            faults = [("comment", fault.message) for fault in error.faults]
            return self._page(request, typed=typed, faults=faults)
        return self._desk.go(request, f"/statements/{slug}", done="commented")

    @route("GET", "/statements/{slug}/history", Role.VIEWER)
    def history(self, request: DeskRequest) -> Response:
        """Show its history by pages."""
        number = request.page
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            skip = (number - 1) * _HISTORY
            entered = tx.audit.about(stored.statement.slug, skip=skip, most=_HISTORY + 1)
            entries = self._in_words(tx, entered)
        here = f"/desk/statements/{stored.statement.slug}/history"
        return self._desk.page(
            request,
            "history.html.j2",
            title=say("History: {title}", title=stored.statement.title),
            stored=stored,
            entries=entries[:_HISTORY],
            newer=f"{here}?page={number - 1}" if number > 1 else "",
            older=f"{here}?page={number + 1}" if len(entries) > _HISTORY else "",
        )

    @route("GET", "/statements/{slug}/checks", Role.VIEWER)
    def checks(self, request: DeskRequest) -> Response:
        """Show the findings next to the lines that they are about."""
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            remarks = remarks_of(tx, stored, self._statements)
        first = stored.statement.line_of("body") or 1  # a text without a place of its own: from one
        lines = list(enumerate(stored.statement.body.splitlines(), start=first))
        return self._desk.page(
            request,
            "checks.html.j2",
            title=say("Checks: {title}", title=stored.statement.title),
            stored=stored,
            said=[one.message for one in remarks],
            remarks=remarks,
            lines=lines,
            before=first - 1 if stored.statement.desk else 0,  # the desk shows no front matter
            shown={number for number, _ in lines},
            labels=LABELS,
        )

    @route("GET", "/statements/{slug}", Role.VIEWER)
    def _page(self, request: DeskRequest, *, typed: str = "", faults: Faults = ()) -> Response:
        statements, slug = self._statements, request.param("slug")
        with statements.store.read() as tx:
            status = load_for_page(tx, slug, statements.campaigns.rules, statements.fault)
            # a statement that is being sent cannot be changed, and counting its audience takes long
            remarks = [] if status.begun else remarks_of(tx, status.stored, statements)
            comments = tx.comments.of(slug, _COMMENTS)
            history = self._in_words(tx, tx.audit.about(slug, most=_ENTRIES))
            changes = _changes(tx, status)
            email = inbox_of(tx.statements.content(status.stored.content_hash))
            draft = tx.drafts.of(slug) if status.statement.desk else None
            number = draft.handed_in if draft else None
            submitted = tx.drafts.version(draft.key, number) if draft and number else None
        return self._desk.page(
            request,
            "statement.html.j2",
            title=status.statement.title,
            statement_status=status,
            said=[one.message for one in remarks],
            remarks=remarks,
            comments=comments,
            history=history,
            changes=changes,
            buttons=buttons(status, request.who.address),
            steps=steps(status, draft, submitted, self._desk.moment),
            public_url=statements.settings.public_url,
            typed=typed,
            faults=faults,
            **email,
        )

    def _in_words(
        self, tx: Transaction, entered: Iterable[AuditEntry]
    ) -> list[tuple[datetime, str]]:
        names, zone = colleagues(tx), self._statements.settings.timezone
        return [(entry.at, sentence(entry, names, zone)) for entry in entered]


def _changes(tx: Transaction, status: StatementStatus) -> Sequence[Difference] | None:
    """Return the changes since the last approval; None unless an approval lapsed."""
    outdated = status.approval.outdated
    if status.begun or not outdated or status.approval.counted:
        return None
    return differences(tx, outdated[-1].content_hash, status.stored.content_hash)


def _tabs(found: BoardPage) -> list[tuple[str, int, str, bool]]:
    """Return label, count, address, and whether it is the shown one, of each tab."""
    tabs: list[tuple[str, int, str, bool]] = [
        (say("All"), found.all, _address(found.words, None), found.shelf is None)
    ]
    for shelf in Shelf:
        if shelf in ALWAYS_SHOWN or found.counts[shelf] or shelf is found.shelf:
            address = _address(found.words, shelf)
            tabs.append((SHELVES[shelf], found.counts[shelf], address, shelf is found.shelf))
    return tabs


def _address(words: str, shelf: Shelf | None, page: int = 1) -> str:
    query = {"state": shelf.value if shelf else "", "q": words, "page": page if page > 1 else ""}
    filled = {name: value for name, value in query.items() if value}
    return f"/desk/statements{'?' if filled else ''}{urlencode(filled)}"
