"""One's own account, and what admins do about others'."""

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest

from newsletter.credentials import codes
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.desk import words
from tests.pages import Forum
from tests.rows import rows
from tests.unit.web.desk.staff.test_notices import posted
from tests.unit.web.desk.visitor import OTHER, PASSWORD, Browser

ANA, BEN, CLEO, DAN = (f"{name}@forum.example" for name in ("ana", "ben", "cleo", "dan"))
SUBJECT = "Your invitation to the newsletter desk"


@pytest.fixture
def dan(site: Forum) -> Browser:
    """An admin, with a factor that is fresh."""
    browser = Browser(site=site, client="192.0.2.9")
    browser.join(DAN, Role.ADMIN)
    return browser


def test_an_account_shows_no_secret(dan: Browser) -> None:
    said = dan.get("/account").text
    with dan.site.services.store.read() as tx:
        known = tx.accounts.get(DAN)
    assert known is not None
    for secret in (
        known.password,
        known.factor,
        dan.cookie,
        codes.secret(dan.site.services.staff.key, "00" * 20),
    ):
        assert secret not in said
    assert "Firefox, Linux" in said
    assert dan.get("/account").headers["cache-control"] == "no-store"


def test_another_password_ends_the_other_sessions(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    other = Browser(site=site)
    other.sign_in(ANA)
    assert browser.get("/account/password").status == 200
    for old, new in ((OTHER, OTHER), (PASSWORD, "short"), (PASSWORD, PASSWORD)):
        answer = browser.post("/account/password", {"old": old, "new": new})
        assert answer.status == 422
        assert PASSWORD not in answer.text
    before = browser.cookie
    done = browser.post("/account/password", {"old": PASSWORD, "new": OTHER})
    assert done.headers["location"] == "/desk/account?done=password"
    assert browser.cookie != before
    assert (browser.is_in, other.is_in) == (True, False)
    assert other.sign_in(ANA).status == 401
    assert other.sign_in(ANA, OTHER).status == 303


def test_a_second_factor_is_set_up_replaced_and_removed(browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    assert browser.post("/account/factor", {"step-up": PASSWORD}).status == 303
    assert "QR code" in browser.get("/account/factor").text
    assert browser.post("/account/factor/confirm", {"code": "0"}).status == 422
    code = browser.code(ANA, pending=True)
    assert browser.post("/account/factor/confirm", {"code": code}).status == 200
    assert "10 of 10 are left" in words(browser.get("/account"))
    site.clock.advance(minutes=11)
    assert browser.post("/account/factor/remove", {"step-up": PASSWORD}).status == 401
    done = browser.post("/account/factor/remove", {"step-up": browser.code(ANA)})
    assert done.headers["location"] == "/desk/account?done=factor-removed"
    assert "Set up a second factor" in words(browser.get("/account"))


def test_sessions_are_ended_one_by_one_or_all_and_only_ones_own(
    browser: Browser, site: Forum, dan: Browser
) -> None:
    browser.join(ANA)
    others = [Browser(site=site), Browser(site=site)]
    for other in others:
        other.sign_in(ANA)
    keys = re.findall(
        r'action="/desk/account/sessions/([0-9a-f]{16})"', browser.get("/account").text
    )
    assert len(keys) == 2
    assert dan.post(f"/account/sessions/{keys[0]}").status == 404
    assert all(other.is_in for other in others)
    assert browser.post(f"/account/sessions/{keys[0]}").status == 303
    assert sorted(other.is_in for other in others) == [False, True]
    assert browser.post(f"/account/sessions/{keys[0]}").status == 404
    assert browser.post("/account/sessions").status == 303
    assert not any(other.is_in for other in others)
    assert browser.is_in


def test_admins_see_the_staff_and_others_are_told_who_does(dan: Browser, browser: Browser) -> None:
    browser.join(ANA)
    listed = words(dan.get("/staff"))
    assert "2 people" in listed
    assert "ana@forum.example" in listed
    for path in ("/staff", f"/staff/{DAN}", "/audit"):
        answer = browser.get(path)
        assert answer.status == 403
        assert "takes the role admin. Ask Dan." in words(answer)
        assert DAN not in answer.text


def mailed_links(site: Forum) -> set[str]:
    """The words of all links that were mailed."""
    found = r"https://news\.forum\.example/desk/invitation/([\w-]{43})"
    return {str(word) for _, _, text in posted(site) for word in re.findall(found, text)}


def test_a_link_is_mailed_to_its_owner_and_shown_to_no_admin(dan: Browser, site: Forum) -> None:
    made = dan.post("/staff/invitations", {"email": BEN, "role": "approver"})
    assert made.headers["location"] == "/desk/staff?done=link"
    waits = dan.get("/staff")
    assert "As approver, made by Dan" in words(waits)
    assert "The email is waiting to be sent." in words(waits)
    [word] = mailed_links(site)
    [text] = [text for to, subject, text in posted(site) if (to, subject) == (BEN, SUBJECT)]
    assert "Dan (dan@forum.example) invites you as approver." in text
    went = dan.get("/staff")
    assert "Written to the outbox on" in words(went)
    assert "ask your operator" in words(went)
    for page in (made, waits, went, dan.get("/audit")):
        assert "invitation/" + word not in page.text
        assert word not in page.text
    ben = Browser(site=site)
    assert ben.post(f"/invitation/{word}", {"name": "Ben", "password": PASSWORD}).status == 303
    assert ben.is_in


def test_a_link_is_sent_again_and_the_one_before_does_nothing(dan: Browser, site: Forum) -> None:
    dan.post("/staff/invitations", {"email": BEN, "role": "approver"})
    [first] = mailed_links(site)
    page = dan.get("/staff")
    assert "Send again" in words(page)
    form = {"email": BEN, "role": "approver"}
    assert all(f'name="{name}" value="{value}"' in page.text for name, value in form.items())
    assert dan.post("/staff/invitations", form).status == 303
    assert len(mailed_links(site)) == 2
    assert Browser(site=site).get(f"/invitation/{first}").status == 404


@rows(
    ["state", "said"],
    [
        (MessageState.CALLING, "The email is being sent."),
        (MessageState.REJECTED, "Not mailed: no such mailbox. Send it again."),
        (MessageState.WITHHELD, "Not mailed: no such mailbox. Send it again."),
        (MessageState.UNKNOWN, "The mail may not have arrived: no such mailbox."),
        (MessageState.WAITING, "The last try failed: no such mailbox."),
    ],
)
def test_the_page_says_what_became_of_the_mail(
    dan: Browser, site: Forum, state: MessageState, said: str
) -> None:
    posted(site)  # that Dan set up a second factor
    dan.post("/staff/invitations", {"email": BEN, "role": "approver"})
    with site.services.store.begin() as tx:
        held = tx.emails.claim(at=site.clock.now(), attempt_id="1")
        assert held is not None
        if state is MessageState.WAITING:
            tx.emails.requeue(held, not_before=site.clock.now(), reason="no such mailbox")
        elif state is not MessageState.CALLING:
            tx.emails.settle(held, state, at=site.clock.now(), reason="no such mailbox")
    assert said in words(dan.get("/staff"))


def test_the_operators_link_is_said_to_be_printed(dan: Browser, site: Forum) -> None:
    people.invite(BEN, Role.WRITER, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    page = words(dan.get("/staff"))
    assert "made by the operator" in page
    assert "The operator printed the link." in page


@rows(
    ["form", "status", "said"],
    [
        ({"email": "nobody", "role": "writer"}, 422, "address"),
        ({"email": "", "role": "writer"}, 422, "address"),
        ({"email": DAN, "role": "writer"}, 409, "has an account already"),
        ({"email": "dan+2@forum.example", "role": "writer"}, 409, "one mailbox"),
        ({"email": BEN, "role": "king"}, 409, "Choose one of the roles"),
        ({"email": "<script>@x.example", "role": "writer"}, 422, "Check these points"),
    ],
)
def test_who_cannot_be_invited_is_said_beside_the_field(
    dan: Browser, form: dict[str, str], status: int, said: str
) -> None:
    answer = dan.post("/staff/invitations", form)
    assert answer.status == status
    assert said in words(answer)
    assert "<script>@" not in answer.text


def test_no_field_and_no_header_names_who_acts(dan: Browser, browser: Browser) -> None:
    browser.join(ANA)
    form = {"role": "viewer", "by": ANA, "actor": ANA, "member": ANA, "address": DAN}
    headers = {"From": ANA, "X-Remote-User": ANA, "Remote-User": ANA, "X-Forwarded-User": ANA}
    assert dan.post(f"/staff/{ANA}/role", form, headers=headers).status == 303
    with dan.site.services.store.read() as tx:
        last = tx.audit.list_newest(1)[0]
    assert (last.actor, last.action, last.subject) == (DAN, "role", ANA)
    again = dan.post(f"/staff/{ANA}/role", form, headers=headers)
    assert again.headers["location"] == "/desk/staff", "nothing was changed"


def test_a_reset_link_lets_somebody_in_again(dan: Browser, browser: Browser, site: Forum) -> None:
    browser.join(ANA)
    assert dan.post(f"/staff/{ANA}/reset").headers["location"] == "/desk/staff?done=link"
    assert not browser.is_in
    [word] = mailed_links(site)
    offered = browser.get(f"/invitation/{word}")
    assert "Choose a new password" in words(offered)
    assert "Your name" not in words(offered)
    assert browser.post(f"/invitation/{word}", {"password": OTHER}).status == 303
    assert browser.is_in
    assert Browser(site=site).sign_in(ANA).status == 401


def test_a_name_is_text_wherever_it_stands(dan: Browser, browser: Browser) -> None:
    link = people.invite(ANA, Role.WRITER, by="operator", proofs=dan.site.services.staff.proofs)
    name = '<img src=x onerror="alert(1)">'
    browser.post(f"/invitation/{link.token}", {"name": name, "password": PASSWORD})
    for answer in (browser.get("/account"), dan.get("/staff"), dan.get(f"/staff/{ANA}")):
        assert "<img src=x" not in answer.text
        assert name in words(answer) or "&lt;img" in answer.text


def test_the_log_is_read_page_by_page_and_verified(dan: Browser) -> None:
    with dan.site.services.store.begin() as tx:
        for number in range(120):
            detail = f"<b>{number}</b>"
            tx.audit.enter(DAN, "add a picture", "x", picture=detail)
    first = dan.get("/audit")
    assert "<b>119" not in first.text
    assert "&lt;b&gt;119&lt;/b&gt;" in first.text
    [older] = re.findall(r'href="/desk(/audit\?before=\d+)"', first.text)
    second = dan.get(older)
    assert "&lt;b&gt;69&lt;/b&gt;" in second.text
    assert "Newer" in words(second)
    assert "Nothing was done yet" in words(dan.get("/audit?before=1"))
    for wrong in ("x", "-1", "9" * 30, "1%00", "١"):
        assert dan.get(f"/audit?before={wrong}").status in {404, 400}
    assert dan.post("/audit/verify").headers["location"] == "/desk/audit?done=verified"


def test_the_log_is_searched_page_by_page(dan: Browser) -> None:
    with dan.site.services.store.begin() as tx:
        tx.audit.enter(BEN, "comment", "storm-in-leeds")
        for number in range(51):
            tx.audit.enter(DAN, "add a picture", "hours", picture=f"<i>{number}")
        tx.audit.enter("scheduler", "start", "hours", readers=5)
        tx.audit.enter("breaker", "pause", "hours")
    query = f"?person={quote(DAN)}&act=add+a+picture&q=HOURS&since=2026-11-24&until=2026-11-24"
    page = dan.get(f"/audit{query}")
    assert page.text.count("&lt;i&gt;") == 50
    assert f'<option value="{DAN}" selected>' in page.text
    assert '<option value="add a picture" selected>… added the picture …</option>' in page.text
    [older] = re.findall(r'href="/desk(/audit\?[^"]+before=\d+)"', page.text)
    last = dan.get(unescape(older))
    assert "&lt;i&gt;0." in last.text
    assert last.text.count("&lt;i&gt;") == 1
    [newer] = re.findall(r'rel="prev" href="/desk(/audit\?[^"]+)"', last.text)
    assert words(dan.get(unescape(newer))) == words(page)
    assert "began to send" in words(dan.get("/audit?person=breaker")), "one name, two actors"
    twins = ("kim@forum.example", "kim@press.example")
    with dan.site.services.store.begin() as tx:
        for number, twin in enumerate(twins):
            tx.staff.put(twin, Role.WRITER, tx.now)
            tx.audit.enter(twin, "add a picture", f"of-{number}")
    for number, twin in enumerate(twins):
        page = dan.get(f"/audit?person={quote(twin)}")
        assert f'<option value="{twin}" selected>Kim ({twin})</option>' in page.text
        assert [f"of-{one}" in words(page) for one in (0, 1)] == [number == 0, number == 1]
    for nothing in ("q=zzz", "until=2026-11-23", "since=2026-11-25", "q=leeds&act=start"):
        assert "No line matches" in words(dan.get(f"/audit?{nothing}"))


def test_a_log_that_was_changed_is_said_to_be(dan: Browser) -> None:
    dan.site.change("UPDATE audit SET detail = 'nothing' WHERE number = 1")
    answer = dan.post("/audit/verify")
    assert answer.status == 409
    assert "Line 1 of the audit log is not what was written" in words(answer)


def test_each_address_that_can_be_invited_can_be_removed(dan: Browser, browser: Browser) -> None:
    address = "press/second@forum.example"
    browser.join(address, Role.ADMIN)
    [page] = re.findall(r'href="/desk(/staff/press%2F[^"]+)"', dan.get("/staff").text)
    assert address in words(dan.get(unquote(page)))
    assert dan.post(f"{unquote(page)}/remove").status == 303
    assert not browser.is_in
