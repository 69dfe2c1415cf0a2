"""What comes of an approval: how many get it, on which lists, and when. It is no stage."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalPolicy
from newsletter.pipeline.campaigns.headcount import readers_of
from newsletter.pipeline.campaigns.timing import TimeRules, timing_of
from newsletter.pipeline.ledger import find_statement
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is to be expected of an approved statement, as things stand."""

    readers: int
    lists: tuple[str, ...]
    leaves_at: datetime
    """When the first reader gets it; nothing leaves before."""
    hour: str = ""
    """By each reader's own clock, in words; empty where all get it at once."""
    corrects: str = ""
    """It goes to those who may have this one."""


def outlook(
    tx: Transaction, slug: str, approved_at: datetime, *, policy: ApprovalPolicy, times: TimeRules
) -> Outlook | None:
    """Count, without naming anybody. None where planning refuses it, and says why.

    ``approved_at`` is when it was started, where a sender does that.
    """
    statement = find_statement(tx, slug).statement
    try:
        readers, lists = readers_of(tx, statement, policy, times)
        timing = timing_of(tx, statement, approved_at, times)
    except (Refused, ValueError):
        return None
    return Outlook(
        readers=readers,
        lists=lists,
        leaves_at=timing.release(tx, None),
        hour=str(timing.hour or ""),
        corrects=statement.corrects,
    )
