"""Staff → feedback to the writers: a comment on a statement, or a version sent back, and why."""

from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Fault, InvalidInput, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest, Comment, comment_text
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.ledger import authorise, entitle, find_seen, find_stored
from newsletter.pipeline.status import is_draft, load_status, refuse_if_gone_out
from newsletter.store.sql import Store


def comment(slug: str, typed: str, *, by: str, store: Store) -> Comment:
    """Keep what somebody says about a statement. Raises NotFound, Refused or InvalidInput."""
    try:
        words = comment_text(typed)
    except ValueError as error:
        raise InvalidInput([Fault(file="comment", message=str(error))]) from error
    with store.begin() as tx:
        person = authorise(tx, by, Role.WRITER, "comment")
        stored = find_stored(tx, slug)
        made = Comment(
            slug=slug, by=person, at=tx.now, words=words, content_hash=stored.content_hash
        )
        tx.comments.add(made)
        tx.audit.enter(person, "comment", slug)
    return made


_LONGEST_REASON = 2_000


def send_back(
    slug: str, *, by: str, expect: str, reason: str, store: Store, rules: CampaignRules
) -> None:
    """Ask for changes in the version that the person saw. Their approval of it is revoked.

    Raises NotFound or Refused: ContentChanged if the content is another one.
    """
    why = _checked_reason(reason)
    with store.begin() as tx:
        person = entitle(tx, by, Role.APPROVER, "send back")
        status = load_status(tx, find_seen(tx, slug, expect), rules)
        if status.statement.progress is Progress.DRAFT:
            raise Refused(is_draft(status.statement))
        refuse_if_gone_out(status)
        if status.approval.approved:
            raise Refused(f"{slug} is approved; take that back first, then nothing of it leaves")
        back = status.returned
        if back is not None:
            raise Refused(f"{slug} was sent back by {back.by} already: {back.reason}")
        tx.approvals.revoke(slug, tx.now, person, actor=person, why="sent back")
        seen = status.stored.content_hash
        tx.change_requests.add(
            ChangeRequest(slug=slug, content_hash=seen, by=person, at=tx.now, reason=why)
        )
        detail = f"{seen}: {' '.join(why.split())}"
        tx.audit.enter(person, "send back", slug, detail)


def _checked_reason(reason: str) -> str:
    """Return the lines of the reason without surrounding spaces."""
    lines = [" ".join(line.split()) for line in reason.strip().splitlines()]
    if not any(lines):
        raise Refused("say in a few words what should change")
    why = "\n".join(lines)
    if len(why) > _LONGEST_REASON or not all(map(str.isprintable, lines)):
        raise Refused(
            f"the requested change must have at most {_LONGEST_REASON:,} plain characters"
        )
    return why
