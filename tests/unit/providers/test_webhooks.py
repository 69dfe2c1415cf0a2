"""The existing webhooks, and messages about other keys and topics."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from newsletter.domain.errors import InvalidConfiguration
from newsletter.domain.events import Forged
from newsletter.providers import registry
from newsletter.providers.common.options import WebhookKey, WebhookTopics
from tests.contracts.webhook import NOW, signers
from tests.rows import rows

KEYED = [k for k, parts in registry.KINDS.items() if parts.events and not parts.by_topics]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"


def fetch(url: str) -> bytes:
    raise AssertionError(f"{url} was asked for, though nothing was posted")


def build(kind: str, key: str | None = None, topics: tuple[str, ...] = ()) -> Any:
    return registry.webhook(kind, key=key, topics=topics, fetch=fetch)


KEYS = {kind: signer.key for kind, signer in signers().items() if kind in KEYED}


@rows("kind", KEYED)
def test_a_key_makes_a_webhook(kind: str) -> None:
    assert type(build(kind, KEYS[kind])).__name__.lower() == kind


def test_topics_make_the_webhook_of_ses() -> None:
    assert type(build("ses", topics=(TOPIC,))).__name__ == "Ses"


@rows("kind", [*KEYED, "ses", "outbox", "mailpit", "brand-new"])
def test_without_a_key_or_a_topic_there_is_no_webhook(kind: str) -> None:
    assert build(kind) is None


@rows("kind", ["outbox", "mailpit", "http"])
def test_a_provider_without_webhooks_has_none(kind: str) -> None:
    assert build(kind, "user:password", (TOPIC,)) is None


@rows("kind", KEYED)
def test_a_key_that_is_none_is_a_fault_that_does_not_show_it(kind: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        build(kind, "5ecre7 0f 0ur5")
    (fault,) = caught.value.faults
    assert fault.key == "provider.webhook_key"
    assert "5ecre7" not in fault.message
    assert "like" in fault.message or "whsec_" in fault.message
    assert caught.value.__cause__ is None


@rows(
    ("kind", "time"),
    [("mailersend", "created_at"), ("mailtrap", "timestamp"), ("postal", "timestamp")],
)
def test_a_post_that_names_no_time_leads_to_nothing_however_old_it_is(kind: str, time: str) -> None:
    signer = signers()[kind]
    post = signer.sign(signer.example(NOW).replace(time.encode(), b"another"), NOW)
    with pytest.raises(Forged, match="when"):
        signer.webhook().read(post.headers, post.body, NOW)


@rows("topic", ["mail", TOPIC + " ", TOPIC.replace("sns", "sqs")])
def test_a_topic_that_is_none_is_a_fault(topic: str) -> None:
    with pytest.raises(InvalidConfiguration, match="which is no topic; write its ARN, like arn:"):
        build("ses", topics=(TOPIC, topic))


def test_each_provider_that_has_webhooks_takes_a_key() -> None:
    offered = {
        kind for kind, options in registry.OPTIONS.items() if "webhook_key" in options.model_fields
    }
    assert offered == set(KEYED)


def test_options_may_take_a_key_and_topics() -> None:
    class Options(BaseModel):
        model_config = ConfigDict(strict=True)
        webhook_key: WebhookKey = None
        webhook_topics: WebhookTopics = ()

    given = Options.model_validate_json('{"webhook_key": "a", "webhook_topics": ["b"]}')
    assert given.webhook_key == SecretStr("a")
    assert given.webhook_topics == ("b",)
    assert Options().webhook_key is None
