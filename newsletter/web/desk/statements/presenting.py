"""The look of a statement's status at the desk: colours, labels, and the addresses of acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from newsletter.domain.campaigns.state import Act, Home, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus

SHELVES: Mapping[Shelf, str] = MappingProxyType(
    {
        Shelf.DRAFTS: "Drafts",
        Shelf.REVIEW: "In review",
        Shelf.APPROVED: "Approved",
        Shelf.SCHEDULED: "Scheduled",
        Shelf.SENDING: "Sending",
        Shelf.SENT: "Sent",
        Shelf.CANCELLED: "Cancelled",
        Shelf.WITHIN: "With their original",
        Shelf.MISSING: "Missing",
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
        Button(label=act.value, address=_address(act, status), posts=act in _AT_ONCE)
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
        Act.CORRECT: f"/desk/drafts/new?corrects={status.statement.slug}",
        Act.COPY: f"{here}/copy",
        Act.FORGET_START: f"{here}/undo?lapsed=yes",
    }[act]


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
        return "Began", status.campaign.started_at
    if status.release is not None and status.state in {State.SCHEDULED, State.LEAVING}:
        return "Goes out", status.release
    if status.lapsed is not None:
        return "Start lapsed, given", status.lapsed.at
    if status.state is State.APPROVED and status.set_for is not None:
        return "Overdue since" if status.is_overdue else "To go out", status.set_for
    if status.approval.complete_at is not None:
        return "Approved", status.approval.complete_at
    return "", None
