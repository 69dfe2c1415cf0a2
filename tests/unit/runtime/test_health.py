"""The service repeats the checks that tell whether emails arrive, and notes those that fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.runtime.diagnosis import CONNECTION_CHECK, check_health
from tests.pages import forum
from tests.provider_servers.kinds import ASKED, KINDS
from tests.provider_servers.questions import QuestionServer


@pytest.fixture
def server() -> Iterator[QuestionServer]:
    with QuestionServer() as running:
        yield running


def test_a_refused_key_is_a_failing_check_until_it_is_taken(
    tmp_path: Path, migrated: Path, server: QuestionServer
) -> None:
    asked = ASKED["postmark"]
    server.shown, server.refusal, server.signed = asked.shown, asked.refusal, asked.signed
    server.answers = dict(asked.answers)
    right = {"kind": "postmark", **KINDS["postmark"].options, "base_url": server.url}
    with forum(tmp_path, database=migrated, provider=right | {asked.key: "another"}) as site:
        check_health(site.services.delivery)
        with site.services.store.read() as tx:
            [failing] = tx.failing_checks.all()
        assert failing.what == "provider key"
        server.close()
        check_health(site.services.delivery)
        with site.services.store.read() as tx:
            assert [one.what for one in tx.failing_checks.all()] == [CONNECTION_CHECK]
    with QuestionServer() as server:
        server.shown, server.refusal, server.signed = asked.shown, asked.refusal, asked.signed
        server.answers = dict(asked.answers)
        (tmp_path / "again").mkdir()
        well = right | {"base_url": server.url}
        with forum(tmp_path / "again", database=migrated, provider=well) as site:
            with site.services.store.begin() as tx:
                tx.failing_checks.store_failing({"provider key": "refused"}, tx.now)
            check_health(site.services.delivery)
            with site.services.store.read() as tx:
                assert tx.failing_checks.all() == []
