"""The pages of admins: staff, invitations, the channels of the team and the audit log."""

from datetime import datetime, time, timedelta

from starlette.responses import Response

from newsletter.domain.errors import Defect, InvalidInput, NotFound, Refused
from newsletter.domain.staff.audit import AuditSearch
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import PREFIX, Scope, Token
from newsletter.domain.wording import enclosed, one_line, say
from newsletter.pipeline.history import ACTOR_NAMES, SUBJECTS, describe_action, describe_entry
from newsletter.pipeline.staff import people, tokens
from newsletter.pipeline.staff.notify import send_again, send_test
from newsletter.providers.registry import dns_records
from newsletter.runtime.diagnosis import sending_domains
from newsletter.runtime.services import Staff
from newsletter.web.desk.deciding import is_trial
from newsletter.web.desk.page import StaffPart
from newsletter.web.desk.request import DeskRequest, parse_day, redirect, route
from newsletter.web.http.forms import parse_number

_STAFF_PATH = "/staff"


class StaffPages(StaffPart):
    """The pages on which admins see and change the accounts of others."""

    @route("GET", "/staff", Role.ADMIN)
    def _list(self, request: DeskRequest) -> Response:
        return request.page(
            "staff.html.j2",
            title=say("Staff"),
            staff=people.load_staff(proofs=request.proofs),
            links=people.load_unused_links(proofs=request.proofs),
            is_trial=is_trial(self._staff.settings),
            email=one_line(request.field("email")),
            role=request.field("role") or Role.WRITER.value,
        )

    @route("POST", "/staff/invitations", Role.ADMIN, step_up=True)
    def invite(self, request: DeskRequest) -> Response:
        try:
            email, role = request.field("email"), _parse_role(request.field("role"))
            people.invite(email, role, by=request.who.address, proofs=request.proofs)
        except (InvalidInput, Refused) as error:
            return self._list(request.with_error(error, "email"))
        return redirect(_STAFF_PATH, done="link")

    @route("POST", "/staff/invitations/{number}/withdraw", Role.ADMIN, step_up=True)
    def withdraw(self, request: DeskRequest) -> Response:
        people.withdraw(request.number("number"), by=request.who.address, proofs=request.proofs)
        return redirect(_STAFF_PATH, done="withdrawn")

    @route("GET", "/staff/{address:path}", Role.ADMIN)
    def person(self, request: DeskRequest) -> Response:
        address = request.param("address")
        found = [one for one in people.load_staff(proofs=request.proofs) if one.address == address]
        if not found:
            raise NotFound(say("No member of staff has this address."))
        return request.page(
            "person.html.j2",
            title=found[0].name,
            person=found[0],
            scheduled=people.find_dependent_statements(address, proofs=request.proofs),
            is_own_account=address == request.who.address,
        )

    @route("POST", "/staff/{address:path}/role", Role.ADMIN, step_up=True)
    def change_role(self, request: DeskRequest) -> Response:
        address, role = request.param("address"), _parse_role(request.field("role"))
        before = people.change_role(address, role, by=request.who.address, proofs=request.proofs)
        return redirect(_STAFF_PATH, done="role" if before is not role else "")

    @route("POST", "/staff/{address:path}/reset", Role.ADMIN, step_up=True)
    def reset(self, request: DeskRequest) -> Response:
        """Mail a colleague a link to set a new password."""
        people.reset(request.param("address"), by=request.who.address, proofs=request.proofs)
        return redirect(_STAFF_PATH, done="link")

    @route("POST", "/staff/{address:path}/remove", Role.ADMIN, step_up=True)
    def remove(self, request: DeskRequest) -> Response:
        people.disable(request.param("address"), by=request.who.address, proofs=request.proofs)
        return redirect(_STAFF_PATH, done="removed")


def _parse_role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise Refused(say("Choose one of the roles.")) from error


_CHANNELS_PATH = "/channels"
_MAX_POSTS_SHOWN = 100


