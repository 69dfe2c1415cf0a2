"""What staff say to each other about a statement."""

from sqlalchemy import Connection, func, insert, select

from newsletter.domain.statements.comment import Comment
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, to_ms

_comment = tables.comment.c


class Comments:
    """What staff say to each other about a statement."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, comment: Comment) -> None:
        self._connection.execute(
            insert(tables.comment).values(
                slug=comment.slug,
                by=comment.by,
                at=to_ms(comment.at),
                words=comment.words,
                digest=comment.content_hash,
            )
        )

    def of(self, slug: str, most: int) -> list[Comment]:
        """The last so many, oldest first."""
        newest = (
            select(tables.comment)
            .where(_comment.slug == slug)
            .order_by(_comment.id.desc())
            .limit(most)
        )
        rows = self._connection.execute(newest).all()
        return [
            Comment(
                slug=row.slug,
                by=row.by,
                at=from_ms(row.at),
                words=row.words,
                content_hash=row.digest,
            )
            for row in reversed(rows)
        ]

    def count(self, slug: str) -> int:
        counted = select(func.count()).where(_comment.slug == slug)
        return int(self._connection.scalar(counted) or 0)
