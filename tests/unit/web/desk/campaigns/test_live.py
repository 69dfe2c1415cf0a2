"""Live figures come as a stream: one look a second for all who watch, and an end."""

import json

import anyio
import pytest

from newsletter.web.desk.campaigns.live import LiveFigures


def test_all_who_look_share_one_look_a_second() -> None:
    looks: list[int] = []

    def read(number: int) -> dict[str, object]:
        looks.append(number)
        return {"state": "sending", "handed": len(looks)}

    live = LiveFigures(read)
    assert [live.get(1)["handed"] for _ in range(20)] == [1] * 20
    assert live.get(2)["handed"] == 2
    for number in range(3, 110):
        live.get(number)
    assert looks == [*range(1, 110)]


@pytest.mark.slow("a stream has an event a second")
def test_a_stream_goes_on_until_the_sending_is_over() -> None:
    states = iter(["sending", "sent"])
    live = LiveFigures(lambda _: {"state": next(states)})

    async def read() -> list[str]:
        response = live.stream(1)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        return [part async for part in live._events(1)]

    retry, first, last = anyio.run(read)
    assert retry == "retry: 500\n\n"
    assert [json.loads(part.removeprefix("data: ")) for part in (first, last)] == [
        {"state": "sending"},
        {"state": "sent"},
    ]
