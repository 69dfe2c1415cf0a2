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
    """Compares the settings and templates of this process with the service's and those on disk."""

    digest: Callable[[], str]
    """The hash of the settings and templates that this process uses."""
    changed_on_disk: Callable[[], str]
    """Returns why this process must be restarted, as a sentence, or ""."""
    is_service_running: Callable[[], bool]
    """A ``run`` or ``worker`` gave a sign of life within the last minute."""
    is_superseded: Callable[[], bool] = lambda: False
    """An admin has saved other settings at the desk: the process starts again with them."""

    def mismatch(self, tx: Transaction) -> str:
        """Return why this process would render other emails than the service sends, or "".

        If no service runs, the next one will use the files on disk.
        """
        if self.is_service_running():
            noted = tx.running_service.configuration()
            if noted:
                return "" if noted == self.digest() else _OTHERS
        return self.changed_on_disk()

    def refuse_others(self, tx: Transaction) -> None:
        """Raise Refused where the service would send something else than this process renders."""
        mismatch = self.mismatch(tx)
        if mismatch:
            raise Refused(f"nothing was changed: {mismatch}")
