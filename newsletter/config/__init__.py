"""``newsletter.yaml`` as frozen settings: declared once, read with all faults at once."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment for ``${NAME}`` in the configuration. No other code reads it."""
    return os.environ


def without_plugins() -> None:
    """Keep pydantic from loading plug-ins, which would see all settings, secrets included.

    Looking for plug-ins also takes 10 ms per command.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
