"""The settings of each kind of channel to which notices are posted."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationInfo, field_validator

from newsletter.config.fields import Section
from newsletter.domain.campaigns.notices import EVENT_KINDS, Channel, NoticeKind
from newsletter.domain.setting import Rule, parse_web_address
from newsletter.domain.subscribers.lists import ListName
from newsletter.domain.wording import invalid, say
from newsletter.providers.common.options import option

EVENTS = tuple(kind.name.lower() for kind in EVENT_KINDS if kind is not NoticeKind.MENTIONED)
"""The names of events in settings. Channels get ``mentioned`` as ``commented``."""
_SECRET_BYTES = range(24, 65)
_URL_RULE = say("must be a web address that starts with https://, as the service shows it")


def _require_event(text: str) -> str:
    if text not in EVENTS:
        refusal = "{text!r} is no event; the events are: {events}"
        raise invalid(refusal, text=text, events=", ".join(EVENTS))
    return text


def _require_signing_key(key: SecretStr) -> SecretStr:
    # most commands need no webhooks, and the import is slow
    from newsletter.providers.common.webhooks import parse_endpoint_secret

    try:
        length = len(parse_endpoint_secret(key.get_secret_value()))
    except ValueError:
        length = 0
    if length not in _SECRET_BYTES:
        raise invalid(
            "must be whsec_ and then base64 of 24 to 64 bytes; 'openssl rand -base64 32' makes them"
        )
    return key


Events = tuple[Annotated[str, Rule(_require_event, schema={"enum": [*EVENTS]})], ...]


class ChannelOptions(Section):
    """The settings that all kinds of channels have."""

    name: ListName = option("Its name at the desk and in the log.", "press-room")
    # before ``url``, whose validation needs it
    allow_private: bool = option(
        "Whether its address may be private, and there without TLS.", False, default=False
    )
    url: SecretStr = option(
        "The address that messages are posted to. It is a secret: anyone who knows it can post.",
        "${CHANNEL_URL}",
    )
    events: Events = option(
        "The events that it hears of. Without it: all.",
        ["scheduled", "finished", "paused", "decision"],
        default=EVENTS,
        json_schema_extra={"default": [*EVENTS]},
    )

    @field_validator("url")
    @classmethod
    def _require_https(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        try:
            is_secure = urlsplit(parse_web_address(url.get_secret_value())).scheme == "https"
        except ValueError:  # its message contains the secret address
            raise ValueError(_URL_RULE) from None
        if not (is_secure or info.data.get("allow_private")):
            raise ValueError(_URL_RULE)
        return url

    def channel(self) -> Channel:
        """Return the channel, without its secrets."""
        return Channel(
            name=self.name, kinds=frozenset(NoticeKind[event.upper()] for event in self.events)
        )


class ChatOptions(ChannelOptions):
    """A channel in Slack, by an incoming webhook, or in Microsoft Teams, by a workflow."""

    kind: Literal["slack", "teams"] = option("Slack or Microsoft Teams.")


class WebhookOptions(ChannelOptions):
    """A program of yours that takes signed webhooks."""

    kind: Literal["webhook"] = option("A program of yours that takes signed webhooks.")
    secret: Annotated[SecretStr, Rule(_require_signing_key)] = option(
        "The key of the signature, after the rules of Standard Webhooks.", "${WEBHOOK_SECRET}"
    )


class HubOptions(ChannelOptions):
    """A WebSub hub, which notifies feed readers of a change. The feeds name it."""

    kind: Literal["websub"] = option("A WebSub hub.")
    events: Events = option(
        "The events after which it fetches the feeds.",
        ["started", "page_changed"],
        default=("started", "finished", "page_changed"),
    )


CHANNELS: dict[str, Any] = {
    "slack": ChatOptions,
    "teams": ChatOptions,
    "webhook": WebhookOptions,
    "websub": HubOptions,
}
"""Kind → its settings."""
