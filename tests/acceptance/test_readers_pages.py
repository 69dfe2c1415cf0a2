"""The links of a mail: a reader unsubscribes by one, and reads the web version by another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mails import LINK, check_the_mail, read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, copied, readers


@pytest.fixture(scope="module")
def sent(
    patterns: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """One statement that went out to ten, of whom each test has its own."""
    folder = copied(patterns["peopled"], tmp_path_factory.mktemp("pages") / "forum")
    workspace = Workspace(folder=folder)
    workspace.write_and_approve("hours", "The **library** is open.", title="Library hours")
    workspace.do("run", "--until-idle")
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def site(sent: Workspace) -> Iterator[Site]:
    site = Site(sent)
    yield site
    site.close()


def link_of(workspace: Workspace, address: str) -> str:
    mails = [mail for mail in map(read_mail, workspace.outbox) if mail["To"] == address]
    [mail] = [mail for mail in mails if mail["Subject"] == "Library hours"]
    return check_the_mail(mail)


def lists_of(workspace: Workspace, address: str) -> list[str]:
    shown = workspace.do("subscribers", "show", address, "--json").json()
    assert shown["suppressed"] is None
    return list(shown["lists"])


def test_opening_an_unsubscribe_link_changes_nothing(sent: Workspace, site: Site) -> None:
    before = sent.report("hours")
    path = link_of(sent, "reader00002@example.org")

    answers = [site.ask("GET", path) for _ in range(10)] + [site.ask("HEAD", path)]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].text.count("<button") == 1
    assert 'method="post"' in answers[0].text
    assert lists_of(sent, "reader00002@example.org") == ["press"]
    assert sent.report("hours") == before


def test_one_click_ends_exactly_that_persons_subscription(sent: Workspace, site: Site) -> None:
    path = link_of(sent, "reader00003@example.org")
    before = {address: lists_of(sent, address) for address in readers(10)}
    reported = sent.report("hours")["unsubscribed"]

    answers = [site.ask("POST", path, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert before["reader00003@example.org"] == ["press"]
    after = {address: lists_of(sent, address) for address in readers(10)}
    assert after == before | {"reader00003@example.org": []}
    assert sent.report("hours")["unsubscribed"] == reported + 1
    assert "You&#39;re not subscribed" in site.ask("GET", path).text

    sent.write_and_approve("second")
    sent.do("run", "--until-idle")
    assert sent.report("second")["audience"] == sum(map(bool, after.values()))


def test_the_archive_shows_a_statement_once_it_went_out(sent: Workspace, site: Site) -> None:
    sent.write("later", "The **library** is open.", title="Library later")
    assert site.ask("GET", "/archive/later").status_code == 404
    assert "later" not in site.ask("GET", "/").text
    sent.approve("later")
    assert site.ask("GET", "/archive/later").status_code == 404

    sent.do("run", "--until-idle")

    page = site.ask("GET", "/archive/later")
    assert page.status_code == 200
    assert "<strong>library</strong>" in page.text
    assert "NLMERGE" not in page.text
    assert not LINK.search(page.text), "nobody's own link stands on a public page"
    assert '<a href="archive/later">Library later</a>' in site.ask("GET", "/").text


def test_every_page_has_strict_headers(sent: Workspace, site: Site) -> None:
    paths = ["/", "/archive/hours", "/healthz", "/u/none", link_of(sent, "reader00006@example.org")]

    for answer in (site.ask("GET", path) for path in paths):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "Set-Cookie" not in answer.headers
        assert "server" not in {name.lower() for name in answer.headers}


def test_health_is_told_without_details(workspace: Workspace) -> None:
    site = Site(workspace)
    assert site.ask("GET", "/healthz").status_code == 200
    assert site.ask("GET", "/healthz").json() == {"ok": True, "on_hold": False}
    refused = site.ask("POST", "/healthz")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD"}
    assert workspace.do("campaign", "list", "--json").json() == []
    workspace.do("stop", "--reason", "a secret")
    assert site.ask("GET", "/healthz").json() == {"ok": True, "on_hold": True}
    site.close()
