"""``subscribers list`` and ``add``: list them and add one, but none who left."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.cli.subscribers.subscribers import subscribers
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.events import Event, EventKind, EventTarget
from newsletter.domain.subscribers.audience import (
    Entry,
    SuppressedEntry,
    SuppressionReason,
    UploadedFile,
)
from newsletter.runtime.services import Services, open_workspace
from tests.fakes import NOON
from tests.workspaces import plain_workspace


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_workspace(plain_workspace(tmp_path), {}) as services:
        with services.store.begin() as tx:
            people = [
                Entry(address="ana@example.org", name="Ana Ruiz", lists=("press",)),
                Entry(address="bo@example.net", name="Bo 100%", lists=("press", "events")),
                Entry(address="cy@example.com", lists=("events",)),
            ]
            tx.readers.upsert(people, NOON)
            tx.choices.leave(3, ["events"], NOON, 1)
            gone = SuppressedEntry(address="bo@example.net", reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([gone], NOON, "test")
            tx.choices.set_details(1, paused_until=NOON.replace(year=2099))
        yield services


@pytest.fixture
def do(services: Services, capsys: pytest.CaptureFixture[str]) -> object:
    def run(*words: str) -> tuple[object, str]:
        command, *rest = words
        workspace = ["--workspace", str(services.settings.workspace)]
        subscribers.main([command, *workspace, *rest], standalone_mode=False)
        said = capsys.readouterr()
        return (json.loads(said.out) if "--json" in rest else said.out), said.err

    return run


def emails(rows: list[dict[str, object]]) -> list[object]:
    return [row["email"] for row in rows]


def test_the_list_holds_people_of_a_list_or_whose_name_is_like_it(do) -> None:  # type: ignore[no-untyped-def] # a command
    everybody, _ = do("list", "--json")
    assert emails(everybody) == ["ana@example.org", "bo@example.net", "cy@example.com"]
    assert [row["state"] for row in everybody] == [
        "paused until 2099-11-24",
        "bounced",
        "not subscribed",
    ]
    assert emails(do("list", "--list", "press", "--json")[0]) == emails(everybody)[:2]
    assert emails(do("list", "--query", "RUIZ", "--json")[0]) == ["ana@example.org"]
    assert emails(do("list", "--query", "100%", "--json")[0]) == ["bo@example.net"]
    assert emails(do("list", "--query", "%", "--json")[0]) == ["bo@example.net"]
    newest, said = do("list", "--limit", "1", "--json")
    assert emails(newest) == ["cy@example.com"]
    assert "newest 1 of 3" in said
    assert "bo@example.net" in do("list")[0]
    with pytest.raises(NotFound, match="did you mean press"):
        do("list", "--list", "pres")


def test_adding_puts_a_person_on_a_list_with_the_consent_noted(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    added, _ = do("add", "di@example.org", "--list", "press", "--name", "Di", "--json")
    assert (added["new"], added["joined"], added["lists"]) == (True, ["press"], ["press"])
    again, _ = do("add", "DI@example.org", "--list", "press", "--json")
    assert (again["new"], again["joined"]) == (False, [])
    already = do("add", "di@example.org", "--list", "press")[1]
    assert "is on press already; nothing was changed" in already
    renamed = do("add", "di@example.org", "--list", "press", "--name", "Di Orr")[1]
    assert "is on press already; their data was changed" in renamed
    assert "is on events now" in do("add", "di@example.org", "--list", "events")[1]
    with services.store.read() as tx:
        [(_, consent)] = [one for one in tx.readers.stream() if one[0].address == "di@example.org"]
        assert "added by operator" in consent
        assert tx.audit.list_newest(1)[0].action == "add"


@pytest.mark.parametrize(
    "words",
    [
        ["nobody", "--list", "press"],
        ["di@example.org", "--list", "press", "--language", "english"],
        ["di@example.org", "--list", "press", "--name", "D\x00"],
    ],
)
def test_what_cannot_be_is_refused_in_words(do, words: list[str]) -> None:  # type: ignore[no-untyped-def] # a command
    with pytest.raises(InvalidInput):
        do("add", *words)


@contextmanager
def terminal(answer: str) -> Iterator[None]:
    """A person sits at a terminal, and types this."""
    before, (ours, theirs) = sys.stdin, os.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        with os.fdopen(theirs, encoding="utf-8") as sys.stdin:
            yield
    finally:
        sys.stdin = before
        os.close(ours)


def test_whoever_erases_somebody_is_asked_by_name(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    ana = "ana@example.org"
    with pytest.raises(
        Refused, match=r"Erase Ana Ruiz <ana@example.org>, on press, .*: say --yes to"
    ):
        do("forget", ana)
    with terminal("n"), pytest.raises(Refused, match="nothing was changed"):
        do("forget", ana)
    with terminal("y"):
        said = do("forget", ana)[1]
    assert "Ana Ruiz <ana@example.org>, on press, known since 2026-11-24?" in said
    assert "is erased" in said
    with pytest.raises(Refused, match="on no list, known since"):
        do("forget", "cy@example.com")
    assert "is erased" in do("forget", "cy@example.com", "--yes")[1]


def test_an_address_that_is_nobodys_is_blocked_on_purpose_alone(do) -> None:  # type: ignore[no-untyped-def] # a command
    with pytest.raises(Refused, match="--block-unknown"):
        do("forget", "eve@example.org", "--yes")
    with pytest.raises(Refused, match=r"No subscriber has eve@example.org.*--yes"):
        do("forget", "eve@example.org", "--block-unknown")
    assert "blocked now" in do("forget", "eve@example.org", "--block-unknown", "--yes")[1]


@pytest.mark.slow("reads in a sandbox")
def test_an_address_that_only_a_waiting_file_names_is_forgotten_with_the_file(
    do,  # type: ignore[no-untyped-def] # a command
    services: Services,
) -> None:
    body = b"mail\neve@example.org\n"
    file = UploadedFile(by="", file="a.csv", lists=(), without=(), agreed="", body=body)
    with services.store.begin() as tx:
        broken = replace(file, file="a.zip")
        kept = [tx.imports.add_upload(one, NOON) for one in (broken, file)]
        assert tx.imports.list_uploads() == kept
    with pytest.raises(Refused, match="nothing is kept of fay"):
        do("forget", "fay@example.org", "--yes")
    with pytest.raises(Refused, match=r"No subscriber has eve@example.org.*--yes"):
        do("forget", "eve@example.org")
    assert "blocked now" in do("forget", "eve@example.org", "--yes")[1]
    with services.store.read() as tx:
        assert tx.imports.list_uploads() == []
        assert tx.readers.suppression_reason("eve@example.org") is SuppressionReason.ERASED


def test_an_address_that_only_a_provider_quoted_is_forgotten(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    told = Event(id="1", kind=EventKind.OTHER, at=NOON, raw="To: eve@example.org")
    with services.store.begin() as tx:
        tx.events.store_events("mailgun", [(told, EventTarget())], NOON)
    assert "blocked now" in do("forget", "eve@example.org", "--yes")[1]
    with services.store.read() as tx:
        assert not tx.traces.find("eve@example.org")


def test_a_subscription_ends_and_an_address_changes_by_a_command(do) -> None:  # type: ignore[no-untyped-def] # a command
    left, _ = do("unsubscribe", "ana@example.org", "--list", "press", "--json")
    assert left == {"email": "ana@example.org", "left": ["press"]}
    assert "nothing was changed" in do("unsubscribe", "ana@example.org", "--list", "press")[1]
    assert "any more" in do("unsubscribe", "bo@example.net", "--list", "events")[1]
    moved, _ = do("change-address", "ana@example.org", "ann@example.org", "--json")
    assert (moved["email"], moved["before"]) == ("ann@example.org", "ana@example.org")
    with pytest.raises(Refused, match="another subscriber's"):
        do("change-address", "ann@example.org", "cy@example.com")
    do("suppress", "ann@example.org")
    said = do("change-address", "ann@example.org", "an@example.org")[1]
    assert "ann@example.org is an@example.org now; it is suppressed: manual" in said


def test_a_reason_for_the_audit_log_has_no_address(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    for command, reason in (("suppress", "cy@example.com called"), ("lift", " "), ("lift", "@cy")):
        with pytest.raises(InvalidInput, match="in at most 200 characters and without the address"):
            do(command, "bo@example.net", "--reason", reason)
    with services.store.read() as tx:
        assert not tx.audit.count()


def test_an_import_names_its_number_and_is_listed_and_undone(do, tmp_path: Path) -> None:  # type: ignore[no-untyped-def] # a command
    path = tmp_path / "people.csv"
    path.write_text(
        "email,lists,left\ndi@example.org,pres,\nana@example.org,,press\nx@example.org,,events\n"
    )
    with pytest.raises(InvalidInput, match=r"people.csv:2: there is no list 'pres'; did you mean"):
        do("import", str(path), "--dry-run")
    tried = do("import", str(path), "--dry-run", "--create-list")[1]
    assert "joining pres, a new list: 1\n" in tried
    assert "subscriptions that end, as the file says that they left: 1\n" in tried
    assert "2 new, 1 known, 0 newly suppressed; nothing was changed" in tried
    assert "import 1: 'newsletter" in do("import", str(path), "--create-list")[1]
    path.write_text("email,name,lists,suppressed\nana@example.org,Anna,press,\nz@z.org,,,bounced\n")
    assert "known people who change: 1" in do("import", str(path), "--dry-run")[1]
    assert do("import", str(path), "--json")[0]["import"] == 2
    path.write_text("email\ndi@example.org\n")
    with pytest.raises(InvalidInput, match=r"--list: there is no list 'pess'"):
        do("import", str(path), "--list", "pess")
    listed, _ = do("imports", "--json")
    assert [(row["import"], row["new"], row["state"]) for row in listed] == [
        (1, 2, "done"),
        (2, 0, "done"),
    ]
    assert "people.csv" in do("imports")[0]
    said = do("undo-import", "1")[1]
    assert "people who stay, on no list, as the file says that they left one: 1" in said
    assert "subscriptions that stay ended, because an undo re-subscribes no one: 1" in said
    assert "import 1 is undone; removed: 1 people, 1 subscriptions; restored: 0 people" in said
    undone, _ = do("undo-import", "2", "--json")
    assert (undone["restored"], undone["suppressed"], undone["stay"]) == (1, 1, 0)
    assert do("imports", "--json")[0][0]["state"] == "undone"


DOORS = {
    "a table": ("people.csv", "email,lists\nx@example.org,pres\n", []),
    "a table, by an option": ("people.csv", "email\nx@example.org\n", ["--list", "pres"]),
    "those who left": ("people.csv", "email,left\nx@example.org,pres\n", []),
    "our YAML": ("p.yaml", "subscribers:\n  - {email: x@example.org, lists: [pres]}\n", []),
    "another tool's export": (
        "ghost.csv",
        "email,subscribed_to_emails,deleted_at\nx@example.org,true,\n",
        ["--list", "pres"],
    ),
}
"""How somebody may be put on a list by a file: its name, what it holds, and options."""


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("tried", [["--dry-run"], []], ids=["a dry run", "for good"])
def test_no_file_makes_a_mistyped_list(  # type: ignore[no-untyped-def] # a command
    do, services: Services, tmp_path: Path, door: tuple[str, str, list[str]], tried: list[str]
) -> None:
    name, text, options = door
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match="no list 'pres'; did you mean press"):
        do("import", str(tmp_path / name), *options, *tried)
    with services.store.read() as tx:
        assert tx.readers.list_names() == ["events", "press"]
        assert tx.readers.find("x@example.org") is None
    do("import", str(tmp_path / name), *options, *tried, "--create-list")
