"""``newsletter.yaml`` as frozen settings: declared once, read with all faults at once."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment, for ``${NAME}`` in the configuration. Nothing else reads it."""
    return os.environ


def without_plugins() -> None:
    """Have pydantic look for no plug-ins: they would see all that settings hold, secrets too.

    To look for them, in all that is installed, takes a hundredth of a command besides.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
