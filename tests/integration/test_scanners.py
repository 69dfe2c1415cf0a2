"""Scanners open every link of every mail, in ways of their own, and nothing changes by that.

SparkDevNetwork/Rock#7034, useSend#412 and others unsubscribed people whose mail a scanner read;
PasswordPusher#2180 and phplist3#418 took a scanner's look for a confirmation.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from newsletter.domain.delivery.transactional import EmailKind, TransactionalEmail
from tests.pages import Answer, Forum, forum

_OURS = re.compile(rb"https://news\.forum\.example(/[^\s\"'<>]*)")
_AT_ONCE = 200
PROFILES = {
    "opens every link": ("GET", {}, 1),
    "asks for the head alone": ("HEAD", {"User-Agent": "Microsoft Office Protection"}, 1),
    "fetches ahead": (
        "GET",
        {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"},
        1,
    ),
    "opens every link twice at once": ("GET", {"User-Agent": "BarracudaCentral"}, 2),
}
"""A fifth renders pages, with script: tests/browser/test_own_pages_in_chromium.py."""


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        yield site


def links_of_mails(site: Forum, people: int) -> list[str]:
    """The path of each link of ours in a statement's mails, and in an email of each kind."""
    site.subscribe(*(f"reader{number}@example.org" for number in range(people)))
    site.send()
    for kind in EmailKind:
        email = TransactionalEmail(
            id=0,
            kind=kind,
            address="reader1@example.org" if kind is not EmailKind.MOVE else "new@example.org",
            lists=("events",) if kind is EmailKind.JOIN else (),
            subscriber_id=None if kind is EmailKind.JOIN else 2,
            language="en",
            source="1\nAna\nThe library" if kind is EmailKind.REPORT else "a test",
            asked_at=site.clock.now(),
        )
        with site.services.store.begin() as tx:
            tx.emails.ask(email, network="")
    transactional_sender = site.services.delivery.transactional_sender()
    while transactional_sender.post() is not None:
        pass
    mails = [mail.replace(b"=\r\n", b"") for mail in site.mails]
    found = {path.decode() for mail in mails for path in _OURS.findall(mail)}
    for start in ("/u/", "/confirm/", "/preferences/", "/archive/"):
        assert any(path.startswith(start) for path in found), start
    assert len(found) > people
    return sorted(found)


def scan(site: Forum, links: Sequence[str]) -> list[Answer]:
    """All profiles over all links."""
    answers = []
    for method, headers, times in PROFILES.values():
        asked = [(method, path) for path in links for _ in range(times)]
        for start in range(0, len(asked), _AT_ONCE):
            answers += site.ask_all(asked[start : start + _AT_ONCE], headers=headers)
    return answers


@pytest.mark.parametrize("people", [20, pytest.param(2_000, marks=pytest.mark.faults(seconds=40))])
def test_h5_scanners_open_everything_and_change_nothing(site: Forum, people: int) -> None:
    links = links_of_mails(site, people)
    before = site.everything()

    answers = scan(site, links)

    assert {answer.status for answer in answers} == {200, 303}  # that of a notice leads to the door
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert site.everything() == before
