"""``newsletter statement import``: statements out of files that press offices have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.shell import Shell, as_json, in_workspace, print_json, say
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.statement import Progress
from newsletter.sources.writing import slugify, to_markdown, write_bytes, write_new

if TYPE_CHECKING:
    from newsletter.documents.release.imported import ImportedDocument, ImportedPicture
    from newsletter.runtime.services import Services


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@as_json
@in_workspace
def import_files(shell: Shell, files: tuple[Path, ...], as_json: bool) -> None:
    """Make statements of Word, PDF, email, HTML or text files.

    Also of LibreOffice texts (.odt) and Markdown. Says all that it leaves out or guesses.
    """
    from newsletter.documents.isolated import import_isolated

    with shell.services() as services:
        today = services.clock.now().date()
        # all are read before one is written: a broken file leaves nothing half done
        read = [import_isolated(_bytes_of(file), today=today, file=str(file)) for file in files]
        made = [_write_imported(services, document) for document in read]
    if as_json:
        print_json(made)
        return
    for one in made:
        for dropped in one["dropped"]:
            place = f", line {dropped['line']}" if dropped["line"] else ""
            say(f"left out{place}: {dropped['text']} ({dropped['why']})")
        for note in one["notes"]:
            say(f"please check: {note}")
        click.echo(one["path"])


def _write_imported(services: Services, document: ImportedDocument) -> dict[str, Any]:
    slug = slugify(document.title)
    path = services.settings.statements_folder / f"{slug}.md"
    text = to_markdown(
        title=document.title,
        date=document.date,
        summary=document.summary,
        subject=document.subject,
        status=Progress.DRAFT if document.guessed else Progress.REVIEW,
        embargo=document.embargo.words if document.embargo else "",
        embargo_suggested=document.embargo.until if document.embargo else "",
        body=document.body,
    )
    write_new(path, text)
    kept = [
        _write_picture(path.with_name(f"{slug}-{n}"), one)
        for n, one in enumerate(document.pictures, start=1)
    ]
    return {
        "slug": slug,
        "path": str(path),
        "title": document.title,
        "date": document.date.isoformat() if document.date else None,
        "dropped": [
            {"line": one.line, "text": one.text, "why": one.why} for one in document.dropped
        ],
        "embargo": document.embargo.words if document.embargo else "",
        "embargo_suggested": document.embargo.until if document.embargo else "",
        "pictures": [one for one, _ in kept],
        "notes": [*document.notes, *(note for _, note in kept)],
    }


def _write_picture(path: Path, picture: ImportedPicture) -> tuple[str, str]:
    """Keep a picture beside the statement: its path, and what to do with it."""
    path = path.with_name(f"{path.name}.{picture.kind.rpartition('/')[2]}")
    write_bytes(path, picture.data)
    size = f"{picture.width}x{picture.height}"
    mark = "" if picture.alt else ",decoration"
    caption = f' "{picture.caption}"' if picture.caption else ""
    written = f"![{picture.alt}](https://…/{path.name}#{size}{mark}{caption})"
    told = (
        f"{path} holds a picture. {picture.note} Mails load pictures from the web: put it on your"
    )
    return str(path), f"{told} website and write {written} there."


def _bytes_of(file: Path) -> bytes:
    from newsletter.documents.importing import MAX_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror}; check the file and its permissions"
        raise InvalidInput([Fault(file=str(file), message=message)]) from error
