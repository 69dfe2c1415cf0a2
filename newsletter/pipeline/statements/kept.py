"""Statements that the database holds itself: of feeds, of digests, and written at the desk."""

from dataclasses import dataclass, field, replace

from newsletter.domain.campaigns.digest import Issue
from newsletter.domain.statements.draft import HandedIn
from newsletter.domain.statements.feed import ItemState, TakenItem
from newsletter.domain.statements.statement import Progress, Reading, Statement
from newsletter.sources.desk import parse_handed_in
from newsletter.sources.statements import Defaults, Parsed
from newsletter.store.sql import Store


@dataclass(kw_only=True)
class FeedSource:
    """Reads from the database: what a feed no longer lists stays as it is."""

    feed: str
    address: str
    store: Store
    lists: tuple[str, ...]
    language: str
    """Of items that do not say theirs."""
    own_language: str = ""
    """Of all items, whatever they say."""
    approved_by: tuple[str, ...] = ()
    """In whose name its items count as approved; empty where the feed is not trusted."""
    _known: tuple[int, Reading] = field(default=(-1, Reading(statements=())), init=False)

    def read(self) -> Reading:
        """Read all statements that came from it."""
        with self.store.read() as tx:
            revision = tx.feeds.record(self.feed).revision
            if revision != self._known[0]:
                reading = Reading(
                    statements=tuple(self._statement(one) for one in tx.feeds.taken(self.feed))
                )
                # most visits bring nothing: the very reading of before says so to whoever compares
                same = reading == self._known[1]
                self._known = (revision, self._known[1] if same else reading)
        return self._known[1]

    def _statement(self, item: TakenItem) -> Statement:
        composed = item.composed
        vouched = bool(self.approved_by) and item.known.state is ItemState.TRUSTED
        return Statement(
            slug=item.known.slug,
            title=composed.title,
            body=composed.body,
            lists=self.lists,
            language=self.own_language or composed.language or self.language,
            date=composed.date,
            summary=composed.summary,
            progress=Progress.APPROVED if vouched else Progress.REVIEW,
            approved_by=self.approved_by if vouched else (),
            feed=self.feed,
            notes=composed.notes,
            origin=composed.link or self.address,
        )


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
            issues = tx.digests.issues() if self._mark is None else tx.digests.some(touched)
        changed = {issue.slug: issue for issue in issues if self._issues.get(issue.slug) != issue}
        if changed:
            self._issues |= changed
            kept = sorted(self._issues.values(), key=lambda one: (one.name, one.day))
            self._reading = replace(
                self._reading, statements=tuple(one.statement for one in kept if one.statement)
            )
        self._mark = mark
        return self._reading


class DeskSource:
    """Reads every version that was handed in at the desk: what is typed since nobody sees.

    Again only those that were touched. What the configuration no longer has, such as a segment, is
    a fault of the text, as it would be of a file.
    """

    def __init__(self, store: Store, defaults: Defaults) -> None:
        self._store = store
        self._defaults = defaults
        self._mark: int | None = None
        self._known: dict[str, tuple[HandedIn, Parsed]] = {}
        self._reading = Reading(statements=())

    def read(self) -> Reading:
        """Read all that was handed in, by slug."""
        with self._store.read() as tx:
            mark, touched = tx.statements.touched(self._mark)
            found = tx.drafts.handed_in() if self._mark is None else tx.drafts.some(touched)
        gone = self._known.keys() & (set(touched) - {one.slug for one in found})
        changed = [one for one in found if self._said(one.slug) != one]
        if changed or gone:
            for slug in gone:
                del self._known[slug]
            self._known |= {
                one.slug: (one, parse_handed_in(one, self._defaults)) for one in changed
            }
            self._reading = self._all()
        self._mark = mark
        return self._reading

    def _said(self, slug: str) -> HandedIn | None:
        known = self._known.get(slug)
        return known and known[0]

    def _all(self) -> Reading:
        parsed = [self._known[slug][1] for slug in sorted(self._known)]
        return Reading(
            statements=tuple(one.statement for one in parsed if one.statement),
            faults=tuple(fault for one in parsed for fault in one.faults),
        )
