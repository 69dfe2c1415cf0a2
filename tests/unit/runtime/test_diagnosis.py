"""Questions to other machines, and when there are none."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.config.loading import load
from newsletter.documents.sandbox import MachineBusy
from newsletter.domain.delivery.provider import Level
from newsletter.runtime.backups import Backups
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.diagnosis import (
    check_backups,
    check_guard_file,
    check_lists,
    check_machine,
    check_sandbox,
    check_space,
    check_workspace,
    examine_from_outside,
    examine_pages,
    has_remote_provider,
    is_one_disk,
    sending_domains,
)
from tests.fakes import NOON
from tests.pages import forum
from tests.rows import rows
from tests.servers import LoopbackServer, closed_port, reply
from tests.workspaces import BASE


@rows(
    ("provider", "leaves"),
    [
        ("{kind: outbox}", False),
        ("{kind: mailpit}", False),
        ("{kind: postmark, server_token: x, base_url: 'http://127.0.0.1:1'}", False),
        ("{kind: postmark, server_token: x, base_url: 'https://eu.example'}", True),
        ("{kind: postmark, server_token: x}", True),
    ],
)
def test_nothing_is_asked_where_nothing_leaves_this_machine(
    provider: str, leaves: bool, tmp_path: Path
) -> None:
    file = tmp_path / "newsletter.yaml"
    file.write_text(f"{BASE}default_lists: [press]\nprovider: {provider}\n")
    settings = load(file, {})
    assert has_remote_provider(settings) is leaves
    if not leaves:
        assert list(examine_from_outside(settings, b"key", NOON)) == []


def test_the_domain_of_each_sender_is_looked_at_once(tmp_path: Path) -> None:
    file = tmp_path / "newsletter.yaml"
    file.write_text(
        f"{BASE}default_lists: [press]\nsenders:\n"
        "  - {lists: [press], name: Press, address: press@Fórum.example}\n"
        "  - {lists: [events], name: Events, address: events@FORUM.example}\n"
        "  - {lists: [jobs], name: Events, address: events@FORUM.example}\n"
    )
    settings = load(file, {})
    assert sending_domains(settings) == ("forum.example", "xn--frum-qqa.example")
    assert settings.from_addresses[1:] == ("press@Fórum.example", "events@FORUM.example")


@rows(["status", "level"], [(404, Level.OK), (200, Level.FAULT), (302, Level.FAULT)])
def test_one_click_is_tried_with_a_link_that_is_nobodys(status: int, level: Level) -> None:
    with LoopbackServer() as server:
        server.script.append(reply(status))
        found = examine_pages(server.url)
        [request] = server.requests
    assert found.level is level
    assert (request.method, request.path) == ("POST", "/u/doctor")
    assert request.body == b"List-Unsubscribe=One-Click"


def test_pages_that_nobody_answers_are_to_be_mended() -> None:
    found = examine_pages(f"http://127.0.0.1:{closed_port()}")
    assert found.level is Level.FAULT
    assert "cannot be reached" in found.detail


def test_doctor_names_a_file_with_a_secret_that_others_may_read(
    tmp_path: Path, migrated: Path
) -> None:
    key = tmp_path / "postmark.key"
    key.write_text("a key\n")
    provider = {"kind": "postmark", "server_token_file": str(key), "message_stream": "outbound"}
    provider |= {"base_url": "http://127.0.0.1:9"}
    levels = {}
    with forum(tmp_path / "forum", database=migrated, provider=provider) as site:
        services = site.services
        for mode in (0o600, 0o644, 0o640):
            key.chmod(mode)
            found = {
                one.what: one for one in check_workspace(services.statements, services.delivery)
            }
            levels[mode] = found["secrets"].level if "secrets" in found else Level.OK
    assert levels == {0o600: Level.OK, 0o644: Level.WARNING, 0o640: Level.WARNING}


def test_doctor_names_what_others_may_read(tmp_path: Path, migrated: Path) -> None:
    """Open it again, after an opening that could not repair it."""
    with forum(tmp_path, database=migrated) as site:
        services = site.services
        (tmp_path / "var" / "keys").chmod(0o755)
        found = {one.what: one for one in check_workspace(services.statements, services.delivery)}
    assert found["permissions"].level is Level.FAULT
    assert found["permissions"].detail == f"others may read {tmp_path / 'var' / 'keys'}"
    assert "chmod go-rwx" in found["permissions"].advice


def test_doctor_says_since_when_erased_data_waits_to_be_overwritten(
    tmp_path: Path, migrated: Path
) -> None:
    with forum(tmp_path, database=migrated) as site:
        services = site.services
        with services.store.begin() as tx:
            for hours in range(2):
                tx.readers.erase(f"ana{hours}@example.org", NOON + timedelta(hours=hours))
        found = {one.what: one for one in check_workspace(services.statements, services.delivery)}
    assert found["erasure"].level is Level.WARNING
    assert found["erasure"].detail.endswith(f"since {NOON:%Y-%m-%d %H:%M} UTC")


@rows(
    ["epoch_file", "database", "level"],
    [
        ("var/epoch", "var/newsletter.db", Level.WARNING),
        ("../{name} of/epoch", "var/newsletter.db", Level.OK),
        ("../elsewhere/epoch", "../elsewhere/newsletter.db", Level.WARNING),
    ],
)
def test_a_guard_file_that_is_put_back_with_the_workspace_is_told_of(
    epoch_file: str, database: str, level: Level, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "newsletter.yaml").write_text(
        f"{BASE}default_lists: [press]\ndatabase: sqlite:///{database}\n"
        f"epoch_file: {epoch_file.format(name=workspace.name)}\n"
    )
    settings = load(workspace / "newsletter.yaml", {})
    settings.epoch_path.parent.mkdir()
    found = check_guard_file(settings)
    assert (found.what, found.level) == ("guard file", level)
    assert ("set epoch_file" in found.advice) is (level is Level.WARNING)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "newsletter.yaml").write_text(
        f"{BASE}default_lists: [press]\n"
        f"epoch_file: none/epoch\nbackups: {{folder: {tmp_path}/no}}\n"
    )
    settings = load(tmp_path / "newsletter.yaml", {})
    for found, folder in (
        (check_guard_file(settings), "none"),
        (check_backups(settings, SystemClock().now()), "no"),
    ):
        assert found.level is Level.FAULT
        assert found.detail == f"there is no folder {tmp_path / folder}"


WEEKLY: dict[str, Any] = {
    "name": "weekly",
    "title": "The week",
    "every": "week",
    "day": "friday",
    "at": "16:00",
    "lists": ["press"],
}


@pytest.mark.parametrize(
    "misspelt",
    [
        {"default_lists": ["pres"]},
        {"senders": [{"lists": ["pres"], "name": "Press", "address": "p@forum.example"}]},
        {"segments": [{"name": "es", "list": "pres", "language": "es"}]},
        {"digests": [WEEKLY | {"gathers": ["pres"]}]},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_misspelt_list_is_told_of(tmp_path: Path, misspelt: dict[str, Any]) -> None:
    lists = [{"name": "press"}]
    with forum(tmp_path, **{"default_lists": ["press"], "lists": lists} | misspelt) as site:
        (found,) = check_lists(site.services.subscribers)
    assert (found.what, found.level) == ("lists", Level.WARNING)
    assert found.detail.startswith("no one is on pres, and lists:")
    with forum(tmp_path / "right", default_lists=["press"], lists=lists) as site:
        assert list(check_lists(site.services.subscribers)) == []


def test_old_backups_are_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with forum(tmp_path / "forum", backups={"folder": str(folder)}) as site:
        settings, now = site.services.settings, SystemClock().now()
        assert check_backups(settings, now).level is Level.FAULT
        file, _ = Backups(settings=settings).take()
        prefix, yesterday = file.name[: -len("20261129T120000Z.db")], now - timedelta(days=2)
        killed, young = folder / f".{prefix}killed", folder / f".{prefix}young"
        for room in (killed, young):
            room.mkdir()
        os.utime(killed, (yesterday.timestamp(), yesterday.timestamp()))
        Backups(settings=settings).take()
        assert not killed.exists()
        assert young.exists()
        assert check_backups(settings, now).level is Level.WARNING
        assert "on the disk of the database" in check_backups(settings, now).advice
        assert check_backups(settings, now + timedelta(days=3)).level is Level.FAULT
        assert not is_one_disk(Path("/proc"), settings.database_path)


@rows(["name", "level"], [("a" * 32, Level.OK), ("", Level.WARNING)])
def test_a_machine_without_a_name_is_told_of(name: str, level: Level) -> None:
    found = check_machine(name)
    assert found.level is level
    assert ("/etc/machine-id" in found.advice) is (level is Level.WARNING)


@rows(
    ["escapes", "level", "said"],
    [
        ([], Level.OK, "without access to data, network and other processes"),
        (["start processes"], Level.WARNING, "a harmful file or feed could start processes"),
    ],
)
def test_doctor_says_what_a_sandbox_could_do(escapes: list[str], level: Level, said: str) -> None:
    found = check_sandbox(lambda: escapes)
    assert found.level is level
    assert said in found.detail


def test_doctor_says_where_no_sandbox_can_be_started() -> None:
    def find() -> list[str]:
        raise MachineBusy("no process could be started for it (Cannot allocate memory)")

    found = check_sandbox(find)
    assert found.level is Level.FAULT
    assert "cannot be read: no process could be started" in found.detail


@pytest.mark.parametrize(("free", "level"), [(199_999_999, Level.FAULT), (200_000_000, Level.OK)])
def test_doctor_wants_200_megabytes_of_free_disk(free: int, level: Level) -> None:
    found = check_space(free, Path("/srv/var"))
    assert found.level is level
    assert ("at least 200 MB are wanted" in found.detail) == (level is Level.FAULT)
