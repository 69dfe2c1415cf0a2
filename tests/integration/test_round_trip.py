"""Whatever is known of people comes back by an export and an import, to the letter."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from unicodedata import normalize

import pytest

from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.store.sql import Store
from newsletter.subscriber_files.csv_files import (
    Instructions,
    as_csv,
    escape_formula,
    unescape_formula,
)
from newsletter.subscriber_files.subscribers import PLAIN_FORMAT, read_people
from tests.fakes import NOON, store_in
from tests.imported import added, to_suppress

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
WORDS = [
    *("=1+1", "+49", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "＝1", "＠a"),
    *("'", "''", "'=x", "''=x", "'t Hooft", "O'Neil", "'' -", "' ="),
    *('"', '""', 'say "hi"', ",", ";", "a;b", "a,b", "|", "\\", "\\n", "a  b"),
    *("no", "~", "null", "012", "1e3", "2024-05-01", "true", "{a: b}", "[a]", "#c", "- d", "e: f"),
    *("'); DROP TABLE subscriber; --", "1 OR 1=1", "<script>alert(1)</script>"),
    *("&a", "*a", "!t", "%", "`", "? k", "<<", "👩‍🚀", "Zoë", "𝔘𝔫𝔦", "Ιωάννα", "李小龍"),
    *("محمد\u200f", "שלום", "a\u0301", "x\u200dy", "\u00a0", " "),
]
LOCAL_PARTS = [
    *("=cmd", "+a", "-b", "'c", "'=d", "o'neil", "{e}", "#f", "~", "!g", "&h", "*i", "%j", "|k"),
    *("`l", "null", "1e5", "no", "Ana+Tag", "Ünï", "用户", "δοκιμή", "пример", "K\u212a", "a=b"),
]
DOMAINS = [
    "example.org",
    "EXAMPLE.net",
    "exämple.org",
    "例子.广告",
    "xn--exmple-cua.com",
    "مثال.إختبار",
]
LISTS = ["press", "no", "events-2026", "42", "a_b"]
TAGS = ["vip", "board-member", "1e3", "null", "y"]
ZONES = ["", "Europe/Berlin", "America/New_York"]
LANGUAGES = ["", "es", "no", "pt-BR"]


def phrase(source: Random) -> str:
    """A text as each door takes it in: without blanks around it, and composed."""
    if source.random() < 0.3:
        return ""
    words = source.choices(WORDS, k=source.randint(1, 3))
    return normalize("NFC", source.choice(["", " "]).join(words).strip())


def some(source: Random, names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(source.sample(names, source.choice([0, 0, 1, 2]))))


def address(source: Random, number: int) -> str:
    local = f"{source.choice(LOCAL_PARTS)}{number}"
    return parse_address(f"{local}@{source.choice(DOMAINS)}")


def reader(source: Random, number: int) -> Entry:
    if source.random() < 0.1:
        return Entry(address=address(source, number), lists=())
    lists = some(source, LISTS)
    at = NOON + timedelta(microseconds=source.randrange(10**15))
    where = phrase(source)
    consent = Consent(source=where, at=source.choice([None, at])) if where else None
    pause = NOON + timedelta(milliseconds=source.randrange(10**12))
    return Entry(
        address=address(source, number),
        lists=lists,
        name=phrase(source),
        language=source.choice(LANGUAGES),
        timezone=source.choice(ZONES),
        consent=consent,
        place=phrase(source),
        tags=some(source, TAGS),
        paused_until=source.choice([None, pause]),
        left=tuple(name for name in some(source, LISTS) if name not in lists),
    )


def fill(store: Store, source: Random) -> None:
    people = [reader(source, number) for number in range(30)]
    gone = [one.address for one in people if source.random() < 0.4]
    suppressions = [address(source, 100 + number) for number in range(5)]
    reasons = list(SuppressionReason)
    with store.begin() as tx:
        tx.readers.upsert(people, NOON)
        tx.readers.suppress(
            [
                SuppressedEntry(address=one, reason=source.choice(reasons))
                for one in (*gone, *suppressions)
            ],
            NOON,
            "test",
        )
        tx.readers.erase(people[0].address, NOON)


@contextmanager
def opened(folder: Path, name: str, migrated: Path) -> Iterator[Store]:
    store = store_in(Path(shutil.copy(migrated, folder / f"{name}.db")))
    yield store
    store.close()


def known(store: Store) -> list[Any]:
    with store.read() as tx:
        people = [
            (replace(person, id=0), json.loads(consent)) for person, consent in tx.readers.stream()
        ]
        return [*people, *tx.readers.stream_suppressions()]


def exported(store: Store) -> str:
    with store.read() as tx:
        suppressions = tx.readers.stream_suppressions()
        return "".join(as_csv(tx.readers.stream(), suppressions))


def import_into(store: Store, path: Path) -> None:
    read = read_people(path, Instructions(kind=PLAIN_FORMAT))
    with store.begin() as tx:
        tx.readers.upsert(added(read), NOON)
        tx.readers.suppress(to_suppress(read), NOON, "import")


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(5, 10))]
)
def test_an_export_imported_elsewhere_gives_the_same_people(
    tmp_path: Path, migrated: Path, seed: int
) -> None:
    source = Random(seed)  # noqa: S311 - the same each time, which is the point
    path = tmp_path / "people.csv"
    encoding = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"][seed % 5]
    with opened(tmp_path, "here", migrated) as here, opened(tmp_path, "there", migrated) as there:
        fill(here, source)
        path.write_text(exported(here), encoding)
        import_into(there, path)

        assert known(there) == known(here)
        assert len(known(here)) == 29 + 5
        assert exported(there) == exported(here)
        import_into(here, path)
        assert known(there) == known(here), "and once more changes nothing"


def test_cve_2021_3188_no_cell_is_a_formula_and_each_comes_back() -> None:
    """phpList exported cells as they were; a name could run in the spreadsheet of the staff."""
    signs = ("'", " ", "a", *FORMULAS[:5], FORMULAS[6])
    cells = {"".join(each) for length in range(5) for each in product(signs, repeat=length)}
    for cell in cells:
        assert unescape_formula(escape_formula(cell)) == cell
        assert not escape_formula(cell).startswith(FORMULAS)
        assert not escape_formula(cell).lstrip().startswith(FORMULAS)
    assert len({escape_formula(cell) for cell in cells}) == len(cells) > 1_000


def test_apostrophes_that_guard_nothing_stay() -> None:
    for cell in ("'t Hooft", "'", "''", "'Abd al-Rahman", "it's = 1", ""):
        assert escape_formula(cell) == cell == unescape_formula(cell)
