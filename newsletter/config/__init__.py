"""``newsletter.yaml`` as frozen settings."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment variables for ``${NAME}`` in the configuration."""
    return os.environ


def disable_plugins() -> None:
    """Keep pydantic from loading plug-ins: they would see secrets, and the search takes 10 ms."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
