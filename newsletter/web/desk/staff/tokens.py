"""The page of admins for tokens of the HTTP API."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import PREFIX, Scope
from newsletter.pipeline.staff import tokens
from newsletter.pipeline.staff.tokens import MadeToken
from newsletter.runtime.services import Staff
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.http.forms import shown_again

_HERE = "/tokens"
_MOST = 100
_LIVES: Mapping[str, str] = {"30": "30 days", "90": "90 days", "365": "A year"}
"""Days → words."""
_DOES: Mapping[Scope, str] = {
    Scope.STATEMENTS_READ: "Read statements and drafts",
    Scope.STATEMENTS_WRITE: "Write drafts and submit them",
    Scope.CAMPAIGNS_READ: "Read campaigns and their figures",
    Scope.EVENTS_READ: "Read bounces, complaints and unsubscribes",
    Scope.SUBSCRIBERS_READ: "Read subscribers and their addresses",
    Scope.SUBSCRIBERS_WRITE: "Add, change, unsubscribe and block subscribers",
    Scope.SUBSCRIBERS_ADMIN: "Change addresses, export and erase subscribers",
}


class TokenPages:
    """The page on which admins make and revoke tokens."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff

    def routes(self) -> list[Route]:
        return [
            Route("GET", _HERE, Role.ADMIN, self.show),
            Route("POST", _HERE, Role.ADMIN, self.make, step_up=True),
            Route("POST", f"{_HERE}/{{number}}/revoke", Role.ADMIN, self.revoke),
        ]

    def show(
        self,
        request: DeskRequest,
        *,
        faults: tuple[tuple[str, str], ...] = (),
        made: MadeToken | None = None,
    ) -> Response:
        """Show all tokens, and the secret of one that was made just now."""
        with self._staff.store.read() as tx:
            found, roles, now = tx.tokens.newest(_MOST), tx.staff.roles(), tx.now
        works = {one.id for one in found if one.works(now) and roles.get(one.by) is Role.ADMIN}
        chosen = request.posted.all("scope") if faults else ()
        return self._desk.page(
            request,
            "tokens.html.j2",
            title="API tokens",
            faults=faults,
            made=made,
            tokens=found,
            works=works,
            prefix=PREFIX,
            does={scope.value: words for scope, words in _DOES.items()},
            chosen=chosen,
            name=shown_again(request.field("name")) if faults else "",
            lives=[(days, words, "") for days, words in _LIVES.items()],
            days=request.field("days") if faults else "90",
        )

    def make(self, request: DeskRequest) -> Response:
        """Make a token, and show its secret once."""
        scopes = [scope for scope in Scope if scope.value in request.posted.all("scope")]
        days, name = request.field("days"), request.posted.text("name")
        faults = (
            *((("name", "Name the program that uses it"),) if not name else ()),
            *((("scope", "Choose what it may do"),) if not scopes else ()),
            *((("days", "Choose how long it works"),) if days not in _LIVES else ()),
        )
        if faults:
            return self.show(request, faults=faults)
        lives = timedelta(days=int(days))
        made = tokens.make(name, scopes, lives, by=request.who.address, proofs=self._staff.proofs)
        return self.show(request, made=made)

    def revoke(self, request: DeskRequest) -> Response:
        """Revoke a token."""
        tokens.revoke(request.number("number"), by=request.who.address, proofs=self._staff.proofs)
        return self._desk.go(request, _HERE, done="token-revoked")
