"""Settings and templates under a running service. It is no stage: approving and starting share it.

A service reads its settings and templates once, when it starts, and notes in the database which
they are. A process with others would render other emails: it may not approve or start a statement.
"""

from collections.abc import Callable
from dataclasses import dataclass

from newsletter.domain.errors import Refused
from newsletter.store.sql import Transaction

_OTHERS = (
    "the running service was started with other settings or templates than this process; restart"
    " the service, then try again"
)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The settings and templates of this process, beside those of the service and on disk."""

    digest: Callable[[], str]
    """The hash of the settings and templates that this process uses."""
    changed_on_disk: Callable[[], str]
    """Why a restart of this process is needed, in a sentence; empty where it is not."""
    is_service_running: Callable[[], bool]
    """A ``run`` or ``worker`` gave a sign of life within the last minute."""

    def objection(self, tx: Transaction) -> str:
        """Return why what this process renders is not what the service sends; empty where it is.

        Where no service runs, the next one to start uses what is on disk.
        """
        if self.is_service_running():
            noted = tx.running_service.configuration()
            if noted:
                return "" if noted == self.digest() else _OTHERS
        return self.changed_on_disk()

    def refuse_others(self, tx: Transaction) -> None:
        """Raise Refused where the service would send something else than this process renders."""
        objection = self.objection(tx)
        if objection:
            raise Refused(f"nothing was changed: {objection}")
