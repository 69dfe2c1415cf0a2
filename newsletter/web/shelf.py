"""The statements of the archive, as they are asked for: a page of them, one with its family, all.

What is asked for is read, not all that ever went out. For ``archive build``, which shows one moment
in many files, all of it is held.
"""

from collections.abc import Collection
from datetime import datetime

from newsletter.ports import Store, Transaction
from newsletter.web.published import Published, published


class Shelf:
    """What has begun to go out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: list[Published] | None = None

    def hold(self) -> list[Published]:
        """Show from now on what has begun by now, and nothing newer; returns it, newest first."""
        with self._store.read() as tx:
            self._held = published(tx.campaigns.heads())
        return self._held

    def count(self) -> tuple[int, datetime | None]:
        """How many there are, and when the list of them last changed."""
        if self._held is not None:
            return len(self._held), max((one.updated_at for one in self._held), default=None)
        with self._store.read() as tx:
            return tx.campaigns.count_published()

    def newest(self, most: int, skip: int = 0) -> list[Published]:
        """So many, newest first, after so many that are newer."""
        if self._held is not None:
            return self._held[skip : skip + most]
        with self._store.read() as tx:
            slugs = tx.campaigns.published(skip=skip, most=most)
            found = _some(tx, slugs)
        return [found[slug] for slug in slugs]

    def some(self, slugs: Collection[str]) -> dict[str, Published]:
        """Those of these slugs."""
        if self._held is not None:
            return {one.slug: one for one in self._held if one.slug in slugs}
        with self._store.read() as tx:
            return _some(tx, slugs)

    def family(self, slug: str) -> list[Published]:
        """A statement and all its languages, newest first; nothing where it did not go out."""
        own = self.some([slug]).get(slug)
        if own is None:
            return []
        if self._held is not None:
            return [one for one in self._held if one.family == own.family]
        with self._store.read() as tx:
            members = _some(tx, {own.family, *tx.campaigns.translations([own.family])})
        found = [one for one in members.values() if one.family == own.family]
        return sorted(found, key=lambda one: one.began_at, reverse=True)


def _some(tx: Transaction, slugs: Collection[str]) -> dict[str, Published]:
    """What came of them is told by those that correct them, or that they correct."""
    found = published(tx.campaigns.kin(slugs))
    return {one.slug: one for one in found if one.slug in slugs}
