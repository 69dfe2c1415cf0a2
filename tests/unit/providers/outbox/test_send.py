"""The embedded provider: files, the journal, and what a crash leaves."""

import email
import email.policy
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest

from newsletter.domain.delivery.batch import OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import InvalidInput
from newsletter.providers.outbox.options import Options
from newsletter.providers.outbox.send import JOURNAL_NAME, Outbox
from tests.contracts.provider import AT, ProviderContract, Service, batch, recipients
from tests.costs import holding
from tests.rows import rows
from tests.servers import Delivered


def read(path: Path) -> Delivered:
    # as text, because the parser of bytes does not know international addresses (RFC 6532)
    message = email.message_from_string(path.read_bytes().decode(), policy=email.policy.SMTPUTF8)
    assert not message.defects
    text, html = message.iter_parts()
    return Delivered(
        to=str(message["To"]),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=text.get_content(),
        html=html.get_content(),
    )


def outbox(directory: Path, **options: object) -> Outbox:
    return Outbox(Options.model_validate({"kind": "outbox", **options}), directory=directory)


def hand_over(provider: Outbox, sent: OutgoingBatch) -> Verdict:
    return provider.send(provider.prepare(sent)).outcome.verdict


def lines(directory: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (directory / JOURNAL_NAME).read_text().splitlines()]


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, tmp_path: Path) -> Service:
        return self.serving(tmp_path / "var" / "outbox")

    def serving(self, directory: Path) -> Service:
        def disable() -> None:
            directory.parent.mkdir(parents=True, exist_ok=True)
            directory.write_text("a file stands where the folder should be")

        return Service(
            provider=outbox(directory, batch_size=100),
            delivered=lambda: [read(path) for path in directory.glob("*.eml")],
            disable=disable,
        )


def test_the_journal_has_a_line_a_message_with_exactly_its_keys(tmp_path: Path) -> None:
    sent = batch("ana@a.example", "jörg@b.example", subject="Förum NLMERGEMESSAGEID")
    assert hand_over(outbox(tmp_path), sent) is Verdict.ACCEPTED
    assert lines(tmp_path) == [
        {
            "id": f"letter000{number}@forum.example",
            "campaign": "resigns",
            "to": address,
            "subject": f"Förum letter000{number}",
            "digest": sent.content_hash,
            "at": "2011-09-21T18:00:00+00:00",
        }
        for number, address in ((1, "ana@a.example"), (2, "jörg@b.example"))
    ]


def test_the_journal_tells_the_time_in_utc(tmp_path: Path) -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-4)))
    hand_over(outbox(tmp_path), replace(batch("a@a.example"), at=elsewhere))
    assert lines(tmp_path)[0]["at"] == "2011-09-21T18:00:00+00:00"


def test_each_file_is_named_by_its_message(tmp_path: Path) -> None:
    hand_over(outbox(tmp_path), batch())
    assert files(tmp_path) == [JOURNAL_NAME, "letter0001.eml", "letter0002.eml", "letter0003.eml"]


def test_without_a_message_id_header_the_journal_has_the_bare_name(tmp_path: Path) -> None:
    hand_over(outbox(tmp_path), batch("a@a.example", headers=()))
    assert lines(tmp_path)[0]["id"] == "letter0001"


@rows("name", ["../../etc/passwd", "A", "a/b", ".hidden", "x" * 300, ""])
def test_no_message_id_leads_out_of_the_folder_or_collides(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "outbox"
    sent = batch("a@a.example", "b@b.example")
    odd = recipients("b@b.example")[0]._replace(message_id=name)
    sent = replace(sent, recipients=(sent.recipients[0]._replace(message_id="a"), odd))
    assert hand_over(outbox(directory), sent) is Verdict.ACCEPTED
    names = [path.name for path in directory.glob("*.eml")]
    assert len({name.lower() for name in names}) == 2
    assert files(tmp_path) == ["outbox"]


def test_the_same_delivery_keeps_its_first_bytes(tmp_path: Path) -> None:
    provider = outbox(tmp_path)
    hand_over(provider, batch())
    before = (tmp_path / "letter0001.eml").read_bytes()
    later = replace(batch(attempt_id="attempt2"), at=AT + timedelta(hours=1))
    assert hand_over(provider, later) is Verdict.ACCEPTED
    assert (tmp_path / "letter0001.eml").read_bytes() == before
    assert len(lines(tmp_path)) == 3


def test_a_crash_between_file_and_journal_is_mended_by_handing_over_again(tmp_path: Path) -> None:
    hand_over(outbox(tmp_path), batch())
    journal = tmp_path / JOURNAL_NAME
    first, *_ = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(first)
    assert hand_over(outbox(tmp_path), batch()) is Verdict.ACCEPTED
    assert [line["to"] for line in lines(tmp_path)] == [
        "ana@a.example",
        "ben@b.example",
        "cy@c.example",
    ]


@rows("torn", [1, 20, 100])
def test_a_torn_last_line_is_written_anew(tmp_path: Path, torn: int) -> None:
    hand_over(outbox(tmp_path), batch())
    journal = tmp_path / JOURNAL_NAME
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-torn])
    hand_over(outbox(tmp_path), batch())
    assert journal.read_bytes() == whole


