"""One PostgreSQL server for a whole run, in memory, and databases on it for tests.

The first worker that needs the server starts it. Each worker shares a lock while it runs; a process
next to the server waits for that lock alone, then stops the server and removes its folder, however
the workers ended.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.postgresql import Postgresql
from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from tests.budget import MEMORY, fits
from tests.fakes import FixedClock, hash_address
from tests.relay import Relay

PASSWORD = "of the test server"  # noqa: S105 - made up
"""Over TCP the server asks for it; over its socket it trusts everybody."""
_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60.0
_CONFIGURATION = """
unix_socket_directories = '{folder}'
listen_addresses = '127.0.0.1'
port = {port}
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 64MB
max_connections = 200
autovacuum = off
jit = off
log_min_messages = fatal
"""

_REPLICATED = """
wal_level = replica
max_wal_senders = 4
synchronous_commit = {commit}
synchronous_standby_names = '{standby}'
"""

_NOBODY = 65534
_RUN_WHILE_IN_USE = """
import fcntl, os, shutil, signal, subprocess, sys
in_use, folder, programs, account = sys.argv[1:]
if os.fork():
    os._exit(0)
os.setsid()
command = [f"{programs}/postgres", "-D", f"{folder}/data"]
server = subprocess.Popen(command, cwd="/", **eval(account))
with open(in_use) as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    server.send_signal(signal.SIGQUIT)
    server.wait()
    shutil.rmtree(folder)
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that is running."""

    folder: Path
    port: int

    def is_ready(self) -> bool:
        """Return whether it takes connections: the last line of this file says so."""
        status = self.folder / "data" / "postmaster.pid"
        return status.exists() and status.read_text("utf-8").endswith("ready   \n")

    def run(self, statement: str, on: str = "postgres") -> None:
        """Run a statement of the administrator on a database."""
        with psycopg.connect(self.url(on), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, database: str, *, user: str = "newsletter") -> str:
        """Return the address of a database, over the socket."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str, *, user: str = "newsletter") -> str:
        """Return the address of a database, over TCP; the server asks for the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def restart(self, mode: str) -> None:
        """Restart a server of one test."""
        self._control("restart", "-m", mode, "-l", f"{self.folder}/log")

    def stop(self, mode: str = "immediate") -> None:
        self._control("stop", "-m", mode)

    def start(self, *settings: str, **environment: str) -> None:
        """Start a server of one test that was stopped."""
        options = " ".join(f"-c {setting}" for setting in settings)
        given = ("start", "-l", f"{self.folder}/log", "-o", options)
        self._control(*given, env={"PATH": os.defpath, **environment})

    def take_over(self) -> None:
        """Become the primary, as the replica of one that is gone."""
        self._control("promote")

    def _control(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        programs = _programs()
        assert programs is not None
        command = [str(programs / "pg_ctl"), "-w", "-D", str(self.folder / "data"), *arguments]
        given = {"cwd": "/", "env": env, "stdout": subprocess.DEVNULL, **_unprivileged()}
        subprocess.run(command, check=True, **given)


def missing() -> str:
    """Return why no server can be started here, or ""."""
    return "" if _programs() else "PostgreSQL is not installed (apt-get install postgresql)"


def _programs() -> Path | None:
    """Return the folder of initdb and postgres: Debian has no postgres on the path."""
    found = shutil.which("initdb")
    if found and Path(found).resolve().with_name("postgres").exists():
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return versions[-1].parent if versions else None


@pytest.fixture(scope="session")
def postgresql(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The server of this run."""
    if reason := missing():
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    # each worker has a folder in the folder of the run
    shared = base.parent if hasattr(pytestconfig, "workerinput") else base
    in_use, starting = shared / "postgresql.in-use", shared / "postgresql.starting"
    with in_use.open("ab") as use, starting.open("a+") as start:
        fcntl.flock(use, fcntl.LOCK_SH)
        fcntl.flock(start, fcntl.LOCK_EX)
        start.seek(0)
        folder, _, port = start.read().partition("\n")
        server = Server(Path(folder), int(port or 0))
        if not folder or not server.is_ready():
            server = _start(in_use)
            start.truncate(0)
            start.write(f"{server.folder}\n{server.port}")
            start.flush()
        fcntl.flock(start, fcntl.LOCK_UN)
        yield server


def _start(in_use: Path, more: str = "") -> Server:
    folder = _folder()
    (folder / "password").write_text(PASSWORD, "utf-8")
    (folder / "password").chmod(0o644)
    _run(
        "initdb",
        "-D",
        f"{folder}/data",
        "-U",
        "newsletter",
        "-E",
        "UTF8",
        "--no-locale",
        "--no-sync",
        "--no-instructions",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        f"--pwfile={folder}/password",
    )
    return _serve(folder, in_use, more)


