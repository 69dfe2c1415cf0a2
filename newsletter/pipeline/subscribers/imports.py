"""A file of subscribers → the database. An import has an id, by which it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from operator import itemgetter
from tempfile import TemporaryFile

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import AddressHash
from newsletter.domain.subscribers.audience import (
    UNDO_PERIOD,
    Consent,
    Entry,
    ImportResult,
    ImportUndoResult,
    SuppressedEntry,
)
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import act_as, require_role
from newsletter.pipeline.subscribers.membership import MOVED_REASONS, refuse_unknown_lists
from newsletter.store.sql import Store, Transaction
from newsletter.store.subscribers.importing import PackedPerson, pack

_PEOPLE_PER_PART = 500
"""People per transaction, which then holds the write lock for about 20 ms."""


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """The facts about an import: the file, the person, and the lists."""

    file: str
    """The name of the file, without its folder."""
    kind: str
    """The tool that exported the file."""
    sha256: str
    by: str
    declared: Collection[str]
    """The lists in the settings."""
    create_lists: bool = False
    """Unknown lists are created; otherwise they are refused."""
    places: Mapping[str, str] = field(default_factory=dict)
    """List name → the first position in the file that names it."""
    agreed: str = ""
    """The consent source of people for whom the file gives none."""
    upload: int = 0
    """The id of the uploaded file; 0 for a file of a command."""
    bad_rows: int = 0
    """The number of bad rows that the file is imported without."""


def run_import(
    people: Iterable[tuple[str, Entry | SuppressedEntry]],
    plan: ImportPlan,
    *,
    store: Store,
    only_rehearse: bool = False,
    after_part: Callable[[int], object] = lambda count: None,
) -> ImportResult:
    """Import people, or only count what an import would change.

    ``people`` are (position in the file, entry), those to suppress first. Each part of the file is
    a transaction, so that no other writer waits for long; ``after_part`` gets the number of people
    so far. An interrupted import can be undone, and the file can be imported again. Raises
    InvalidInput for unknown lists, NotFound for an upload that was deleted or imported already, and
    Refused if the import is undone while it runs.
    """
    # the name stays in the audit log after an erasure
    words = [
        f"…@{word.rpartition('@')[2]}" if "@" in word else word for word in plan.file.split(" ")
    ]
    plan = replace(plan, file=" ".join(words))
    agreed = Consent(source=plan.agreed, at=store.clock.now()) if plan.agreed else None
    parts = _parts(people, agreed, store.hash_address, after_part)
    return _rehearse(parts, plan, store) if only_rehearse else _import_parts(parts, plan, store)


_ImportPart = tuple[list[PackedPerson], list[SuppressedEntry]]


def _parts(
    people: Iterable[tuple[str, Entry | SuppressedEntry]],
    agreed: Consent | None,
    hash_address: AddressHash,
    after_part: Callable[[int], object],
) -> Iterator[_ImportPart]:
    """Yield the people in parts. ``agreed`` is the consent of those without one."""
    coming, count = _in_order(people, agreed, hash_address), 0
    while part := list(islice(coming, _PEOPLE_PER_PART)):
        blocked = [who for who in part if isinstance(who, SuppressedEntry)]
        yield [who for who in part if not isinstance(who, SuppressedEntry)], blocked
        count += len(part)
        after_part(count)


def _in_order(
    people: Iterable[tuple[str, Entry | SuppressedEntry]],
    agreed: Consent | None,
    hash_address: AddressHash,
) -> Iterator[PackedPerson | SuppressedEntry]:
    """Yield the people to suppress, then those to add.

    Those of a large file come in the order of their hashes: else each part would change as many
    pages of the hashes' index as it has people, which took a fifth of an import's time.
    """
    from newsletter.subscriber_files.subscriber_file import Spool  # few processes import

    packed = Spool[PackedPerson](TemporaryFile(), key=itemgetter(0))  # noqa: SIM115
    for position, who in people:
        if isinstance(who, SuppressedEntry):
            yield who
        else:
            packed.add(pack(hash_address, position, who, agreed))
    yield from packed


def _rehearse(parts: Iterable[_ImportPart], plan: ImportPlan, store: Store) -> ImportResult:
    with store.read() as tx:
        created = refuse_unknown_lists(tx, plan.places, plan.declared, create=plan.create_lists)
    result = ImportResult(created=created)
    for entries, blocked in parts:
        with store.begin(is_durable=False) as tx:
            result = result.plus(tx.imports.rehearse(entries))
            result = result.plus(ImportResult(suppressed=tx.readers.count_unsuppressed(blocked)))
    return result


def _import_parts(parts: Iterable[_ImportPart], plan: ImportPlan, store: Store) -> ImportResult:
    with act_as(store, plan.by, Role.SENDER, "import subscribers") as (tx, _):
        if plan.upload and not tx.imports.delete_upload(plan.upload):
            raise NotFound(say("this file was imported already"))
        created = refuse_unknown_lists(tx, plan.places, plan.declared, create=plan.create_lists)
        number = tx.imports.begin(
            at=tx.now, by=plan.by, file=plan.file, kind=plan.kind, sha256=plan.sha256
        )
        # the hash is proof of the file from which the consents are
        tx.audit.enter(plan.by, "import", plan.file, number=number, sha256=plan.sha256)
    result = ImportResult(created=created, number=number)
    for entries, blocked in parts:
        with store.begin(is_durable=False) as tx:
            require_role(tx, plan.by, Role.SENDER, "import subscribers")
            result = result.plus(tx.imports.import_people(number, entries, tx.now))
            origin = f"import {number} of {plan.file}"
            for one in (one for one in blocked if one.reason in MOVED_REASONS):
                owner = tx.readers.find_former_owner(one.address)
                # what was known before counts once: the person may have come back since
                if owner and tx.readers.suppression_reason(one.address) not in MOVED_REASONS:
                    tx.readers.suppress([replace(one, address=owner.address)], tx.now, origin)
            added = tx.readers.suppress(blocked, tx.now, origin, number)
            result = result.plus(ImportResult(suppressed=added))
            _note(tx, result)
    with store.begin() as tx:
        _note(tx, result, finished_at=tx.now)
        values = {
            "number": number,
            "new": result.new,
            "known": result.known,
            "suppressed": result.suppressed,
            "bad_rows": plan.bad_rows or None,
            "sha256": plan.sha256,
        }
        tx.audit.enter(plan.by, "import", plan.file, **values)
    return result


def _note(tx: Transaction, result: ImportResult, *, finished_at: datetime | None = None) -> None:
    if not tx.imports.store_progress(result, finished_at=finished_at):
        undone = "import {number} was undone while it was at work; nothing more is imported"
        raise Refused(say(undone, number=str(result.number)))


def undo(import_id: int, *, by: str, store: Store) -> ImportUndoResult:
    """Undo an import, except for people who or whose data have changed since.

    No one is subscribed again, and no suppression is lifted. Raises NotFound for an unknown import,
    and Refused for an import that was undone before or is too old, or without the role.
    """
    with act_as(store, by, Role.ADMIN, "undo an import") as (tx, _):
        record = tx.imports.get(import_id)
        if record is None:
            none = "there is no import {number}; 'newsletter subscribers imports' lists them"
            raise NotFound(say(none, number=str(import_id)))
        if record.undone_at is not None:
            twice = (
                "import {number} was undone already, on {at:%Y-%m-%d %H:%M} UTC by {person}; import"
                " the file again if it should have stayed"
            )
            number, who = str(import_id), record.undone_by
            raise Refused(say(twice, number=number, at=record.undone_at, person=who))
        if tx.now - record.at > UNDO_PERIOD:
            old = (
                "import {number} is older than {days} days, and what it changed is not known any"
                " more; end single subscriptions by 'newsletter subscribers unsubscribe'"
            )
            raise Refused(say(old, number=str(import_id), days=UNDO_PERIOD.days))
        undone = tx.imports.undo(record, tx.now, by)
        values = {"removed": undone.removed, "stay": undone.stay + undone.left}
        tx.audit.enter(by, "undo import", record.file, number=import_id, **values)
    return undone
