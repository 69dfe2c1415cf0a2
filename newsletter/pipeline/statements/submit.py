"""text → statement: a text that is submitted, at the desk or as a file, can be reviewed."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from newsletter.domain.campaigns.campaign import has_begun
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Fault, InvalidInput, Refused
from newsletter.domain.ports import Renderer
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import Draft
from newsletter.domain.statements.statement import (
    SLUG_MAX_LENGTH,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.pipeline.ledger import authorise, entitle, find_draft, find_statement
from newsletter.pipeline.status import Lapse, get_status, is_draft, lapse_of
from newsletter.sources.desk import parse_version
from newsletter.sources.statements import Defaults
from newsletter.sources.writing import slugify
from newsletter.store.sql import Store, Transaction


class WouldLapse(Refused):
    """The change would revoke more than the person was shown."""

    def __init__(self, lapse: Lapse) -> None:
        super().__init__(f"{lapse}, which counts no more once you submit a change")


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Submits texts and withdraws them. Unsubmitted changes stay at the desk."""

    store: Store
    renderer: Renderer
    defaults: Defaults
    rules: CampaignRules

    def hand_in(self, key: str, base: int, *, by: str, told: int = 0) -> Draft:
        """Submit a text in its revision ``base``.

        The first submission gives it the slug that it keeps. A second submission of the same text
        changes nothing. ``told`` is the depth of the Lapse that the page showed. Raises
        InvalidInput with all faults of the text, Refused if it has changed or was sent, WouldLapse
        if more would lapse than the page showed.
        """
        with self.store.read() as tx:
            draft = find_draft(tx, key)
        self.renderer.render(self.read(draft))  # what cannot be rendered is handed to nobody
        with self.store.begin() as tx:
            who = authorise(tx, by, Role.WRITER, "submit a text")
            draft = find_draft(tx, key)
            # before the revision is compared: a button may be pressed twice
            if draft.is_handed_in and not draft.is_ahead:
                return draft
            if draft.revision != base:
                raise Refused(
                    f"{draft.changed_by} changed this text after you opened it, so it was not"
                    " submitted. Look at the change first."
                )
            if draft.template:
                raise Refused("It is a template. Begin a statement with it.")
            self._refuse_gone_out(tx, draft)
            lapse = lapse_of(tx, draft.slug, self.rules)
            if lapse.depth > told:
                raise WouldLapse(lapse)
            slug = draft.slug or _slug_for(tx, draft)
            number = draft.version.number
            tx.drafts.hand_in(key, slug, number, by=who, at=tx.now)
            faults = self._put(tx, slug)
            if faults:
                raise InvalidInput(faults)
            tx.change_requests.close(slug, tx.now)  # it waits for approval, also unchanged
            nth = tx.drafts.count(key, number)
            lapsed = f": that {lapse} counts no more" * bool(lapse.depth)
            tx.audit.enter(who, "submit", slug, f"version {nth}{lapsed}")
            return find_draft(tx, key)

    def take_back(self, key: str, *, by: str) -> Draft:
        """Withdraw the text: it is neither reviewed nor sent. Raises Refused."""
        with self.store.begin() as tx:
            who = authorise(tx, by, Role.WRITER, "take a text back")
            draft = find_draft(tx, key)
            if not draft.is_handed_in:
                raise Refused("It is not submitted, so there is nothing to take back.")
            self._refuse_gone_out(tx, draft)
            tx.drafts.take_back(key)  # also where the configuration lacks by now what it names
            self._put(tx, draft.slug)
            detail = f"version {tx.drafts.count(key, draft.handed_in or 0)}"
            tx.audit.enter(who, "take back", draft.slug, detail)
            return find_draft(tx, key)

    def read(self, draft: Draft) -> Statement:
        """The statement that a text would be now. Raises InvalidInput with all that is wrong."""
        parsed = parse_version(replace(draft, taken_back=False), self.defaults)
        if parsed.statement is None:
            raise InvalidInput(parsed.faults)
        return parsed.statement

    def _refuse_gone_out(self, tx: Transaction, draft: Draft) -> None:
        status = get_status(tx, draft.slug, self.rules)
        if status is not None and status.campaign is not None and status.begun:
            raise Refused(
                f"It has gone out, as campaign {status.campaign.id}. Write what has to be put right"
                " as a new statement that corrects this one."
            )

    def _put(self, tx: Transaction, slug: str) -> tuple[Fault, ...]:
        """Store the statement as its source reads it, so that the next run finds no difference.

        Return the faults instead, if there are any.
        """
        [handed] = tx.drafts.some([slug])
        parsed = parse_version(handed, self.defaults)
        if parsed.statement is not None:
            stored = StoredStatement(statement=parsed.statement, content_hash="", fingerprint="")
            tx.statements.put(stored, tx.now)
        return parsed.faults


def submit_file(slug: str, *, by: str, release: Callable[[str, int], None], store: Store) -> None:
    """Hand in a draft that is a file: its source reads it as in review from then on.

    ``release`` has the file of this origin say so on this line. Raises NotFound or Refused, and
    what ``release`` raises.
    """
    with store.read() as tx:
        who = entitle(tx, by, Role.WRITER, "submit")
        found = find_statement(tx, slug).statement
    if found.progress is not Progress.DRAFT:
        raise Refused(f"{slug} is no draft: it says status: {found.progress.value} already")
    if found.desk:
        raise Refused(is_draft(found))
    release(found.origin, found.line_of("status"))
    with store.begin() as tx:
        tx.change_requests.close(slug, tx.now)
        tx.audit.enter(who, "submit", slug)


def _slug_for(tx: Transaction, draft: Draft) -> str:
    """That of what it was copied from, where no source has that any more; else one of its title."""
    of = draft.copied_of
    stored = tx.statements.get(of) if of and not tx.drafts.has(of) else None
    if stored is not None and not stored.present and not has_begun(tx.campaigns.latest(of)):
        return of
    title = slugify(draft.version.text.title)
    shorter = title[: SLUG_MAX_LENGTH - 6].rstrip("-")
    names = itertools.chain([title], (f"{shorter}-{number}" for number in itertools.count(2)))
    return next(
        name for name in names if tx.statements.get(name) is None and not tx.drafts.has(name)
    )