def _folder() -> Path:
    """Create the folder of a server, where its account reaches it."""
    # not below the folders of pytest: they are for root alone, and a socket's path is short
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=MEMORY if fits(MEMORY) else None))
    if _unprivileged():
        shutil.chown(folder, _NOBODY, _NOBODY)
    return folder


def _run(program: str, *arguments: str) -> None:
    programs = _programs()
    assert programs is not None
    command = [str(programs / program), *arguments]
    account = _unprivileged()
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **account)
    assert done.returncode == 0, done.stderr


def _serve(folder: Path, in_use: Path, more: str) -> Server:
    """Run the server whose data lies in a folder, until no process has ``in_use`` locked."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = folder / "data" / "postgresql.conf"
    with configuration.open("a", encoding="utf-8") as file:
        file.write(_CONFIGURATION.format(folder=folder, port=port) + more)
    command = [sys.executable, "-I", "-c", _RUN_WHILE_IN_USE, str(in_use), str(folder)]
    command += [str(_programs()), repr(_unprivileged())]
    with (folder / "log").open("wb") as log:
        subprocess.run(command, stdout=log, stderr=log, check=True)
    server = Server(folder, port)
    deadline = time.monotonic() + _START_SECONDS
    while not server.is_ready():
        assert time.monotonic() < deadline, (folder / "log").read_text("utf-8")
        time.sleep(0.02)
    return server


@contextmanager
def own_server(folder: Path) -> Iterator[Server]:
    """A server for one test, which may restart it."""
    if reason := missing():
        pytest.skip(reason)
    in_use = folder / "server.in-use"
    with in_use.open("ab") as use:
        fcntl.flock(use, fcntl.LOCK_SH)
        server = _start(in_use)
        (server.folder / "log").chmod(0o666)
        yield server
        server.stop()


@contextmanager
def primary_and_replica(folder: Path, *, waits: bool) -> Iterator[tuple[Server, Server, Relay]]:
    """Two servers, and the line from the second to the first, which a test can cut.

    With ``waits`` the first commits nothing that the second does not have.
    """
    if reason := missing():
        pytest.skip(reason)
    in_use = folder / "servers.in-use"
    more = _REPLICATED.format(commit="on" if waits else "off", standby="*" if waits else "")
    with in_use.open("ab") as use:
        fcntl.flock(use, fcntl.LOCK_SH)
        primary = _start(in_use, more)
        with closing(Relay(primary.port)) as line:
            copied = _folder()
            source = f"host=127.0.0.1 port={line.port} user=newsletter password='{PASSWORD}'"
            _run(
                "pg_basebackup",
                "-d",
                source,
                "-D",
                f"{copied}/data",
                "-R",
                "--no-sync",
                "-c",
                "fast",
            )
            # once it is the first, it waits for none
            replica = _serve(copied, in_use, more + "synchronous_standby_names = ''\n")
            for server in (primary, replica):
                (server.folder / "log").chmod(0o666)
            yield primary, replica, line
            replica.stop()


def _unprivileged() -> dict[str, Any]:
    """Return as whom to run PostgreSQL, which refuses to run as root."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="session")
def postgresql_database(postgresql: Server, worker_id: str) -> Iterator[Postgresql]:
    """A database of this worker, migrated as in production. It is for ``emptied``."""
    postgresql.run(f"CREATE DATABASE {worker_id}")
    with closing(Postgresql(postgresql.url(worker_id))) as database:
        ensure_current(database)
        with database.transaction() as db:
            db.change(_EMPTY)
        yield database


def emptied(database: Postgresql) -> Postgresql:
    """Return the database as it was when it was new: that is quicker than a new one."""
    with database.transaction() as db:
        db.rows("SELECT empty()")
    return database


class FreshPostgresqlStores:
    """Stores on a database that is new each time. There is one store at a time."""

    def __init__(self, database: Postgresql, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def __call__(self, clock: FixedClock | None = None) -> Store:
        head = self._folder / "audit"
        head.unlink(missing_ok=True)
        return Store(
            emptied(self._database),
            hash_address=hash_address,
            chain=Chain(key=b"k" * 32, head=HeadFile(head)),
            clock=clock or FixedClock(),
        )

    def close(self) -> None:
        self._database.close()


_EMPTY = """
create function empty() returns void language plpgsql as $$
declare one record;
begin
    set local session_replication_role = replica;
    for one in select oid::regclass as name, relkind as kind, relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')
    loop
        if one.kind = 'S' then
            perform setval(one.name, 1, false);
        elsif one.relname = 'restore_guard' then
            update restore_guard set name = '', claims = 0, beat_at = 0, timeline = '',
                timeline_claims = 0, timeline_beat_at = 0, sends_from = 0;
        elsif one.relname <> 'schema_version' then
            execute 'delete from ' || one.name;
        end if;
    end loop;
    set local session_replication_role = origin;
end $$
"""
