"""The page of admins for tokens of the HTTP API."""

from datetime import timedelta

from starlette.responses import Response

from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import PREFIX, Scope, Token
from newsletter.pipeline.staff import tokens
from newsletter.runtime.services import Staff
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.http.forms import shown_again

_HERE = "/tokens"
_MOST = 100
_DAYS = ("30", "90", "365")
"""How long a token may work."""


class TokenPages:
    """The page on which admins make and revoke tokens."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff

    @route("GET", "/tokens", Role.ADMIN)
    def show(
        self,
        request: DeskRequest,
        *,
        faults: Faults = (),
        made: tuple[Token, str] | None = None,
    ) -> Response:
        """Show all tokens, and the secret of one that was made just now."""
        with self._staff.store.read() as tx:
            found, roles, now = tx.tokens.newest(_MOST), tx.staff.roles(), tx.now
        works = {one.id for one in found if one.works(now) and roles.get(one.by) is Role.ADMIN}
        return self._desk.page(
            request,
            "tokens.html.j2",
            title="API tokens",
            faults=faults,
            made=made,
            tokens=found,
            works=works,
            prefix=PREFIX,
            scopes=[scope.value for scope in Scope],
            chosen=request.posted.all("scope") if faults else (),
            name=shown_again(request.field("name")) if faults else "",
            days=request.field("days") if faults else "90",
        )

    @route("POST", "/tokens", Role.ADMIN, step_up=True)
    def make(self, request: DeskRequest) -> Response:
        """Make a token, and show its secret once."""
        scopes = [scope for scope in Scope if scope.value in request.posted.all("scope")]
        days, name = request.field("days"), request.posted.text("name")
        said = {
            "name": "" if name else "Name the program that uses it",
            "scope": "" if scopes else "Choose what it may do",
            "days": "" if days in _DAYS else "Choose how long it works",
        }
        faults = [fault for fault in said.items() if fault[1]]
        if faults:
            return self.show(request, faults=faults)
        by, lives = request.who.address, timedelta(days=int(days))
        made = tokens.make(name, scopes, lives, by=by, proofs=self._staff.proofs)
        return self.show(request, made=made)

    @route("POST", "/tokens/{number}/revoke", Role.ADMIN)
    def revoke(self, request: DeskRequest) -> Response:
        """Revoke a token."""
        tokens.revoke(request.number("number"), by=request.who.address, proofs=self._staff.proofs)
        return self._desk.go(request, _HERE, done="token-revoked")
