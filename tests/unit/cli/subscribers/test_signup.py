"""``subscribers receive-email``: mail programs that leave by email, in a reader's name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.cli.subscribers.subscribers import subscribers
from newsletter.domain.errors import InvalidInput, NotFound
from newsletter.domain.subscribers.audience import Entry
from newsletter.runtime.services import Services, open_workspace
from tests.fakes import NOON
from tests.workspaces import plain_workspace


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_workspace(plain_workspace(tmp_path), {}) as services:
        with services.store.begin() as tx:
            tx.readers.upsert([Entry(address="ana@example.org", lists=("press",))], NOON)
        yield services


@pytest.fixture
def arrive(services: Services, tmp_path: Path) -> Callable[[str], None]:
    """An email with this subject arrives at the inbox."""

    def run(subject: str) -> None:
        email = tmp_path / "arrived.eml"
        email.write_text(f"From: someone@example.net\nSubject: {subject}\n\nunsubscribe\n")
        words = ["receive-email", "--workspace", str(services.settings.workspace), str(email)]
        subscribers.main(words, standalone_mode=False)

    return run


def lists(services: Services) -> tuple[str, ...]:
    with services.store.read() as tx:
        found = tx.readers.find("ana@example.org")
    return found.lists


def word(services: Services, campaign: int, reader: int) -> str:
    return services.links.for_batch(campaign, [reader])[0][0]


def test_the_signed_subject_ends_what_the_link_would_end(
    services: Services, arrive: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(f"unsubscribe.{word(services, 1, 1)}")
    assert lists(services) == ()
    assert "gets no more" in capsys.readouterr().err
    arrive(f"unsubscribe.{word(services, 1, 1)}")  # again does no harm


def test_an_answer_to_a_test_email_ends_nothing(
    services: Services, arrive: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(f"unsubscribe.{word(services, 0, 1)}")
    assert lists(services) == ("press",)
    assert "a test email" in capsys.readouterr().err


def test_what_a_person_wrote_or_made_up_ends_nothing_and_says_so(
    services: Services, arrive: Callable[[str], None]
) -> None:
    with pytest.raises(InvalidInput, match="a person has to read it"):
        arrive("Please take me off your list")
    with pytest.raises(NotFound, match="not one of ours"):
        arrive("unsubscribe.made-up")
    with pytest.raises(NotFound, match="not in this database"):
        arrive(f"unsubscribe.{word(services, 1, 2)}")
    assert lists(services) == ("press",)
