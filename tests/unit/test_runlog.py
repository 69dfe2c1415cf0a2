"""The lines of a run: few while all is well, and every one on request."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, ClaimedBatch, Outcome, Verdict
from newsletter.pipeline.delivery.dispatch import DispatchResult
from newsletter.runtime.log import EndLog, log_attempt
from tests.fakes import NOON
from tests.pages import forum


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, "newsletter.run"):
        yield caplog


CAMPAIGN = Campaign(
    id=7,
    slug="news",
    content_hash="d0",
    state=CampaignState.SENDING,
    release_at=NOON,
    approved_by=(),
    lists=("press",),
    provider="outbox",
    counts=Counts(accepted=59, unknown=1),
)


def done(verdict: Verdict = Verdict.ACCEPTED, messages: int = 10) -> DispatchResult:
    return DispatchResult(
        batch=ClaimedBatch(
            id=1,
            campaign=CAMPAIGN,
            fence=1,
            attempts=1,
            at=NOON,
            provider="outbox",
            members=[(number, f"{number}@example.org") for number in range(messages)],
        ),
        attempt_id="a",
        answer=Answer(outcome=Outcome(verdict=verdict, reason="because")),
        wait=timedelta(0),
        recorded=True,
    )


def test_a_batch_that_was_accepted_is_told_to_those_who_ask_alone(
    said: pytest.LogCaptureFixture,
) -> None:
    log_attempt(done())
    assert said.messages == []
    said.set_level(logging.DEBUG, "newsletter.run")
    log_attempt(done())
    assert "attempt=a" in said.text


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY])
def test_what_is_wrong_is_told_to_everybody(
    said: pytest.LogCaptureFixture, verdict: Verdict
) -> None:
    log_attempt(done(verdict))
    assert "because" in said.text


def test_a_campaign_that_ends_is_told_once_with_its_name_and_figures(
    said: pytest.LogCaptureFixture,
) -> None:
    endings = EndLog()
    states = [CampaignState.SENDING, CampaignState.ATTENTION, CampaignState.ATTENTION]
    for state in [*states, CampaignState.SENT, CampaignState.SENT]:
        assert not endings.is_over(7) or state is CampaignState.SENT
        endings.log_ended([replace(CAMPAIGN, state=state)])
    assert endings.is_over(7)
    beginning = "finished campaign=7 statement=news state="
    assert [one.removeprefix(beginning).partition(" ")[0] for one in said.messages] == [
        "attention",
        "sent",
    ]
    assert "audience=60 accepted=59 rejected=0" in said.messages[0]
    assert [one.levelname for one in said.records] == ["WARNING", "INFO"]


def test_no_line_of_the_log_has_a_readers_address(
    tmp_path: Path, migrated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for logger in ("newsletter", "newsletter.run"):
        caplog.set_level(logging.DEBUG, logger)
    with forum(tmp_path, database=migrated) as site:
        site.subscribe("ana@example.org", "bo@example.org")
        site.agree()
        site.services.tick.run()
        dispatcher = site.services.delivery.dispatcher()
        while (dispatched := dispatcher.dispatch()) is not None:
            log_attempt(dispatched)
        site.post("/subscribe", {"email": "cy@example.org", "list": "press"})
        for way in ("", "?by=page", "/preferences", "/everything"):
            assert site.post(f"{site.unsubscribe_link(1)}{way}").status == 200
            assert site.post(f"{site.unsubscribe_link(4711)}{way}").status == 200
        site.post(f"{site.preferences_link(2)}/address", {"address": "di@example.org"})
        site.post(f"{site.preferences_link(2)}/delete")
    assert "attempt=" in caplog.text
    assert "sign-up=new" in caplog.text
    assert "left message_id=" in caplog.text
    assert "@example.org" not in caplog.text
