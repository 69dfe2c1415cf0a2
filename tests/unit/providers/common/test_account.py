"""Settings that make another account at a provider, and those that do not."""

from typing import Any

from newsletter.providers.common.options import ProviderOptions, account_of
from newsletter.providers.registry import OPTIONS
from newsletter.runtime.keys import account_name
from tests.rows import rows
from tests.unit.providers.test_registry import OWN_KEYS


def options(kind: str, **changes: Any) -> ProviderOptions:
    return OPTIONS[kind].model_validate({"kind": kind, **OWN_KEYS[kind], **changes})


@rows(
    ["kind", "changes"],
    [
        ("mailgun", {"base_url": "https://api.eu.mailgun.net"}),
        ("mailgun", {"domain": "other.example"}),
        ("mailgun", {"api_key": "another"}),
        ("postmark", {"message_stream": "news"}),
        ("ses", {"region": "eu-north-1"}),
        ("ses", {"access_key_id": "AKID2"}),
        ("outbox", {"path": "var/elsewhere"}),
        ("http", {"url": "https://gateway.forum.example/v2"}),
        ("http", {"headers": {"X-Token": "another"}}),
        ("http", {"auth": {"bearer": "another"}}),
    ],
)
def test_whatever_leads_elsewhere_makes_another_account(kind: str, changes: Any) -> None:
    assert account_of(options(kind, **changes)) != account_of(options(kind))


@rows("kind", list(OPTIONS))
def test_how_we_send_and_what_we_hear_makes_none(kind: str) -> None:
    ours: dict[str, Any] = {
        **({} if kind == "http" else {"batch_size": 7}),
        "concurrency": 2,
        "rate": 5.0,
        "burst": 9,
        "daily_quota": 100,
        "settle": "1h",
        "timeout": "9s",
        **({"webhook_key": "secret"} if "webhook_key" in OPTIONS[kind].model_fields else {}),
    }
    assert account_of(options(kind, **ours)) == account_of(options(kind))


def test_a_slash_at_the_end_of_an_address_makes_none() -> None:
    bare, closed = (options("postal", base_url=f"https://mail.example{end}") for end in ("", "/"))
    assert account_of(bare) == account_of(closed)


def test_its_name_gives_no_secret_away_without_the_workspaces_key() -> None:
    identity = account_of(options("mailgun"))
    ours, again, theirs = (account_name(key * 32, identity) for key in (b"k", b"k", b"l"))
    assert len(ours) == 32
    assert ours == again != theirs
