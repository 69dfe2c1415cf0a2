"""Passkeys: what a browser is asked for, and those of one's own account."""

from starlette.responses import Response

from newsletter.domain.staff.passkey import LONGEST_NAME
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff import account
from newsletter.pipeline.staff.proofs import Denied
from newsletter.runtime.staff import Staff
from newsletter.web.desk.browser import place_of, set_cookie, word_of
from newsletter.web.desk.page import PROOF_FAULTS, Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.touching import elsewhere, party_at
from newsletter.web.desk.visit import Visit

_HERE = "/account/passkeys"
_NOBODY = "You've been signed out, or you have no passkey for this website. Use a code instead."


class Passkeys:
    """Adding, removing and asking for passkeys."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff
        self._proofs = staff.proofs

    def routes(self) -> list[Route]:
        """Path and method → page."""
        see = Role.VIEWER
        return [
            Route(method="POST", path="/passkey", role=None, answer=self.ask),
            Route(method="GET", path=_HERE, role=see, answer=self.form, step_up=True),
            Route(method="POST", path=_HERE, role=see, answer=self.add, step_up=True),
            Route(
                method="POST", path=f"{_HERE}/options", role=see, answer=self.options, step_up=True
            ),
            Route(
                method="POST",
                path=f"{_HERE}/{{key}}/remove",
                role=see,
                answer=self.remove,
                step_up=True,
            ),
        ]

    def ask(self, visit: Visit) -> Response:
        """What the script hands to the browser, so that a passkey is shown: JSON."""
        party = party_at(visit, self._staff)
        asked = party and account.ask_for_passkey(
            word_of(visit.request), party=party, proofs=self._proofs
        )
        if not asked:
            return self._desk.data({"fault": _NOBODY}, status=409)
        return self._desk.data(asked)

    def form(self, visit: Visit) -> Response:
        """The page that adds one."""
        return self._form(visit)

    def _form(self, visit: Visit, fault: str = "") -> Response:
        return self._desk.page(
            visit,
            "passkey.html.j2",
            title="Add a passkey",
            nav="account",
            status=422 if fault else 200,
            faults=[("", fault)] if fault else [],
            name=visit.field("name")[:LONGEST_NAME] or place_of(visit.request).browser,
            longest=LONGEST_NAME,
            elsewhere=elsewhere(visit, self._staff),
            app=account.overview(visit.who.address, proofs=self._proofs).factor_at,
        )

    def options(self, visit: Visit) -> Response:
        """What the script hands to the browser, so that a passkey is made: JSON."""
        party = party_at(visit, self._staff)
        if party is None:
            return self._desk.data({"fault": elsewhere(visit, self._staff)}, status=409)
        hashed = visit.who.session.hash
        return self._desk.data(account.begin_passkey(hashed, party=party, proofs=self._proofs))

    def add(self, visit: Visit) -> Response:
        """Keep the one that the browser made."""
        party, place = party_at(visit, self._staff), place_of(visit.request)
        if party is None:
            return self._form(visit, elsewhere(visit, self._staff))
        done = account.add_passkey(
            visit.who.session.hash,
            visit.field("made"),
            name=visit.field("name"),
            party=party,
            place=place,
            proofs=self._proofs,
        )
        if isinstance(done, Denied):
            return self._form(visit, PROOF_FAULTS[done])
        response = self._desk.go(visit, "/account", done="passkey")
        set_cookie(response, visit.request, done.word)
        return response

    def remove(self, visit: Visit) -> Response:
        """Take one of one's own away."""
        done = account.remove_passkey(
            visit.who.session.hash,
            visit.param("key"),
            place=place_of(visit.request),
            proofs=self._proofs,
        )
        response = self._desk.go(visit, "/account", done="passkey-removed")
        set_cookie(response, visit.request, done.word)
        return response
