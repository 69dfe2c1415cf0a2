"""The settings that all providers have. Each provider adds its own settings in its package."""

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from newsletter.domain.schedule import format_duration, parse_duration
from newsletter.domain.wording import invalid


def _read_duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise invalid("{value!r} is not a duration; write it like 30s, 5m, 2h or 1d", value=value)


Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
]
"""A duration, written as ``30s``, ``5m``, ``2h`` or ``1d``."""


def refuse_tilde(path: Path) -> Path:
    """Raise ValueError for a path that begins with ``~``, which only a shell expands."""
    if str(path).startswith("~"):
        raise invalid("begins with ~, which only a shell expands; write the whole path")
    return path


FilePath = Annotated[Path, AfterValidator(refuse_tilde)]
"""A path, absolute or relative to the workspace."""


def option(about: str, *examples: Any, **more: Any) -> Any:
    """Declare a setting with its description. Other arguments go to pydantic's ``Field``."""
    return Field(description=about, examples=[*examples] or None, **more)


WebhookKey = Annotated[
    Annotated[SecretStr, Field(min_length=1)] | None,
    option("The key that verifies webhooks; see docs/providers.md. Without it no post is read."),
]
"""The key that verifies a provider's webhooks: of the signature, or ``user:password``."""

WebhookTopics = Annotated[
    tuple[str, ...],
    option(
        "The ARNs of the SNS topics that send events. Without one no post is read.",
        ["arn:aws:sns:eu-west-1:123456789012:mail"],
    ),
]
"""The topics of a provider whose webhooks come through Amazon SNS."""

_STRICT_CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, strict=True, defer_build=True
)


class ProviderOptions(BaseModel):
    """Base class of each provider's settings."""

    model_config = _STRICT_CONFIG
    shaping: ClassVar[frozenset[str]] = frozenset()
    """Names of settings that change the message, which an approval covers too."""

    base_url: str | None = option(
        "Scheme, host and port instead of the provider's public ones.",
        default=None,
        pattern=r"^https?://[^/?#@\s]+/?$",
    )
    batch_size: int | None = option(
        "Recipients per call, up to the provider's limit.", default=None, ge=1
    )
    concurrency: int = option("The number of simultaneous calls.", default=4, ge=1, le=64)
    rate: float | None = option(
        "The largest number of messages per second. Without it: no limit.", default=None, gt=0
    )
    burst: int = option(
        "Messages that may be sent at once after a rest. By default, unused rate is not carried"
        " over.",
        default=0,
        ge=0,
    )
    daily_quota: int | None = option(
        "The largest number of messages per day, in `timezone`; the rest waits for the next"
        " day. Without it: no limit.",
        10000,
        default=None,
        ge=1,
    )
    settle: Duration | None = option(
        "How long after a call the provider's records are complete. Without it: as the provider"
        " promises.",
        default=None,
    )
    records_kept: Duration | None = option(
        "How long the provider keeps its records on your plan. Without it: as on its smallest"
        " plan. newsletter stops looking after three days.",
        default=None,
    )
    timeout: Duration = option(
        "The time limit of a whole call, from connecting to the answer's last byte.",
        default=timedelta(seconds=60),
        ge=timedelta(seconds=1),
    )

    @field_validator("burst")
    @classmethod
    def _require_rate(cls, burst: int, info: ValidationInfo) -> int:
        if burst and "rate" in info.data and info.data["rate"] is None:
            raise invalid("means nothing without a rate; write rate too, or delete it")
        return burst


_NOT_ACCOUNT_KEYS = {*ProviderOptions.model_fields, "webhook_key", "webhook_topics"} - {"base_url"}
"""Names of settings that do not change the account."""


def account_of(options: ProviderOptions) -> bytes:
    """Return bytes that identify the account, with its secrets: never store them unhashed.

    They contain each setting that may change the account. A new key counts as another account.
    """
    settings = options.model_dump(exclude=_NOT_ACCOUNT_KEYS)
    settings["base_url"] = (options.base_url or "").rstrip("/")
    return json.dumps(settings, sort_keys=True, default=_as_text).encode()


def _as_text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def origin(options: ProviderOptions, url: str) -> str:
    """Return the setting ``base_url``, or else the provider's public origin."""
    return (options.base_url or url).rstrip("/")


def bearer(token: SecretStr) -> Mapping[str, str]:
    """Return the Authorization header of RFC 6750."""
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def basic(user: str, password: SecretStr) -> Mapping[str, str]:
    """Return the Authorization header of RFC 7617."""
    pair = f"{user}:{password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
