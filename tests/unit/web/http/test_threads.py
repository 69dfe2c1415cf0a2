"""Each kind of request has threads of its own."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.web.http.threads import Lane, Lanes
from newsletter.web.pages import make
from tests.desk import desk
from tests.pages import Answer, Forum, forum
from tests.rows import rows


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    heard = {"kind": "postmark", "server_token": "x", "webhook_key": "user:password"}
    with forum(tmp_path, database=migrated, provider=heard) as site:
        yield site


def test_what_one_lane_runs_waits_for_no_other() -> None:
    async def asked() -> list[int]:
        busy, free, over = Lane(1), Lane(1), threading.Event()
        waiting = [asyncio.create_task(busy.run(over.wait)) for _ in range(3)]
        done = [await free.run(int, number) for number in "12"]
        assert not any(task.done() for task in waiting)
        over.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        return done

    assert asyncio.run(asked()) == [1, 2]


@rows(
    ("taken", "path"),
    [("desk", "/desk/sign-in"), ("sign_in", "/desk/account"), ("uploads", "/desk/account")],
)
def test_who_stands_before_the_desk_and_who_is_at_it_wait_for_each_other_not(
    tmp_path: Path, migrated: Path, taken: str, path: str
) -> None:
    with desk(tmp_path, database=migrated) as staffed:
        lanes, over = Lanes(), threading.Event()
        staffed.site.pages = make(staffed.site.services, lanes)
        cookie = {"Cookie": f"__Host-desk={staffed.as_('ana').cookie}"}

        async def asked() -> Answer:
            waiting = [asyncio.create_task(getattr(lanes, taken).run(over.wait)) for _ in range(24)]
            await asyncio.sleep(0.01)
            answer = await staffed.site._ask("GET", path, cookie, b"", "203.0.113.7")
            over.set()
            await asyncio.gather(*waiting)
            return answer

        assert asyncio.run(asyncio.wait_for(asked(), 60)).status in {200, 303}


def test_uploads_and_the_desk_take_no_thread_of_readers_providers_or_monitoring(
    site: Forum,
) -> None:
    """Every thread for uploads, the desk and public pages is taken, and stays so."""
    lanes, over = Lanes(), threading.Event()
    site.pages = make(site.services, lanes)
    site.subscribe("ana@example.org")

    async def asked() -> list[int]:
        taken = [lanes.uploads] * 12 + [lanes.desk, lanes.readers] * 8
        waiting = [asyncio.create_task(lane.run(over.wait)) for lane in taken]
        await asyncio.sleep(0.01)
        link = site.unsubscribe_link(1)
        paths = [("POST", link), ("POST", "/webhooks/postmark"), ("GET", "/healthz")]
        answers = [await site._ask(*one, {}, b"", "203.0.113.7") for one in paths]
        assert not any(task.done() for task in waiting)
        over.set()
        await asyncio.gather(*waiting)
        return [answer.status for answer in answers]

    assert asyncio.run(asked()) == [200, 401, 200]


@rows(("taken", "size"), [("webhooks", 100_000), ("large_webhooks", 100)])
def test_posts_of_many_events_and_posts_of_few_wait_for_each_other_not(
    site: Forum, taken: str, size: int
) -> None:
    lanes, over = Lanes(), threading.Event()
    site.pages = make(site.services, lanes)

    async def asked() -> Answer:
        waiting = [asyncio.create_task(getattr(lanes, taken).run(over.wait)) for _ in range(16)]
        await asyncio.sleep(0.01)
        answer = await site._ask("POST", "/webhooks/postmark", {}, b"x" * size, "203.0.113.7")
        over.set()
        await asyncio.gather(*waiting)
        return answer

    assert asyncio.run(asyncio.wait_for(asked(), 60)).status == 401
