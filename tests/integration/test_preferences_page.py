"""A person's own page, by the link in an email: their lists, their data, and its end."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.domain.subscribers.preferences import PREFERENCES_LINK_LIFETIME
from newsletter.domain.subscribers.signup import Method
from tests.contracts.books import audited
from tests.pages import Forum, Kept, forum, kept_after

ANA = "Ana@Example.org"


def subscribe(site: Forum) -> None:
    site.subscribe(ANA, lists=["press", "old"], name="Ana Ruiz", language="en")


kept = kept_after(forum, subscribe)


@pytest.fixture
def site(kept: Kept) -> Forum:
    return kept.again()


def form(**changes: Any) -> dict[str, Any]:
    """Return the fields that an unchanged page posts, with these changes."""
    unchanged = {
        "had": ["old", "press"],
        "list": ["old", "press"],
        "was_name": "Ana Ruiz",
        "name": "Ana Ruiz",
        "was_language": "en",
        "language": "en",
        "was_timezone": "",
        "timezone": "",
        "pause": "",
        "day": "",
    }
    return unchanged | changes


def saved(site: Forum, **changes: Any) -> str:
    """The page after saving."""
    answer = site.post(site.preferences_link(), form(**changes))
    assert answer.status == 303
    return site.get(urljoin(site.preferences_link(), answer.headers["location"])).text


def chosen(site: Forum) -> Any:
    with site.services.store.read() as tx:
        return tx.readers.get(1)


def test_c7_the_page_needs_no_login_and_shows_all_that_can_be_chosen(site: Forum) -> None:
    answer = site.get(site.preferences_link())
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert "no-store" in answer.headers["cache-control"]
    for shown in ("Press releases", "What we say in public.", "Events", "old", "Ana Ruiz", ANA):
        assert shown in answer.text
    assert answer.text.count('name="list"') == 3
    assert answer.text.count("checked") == 3, "two lists, and no pause"
    assert 'value="Europe/Berlin"' in answer.text
    assert "<script" not in answer.text


def test_a_list_that_is_offered_no_more_can_be_left_and_then_is_not_shown(site: Forum) -> None:
    page = saved(site, list=["press"])
    assert 'value="old"' not in page
    assert site.lists_of() == ["press"]


def test_a_language_and_a_zone_that_we_do_not_have_are_kept_unless_the_person_changes_them(
    site: Forum,
) -> None:
    site.change("UPDATE subscriber SET language = 'pt-BR', timezone = 'US/Eastern'")
    page = site.get(site.preferences_link(), headers={"Accept-Language": "en"}).text
    assert '<option value="pt-BR" selected>Português (pt-BR)</option>' in page
    assert '<option value="US/Eastern" selected>' in page
    same = {"was_language": "pt-BR", "language": "pt-BR"}
    zone = {"was_timezone": "US/Eastern", "timezone": "US/Eastern"}
    saved(site, **same, **zone)
    assert (chosen(site).language, chosen(site).timezone) == ("pt-BR", "US/Eastern")
    saved(site, was_language="pt-BR", language="de")
    assert (chosen(site).language, chosen(site).timezone) == ("de", "US/Eastern")
    # another machine's data of zones knew it: the workspace's zone counts, as for local times
    site.change("UPDATE subscriber SET timezone = 'US/Pacific-New'")
    assert "1 December" in saved(site, was_language="de", language="en", pause="week")
    assert chosen(site).timezone == "US/Pacific-New"


def test_everything_is_saved_at_once_and_the_page_says_so(site: Forum) -> None:
    page = saved(
        site,
        list=["press", "events"],
        name="Ana Ma\u0301s <b>",
        language="es",
        timezone="Europe/Berlin",
        pause="week",
    )
    assert "se han guardado" in page, "in the language that was just chosen"
    assert "Ana Más &lt;b&gt;" in page, "composed, so that a search finds it"
    assert site.lists_of() == ["events", "press"]
    now = chosen(site)
    assert (now.name, now.language, now.timezone) == ("Ana Más <b>", "es", "Europe/Berlin")
    assert now.paused_until.isoformat() == "2026-11-30T23:00:00+00:00", "as Tuesday begins there"


def test_c1_each_yes_and_its_end_is_kept_with_the_words_that_were_shown(site: Forum) -> None:
    saved(site, list=["press", "events"])
    with site.services.store.read() as tx:
        records = tx.consents.list_for(1)
        words = [tx.consents.get_words(one.wording) for one in records]
    assert [(one.list, one.given) for one in records] == [("events", True), ("old", False)]
    assert {(one.method, one.at) for one in records} == {(Method.PREFERENCES, site.clock.now())}
    assert words[0].endswith("at any time.\nEvents\nWhere to meet us.")
    assert words[1].endswith("\nold")


def test_a_page_that_was_open_before_joins_nothing_again_that_was_left_since(site: Forum) -> None:
    site.send()
    site.post(site.unsubscribe_link(1))
    saved(site, name="Ana R.")
    assert site.lists_of() == ["old"]
    assert chosen(site).name == "Ana R."


def test_two_pages_that_are_open_at_once_keep_what_each_changed(site: Forum) -> None:
    saved(site, list=["old", "press", "events"])
    saved(site, name="Ana R.")
    saved(site, list=["press"])
    assert site.lists_of() == ["events", "press"]
    assert chosen(site).name == "Ana R."


def test_a_field_that_a_form_lacks_stays_as_it_was(site: Forum) -> None:
    before, typed = chosen(site), form()
    for name in ("name", "language", "timezone"):
        del typed[name]
    assert site.post(site.preferences_link(), typed).status == 303
    assert chosen(site) == before


def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_saved(
    subtests: pytest.Subtests, site: Forum
) -> None:
    for field, wrong in [
        ("name", {"name": "x" * 101}),
        ("name", {"name": "Ana \u202egro.rehto"}),
        ("name", {"name": "Ana\r\nBcc: eve@example.org"}),
        ("language", {"language": "xx"}),
        ("timezone", {"timezone": "Europe/Nowhere"}),
        ("day", {"pause": "day", "day": ""}),
        ("day", {"pause": "day", "day": "2026-11-24"}),
        ("day", {"pause": "day", "day": "2036-11-24"}),
        ("day", {"pause": "day", "day": "31.12.2026"}),
    ]:
        with subtests.test(field=field, wrong=wrong):
            before = site.everything()
            answer = site.post(site.preferences_link(), form(list=["events"], **wrong))
            assert answer.status == 422
            assert f'aria-describedby="{field}-fault"' in answer.text
            assert f'id="{field}-fault"' in answer.text
            assert answer.text.count('aria-invalid="true" aria') == 1
            assert '<input type="checkbox" name="list" value="events" checked>' in answer.text
            assert site.everything() == before


PAYLOADS = ["' OR 1=1 --", "\x00", "<svg onload=alert(1)>", "a" * 12_000, "%s{{7*7}}", "🕊‮"]


def test_s2_s3_phplist_no_field_of_the_page_runs_or_breaks_anything(
    subtests: pytest.Subtests, site: Forum
) -> None:
    for field in ["list", "had", "pause", "name", "language", "timezone", "day"]:
        with subtests.test(field=field):
            for payload in PAYLOADS:
                answer = site.post(site.preferences_link(), form(**{field: payload}))
                assert answer.status in {303, 422}
                page = site.get(site.preferences_link()).text
                assert "<svg" not in page + answer.text
                assert "49" not in page + answer.text
                assert set(site.lists_of()) <= {"old", "press"}


def test_whoever_is_on_all_lists_can_ask_to_be_written_to_again(site: Forum) -> None:
    assert 'name="again"' not in site.get(site.preferences_link()).text
    for reason, lifted in ((SuppressionReason.BOUNCED, True), (SuppressionReason.MANUAL, False)):
        with site.services.store.begin() as tx:
            entry = SuppressedEntry(address=ANA, reason=reason)
            tx.readers.suppress([entry], site.clock.now(), "test")
        page = site.get(site.preferences_link()).text
        assert ('name="again"' in page) == lifted
        saved(site, again="1")
        with site.services.store.read() as tx:
            assert (tx.readers.suppression_reason(ANA) is None) == lifted
    with site.services.store.read() as tx:
        assert [(one.list, one.given) for one in tx.consents.list_for(1)] == [
            ("old", True),
            ("press", True),
        ]
    [line] = audited(site.services.store, "lift")
    assert line.values == {"before": "bounced", "reason": "on the page of preferences"}


def test_the_link_opens_for_a_day_and_then_only_has_another_sent(site: Forum) -> None:
    path = site.preferences_link()
    site.clock.advance(seconds=PREFERENCES_LINK_LIFETIME.total_seconds())
    assert site.get(path).status == 200
    site.clock.advance(minutes=1)
    before = site.everything()
    for method, way in [("GET", ""), ("POST", ""), ("GET", "/data"), ("POST", "/delete")]:
        answer = site.ask(method, path + way, form=form(list=[]) if method == "POST" else None)
        assert answer.status == 410
        assert ANA not in answer.text
        assert answer.text.count("<button") == 1
    assert site.everything() == before
    assert site.post(f"{path}/again").status == 200
    assert site.rows("SELECT kind, address FROM transactional_email") == [("preferences", ANA)]


def test_s5_ghost_cve_2024_43409_one_persons_link_reaches_nobody_else(site: Forum) -> None:
    site.subscribe("bob@example.org", name="Bob")
    mine = site.preferences_link(1)
    for other in ("?id=2", "?subscriber=2", "?email=bob@example.org"):
        assert "bob@example.org" not in site.get(f"{mine}{other}").text
        assert "bob@example.org" not in site.get(f"{mine}/data{other}").text
    fields = form(name="Eve", id="2", subscriber_id="2", email="bob@example.org")
    site.post(mine, fields)
    site.post(f"{mine}/delete", fields)
    with site.services.store.read() as tx:
        bob = tx.readers.get(2)
    assert (bob.name, bob.lists) == ("Bob", ("press",))


def test_s5_ghost_cve_2026_22595_no_spelling_of_a_path_opens_more(
    subtests: pytest.Subtests, site: Forum
) -> None:
    for end in ["/", "//", "/.", "/%2e", "%00", "/data/", "/DELETE", ";x"]:
        with subtests.test(end=end):
            before = site.everything()
            late = site.services.links.preferences_token(1, site.clock.now() - timedelta(days=2))
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
                answer = site.ask(method, f"/preferences/{late}{end}")
                assert answer.status in {404, 405, 410}
                assert ANA not in answer.text
            assert site.everything() == before


def test_h5_no_get_head_or_options_changes_anything(site: Forum) -> None:
    site.send()
    links = [site.unsubscribe_link(1), site.preferences_link(1)]
    ways = ("", "/data", "/delete", "/again", "/address", "/everything", "/preferences")
    before = site.everything()
    for path in (link + way for link in links for way in ways):
        for method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            assert site.ask(method, path).status in {200, 404, 405}
    assert site.everything() == before


def test_s4_listmonk_ghsa_rf24_nothing_acts_by_what_a_browser_sends_by_itself(site: Forum) -> None:
    """There is no cookie and no session: a foreign page can send nothing that counts."""
    site.send()
    before = site.everything()
    foreign = {"Cookie": "session=1", "Authorization": "Basic YTpi", "Origin": "https://evil"}
    for route in site.pages.routes:
        methods = route.methods or set()
        if "POST" in methods and "{token}" in route.path:
            path = route.path.replace("{token}", "A" * 36)
            assert site.post(path, form(), headers=foreign).status == 404
    assert site.everything() == before


def test_a_new_address_gets_a_letter_and_nothing_changes_before(site: Forum) -> None:
    site.subscribe("known@example.org")
    answers = [
        site.post(f"{site.preferences_link()}/address", {"address": f" {address} "})
        for address in ("new@example.org", "known@example.org")
    ]
    texts = [answer.text.replace("known@", "new@") for answer in answers]
    assert texts[0] == texts[1], "nobody learns whom we know"
    assert site.rows(
        "SELECT kind, address, subscriber_id FROM transactional_email ORDER BY id"
    ) == [("move", "new@example.org", 1), ("move", "known@example.org", 1)]
    with site.services.store.read() as tx:
        person = tx.readers.get(1)
    assert person.address == ANA


def test_c3_my_data_is_a_file_with_all_of_it(site: Forum) -> None:
    site.send()
    saved(site, list=["press", "events"], pause="week")
    site.post(f"{site.preferences_link()}/address", {"address": "new@example.org"})
    answer = site.get(f"{site.preferences_link()}/data")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    found = json.loads(answer.body)
    assert found["subscriber"]["address"] == ANA
    assert found["deliveries"][0]["statement"] == "news"
    assert found["deliveries"][0]["state"] == "accepted"
    states = {one["list"]: one["state"] for one in found["subscriptions"]}
    assert states == {"press": "confirmed", "events": "confirmed", "old": "ended"}
    assert [one["words"].split("\n")[1] for one in found["consents"]] == ["Events", "old"]
    assert [one["address"] for one in found["emails"]] == ["new@example.org"]


def test_deleting_asks_once_more_and_then_leaves_nothing_but_the_block(site: Forum) -> None:
    site.send()
    asked = site.get(f"{site.preferences_link()}/delete")
    assert asked.text.count("<button") == 1
    assert site.lists_of() == ["old", "press"]

    path = site.preferences_link()
    assert site.post(f"{path}/delete").status == 200
    with site.services.store.read() as tx:
        assert tx.readers.get(1) is None
        assert tx.readers.suppression_reason(ANA) is SuppressionReason.ERASED
    [entered] = audited(site.services.store, "forget")
    assert (entered.actor, entered.subject, entered.values) == ("the reader", "subscriber", {})
    for way in ("", "/data", "/delete"):
        assert site.get(path + way).status == 404
    assert site.post(f"{path}/delete").status == 404
    assert site.post(f"{path}/again").status == 200, "as for everybody"
    assert site.rows("SELECT count(*) FROM transactional_email") == [(0,)]


def test_a_deletion_that_is_pressed_many_times_is_one(site: Forum) -> None:
    deletion = ("POST", f"{site.preferences_link()}/delete")
    answers = site.ask_all([deletion] * 8)
    assert {answer.status for answer in answers} <= {200, 404}
    assert chosen(site) is None
    assert site.rows("SELECT COUNT(*) FROM audit WHERE action = 'forget'") == [(1,)]


def test_a_reader_moves_to_no_address_that_could_not_sign_up(site: Forum) -> None:
    for address in ("", "ana@", "postmaster@example.org", "ana@mailinator.com"):
        answer = site.post(f"{site.preferences_link()}/address", {"address": address})
        assert (answer.status, 'aria-invalid="true"' in answer.text) == (422, True), address
    assert site.rows("SELECT kind FROM transactional_email") == []


def test_whoever_cannot_be_found_by_their_address_is_told_that_nothing_was_done(
    site: Forum,
) -> None:
    """The page tries again only so often."""
    with site.services.store.begin() as tx:
        tx.db.change("UPDATE subscriber SET address = 'damaged@example.org'")
    answer = site.post(f"{site.preferences_link()}/delete")
    assert answer.status == 503
    assert chosen(site) is not None


def test_every_form_link_and_redirect_stays_beneath_the_path_of_public_url(site: Forum) -> None:
    site.send()
    own, mail = site.preferences_link(), site.unsubscribe_link(1)
    asked = [("GET", path) for path in (own, f"{own}/delete", mail, f"{mail}/preferences")]
    asked += [("GET", "/subscribe"), ("GET", "/confirm/made-up"), ("POST", f"{mail}/everything")]
    asked += [("POST", mail), ("POST", f"{mail}/preferences"), ("POST", own), ("GET", "/archive/x")]
    asked += [("POST", "/subscribe")]
    ways = 0
    for method, path in asked:
        answer = site.ask(method, path, form=form() if method == "POST" else None)
        found = re.findall('(?:href|action)="([^"]*)"', answer.text)
        for way in [*found, *filter(None, [answer.headers.get("location")])]:
            there = urljoin(f"https://forum.example/news{path}", way)
            ways += there.startswith("https://forum.example/news/")
            assert not re.match("https://forum.example/(?!news/).", there), (path, way)
    assert ways > 10
