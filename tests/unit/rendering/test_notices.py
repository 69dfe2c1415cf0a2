"""A message with many notices stays within what chats take."""

import json
from dataclasses import replace

from newsletter.domain.delivery.transactional import EmailText, NoticeSection
from newsletter.domain.wording import say
from newsletter.rendering.mail.words import desk_language
from newsletter.rendering.notices import slack_message, teams_card
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE, renderer

ENGLISH = desk_language("en")
MANY = [
    NoticeSection(
        title=f"Text {number}", label="approved", lines=("x" * 2_000,), url="https://a.example"
    )
    for number in range(60)
]


def test_many_notices_are_cut_short_and_counted() -> None:
    slack, teams = json.loads(slack_message(MANY, ENGLISH)), json.loads(teams_card(MANY, ENGLISH))
    assert len(slack["blocks"]) == 21
    assert slack["blocks"][-1]["elements"][0]["text"] == "And 40 more, at the desk."
    assert len(slack["blocks"][0]["text"]["text"]) < 3_000
    body = teams["attachments"][0]["content"]["body"]
    assert body[-1]["text"] == "And 40 more, at the desk."
    assert len(teams_card(MANY, ENGLISH)) < 28_000


@rows("written", ["NLMERGE", "\u202egpj", "a\x07b", "\ufffe"])
def test_no_text_of_others_keeps_an_email_to_staff_from_being_sent(written: str) -> None:
    url = "https://a.example"
    told = NoticeSection(title=f"{written}.csv", label=say("imported"), lines=(written,), url=url)
    news = renderer(HOUSE).transactional(EmailText.NEWS, language="en", url=url, news=(told,))
    what = say("The passkey “{name}” was added to your account.", name=written)
    notice = renderer(HOUSE).transactional(EmailText.NOTICE, language="en", url=url, about=what)
    for mail in (news, notice):
        assert written not in mail.subject + mail.html + mail.text


def test_an_email_to_staff_stays_within_what_gmail_shows() -> None:
    many = [replace(one, lines=("語" * 2_000,)) for one in MANY]
    url = "https://a.example"
    mail = renderer(HOUSE).transactional(EmailText.NEWS, language="en", url=url, news=tuple(many))
    assert mail.subject == "Approved: Text 0, and 59 more"
    for part in (mail.html, mail.text):
        assert "And 40 more, at the desk." in part


@rows("letter", ["<", "&", "ж", "語"])
def test_a_chat_takes_many_notices_in_each_script(letter: str) -> None:
    many = [replace(one, lines=(letter * 2_000,)) for one in MANY]
    blocks = json.loads(slack_message(many, ENGLISH))["blocks"][:20]
    assert max(len(block["text"]["text"]) for block in blocks) <= 3_000
    assert len(teams_card(many, ENGLISH)) < 28_000


def test_a_notice_without_lines_is_a_title_alone() -> None:
    bare = NoticeSection(title="Text", label="approved", lines=(), url="https://a.example")
    assert len(json.loads(teams_card([bare], ENGLISH))["attachments"][0]["content"]["body"]) == 1


def test_a_report_is_told_in_the_language_of_the_desk_and_is_for_no_staff() -> None:
    told = NoticeSection(
        title="Water",
        label=say("Report"),
        lines=(say("Delivered: {count:,}", count=4213),),
        url="https://a.example/desk/campaigns/1",
    )
    mail = renderer(HOUSE).transactional(
        EmailText.REPORT, language="de", url=told.url, news=(told,)
    )
    assert mail.subject == "Bericht: Water"
    assert "\n\nZugestellt: 4.213\n\n" in mail.text
    assert f"\n{told.url}\n" in mail.text
    assert f'<a href="{told.url}"' in mail.html
    assert "weil Sie zum Team gehören" not in mail.html + mail.text


def test_news_are_told_in_the_language_of_the_desk() -> None:
    told = NoticeSection(
        title="Water",
        label=say("approved"),
        lines=(say("Only staff can see it."),),
        url="https://a.example",
    )
    slack = json.loads(slack_message([told, told], desk_language("de-AT")))
    first, _ = slack["blocks"]
    assert first["text"]["text"] == (
        "*<https://a.example|Water>*: freigegeben\nNur das Team sieht es."
    )
    assert slack["text"] == "Freigegeben: Water, und 1 weitere"
    url = "https://a.example/account"
    mail = renderer(HOUSE).transactional(EmailText.NEWS, language="de", url=url, news=(told,))
    assert mail.subject == "Freigegeben: Water"
    assert "Freigegeben\n\nNur das Team sieht es.\n\nIn der Redaktion öffnen:\nhttps" in mail.text
    assert "Sie bekommen diese E-Mails, weil Sie zum Team gehören. <a" in " ".join(
        mail.html.split()
    )
