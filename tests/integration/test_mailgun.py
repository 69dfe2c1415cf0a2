"""Mailgun over a real connection: the contract, and every answer in every phase."""

import json
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures
from tests.servers import MailgunServer, reply

SEVERAL = ("ana@a.example", "ben@b.example")
ONE = ("ana@a.example",)

server, provider = fixtures("mailgun")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def said(message: str) -> str:
    return json.dumps({"message": message})


# status, body, verdict for several recipients, verdict for one


def test_an_accepted_batch_has_mailguns_id_and_words(provider: HttpProvider) -> None:
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.provider_id == "<1@forum.example>"
    assert answer.outcome.reason == "Queued. Thank you."


def test_a_reason_keeps_the_readers_name_to_itself(
    server: MailgunServer, provider: HttpProvider
) -> None:
    server.script.append(reply(400, said("to parameter ana.ruiz@a.example is not valid")))
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.reason == "to parameter …@a.example is not valid"


WORDS = "Too many requests, try again after 120 seconds"


def test_a_rate_limit_is_waited_out_as_mailgun_asks(
    subtests: pytest.Subtests, server: MailgunServer, provider: HttpProvider
) -> None:
    for header, message, seconds in [
        (None, "Too many requests", None),
        ("30", "Too many requests", 30),
        (None, WORDS, 120),
        ("30", WORDS, 120),
        ("300", WORDS, 300),
        ("soon", WORDS, 120),
        ("-1", "Too many requests", None),
        (None, "try again after 999999999 seconds", 3600),
        (None, "try again after 99999999999 seconds", None),
        ("Wed, 21 Sep 2011 18:05:00 GMT", "Too many requests", 300),
    ]:
        with subtests.test(header=header, message=message, seconds=seconds):
            headers = {"Retry-After": header} if header else {}
            server.script.append(reply(429, {"message": message}, headers))
            answer = hand_over(provider, *SEVERAL)
            assert answer.outcome.verdict is Verdict.RETRY
            assert answer.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_an_allowance_used_up_says_until_when(
    server: MailgunServer, provider: HttpProvider
) -> None:
    words = "recipient limit exceeded, try again after Wed, 21 Sep 2011 18:10:00 UTC"
    server.script.append(reply(420, {"message": words}))
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.verdict is Verdict.QUOTA
    assert answer.retry_after == timedelta(minutes=10)
