"""What changed since a statement was approved, as its readers would see it."""

from collections.abc import Iterator
from difflib import unified_diff

from newsletter.domain.errors import NotFound
from newsletter.domain.message import Content
from newsletter.ports import StoredStatement, Transaction


def changes(tx: Transaction, stored: StoredStatement) -> list[str]:
    """The lines of a unified diff from the text approved last to the text as it is now.

    Empty where that very text was approved. Raises NotFound where nothing ever was.
    """
    slug = stored.statement.slug
    approvals = [yes for yes in tx.approvals.of(slug) if yes.digest]  # not the mere removals
    before = tx.statements.content(approvals[-1].digest) if approvals else None
    now = tx.statements.content(stored.digest)
    if before is None or now is None:
        raise NotFound(f"nobody has approved {slug} yet, so there is nothing to compare it with")
    return list(
        unified_diff(
            list(_as_lines(before)),
            list(_as_lines(now)),
            f"approved {approvals[-1].digest[:12]} by {approvals[-1].by}",
            f"now {stored.digest[:12]}",
            lineterm="",
        )
    )


def _as_lines(content: Content) -> Iterator[str]:
    """All that the digest covers, the readable parts first."""
    yield f"Subject: {content.subject}"
    yield f"From: {content.sender.name} <{content.sender.address}>"
    yield f"Reply-To: {content.sender.reply_to}"
    yield f"Lists: {', '.join(content.lists)}"
    yield f"Segment: {content.segment or 'none, so that everybody on them gets it'}"
    yield f"Language: {content.language}"
    yield f"Send at: {content.send_at or 'once approved'}"
    yield f"Embargo until: {content.embargo_until or 'none'}"
    yield f"Corrects: {content.corrects or 'nothing'}"
    yield f"Templates and settings: {content.template_version}"
    yield from (f"{name}: {value}" for name, value in content.headers)
    yield ""
    yield from content.text.splitlines()
    yield ""
    yield from content.html.splitlines()
