"""``newsletter source`` and ``newsletter statement import``: feeds and imported files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import shell
from newsletter.cli.main import EXIT_UNREACHABLE
from newsletter.config.sources import FolderOptions
from newsletter.domain.errors import InvalidInput, NotFound
from newsletter.domain.schedule import format_duration
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.feed import ItemState
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.statements.visit import VisitResult
from newsletter.runtime.services import Services
from newsletter.runtime.statements import Statements
from newsletter.sources.desk import as_draft, draft_as_file
from newsletter.sources.folder import path_for_title, write_new
from newsletter.store.sql import Transaction

if TYPE_CHECKING:
    from newsletter.documents.release.imported import ImportedDocument, ImportedPicture
    from newsletter.sources.feeds.readers import SyndicatedFeed


@click.group()
def source() -> None:
    """Show sources, and visit feeds."""


@source.command("list")
@shell.as_json
@shell.with_services
def list_sources(services: Services, as_json: bool) -> None:
    """Show all sources, and how the last visit to each feed went."""
    rows = [
        {"name": one.path.as_posix(), "kind": "folder", "url": "", "state": "read at each look"}
        for one in services.settings.statements
        if isinstance(one, FolderOptions)
    ]
    with services.store.read() as tx:
        feeds = [_source_row(tx, services.statements, feed) for feed in services.statements.feeds]
    columns = ("name", "url", "last_visit", "seen", "taken", "state")
    shell.print_rows([*rows, *feeds], columns, as_json=as_json)
    for row in () if as_json else feeds:
        if row["failure"]:
            shell.say(f"{row['name']} cannot be read: {row['failure']}")
        if row["remark"]:
            shell.say(f"{row['name']}: {row['remark']}")


def _source_row(tx: Transaction, statements: Statements, feed: "SyndicatedFeed") -> dict[str, Any]:
    record, counts = tx.feeds.get_record(feed.name), tx.feeds.count_by_state(feed.name)
    zone, visited = statements.settings.timezone, record.visited_at
    return {
        "name": feed.name,
        "kind": "feed",
        "url": feed.address,
        "every": format_duration(feed.every),
        "last_visit": shell.wall_time(visited, zone) if visited else "",
        "next_visit": shell.wall_time(record.next_at, zone) if record.next_at else "",
        "state": "cannot be read" if record.failures else "ok" if visited else "not visited yet",
        "failures": record.failures,
        "failure": record.failure,
        "seen": sum(counts.values()),
        "taken": counts.get(ItemState.TAKEN, 0),
        "unusable": counts.get(ItemState.UNUSABLE, 0),
        "remark": record.remark,
    }


@source.command()
@click.argument("name", required=False)
@shell.with_services
def poll(services: Services, name: str | None) -> int:
    """Visit feeds now: all, or one."""
    all_feeds = services.statements.feeds
    feeds = [feed for feed in all_feeds if name in {None, feed.name}]
    if name is not None and not feeds:
        names = ", ".join(feed.name for feed in all_feeds) or "none"
        raise NotFound(f"there is no feed {name!r}; those in newsletter.yaml: {names}")
    if not feeds:
        shell.say("no source is a feed; docs/feeds.md says how to set one up")
    services.statements.refresh()  # so that no item gets the slug of a new file
    results = [services.statements.visitor().visit(feed) for feed in feeds]
    for visit in results:
        _print_visit(visit)
    return EXIT_UNREACHABLE if any(visit.failure for visit in results) else 0


def _print_visit(result: VisitResult) -> None:
    if result.failure:
        shell.say(f"{result.feed} cannot be read: {result.failure}")
        return
    for slug in result.new_slugs:
        click.echo(slug)
    for slug in result.changed:
        shell.say(f"changed: {slug}")
    for why in result.unusable:
        shell.say(f"no statement: {why}")
    if result.remark:
        shell.say(f"please check: {result.remark}")
    more = f", {result.passed} passed over" if result.passed else ""
    shell.say(f"{result.feed}: {len(result.new_slugs)} new, {len(result.changed)} changed{more}")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@shell.as_json
@shell.with_services
def import_files(services: Services, files: tuple[Path, ...], as_json: bool) -> None:
    """Make statements of Word, PDF, email, HTML or text files.

    Also of LibreOffice texts (.odt) and Markdown. Says all that it leaves out or guesses.
    """
    from newsletter.documents.isolated import import_isolated  # not to list statements
    from newsletter.documents.release.imported import with_language

    today = services.store.clock.now().date()
    # all are read before one is written: a broken file leaves nothing half done
    read = [import_isolated(_read_file(file), today=today, file=str(file)) for file in files]
    usual = services.settings.language
    paths = [_write_imported(services, with_language(document, usual)) for document in read]
    if as_json:
        shell.print_json(paths)
        return
    for each in paths:
        for dropped in each["dropped"]:
            place = f", line {dropped['line']}" if dropped["line"] else ""
            shell.say(f"left out{place}: {dropped['text']} ({dropped['why']})")
        for note in each["notes"]:
            shell.say(f"please check: {note}")
        click.echo(each["path"])


def _write_imported(services: Services, document: "ImportedDocument") -> dict[str, Any]:
    path = path_for_title(services.settings.statements_folder, document.title)
    slug = path.stem
    text = as_draft(document, DraftText())
    until = document.embargo.until if document.embargo else ""
    progress = Progress.DRAFT if document.guessed else Progress.REVIEW
    file = draft_as_file(text, progress=progress, embargo_suggested=until)
    write_new(path, file.encode())
    pictures = [
        _write_picture(path.with_name(f"{slug}-{n}"), one)
        for n, one in enumerate(document.pictures, start=1)
    ]
    return {
        "slug": slug,
        "path": str(path),
        "title": document.title,
        "date": text.date or None,
        "dropped": [
            {"line": one.line, "text": one.text, "why": one.reason} for one in document.dropped
        ],
        "embargo": text.embargo,
        "embargo_suggested": until,
        "pictures": [one for one, _ in pictures],
        "notes": [*document.notes, *(note for _, note in pictures)],
    }


def _write_picture(path: Path, picture: "ImportedPicture") -> tuple[str, str]:
    """Write a picture to a file. Return its path, and advice on how the statement can show it."""
    path = path.with_name(f"{path.name}.{picture.kind.rpartition('/')[2]}")
    write_new(path, picture.data)
    size = f"{picture.width}x{picture.height}"
    mark = "" if picture.alt else ",decoration"
    caption = f' "{picture.caption}"' if picture.caption else ""
    markdown = f"![{picture.alt}](https://…/{path.name}#{size}{mark}{caption})"
    advice = (
        f"{path} holds a picture. {picture.note} Mails load pictures from the web: put it on your"
    )
    return str(path), f"{advice} website and write {markdown} there."


def _read_file(file: Path) -> bytes:
    from newsletter.documents.importing import MAX_BYTES

    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror}; check the file and its permissions"
        raise InvalidInput.at(str(file), message) from error
