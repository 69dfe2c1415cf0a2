"""Lists show the newest, say how many they leave out, and ask for no more than they show."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from newsletter.cli.campaigns.campaigns import campaign
from newsletter.cli.staff import audit
from newsletter.cli.statements.statements import statement
from newsletter.runtime.services import Services, open_workspace
from tests.contracts.books import add_campaign
from tests.counting import counted
from tests.fakes import NOON
from tests.workspaces import plain_workspace

LISTS = {
    "statement list": (statement, "list", "slug"),
    "campaign list": (campaign, "list", "campaign"),
    "audit show": (audit, "show", "number"),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return plain_workspace(tmp_path)


@pytest.fixture
def services(workspace: Path) -> Iterator[Services]:
    with open_workspace(workspace, {}) as services:
        yield services


def add(services: Services, first: int, last: int) -> None:
    """A statement, a campaign and a line of the log for each number."""
    for number in range(first, last + 1):
        path = services.settings.workspace / "statements" / f"s{number}.md"
        path.write_text(f"---\ntitle: Number {number}\n---\nText.\n")
        services.statements.refresh()
        with services.store.begin() as tx:
            add_campaign(tx, f"s{number}")
            tx.audit.enter(actor="a", action="b", subject=f"s{number}", detail="")


@pytest.mark.parametrize("which", LISTS)
def test_a_list_shows_the_newest_and_says_how_to_see_more(
    services: Services, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    add(services, 1, 4)
    group, name, key = LISTS[which]

    def shown(*options: str) -> tuple[list[str], str]:
        arguments = [name, "--workspace", str(services.settings.workspace), "--json", *options]
        group.main(arguments, standalone_mode=False)
        said = capsys.readouterr()
        return [str(row[key]).removeprefix("s") for row in json.loads(said.out)], said.err

    numbers, said = shown("--limit", "2")
    assert numbers == ["3", "4"]
    assert "newest 2 of 4" in said
    assert "--all" in said
    for options in ((), ("--all",), ("--limit", "4")):
        assert shown(*options) == (["1", "2", "3", "4"], "")
    for number in ("0", str(1 << 63)):
        with pytest.raises(click.UsageError):
            shown("--limit", number)


def test_a_list_asks_as_little_however_much_there_is(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    for first, last in ((1, 3), (4, 12)):
        add(services, first, last)
        with counted() as statements:
            for group, name, _ in LISTS.values():
                arguments = [name, "--workspace", str(services.settings.workspace), "--limit", "2"]
                group.main(arguments, standalone_mode=False)
        asked.append(len(statements))
    capsys.readouterr()
    assert asked[0] == asked[1]


def read_all(statements: Sequence[str]) -> bool:
    return any(statement.endswith("FROM statement ORDER BY slug") for statement in statements)


@pytest.mark.slow("files must be older than the grain of the file system's clock")
def test_files_are_read_again_by_another_process_only_after_a_change(workspace: Path) -> None:
    def refresh() -> tuple[bool, list[str]]:
        with open_workspace(workspace, {}) as services, counted() as statements:
            faults = services.statements.refresh()
        return read_all(statements), [fault.file for fault in faults]

    def title() -> str:
        with open_workspace(workspace, {}) as services, services.store.read() as tx:
            stored = tx.statements.get("one")
        return stored.statement.title

    folder = workspace / "statements"
    path = folder / "one.md"
    path.write_text("---\ntitle: First\n---\nText.\n")
    (folder / "bad.md").write_text("no front matter\n")
    bad = ["statements/bad.md"]
    assert refresh() == (True, bad)
    time.sleep(2.1)
    assert refresh() == (True, bad)
    assert refresh() == (False, bad)
    written = path.stat()
    path.write_text("---\ntitle: Other\n---\nText.\n")
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert refresh() == (True, bad)
    assert title() == "Other"
    time.sleep(2.1)
    assert refresh() == (True, bad)
    assert refresh() == (False, bad)
    with open_workspace(workspace, {}) as services, services.store.begin() as tx:
        tx.schedules.put("one", NOON)
    assert refresh() == (True, bad), "another process may have changed what is stored"
    settings = workspace / "newsletter.yaml"
    settings.write_text(settings.read_text().replace("timezone:", "timezone: Asia/Tokyo #"))
    assert refresh() == (True, bad)
