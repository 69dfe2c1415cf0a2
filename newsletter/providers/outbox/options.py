"""The options of the outbox: its folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from newsletter.providers.common.options import FilePath, ProviderOptions, option


class Options(ProviderOptions):
    """Settings of the outbox, which writes messages to a folder."""

    kind: Literal["outbox"]
    path: Annotated[FilePath, Field(strict=False)] = option(
        "The folder, relative to the workspace.", default=Path("var/outbox")
    )
