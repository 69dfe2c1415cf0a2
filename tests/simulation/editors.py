"""The acts of the staff on texts: write, read, approve, start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter.domain.campaigns.campaign import ShownTerms
from newsletter.domain.statements.content import Content
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.headcount import terms_now
from newsletter.pipeline.statements import approve
from newsletter.pipeline.status import load_status
from tests.simulation.cast import DIGEST, SETTINGS, Version
from tests.simulation.database import digests
from tests.simulation.host import CONFIGURATION, Host, Process
from tests.simulation.oracle import Approved, Started, words_of

if TYPE_CHECKING:
    from tests.simulation.world import World

APPROVERS = ("ed", "flo", "writer", "ada")
ADMINS = ("ada", "abe")
_SENDERS = ("sam", "ada")
_EMBARGO = timedelta(minutes=10)


def _mailbox(name: str) -> str:
    return f"{name}@forum.example"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A statement as a person saw it, on a page or in a terminal."""

    content_hash: str
    content: Content
    terms: ShownTerms
    not_before: datetime | None


class Editors:
    """The staff of one world. Notes in the oracle who approved which words."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seen: dict[tuple[str, str], Seen] = {}

    def act(self, host: Host, deed: str, who: str, number: int) -> None:
        """Do one act as a person, on one of the statements."""
        slugs = SETTINGS[self._world.kind].slugs
        acts: dict[str, Callable[[Host, str, str], None]] = {
            "read": self._read,
            "approve": self._approve,
            "waive": partial(self._approve, waives=True),
            "override": partial(self._approve, override=True),
            "revoke": self._revoke,
            "start": self._start,
            "undo": self._undo,
            "schedule": partial(self._schedule, later=timedelta(minutes=5)),
            "hurry": partial(self._schedule, later=timedelta(minutes=1), anew=True),
            "unschedule": partial(self._schedule, later=None),
            "edit": partial(self._edit, change={}),
            "draft": partial(self._edit, change={"draft": True}),
            "submit": partial(self._edit, change={"draft": False}),
            "embargo": partial(self._edit, change={"embargo": "Embargoed.", "embargo_until": None}),
            "until": partial(self._edit, change={"embargo_until": "soon"}),
            "gather": self._gather,
        }
        acts[deed](host, who, slugs[number % len(slugs)])

    # --- reading and approving

    def _read(self, host: Host, who: str, slug: str) -> None:
        """Look at the statement now, to approve or start it later."""
        seen = self._look(host, slug)
        if seen is not None:
            self._seen[who, slug] = seen

    def _look(self, host: Host, slug: str) -> Seen | None:
        process = Process(host)
        with process.store.read() as tx:
            stored = tx.statements.get(slug)
            content = tx.statements.content(stored.content_hash) if stored else None
            if stored is None or content is None:
                return None
            terms = terms_now(tx, load_status(tx, stored, process.rules))
        return Seen(
            content_hash=stored.content_hash,
            content=content,
            terms=terms,
            not_before=host.expected.not_before(slug, host.now()),
        )

    def _shown(self, host: Host, slug: str, seen: Seen) -> ShownTerms:
        """Return the terms that the form of a page gives back."""
        now = self._look(host, slug) if self._world.parts.forgets_the_time else None
        return replace(seen.terms, time=now.terms.time) if now else seen.terms

    def _approve(
        self, host: Host, who: str, slug: str, *, override: bool = False, waives: bool = False
    ) -> None:
        seen = self._seen.pop((who, slug), None) or self._look(host, slug)
        if seen is None:
            return
        asked = approve.ApprovalRequest(
            slug=slug,
            by=_mailbox(who),
            expect=seen.content_hash,
            shown=self._shown(host, slug, seen),
            despite="it is all right",
            override=override,
            no_embargo=waives,
        )

        def deed(process: Process) -> object:
            return approve.approve(
                asked,
                store=process.store,
                rules=process.review_rules,
                configuration=CONFIGURATION,
                start=process.starter.start_by_approval,
            )

        if self._world.office(host, deed):
            if slug in host.expected.gone:
                readers = self._world.people.had(slug)
                self._world.true.excuses.anew |= {(slug, reader) for reader in readers}
            host.expected.approvals.append(
                Approved(
                    slug=slug,
                    by=asked.by,
                    words=words_of(seen.content),
                    override=override,
                    waives=waives,
                    not_before=seen.not_before,
                    at=host.now(),
                )
            )

    def _revoke(self, host: Host, who: str, slug: str) -> None:
        by = _mailbox(who)
        if self._world.office(
            host, lambda at: approve.revoke(slug, by=by, store=at.store, rules=at.rules)
        ):
            host.expected.take_back(slug, None if who in ADMINS else by)

    # --- starting

    def _start(self, host: Host, who: str, slug: str) -> None:
        seen = self._seen.pop((who, slug), None) or self._look(host, slug)
        if seen is None:
            return
        asked = StartRequest(
            slug=slug,
            by=_mailbox(who),
            seen=seen.content_hash,
            shown=self._shown(host, slug, seen),
            at_once=True,
        )
        if self._world.office(host, lambda at: at.starter.start(asked)):
            host.expected.starts[slug] = Started(words=words_of(seen.content), at=host.now())
            host.expected.schedules[slug] = host.now()

    def _undo(self, host: Host, who: str, slug: str) -> None:
        by = _mailbox(who)
        if not self._world.office(host, lambda at: at.starter.undo(slug, by=by)):
            return
        host.expected.starts.pop(slug, None)
        if not SETTINGS[self._world.kind].by_sender:
            host.expected.take_back(slug, None if who in _SENDERS else by)

    def _schedule(
        self, host: Host, who: str, slug: str, *, later: timedelta | None, anew: bool = False
    ) -> None:
        """Set a time, or take it back. With ``anew`` the statement then needs a new approval."""
        at, by = None if later is None else host.now() + later, _mailbox(who)
        expected = host.expected
        if self._world.office(host, lambda to: to.starter.schedule(slug, at, by=by, anew=anew)):
            expected.schedules[slug] = at
            first = expected.not_before(slug, host.now()) or host.now()
            expected.approvals = [
                one
                for one in expected.approvals
                if one.slug != slug or one.not_before is None or one.not_before <= first
            ]

    # --- writing

    def _edit(self, host: Host, who: str, slug: str, *, change: dict[str, object]) -> None:
        """Write another version of the text."""
        before = host.files.get(slug)
        if before is None:  # a digest email has no file
            return
        by = _mailbox(who)
        wanted = dict(change)
        if wanted.get("embargo_until") == "soon":
            wanted["embargo_until"] = host.now() + _EMBARGO
        number = 1 + max(n for name, n in self._world.texts if name == slug)
        writers = tuple(dict.fromkeys((*before.writers, by)))
        version: Version = replace(before, number=number, writers=writers, **wanted)  # type: ignore[arg-type]
        self._world.texts[slug, number] = version
        host.files[slug] = version

    def _gather(self, host: Host, _who: str, _slug: str) -> None:
        if SETTINGS[self._world.kind].gathers:
            self._world.office(
                host, lambda at: digests(at.store).make(DIGEST.name, "ada@forum.example")
            )
