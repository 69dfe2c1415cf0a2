"""A reader joins: the form, the email, its button, and the stored proof."""

import hashlib
from collections.abc import Iterator

import pytest
from lxml import html

from tests.acceptance.mails import read_mail
from tests.acceptance.signing import LISTS, confirmation_link, fields_of, letters, sign_up
from tests.acceptance.site import Site
from tests.acceptance.workspace import ADMIN, Workspace

ANA = "Ana@Example.org"


@pytest.fixture
def site(workspace: Workspace) -> Iterator[Site]:
    workspace.configure(lists=LISTS)
    site = Site(workspace)
    yield site
    site.close()


def test_a_reader_signs_up_confirms_and_is_a_subscriber_with_proof(
    workspace: Workspace, site: Site
) -> None:
    shown = fields_of(site.ask("GET", "/subscribe").text)
    page = html.document_fromstring(site.ask("GET", "/subscribe").text)
    words = page.get_element_by_id("consent").text_content()
    answer = sign_up(site, ANA, "press", "sport", name="Ana Ruiz")
    assert answer.status_code == 303
    then = site.ask("GET", f"/{answer.headers['Location']}")
    assert "Check your inbox" in then.text
    assert "Set-Cookie" not in answer.headers
    workspace.do("subscribers", "show", ANA, code=1)

    workspace.do("run", "--until-idle")
    workspace.do("run", "--until-idle")

    [path] = workspace.outbox
    mail = read_mail(path)
    assert mail["To"] == ANA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"} & set(mail.keys())
    assert "Ruiz" not in path.read_text("utf-8"), "nothing that whoever asks can put into it"
    assert "Press releases, Sport & games" in mail.get_body(("plain",)).get_content()
    link = confirmation_link(workspace, ANA)
    for method in ("GET", "HEAD") * 5:
        assert site.ask(method, link).status_code == 200
    assert site.ask("OPTIONS", link).status_code == 405
    assert "A…@Example.org" in site.ask("GET", link).text
    workspace.do("subscribers", "show", ANA, code=1)
    done = site.ask("POST", link)
    assert "You’re subscribed" in done.text
    assert '"../preferences/' in done.text
    shown_again = workspace.do("subscribers", "show", ANA, "--json").json()
    assert (shown_again["name"], shown_again["lists"]) == ("Ana Ruiz", ["press", "sport"])
    consents = shown_again["consents"]
    assert [one["list"] for one in consents] == ["press", "sport"]
    assert {one["words"] for one in consents} == {words}
    assert {one["wording"] for one in consents} == {shown["wording"]}
    assert shown["wording"] == hashlib.sha256(words.encode()).hexdigest()
    assert {one["source"] for one in consents} == {"our sign-up page"}
    assert {one["method"] for one in consents} == {"double opt-in"}
    assert all(one["asked_at"] < one["at"] for one in consents)
    said = workspace.do("subscribers", "show", ANA).stdout
    assert (
        f"consent to press (double opt-in by our sign-up page, asked {consents[0]['asked_at']})"
        in said
    )
    again = site.ask("POST", link)
    assert "This link has already been used" in again.text
    assert "/preferences/" not in again.text, "an old link is no key"


def test_a_form_on_another_site_posts_to_the_same_page(workspace: Workspace, site: Site) -> None:
    printed = workspace.do("subscribers", "form", "--list", "sport", "--language", "es").stdout
    [form] = html.fragment_fromstring(printed, create_parent=True).xpath("form")
    assert form.action == "https://news.forum.example/subscribe"
    assert form.method == "POST"
    assert "<script" not in printed
    for control in form.xpath(".//input[@type='text']"):
        assert control.label is not None or control.getparent().tag == "label"
    fields = dict(form.form_values()) | {"email": ANA}
    assert fields["list"] == "sport"

    answer = site.ask(
        "POST",
        "/subscribe",
        data=fields,
        headers={"Origin": "https://www.forum.example", "Sec-Fetch-Site": "cross-site"},
    )

    assert answer.status_code == 303
    [letter] = letters(workspace)
    assert (letter["source"], letter["language"]) == ("a form on www.forum.example", "es")
    workspace.do("run", "--until-idle")
    assert read_mail(workspace.outbox[0])["Subject"].startswith("Confirme su suscrip")
    site.ask("POST", confirmation_link(workspace, ANA))
    [consent] = workspace.do("subscribers", "show", ANA, "--json").json()["consents"]
    assert "Sport & games" in consent["words"], "as the form showed them"


def test_a_form_offers_only_what_can_be_joined(workspace: Workspace) -> None:
    workspace.configure(lists=LISTS)
    printed = workspace.do("subscribers", "form").stdout
    assert printed.count('type="checkbox"') == 2
    assert "Sport &amp; games" in printed
    assert "secret" in workspace.do("subscribers", "form", "--list", "secret", code=1).stderr
    workspace.configure(signup={"enabled": False})
    assert "there is no list to join" in workspace.do("subscribers", "form", code=4).stderr


def test_doctor_says_how_letters_fare(workspace: Workspace, site: Site) -> None:
    sign_up(site, ANA, "press")
    assert "requested emails: waiting 1" in workspace.do("doctor").stdout
    workspace.sql("UPDATE transactional_email SET asked_at = asked_at - 3600000")
    assert "CHECK requested emails: waiting 1; they wait for 'newsletter run'" in (
        workspace.do("doctor").stdout
    )
    workspace.do("run", "--until-idle")
    assert "ok    requested emails: accepted 1" in workspace.do("doctor").stdout
    workspace.sql("UPDATE transactional_email SET state = 'unknown'")
    assert "CHECK requested emails: unknown 1; the log" in workspace.do("doctor").stdout


def test_a_database_that_was_put_back_sends_no_letter_twice_and_what_is_asked_for_then_once(
    workspace: Workspace,
) -> None:
    workspace.configure(lists=LISTS)
    workspace.hire(ADMIN, "admin")
    site = Site(workspace)
    sign_up(site, ANA, "press")
    backup = workspace.folder / "backup.db"
    workspace.do("db", "backup", str(backup))
    workspace.do("run", "--until-idle")
    link = confirmation_link(workspace, ANA)
    site.close()
    workspace.do("db", "restore", str(backup))
    site = Site(workspace)
    sign_up(site, "bo@example.org", "press")

    workspace.do("run", "--until-idle", code=4)
    workspace.do("db", "release", "--by", ADMIN)
    workspace.do("run", "--until-idle")

    assert len(workspace.outbox) == 2
    assert [one["state"] for one in letters(workspace)] == ["withheld", "accepted"]
    assert confirmation_link(workspace, "bo@example.org") != link
    assert "You’re subscribed" in site.ask("POST", link).text
    site.close()
