"""The settings of what stands around the text of a statement, and of what its links tell."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from newsletter.config.fields import Line, ListName, Section
from newsletter.domain.statements import content

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def _host(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no host; write one like forum.example, without https://")
    return text.lower()


def _some(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Counted here, not by ``min_length``, which takes a list of faulty items for an empty one."""
    if not hosts:
        raise ValueError("names no host; write your own site's, like [forum.example]")
    return hosts


class Layout(Section):
    """What stands around the text of each statement."""

    summary: bool = Field(
        default=False,
        description="Whether the summary stands below the title as a standfirst. A text that begins"
        " with a paragraph in italics has its own.",
        examples=[False],
    )
    release_line: bool = Field(
        default=False,
        description='Whether "For immediate release" stands above the title, in the language of the'
        " statement. Under an embargo its end stands there instead.",
        examples=[False],
    )
    release_lists: tuple[ListName, ...] = Field(
        default=(),
        description="Only statements that go to these lists, and to no other, have the line."
        " Without it, all have. Digest emails never do.",
        examples=[["press"]],
    )
    end_mark: Line | None = Field(
        default=None,
        description="What stands below the text to say that it ends, such as `###` or `-30-`.",
        examples=['"###"'],
    )

    @field_validator("release_lists")
    @classmethod
    def _goes_with_the_line(cls, lists: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if lists and info.data.get("release_line") is False:
            raise ValueError("means nothing without release_line: true; write that too")
        return lists

    def chosen(self) -> content.Layout:
        """The same in the words of the domain."""
        return content.Layout(**dict(self) | {"end_mark": self.end_mark or ""})


class Counting(Section):
    """How links tell your own site that a visit came from a mail. Nobody is told who came."""

    source: Line = Field(
        description="What stands in `utm_source`; `utm_medium` is always `email`.",
        examples=["newsletter"],
    )
    campaign: Line | None = Field(
        default=None,
        description="What stands in `utm_campaign`. Without it: the short name of the statement.",
        examples=["autumn-2026"],
    )
    hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], AfterValidator(_some)] = (
        Field(
            description="The hosts whose links get it, with all below them, and no others.",
            examples=[["forum.example"]],
        )
    )

    def chosen(self) -> content.Counting:
        """The same in the words of the domain."""
        return content.Counting(source=self.source, campaign=self.campaign or "", hosts=self.hosts)
