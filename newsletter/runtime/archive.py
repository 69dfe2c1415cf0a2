"""The archive of a workspace: what went out, for everybody who asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config.settings import Settings
    from newsletter.pipeline.archive.index import Indexed
    from newsletter.rendering.lazy import LazyRenderer
    from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What shows what went out."""

    settings: Settings
    store: Store
    renderer: LazyRenderer

    @cached_property
    def _indexed(self) -> Indexed:
        """How far this process made what went out searchable: the next time begins there."""
        from newsletter.pipeline.archive.index import Indexed

        return Indexed()

    def index(self) -> None:
        """Make what went out lately searchable."""
        from newsletter.pipeline.archive.index import index
        from newsletter.rendering.mail.excerpts import text_of

        index(store=self.store, text_of=text_of, before=self._indexed)
