"""``newsletter.yaml`` as frozen settings: declared once, read with all faults at once.

Each name is imported when somebody asks for it, for not all who ask need pydantic.
"""

from typing import TYPE_CHECKING

from newsletter.imports import names_of

if TYPE_CHECKING:
    from newsletter.config.display import show
    from newsletter.config.loading import FILE_NAME, find_workspace, load
    from newsletter.config.schema import json_schema
    from newsletter.config.settings import Settings

__all__ = ["FILE_NAME", "Settings", "find_workspace", "json_schema", "load", "show"]

__getattr__ = names_of(
    __name__,
    {
        "display": "show",
        "loading": "FILE_NAME find_workspace load",
        "schema": "json_schema",
        "settings": "Settings",
    },
)
