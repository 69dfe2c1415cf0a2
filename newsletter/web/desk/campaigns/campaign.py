"""A campaign: its progress while it is sent, its report afterwards, and what follows from that.

Neither the page nor the file contains a reader's address.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.campaigns.state import State
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import clock, say
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.campaigns.board import load_ended
from newsletter.pipeline.campaigns.control import (
    CountUnconfirmed,
    OperatorActions,
    why_not_reopened,
)
from newsletter.pipeline.campaigns.report import load_figures
from newsletter.pipeline.staff.notify import mail_report
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.delivery import Delivery
from newsletter.store.sql import Transaction
from newsletter.subscriber_files.csv_files import escape_formula
from newsletter.web.desk import deciding
from newsletter.web.desk.campaigns.charts import Curve, build_curve
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, download, redirect, route
from newsletter.web.http.forms import parse_number

STATE_WORDS = words_of("figures")
_BAR_WIDTH, _MIN_PART_WIDTH = 1000, 4
"""Units of the bar's view box: its width, and the least width of a part above zero."""


def headline(figures: Mapping[str, Any]) -> str:
    """Return the name of the report's main figure: ``delivered`` or ``accepted``.

    Without events, or while emails wait, it is ``accepted``.
    """
    reported_count = figures["delivered"] + figures["bounced"]
    is_known = figures["events_received"] and not figures["pending"]
    return "delivered" if is_known and reported_count <= figures["accepted"] else "accepted"


def bar_parts(figures: Mapping[str, Any]) -> list[tuple[str, str, int, float, float]]:
    """Return (figure, label, people, x, width) of each part of the bar above zero.

    The people of all parts add up to the audience.
    """
    unreported = figures["accepted"] - figures["delivered"] - figures["bounced"]
    split_names = ("delivered", "bounced", "unreported")
    left_out = split_names if headline(figures) == "accepted" else ("accepted",)
    counts = {name: {"unreported": unreported, **figures}[name] for name in STATE_WORDS}
    shares = {name: count for name, count in counts.items() if count and name not in left_out}
    widths = {
        name: max(count / sum(shares.values()), _MIN_PART_WIDTH / _BAR_WIDTH)
        for name, count in shares.items()
    }
    found: list[tuple[str, str, int, float, float]] = []
    offset = 0.0
    for name, share in widths.items():
        width = _BAR_WIDTH * share / sum(widths.values())
        word, count = STATE_WORDS[name], shares[name]
        label = say(word, word, count=count)  # other languages have a plural
        found.append((name, label, count, round(offset, 2), round(width, 2)))
        offset += width
    return found


_LATELY, _SHARED_FOR = timedelta(minutes=2), timedelta(seconds=1)
_MIN_PAUSE, _MAX_PAUSE, _TURN = timedelta(seconds=2), timedelta(seconds=15), timedelta(seconds=0.25)
_MINUTE = 60
_MAX_PEOPLE_SHOWN = 500
_CAMPAIGNS_PER_PAGE, _MAX_CAMPAIGNS_IN_FILE = 20, 200
_MAX_EXACT_DELIVERIES = 20_000
"""Deliveries up to which the curve counts each one; above, it counts a sample."""
_EXCEPTION_WORDS = {name: STATE_WORDS[name] for name in ("rejected", "suppressed", "unknown")}
_UNSENT_WORDS, BOUNCE_WORDS = words_of("unsent"), words_of("bounces")


def campaign_of(tx: Transaction, request: DeskRequest) -> Campaign:
    """Return the campaign with the number in the path. Raises NotFound."""
    found = tx.campaigns.get(request.number("id"))
    if found is None:
        raise NotFound(say("There is no such campaign."))
    return found


