"""The staff: who they are, who is invited, and what admins do about it."""

from collections.abc import Callable

from starlette.responses import Response

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff import people
from newsletter.runtime.staff import Staff
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit
from newsletter.web.http.forms import shown_again

_HERE = "/staff"
_DOES = {
    Role.VIEWER: "Sees statements and figures. Changes nothing.",
    Role.WRITER: "Writes statements too, and hands them in.",
    Role.APPROVER: "Approves statements too, or sends them back.",
    Role.SENDER: "Sends too: starts, pauses and cancels. Sees who the subscribers are.",
    Role.ADMIN: "Does everything, and looks after the staff.",
}
"""What each role does, to whoever chooses one for somebody."""


class Team:
    """What admins see and change of others' accounts."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff
        self._proofs = staff.proofs

    def routes(self) -> list[Route]:
        """Path and method → page."""

        def act(path: str, answer: Callable[[Visit], Response]) -> Route:
            return Route(method="POST", path=path, role=Role.ADMIN, answer=answer, step_up=True)

        return [
            Route(method="GET", path="/staff", role=Role.ADMIN, answer=self.everybody),
            act("/staff/invitations", self.make_link),
            act("/staff/invitations/{number}/withdraw", self.withdraw),
            Route(method="GET", path="/staff/{address}", role=Role.ADMIN, answer=self.person),
            act("/staff/{address}/role", self.change_role),
            act("/staff/{address}/reset", self.reset),
            act("/staff/{address}/remove", self.remove),
        ]

    def everybody(self, visit: Visit) -> Response:
        """All of them, and who is invited."""
        return self._list(visit)

    def _list(self, visit: Visit, *, status: int = 200, fault: str = "") -> Response:
        return self._desk.page(
            visit,
            "staff.html.j2",
            title="Staff",
            nav="staff",
            status=status,
            faults=[("email", fault)] if fault else [],
            fault=fault,
            team=people.team(proofs=self._proofs),
            roles=_choices(),
            email=shown_again(visit.field("email")),
            role=visit.field("role") or Role.WRITER.value,
        )

    def make_link(self, visit: Visit) -> Response:
        """Make a link for somebody, and show it this once."""
        try:
            link = people.invite(
                visit.field("email"),
                _role(visit.field("role")),
                by=visit.who.address,
                proofs=self._proofs,
            )
        except InvalidInput as error:
            return self._list(visit, status=422, fault=_said(error))
        except Refused as error:
            return self._list(visit, status=409, fault=f"{error}.")
        return self._link(visit, link, joins=True)

    def _link(self, visit: Visit, link: people.Link, *, joins: bool) -> Response:
        return self._desk.page(
            visit,
            "link.html.j2",
            title="Give this link to them" if joins else "A link to sign in again",
            nav="staff",
            joins=joins,
            address=link.address,
            role=link.role.value,
            until=link.expires_at,
            link=f"{self._staff.settings.desk_url}/invitation/{link.word}",
        )

    def withdraw(self, visit: Visit) -> Response:
        """Take an invitation back."""
        people.withdraw(visit.number("number"), by=visit.who.address, proofs=self._proofs)
        return self._desk.go(visit, _HERE, done="withdrawn")

    # --- one of them

    def person(self, visit: Visit) -> Response:
        """One person, and what can be done about their account."""
        address = visit.param("address")
        found = [one for one in people.team(proofs=self._proofs).people if one.address == address]
        if not found:
            raise NotFound("Nobody of the staff has this address.")
        return self._desk.page(
            visit,
            "person.html.j2",
            title=found[0].name,
            nav="staff",
            person=found[0],
            mine=found[0].address == visit.who.address,
            roles=_choices(),
        )

    def change_role(self, visit: Visit) -> Response:
        """Give them another role."""
        people.change_role(
            visit.param("address"),
            _role(visit.field("role")),
            by=visit.who.address,
            proofs=self._proofs,
        )
        return self._desk.go(visit, _HERE, done="role")

    def reset(self, visit: Visit) -> Response:
        """Make a link by which they set a new password, and show it this once."""
        address = visit.param("address")
        link = people.reset(address, by=visit.who.address, proofs=self._proofs)
        return self._link(visit, link, joins=False)

    def remove(self, visit: Visit) -> Response:
        """Take their account away."""
        people.disable(visit.param("address"), by=visit.who.address, proofs=self._proofs)
        return self._desk.go(visit, _HERE, done="removed")


def _choices() -> list[tuple[str, str, str]]:
    """Each role with what it does."""
    return [(role.value, role.value.capitalize(), _DOES[role]) for role in Role]


def _role(said: str) -> Role:
    try:
        return Role(said)
    except ValueError as error:
        raise Refused("choose one of the roles") from error


def _said(error: InvalidInput) -> str:
    """What is wrong with an address, without where it stands: there is one field."""
    return f"{error.faults[0].message}."
