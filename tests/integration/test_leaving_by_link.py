"""The link in every mail: it leaves, for ever and whatever happened, and it does nothing else."""

from pathlib import Path

import pytest

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.subscribers.audience import Audience, SuppressedEntry, SuppressionReason
from tests.pages import Forum, Kept, forum, kept_after

PEOPLE = [f"reader{number}@example.org" for number in range(1, 6)]


def send(site: Forum) -> None:
    site.subscribe(*PEOPLE, lists=["press", "events"], language="en")
    site.send()


kept = kept_after(forum, send)


@pytest.fixture
def site(kept: Kept) -> Forum:
    return kept.again()


_PART = 'Content-Disposition: form-data; name="List-Unsubscribe"'
BODIES = [
    ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
    ("multipart/form-data; boundary=x", f"--x\r\n{_PART}\r\n\r\nOne-Click\r\n--x--\r\n".encode()),
    ("multipart/form-data; boundary=x", b""),
    ("text/plain", b"\xff" * 100_000),
    ("", b""),
]


@pytest.mark.parametrize(("media", "body"), BODIES)
def test_h2_one_click_needs_no_particular_body_or_header(
    site: Forum, media: str, body: bytes
) -> None:
    fields = {"Content-Type": media, "User-Agent": "", "Origin": "https://mail.example"}
    answer = site.post(site.unsubscribe_link(1), headers=fields, body=body)
    assert answer.status == 200
    assert not {"location", "set-cookie"} & answer.headers.keys()
    assert site.lists_of(1) == ["events"], "committed before the answer"


def test_h3_a_link_is_as_good_the_second_time_and_ten_years_later(site: Forum) -> None:
    path = site.unsubscribe_link(1)
    site.clock.advance(days=3650)
    first, second = site.post(path), site.post(path)
    assert (first.status, first.text) == (second.status, second.text)
    assert site.lists_of(1) == ["events"]


def test_h3_a_link_works_after_a_new_key_was_added(tmp_path: Path) -> None:
    with forum(tmp_path) as site:
        site.subscribe(*PEOPLE)
        site.send()
        path = site.unsubscribe_link(1)
    with (tmp_path / "var/keys/links").open("a") as keys:
        keys.write("ab" * 32 + "\n")
    with forum(tmp_path) as site:
        assert site.unsubscribe_link(1) != path
        assert site.post(path).status == 200
        assert site.lists_of(1) == []


def test_h3_a_link_works_while_everything_is_on_hold(site: Forum) -> None:
    with site.services.store.begin() as tx:
        tx.hold.put(HoldKind.STOP, "maintenance")
    assert site.post(site.unsubscribe_link(1)).status == 200
    assert site.lists_of(1) == ["events"]


def test_h3_a_link_works_for_the_suppressed_the_paused_and_the_erased(site: Forum) -> None:
    with site.services.store.begin() as tx:
        bounced = SuppressedEntry(address=PEOPLE[0], reason=SuppressionReason.BOUNCED)
        tx.readers.suppress([bounced], site.clock.now(), "test")
        tx.choices.set_details(2, paused_until=site.clock.now())
        tx.readers.erase(PEOPLE[2], site.clock.now())
    for number in (1, 2, 3):
        assert site.post(site.unsubscribe_link(number)).status == 200
        assert site.get(site.unsubscribe_link(number)).status == 200
    assert [site.lists_of(number) for number in (1, 2)] == [["events"], ["events"]]


def test_who_left_and_is_in_no_book_is_told_by_the_name_of_their_message(
    site: Forum, caplog: pytest.LogCaptureFixture
) -> None:
    link = site.unsubscribe_link(4711)  # joined after the backup that was put back
    for path in (link, f"{link}?by=page", f"{link}/everything"):
        caplog.clear()
        assert site.post(path).status == 200
        [line] = [one.getMessage() for one in caplog.records if "left" in one.getMessage()]
        _, [name] = site.services.links.for_batch(1, [4711])
        assert f"message_id={name} " in line
    caplog.clear()
    assert site.post(site.unsubscribe_link(1)).status == 200
    assert caplog.records == []


def test_h4_no_limit_by_network_keeps_anybody_subscribed(site: Forum) -> None:
    paths = [site.unsubscribe_link(number) for number in range(1, 6)]
    answers = site.ask_all([("POST", path) for path in paths * 60])
    assert {answer.status for answer in answers} == {200}
    assert [site.lists_of(number) for number in range(1, 6)] == [["events"]] * 5