class CampaignPage:
    def __init__(self, campaigns: Campaigns, delivery: Delivery) -> None:
        self._campaigns = campaigns
        self._delivery = delivery
        self._shared: dict[int, tuple[timedelta, dict[str, Any]]] = {}
        self._last_turn = timedelta()

    @route("GET", "/campaigns", Role.VIEWER)
    def compare(self, request: DeskRequest) -> Response:
        """Compare the last campaigns; the query has the page number."""
        skip = (request.page_number - 1) * _CAMPAIGNS_PER_PAGE
        with self._campaigns.store.read() as tx:
            rows = load_ended(tx, _CAMPAIGNS_PER_PAGE + 1, skip=skip)
        return request.page(
            "compare.html.j2",
            title=say("Compare sent statements"),
            rows=rows[:_CAMPAIGNS_PER_PAGE],
            has_more=len(rows) > _CAMPAIGNS_PER_PAGE,
        )

    @route("GET", "/campaigns.csv", Role.VIEWER)
    def comparison_file(self, request: DeskRequest) -> Response:
        """Return the figures of the last campaigns, one a row."""
        with self._campaigns.store.read() as tx:
            found = load_ended(tx, _MAX_CAMPAIGNS_IN_FILE)
        columns = [say("Statement"), say("State"), say("Lists"), say("Started"), say("People")]
        columns += [say("Accepted"), say("Rejected"), say("Bounced"), say("Spam reports")]
        rows = [
            (
                title,
                _state_label(campaign),
                deciding.titles_in_words(self._campaigns.settings, campaign.lists),
                self._format_local(campaign.started_at),
                campaign.counts.audience,
                campaign.counts.accepted,
                campaign.counts.rejected,
                reactions.bounced if reactions.received else say("not known"),
                reactions.complained if reactions.received else say("not known"),
                reactions.unsubscribed,
            )
            for campaign, title, reactions in found
        ]
        return _csv_file(request, "campaigns.csv", [(*columns, say("Unsubscribed")), *rows])

    @route("GET", "/campaigns/{id}/figures", Role.VIEWER)
    def live(self, request: DeskRequest) -> Response:
        """Return the figures for the script. All tabs share a look, and ask again in turn."""
        now = self._campaigns.store.clock.uptime()
        read_at, figures = self._shared.get(request.number("id"), (now - _SHARED_FOR, {}))
        if now - read_at >= _SHARED_FOR:
            with self._campaigns.store.read() as tx:
                figures = self._live_figures(tx, campaign_of(tx, request))
        self._last_turn = min(now + _MAX_PAUSE, max(now + _MIN_PAUSE, self._last_turn + _TURN))
        pause = (self._last_turn - now).total_seconds()
        return request.json_response({**figures, "pause": pause})

    @route("GET", "/campaigns/{id}/people", Role.SENDER)
    def people(self, request: DeskRequest) -> Response:
        """Show senders the addresses that the campaign did not reach."""
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            title, found = deciding.title_of(tx, campaign.slug), _find_missed(tx, campaign.id)
            unsent = tx.campaigns.list_unsent(campaign.id, _MAX_PEOPLE_SHOWN)
        rows = [*found, *((who, _UNSENT_WORDS[state], "") for who, state in unsent)]
        return request.page(
            "missed.html.j2",
            title=say("Who it did not reach"),
            campaign=campaign,
            statement=title,
            rows=rows[:_MAX_PEOPLE_SHOWN],
            count=len(found) + campaign.counts.pending + campaign.counts.cancelled,
        )

    @route("GET", "/campaigns/{id}/cancel", Role.SENDER)
    def ask_cancel(self, request: DeskRequest) -> Response:
        """Show the consequences of cancelling, in exact numbers."""
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            title, corrected_title = (
                deciding.title_of(tx, campaign.slug),
                deciding.title_of(tx, campaign.corrects),
            )
        if campaign.state.is_final:
            return redirect(f"/campaigns/{campaign.id}")
        return request.page(
            "cancel.html.j2",
            title=say("Cancel what is left?"),
            campaign=campaign,
            statement=title,
            corrected_title=corrected_title,
        )

    @route("POST", "/campaigns/{id}/pause", Role.SENDER)
    def pause(self, request: DeskRequest) -> Response:
        """Pause the campaign after the current calls."""
        return self._act(request, OperatorActions.pause, "paused")

    @route("POST", "/campaigns/{id}/resume", Role.SENDER)
    def resume(self, request: DeskRequest) -> Response:
        """Resume the campaign; if its audience changed, redirect to the page that confirms it."""
        shown = parse_number(request.field("shown")) or 0
        return self._act(request, partial(OperatorActions.resume, shown=shown), "resumed")

    @route("POST", "/campaigns/{id}/cancel", Role.SENDER)
    def cancel(self, request: DeskRequest) -> Response:
        return self._act(request, OperatorActions.cancel, "cancelled")

    def _act(
        self, request: DeskRequest, act: Callable[[OperatorActions, str], Campaign], message: str
    ) -> Response:
        number = request.number("id")
        try:
            act(self._campaigns.actions_of(request.who.address), str(number))
        except CountUnconfirmed as error:
            return redirect(f"/statements/{error.campaign.slug}/start")
        except Refused as error:
            return self._page(request.with_reason(say("That was not done."), error))
        return redirect(f"/campaigns/{number}", done=message)

    @route("POST", "/campaigns/{id}/note", Role.SENDER)
    def note(self, request: DeskRequest) -> Response:
        """Add a note to the statement's public page, or hide or show the statement's text."""
        kinds = {kind.value: kind for kind in NoteKind}
        kind, by = kinds.get(request.field("kind"), NoteKind.NOTE), request.who.address
        words = request.field(kind.value)
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
        try:
            annotate(campaign.slug, kind, words, by=by, store=self._campaigns.store)
        except InvalidInput as error:
            return self._amend_page(request.with_error(error))
        return redirect(f"/campaigns/{campaign.id}/amend", done=_DONE[kind])

    @route("POST", "/campaigns/{id}/mail", Role.SENDER)
    def mail(self, request: DeskRequest) -> Response:
        """Mail the report to the addresses in the form, in the sender's language."""
        number, by, language = request.number("id"), request.who.address, request.language().code
        try:
            to, store = request.field("to"), self._campaigns.store
            mail_report(str(number), to, by=by, language=language, store=store)
        except Refused as error:
            return self._page(request.with_error(error, "to"))
        return redirect(f"/campaigns/{number}", done="report-mailed")

    @route("POST", "/campaigns/{id}/reopen", Role.ADMIN, step_up=True)
    def reopen(self, request: DeskRequest) -> Response:
        number = request.number("id")
        # a form without the number counts as one that showed another
        shown = parse_number(request.field("shown")) or 0
        self._campaigns.actions_of(request.who.address).reopen(str(number), shown=shown)
        return redirect(f"/campaigns/{number}", done="reopened")

    @route("GET", "/campaigns/{id}/amend", Role.SENDER)
    def _amend_page(self, request: DeskRequest) -> Response:
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            if campaign.started_at is None:  # nothing to correct: its page offers Undo
                return redirect(f"/campaigns/{campaign.id}")
            reason = why_not_reopened(tx, campaign)
            values: dict[str, Any] = {
                "campaign": campaign,
                "statement": deciding.title_of(tx, campaign.slug),
                "notes": tx.public_notes.list_for([campaign.slug]),
                "is_withdrawn": bool(tx.public_notes.find_withdrawn([campaign.slug])),
                "unreached_count": tx.batches.count_unreached(campaign.id),
                "refusal_reason": deciding.describe_error(reason) if reason else "",
                "deciders": deciding.role_holders(tx, Role.ADMIN),
            }
        return request.page(
            "amend.html.j2",
            title=say("Correct or withdraw: {title}", title=values["statement"]),
            typed_notes={kind.value: request.field(kind.value) for kind in NoteKind},
            **values,
        )

    @route("GET", "/campaigns/{id}", Role.VIEWER)
    def _page(self, request: DeskRequest) -> Response:
        sees_readers = request.who.may(Role.SENDER)
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            report = load_figures(tx, campaign, waits=self._delivery.waits())
            reason = deciding.describe_error(campaign.reason, tx.staff.names())
            began = tx.campaigns.find_begun_correction(campaign.slug)
            correction = began.slug if began else campaign.corrected_by
            starts = reversed(tx.starts.list_for(campaign.slug))
            same_starts = (one for one in starts if one.content_hash == campaign.content_hash)
            values: dict[str, Any] = {
                "campaign": campaign,
                "statement": deciding.title_of(tx, campaign.slug),
                "original": deciding.title_of(tx, campaign.corrects or campaign.translates),
                "correction": correction,
                "corrected_by": deciding.title_of(tx, correction),
                "report": report,
                "live_figures": self._live_figures(tx, campaign),
                "stop_reason": reason,
                "deciders": deciding.role_holders(tx, Role.ADMIN),
                "start": next(same_starts, None),
                "curve": _build_curve(tx, campaign, report),
                "domains": tx.events.list_bounced_domains(campaign.id) if sees_readers else [],
            }
        state_label = _state_label(campaign)
        return request.page(
            "campaign.html.j2",
            title=say("{title}: {state}", title=values["statement"], state=state_label),
            messages=[reason] if reason else (),
            state_label=state_label,
            figure=headline(report),
            parts_of_bar=bar_parts(report),
            bounces=[(words, report["bounces"][kind]) for kind, words in BOUNCE_WORDS.items()],
            provider=deciding.provider_names(report["providers"]),
            typed_to=request.field("to"),
            **values,
        )

    def _live_figures(self, tx: Transaction, campaign: Campaign) -> dict[str, Any]:
        counts, rate = campaign.counts, self._sending_rate(tx, campaign)
        figures = {
            "state": campaign.state.value,
            "audience": counts.audience,
            **vars(counts),
            "rate": say("{count:,.0f} a minute", count=round(rate * _MINUTE)) if rate else "–",
            "left": time_left(counts.pending, rate),
            "at": clock(tx.now, self._campaigns.settings.timezone),
        }
        # also by the page itself: older figures would make its script reload it
        now, shared = self._campaigns.store.clock.uptime(), self._shared
        fresh = {key: one for key, one in shared.items() if now - one[0] < _SHARED_FOR}
        self._shared = {**fresh, campaign.id: (now, figures)}
        return figures

    def _sending_rate(self, tx: Transaction, campaign: Campaign) -> float:
        """Return deliveries per second, over the last two minutes or since the start."""
        if campaign.state is not CampaignState.SENDING or campaign.started_at is None:
            return 0.0
        since = max(tx.now - _LATELY, campaign.started_at)  # of the whole time it would lag behind
        seconds = max((tx.now - since).total_seconds(), 1.0)
        return tx.batches.settled_since(campaign.id, since) / seconds

    @route("GET", "/campaigns/{id}/report.csv", Role.VIEWER)
    def report_file(self, request: DeskRequest) -> Response:
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, request)
            rows = list(self._report_rows(tx, request, campaign))
            if request.who.may(Role.SENDER):
                found = tx.events.list_bounced_domains(campaign.id)
                rows += [(say("Bounced at {domain}", domain=name), count) for name, count in found]
        table = ((say("What"), say("Value")), *rows)
        return _csv_file(request, f"{campaign.slug}-report.csv", table)

    def _report_rows(
        self, tx: Transaction, request: DeskRequest, campaign: Campaign
    ) -> Iterator[tuple[str, object]]:
        report = load_figures(tx, campaign)
        settings = self._campaigns.settings
        yield say("Statement"), deciding.title_of(tx, campaign.slug)
        yield say("Name"), campaign.slug
        yield say("State"), _state_label(campaign)
        yield say("Lists"), deciding.titles_in_words(settings, campaign.lists)
        yield say("Segment"), report["segment"]
        yield say("Approved by"), ", ".join(map(request.desk.person, campaign.approved_by))
        yield say("Content hash"), campaign.content_hash
        yield say("Provider"), deciding.provider_names(report["providers"])
        yield say("Started"), self._format_local(campaign.started_at)
        yield say("Ended"), self._format_local(campaign.finished_at)
        estimated = say("People in all, estimated")
        yield (estimated if report["estimated"] else say("People in all")), report["audience"]
        for name in vars(campaign.counts):
            given_up = name == "cancelled" and campaign.given_up
            yield say("canceled or given up") if given_up else STATE_WORDS[name], report[name]
        yield say("unsubscribed by its link"), report["unsubscribed"]
        yield from _counted_rows(report["counted"])
        if not report["events_received"]:  # unknown, which is not zero
            for name in (say("delivered"), say("bounced"), say("reported as spam")):
                yield name, say("not known")
            return
        yield say("delivered"), report["delivered"]
        yield say("bounced"), report["bounced"]
        for kind, why in BOUNCE_WORDS.items():
            yield say("Bounced: {why}", why=why), report["bounces"][kind]
        yield say("reported as spam"), report["complained"]

    def _format_local(self, instant: datetime | None) -> str:
        """Format a time for spreadsheets, in the workspace's zone with its UTC offset."""
        if instant is None:
            return ""
        local = instant.astimezone(ZoneInfo(self._campaigns.settings.timezone))
        return local.isoformat(sep=" ", timespec="seconds")


