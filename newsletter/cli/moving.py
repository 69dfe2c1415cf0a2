"""``newsletter subscribers import`` and ``export``: people into a workspace, and out of it."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress as suppress_error
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click

from newsletter.app import App
from newsletter.cli.shell import OPERATOR, Shell, as_json, in_workspace, print_json, say
from newsletter.cli.waiting import Counter as Count
from newsletter.cli.waiting import counted
from newsletter.domain.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.domain.errors import NotFound
from newsletter.ports import Readers, Transaction
from newsletter.sources.people import PeopleFile
from newsletter.sources.subscribers import AUTO, KINDS, PLAIN, read_people
from newsletter.sources.subscribers_writing import FORMS, People
from newsletter.sources.tally import EXAMPLES

_CHUNK = 1_000
_BYTE_ORDER_MARK = "\ufeff"


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file, change nothing.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(KINDS),
    default=AUTO,
    show_default=True,
    help="What wrote the file; found by its columns.",
)
@click.option(
    "--list",
    "lists",
    metavar="NAME",
    multiple=True,
    help="Where the people of another tool's export go; may be given several times.",
)
@as_json
@in_workspace
def import_file(
    shell: Shell, file: Path, dry_run: bool, kind: str, lists: tuple[str, ...], as_json: bool
) -> None:
    """Import a file of ours, or what another tool exported.

    YAML or CSV; all of it, or nothing. Names every bad line. Never re-subscribes anybody: who
    left a list stays away from it. Who left the other tool, bounced or complained there is
    suppressed here.
    """
    with counted("reading") as progress:
        read = read_people(file, kind=kind, lists=lists, progress=progress)
    with shell.app() as app:
        outcome = _import(app, read, rehearse=dry_run)
    for note in (*read.notes, *outcome.away.notes()):
        say(note)
    if as_json:
        skipped = {} if read.kind == PLAIN else {"skipped": read.skipped}
        print_json(outcome.as_data() | skipped | {"sha256": read.digest})
    else:
        say(outcome.told() + ("; nothing was changed" if dry_run else ""))


@dataclass(kw_only=True)
class _Away:
    """Who stays away, although a file names them: from here, or from a list that they left."""

    refused: Counter[str] = field(default_factory=Counter)
    """By the reason why they are suppressed here."""
    left: int = 0
    _first: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, reason: SuppressionReason, place: str, entry: Entry) -> None:
        self.refused[reason.value] += 1
        self._example(reason.value, place, entry)

    def stay_away(self, place: str, entry: Entry) -> None:
        self.left += 1
        self._example("", place, entry)

    def _example(self, what: str, place: str, entry: Entry) -> None:
        first = self._first.setdefault(what, [])
        if len(first) < EXAMPLES:
            first.append(f"{place} ({entry.address})")

    def notes(self) -> Iterator[str]:
        """Each reason, with the first of those whom it keeps away."""
        for reason, count in self.refused.items():
            yield f"not taken: {count:,} {reason} here, first at {', '.join(self._first[reason])}"
        if self.left:
            first = ", ".join(self._first[""])
            yield f"not back into a list: {self.left:,} who left it here, first at {first}"


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    new: int
    known: int
    suppressed: int
    away: _Away

    def as_data(self) -> dict[str, Any]:
        return {
            "new": self.new,
            "known": self.known,
            "suppressed": self.suppressed,
            "refused": self.away.refused.total(),
            "left": self.away.left,
            "refused_by_reason": dict(self.away.refused),
        }

    def told(self) -> str:
        told = f"{self.new:,} new, {self.known:,} known, {self.suppressed:,} newly suppressed"
        if self.away.refused:
            told += f"; suppressed here and not taken: {self.away.refused.total():,}"
        if self.away.left:
            told += f"; left a list here and stay away from it: {self.away.left:,}"
        return told


class _Rehearsed(Exception):
    """Rolls a transaction back."""


def _import(app: App, read: PeopleFile, *, rehearse: bool) -> _Outcome:
    with (
        suppress_error(_Rehearsed),
        counted("writing", total=read.tally.entries) as progress,
        app.store.begin() as tx,
    ):
        outcome = _write(tx, read, progress, app.clock.now())
        if rehearse:
            raise _Rehearsed
    return outcome


def _write(tx: Transaction, read: PeopleFile, progress: Count, now: datetime) -> _Outcome:
    away = _Away()
    new, known = tx.readers.upsert(_welcome(progress.each(read.located), tx.readers, away), now)
    suppressed = tx.readers.suppress(read.suppressed, now, f"import of {read.path.name}")
    # So that a consent, which names its source, can be traced to the very file.
    detail = f"{new} new, {known} known, {suppressed} suppressed; SHA-256 {read.digest}"
    tx.audit.enter(at=now, actor=OPERATOR, action="import", subject=read.path.name, detail=detail)
    return _Outcome(new=new, known=known, suppressed=suppressed, away=away)


def _welcome(
    located: Iterator[tuple[str, Entry]], readers: Readers, away: _Away
) -> Iterator[Entry]:
    """Those who are not suppressed here; who was erased is not even written down again."""
    while chunk := list(islice(located, _CHUNK)):
        refused = readers.suppressed_among([entry.address for _, entry in chunk])
        left = readers.left_among([entry for _, entry in chunk])
        for place, entry in chunk:
            if entry.address in refused:
                away.refuse(refused[entry.address], place, entry)
                continue
            if entry.address in left:
                away.stay_away(place, entry)
            yield entry


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(FORMS)),
    default="csv",
    show_default=True,
    help="The kind of file.",
)
@click.option("--list", "list_name", metavar="NAME", default="", help="One list alone.")
@click.option("--bom", is_flag=True, help="Begin with a byte order mark, as Excel asks for.")
@in_workspace
def export(shell: Shell, form: str, list_name: str, bom: bool) -> None:
    """Print all subscribers and suppressions, as import reads them.

    What import reads comes out again: lists, those that a person left, consent, places, tags,
    pauses and suppressions. A cell that a spreadsheet would take for a formula has an apostrophe
    in front, which import takes away again. With --list: whoever is in it or left it, and no
    other list. In UTF-8.
    """
    out = sys.stdout.buffer
    with shell.app() as app, app.store.read() as tx:
        if list_name and list_name not in (known := tx.readers.lists()):
            raise NotFound(f"there is no list {list_name}; there are: {', '.join(known) or 'none'}")
        people, strangers = _chosen(tx.readers, list_name)
        for text in chain([_BYTE_ORDER_MARK] if bom else [], FORMS[form](people, strangers)):
            out.write(text.encode())
        out.flush()
        erased = 0 if list_name else tx.readers.erased()
    if erased:
        say(f"left out: {erased:,} who were erased; no address of theirs is kept")


def _chosen(readers: Readers, list_name: str) -> tuple[People, Iterable[SuppressedEntry]]:
    if list_name:
        return _of_list(list_name, readers.all(list_name)), ()
    return readers.all(), readers.suppressions(strangers=True)


def _of_list(name: str, people: People) -> People:
    for person, consent in people:
        lists, left = ((name,) if name in those else () for those in (person.lists, person.left))
        yield replace(person, lists=lists, left=left), consent