def test_after_leaving_the_page_says_what_else_is_possible(site: Forum) -> None:
    path = site.unsubscribe_link(1)
    page = site.post(f"{path}?by=page").text
    assert "You’ve been unsubscribed from Press releases." in page
    for way in ("everything", "preferences"):
        assert f'action="..{path}/{way}"' in page
    assert site.get(f"{path}/everything").status == 405, "a GET does nothing"
    assert "You’re not subscribed" in site.get(path).text


def test_preferences_open_without_leaving_first_and_a_get_changes_nothing(site: Forum) -> None:
    path = f"{site.unsubscribe_link(1)}/preferences"
    before = site.everything()
    pages = [site.get(path) for _ in range(5)]
    assert {page.status for page in pages} == {200}
    assert site.everything() == before, "scanners open every link"
    assert pages[0].text.count("<button") == 3, "for the link, and for each list"
    assert f'action="../..{path}"' in pages[0].text

    sent = site.post(path)
    assert "Check your inbox" in sent.text
    assert site.rows("SELECT kind FROM transactional_email") == [("preferences",)]
    assert site.lists_of(1) == ["events", "press"]


def test_one_list_is_left_at_once_whatever_the_email_was_about(site: Forum) -> None:
    link = site.unsubscribe_link(1)
    assert "Unsubscribe – Events" in site.get(f"{link}/preferences").text
    left = site.post(f"{link}/lists/events")
    assert "You’ve been unsubscribed from Events." in left.text
    assert site.lists_of(1) == ["press"]
    assert site.post(f"{link}/lists/events").text == left.text, "also for somebody not on it"
    assert site.post(f"{link}/lists/unknown").status == 404
    assert site.lists_of(2) == ["events", "press"]


def test_the_pages_of_preferences_say_the_same_whoever_is_subscribed(site: Forum) -> None:
    path = f"{site.unsubscribe_link(1)}/preferences"
    offered = site.get(path).text
    site.post(site.unsubscribe_link(1))
    assert site.get(path).text == offered
    with site.services.store.begin() as tx:
        tx.choices.set_details(2, paused_until=site.clock.now())
    paused = f"{site.unsubscribe_link(2)}/preferences"
    said = [site.post(path).text, site.post(paused).text]
    assert said[0] == said[1]


def test_whoever_leaves_everything_gets_nothing_more(site: Forum) -> None:
    answer = site.post(f"{site.unsubscribe_link(1)}/everything")
    assert "You won’t receive any more emails from us." in answer.text
    assert site.lists_of(1) == []
    site.subscribe(PEOPLE[0], lists=["another"])
    with site.services.store.read() as tx:
        assert tx.audiences.count(Audience(lists=("another",))) == 0
    assert site.lists_of(2) == ["events", "press"]


def test_a_page_speaks_the_readers_own_language(site: Forum) -> None:
    site.change("UPDATE subscriber SET language = 'ar' WHERE id = 1")
    page = site.get(site.unsubscribe_link(1)).text
    assert '<html lang="ar" dir="rtl">' in page
    asked = site.get(site.unsubscribe_link(99), headers={"Accept-Language": "de"}).text
    assert '<html lang="de"' in asked


# --- what a forwarded mail is good for (listmonk: the UUID in every mail opens all of a person)


def test_s6_listmonk_a_forwarded_mail_shows_nothing_of_its_reader(site: Forum) -> None:
    site.change("UPDATE subscriber SET name = 'Ana Ruiz' WHERE id = 1")
    path = site.unsubscribe_link(1)
    seen = [site.get(path), site.post(f"{path}?by=page"), site.post(path)]
    seen += [site.post(f"{path}/preferences"), site.post(f"{path}/everything"), site.get(path)]
    for answer in seen:
        assert answer.status == 200
        for secret in (PEOPLE[0], "Ana", "Events", "America/", "/preferences/"):
            assert secret not in answer.text


def test_s6_listmonk_a_forwarded_mail_opens_no_preferences_data_or_deletion(site: Forum) -> None:
    token = site.unsubscribe_link(1).removeprefix("/u/")
    for path in ("", "/data", "/delete", "/address", "/again"):
        for method in ("GET", "POST"):
            assert site.ask(method, f"/preferences/{token}{path}").status in {404, 405}
    assert site.lists_of(1) == ["events", "press"]


def test_s6_a_forwarded_mail_only_has_a_letter_sent_to_the_owner(site: Forum) -> None:
    answers = [site.post(f"{site.unsubscribe_link(1)}/preferences") for _ in range(3)]
    unknown = site.post(f"{site.unsubscribe_link(99)}/preferences")
    assert {answer.text for answer in answers} == {unknown.text}
    emails = site.rows("SELECT kind, address, subscriber_id, asks FROM transactional_email")
    assert emails == [("preferences", PEOPLE[0], 1, 3)]
