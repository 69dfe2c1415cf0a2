"""The DNS records of a sending domain: what documentation says, and nothing that is made up."""

import pytest

from newsletter.domain.delivery.authentication import examine_domain
from newsletter.providers.registry import KINDS, OPTIONS, dns_records
from tests.rows import rows
from tests.unit.providers.test_registry import OWN_KEYS

DOMAIN = "news.forum.example"
UNDOCUMENTED = {"http", "mailpit", "outbox"}
"""Kinds without a console that shows records."""


def records(*kinds: str) -> list[dict[str, str]]:
    options = [OPTIONS[kind].model_validate({"kind": kind, **OWN_KEYS[kind]}) for kind in kinds]
    return [*dns_records(options, DOMAIN)]


@rows("kind", sorted(KINDS.keys() - UNDOCUMENTED))
def test_a_provider_has_records_each_whole_or_with_the_place_that_shows_it(kind: str) -> None:
    *own, dmarc = records(kind)
    assert {one["purpose"] for one in own} >= {"DKIM"}
    assert dmarc == records()[0]
    for one in own:
        assert set(one) == {"purpose", "type", "host", "value", "place"}
        assert one["type"] in {"CNAME", "MX", "TXT"}
        assert one["place"].lower().removeprefix("amazon ").startswith(f"{kind}, ")
        assert "{" not in "".join(one.values())


@rows("kind", sorted(UNDOCUMENTED))
def test_another_has_dmarc_alone(kind: str) -> None:
    assert [one["purpose"] for one in records(kind)] == ["DMARC"]


@pytest.mark.parametrize(
    ("kind", "host", "value"),
    [
        ("brevo", f"brevo2._domainkey.{DOMAIN}", "b2.news-forum-example.dkim.brevo.com"),
        ("mailtrap", f"rwmt1._domainkey.{DOMAIN}", "rwmt1.dkim.smtp.mailtrap.live"),
        ("postmark", f"pm-bounces.{DOMAIN}", "pm.mtasv.net"),
        ("resend", f"resend._domainkey.{DOMAIN}", ""),
    ],
)
def test_a_known_host_and_value_are_those_of_the_domain(kind: str, host: str, value: str) -> None:
    assert (host, value) in [(one["host"], one["value"]) for one in records(kind)]


def test_two_accounts_of_one_provider_ask_for_a_record_once() -> None:
    assert records("resend", "resend") == records("resend")


def test_the_record_of_dmarc_is_the_one_that_doctor_advises() -> None:
    *_, dmarc, _ = examine_domain(DOMAIN, (), lambda _: [])
    [shown] = records()
    assert dmarc.advice == f'publish a TXT record at {shown["host"]}: "{shown["value"]}"'
