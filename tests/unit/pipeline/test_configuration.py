"""A process whose settings are not those of the running service approves and starts nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.errors import Refused
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.ledger import ConfigurationCheck
from tests.rows import rows
from tests.unit.pipeline.newsroom import Newsroom


def use(
    room: Newsroom, *, on_disk: str = "", runs: Callable[[], bool] = lambda: False
) -> ConfigurationCheck:
    room.configuration = ConfigurationCheck(
        digest=lambda: "ours", changed_on_disk=lambda: on_disk, is_service_running=runs
    )
    return room.configuration


def note(room: Newsroom, configuration: str, name: str = "a") -> None:
    with room.store.begin() as tx:
        tx.running_service.replace_note(configuration, name)


def objection(room: Newsroom) -> str:
    with room.store.read() as tx:
        return room.configuration.mismatch(tx)


@rows(
    ("noted", "runs", "on_disk", "expected"),
    [
        ("ours", True, "", ""),
        ("ours", True, "changed", ""),  # this process, or one like it, is what sends
        ("another", True, "", "the running service was started with other settings"),
        ("another", False, "", ""),  # it ended without a word
        ("another", False, "changed", "changed"),
        ("", True, "changed", "changed"),
        ("", True, "", ""),
    ],
)
def test_the_running_service_decides_and_where_none_runs_the_disk(
    room: Newsroom, noted: str, runs: bool, on_disk: str, expected: str
) -> None:
    use(room, on_disk=on_disk, runs=lambda: runs)
    with room.store.begin() as tx:
        tx.running_service.remove_note("a")
    if noted:
        note(room, noted)
    found = objection(room)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


def test_a_note_is_replaced_and_removed_by_its_own_process_alone(room: Newsroom) -> None:
    use(room, runs=lambda: True)
    note(room, "another", "a")
    note(room, "ours", "b")
    with room.store.begin() as tx:
        tx.running_service.remove_note("a")
    assert not objection(room)
    note(room, "another", "c")
    with room.store.begin() as tx:
        tx.running_service.remove_note("c")
        assert not tx.running_service.configuration()


def test_what_the_service_would_not_send_is_neither_approved_nor_started(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.subscribe(3)
    room.write_and_look()
    use(room, runs=lambda: True)
    note(room, "another")
    for override in (False, True):
        with pytest.raises(Refused, match="restart the service, then try again"):
            room.approve("ada@forum.example", override=override, despite="a test")
    with room.store.begin() as tx:
        assert tx.approvals.list_for("resignation") == []
    note(room, "ours")
    seen = room.approve().content_hash
    note(room, "another")
    request = StartRequest(
        slug="resignation", by="sam@forum.example", seen=seen, shown=room.terms()
    )
    with pytest.raises(Refused, match="restart the service"):
        room.starter().start(request)
    note(room, "ours")
    assert room.starter().start(request).count == 3
