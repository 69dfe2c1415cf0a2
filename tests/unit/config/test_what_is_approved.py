"""Every setting either is part of the approved look, or does not shape mails.

The author of a setting chooses, and says why where it is not part of it.
"""

import copy
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

import yaml
from pydantic import BaseModel, SecretStr

from newsletter.config.loading import load
from newsletter.config.settings import Settings
from newsletter.providers.common.options import ProviderOptions
from newsletter.providers.registry import OPTIONS
from newsletter.runtime.configuration import renderer_of
from tests.pages import SETTINGS, Forum, forum
from tests.rows import rows

SAYS = (
    '{"to": "{{ message.to }}", "from": "{{ message.from_address }}",'
    ' "headers": {{ message.headers | tojson }},'
    ' "html": {{ message.html | tojson }}, "text": {{ message.text | tojson }},'
    ' "subject": "{{ message.subject }}"}'
)
HTTP = {"kind": "http", "url": "https://gateway.example/v1", "body": SAYS}
LOGO = {"src": "https://forum.example/logo.png", "width": 180, "height": 48}
SOCIAL = {"name": "Mastodon", "url": "https://social.example/@forum"}
LIST_SENDER = {"lists": ["press"], "name": "Press", "address": "press@forum.example"}
UTM = {"source": "newsletter", "hosts": ["forum.example"]}
BASE: dict[str, Any] = copy.deepcopy(SETTINGS) | {"brand": {"logo": LOGO}, "senders": [LIST_SENDER]}

IN_EVERY_MAIL: dict[str, dict[str, Any]] = {
    "organisation.name": {"organisation": {"name": "Another Forum"}},
    "organisation.tagline": {"organisation": {"tagline": "Other words"}},
    "organisation.website": {"organisation": {"website": "https://other.example"}},
    "organisation.postal_address": {"organisation": {"postal_address": "2 Other Street"}},
    "organisation.press_contact.name": {"organisation": {"press_contact": {"name": "Ana"}}},
    "organisation.press_contact.position": {"organisation": {"press_contact": {"position": "P"}}},
    "organisation.press_contact.portrait": {
        "organisation": {"press_contact": {"portrait": "https://forum.example/us.jpg"}}
    },
    "organisation.press_contact.email": {
        "organisation": {"press_contact": {"email": "ana@forum.example"}}
    },
    "organisation.press_contact.phone": {"organisation": {"press_contact": {"phone": "+1 202"}}},
    "organisation.press_contact.after_hours": {
        "organisation": {"press_contact": {"after_hours": "+1 202"}}
    },
    "organisation.social.name": {"organisation": {"social": [SOCIAL | {"name": "Other"}]}},
    "organisation.social.url": {
        "organisation": {"social": [SOCIAL | {"url": "https://other.example/@forum"}]}
    },
    "layout.summary": {"layout": {"summary": True}},
    "layout.release_line": {"layout": {"release_line": True}},
    "layout.release_lists": {"layout": {"release_line": True, "release_lists": ["press"]}},
    "layout.end_mark": {"layout": {"end_mark": "-30-"}},
    "utm.source": {"utm": UTM | {"source": "mail"}},
    "utm.campaign": {"utm": UTM | {"campaign": "autumn"}},
    "utm.hosts": {"utm": UTM | {"hosts": ["other.example"]}},
    "count": {"count": ["opens"]},
    "sender.name": {"sender": {"name": "Another Forum"}},
    "sender.address": {"sender": {"address": "other@forum.example"}},
    "sender.reply_to": {"sender": {"reply_to": "answers@forum.example"}},
    "senders.name": {"senders": [LIST_SENDER | {"name": "Another"}]},
    "senders.address": {"senders": [LIST_SENDER | {"address": "other@forum.example"}]},
    "senders.reply_to": {"senders": [LIST_SENDER | {"reply_to": "answers@forum.example"}]},
    "senders.lists": {"senders": [LIST_SENDER | {"lists": ["events"]}]},
    "sender.unsubscribe_inbox": {"sender": {"unsubscribe_inbox": "leave@forum.example"}},
    "brand.color": {"brand": {"color": "#123456"}},
    "brand.theme": {"brand": {"theme": "bulletin"}},
    "brand.serif": {"brand": {"serif": "times"}},
    "brand.sans": {"brand": {"sans": "trebuchet"}},
    "lists.theme": {"lists": [{"name": "press", "theme": "bulletin"}]},
    "lists.archive": {"lists": [{"name": "press", "archive": False}]},
    "brand.logo.src": {"brand": {"logo": {"src": "https://forum.example/other.png"}}},
    "brand.logo.width": {"brand": {"logo": {"width": 200}}},
    "brand.logo.height": {"brand": {"logo": {"height": 50}}},
    "public_url": {"public_url": "https://other.forum.example"},
    "timezone": {"timezone": "Europe/Berlin"},
    "provider.http.body": {
        "provider": HTTP | {"body": SAYS.replace("{{ message.subject", "Ha: {{ message.subject")}
    },
    "provider.http.headers": {"provider": HTTP | {"headers": {"X-Subject-Prefix": "Ha"}}},
    "provider.postmark.message_stream": {
        "provider": {"kind": "postmark", "server_token": "t", "message_stream": "other"}
    },
    "provider.ses.configuration_set": {
        "provider": {
            "kind": "ses",
            "region": "eu-west-1",
            "access_key_id": "AKIAEXAMPLE",
            "secret_access_key": "s",
            "configuration_set": "clicks",
        }
    },
}
"""Key → a change. Whatever is written of it is part of the content of every statement."""

