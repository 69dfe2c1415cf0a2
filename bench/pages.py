"""``python -m bench.pages``: every page and act of the desk in a large workspace.

For each number of statements a workspace is made, with ``--subscribers`` on its list and half as
many finished campaigns as statements. The last campaign went to all subscribers, and each delivery
has its event. The pages are those of the desk's routes, the acts those of its tests
(``tests/unit/web/desk/acting.py``), each asked for within this process, without a socket. Before an
act the workspace is as it was. The tables have the medians of milliseconds on the wall and of
CPU, and the number of SQL statements. ``--acts`` and ``--pages`` take a part of a route, to measure
those alone. Then follows the CPU of ``newsletter statement list``, a process each time. It ends
with an error if a page runs more SQL than with the fewest statements.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from bench.idle import prepare
from bench.measuring import circumstances
from bench.sink import ROOT
from newsletter.credentials.codes import hash_token
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Consent, Entry
from newsletter.runtime.services import open_workspace
from newsletter.web.pages import desk_routes
from tests.counting import counted
from tests.desk import STAFF, Staffed, address_of
from tests.fakes import FixedClock
from tests.pages import Answer, Forum, Kept
from tests.unit.web.desk.acting import EXAMPLES
from tests.unit.web.desk.deciding import CANARIES, Room
from tests.unit.web.desk.world import World

_REQUESTS, _ACTS = 7, 3
"""Requests of a page, and times that an act is done."""
_SETTINGS = """\
lists:
  - {name: press, title: Press releases, about: What we say in public.}
  - {name: events, title: Events, about: Where to meet us.}
approvals: {author_may_approve: false}
schedule: {undo_window: 5m, start: sender}
desk: {typed_count: 1000000000}
notices:
  - {kind: slack, name: press-room, url: "https://chat.example/secret"}
digests:
  - {name: weekly, title: The week, every: week, day: friday, at: "16:00", lists: [press]}
"""
_ELSEWHERE = {"/second": 303, "/second/set-up": 303, "/sign-in": 303, "/sign-in/back": 404}
"""Pages that a person who is signed in does not get, and their status."""
_MORE = (
    *("/statements?state=sent&page=5", "/statements?q=number+77", "/statements?q=nobody+wrote"),
    *("/statements?q=forum+said+sentences", "/statements?q=library+hours+members&state=sent"),
    *("/statements/{sent}", "/statements/{sent}/history", "/campaigns?page=5", "/audit?q=no-one"),
    *("/calendar?week=2026-11-24", "/readers?list=press", "/readers?state=suppressed"),
    *("/readers?state=left&since=2026-01-01", "/readers?list=press&language=es&origin=import"),
)
"""Pages once more, as other queries and other statements show them."""
# The last campaign, once more: a thousand readers a batch, and an event for each.
_BATCHES = """
INSERT INTO batch (campaign_id, no, members, state, size, pending, accepted, attempts, settled_at)
SELECT :campaign, id / 1000 + 1000, json_group_array(id), 'done', COUNT(*), 0, COUNT(*), 1,
    1700000000000 + id / 1000 * 60000
FROM subscriber GROUP BY id / 1000
"""
_STATUSES = """
INSERT INTO delivery_status (campaign_id, subscriber_id, kind, bounce, at, reason)
SELECT :campaign, id, CASE WHEN id % 100 THEN 'delivered' ELSE 'bounced' END,
    CASE WHEN id % 100 THEN '' WHEN id % 300 THEN 'hard' ELSE 'soft' END,
    1700000000000 + id * 20, '' FROM subscriber
UNION ALL
SELECT :campaign, id, 'complained', '', 1700000000000 + id * 20, '' FROM subscriber
WHERE id % 1001 = 0
"""
# A text of a page and a half, as statements have it.
_LONGER = "UPDATE statement SET sought = sought || :more"
_TEXT = " the library opens at nine, and its members ask for longer hours." * 50


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The medians of some requests, in milliseconds, and the SQL statements of one."""

    wall: float
    cpu: float
    sql: int

    def __str__(self) -> str:
        return f"{self.wall:.0f} | {self.cpu:.0f} | {self.sql}"


