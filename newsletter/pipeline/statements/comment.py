"""A member of staff → a comment on a statement, for their colleagues."""

from newsletter.domain.clock import Clock
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.statements.comment import Comment, said
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.ledger import authorise
from newsletter.store.sql import Store


def comment(slug: str, typed: str, *, by: str, store: Store, clock: Clock) -> Comment:
    """Keep what somebody says about a statement. Raises NotFound, Refused or InvalidInput."""
    try:
        words = said(typed)
    except ValueError as error:
        raise InvalidInput([Fault(file="comment", message=str(error))]) from error
    with store.begin() as tx:
        person = authorise(tx, by, Role.WRITER, "comment")
        stored = tx.statements.get(slug)
        if stored is None:
            raise NotFound(f"There is no statement {slug!r}.")
        made = Comment(
            slug=slug, by=person, at=clock.now(), words=words, content_hash=stored.content_hash
        )
        tx.comments.add(made)
        tx.audit.enter(at=made.at, actor=person, action="comment", subject=slug, detail="")
    return made