def test_a_torn_only_line_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b'{"id": "letter0001@for')
    hand_over(outbox(tmp_path), batch("a@a.example"))
    assert [line["to"] for line in lines(tmp_path)] == ["a@a.example"]


def test_a_long_journal_is_mended_without_being_held_in_memory(tmp_path: Path) -> None:
    hand_over(outbox(tmp_path), batch())
    journal = tmp_path / JOURNAL_NAME
    ours = journal.read_bytes()
    others = b"".join(b'{"id": "%040d", "subject": "%0200d"}\n' % (n, n) for n in range(20_000))
    journal.write_bytes(others + ours + b"x" * 150_000)
    again = outbox(tmp_path)
    prepared = again.prepare(batch())
    with holding() as cost:
        assert again.send(prepared).outcome.verdict is Verdict.ACCEPTED
    assert journal.read_bytes() == others + ours
    assert cost.peak < len(others) / 4


def test_a_line_of_somebody_else_in_the_journal_does_no_harm(tmp_path: Path) -> None:
    hand_over(outbox(tmp_path), batch("a@a.example"))
    journal = tmp_path / JOURNAL_NAME
    journal.write_bytes(b'not json\n["a list"]\n{"other": 1}\n' + journal.read_bytes())
    before = journal.read_bytes()
    assert hand_over(outbox(tmp_path), batch("a@a.example")) is Verdict.ACCEPTED
    assert journal.read_bytes() == before


def test_a_draft_that_a_crash_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letter0001.draft").write_bytes(b"half a mess")
    hand_over(outbox(tmp_path), batch("a@a.example"))
    assert files(tmp_path) == [JOURNAL_NAME, "letter0001.eml"]
    assert read(tmp_path / "letter0001.eml").to == "a@a.example"


def test_a_full_disk_is_retried_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).symlink_to("/dev/full")
    answer = outbox(tmp_path).send(outbox(tmp_path).prepare(batch()))
    assert answer.outcome.verdict is Verdict.RETRY
    assert "No space left on device" in answer.outcome.reason
    assert files(tmp_path) == [JOURNAL_NAME]


def test_a_message_cut_short_by_a_limit_never_gets_its_name(tmp_path: Path) -> None:
    provider = outbox(tmp_path)
    prepared = provider.prepare(batch())
    with limited(1000):
        answer = provider.send(prepared)
    assert answer.outcome.verdict is Verdict.RETRY
    assert files(tmp_path) == []


def test_a_journal_that_fills_up_midway_is_cut_back(tmp_path: Path) -> None:
    provider = outbox(tmp_path)
    hand_over(provider, batch("a@a.example"))
    many = tuple(
        recipient._replace(message_id=f"other{recipient.subscriber_id}")
        for recipient in recipients(*(f"reader{number}@example.org" for number in range(40)))
    )
    prepared = provider.prepare(replace(batch(), recipients=many))
    before = (tmp_path / JOURNAL_NAME).read_bytes()
    with limited(4000):
        answer = provider.send(prepared)
    assert answer.outcome.verdict is Verdict.RETRY
    assert (tmp_path / JOURNAL_NAME).read_bytes() == before
    assert files(tmp_path) == [JOURNAL_NAME, "letter0001.eml"]
    assert provider.send(prepared).outcome.verdict is Verdict.ACCEPTED
    assert len(lines(tmp_path)) == 41


def test_a_folder_that_cannot_be_one_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = outbox(tmp_path / "file" / "outbox").send(outbox(tmp_path).prepare(batch()))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert "Not a directory" in answer.outcome.reason
    assert str(tmp_path) in answer.outcome.reason


def test_a_journal_that_is_a_folder_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()
    assert hand_over(outbox(tmp_path), batch()) is Verdict.CONFIGURATION
    assert files(tmp_path) == [JOURNAL_NAME]


def test_many_threads_lose_and_double_nothing(tmp_path: Path) -> None:
    provider = outbox(tmp_path)

    def one(number: int) -> None:
        readers = tuple(
            recipient._replace(message_id=f"m{number % 4}x{recipient.subscriber_id}")
            for recipient in recipients(*(f"r{n}@example.org" for n in range(20)))
        )
        assert hand_over(provider, replace(batch(), recipients=readers)) is Verdict.ACCEPTED

    threads = [Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.glob("*.eml"))) == 80
    assert len({line["id"] for line in lines(tmp_path)}) == len(lines(tmp_path)) == 80


def test_two_messages_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = recipients("a@a.example") * 2
    with pytest.raises(InvalidInput, match="Message-ID"):
        outbox(tmp_path).prepare(replace(batch(), recipients=twice))


def test_it_names_its_limits(tmp_path: Path) -> None:
    assert outbox(tmp_path).capabilities.max_recipients == 1000
    assert outbox(tmp_path, batch_size=7).capabilities.max_recipients == 7
    assert outbox(tmp_path, batch_size=5000).capabilities.max_recipients == 1000
    assert outbox(tmp_path).capabilities.replay is Replay.SAFE


@contextmanager
def limited(size: int) -> Iterator[None]:
    """Limits the size of files this process may write: all of them, so for one call alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
