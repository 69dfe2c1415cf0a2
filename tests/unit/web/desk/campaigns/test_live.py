"""Live figures come as a stream: one look a second for all who watch, and an end."""

import json

import anyio
import pytest

from newsletter.rendering.sentences import Language
from newsletter.web.desk.campaigns.live import LiveFigures

ENGLISH = Language(code="en")


def test_all_who_look_share_one_look_a_second_and_its_words() -> None:
    looks: list[int] = []

    def read(number: int) -> dict[str, object]:
        looks.append(number)
        return {"state": "sending", "handed": len(looks)}

    async def look(live: LiveFigures, numbers: list[int]) -> list[bytes]:
        found: list[bytes] = []

        async def one(number: int) -> None:
            found.append((await live.look(number, ENGLISH))[1])

        async with anyio.create_task_group() as group:
            for number in numbers:
                group.start_soon(one, number)
        return found

    live = LiveFigures(read)
    events = anyio.run(look, live, [1] * 20)
    assert len({id(event) for event in events}) == 1, "written once"
    assert json.loads(events[0].removeprefix(b"data: ")) == {"state": "sending", "handed": 1}
    anyio.run(look, live, [*range(2, 110)])
    assert sorted(looks) == [*range(1, 110)]


@pytest.mark.slow("a stream has an event a second")
def test_a_stream_goes_on_until_the_sending_is_over() -> None:
    states = iter(["sending", "sent"])
    live = LiveFigures(lambda _: {"state": next(states)})

    async def read() -> list[bytes]:
        response = live.stream(1, ENGLISH)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        return [part async for part in live._events(1, ENGLISH)]

    retry, first, last = anyio.run(read)
    assert retry == b"retry: 500\n\n"
    assert [json.loads(part.removeprefix(b"data: ")) for part in (first, last)] == [
        {"state": "sending"},
        {"state": "sent"},
    ]
