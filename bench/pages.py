"""``python -m bench.pages``: the desk's pages and ``statement list`` in a large workspace.

For each number of statements a workspace is made, with ``--subscribers`` on its list and half as
many finished campaigns as statements. The last campaign went to all subscribers, and each delivery
has its event. Each page is asked for within this process, without a socket; the
search finds no one, so that it reads all. The table has a line a
page: for each size the median CPU of a request in milliseconds and the number of its SQL
statements; then the CPU of ``newsletter statement list``, a process each time. It ends with
an error if a page runs more SQL than with the fewest statements.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.idle import prepare
from bench.measuring import circumstances
from bench.sink import ROOT
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.subscribers.audience import Consent, Entry
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.wiring import open_workspace
from tests.counting import counted
from tests.desk import STAFF, Signed, Staffed, address_of
from tests.pages import Forum

_REQUESTS = 7
_PAGES = {
    "Home": "",
    "statements": "/statements",
    "statements, sent, page 5": "/statements?state=sent&page=5",
    "search": "/statements?q=number+77",
    "search, of what nobody wrote": "/statements?q=nobody+wrote",
    "statement": "/statements/{last}",
    "statement that was sent": "/statements/{sent}",
    "history": "/statements/{sent}/history",
    "review": "/statements/{last}/review",
    "start": "/statements/{last}/start",
    "report": "/campaigns/{campaign}",
    "comparison": "/campaigns",
    "report as CSV": "/campaigns/{campaign}/report.csv",
    "who did not get it": "/campaigns/{campaign}/people",
    "correct or withdraw": "/campaigns/{campaign}/amend",
    "calendar": "/calendar",
    "editor": "/drafts/{draft}/edit",
    "versions": "/drafts/{draft}/versions",
    "readers": "/readers",
    "readers, search": "/readers q=no-one",
    "a reader": "/readers/77777",
    "staff": "/staff",
    "audit": "/audit",
    "audit, search": "/audit?q=no-one",
    "account": "/account",
    "stop": "/stop",
}
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


def main() -> None:
    """Measure each size, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[500, 2000], help="statements")
    parser.add_argument("--subscribers", type=int, default=500_000)
    options = parser.parse_args()
    print(circumstances(f"{options.subscribers:,} subscribers", f"medians of {_REQUESTS}"), "\n")
    found: list[dict[str, tuple[float, int]]] = []
    listed: list[float] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
            prepare(Path(made), size, size // 2)
            found.append(_measure(Path(made), options.subscribers))
            listed.append(median(_list(Path(made)) for _ in range(3)))
    print(f"| page | {' | '.join(f'{size:,} statements' for size in options.sizes)} |")
    print(f"|---|{'--:|' * len(options.sizes)}")
    for name in _PAGES:
        cells = [f"{cpu:.1f} ms ({sql} SQL)" for cpu, sql in (each[name] for each in found)]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"| `statement list` | {' | '.join(f'{seconds:.2f} s' for seconds in listed)} |")
    first = found[0]
    if grown := [name for name in _PAGES if any(one[name][1] > first[name][1] for one in found)]:
        raise SystemExit(f"more SQL with more statements: {', '.join(grown)}")


def _measure(workspace: Path, subscribers: int) -> dict[str, tuple[float, int]]:
    """Page → (milliseconds of CPU, SQL statements) of one request."""
    clock = SystemClock()
    with open_workspace(workspace, {}) as services:
        consent = Consent(source="web form", at=clock.now())
        with services.store.begin() as tx:
            tx.readers.upsert(
                (
                    Entry(
                        address=f"reader{number}@readers.example", lists=("press",), consent=consent
                    )
                    for number in range(subscribers)
                ),
                clock.now(),
            )
            for name, role in STAFF.items():
                tx.staff.put(address_of(name), role, clock.now())
            statements, campaign = tx.statements.all(), tx.campaigns.list_newest(1)[0]
            tx.db.change(_BATCHES, campaign=campaign.id)
            tx.db.change(_STATUSES, campaign=campaign.id)
            tx.db.change("ANALYZE")
        text = DraftText(title="Opening hours", body="The library opens at nine.\n\n" * 20)
        draft = services.statements.writer(address_of("ana")).new(text)
        site = Forum(services=services, folder=workspace, clock=clock)  # type: ignore[arg-type]
        dan = Staffed(site=site).as_("dan", fresh=True)
        names = {"last": statements[-1].slug, "sent": campaign.slug}
        places = names | {"campaign": str(campaign.id), "draft": draft.key}
        return {name: _ask(dan, path.format(**places)) for name, path in _PAGES.items()}


def _ask(member: Signed, path: str) -> tuple[float, int]:
    seconds = []
    for _ in range(_REQUESTS):
        with counted() as statements:
            before = time.process_time()
            place, _, words = path.partition(" q=")
            answer = member.post(place, {"q": words}) if words else member.get(place)
            seconds.append(time.process_time() - before)
        assert answer.status == 200, (path, answer.status)
    return median(seconds) * 1000, len(statements)


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
