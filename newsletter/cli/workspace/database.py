"""``newsletter db`` and ``newsletter backup``: schema, keys, backups, restores and copies."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click

from newsletter.cli.delivery import say_resumed
from newsletter.cli.shell import Shell, in_workspace, read_actor, say, with_services
from newsletter.config.fields import database_url
from newsletter.config.settings import Settings
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Refused
from newsletter.runtime.backups import Backups
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.keys import add_link_key, fingerprints_in, private
from newsletter.runtime.services import Services, open_database, refuse_missing
from newsletter.store.copying import copy as copy_rows
from newsletter.store.file import copies
from newsletter.store.file.keys import forget_later_keys, refuse_missing_keys
from newsletter.store.file.lock import hold_sender_lock, lock_exclusively, lock_shared
from newsletter.store.schema import SCHEMA_VERSION, ensure_current


@click.group()
def db() -> None:
    """Back up, restore and copy the database."""


@contextmanager
def _require_exclusive(settings: Settings) -> Iterator[None]:
    """Lock the database within the block. Raises Refused if another process has it open.

    It also takes the sender's lock, which a sender of any version holds.
    """
    settings.database_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_exclusively(settings.in_use_path), hold_sender_lock(settings.lock_path):
        yield


@db.command()
@in_workspace
def migrate(workspace: Shell) -> None:
    """Make the database, or check its version."""
    settings = workspace.settings()
    # private() first: only the owner may read the new file, from its first byte on
    with private(), _require_exclusive(settings), closing(open_database(settings)) as database:
        refuse_missing(settings, database)
        is_new = ensure_current(database)
    if is_new:
        say(f"the database was made with schema {SCHEMA_VERSION}")
    else:
        say(f"the database has schema {SCHEMA_VERSION}, as this program needs; nothing to migrate")


@db.command()
@click.option("--lost", is_flag=True, help="Give up the keys that are lost, and their links.")
@in_workspace
def rekey(workspace: Shell, lost: bool) -> None:
    """Sign links with a new key. Older ones only end subscriptions from then on."""
    settings = workspace.settings()
    settings.in_use_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_shared(settings.in_use_path):  # and not by another account
        number = add_link_key(settings.workspace / "var" / "keys" / "links")
        if lost:
            with closing(open_database(settings)) as database:
                forget_later_keys(database)
    say(
        f"links are signed with key {number} now. What runs starts again with it; if several"
        " machines send, first copy var/keys to all, then restart them. Unsubscribe links in old"
        " mails go on working; who waits for a confirmation or has their own page open has to ask"
        " again"
    )


@click.command()
@in_workspace
def backup(workspace: Shell) -> None:
    """Write a backup, rehearse it, and remove the oldest."""
    settings = workspace.settings()
    with private(), lock_shared(settings.in_use_path):
        file, rehearsal = Backups(settings=settings).take()
    say(f"{file} can be restored, with var/keys: {rehearsal}")


@db.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@in_workspace
def backup_to_file(workspace: Shell, file: Path) -> None:
    """Copy the database to FILE, also while it is in use."""
    settings = workspace.settings()
    with private(), lock_shared(settings.in_use_path):
        Backups(settings=settings).write(file)
    say(f"{file} holds the database; keep {settings.workspace / 'var' / 'keys'} with it")


@db.command("verify-backup")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_workspace
def verify_backup(workspace: Shell, file: Path) -> None:
    """Rehearse a restore of FILE, and change nothing."""
    with private():
        rehearsal = Backups(settings=workspace.settings()).test_restore(file)
    say(f"{file} can be restored: {rehearsal}")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_workspace
def restore(workspace: Shell, file: Path) -> None:
    """Put a backup back. Nothing is sent from it until somebody releases it."""
    settings = workspace.settings()
    if settings.is_on_server:
        raise Refused(
            "name a new, empty database in 'database', and copy the backup into it:"
            f" newsletter db copy --from sqlite:///{file.absolute()}"
        )
    with private(), _require_exclusive(settings):
        keys = fingerprints_in(settings.workspace)
        folder = copies.restore(file, settings.database_path, at=SystemClock().now(), keys=keys)
    say(f"restored; the database that was there is {folder}" if folder.exists() else "restored")
    say("nothing is sent until 'newsletter db release --by EMAIL'")
    with closing(open_database(settings)) as database:
        refuse_missing_keys(database, settings.workspace)


def _parse_url(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        return text and database_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@db.command()
@click.option("--to", "target", metavar="URL", callback=_parse_url, help="A new database.")
@click.option("--from", "source", metavar="URL", callback=_parse_url, help="Another database.")
@in_workspace
def copy(workspace: Shell, target: str | None, source: str | None) -> None:
    """Copy the database to another one, or from it.

    --to copies to a new database at URL, --from copies another database into the workspace's own.
    The copy sends nothing until an admin releases it.
    """
    if (target is None) == (source is None):
        raise click.UsageError("name a database, with --to or with --from")
    settings = workspace.settings()
    with (
        private(),
        _require_exclusive(settings),
        closing(open_database(settings, source or "")) as source_database,
        closing(open_database(settings, target or "")) as target_database,
        ExitStack() as locks,
    ):
        if source and not source.startswith("postgresql:"):
            file = Path(source_database.name).resolve()
            copies.refuse_other_keys(file, fingerprints_in(settings.workspace))
            in_use = file.with_suffix(".use")  # a backup has none
            if in_use != settings.in_use_path and in_use.exists():
                locks.enter_context(lock_exclusively(in_use))
        counts = copy_rows(source_database, target_database, at=SystemClock().now(), is_move=True)
    say(f"{target_database.name} holds all {sum(counts.values()):,} rows of {len(counts)} tables")
    if target:
        say(f"to use it, write 'database: {target}' in newsletter.yaml")
    say("nothing is sent from it until 'newsletter db release --by EMAIL'")


@db.command()
@click.option(
    "--by",
    required=True,
    metavar="EMAIL",
    callback=read_actor,
    help="The admin who has compared the database with the provider's log.",
)
@with_services
def release(services: Services, by: str) -> None:
    """Let a restored or copied database send again."""
    guard = services.delivery.guard()
    with services.delivery.hold_sender_lock():
        released = guard.release(by=by, kinds={HoldKind.RESTORE_GUARD})
    say_resumed(released, guard.holds())
