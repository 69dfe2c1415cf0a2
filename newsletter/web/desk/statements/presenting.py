"""The look of a statement's status at the desk: colours, labels, and the addresses of acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from newsletter.domain.campaigns.state import Act, Home, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.statements.draft import Draft, Version
from newsletter.domain.wording import listed, say

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
        Button(label=say(act.value), address=_address(act, status), posts=act in _AT_ONCE)
        for act in status.acts_for(address)
    ]


def _address(act: Act, status: StatementStatus) -> str:
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
            name=name,
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
        return approved, (*by, f"for {moment(status.release)}")
    return approved, (f"requested for {moment(status.set_for)}",) if status.set_for else ()


def lives(status: StatementStatus) -> str:
    """Return where the text is edited, as a sentence; empty for the desk."""
    statement = status.statement
    return {
        Home.DESK: "",
        Home.FILE: f"Lives in {statement.origin}. It is edited there.",
        Home.FEED: f"Comes from the feed {statement.feed}. It is edited there.",
        Home.DIGEST: f"Was made by the digest email {statement.digest}.",
    }[status.home]


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
