"""The options of the outbox: its folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from newsletter.providers.common.options import ProviderOptions


class Options(ProviderOptions):
    """Writing messages to a folder instead of sending them."""

    kind: Literal["outbox"]
    path: Annotated[Path, Field(strict=False)] = Field(
        default=Path("var/outbox"), description="The folder, relative to the workspace."
    )