class ChannelPages(StaffPart):
    """The page of the channels that get notices, with the state of each message."""

    def __init__(self, staff: Staff) -> None:
        super().__init__(staff)
        self._channels = {channel.name: channel for channel in staff.settings.channels()}

    @route("GET", "/channels", Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        """Show the newest messages, the failing health checks, and the DNS records to publish."""
        settings = self._staff.settings
        with self._staff.store.read() as tx:
            posts, checks = tx.channel_posts.list_newest(_MAX_POSTS_SHOWN), tx.failing_checks.all()
            notices: dict[int, dict[str, list[str]]] = {}
            for number, kind, slug in tx.channel_posts.list_notices(_MAX_POSTS_SHOWN):
                notices.setdefault(number, {}).setdefault(slug, []).append(kind)
            slugs = {slug for noted in notices.values() for slug in noted if slug}
            titles = {one.slug: one.statement.title for one in tx.statements.find([*slugs])}
        return request.page(
            "channels.html.j2",
            title=say("Channels and health"),
            channels=settings.notices,
            titles=titles,
            posts=posts,
            notices=notices,
            configured_channels=self._channels,
            failing_checks=checks,
            domains={
                one: [*dns_records(settings.providers, one)] for one in sending_domains(settings)
            },
        )

    @route("POST", "/channels/{number}/again", Role.ADMIN)
    def again(self, request: DeskRequest) -> Response:
        by, number = request.who.address, request.number("number")
        send_again(number, by=by, store=self._staff.store, channels=self._channels)
        return redirect(_CHANNELS_PATH, done="posted-again")

    @route("POST", "/channels/test", Role.ADMIN)
    def test(self, request: DeskRequest) -> Response:
        by, name = request.who.address, request.field("channel")
        send_test(name, by=by, store=self._staff.store, channels=self._channels)
        return redirect(_CHANNELS_PATH, done="posted-test")


_LINES_PER_PAGE, _MAX_SEARCH_CHARS = 50, 200


class AuditLog(StaffPart):
    """The audit log, for admins. It cannot be changed."""

    @route("GET", "/audit", Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        """Show a page of the log, or of a search in it; ``?before=`` is the number of a line."""
        before_number, act = parse_number(request.query("before")), request.query("act")
        if before_number is None and request.query("before"):
            raise NotFound(say("There is no such page of the audit log."))
        days = [request.query("since"), request.query("until")]
        since, until = (
            datetime.combine(parse_day(day), time.min, request.desk.zone) if day else None
            for day in days
        )
        with self._staff.store.read() as tx:
            names, count = tx.staff.names(), tx.audit.count()
            actors, actions = tx.audit.list_distinct("actor"), tx.audit.list_distinct("action")
            # two people may have one name
            staff = {
                one: f"{name} ({one})" if [*names.values()].count(name) > 1 else name
                for one, name in names.items()
            }
            known = {one: ACTOR_NAMES.get(one) or staff.get(one, one) for one in actors}
            chosen = known.get(request.query("person"))
            search = AuditSearch(
                # the parts of the program have one name
                actors=tuple(one for one in actors if known[one] == chosen),
                action=act if act in actions else "",
                words=" ".join(request.query("q")[:_MAX_SEARCH_CHARS].split()),
                since=since,
                until=until and until + timedelta(days=1),
            )
            found = tx.audit.list_newest(_LINES_PER_PAGE + 1, before_number, search)
        zone, lines = self._staff.settings.timezone, found[:_LINES_PER_PAGE]
        return request.page(
            "audit.html.j2",
            title=say("Audit log"),
            lines=[(one, describe_entry(one, None, zone)) for one in lines],
            subjects=SUBJECTS,
            count=count,
            search=search,
            days=days,
            people={name: actor for actor, name in known.items()},
            actions={action: describe_action(action) for action in actions},
            is_newest=before_number is None or (found and found[0].number == count),
            older=lines[-1].number if len(found) > _LINES_PER_PAGE else None,
        )

    @route("POST", "/audit/verify", Role.ADMIN)
    def verify(self, request: DeskRequest) -> Response:
        try:
            with self._staff.store.read() as tx:
                tx.audit.verify()
        except Defect as error:
            text = enclosed("{text}. Tell your operator now.", text=str(error))
            return request.failure_page(say("The audit log is not sound"), text, status=409)
        return redirect("/audit", done="verified")


_TOKENS_PATH = "/tokens"
_MAX_TOKENS_SHOWN = 100
_LIFETIMES_DAYS = ("30", "90", "365")
"""The lifetimes of a token to choose from."""


class TokenPages(StaffPart):
    """The page on which admins create and revoke API tokens."""

    @route("GET", "/tokens", Role.ADMIN)
    def show(self, request: DeskRequest, *, created: tuple[Token, str] | None = None) -> Response:
        """Show all API tokens, and the secret of one that was just created."""
        with self._staff.store.read() as tx:
            found, roles, now = tx.tokens.list_newest(_MAX_TOKENS_SHOWN), tx.staff.roles(), tx.now
        valid = {one.id for one in found if one.is_valid(now) and roles.get(one.by) is Role.ADMIN}
        return request.page(
            "tokens.html.j2",
            title=say("API tokens"),
            new_token=created,
            tokens=found,
            valid_ids=valid,
            prefix=PREFIX,
            scopes=[scope.value for scope in Scope],
            chosen=request.posted.all("scope") if request.faults else (),
            name=one_line(request.field("name")) if request.faults else "",
            days=request.field("days") if request.faults else "90",
        )

    @route("POST", "/tokens", Role.ADMIN, step_up=True)
    def make_token(self, request: DeskRequest) -> Response:
        """Create an API token, and show its secret once."""
        scopes = [scope for scope in Scope if scope.value in request.posted.all("scope")]
        days, name = request.field("days"), request.posted.text("name")
        messages = {
            "name": "" if name else say("Name the program that uses it"),
            "scope": "" if scopes else say("Choose what it may do"),
            "days": "" if days in _LIFETIMES_DAYS else say("Choose how long it works"),
        }
        faults = [fault for fault in messages.items() if fault[1]]
        if faults:
            return self.show(request.with_faults(*faults))
        by, lifetime = request.who.address, timedelta(days=int(days))
        token = tokens.make(name, scopes, lifetime, by=by, proofs=request.proofs)
        return self.show(request, created=token)

    @route("POST", "/tokens/{number}/revoke", Role.ADMIN)
    def revoke(self, request: DeskRequest) -> Response:
        tokens.revoke(request.number("number"), by=request.who.address, proofs=request.proofs)
        return redirect(_TOKENS_PATH, done="token-revoked")
