"""A reader who leaves during a campaign gets only messages that were claimed before."""

import json
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from newsletter.config import environment
from newsletter.runtime.services import Services, open_workspace
from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, readers, wait_until

PEOPLE = readers(1500)
BATCH = 10
LEAVING = 150
A_BATCH_FOR = 2
"""Leavings: half of all batches are out when the last of them is done, whatever that takes."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """Somebody has left, and this is what the books said after that was committed."""

    address: str
    queued: bool
    """No process had claimed their batch: it is claimed later."""


class Leaver:
    """Lets people leave, by the page or within the store, and looks at the books after each."""

    def __init__(self, services: Services, workspace: Workspace, site: Site) -> None:
        self._app = services
        self._database = workspace.database
        self._site = site
        with closing(sqlite3.connect(self._database)) as books:
            self._ids = dict(books.execute("SELECT address, id FROM subscriber").fetchall())
            batches = books.execute("SELECT id, members FROM batch").fetchall()
        self._batch = {one: number for number, members in batches for one in json.loads(members)}

    def by_the_page(self, address: str) -> Left:
        [token], _ = self._app.links.for_batch(1, [self._ids[address]])
        answer = self._site.ask("POST", f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        return self._look(address)

    def in_the_store(self, address: str) -> Left:
        with self._app.store.begin() as tx:
            tx.choices.leave(
                self._ids[address], ("press",), self._app.store.clock.now(), campaign_id=1
            )
        return self._look(address)

    def _look(self, address: str) -> Left:
        batch = self._batch[self._ids[address]]
        with closing(sqlite3.connect(self._database)) as books:
            state = books.execute("SELECT state FROM batch WHERE id = ?", (batch,)).fetchone()
        return Left(address=address, queued=state == ("queued",))


@pytest.fixture
def site(workspace: Workspace) -> Iterator[Site]:
    site = Site(workspace)
    yield site
    site.close()


def test_no_attempt_begins_for_anybody_who_has_left(
    workspace: Workspace, mailgun: PacedMailgun, site: Site
) -> None:
    workspace.use_mailgun(mailgun.url, batch_size=BATCH, concurrency=4)
    workspace.subscribe(PEOPLE)
    workspace.write_and_approve("news")
    mailgun.permits = permits = threading.Semaphore(0)
    chance = random.Random(20110921)  # noqa: S311 - a test that is the same each time
    leaving = chance.sample(PEOPLE, LEAVING)

    with open_workspace(workspace.folder, environment()) as services:
        running = workspace.start("run", "--until-idle")
        wait_until(lambda: mailgun.taken, describe=running.said)
        leaver = Leaver(services, workspace, site)
        ways: list[Callable[[str], Left]] = [leaver.by_the_page, leaver.in_the_store]

        def leave(numbered: tuple[int, str]) -> Left:
            left = ways[numbered[0] % 2](numbered[1])
            if numbered[0] % A_BATCH_FOR == 0:
                permits.release()
            return left

        with ThreadPoolExecutor(3) as pool:
            left = list(pool.map(leave, enumerate(leaving)))
        permits.release(len(PEOPLE))
        assert running.finish().code == 0

    check(workspace, mailgun, left)


def check(workspace: Workspace, mailgun: PacedMailgun, left: list[Left]) -> None:
    taken = mailgun.counted()
    in_time = {one.address for one in left if one.queued}
    spared = set(PEOPLE) - taken.keys()
    assert len(in_time) >= LEAVING // 3
    assert set(taken.values()) == {1}
    # a batch that was claimed between the leaving and the look at the books spares its leaver too
    assert in_time <= spared <= {one.address for one in left}
    assert len(spared) < len(left), "nobody left while their message was on its way or out"
    report: dict[str, Any] = workspace.report("news")
    assert report["suppressed"] == len(spared)
    assert report["accepted"] == len(taken)
    assert report["unsubscribed"] == len(left)
