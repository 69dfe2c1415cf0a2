"""The calendar: a month or a week, and a private copy for calendar programs."""

from calendar import Calendar as Months
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from starlette.responses import Response

from newsletter.credentials.codes import hash_token, new_token
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import place_of, say
from newsletter.pipeline.campaigns.board import Entry, find_clashes, load_calendar
from newsletter.rendering.mail.words import desk_language
from newsletter.rendering.sentences import Language
from newsletter.web.desk.page import StaffPart
from newsletter.web.desk.request import DeskRequest, download, parse_day, redirect, route

_CALENDAR_PATH = "/calendar"
_DAY = timedelta(days=1)
_MAX_PAST, _MAX_FUTURE = timedelta(days=60), timedelta(days=400)
"""The days before and after today that a calendar program gets."""


@dataclass(frozen=True, kw_only=True)
class _Span:
    """A month in whole weeks, or a week."""

    day: date
    """Any day of the month or week."""
    by: str
    """``month`` or ``week``."""

    @property
    def weeks(self) -> list[list[date]]:
        """Return the days of each week, from Monday to Sunday."""
        weeks = Months().monthdatescalendar(self.day.year, self.day.month)
        return weeks if self.by == "month" else [week for week in weeks if self.day in week]

    @property
    def title(self) -> str:
        if self.by == "month":
            return say("{day:%B} {day:%Y}", day=self.day)
        first, last = self.weeks[0][0], self.weeks[0][-1]
        span = "{first.day} {first:%B} to {last.day} {last:%B} {last:%Y}"
        return say(span, first=first, last=last)

    @property
    def previous(self) -> "_Span":
        day = self.day.replace(day=1) - _DAY if self.by == "month" else self.day - 7 * _DAY
        return _Span(day=day, by=self.by)

    @property
    def following(self) -> "_Span":
        days = 32 - self.day.day if self.by == "month" else 7
        return _Span(day=self.day + days * _DAY, by=self.by)


class Calendar(StaffPart):
    @route("GET", "/calendar", Role.VIEWER)
    def _page(self, request: DeskRequest, link: str = "") -> Response:
        """Show a month or a week, and a private address that was just created."""
        now = request.desk.now()
        today, zone = now.astimezone(request.desk.zone).date(), request.desk.zone
        by = "week" if request.query("week") else "month"
        period = request.query("week") or request.query("month")
        span = _Span(day=parse_day(period) if period else today, by=by)
        since, until = (
            datetime.combine(day, time.min, zone).astimezone(UTC)
            for day in (span.weeks[0][0], span.weeks[-1][-1] + _DAY)
        )
        with self._staff.store.read() as tx:
            entries = load_calendar(tx, self._staff.settings.campaign_rules(), since, until)
            account = tx.accounts.get(request.who.address)
        by_day: dict[date, list[Entry]] = {}
        for entry in entries:
            by_day.setdefault(entry.at.astimezone(zone).date(), []).append(entry)
        return request.page(
            "calendar.html.j2",
            title=span.title,
            span=span,
            today=today,
            current_span=_Span(day=today, by=by),
            views=[_Span(day=span.day, by=view) for view in ("month", "week")],
            by_day=by_day,
            clashes=[clash for clash in find_clashes(entries) if clash[0].at >= now],
            place=place_of(self._staff.settings.timezone),
            has_link=account is not None and account.feed is not None,
            link=link,
        )

    @route("POST", "/calendar/link", Role.VIEWER)
    def renew_link(self, request: DeskRequest) -> Response:
        """Create a private address, which replaces the earlier one, and show it once."""
        token = new_token()
        request.own_account().change_feed(token)
        link = f"{self._staff.settings.desk_url}{_CALENDAR_PATH}/{token}.ics"
        return self._page(request, link=link)

    @route("POST", "/calendar/link/end", Role.VIEWER)
    def revoke_link(self, request: DeskRequest) -> Response:
        request.own_account().change_feed("")
        return redirect(_CALENDAR_PATH, done="calendar-ended")

    # calendar programs cannot sign in: the word in the address is the key
    @route("GET", "/calendar/{word}.ics", None)
    def feed(self, request: DeskRequest) -> Response:
        """Return the iCalendar file. Raises NotFound if the address's owner left the staff."""
        now, rules = request.desk.now(), self._staff.settings.campaign_rules()
        with self._staff.store.read() as tx:
            owner = tx.accounts.find_calendar_owner(hash_token(request.param("word")))
            if owner is None or tx.staff.role(owner) is None:
                raise NotFound(say("This calendar does not exist, or its link was renewed."))
            chosen = tx.staff.languages().get(owner)
            entries = load_calendar(tx, rules, now - _MAX_PAST, now + _MAX_FUTURE)
        # calendar programs ask for no language
        language = desk_language(chosen or self._staff.settings.language)
        organisation = self._staff.settings.organisation.name
        name = say("{organisation}: statements", organisation=organisation)
        events = (self._event_properties(entry, now, language) for entry in entries)
        data = calendar_file(language.say(name), events)
        return download(data, name="statements.ics", kind="text/calendar; charset=utf-8")

    def _event_properties(
        self, entry: Entry, now: datetime, language: Language
    ) -> Mapping[str, str | datetime]:
        desk = self._staff.settings.desk_url
        what = language.say(say("end of the embargo" if entry.is_embargo else entry.state.value))
        summary = say("{title}: {state}", title=f"{what[:1].upper()}{what[1:]}", state=entry.title)
        return {
            "UID": f"{entry.path}{'/embargo' * entry.is_embargo}@{urlsplit(desk).hostname}",
            "DTSTAMP": now,
            "DTSTART": entry.at,
            "SUMMARY": language.say(summary),
            "URL": f"{desk}/{entry.path}",
            "TRANSP": "TRANSPARENT",
        }


_FOLD_BYTES = 75
"""Longest line without its line break (RFC 5545, 3.1)."""
_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//newsletter//desk//EN", "METHOD:PUBLISH")


def calendar_file(name: str, events: Iterable[Mapping[str, str | datetime]]) -> bytes:
    """Return an iCalendar file. Each event maps property → text or instant."""
    lines = [*_HEAD, f"X-WR-CALNAME:{_escape_value(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for event in events:
        properties = (f"{key}:{_escape_value(value)}" for key, value in event.items())
        lines += ["BEGIN:VEVENT", *properties, "END:VEVENT"]
    return "".join(f"{_fold_line(line)}\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def _escape_value(value: str | datetime) -> str:
    """Escape a text for iCalendar: one line without control characters."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    one_line = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    return one_line.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _fold_line(line: str) -> str:
    """Fold a line of over ``_FOLD_BYTES`` bytes, never within a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > _FOLD_BYTES:
            parts.append(part)
            part = " "
        part += character
    return "\r\n".join([*parts, part])
