"""Writes that others cause: events of providers, unsubscribes, sign-ups and imports.

``python -m bench.writes`` prints CPU of the store and the stages, without HTTP, and as a multiple
of a bare commit of SQLite in the same run: a busy machine slows both.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from bench.measuring import circumstances
from newsletter.domain.events import Event, EventKind
from newsletter.domain.subscribers.signup import SignUp
from newsletter.pipeline.events.record import record
from newsletter.pipeline.subscribers.choose import LeaveLink, leave
from newsletter.pipeline.subscribers.imports import ImportPlan, run_import
from newsletter.pipeline.subscribers.join import ShownConsent, SignUpRequest, ask
from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.contracts.books import Books, entries
from tests.fakes import NOON, WORKSPACE, FixedClock, chain_of, hash_address

_READERS = 12_000
_ATTEMPT = "bench{}"
_SHOWN = ShownConsent(words="Yes, send me news.", language="en", wording="")


def main() -> None:
    """Measure, and print the table."""
    print(circumstances("CPU of the process"), "\n")
    print("| what | each transaction | CPU µs each | a second of CPU | bare commits each |")
    print("|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        path = Path(folder) / "newsletter.db"
        with closing(Sqlite(path)) as database:
            ensure_current(database)
            store = Store(
                database, hash_address=hash_address, chain=chain_of(path), clock=FixedClock()
            )
            books = Books(store, _READERS, batch_size=1_000)
            number = 0
            while claimed := books.try_claim(NOON, _ATTEMPT.format(number)):
                books.settle(claimed)
                number += 1
            bare = 0.0
            for what, together, times, work in _work(database, store, books):
                began = time.process_time()
                for place in range(times):
                    work(place)
                each = (time.process_time() - began) / (times * together)
                bare = bare or each
                cells = (f"{together:,}", f"{each * 1e6:,.1f}", f"{1 / each:,.0f}")
                print(f"| {what} | {' | '.join(cells)} | {each / bare:.2f} |", flush=True)


def _work(
    database: Sqlite, store: Store, books: Books
) -> Iterator[tuple[str, int, int, Callable[[int], object]]]:
    """Yield the subject, its number in a transaction, the transactions, and one of them."""

    def commit(place: int) -> None:
        with database.transaction() as db:
            db.put("meta", "key", key="bench", value=str(place))

    def tell(kind: EventKind, first: int, many: int) -> None:
        events = [
            Event(
                id=f"{kind.value} {number}",
                kind=kind,
                at=NOON,
                address=f"reader{number}@example.org",
                attempt_id=_ATTEMPT.format((number - 1) // 1_000),
                subscriber_id=number,
                campaign="resignation",
                raw="{}",
            )
            for number in range(first, first + many)
        ]
        record(events, provider="recording", workspace=WORKSPACE, store=store)

    def end(first: int, many: int) -> None:
        numbers = range(first, first + many)
        leave([LeaveLink(campaign_id=books.id, subscriber_id=n) for n in numbers], store=store)

    def join(place: int) -> None:
        wish = SignUp(address=f"new{place}@example.org", name="", lists=("press",))
        network = f"10.{place // 250}.{place % 250}.0/24"
        one = SignUpRequest(wish=wish, consent=_SHOWN, source="page", network=network)
        ask([one], store=store)

    def bring(place: int) -> None:
        people = [("", one) for one in entries(250, start=1_000_000 + 250 * place)]
        plan = ImportPlan(file="a.csv", kind="plain", sha256="", by="ada", declared=("press",))
        run_import(people, plan, store=store)

    yield "a bare commit", 1, 1_000, commit
    yield "webhook, one event", 1, 500, lambda place: tell(EventKind.DELIVERED, place + 1, 1)
    yield (
        "webhook, deliveries",
        1_000,
        9,
        lambda n: tell(EventKind.DELIVERED, 1_001 + 1_000 * n, 1_000),
    )
    yield "webhook, opens", 1_000, 9, lambda n: tell(EventKind.OPENED, 1_001 + 1_000 * n, 1_000)
    yield "unsubscribe", 1, 1_000, lambda place: end(place + 1, 1)
    yield "unsubscribe, at once", 10, 500, lambda place: end(1_001 + 10 * place, 10)
    yield "sign-up", 1, 1_000, join
    yield "import", 250, 20, bring


if __name__ == "__main__":
    main()
