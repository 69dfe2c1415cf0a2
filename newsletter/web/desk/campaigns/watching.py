"""A campaign: how far it is while it goes out, and its report afterwards. No address is on it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.events import Bounce
from newsletter.domain.statements.statement import Role
from newsletter.domain.wording import clock, people
from newsletter.pipeline.campaigns.report import figures
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.delivery import Delivery
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import colleagues, holders, plain, provider_named, titles, whole
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit

_LATELY = timedelta(minutes=2)
_MINUTE = 60
SIX = (
    ("pending", "waiting"),
    ("accepted", "taken by the provider"),
    ("rejected", "refused by the provider"),
    ("suppressed", "left before their turn"),
    ("cancelled", "cancelled"),
    ("unknown", "unknown"),
)
"""The figures that come to the audience in sum, at any moment, in plain words."""
_MOST_SHOWN = 500
_STATES: Mapping[str, str] = {
    "rejected": "refused by the provider",
    "suppressed": "left before their turn",
    "unknown": "nobody knows",
}
KINDS: Mapping[CampaignState, tuple[str, str]] = {
    CampaignState.SCHEDULED: ("scheduled", "scheduled"),
    CampaignState.SENDING: ("sending", "sending"),
    CampaignState.PAUSED: ("stopped", "paused"),
    CampaignState.SENT: ("approved", "sent"),
    CampaignState.CANCELLED: ("draft", "cancelled"),
    CampaignState.ATTENTION: ("stopped", "needs attention"),
}
BOUNCES: Mapping[Bounce, str] = {
    Bounce.HARD: "no such mailbox",
    Bounce.SOFT: "full or faulty for now",
    Bounce.POLICY: "refused by the server",
    Bounce.COMPLAINT: "kept back after a spam report",
    Bounce.OTHER: "no reason told",
}


def campaign_of(tx: Transaction, visit: Visit) -> Campaign:
    """The campaign with the number in the path. Raises NotFound."""
    number = whole(visit.param("id"))
    found = None if number is None else tx.campaigns.get(number)
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


def title_of(tx: Transaction, campaign: Campaign) -> str:
    """The title of its statement, as it is now."""
    stored = tx.statements.get(campaign.slug)
    return stored.statement.title if stored else campaign.slug


class Watching:
    """One campaign, live and afterwards."""

    def __init__(self, desk: Desk, campaigns: Campaigns, delivery: Delivery) -> None:
        self._desk = desk
        self._campaigns = campaigns
        self._delivery = delivery

    def routes(self) -> list[Route]:
        """Path and method → page."""
        here, see, may = "/campaigns/{id}", Role.VIEWER, Role.SENDER
        return [
            Route(method="GET", path=here, role=see, answer=self.look),
            Route(method="GET", path=f"{here}/figures", role=see, answer=self.figures),
            Route(method="GET", path=f"{here}/people", role=may, answer=self.people),
            Route(method="POST", path=f"{here}/pause", role=may, answer=self.pause),
            Route(method="POST", path=f"{here}/resume", role=may, answer=self.resume),
            Route(method="GET", path=f"{here}/cancel", role=may, answer=self.ask_cancel),
            Route(method="POST", path=f"{here}/cancel", role=may, answer=self.cancel),
        ]

    # --- looking

    def look(self, visit: Visit) -> Response:
        """The page."""
        return self._page(visit)

    def figures(self, visit: Visit) -> Response:
        """The figures that move, for the script that renews them."""
        with self._campaigns.store.read() as tx:
            return self._desk.data(self._live(tx, campaign_of(tx, visit)))

    def people(self, visit: Visit) -> Response:
        """By address, whom it did not reach: for senders, who may see addresses."""
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, visit)
            title, found = title_of(tx, campaign), _missed(tx, campaign.id)
        return self._desk.page(
            visit,
            "missed.html.j2",
            title="Who it did not reach",
            nav="statements",
            campaign=campaign,
            statement=title,
            rows=found[:_MOST_SHOWN],
            count=len(found),
            people=people,
        )

    def ask_cancel(self, visit: Visit) -> Response:
        """What a cancellation comes to, in exact numbers."""
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, visit)
            title = title_of(tx, campaign)
        if campaign.state.final:
            return self._desk.go(visit, f"/campaigns/{campaign.id}")
        return self._desk.page(
            visit,
            "cancel.html.j2",
            title="Cancel what is left?",
            nav="statements",
            campaign=campaign,
            statement=title,
            moves=campaign.state is CampaignState.SENDING,
            people=people,
        )

    # --- acting

    def pause(self, visit: Visit) -> Response:
        """Stop after the calls that are under way."""
        return self._act(visit, self._campaigns.hand(visit.who.address).pause, "paused")

    def resume(self, visit: Visit) -> Response:
        """Go on where it stopped."""
        return self._act(visit, self._campaigns.hand(visit.who.address).resume, "resumed")

    def cancel(self, visit: Visit) -> Response:
        """End it."""
        return self._act(visit, self._campaigns.hand(visit.who.address).cancel, "cancelled")

    def _act(self, visit: Visit, act: Callable[[str], Campaign], done: str) -> Response:
        with self._campaigns.store.read() as tx:
            number = campaign_of(tx, visit).id
        try:
            act(str(number))
        except Refused as error:
            return self._page(visit, status=409, refused=error)
        return self._desk.go(visit, f"/campaigns/{number}", done=done)

    # --- what is shown

    def _page(self, visit: Visit, *, status: int = 200, refused: Refused | None = None) -> Response:
        now = self._desk.now()
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, visit)
            said = figures(tx, campaign, now=now, waits=self._delivery.waits())
            names = colleagues(tx)
            values = {
                "campaign": campaign,
                "statement": title_of(tx, campaign),
                "said": said,
                "live": self._live(tx, campaign),
                "why": plain(campaign.reason, names) if campaign.reason else "",
                "approvers": [names.get(one, "Somebody") for one in campaign.approved_by],
                "deciders": holders(tx, Role.ADMIN),
                "started": self._go(tx, campaign, names),
            }
        kind, word = KINDS[campaign.state]
        return self._desk.page(
            visit,
            "campaign.html.j2",
            title=f"{values['statement']}: {word}",
            nav="statements",
            status=status,
            faults=[("", f"That was not done. {plain(refused, names)}")] if refused else [],
            kind=kind,
            word=word,
            where=_where(campaign, said, self._desk),
            six=[(name, label, said[name]) for name, label in SIX],
            bars=_bars(said),
            bounces=[(BOUNCES[one], said["bounces"][one.value]) for one in Bounce],
            lists=titles(self._campaigns.settings, campaign.lists),
            provider=provider_named(said["providers"]),
            now=now,
            polls=campaign.state is CampaignState.SENDING,
            people=people,
            **values,
        )

    def _go(self, tx: Transaction, campaign: Campaign, names: Mapping[str, str]) -> str:
        """Who started it and for how many, in a sentence."""
        found = [go for go in tx.goes.of(campaign.slug) if go.content_hash == campaign.content_hash]
        if not found:
            return ""
        go = found[-1]
        return (
            f"{names.get(go.by, 'Somebody')}, on {self._desk.moment(go.at)}, for {people(go.count)}"
        )

    def _live(self, tx: Transaction, campaign: Campaign) -> dict[str, Any]:
        """Numbers that move, by the names that elements of the page have."""
        counts, now = campaign.counts, self._desk.now()
        rate = self._rate(tx, campaign, now)
        return {
            "state": campaign.state.value,
            "audience": counts.audience,
            "handed": counts.audience - counts.pending,
            **{name: getattr(counts, name) for name, _ in SIX},
            "rate": f"{rate * _MINUTE:,.0f} a minute" if rate else "–",
            "left": time_left(counts.pending, rate),
            "at": clock(now, self._campaigns.settings.timezone),
        }

    def _rate(self, tx: Transaction, campaign: Campaign, now: datetime) -> float:
        """Deliveries a second, over the last two minutes or since the start."""
        if campaign.state is not CampaignState.SENDING or campaign.started_at is None:
            return 0.0
        since = max(now - _LATELY, campaign.started_at)
        seconds = max((now - since).total_seconds(), 1.0)
        return tx.batches.handed_over(campaign.id, since) / seconds


def _missed(tx: Transaction, campaign_id: int) -> list[tuple[str, str, str]]:
    """(address, what became of it, why) of those whom a campaign did not reach, as far as told."""
    found = [
        (address, _STATES.get(state, state), reason)
        for address, state, reason, _ in tx.campaigns.exceptions(campaign_id)
        if state in _STATES
    ]
    found += [
        (address, BOUNCES[Bounce(kind)], reason)
        for address, kind, reason in tx.events.returned(campaign_id)
    ]
    unknown = tx.campaigns.unknown(campaign_id)
    return [*found, *((address, _STATES["unknown"], "") for address in unknown)]


def _where(campaign: Campaign, said: Mapping[str, Any], desk: Desk) -> str:
    """Where it stands, in a sentence."""
    counts = campaign.counts
    if campaign.started_at is None and campaign.state is CampaignState.CANCELLED:
        return "It was cancelled before anybody got it."
    if campaign.started_at is None:
        return f"It has not begun. Its time is {desk.moment(campaign.release_at)}."
    if campaign.state is CampaignState.ATTENTION:
        return (
            f"Sending is over. For {people(counts.unknown)} nobody knows whether the provider"
            " took the email."
        )
    if campaign.state is CampaignState.SENT:
        return f"The provider accepted {counts.accepted:,} of {counts.audience:,} emails."
    handed = counts.audience - counts.pending - counts.cancelled
    if campaign.state is CampaignState.CANCELLED:
        return f"It was cancelled after {handed:,} of {counts.audience:,} were handed over."
    wait = said["waiting"]
    why = f" It waits for the {wait['for']}." if wait else ""
    return f"{handed:,} of {counts.audience:,} are handed over.{why}"


def _bars(said: Mapping[str, Any]) -> list[tuple[str, str, int, float, float]]:
    """(name, label, people, begin, width) of each figure above nought, in percent of them all."""
    found, begin = [], 0.0
    for name, label in SIX:
        width = 100 * said[name] / (said["audience"] or 1)
        if said[name]:
            found.append((name, label, said[name], round(begin, 3), round(width, 3)))
        begin += width
    return found


def time_left(pending: int, rate: float) -> str:
    """How long it still takes at so many a second, as a range: nobody knows better."""
    if not pending:
        return "–"
    if not rate:
        return "not known yet"
    minutes = pending / rate / _MINUTE
    low, high = int(minutes * 0.8), int(minutes * 1.25) + 1
    if high <= 1:
        return "less than a minute"
    if high < 2 * _MINUTE:
        return f"{low} to {high} minutes"
    return f"{low // _MINUTE} to {high // _MINUTE + 1} hours"
