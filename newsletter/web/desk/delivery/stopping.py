"""Stop all sending, by one press, and resume it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.responses import Response

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Role
from newsletter.runtime.delivery import Delivery
from newsletter.store.file.lock import only_one
from newsletter.web.desk.deciding import colleagues, holders, plain
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit

_LONGEST = 200


class Stopping:
    """The hold over everything."""

    def __init__(self, desk: Desk, delivery: Delivery) -> None:
        self._desk = desk
        self._delivery = delivery

    def routes(self) -> list[Route]:
        """Path and method → page."""
        may = Role.SENDER
        admin = Role.ADMIN
        return [
            Route(method="GET", path="/stop", role=may, answer=self.look),
            Route(method="POST", path="/stop", role=may, answer=self.stop),
            Route(method="POST", path="/resume", role=may, step_up=True, answer=self.resume),
            Route(method="POST", path="/compared", role=admin, step_up=True, answer=self.compared),
        ]

    def look(self, visit: Visit) -> Response:
        """The page."""
        return self._page(visit)

    def stop(self, visit: Visit) -> Response:
        """Stop all sending."""
        reason = " ".join(visit.field("reason").split())
        if len(reason) > _LONGEST or not reason.isprintable():
            fault = f"Write the reason in at most {_LONGEST} plain characters"
            return self._page(visit, faults=[("reason", fault)], status=422)
        if HoldKind.STOP not in self._delivery.guard().holds():
            self._delivery.guard().stop(by=visit.who.address, reason=reason)
        return self._desk.go(visit, "/stop", done="stopped")

    def resume(self, visit: Visit) -> Response:
        """Lift what a person stopped, and nothing else."""
        return self._lift(visit, HoldKind.STOP)

    def compared(self, visit: Visit) -> Response:
        """As an admin who compared the books with the provider, lift the doubt about them."""
        with self._nobody_sends():
            return self._lift(visit, HoldKind.DOUBT)

    @contextmanager
    def _nobody_sends(self) -> Iterator[None]:
        """Raises Refused while a process sends by the books that are in doubt."""
        try:
            with only_one(self._delivery.lock_path):
                yield
        except Refused as error:
            raise Refused(plain(error)) from error

    def _lift(self, visit: Visit, kind: HoldKind) -> Response:
        lifted = self._delivery.guard().release(by=visit.who.address, kinds={kind})
        return self._desk.go(visit, "/stop", done="resumed-all" if lifted else "")

    def _page(
        self, visit: Visit, *, faults: Sequence[tuple[str, str]] = (), status: int = 200
    ) -> Response:
        holds = self._delivery.guard().holds()
        with self._delivery.store.read() as tx:
            names, admins = colleagues(tx), holders(tx, Role.ADMIN)
        return self._desk.page(
            visit,
            "stop.html.j2",
            title="Sending is stopped" if holds else "Stop all sending?",
            status=status,
            faults=faults,
            reason=visit.field("reason"),
            by_person=HoldKind.STOP in holds,
            in_doubt=plain(holds[HoldKind.DOUBT], names) if HoldKind.DOUBT in holds else "",
            admins=admins,
        )
