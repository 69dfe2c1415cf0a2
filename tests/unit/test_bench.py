"""The benchmark itself: a sink that miscounts would make every figure in the docs worthless."""

import http.client
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench import departures, measuring, moving, product, run
from bench.others import kept, variables
from bench.sink import Program, Sink, addresses, compiled, in_python, sink
from newsletter.subscriber_files.subscribers import read_subscribers
from tests.rows import rows

pytestmark = pytest.mark.slow("databases of some size")

READERS = ["ana@readers.example", "bo@readers.example"]
PART = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
FORM = "".join(
    f"--edge\r\n{PART.format(name, value)}"
    for name, value in [
        ("from", "news@forum.example"),
        ("to", ", ".join(READERS)),
        ("recipient-variables", json.dumps({READERS[0]: {"u": "x"}})),
    ]
)


@pytest.fixture(scope="module", params=["c", "python"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    if request.param == "python":
        return in_python()
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    return compiled(tmp_path_factory.mktemp("sink"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def target(program: Program, folder: Path) -> Iterator[Sink]:
    with sink(program, keep=folder) as started:
        yield started


def post(target: Sink, body: str, kind: str) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=5)
    connection.request("POST", "/v3/forum.example/messages", body, {"Content-Type": kind})
    said: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return said


@rows("form", moving.FORMS)
def test_the_people_that_are_moved_fill_every_column_but_the_pause(
    tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"people.{form}"
    moving.write(path, 1_000)
    read = read_subscribers(path, progress=lambda _: None)

    assert len({entry.address for entry in read.entries}) == 1_000
    assert len(list(read.suppressed)) == 100
    for entry in read.entries:
        empty = {name for name, value in vars(entry).items() if not value}
        assert empty == {"paused_until"}


def test_the_sink_keeps_each_recipient_of_both_kinds_of_form(target: Sink) -> None:
    multipart = f"{FORM}--edge--\r\n"
    urlencoded = urlencode({"to": READERS, "html": "write to=us@forum.example &"}, doseq=True)
    first = post(target, multipart, "multipart/form-data; boundary=edge")
    second = post(target, urlencoded, "application/x-www-form-urlencoded")
    third = post(target, f"subject=x&{urlencoded}", "application/x-www-form-urlencoded")
    assert target.recipients() == READERS * 3
    assert target.figures() == {
        "calls": 3,
        "bytes": len(multipart) + 2 * len(urlencoded) + len("subject=x&"),
    }
    assert first["message"] == "Queued. Thank you."
    assert len({first["id"], second["id"], third["id"]}) == 3


def test_a_call_in_many_pieces_is_one_call(target: Sink) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=5)
    for _ in range(2):
        connection.putrequest("POST", "/v3/x")
        connection.putheader("Content-Length", str(8 + 200_000))
        connection.endheaders()
        for piece in (b"t", b"o=a%40b&", b"x" * 100_000, b"y" * 99_999):
            connection.send(piece)
        assert json.loads(connection.getresponse().read())["id"]
    connection.close()
    assert target.recipients() == ["a@b", "a@b"]


def test_what_the_sink_kept_can_be_made_again(target: Sink, folder: Path) -> None:
    body = f"{FORM}--edge--\r\n"
    post(target, body, "multipart/form-data; boundary=edge")
    [call] = kept(folder)
    assert call.path == "/v3/forum.example/messages"
    assert call.body.decode() == body
    assert call.fields()["from"] == "news@forum.example"
    assert variables(call.fields()) == {READERS[0]: {"u": "x"}}


def test_the_sink_ends_with_whoever_started_it(program: Program) -> None:
    with sink(program) as started:
        assert started.figures()["calls"] == 0
    with pytest.raises(ConnectionRefusedError):
        started.figures()


def test_an_address_is_read_in_either_encoding() -> None:
    assert addresses(b"ma@x, b@x\nuc%2Bd%40x\n") == ["a@x", "b@x", "c+d@x"]


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