def _csv_file(request: DeskRequest, name: str, rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file for spreadsheets. The first cell of a row begins with a capital."""
    buffer = io.StringIO()
    sheet, words = csv.writer(buffer), request.language().say
    for first, *rest in rows:
        label = words(first)
        sheet.writerow(map(escape_formula, (f"{label[:1].upper()}{label[1:]}", *map(words, rest))))
    # the mark in front tells spreadsheets that the letters are UTF-8
    data = buffer.getvalue().encode("utf-8-sig")
    return download(data, name=name, kind="text/csv; charset=utf-8")


def _counted_rows(counted: Mapping[str, Any] | None) -> Iterator[tuple[str, object]]:
    if counted is None:
        return
    for label, name in ((say("Opens"), "opens"), (say("Clicks"), "clicks")):
        if counted[name] is not None:
            yield label, counted[name]
    for one in counted["links"]:
        yield say("Clicks: {link}", link=one["link"]), one["count"]
    yield say("Opens and clicks"), counted["note"]


_DONE = {NoteKind.NOTE: "noted", NoteKind.WITHDRAWN: "off-the-web", NoteKind.RESTORED: "on-the-web"}


def _find_missed(tx: Transaction, campaign_id: int) -> list[tuple[str, str, str]]:
    """Return (address, result, reason) of each reader whom the campaign did not reach."""
    found = [
        (address, _EXCEPTION_WORDS.get(state, state), reason)
        for address, state, reason, _ in tx.campaigns.list_exceptions(campaign_id)
        if state in _EXCEPTION_WORDS
    ]
    found += [
        (address, BOUNCE_WORDS[kind], reason)
        for address, kind, reason in tx.events.list_bounces(campaign_id)
    ]
    addresses = tx.campaigns.list_unknown(campaign_id)
    return [*found, *((address, _EXCEPTION_WORDS["unknown"], "") for address in addresses)]


def _state_label(campaign: Campaign) -> str:
    if campaign.welcome and campaign.state is CampaignState.SENDING:
        return say(State.IN_USE.value)
    return say(State[campaign.state.name].value)


def _build_curve(tx: Transaction, campaign: Campaign, report: Mapping[str, Any]) -> Curve | None:
    """Return the deliveries over time; without events, what the provider took over time."""
    if campaign.started_at is None:
        return None
    if headline(report) == "delivered":
        is_sampled = report["delivered"] >= _MAX_EXACT_DELIVERIES
        minutes = tx.events.count_delivered_by_minute(campaign.id, sample=is_sampled)
        return build_curve(minutes, campaign.started_at)
    return build_curve(tx.batches.accepted_by_minute(campaign.id), campaign.started_at)


def time_left(pending: int, rate: float) -> str:
    """Return the remaining time at this rate per second, as a range."""
    if not pending:
        return "–"
    if not rate:
        return say("not known yet")
    minutes = pending / rate / _MINUTE
    low, high = int(minutes * 0.8), int(minutes * 1.25) + 1
    if high <= 1:
        return say("less than a minute")
    if high < 2 * _MINUTE:
        return say("{low} to {high} minutes", low=low, high=high)
    return say("{low} to {high} hours", low=low // _MINUTE, high=high // _MINUTE + 1)
