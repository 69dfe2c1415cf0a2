"""Backups, each tested by a restore before it gets its name. The newest ones are kept."""

import math
import re
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from newsletter.config.settings import Settings
from newsletter.domain.errors import Defect, InvalidInput, NotFound
from newsletter.domain.subscribers.address import AddressHash
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.keys import fingerprints_in, load_keys, workspace_name
from newsletter.runtime.services import open_database
from newsletter.store.copying import copy
from newsletter.store.file import copies
from newsletter.store.file.keys import Chain, HeadFile, check_keys, refuse_missing_keys
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite

_TIMESTAMP_FORMAT = "%Y%m%dT%H%M%SZ"
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Backups:
    """The backups of one workspace, each an SQLite file."""

    settings: Settings

    @property
    def folder(self) -> Path | None:
        folder = self.settings.backups.folder
        return folder and self.settings.resolve(folder)

    def take(self) -> tuple[Path, str]:
        """Write and test a backup, then delete the oldest ones.

        Return its path and the counts of the test. Raises NotFound if no folder is configured.
        """
        if self.folder is None:
            raise NotFound("newsletter.yaml names no folder for backups; write backups.folder")
        if not self.folder.is_dir():
            raise NotFound(f"there is no folder {self.folder}; make it, or mount its disk")
        # old ones are of killed backups; one of today may still be under way
        for left in self.folder.glob(f".{self._prefix}*"):
            if left.stat().st_mtime < SystemClock().now().timestamp() - _DAY_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=f".{self._prefix}", dir=self.folder) as folder:
            path = Path(folder) / "newsletter.db"
            self.write(path)
            found = self.test_restore(path)
            file = self.folder / f"{self._prefix}{SystemClock().now():{_TIMESTAMP_FORMAT}}.db"
            path.rename(file)
        for old in self.files()[self.settings.backups.keep :]:
            old.unlink(missing_ok=True)
        return file, found

    def write(self, file: Path) -> None:
        """Copy the database as of one moment into a new file. Raises Refused or NotFound.

        The copy of a server's database is on hold, like a restored one.
        """
        with closing(open_database(self.settings)) as database:
            if database.is_missing():
                raise NotFound(f"there is no database yet at {database.name}")
            if self.settings.is_on_server:
                with copies.new_file(file) as part:
                    with closing(Sqlite(part)) as target:
                        copy(database, target, at=SystemClock().now())
                    with closing(target.connect()) as connection:
                        copies.end_write_ahead_log(connection)
            else:
                copies.backup(self.settings.database_path, file)

    def test_restore(self, file: Path) -> str:
        """Restore a backup to a temporary folder and check it with the workspace's keys.

        Return the numbers of its rows, as text. Raises InvalidInput for a damaged file, Refused for
        a backup of another workspace, and Defect if the audit log or an approval was changed.
        """
        workspace = self.settings.workspace
        with TemporaryDirectory(prefix=".rehearsal-", dir=file.absolute().parent) as folder:
            path, keys = Path(folder) / "newsletter.db", fingerprints_in(workspace)
            copies.restore(file, path, at=SystemClock().now(), keys=keys)
            with closing(Sqlite(path)) as database:
                refuse_missing_keys(database, workspace)
                check_keys(database, keys)
                return _inspect(self._store(database, Path(folder)), file)

    def files(self) -> list[Path]:
        """Return the backups of this workspace in the folder, newest first."""
        folder = self.folder
        if folder is None or not folder.is_dir() or not self._key_file.exists():
            return []
        name = re.compile(rf"{re.escape(self._prefix)}\d{{8}}T\d{{6}}Z\.db")
        return sorted((one for one in folder.iterdir() if name.fullmatch(one.name)), reverse=True)

    def newest_at(self) -> datetime | None:
        for file in self.files():
            stamp = file.stem.removeprefix(self._prefix)
            return datetime.strptime(stamp, _TIMESTAMP_FORMAT).replace(tzinfo=UTC)
        return None

    @property
    def _key_file(self) -> Path:
        return self.settings.workspace / "var" / "keys" / "addresses"

    @property
    def _prefix(self) -> str:
        return f"newsletter-{workspace_name(load_keys(self._key_file)[0])}-"

    def _store(self, database: Sqlite, folder: Path) -> Store:
        audit = load_keys(self._key_file.with_name("audit"))[0]
        return Store(
            database,
            hash_address=AddressHash(load_keys(self._key_file)[0]),
            chain=Chain(key=audit, head=HeadFile(folder / "head")),
            clock=SystemClock(),
        )


def _inspect(store: Store, file: Path) -> str:
    found = store.check_rows(seconds=math.inf)
    damaged = [name for each in found for name in each.damaged]
    if damaged:
        message = f"has damaged rows: {', '.join(damaged)}; take another backup"
        raise InvalidInput.at(str(file), message)
    with store.read() as tx:
        lines = tx.audit.verify().number
        if not tx.hold.reasons():
            raise Defect(f"a database restored from {file} would send")
    counts = ", ".join(f"{each.looked_at:,} {each.what}" for each in found)
    return f"{counts}, {lines:,} lines of the audit log"
