"""What became of those of whom nobody knows: the page on which an admin decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from starlette.responses import Response

from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Role
from newsletter.domain.wording import people
from newsletter.runtime.campaigns import Campaigns
from newsletter.web.desk.campaigns.watching import campaign_of
from newsletter.web.desk.deciding import colleagues, holders, plain, provider_named, whole
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit

WAYS = {
    "has": Resolution.ACCEPTED,
    "none": Resolution.RESEND,
    "leave": Resolution.GIVE_UP,
}


class Unknown:
    """Decide for those of whom nobody knows whether the provider took their email."""

    def __init__(self, desk: Desk, campaigns: Campaigns) -> None:
        self._desk = desk
        self._campaigns = campaigns

    def routes(self) -> list[Route]:
        """Path and method → page."""
        here, decide = "/campaigns/{id}/unknown", Role.ADMIN
        return [
            Route(method="GET", path=here, role=Role.SENDER, answer=self.look),
            Route(method="POST", path=here, role=decide, step_up=True, answer=self.decide),
        ]

    def look(self, visit: Visit) -> Response:
        """The page."""
        return self._page(visit)

    def decide(self, visit: Visit) -> Response:
        """Book what the admin found in the provider's log."""
        to, shown = WAYS.get(visit.field("way")), whole(visit.field("shown"))
        if to is None or shown is None:
            fault = "Choose what you found in the provider's log"
            return self._page(visit, faults=[("way-1", fault)], status=422)
        with self._campaigns.store.read() as tx:
            number, names = campaign_of(tx, visit).id, colleagues(tx)
        try:
            self._campaigns.hand(visit.who.address).resolve(str(number), to, shown=shown)
        except Refused as error:
            faults = [("", f"Nothing was decided. {plain(error, names)}")]
            return self._page(visit, faults=faults, status=409)
        return self._desk.go(visit, f"/campaigns/{number}", done="decided")

    def _page(
        self, visit: Visit, *, faults: Sequence[tuple[str, str]] = (), status: int = 200
    ) -> Response:
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, visit)
            calls = tx.unknowns.calls(campaign.id)
            stored = tx.statements.get(campaign.slug)
            deciders = holders(tx, Role.ADMIN)
            providers = tx.unknowns.providers(campaign.id) or [campaign.provider]
        if not campaign.counts.unknown and not faults:
            return self._desk.go(visit, f"/campaigns/{campaign.id}")
        return self._desk.page(
            visit,
            "unknown.html.j2",
            title="Nobody knows",
            nav="statements",
            status=status,
            campaign=campaign,
            statement=stored.statement.title if stored else campaign.slug,
            faults=faults,
            chosen=visit.field("way"),
            who=people(campaign.counts.unknown),
            span=self._span(calls) if calls else "",
            provider=provider_named(providers),
            deciders=deciders,
        )

    def _span(self, calls: tuple[datetime, datetime]) -> str:
        """When to look in the provider's log: from a minute before the first call to after it."""
        first, last = calls[0], calls[1] + timedelta(minutes=1)
        return f"{self._desk.moment(first)} to {self._desk.clock(last)}"
