"""The one place that reads the process's environment."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """The environment, for ``${NAME}`` in the configuration."""
    return os.environ
