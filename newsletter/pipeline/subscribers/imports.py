"""A file of subscribers → the database, under an import number that can be undone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.subscribers.audience import (
    UNDOABLE,
    Brought,
    Consent,
    Entry,
    SuppressedEntry,
    Undone,
)
from newsletter.pipeline.subscribers.membership import refuse_unknown_lists
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.store.subscribers.staging import Staging


_CHUNK = 1_000


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """Which file is imported, by whom, and which lists its people may be put on."""

    file: str
    """The file's name without its folder."""
    kind: str
    """The tool that wrote it."""
    sha256: str
    by: str
    declared: Collection[str]
    """The lists that the settings declare."""
    create_lists: bool = False
    """Unknown lists may be created."""
    places: Mapping[str, str] = field(default_factory=dict)
    """List → the place that names it first."""
    agreed: str = ""
    """How people agreed of whom the file does not say it."""
    upload: int = 0
    """The number of the uploaded file; 0 for a file of a command."""


def carry_out(
    people: Iterable[tuple[str, Entry | SuppressedEntry]],
    plan: ImportPlan,
    *,
    store: Store,
    only_rehearse: bool = False,
) -> Brought:
    """Import the people of a file, each with the place in it, or say what would come of it.

    Raises InvalidInput for unknown lists.
    """
    consent = Consent(source=plan.agreed, at=store.clock.now()) if plan.agreed else None
    coming = iter(people)
    with store.staging() as staging:
        while chunk := list(islice(coming, _CHUNK)):
            staging.add(
                [
                    (at, who if who.consent else replace(who, consent=consent))
                    for at, who in chunk
                    if isinstance(who, Entry)
                ]
            )
            staging.suppress([who for _, who in chunk if isinstance(who, SuppressedEntry)])
        return rehearse(staging, plan, store=store) if only_rehearse else bring_in(staging, plan)


def rehearse(staging: Staging[Transaction], plan: ImportPlan, *, store: Store) -> Brought:
    """Return what the staged people would change. Raises InvalidInput for unknown lists."""
    places = _places(staging, plan)
    with store.read() as tx:
        created = refuse_unknown_lists(tx, places, plan.declared, create=plan.create_lists)
    return replace(staging.rehearse(), created=created)


def bring_in(staging: Staging[Transaction], plan: ImportPlan) -> Brought:
    """Import the staged people; the audit log ties each consent to that very file.

    Raises InvalidInput for unknown lists, and NotFound for an upload that is gone or was imported.
    """
    places = _places(staging, plan)
    with staging.begin() as (tx, brought):
        if plan.upload and not tx.imports.drop_upload(plan.upload):
            raise NotFound("this file was imported already")
        created = refuse_unknown_lists(tx, places, plan.declared, create=plan.create_lists)
        number = tx.imports.add(
            brought, at=tx.now, by=plan.by, file=plan.file, kind=plan.kind, sha256=plan.sha256
        )
        staging.bring_in(tx.now, number, f"import {number} of {plan.file}")
        detail = (
            f"import {number}: {brought.new} new, {brought.known} known,"
            f" {brought.suppressed} suppressed; SHA-256 {plan.sha256}"
        )
        tx.audit.enter(plan.by, "import", plan.file, detail)
    return replace(brought, created=created, number=number)


def undo(number: int, *, by: str, store: Store) -> Undone:
    """Undo an import, except for subscribers who changed anything since.

    An undo re-subscribes no one and lifts no suppression. Raises NotFound for an unknown number,
    and Refused for an import that was undone before or is too old.
    """
    with store.begin() as tx:
        record = tx.imports.get(number)
        if record is None:
            raise NotFound(
                f"there is no import {number}; 'newsletter subscribers imports' lists them"
            )
        if record.undone_at is not None:
            when = f"{record.undone_at:%Y-%m-%d %H:%M} UTC"
            raise Refused(
                f"import {number} was undone already, on {when} by {record.undone_by}; import"
                " the file again if it should have stayed"
            )
        if tx.now - record.at > UNDOABLE:
            raise Refused(
                f"import {number} is older than {UNDOABLE.days} days, and what it changed is not"
                " known any more; end single subscriptions by 'newsletter subscribers unsubscribe'"
            )
        undone = tx.imports.undo(record, tx.now, by)
        detail = f"import {number}: {undone.removed} removed, {undone.stay + undone.left} stay"
        tx.audit.enter(by, "undo import", record.file, detail)
    return undone


def _places(staging: Staging[Transaction], plan: ImportPlan) -> dict[str, str]:
    return {name: plan.places.get(name, plan.file) for name in staging.lists()}
