"""What vouches for an approval: our seal under its row, and a log that does not take it back."""

import hmac
import re
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Row, select, update

from newsletter.store.file.chain import Chain
from newsletter.store.schema import tables

_approval = tables.approval.c
_audit = tables.audit.c
REVOKE = "revoke"
"""What the log calls it."""
_TAKEN_BACK = re.compile(r"approvals? ([0-9]{1,18}(?:, [0-9]{1,18})*) taken back")


def rows(connection: Connection) -> Iterator[Row[Any]]:
    """All rows of all statements, by number."""
    yield from connection.execute(select(tables.approval).order_by(_approval.id)).yield_per(1000)


def vouched(chain: Chain, row: Row[Any]) -> bool:
    """Whether the row is what we wrote."""
    return hmac.compare_digest(row.seal, _seal(chain, row))


def brought_back(row: Row[Any], taken: Collection[int]) -> bool:
    """Whether it counts, and is one of those that were taken back."""
    return row.revoked_at is None and row.id in taken


def taken_back(connection: Connection, slug: str | None = None) -> set[int]:
    """The numbers of all yeses that the log says were taken back, or of those to one statement."""
    lines = select(_audit.detail).where(_audit.action == REVOKE)
    if slug is not None:
        lines = lines.where(_audit.subject == slug)
    found = map(_TAKEN_BACK.match, connection.scalars(lines))
    return {int(number) for one in found if one for number in one[1].split(", ")}


def vouch_for(connection: Connection, chain: Chain, row: Row[Any]) -> None:
    """Put our seal under a row as it is now."""
    sealed = update(tables.approval).where(_approval.id == row.id)
    connection.execute(sealed.values(seal=_seal(chain, row)))


def _seal(chain: Chain, row: Row[Any]) -> str:
    said = (row.slug, row.digest, row.by, row.channel, row.at, row.revoked_at)
    return chain.seal("approval", row.id, *said, row.despite, row.warnings)
