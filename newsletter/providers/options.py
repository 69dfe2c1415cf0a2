"""The settings that all providers share. Each provider adds its own in its own file."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr

from newsletter.domain.schedule import format_duration, parse_duration


def _read_duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is not a duration; write it like 30s, 5m, 2h or 1d")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
]
"""``30s``, ``5m``, ``2h`` or ``1d``."""


WebhookKey = Annotated[
    Annotated[SecretStr, Field(min_length=1)] | None,
    Field(
        description="What its webhooks are verified with; docs/providers.md says what it looks "
        "like. Without it, nothing that is posted to us is read."
    ),
]
"""The key of a provider that signs its webhooks, or sends them with a user name and a password."""

WebhookTopics = Annotated[
    tuple[str, ...],
    Field(
        description="The SNS topics that may tell us of events, by ARN. Without one, nothing that "
        "is posted to us is read.",
        examples=[["arn:aws:sns:eu-west-1:123456789012:mail"]],
    ),
]
"""The topics of a provider whose webhooks come through Amazon SNS."""


class ProviderOptions(BaseModel):
    """What every provider takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)

    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Scheme, host and port to use instead of the provider's public ones.",
    )
    batch_size: int | None = Field(
        default=None, ge=1, description="Recipients in one call; at most the provider's limit."
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="Calls under way at once.")
    rate: float | None = Field(
        default=None, gt=0, description="Messages a second, at most. Without it: no limit of ours."
    )
    settle: Duration | None = Field(
        default=None,
        description="How long after a call the provider's own records are complete,"
        " where they can be asked. Without it: as each provider promises.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=60),
        description="The longest a whole call may take, from connecting to the answer's last byte.",
    )
