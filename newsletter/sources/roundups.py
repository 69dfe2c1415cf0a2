"""Statements gathered from others: the issues of round-ups, as the database holds them."""

from newsletter.ports import Reading, Store


class RoundupSource:
    """Reads every issue that was made and not taken back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> Reading:
        """Read all issues, by name and day."""
        with self._store.read() as tx:
            issues = tx.roundups.issues()
        return Reading(statements=tuple(one.statement for one in issues if one.statement))
