"""The pages on which staff stop and resume sending, and decide unknown deliveries."""

from datetime import timedelta

from starlette.responses import Response

from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import InvalidInput, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say, untranslated
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.delivery import Delivery
from newsletter.web.desk import deciding
from newsletter.web.desk.campaigns.campaign import campaign_of
from newsletter.web.desk.deciding import provider_names, role_holders, title_of
from newsletter.web.desk.request import DeskRequest, redirect, route

_MINUTE = timedelta(minutes=1)


class StopPages:
    """The page that stops and resumes all sending."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    @route("POST", "/stop", Role.SENDER)
    def stop(self, request: DeskRequest) -> Response:
        try:
            self._delivery.guard().stop(by=request.who.address, reason=request.field("reason"))
        except InvalidInput as error:
            return self._page(request.with_error(error, "reason"))
        return redirect("/stop", done="stopped")

    @route("POST", "/resume", Role.SENDER, step_up=True)
    def resume(self, request: DeskRequest) -> Response:
        """Resume sending after a stop by a person."""
        return self._release(request, HoldKind.STOP)

    @route("POST", "/compared", Role.ADMIN, step_up=True)
    def release(self, request: DeskRequest) -> Response:
        """Lift the restore guard, after an admin compared the database with the provider."""
        try:
            with self._delivery.hold_sender_lock():  # no process may send by books in doubt
                return self._release(request, HoldKind.RESTORE_GUARD)
        except Refused as error:
            raise Refused(deciding.describe_error(error)) from error

    def _release(self, request: DeskRequest, kind: HoldKind) -> Response:
        guard, shown = self._delivery.guard(), request.field("shown") or "nothing"
        lifted = guard.release(by=request.who.address, kinds={kind}, shown=shown)
        is_resumed = bool(lifted) and not guard.holds()
        return redirect("" if is_resumed else "/stop", done="resumed-all" * is_resumed)

    @route("GET", "/stop", Role.SENDER)
    def _page(self, request: DeskRequest) -> Response:
        holds = self._delivery.guard().holds()
        with self._delivery.store.read() as tx:
            names, workers = tx.staff.names(), tx.workers.all()
            admins = role_holders(tx, Role.ADMIN)
        guard_reason = holds.get(HoldKind.RESTORE_GUARD, "")
        guard_reason = guard_reason and deciding.describe_error(guard_reason, names)
        return request.page(
            "stop.html.j2",
            title=say("Sending is stopped") if holds else say("Stop all sending?"),
            reason=request.field("reason"),
            # to be compared with the stored reason
            holds={kind.name: untranslated(holds.get(kind, "")) for kind in HoldKind},
            guard_reason=guard_reason,
            messages=[guard_reason] if guard_reason else [],
            admins=admins,
            workers=workers,
        )


RESOLUTIONS = {"has": Resolution.ACCEPTED, "none": Resolution.RESEND, "leave": Resolution.GIVE_UP}


class UnknownDeliveries:
    """The page on which an admin decides the outcome of unknown deliveries."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns

    @route("POST", "/campaigns/{id}/unknown", Role.ADMIN, step_up=True)
    def decide(self, request: DeskRequest) -> Response:
        """Record what the admin found in the provider's log."""
        to, shown = RESOLUTIONS.get(request.field("way")), request.field("shown")
        if to is None or not shown:
            fault = say("Choose what you found in the provider's log")
            return self._page(request.with_faults(("way-1", fault)))
        number = request.number("id")
        try:
            self._campaigns.actions_of(request.who.address).resolve(str(number), to, shown=shown)
        except Refused as error:
            return self._page(request.with_reason(say("Nothing was decided."), error))
        return redirect(f"/campaigns/{number}", done="decided")

    @route("GET", "/campaigns/{id}/unknown", Role.SENDER)
    def _page(self, request: DeskRequest) -> Response:
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            calls = tx.unknowns.call_period(campaign.id)
            fingerprint = tx.unknowns.fingerprint(campaign.id)
            title, deciders = title_of(tx, campaign.slug), role_holders(tx, Role.ADMIN)
            providers = tx.unknowns.providers(campaign.id) or [campaign.provider]
        if not campaign.counts.unknown and not request.faults:
            return redirect(f"/campaigns/{campaign.id}")
        return request.page(
            "unknown.html.j2",
            title=say("Unknown"),
            campaign=campaign,
            statement=title,
            chosen=request.field("way"),
            fingerprint=fingerprint,
            since=calls and calls[0],
            until=calls and calls[1] + _MINUTE,
            provider=provider_names(providers),
            deciders=deciders,
        )
