"""A workspace whose database is on a PostgreSQL server, worked on by the command line."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, Workspace, readers, wait_until
from tests.postgresql import PASSWORD, Server

pytestmark = pytest.mark.slow("starts the program, and a server of its own")
PEOPLE = readers(400)


@pytest.fixture
def name(postgresql: Server, worker_id: str) -> Iterator[str]:
    """A new database."""
    name = f"forum_{worker_id}"
    postgresql.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgresql.run(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def workspace(name: str, postgresql: Server, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace.create(tmp_path / "forum", database=postgresql.url(name))
    workspace.hire()
    yield workspace
    workspace.close()


def prepared(workspace: Workspace, people: list[str]) -> None:
    workspace.subscribe(people)
    workspace.write_and_approve("news")


def test_a_campaign_that_is_killed_again_and_again_reaches_everybody_once(
    workspace: Workspace, mailgun: PacedMailgun, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=3)
    prepared(workspace, PEOPLE)
    mailgun.delay = 0.2  # so that the kills come in the middle
    for _ in range(3):
        before = len(mailgun.taken)
        running = workspace.start("run", "--until-idle")
        wait_until(lambda before=before: len(mailgun.taken) > before, describe=running.said)
        time.sleep(chance.uniform(0, 0.3))
        running.kill()
        assert workspace.report("news")["audience"] == len(PEOPLE)
    assert workspace.report("news")["pending"], "the kills came after the end: nothing was tried"
    mailgun.delay = 0
    workspace.do("run", "--until-idle", code=5)

    taken, report = mailgun.counted(), workspace.report("news")
    unknown = set(report["unknown_addresses"])
    assert max(taken.values()) == 1
    assert (report["state"], report["unknown"]) == ("attention", len(unknown))
    assert report["accepted"] + report["unknown"] == len(PEOPLE)
    assert set(PEOPLE) - unknown <= taken.keys() <= set(PEOPLE)
    assert not list((workspace.folder / "var").glob("*.db"))


def test_two_processes_on_two_machines_do_not_both_send(
    workspace: Workspace, mailgun: PacedMailgun, name: str, postgresql: Server, tmp_path: Path
) -> None:
    workspace.use_mailgun(mailgun.url)
    prepared(workspace, PEOPLE[:3])
    mailgun.gate = threading.Event()
    running = workspace.start("run", "--port", "0")
    wait_until(lambda: mailgun.taken, describe=running.said)
    erased = workspace.do("subscribers", "forget", PEOPLE[0], "--yes").stderr  # during a call
    assert erased == f"{PEOPLE[0]} is erased\n"
    mailgun.gate.set()
    # another machine has the same keys, and no lock of ours
    other = Workspace.create(tmp_path / "other", database=postgresql.url(name))
    keys = other.folder / "var" / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    for key in (workspace.folder / "var" / "keys").iterdir():
        (keys / key.name).write_bytes(key.read_bytes())
    said = other.do("run", "--until-idle", code=4).stderr
    assert "another 'newsletter run' is at work on postgresql://newsletter@" in said
    said = other.do("db", "copy", "--to", "sqlite:///var/copy.db", code=4).stderr
    assert "stop 'run', 'worker' and 'serve' there first" in said
    running.stop()
    running.finish()
    other.do("db", "copy", "--to", "sqlite:///var/copy.db")


def test_the_password_comes_from_the_environment_and_is_never_shown(
    workspace: Workspace, name: str, postgresql: Server
) -> None:
    workspace.configure(
        database=postgresql.tcp_url(name), database_password="${DATABASE_PASSWORD:-geheim}"
    )
    wrong = workspace.do("statement", "list", code=1)
    assert "password authentication failed" in wrong.stderr
    assert "check the user and the password" in wrong.stderr
    workspace.environment["DATABASE_PASSWORD"] = PASSWORD
    shown = workspace.do("config", "show").stdout + workspace.do("doctor", code=3).stdout
    assert "postgresql://newsletter@127.0.0.1" in shown
    assert "the bytes of erased data are not overwritten" in shown
    assert "geheim" not in wrong.stdout + wrong.stderr
    assert PASSWORD not in shown


def test_a_workspace_moves_to_a_server_and_back_and_sends_only_once_released(
    workspace: Workspace, mailgun: PacedMailgun, name: str, postgresql: Server
) -> None:
    workspace.configure(database="sqlite:///var/newsletter.db")
    for file in (workspace.folder / "var").glob("epoch*"):
        file.unlink()
    workspace.use_mailgun(mailgun.url)
    workspace.hire()
    prepared(workspace, readers(30))
    workspace.do("run", "--until-idle")
    before = workspace.report("news")
    workspace.write_and_approve("later")
    postgresql.run(f"DROP DATABASE IF EXISTS {name}_copy WITH (FORCE)")
    postgresql.run(f"CREATE DATABASE {name}_copy")
    there, here = postgresql.url(f"{name}_copy"), "sqlite:///var/back.db"
    for url, code in ((there, 0), (there, 4), (here, 0)):
        said = workspace.do("db", "copy", "--to", url, code=code).stderr
        if code:
            assert "name an empty database" in said
            workspace.configure(database=there)
            assert workspace.report("news") | {"hold": ""} == before
            workspace.do("run", "--until-idle", code=4)
            assert set(mailgun.counted().values()) == {1}, "the copy is on hold"
            continue
        assert "rows of" in said
    workspace.configure(database=here)
    workspace.hire(ADMIN, "admin")
    workspace.do("run", "--until-idle", code=4)
    workspace.do("db", "release", "--by", ADMIN)
    workspace.do("run", "--until-idle")
    assert set(mailgun.counted().values()) == {2}, "of each statement one"
    assert workspace.report("news") == before
    workspace.do("audit", "verify")


def test_a_database_that_was_put_back_sends_nothing(
    workspace: Workspace, mailgun: PacedMailgun, name: str, postgresql: Server
) -> None:
    workspace.use_mailgun(mailgun.url)
    prepared(workspace, readers(10))
    workspace.do("db", "backup", "now.db")
    assert "name another file" in workspace.do("db", "backup", "now.db", code=4).stderr
    assert not [*workspace.folder.glob("*.part")]
    assert "10 addresses" in workspace.do("db", "verify-backup", "now.db").stderr
    assert "db copy --from sqlite://" in workspace.do("db", "restore", "now.db", code=4).stderr
    workspace.do("statement", "list")  # a generation has begun
    postgresql.run(f"DROP DATABASE IF EXISTS {name}_old")
    postgresql.run(f"CREATE DATABASE {name}_old TEMPLATE {name}")
    workspace.do("run", "--until-idle")
    postgresql.run(f"DROP DATABASE {name}")
    postgresql.run(f"ALTER DATABASE {name}_old RENAME TO {name}")
    said = workspace.do("run", "--until-idle", code=4).stderr
    assert "this database knows of 0 claims, and there were 1" in said
    assert set(mailgun.counted().values()) == {1}
