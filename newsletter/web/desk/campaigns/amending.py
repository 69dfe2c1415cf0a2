"""The page on which a statement that went out is corrected, annotated, withdrawn or sent again.

A correction is a statement of its own.
"""

from typing import Any

from starlette.responses import Response

from newsletter.domain.archive import NoteKind
from newsletter.domain.errors import InvalidInput
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.campaigns.control import why_not_reopened
from newsletter.runtime.campaigns import Campaigns
from newsletter.web.desk.campaigns.campaign import campaign_of, title_of
from newsletter.web.desk.deciding import holders, plain
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.http.forms import whole

_DONE = {NoteKind.NOTE: "noted", NoteKind.WITHDRAWN: "off-the-web", NoteKind.RESTORED: "on-the-web"}


class Amending:
    """The acts of a person on a campaign that went out."""

    def __init__(self, desk: Desk, campaigns: Campaigns) -> None:
        self._desk = desk
        self._campaigns = campaigns

    @route("POST", "/campaigns/{id}/note", Role.SENDER)
    def note(self, request: DeskRequest) -> Response:
        """Write on the statement's public page, take its text off, or put it back."""
        kinds = {kind.value: kind for kind in NoteKind}
        kind, by = kinds.get(request.field("kind"), NoteKind.NOTE), request.who.address
        words = request.field(kind.value)
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
        try:
            annotate(campaign.slug, kind, words, by=by, store=self._campaigns.store)
        except InvalidInput as error:
            return self._page(request, faults=[(one.key, one.message) for one in error.faults])
        return self._desk.go(request, f"/campaigns/{campaign.id}/amend", done=_DONE[kind])

    @route("POST", "/campaigns/{id}/reopen", Role.ADMIN, step_up=True)
    def reopen(self, request: DeskRequest) -> Response:
        """Send it to those who did not get it."""
        with self._campaigns.store.read() as tx:
            number = campaign_of(tx, request).id
        # a form without the number counts as one that showed another
        shown = whole(request.field("shown")) or 0
        self._campaigns.hand(request.who.address).reopen(str(number), shown=shown)
        return self._desk.go(request, f"/campaigns/{number}", done="reopened")

    @route("GET", "/campaigns/{id}/amend", Role.SENDER)
    def _page(self, request: DeskRequest, *, faults: Faults = ()) -> Response:
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            values: dict[str, Any] = {
                "campaign": campaign,
                "statement": title_of(tx, campaign.slug),
                "notes": tx.public_notes.of([campaign.slug]),
                "is_off": bool(tx.public_notes.off([campaign.slug])),
                "rest": tx.batches.unreached(campaign.id),
                "why_not": plain(why) if (why := why_not_reopened(tx, campaign)) else "",
                "deciders": holders(tx, Role.ADMIN),
            }
        return self._desk.page(
            request,
            "amend.html.j2",
            title=say("Correct or withdraw: {title}", title=values["statement"]),
            faults=faults,
            typed={kind.value: request.field(kind.value) for kind in NoteKind},
            **values,
        )
