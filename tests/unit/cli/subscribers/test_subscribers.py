"""``subscribers list`` and ``add``: who is there, and one more of them, but nobody who left."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.cli.subscribers.subscribers import subscribers
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.runtime.services import Services
from newsletter.runtime.wiring import opened
from tests.fakes import NOON
from tests.workspaces import plain_workspace


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with opened(plain_workspace(tmp_path), {}) as services:
        with services.store.begin() as tx:
            people = [
                Entry(address="ana@example.org", name="Ana Ruiz", lists=("press",)),
                Entry(address="bo@example.net", name="Bo 100%", lists=("press", "events")),
                Entry(address="cy@example.com", lists=("events",)),
            ]
            tx.readers.upsert(people, NOON)
            tx.readers.end_subscriptions(3, ["events"], NOON, 1)
            gone = SuppressedEntry(address="bo@example.net", reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([gone], NOON, "test")
            tx.choices.pause(1, NOON.replace(year=2099))
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
    with pytest.raises(NotFound, match="did you mean 'press'"):
        do("list", "--list", "pres")


def test_adding_puts_a_person_on_a_list_with_the_consent_noted(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    added, _ = do("add", "di@example.org", "--list", "press", "--name", "Di", "--json")
    assert (added["new"], added["joined"], added["lists"]) == (True, ["press"], ["press"])
    again, _ = do("add", "DI@example.org", "--list", "press", "--json")
    assert (again["new"], again["joined"]) == (False, [])
    assert "already" in do("add", "di@example.org", "--list", "press")[1]
    assert "is on events now" in do("add", "di@example.org", "--list", "events")[1]
    with services.store.read() as tx:
        [(_, consent)] = [one for one in tx.readers.all() if one[0].address == "di@example.org"]
        assert "added by operator" in consent
        assert tx.audit.newest(1)[0].action == "add"


def test_adding_never_brings_anybody_back(do, services: Services) -> None:  # type: ignore[no-untyped-def] # a command
    for address, why in (
        ("cy@example.com", "unsubscribed from events"),
        ("bo@example.net", "bounced"),
    ):
        with pytest.raises(Refused, match=why):
            do("add", address, "--list", "events")
    with services.store.read() as tx:
        assert tx.readers.audience(["events"]) == 0


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


def test_a_mistyped_list_is_not_made(do) -> None:  # type: ignore[no-untyped-def] # a command
    with pytest.raises(NotFound, match="did you mean 'press'"):
        do("add", "di@example.org", "--list", "pres")