IN_THE_STATEMENT = {
    **dict.fromkeys(("language", "default_lists"), "what a statement names, that names none"),
    **dict.fromkeys(
        (
            *("segments.name", "segments.list", "segments.language", "segments.joined_since"),
            *("segments.joined_before", "segments.place", "segments.tags", "segments.any_tag"),
            *("segments.without_tags", "segments.outlet", "segments.beat"),
        ),
        "the rule is part of the content of a statement that names it",
    ),
    "translations": "the content of an original then holds its translations",
    **dict.fromkeys(
        (
            *("statements.kind", "statements.path", "statements.name", "statements.lists"),
            *("statements.language", "statements.url"),
        ),
        "which statements there are; each is approved by itself",
    ),
    **dict.fromkeys(
        (
            *("digests.name", "digests.title", "digests.lists", "digests.gathers"),
            *("digests.language", "digests.intro", "digests.every", "digests.day"),
            *("digests.at", "digests.least"),
        ),
        "an issue is a statement, written when it is made; it is approved by itself",
    ),
}
"""Settings by which a statement is read: what they make of it is in its content."""


def secrets_of(options: type[BaseModel]) -> Iterator[str]:
    """A provider's own keys that hold a secret: a new one needs no entry."""
    for name, field in options.model_fields.items():
        if name not in ProviderOptions.model_fields and holds_secret(field.annotation):
            yield name


def holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(holds_secret(part) for part in get_args(annotation))


_OUR_PAGES = "our own pages, and letters to those who ask for one"
_WHO = "who may say yes, and not to what"
_WHEN = "when, and how often we look"
_HOW = "how calls are made; the message in them is the same"
_ACCESS = "who we are to the provider"
SHAPES_NOTHING = {
    **dict.fromkeys(
        (
            *(
                "lists.name",
                "lists.title",
                "lists.about",
                "lists.public",
                "signup.enabled",
                "signup.consent",
            ),
            *("signup.refuse_roles", "signup.refuse_domains", "signup.most_per_hour"),
            *("signup.origins", "lists.approval"),
        ),
        _OUR_PAGES,
    ),
    **dict.fromkeys(
        (*("approvals.required", "approvals.author_may_approve"), "approvals.trust_front_matter"),
        _WHO,
    ),
    **dict.fromkeys(
        (
            "schedule.poll",
            "schedule.undo_window",
            "schedule.start",
            "statements.every",
            "fail_over_after",
        ),
        _WHEN,
    ),
    **dict.fromkeys(
        (
            *("desk.enabled", "desk.url", "desk.typed_count", "desk.second_factor"),
            *("desk.passwords", "desk.oidc.name", "desk.oidc.issuer", "desk.oidc.client_id"),
            *("desk.oidc.client_secret", "desk.oidc.factor", "desk.test_groups"),
        ),
        "what staff see and are asked",
    ),
    **dict.fromkeys(
        ("notices.name", "notices.url", "notices.events", "notices.allow_private"),
        "which channels of the team hear of events",
    ),
    **dict.fromkeys(
        (
            *("statements.allow_private", "database", "database_password", "engine", "epoch_file"),
            *("backups.folder", "backups.keep"),
        ),
        "where things lie",
    ),
    "metrics.token": "who may ask for figures",
    **dict.fromkeys(
        (
            *("base_url", "batch_size", "concurrency", "rate", "burst", "daily_quota"),
            *("settle", "records_kept", "timeout"),
            *("outbox.path", "mailgun.domain", "ses.region", "http.url", "http.accepted"),
            *("http.rejected", "http.quota", "http.message_id"),
            *(f"{kind}.kind" for kind in OPTIONS),
        ),
        _HOW,
    ),
    **dict.fromkeys(
        (
            *("ses.access_key_id", "ses.webhook_topics", "http.auth"),
            *(
                f"{kind}.{name}"
                for kind, options in OPTIONS.items()
                for name in secrets_of(options)
            ),
        ),
        _ACCESS,
    ),
}
"""The rest, and why. Those of providers without ``provider.`` before them."""


