"""``newsletter.yaml`` as frozen settings: declared once, read with all faults at once."""

from newsletter.config.display import show
from newsletter.config.loading import FILE_NAME, find_workspace, load
from newsletter.config.schema import json_schema
from newsletter.config.settings import Settings

__all__ = ["FILE_NAME", "Settings", "find_workspace", "json_schema", "load", "show"]
