"""Changes of an account reach its owner's inbox, by the real renderer and the outbox."""

import email
import email.policy
import re

from newsletter.domain.campaigns.notices import EVENT_KINDS
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.pipeline.staff import people
from tests.desk import words
from tests.pages import Forum
from tests.unit.web.desk.visitor import Browser

ANA, DAN = "ana@forum.example", "dan@forum.example"


def posted(site: Forum) -> list[tuple[str, str, str]]:
    """(to, subject, text) of all that waited."""
    transactional_sender = site.services.delivery.transactional_sender()
    while transactional_sender.post() is not None:
        pass
    found = []
    for data in site.mails:
        mail = email.message_from_bytes(data, policy=email.policy.default)
        text = mail.get_body(("plain",))
        found.append((str(mail["To"]), str(mail["Subject"]), " ".join(text.get_content().split())))
    return found


def test_a_notice_says_what_happened_and_leads_to_the_account(browser: Browser) -> None:
    browser.join(ANA)
    people.change_role(
        ANA, Role.APPROVER, by=OPERATOR_NAME, proofs=browser.site.services.staff.proofs
    )
    [(to, subject, text)] = posted(browser.site)
    assert to == ANA
    assert subject == "What happened to your account"
    assert "Your role is approver now; it was writer." in text
    assert "It happened on Tue 24 Nov 2026, 07:00 New York." in text
    assert "https://news.forum.example/desk/account" in text
    assert "tell an admin of your team now" in text


def test_a_mail_about_an_account_is_in_the_language_of_its_owners_desk(browser: Browser) -> None:
    proofs = browser.site.services.staff.proofs
    browser.join(DAN, Role.ADMIN)
    browser.join(ANA)
    assert browser.post("/account/language", {"language": "de"}).status == 303
    people.change_role(ANA, Role.APPROVER, by=OPERATOR_NAME, proofs=proofs)
    people.reset(ANA, by=DAN, proofs=proofs)
    posted(browser.site)
    mails = [
        email.message_from_bytes(one, policy=email.policy.default) for one in browser.site.mails
    ]
    pages = [one.get_body(("html",)).get_content() for one in mails if one["To"] == ANA]
    assert [set(re.findall(r'lang="([^"]*)"', page)) for page in pages] == [{"de"}, {"de"}]
    assert "Ihre Rolle ist jetzt „Freigabe“; vorher war sie „Schreiben“." in " ".join(pages)
    assert "Geändert hat das Ihre Technik. Wann: Di" in " ".join(pages)
    assert f"Dan ({DAN}) lässt Sie wieder ein. Ihre Rolle: Freigabe." in " ".join(pages)


def test_a_notice_reaches_also_whom_the_staff_suppressed(browser: Browser) -> None:
    browser.join(ANA)
    with browser.site.services.store.begin() as tx:
        entry = SuppressedEntry(address=ANA, reason=SuppressionReason.MANUAL)
        tx.readers.suppress([entry], browser.site.clock.now(), "test")
    people.change_role(
        ANA, Role.APPROVER, by=OPERATOR_NAME, proofs=browser.site.services.staff.proofs
    )
    assert [to for to, _, _ in posted(browser.site)] == [ANA]


def test_a_notice_holds_no_link_that_does_anything(browser: Browser) -> None:
    browser.join(ANA)
    people.disable(ANA, by=OPERATOR_NAME, proofs=browser.site.services.staff.proofs)
    [(_, _, text)] = posted(browser.site)
    links = [word for word in text.split() if word.startswith("https://")]
    assert "https://news.forum.example/desk/account" in links
    assert not any("invitation" in one or "confirm" in one for one in links)


def test_each_person_chooses_the_notices_that_they_are_mailed(browser: Browser) -> None:
    browser.join(ANA)
    before = browser.get("/account")
    assert 'id="notice-SUBMITTED" name="notice" value="SUBMITTED" checked' in before.text
    assert "Waiting for approval" in words(before)
    done = browser.post("/account/notices", [("notice", "SENT_BACK"), ("notice", "nonsense")])
    assert (done.status, done.headers["location"]) == (303, "/desk/account?done=notices")
    after = browser.get("/account?done=notices")
    assert "Your choice of emails was saved." in words(after)
    assert len(re.findall(r'name="notice" value="\w+" checked', after.text)) == 1
    assert 'value="SENT_BACK" checked' in after.text
    with browser.site.services.store.read() as tx:
        account = tx.accounts.get(ANA)
        assert len(account.muted) == len(EVENT_KINDS) - 1
        assert tx.audit.list_newest(1)[0].action == "choose notices"
