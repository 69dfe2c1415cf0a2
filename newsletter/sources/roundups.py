"""Statements gathered from others: the issues of round-ups, as the database holds them."""

from dataclasses import replace

from newsletter.domain.roundup import Issue
from newsletter.ports import Reading, Store


class RoundupSource:
    """Reads every issue that was made and not taken back; again only those that were touched."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mark: int | None = None
        self._issues: dict[str, Issue] = {}
        self._reading = Reading(statements=())

    def read(self) -> Reading:
        """Read all issues, by name and day."""
        with self._store.read() as tx:
            mark, touched = tx.statements.touched(self._mark)
            issues = tx.roundups.issues() if self._mark is None else tx.roundups.some(touched)
        changed = {one.slug: one for one in issues if self._issues.get(one.slug) != one}
        if changed:
            self._issues |= changed
            kept = sorted(self._issues.values(), key=lambda one: (one.name, one.day))
            self._reading = replace(
                self._reading, statements=tuple(one.statement for one in kept if one.statement)
            )
        self._mark = mark
        return self._reading
