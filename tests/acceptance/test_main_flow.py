"""The main job, from nothing to everybody's inbox."""

import re
from pathlib import Path

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.mails import LINK, check_the_mail, read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import EDITOR, ROOT, Workspace, readers, shell

SEED = ROOT / ".." / "shared" / "seed" / "statement.txt"
OWN = """Example Forum

Example Forum leaves the library panel

March 3, 2026

The Example Forum has left the panel on library hours. “It was time,” the Forum said.

The panel was asked to listen to readers – and did not. The Forum goes on listening.
"""
REPORT_KEYS = {
    *("campaign", "statement", "state", "audience", "pending", "accepted", "rejected"),
    *("suppressed", "cancelled", "unknown", "delivered", "bounced", "complained"),
    *("unsubscribed", "content_digest", "approved_by", "provider", "started_at", "finished_at"),
}
COUNTED = re.compile(r'"https://news\.forum\.example(/c/[0-9a-f]{16}/[0-9]+)"')
THOUSAND, SOME = readers(1000), readers(200)


@pytest.fixture(params=["own", pytest.param("seed", marks=pytest.mark.faults(seconds=25))])
def text(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A statement as somebody sends it round: plain text."""
    if request.param == "seed":
        if not SEED.exists():
            pytest.skip(f"there is no {SEED.name} beside this repository")
        return SEED
    own = tmp_path / "own.txt"
    own.write_text(OWN, "utf-8")
    return own


def prepared(workspace: Workspace, text: Path, people: list[str]) -> str:
    """From nothing to an approved statement; returns its slug."""
    workspace.subscribe(people)
    workspace.hire()
    [made] = workspace.do("statement", "import", str(text), "--json").json()
    workspace.approve(made["slug"])
    return str(made["slug"])


def check_the_books(workspace: Workspace, slug: str, provider: str, people: int) -> None:
    report = workspace.report(slug)
    assert report.keys() >= REPORT_KEYS
    assert (report["audience"], report["accepted"], report["state"]) == (people, people, "sent")
    assert report["approved_by"] == [EDITOR]
    assert report["provider"] == provider
    assert report["started_at"] <= report["finished_at"]
    assert workspace.report(report["campaign"]) == report


def test_a_thousand_readers_each_get_one_mail_through_mailgun(
    bare: Workspace, mailgun: PacedMailgun, text: Path
) -> None:
    bare.use_mailgun(mailgun.url, batch_size=300)
    slug = prepared(bare, text, THOUSAND)

    bare.do("run", "--until-idle")

    assert sorted(message.to for message in mailgun.delivered) == THOUSAND
    assert len(mailgun.taken) == 4
    links = set()
    for message in mailgun.delivered:
        [path] = set(LINK.findall(message.text))
        assert set(LINK.findall(message.html)) == {path}
        assert message.one("List-Unsubscribe") == f"<https://news.forum.example{path}>"
        assert message.one("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert "1 Example Street" in message.text
        assert "1 Example Street" in message.html
        assert f"https://news.forum.example/archive/{slug}" in message.text
        assert "NLMERGE" not in f"{message.headers}{message.text}{message.html}"
        links.add(path)
    assert len(links) == 1000
    assert len({message.one("Message-ID") for message in mailgun.delivered}) == 1000
    check_the_books(bare, slug, "mailgun", 1000)


def test_each_reader_gets_one_file_in_the_outbox(bare: Workspace, text: Path) -> None:
    slug = prepared(bare, text, SOME)

    bare.do("run", "--until-idle")

    assert len(bare.outbox) == 200
    mails = [read_mail(path) for path in bare.outbox]
    assert sorted(str(mail["To"]) for mail in mails) == SOME
    assert len({check_the_mail(mail) for mail in mails}) == 200
    journal = bare.journal
    assert sorted(line["to"] for line in journal) == SOME
    assert {line["id"] for line in journal} == {str(mail["Message-ID"])[1:-1] for mail in mails}
    content_hash = bare.report(slug)["content_digest"]
    assert {(line["campaign"], line["digest"]) for line in journal} == {(slug, content_hash)}
    check_the_books(bare, slug, "outbox", 200)


def test_the_same_from_a_shell_without_any_preparation(tmp_path: Path) -> None:
    done = shell("demo", "first-look", folder=tmp_path)

    assert done.code == 0, done.stderr
    assert "accepted" in done.stdout
    assert len(list((tmp_path / "first-look" / "var" / "outbox").glob("*.1.*.eml"))) == 2


def test_opens_and_clicks_are_counted_without_readers_and_are_in_the_report(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    workspace.use_mailgun(mailgun.url)
    workspace.configure(count=["opens", "clicks"])
    workspace.write_and_approve("news", "See [the hours](https://forum.example/hours?a=1&b=2).")
    workspace.do("run", "--until-idle")

    assert len(mailgun.delivered) == 10
    [found] = {tuple(COUNTED.findall(message.html)) for message in mailgun.delivered}
    link, *_, picture = found
    assert not any("/c/" in message.text for message in mailgun.delivered)
    site = Site(workspace)
    shown = [site.ask("GET", picture) for _ in range(3)]
    led = site.ask("GET", link)
    site.ask("HEAD", link)
    site.close()  # what is counted is stored by its end

    assert {answer.headers["Content-Type"] for answer in shown} == {"image/gif"}
    assert (led.status_code, led.headers["Location"]) == (
        302,
        "https://forum.example/hours?a=1&b=2",
    )
    counted = workspace.report("news")["counted"]
    assert (counted["opens"], counted["clicks"]) == (3, 1)
    lines = workspace.do("report", "news").stdout
    assert "opens                3" in lines
    assert "1  https://forum.example/hours?a=1&b=2" in lines
    assert "These numbers mislead" in lines
