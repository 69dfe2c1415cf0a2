"""``newsletter.yaml`` as frozen settings: declared once, read with all faults at once."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """The environment, for ``${NAME}`` in the configuration: nothing else reads it."""
    return os.environ