def main() -> None:
    """Measure each size, and print the tables."""
    options = _options()
    people = f"{options.subscribers:,} subscribers"
    print(circumstances(people, f"medians of {_REQUESTS}, of {_ACTS} for acts"), "\n")
    pages: dict[int, dict[str, Cost]] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
            prepare(Path(made), size, size // 2, _SETTINGS)
            with _opened(Path(made), options.subscribers) as kept:
                pages[size] = dict(_pages(World(room=Room(Staffed(site=kept.again()))), options))
                if size == options.sizes[-1]:
                    acts = dict(_acts(kept, options.acts))
            listed = median(_list(Path(made)) for _ in range(3))
            print(f"`statement list` with {size:,}: {listed:.2f} s of CPU\n", flush=True)
    _print_tables(pages, acts)
    first = pages[options.sizes[0]]
    if grown := [path for one in pages.values() for path in one if one[path].sql > first[path].sql]:
        raise SystemExit(f"more SQL with more statements: {', '.join(grown)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[500, 2000], help="statements")
    parser.add_argument("--subscribers", type=int, default=500_000)
    parser.add_argument("--pages", default="", metavar="PART")
    parser.add_argument("--acts", default="", metavar="PART")
    return parser.parse_args()


def _print_tables(pages: Mapping[int, Mapping[str, Cost]], acts: Mapping[str, Cost]) -> None:
    heads = " | ".join(f"ms, {size:,} statements | CPU | SQL" for size in pages)
    print(f"| page | {heads} |\n|---|{'--:|' * 3 * len(pages)}")
    for path in next(iter(pages.values())):
        print(f"| {path or '/'} | {' | '.join(str(one[path]) for one in pages.values())} |")
    print("\n| act | ms | CPU | SQL |\n|---|--:|--:|--:|")
    for name, cost in acts.items():
        print(f"| {name} | {cost} |")


@contextmanager
def _opened(folder: Path, subscribers: int) -> Iterator[Kept]:
    """The prepared workspace with its staff, subscribers and the events of the last campaign."""
    clock = FixedClock(datetime.now(UTC).replace(hour=12))
    with open_workspace(folder, {}, clock=clock) as services:
        services.delivery.guard().begin()
        site = Forum(services=services, folder=folder, clock=clock)
        consent, now = Consent(source="web form", at=clock.now()), clock.now()
        numbered = (f"reader{number}@readers.example" for number in range(subscribers))
        with services.store.begin() as tx:
            for name, role in STAFF.items():
                tx.staff.put(address_of(name), role, now)
            for addresses in (CANARIES, numbered):
                person = partial(Entry, lists=("press",), consent=consent)
                tx.readers.upsert((person(address=one) for one in addresses), now)
            campaign = tx.campaigns.list_newest(1)[0]
            tx.db.change("DELETE FROM batch WHERE campaign_id = :campaign", campaign=campaign.id)
            tx.db.change(_BATCHES, campaign=campaign.id)
            tx.db.change(_STATUSES, campaign=campaign.id)
            tx.db.change(_LONGER, more=_TEXT)
        services.tick.run()
        yield Kept(site)


def _example(world: World, route: str) -> Answer:
    """Do the first example of an act."""
    return next(one for one in EXAMPLES if one.route == route).ready(world)()


def _places(world: World) -> dict[str, str]:
    """Route → its address, for those that take another than others; and what others are about."""
    now, text, dan = world.site.clock.now(), world.submitted(), address_of("dan")
    with world.site.services.store.begin() as tx:
        sent = tx.campaigns.list_newest(1)[0]
    lost = world.lost().id
    _example(world, "/readers/import/{number}")
    uploaded = _example(world, "/readers/import").headers["location"].removeprefix("/desk")
    _example(world, "/drafts/{key}/translate")
    reader = str(world.site.rows("SELECT MAX(id) / 2 FROM subscriber")[0][0])
    waiting, approved, going = world.submit_text(), world.approved(), world.sending().id
    with world.site.services.store.begin() as tx:
        translation = tx.board.list_unsubmitted(limit=1)[0].key
        digest = tx.statements.find([waiting])[0].content_hash
        tx.accounts.open(dan, "", now)
        tx.accounts.change(dan, feed=hash_token("calendar"), pending="00" * 20)
        tx.accounts.confirm_factor(dan, 0, now)
    return {
        "slug": waiting,
        "sent": sent.slug,
        "digest": digest,
        "name": "weekly",
        "id": str(sent.id),
        "key": text.key,
        "number": reader,
        "reader": reader,
        "address": address_of("ana"),
        "/statements/{slug}/start": f"/statements/{approved}/start",
        "/campaigns/{id}/cancel": f"/campaigns/{going}/cancel",
        "/campaigns/{id}/unknown": f"/campaigns/{lost}/unknown",
        "/readers/import/{number}": uploaded,
        "/readers/import/{number}/undo": "/readers/import/1/undo",
        "/drafts/{key}/versions/{number}": f"{text.at}/versions/{text.draft.version.number}",
        "/drafts/{key}/translate": f"/drafts/{translation}/translate",
        "/calendar/{word}.ics": "/calendar/calendar.ics",
        "/invitation/{word}": f"/invitation/{world.link(Role.WRITER)}",
    }


def _pages(world: World, options: argparse.Namespace) -> Iterator[tuple[str, Cost]]:
    """Yield each page that a route has, and others, with the cost of one request."""
    places, dan = _places(world), world.as_("dan")
    routes = [one.path for one in desk_routes(world.site.services) if one.method == "GET"]
    for route in (*routes, *_MORE):
        if options.pages in route:
            path = places.get(route) or route.replace(":path", "").format(**places)
            ask = partial(dan.get, path)
            status = _ELSEWHERE.get(route, 200)
            _, *costs = [_cost(path, ask, status) for _ in range(_REQUESTS + 1)]
            yield route, _median(costs)


def _acts(kept: Kept, part: str) -> Iterator[tuple[str, Cost]]:
    """Yield each act with its cost, done in the workspace as it was kept."""
    for number, example in enumerate(EXAMPLES):
        if part not in example.route:
            continue
        costs = []
        for _ in range(_ACTS):
            world = World(room=Room(Staffed(site=kept.again())))
            world.as_("dan").get("")  # the first request opens the database
            costs.append(_cost(example.route, example.ready(world), 200, 303))
        is_repeated = any(one.route == example.route for one in EXAMPLES[:number])
        name = f", {example.ready.__name__.strip('_')}" if is_repeated else ""
        yield example.route + name, _median(costs)


def _cost(what: str, ask: Callable[[], Answer], *expected: int) -> Cost:
    with counted() as statements:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = ask()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert answer.status in expected, (what, answer.status, answer.headers, answer.text[:2000])
    return Cost(wall=wall * 1000, cpu=cpu * 1000, sql=len(statements))


def _median(costs: Sequence[Cost]) -> Cost:
    wall, cpu = (median(getattr(one, name) for one in costs) for name in ("wall", "cpu"))
    return Cost(wall=wall, cpu=cpu, sql=costs[0].sql)


def _list(workspace: Path) -> float:
    """Return the seconds of CPU that the command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "newsletter", "statement", "list"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
