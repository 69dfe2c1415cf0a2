"""Mailjet over a real connection, and a whole campaign through it."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.mailjet import MailjetServer, error, malformed

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")

server, provider = fixtures("mailjet")


class TestContract(ProviderContract):
    message_id = "@mailjet.example>"
    list_id = False


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*(addresses or SEVERAL))))


def test_one_malformed_address_leaves_the_others_accepted(
    server: MailjetServer, provider: HttpProvider
) -> None:
    server.refuses["ben@b.example"] = malformed("ben@b.example")
    answer = hand_over(provider)
    assert (answer.outcome.verdict, answer.outcome.provider_id) == (Verdict.ACCEPTED, "101")
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert answer.exceptions[2].reason == '"…@b.example" is an invalid email address.'
    assert [message.to for message in server.delivered] == ["ana@a.example", "cy@c.example"]


def test_one_message_that_only_a_person_can_mend_goes_again_alone(
    server: MailjetServer, provider: HttpProvider
) -> None:
    server.refuses["ben@b.example"] = error("mj-0004", 400, "Type mismatch", "TextPart")
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.ACCEPTED
    verdicts = {n: each.verdict for n, each in answer.exceptions.items()}
    assert verdicts == {2: Verdict.CONFIGURATION}
