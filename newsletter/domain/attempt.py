"""What a try is called: its name says of which workspace it is.

Several workspaces may send through one account at a provider, which then tells each of them of the
messages of all. The name goes out beside each message anyway, and comes back with what is told.
"""

import re
from enum import Enum

_NAME = re.compile(r"[0-9a-f]{36}")
_WORKSPACE, _UNIQUE = 12, 24


class Origin(Enum):
    """Whose a try was, by its name."""

    OURS = "ours"
    """It names this workspace."""
    ANOTHER = "another"
    """It names another workspace."""
    UNSAID = "unsaid"
    """It names none: of before they did, or of another program."""


def attempt_name(workspace: str, unique: str) -> str:
    """Out of 12 hexadecimal digits for the workspace, and 24 that no other try has."""
    return workspace + unique


def unique_part(attempt_id: str) -> str:
    """What no other try has, without the workspace: for what readers see."""
    return attempt_id[-_UNIQUE:]


def origin(attempt_id: str, workspace: str) -> Origin:
    """Whose it was. ``workspace`` is ours."""
    if not _NAME.fullmatch(attempt_id):
        return Origin.UNSAID
    return Origin.OURS if attempt_id[:_WORKSPACE] == workspace else Origin.ANOTHER
