"""source → statement: store the statements of files, feeds, digests and the desk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from newsletter.domain.errors import Fault
from newsletter.domain.ports import Source
from newsletter.domain.statements.feed import ExtractedStatement
from newsletter.domain.statements.statement import (
    Progress,
    Reading,
    StageResult,
    Statement,
    StoredStatement,
)
from newsletter.domain.wording import say
from newsletter.sources.desk import parse_version
from newsletter.sources.statements import Defaults, Parsed, unreadable
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.audit import TEXT_TAKEN_BACK


@dataclass(kw_only=True)
class IngestState:
    """The results of the last ingest. The next one compares only changes."""

    change_number: int | None = None
    """The change number of the last run; None before the first run."""
    readings: Sequence[Reading] = ()
    statements: Mapping[str, Statement] = field(default_factory=dict)
    """Slug → the statement of the sources."""
    faults: tuple[Fault, ...] = ()
    unread: frozenset[str] = frozenset()
    """The slugs of statements that stay present because a source could not be read."""


def ingest(
    *,
    store: Store,
    sources: Iterable[Source],
    shares_email: bool = False,
    state: IngestState | None = None,
) -> StageResult:
    """Read all sources and store the statements that are new, changed or missing now.

    A statement that is missing or has a fault stays stored and is not present. If a draft is
    submitted, its approvals are revoked; with ``shares_email`` those of its original. Updates
    ``state``, what the last run left.
    """
    state = state or IngestState()
    with store.read() as tx:  # before reading: the next run sees a later change
        change_number, touched = tx.statements.changed_since(state.change_number)
    readings = [source.read() for source in sources]
    # an unchanged source returns the same object
    are_same = [*map(id, readings)] == [*map(id, state.readings)]
    if state.change_number is not None and not touched and are_same:
        return StageResult(slugs=(), faults=state.faults)
    statements, doubles = _index_by_slug(
        [statement for reading in readings for statement in reading.statements]
    )
    faults = [fault for reading in readings for fault in reading.faults] + doubles
    with store.read() as tx:
        known = _load_candidates(tx, state, statements, touched)
    faulty = {fault.file for fault in faults}
    is_complete = all(reading.complete for reading in readings)
    missing = [one for slug, one in known.items() if one and one.present and slug not in statements]
    removed = [one for one in missing if is_complete or one.statement.origin in faulty]
    updates = [
        StoredStatement(statement=statement, content_hash="", fingerprint="")
        for slug, statement in statements.items()
        if slug in known
        and ((one := known[slug]) is None or one.statement != statement or not one.present)
    ] + [replace(stored, present=False) for stored in removed]
    _write(store, updates, shares_email)
    state.change_number, state.readings = change_number, readings
    state.statements, state.faults = statements, (*faults,)
    state.unread = frozenset(one.slug for one in missing if one not in removed)
    slugs = tuple(stored.slug for stored in updates)
    return StageResult(slugs=slugs, faults=state.faults)


def _load_candidates(
    tx: Transaction,
    state: IngestState,
    statements: Mapping[str, Statement],
    touched: Iterable[str],
) -> dict[str, StoredStatement | None]:
    """Return slug → stored statement, or None, of statements that may have changed."""
    if state.change_number is None:
        known = tx.statements.all()
        slugs = {*statements, *(stored.slug for stored in known)}
    else:
        last = state.statements
        changed = {slug for slug, one in statements.items() if last.get(slug) is not one}
        slugs = {*touched, *state.unread, *changed, *(last.keys() - statements.keys())}
        known = tx.statements.find(slugs)
    stored = {row.slug: row for row in known}
    return {slug: stored.get(slug) for slug in sorted(slugs)}


def _write(store: Store, updates: Sequence[StoredStatement], shares_email: bool) -> None:
    if not updates:
        return
    with store.begin() as tx:
        for stored in updates:
            statement = stored.statement
            known = tx.statements.get(statement.slug)
            # another process may have stored this text since
            if known is None or (known.statement, known.present) != (statement, stored.present):
                tx.statements.put(stored, tx.now)
            if known is None:
                continue
            slug = statement.email_slug(shares_email=shares_email)
            # texts of the desk are submitted again
            if not statement.desk and _undecided(known.statement) != _undecided(statement):
                tx.change_requests.close(slug, tx.now)
            if known.statement.progress is Progress.DRAFT is not statement.progress:
                tx.approvals.revoke(slug, tx.now, actor="scheduler", reason=TEXT_TAKEN_BACK)


def _undecided(statement: Statement) -> Statement:
    """Return a statement without what its file says of approvals."""
    return replace(
        statement, progress=Progress.REVIEW, approved_by=(), despite="", places=(), origin=""
    )


def _index_by_slug(statements: Sequence[Statement]) -> tuple[dict[str, Statement], list[Fault]]:
    by_slug: dict[str, Statement] = {}
    faults = []
    for statement in statements:
        first = by_slug.setdefault(statement.slug, statement)
        if first is not statement:
            text = "the slug {slug!r} is taken by {origin}; write another slug in the front matter"
            if statement.feed:
                text = "the slug {slug!r} is taken by {origin}; give that one another"
            message = say(text, slug=statement.slug, origin=first.origin)
            faults.append(Fault(file=statement.origin, message=message))
    return by_slug, faults


@dataclass(kw_only=True)
class FeedSource:
    """The statements of a feed, from the database. They stay when the feed drops the item."""

    feed: str
    address: str
    store: Store
    lists: tuple[str, ...]
    language: str
    """The language of items without one."""
    own_language: str = ""
    """The configured language, which overrides that of items; may be empty."""
    _cached: tuple[int, Reading] = field(default=(-1, Reading(statements=())), init=False)

    def read(self) -> Reading:
        """Return all statements of the feed: the same object while nothing changes."""
        with self.store.read() as tx:
            revision = tx.feeds.get_record(self.feed).revision
            if revision != self._cached[0]:
                items = tx.feeds.list_statement_items(self.feed)
                reading = Reading(
                    statements=tuple(
                        self._statement(item.slug, item.composed) for item in items if item.composed
                    ),
                    faults=tuple(
                        fault
                        for item in items
                        if not item.composed
                        for fault in unreadable(item.link or self.address).faults
                    ),
                )
                is_same = reading == self._cached[1]
                self._cached = (revision, self._cached[1] if is_same else reading)
        return self._cached[1]

    def fingerprint(self) -> str:
        """Return a text that changes with the items of the feed."""
        with self.store.read() as tx:
            return f"{self.feed} {tx.feeds.get_record(self.feed).revision}"

    def _statement(self, slug: str, composed: ExtractedStatement) -> Statement:
        return Statement(
            slug=slug,
            title=composed.title,
            body=composed.body,
            lists=self.lists,
            language=self.own_language or composed.language or self.language,
            date=composed.date,
            summary=composed.summary,
            progress=Progress.REVIEW,
            feed=self.feed,
            notes=composed.notes,
            origin=composed.link or self.address,
        )


class _StoredSource(ABC):
    """A source in the database. Each read loads only the changed texts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._change_number: int | None = None
        self._cached: dict[str, Parsed] = {}
        self._reading = Reading(statements=())

    @abstractmethod
    def find(self, tx: Transaction, slugs: Collection[str] | None) -> dict[str, Parsed]:
        """Return the texts with these slugs, or all, by slug."""

    def read(self) -> Reading:
        """Return all statements and faults, sorted by slug."""
        with self._store.read() as tx:
            change_number, slugs = tx.statements.changed_since(self._change_number)
            changed = self.find(tx, None if self._change_number is None else slugs)
        texts = {slug: self._cached[slug] for slug in self._cached.keys() - slugs} | changed
        if texts != self._cached:
            self._cached = texts
            in_order = [texts[slug] for slug in sorted(texts)]
            self._reading = Reading(
                statements=tuple(one.statement for one in in_order if one.statement),
                faults=tuple(fault for one in in_order for fault in one.faults),
            )
        self._change_number = change_number
        return self._reading


class DigestSource(_StoredSource):
    """The issues of digest emails that were not dropped."""

    def find(self, tx: Transaction, slugs: Collection[str] | None) -> dict[str, Parsed]:
        issues = tx.digests.list_issues() if slugs is None else tx.digests.find_issues(slugs)
        return {
            issue.slug: unreadable(f"digest email {issue.slug}")
            if issue.statement is None and issue.parts
            else Parsed(statement=issue.statement, faults=())
            for issue in issues
        }


class DeskSource(_StoredSource):
    """The submitted versions of texts at the desk."""

    def __init__(self, store: Store, defaults: Defaults) -> None:
        super().__init__(store)
        self._defaults = defaults

    def find(self, tx: Transaction, slugs: Collection[str] | None) -> dict[str, Parsed]:
        drafts = tx.drafts.list_submitted(slugs)
        return {draft.slug: parse_version(draft, self._defaults) for draft in drafts}
