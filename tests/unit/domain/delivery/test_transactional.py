"""Emails: how long their link lives, and what limits are counted by."""

from dataclasses import replace
from datetime import timedelta

from newsletter.domain.delivery.transactional import (
    LINK_LIFETIME,
    EmailKind,
    EmailText,
    TransactionalEmail,
    network_of,
    plan_email,
)
from newsletter.domain.staff.account import LinkKind
from newsletter.domain.subscribers.audience import SuppressionReason
from tests.contracts.store_accounts import INVITATION
from tests.fakes import NOON
from tests.rows import rows


@rows(
    ("later", "used", "expired"),
    [
        (LINK_LIFETIME, False, False),
        (LINK_LIFETIME + timedelta(seconds=1), False, True),
        (-LINK_LIFETIME - timedelta(seconds=1), False, True),
        (LINK_LIFETIME * 100, True, False),
    ],
)
def test_a_link_that_was_not_used_expires(later: timedelta, used: bool, expired: bool) -> None:
    email = TransactionalEmail(
        id=1,
        kind=EmailKind.JOIN,
        address="ana@example.org",
        asked_at=NOON,
        used_at=NOON if used else None,
    )
    assert email.is_link_expired(NOON + later) is expired


@rows(
    ("host", "network"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("8.8.8.200", "8.8.8.0/24"),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001::/48"),
        ("::ffff:8.8.8.8", "8.8.8.0/24"),
        ("127.0.0.1", ""),
        ("172.17.0.1", ""),
        ("::1", ""),
        ("testclient", "unreadable"),
        ("8.8.8.8, 9.9.9.9", "unreadable"),
        ("2a00:1450:4001:ffff::1", "2a00:1450:4001::/48"),
        ("::8.8.8.8", "::/48"),
        ("2a00:1450:4001::1%eth0", "2a00:1450:4001::/48"),
        ("", ""),
    ],
)
def test_a_network_is_named_where_it_is_not_our_own(host: str, network: str) -> None:
    assert network_of(host) == network


def test_who_is_to_be_told_of_their_account_is_told_though_suppressed_as_a_reader() -> None:
    letter = TransactionalEmail(
        id=1, kind=EmailKind.NOTICE, address="ana@example.org", asked_at=NOON
    )
    planned = plan_email(letter, person=None, suppressed=SuppressionReason.MANUAL, now=NOON)
    assert (planned.text, planned.reason) == (EmailText.NOTICE, "")


def test_an_email_with_a_link_for_staff_says_what_it_opens() -> None:
    letter = TransactionalEmail(
        id=1, kind=EmailKind.LINK, address="ed@forum.example", asked_at=NOON
    )
    for kind in LinkKind:
        link = replace(INVITATION, kind=kind)
        planned = plan_email(letter, person=None, suppressed=None, now=NOON, link=link)
        opens = kind is LinkKind.INVITATION
        assert planned.text is (EmailText.INVITATION if opens else EmailText.LINK)
