"""The settings in force, for people to look at: no secret is among them."""

from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import SecretBytes, SecretStr

from newsletter.config.settings import Settings

MASK = "********"


def show(settings: Settings) -> dict[str, Any]:
    """All settings with their defaults, of JSON's types, each secret masked."""
    return {key: _plain(value) for key, value in settings.model_dump().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, SecretStr | SecretBytes):
        return MASK
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, PurePath) else value
