"""The settings of a short file, and the values that the domain gets from them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from newsletter.config import settings as module
from newsletter.config.loading import show
from newsletter.config.settings import Settings
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.brand import Brand, Logo, Sans
from newsletter.domain.statements.content import Organisation, PressContact, Publisher, Sender
from newsletter.domain.statements.statement import Approvals
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.subscribers.signup import FormFault
from newsletter.domain.themes import Theme
from newsletter.providers.mailgun import send as mailgun
from newsletter.providers.outbox import options as outbox
from tests.rows import rows


def test_what_is_left_out_has_the_promised_default(read: Any) -> None:
    settings = read()

    assert settings.language == "en"
    assert settings.default_lists == ()
    assert [(source.kind, source.path) for source in settings.statements] == [
        ("folder", Path("statements"))
    ]
    assert settings.campaign_rules().policy == Approvals(
        required=1, author_may_approve=False, trust_front_matter=False
    )
    assert settings.schedule.poll == timedelta(seconds=5)
    assert settings.schedule.undo_window == timedelta(minutes=5)
    assert isinstance(settings.provider, outbox.Options)
    assert settings.provider.path == Path("var/outbox")
    assert settings.database == "sqlite:///var/newsletter.db"


def test_a_group_may_be_written_in_part(read: Any) -> None:
    settings = read("approvals: {required: 2}\nschedule: {undo_window: 0s}\n")

    assert settings.campaign_rules().policy == Approvals(required=2)
    assert settings.schedule.undo_window == timedelta()
    assert settings.schedule.poll == timedelta(seconds=5)


def test_the_kind_decides_what_a_provider_takes(read: Any) -> None:
    settings = read(
        "provider: {kind: mailgun, domain: forum.example, api_key: key-1, timeout: 20s, rate: 5}"
    )

    assert isinstance(settings.provider, mailgun.Options)
    assert settings.provider.api_key.get_secret_value() == "key-1"
    assert settings.provider.timeout == timedelta(seconds=20)
    assert settings.provider.rate == 5


def test_lists_are_offered_in_their_order_with_what_readers_read(read: Any) -> None:
    settings = read(
        "lists:\n"
        "  - {name: supporters, title: For supporters, about: What you can do.}\n"
        "  - name: press\n"
    )

    assert settings.offers() == (
        PublicList(name="supporters", title="For supporters", about="What you can do."),
        PublicList(name="press", title="press"),
    )


def test_where_no_lists_are_offered_the_default_ones_are(read: Any) -> None:
    assert read("default_lists: [press]\n").offers() == (PublicList(name="press", title="press"),)
    assert read().offers() == ()


def test_who_may_join_is_a_matter_of_settings(read: Any) -> None:
    rules = read(
        "default_lists: [press]\nsignup: {refuse_roles: [info], refuse_domains: [Bücher.example]}\n"
    ).sign_up_rules()

    assert rules.public_lists == (PublicList(name="press", title="press"),)
    assert rules.find_address_fault("postmaster@example.org") is None
    assert rules.find_address_fault("info@example.org") is FormFault.ROLE
    assert rules.find_address_fault("ana@bücher.example") is FormFault.THROW_AWAY
    assert rules.find_address_fault("ana@mailinator.com") is FormFault.THROW_AWAY, (
        "known to the program"
    )
    assert read().sign_up_rules().find_address_fault("postmaster@example.org") is FormFault.ROLE


def test_nothing_is_offered_where_nobody_can_join(read: Any) -> None:
    assert (
        not read("default_lists: [press]\nsignup: {enabled: false}\n").sign_up_rules().public_lists
    )
    assert not read().sign_up_rules().public_lists


def test_the_known_throw_away_domains_are_domains_each_once_in_order(read: Any) -> None:
    file = Path(module.__file__).parent / "throwaway.txt"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]

    assert lines == sorted(set(lines))
    assert set(lines) == read().sign_up_rules().throw_away


def test_settings_do_not_change(read: Any) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read().language = "de"


def test_the_house_carries_all_that_messages_say(read: Any, base: str) -> None:
    text = base.replace(
        "  website",
        "  tagline: Practical answers\n"
        "  press_contact: {name: Press, email: press@forum.example, phone: '+1 202 555 0100'}\n"
        "  website",
    ).replace("news@forum.example}", "news@forum.example, reply_to: press@forum.example}")

    assert read(base=text).publisher() == Publisher(
        organisation=Organisation(
            name="Example Forum",
            website="https://forum.example",
            postal_address="1 Example Street, Washington, DC 20001",
            tagline="Practical answers",
            press_contact=PressContact(
                name="Press", email="press@forum.example", phone="+1 202 555 0100"
            ),
        ),
        sender=Sender(
            name="Example Forum", address="news@forum.example", reply_to="press@forum.example"
        ),
        public_url="https://news.forum.example",
        timezone="America/New_York",
    )


def test_the_house_is_silent_about_what_is_left_out(read: Any) -> None:
    publisher = read().publisher()

    assert publisher.organisation.tagline == ""
    assert publisher.organisation.press_contact is None
    assert publisher.sender.reply_to == ""


def test_a_brand_is_made_of_settings_alone(read: Any) -> None:
    assert read().publisher().brand == Brand()
    text = (
        'brand: {color: "#1A4FA0", theme: bulletin, sans: verdana,'
        " logo: {src: https://forum.example/logo.png, width: 220, height: 56}}\n"
    )

    assert read(text).publisher().brand == Brand(
        color="#1a4fa0",
        theme=Theme.BULLETIN,
        sans=Sans.VERDANA,
        logo=Logo(src="https://forum.example/logo.png", width=220, height=56),
    )


def test_all_settings_can_be_shown_as_json(read: Any) -> None:
    text = (
        "brand: {sans: verdana}\n"
        'digests: [{name: weekly, title: The week, every: week, day: friday, at: "16:00",'
        " lists: [press]}]\n"
        "statements: [{kind: feed, url: 'https://forum.example/feed', every: 1h, lists: [press]}]\n"
    )

    shown = json.loads(json.dumps(show(read(text)), default=str))

    assert shown["brand"]["sans"] == "verdana"
    assert shown["digests"][0]["every"] == "week"
    assert shown["statements"][0]["url"] == "https://forum.example/feed"


def test_a_press_contact_needs_only_a_name(read: Any, base: str) -> None:
    text = base.replace("  website", "  press_contact: {name: Press}\n  website")

    assert read(base=text).publisher().organisation.press_contact == PressContact(name="Press")


def test_relative_paths_count_from_the_workspace(read: Any, tmp_path: Path) -> None:
    settings = read()

    assert settings.workspace == tmp_path
    assert settings.resolve(Path("statements")) == tmp_path / "statements"
    assert settings.resolve(Path("/srv/statements")) == Path("/srv/statements")
    assert settings.database_path == tmp_path / "var/newsletter.db"


def test_an_absolute_database_stays_where_it_is(read: Any) -> None:
    settings = read("database: sqlite:////srv/news/newsletter.db\n")

    assert settings.database_path == Path("/srv/news/newsletter.db")


def test_without_a_file_paths_count_from_the_current_directory() -> None:
    settings = Settings.model_validate_json(
        '{"organisation": {"name": "F", "website": "https://f.example", "postal_address": "1 St"},'
        ' "sender": {"name": "F", "address": "f@f.example"}, "public_url": "https://f.example",'
        ' "timezone": "Europe/Berlin"}'
    )

    assert settings.resolve(Path("var")) == Path("var")


@rows("code", ["en", "pt-BR", "zh-Hant", "zh-Hant-TW", "es-419", "de-CH-1996"])
def test_languages_are_written_as_bcp_47_says(read: Any, code: str) -> None:
    assert read(f"language: {code}\n").language == code


@rows("code", ["EN", "e", "en_GB", "en-", "en-gb", "english", "en\u200b"])
def test_what_is_no_language_code_is_refused(faults: Any, code: str) -> None:
    assert [fault.key for fault in faults(f"language: {code}\n")] == ["language"]


@rows(
    ("written", "kept"),
    [
        ("https://news.forum.example/", "https://news.forum.example"),
        ("https://forum.example/news/", "https://forum.example/news"),
        ("https://forum.example:8443", "https://forum.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_the_public_url_is_kept_without_a_slash_at_its_end(
    read: Any, base: str, written: str, kept: str
) -> None:
    assert read(base=base.replace("https://news.forum.example", written)).public_url == kept


@rows(
    ("url", "says"),
    [
        ("http://news.forum.example", "not secure"),
        ("http://localhost.forum.example", "not secure"),
        ("http://127.0.0.1.nip.example", "not secure"),
        ("https://news.forum.example/?", "? or #"),
        ("https://news.forum.example/#top", "? or #"),
        ("https://editor:word@news.forum.example", "user name"),
        ("https://", "write it like"),
        ("ftp://news.forum.example", "write it like"),
        ("javascript:alert(1)", "write it like"),
        ("https://news.forum.example:99999", "not a web address"),
        ("https://[news", "not a web address"),
        ("https://news.forum.example/a b", "browser"),
        ("https://bücher.example", "browser"),
        ('"https://news.forum.example/\\nx"', "browser"),
    ],
)
def test_other_public_urls_are_refused(faults: Any, base: str, url: str, says: str) -> None:
    found = faults(base=base.replace("https://news.forum.example", url))

    assert [fault.key for fault in found] == ["public_url"]
    assert says in found[0].message


def test_the_website_may_be_plain_http(read: Any, base: str) -> None:
    text = base.replace("https://forum.example", "http://forum.example/?page=1")

    assert read(base=text).organisation.website == "http://forum.example/?page=1"


@rows("character", ["\\0", "\\t", "\\e", "\\x7f", "\\N", "\\L", "\\P"])
def test_no_control_character_gets_into_a_header(faults: Any, base: str, character: str) -> None:
    text = base.replace("{name: Example Forum", f'{{name: "Example{character}Forum"')

    found = faults(base=text)

    assert [fault.key for fault in found] == ["sender.name"]
    assert "on one line" in found[0].message


def test_names_of_all_scripts_are_welcome_and_lose_their_outer_blanks(read: Any, base: str) -> None:
    text = base.replace("{name: Example Forum", '{name: " فوروم – Фору́м 論壇 👩‍👧 "')

    assert read(base=text).sender.name == "فوروم – Фору́м 論壇 👩‍👧"


@rows(
    ("zone", "says"),
    [
        ("Berlin", "did you mean Europe/Berlin?"),
        ("america/new york", "did you mean America/New_York?"),
        ("../../etc/passwd", "write one like"),
        ("America", "write one like"),
        ('""', "write one like"),
        ("x" * 300, "write one like"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_likely_one(
    faults: Any, base: str, zone: str, says: str
) -> None:
    found = faults(base=base.replace("America/New_York", zone))

    assert [fault.key for fault in found] == ["timezone"]
    assert says in found[0].message


@rows(
    "url",
    [
        "sqlite:///",
        "sqlite:///var/",
        "sqlite:///news.db?mode=ro",
        "'sqlite:///:memory:'",
        "sqlite:relative.db",
        "mysql://u:geheim@db/news",
        "postgres://u:geheim@db/news",
        "postgresql+psycopg://u:geheim@db/news",
        "postgresql://u:geheim@db/news",
        "postgresql://u@db/news?password=geheim",
        "postgresql://u@db/",
        "var/newsletter.db",
        '"sqlite:///a\\nb"',
    ],
)
def test_other_databases_are_refused_without_showing_a_password(faults: Any, url: str) -> None:
    found = faults(f"database: {url}\n")

    assert [fault.key for fault in found] == ["database"]
    assert "geheim" not in str(found[0])


def test_the_desk_is_below_our_pages_or_on_a_host_of_its_own(read: Any) -> None:
    assert read("").desk_url == "https://news.forum.example/desk"
    assert read("desk: {url: 'https://desk.forum.example'}\n").desk_url == (
        "https://desk.forum.example/desk"
    )


def test_from_which_role_on_a_second_factor_is_asked_for(read: Any) -> None:
    for said, role in (("", Role.SENDER), ("desk: {second_factor: viewer}\n", Role.VIEWER)):
        assert read(said).desk.second_factor is role