def models(annotation: Any) -> Iterator[type[Any]]:
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or is_dataclass(annotation)
    ):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def keys(model: type[Any], before: str = "") -> Iterator[str]:
    """Every possible key of the file."""
    for name, annotation in get_type_hints(model).items():
        if name.startswith("_") or get_origin(annotation) is ClassVar:
            continue
        if name in {"provider", "fallback_provider"}:
            yield from provider_keys()
            continue
        inner = list(models(annotation))
        for group in inner:
            yield from keys(group, f"{before}{name}.")
        if not inner:
            yield before + name


def provider_keys() -> Iterator[str]:
    for kind, options in OPTIONS.items():
        for name in options.model_fields:
            shared = name in ProviderOptions.model_fields
            yield f"provider.{name}" if shared else f"provider.{kind}.{name}"


def changed(base: Any, by: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(by, dict) or "kind" in by:
        return by
    return base | {name: changed(base.get(name), value) for name, value in by.items()}


def settings(folder: Path, values: dict[str, Any]) -> Settings:
    path = folder / "newsletter.yaml"
    path.write_text(yaml.safe_dump(values), "utf-8")
    return load(path, {})


def test_each_setting_is_part_of_what_is_approved_or_says_why_not() -> None:
    said = {
        *IN_EVERY_MAIL,
        *IN_THE_STATEMENT,
        *(key for key in SHAPES_NOTHING if key in set(keys(Settings))),
        *(f"provider.{key}" for key in SHAPES_NOTHING if key not in set(keys(Settings))),
    }
    assert said == set(keys(Settings))
    assert not IN_EVERY_MAIL.keys() & (IN_THE_STATEMENT.keys() | SHAPES_NOTHING.keys())


@rows("key", IN_EVERY_MAIL)
def test_what_is_in_every_mail_is_in_what_is_approved(tmp_path: Path, key: str) -> None:
    change = IN_EVERY_MAIL[key]
    base = BASE
    if "provider" in change:
        own = key.rpartition(".")[2]
        plain = {name: value for name, value in change["provider"].items() if name != own}
        base = BASE | {"provider": HTTP if plain["kind"] == "http" else plain}
    before = settings(tmp_path, base)
    after = settings(tmp_path, changed(base, change))
    assert (before.publisher(), before.delivery_settings_hash()) != (
        after.publisher(),
        after.delivery_settings_hash(),
    )


def test_house_and_carriage_are_in_what_renders_a_statement(tmp_path: Path) -> None:
    made = {
        renderer_of(settings(tmp_path, values)).fingerprint
        for values in (
            BASE,
            BASE | {"timezone": "Europe/Berlin"},
            BASE | {"provider": HTTP},
            BASE | {"provider": HTTP | {"body": SAYS.replace("Ha: ", "") + " "}},
            BASE | {"provider": HTTP | {"headers": {"X-A": "b"}}},
            BASE | {"fallback_provider": HTTP | {"headers": {"X-A": "c"}}},
        )
    }
    assert len(made) == 6


def test_what_shapes_nothing_asks_for_no_new_yes(tmp_path: Path) -> None:
    same = {
        renderer_of(settings(tmp_path, values)).fingerprint
        for values in (
            BASE | {"provider": HTTP},
            BASE | {"provider": HTTP | {"timeout": "9s", "auth": {"bearer": "another"}}},
            BASE | {"provider": HTTP, "schedule": {"undo_window": "1h"}},
        )
    }
    assert len(same) == 1


def content_hash(site: Forum) -> str:
    text = "---\ntitle: News\nauthor: ed@forum.example\n---\nThe library is open.\n"
    (site.folder / "statements" / "news.md").write_text(text, "utf-8")
    assert not site.services.statements.refresh()
    with site.services.store.read() as tx:
        found = tx.statements.get("news")
    return found.content_hash


def test_what_a_statement_does_not_say_is_in_what_is_approved_too(
    tmp_path: Path, migrated: Path
) -> None:
    digests = set()
    for number, change in enumerate(({}, {"language": "es"}, {"default_lists": ["events"]})):
        folder = tmp_path / str(number)
        folder.mkdir()
        with forum(folder, database=migrated, **change) as site:
            digests.add(content_hash(site))
    assert len(digests) == 3
