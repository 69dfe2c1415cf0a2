"""The settings of how readers join: the lists that are offered to them."""

from collections import Counter

from pydantic import Field

from newsletter.config.fields import Line, ListName
from newsletter.config.section import Section
from newsletter.domain.audience import Offer


class ListOptions(Section):
    """A list that readers may join by themselves."""

    name: ListName = Field(description="The name that statements know it by.", examples=["press"])
    title: Line | None = Field(
        default=None,
        description="What readers read in its place. Without it, the name.",
        examples=["Press releases"],
    )
    about: Line | None = Field(
        default=None,
        description="What goes to it, in a sentence.",
        examples=["What we say in public, on the day."],
    )

    def offer(self) -> Offer:
        """The list as it is offered."""
        return Offer(name=self.name, title=self.title or self.name, about=self.about or "")


def no_list_twice(lists: tuple[ListOptions, ...]) -> tuple[ListOptions, ...]:
    """Refuse two of one name."""
    counts = Counter(one.name for one in lists)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} more than once; offer each list once")
    return lists
