"""The wording of pages before a decision, and after it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.web.desk.deciding import describe_error
from tests.desk import words
from tests.rows import rows
from tests.unit.web.desk.deciding import room
from tests.unit.web.desk.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[World]:
    with room(tmp_path_factory.mktemp("words"), migrated) as found:
        yield World(room=found)


def of_statement(ready: Callable[[World], str], page: str = "") -> Callable[[World], str]:
    return lambda world: f"/statements/{ready(world)}{page}"


def undone(world: World) -> str:
    slug = world.started()
    answer = world.as_("cleo").post(f"/statements/{slug}/undo")
    return answer.headers["location"].removeprefix("/desk")


def unknown(world: World) -> str:
    return f"/campaigns/{world.lost().id}/unknown"


SAID: list[tuple[Callable[[World], str], str, list[str]]] = [
    (
        of_statement(World.submit_text, "/review"),
        "ben",
        [
            "Your approval is for this text alone. If one letter changes, it no longer counts.",
            "Approve this text",
            "What should change?",
        ],
    ),
    (
        of_statement(World.submit_text, "/review"),
        "dan",
        ["Two admins can stand in for an approval that is missing. Each gives a reason"],
    ),
    (
        of_statement(World.approved, "/start"),
        "cleo",
        [
            "Send to 12 people?",
            "Send to 12 people Cancel",
            "Anyone who subscribes before it leaves gets it too.",
        ],
    ),
    (of_statement(World.approved), "vera", ["Approved by Ben. No sender has started it."]),
    (undone, "cleo", ["Undone. No one got it. It stays approved."]),
    (
        unknown,
        "dan",
        [
            "For 7 people it is unknown whether Outbox took the email. Look in its log",
            "It has them Nothing more is sent.",
            "It has none of them They are sent it again. If that is wrong, they get it twice.",
            "I can't tell They are left as they are: they may have it or not.",
            "Decide for 7 people",
        ],
    ),
    (
        lambda world: "/stop",
        "cleo",
        [
            "Stop all sending?",
            "Calls to the provider that are under way end and are recorded. Campaigns keep their"
            " place and go on when you resume. Sign-up emails wait too.",
            "Why?",
        ],
    ),
]


@rows(["ready", "name", "said"], SAID)
def test_a_page_says_this_word_for_word(
    world: World, ready: Callable[[World], str], name: str, said: list[str]
) -> None:
    shown = words(world.as_(name).get(ready(world)))
    assert [one for one in said if one not in shown] == [], shown


def test_an_error_says_no_command_and_no_address() -> None:
    names = {"ana@forum.example": "Ana Ruiz"}
    errors = (
        "it has begun; 'newsletter cancel 2' ends it",
        "'newsletter resume 2'",
        "ask ana@forum.example or ben@readers.example",
    )
    assert [describe_error(error, names) for error in errors] == [
        "It has begun.",
        "",
        "Ask Ana Ruiz or somebody.",
    ]
