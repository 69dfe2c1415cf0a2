"""The archive of a workspace: what went out, for everybody who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config.settings import Settings
    from newsletter.rendering.lazy import LazyRenderer
    from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The public archive's service."""

    settings: Settings
    store: Store
    renderer: LazyRenderer
