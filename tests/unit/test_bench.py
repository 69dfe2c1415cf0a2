"""The benchmark itself: a run that did not reach each reader once must not count."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import departures, measuring, product, run
from bench.sink import in_python, sink
from tests.rows import rows

pytestmark = pytest.mark.slow("databases of some size")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@rows(
    ("reached", "complaint"),
    [
        ([0], "reached 1 recipients, 1 of them different"),
        ([0, 1, 1], "reached 3 recipients, 2 of them different"),
        ([0, 7], "reached 2 recipients, 2 of them different"),
    ],
)
def test_a_run_that_did_not_reach_each_reader_once_does_not_count(
    reached: list[int], complaint: str
) -> None:
    got = [product.address(number) for number in reached]
    with pytest.raises(SystemExit, match=complaint):
        run.check("it", got, 2)
    run.check("it", [product.address(number) for number in (1, 0)], 2)


def test_the_product_sends_from_a_copy_of_what_was_prepared(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    product.prepare(folder / "workspace", 2)
    shutil.copytree(folder / "workspace", folder / "run")
    with sink(in_python(), keep=folder) as target:
        monkeypatch.setenv(product.SINK_URL, target.url)
        product.run(folder / "run")
        run.check("the product", target.recipients(), 2)
    assert measuring.read(capsys.readouterr().out).phases.keys() >= {"hand over", "end to end"}


DEPARTED = """
CREATE TABLE subscription (subscriber_id, state);
CREATE TABLE delivery (subscriber_id, state);
CREATE TABLE batch (members, claimed_at, size, accepted, suppressed);
INSERT INTO subscription VALUES (1, 'ended'), (2, 'ended'), (3, 'ended');
INSERT INTO delivery VALUES (3, 'suppressed');
INSERT INTO batch VALUES ('[1, 3]', 5000, 2, 1, 1), ('[2]', 6000, 1, 1, 0);
"""


def departed(folder: Path, change: str = "") -> Path:
    path = folder / "newsletter.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(DEPARTED + change)
    return path


def answers(*seconds: float, status: int = 200) -> dict[int, departures.Answered]:
    return {
        number: departures.Answered(number=number, status=status, due=1.0, at=at)
        for number, at in enumerate(seconds, start=1)
    }


def test_whoever_left_after_their_batch_was_claimed_was_reached_in_time(folder: Path) -> None:
    assert departures.check(departed(folder), answers(5.1, 6.1, 4.0)) == 2


@pytest.mark.parametrize(
    ("change", "answered", "said"),
    [
        ("", answers(5.1, 5.9, 4.0), "1 were claimed after they had left"),
        ("", answers(5.1, 6.1, 4.0, status=303), r"answers were \[303\]"),
        ("", answers(5.1, 6.1, 4.0, 4.0), "3 are not 2 accepted and 1 suppressed"),
        ("UPDATE batch SET accepted = 0;", answers(5.1, 6.1, 4.0), "3 are not 0 accepted"),
        (
            "UPDATE subscription SET state = 'confirmed' WHERE subscriber_id = 2;",
            answers(5.1, 6.1, 4.0),
            "1 are still subscribed",
        ),
    ],
)
def test_whatever_is_not_right_about_departures_ends_the_benchmark(
    folder: Path, change: str, answered: dict[int, departures.Answered], said: str
) -> None:
    with pytest.raises(SystemExit, match=said):
        departures.check(departed(folder, change), answered)
