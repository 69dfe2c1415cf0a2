"""The settings of how readers join: the lists that are offered, and who is told to think again."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, Field

from newsletter.config.fields import Line, ListName, Section
from newsletter.domain.subscribers.audience import PublicList, fold, parse_address
from newsletter.domain.subscribers.signup import CONSENT_GAPS, ROLES, SignUpRules

_THROW_AWAY = "throwaway.txt"
_ROLE = re.compile(r"[a-z0-9._-]+")


def _words(text: str) -> str:
    rest = text
    for gap in CONSENT_GAPS:
        rest = rest.replace(gap, "")
    if {"{", "}"} & set(rest):
        raise ValueError(f"holds a brace; only {' and '.join(CONSENT_GAPS)} may stand there")
    return text


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError(
            f"{text!r} is not the part of an address before the @; write it in small letters,"
            " like postmaster"
        )
    return text


def _domain(text: str) -> str:
    try:
        return fold(parse_address(f"somebody@{text}")).rpartition("@")[2]
    except ValueError as error:
        raise ValueError(f"{text!r} is no domain; write it like mailinator.com") from error


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

    def offer(self) -> PublicList:
        """The list as it is offered."""
        return PublicList(name=self.name, title=self.title or self.name, about=self.about or "")


def no_list_twice(lists: tuple[ListOptions, ...]) -> tuple[ListOptions, ...]:
    """Refuse two of one name."""
    counts = Counter(one.name for one in lists)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} more than once; offer each list once")
    return lists


class SignUp(Section):
    """How readers join by themselves, on our page or by a form on another site."""

    enabled: bool = Field(
        default=True,
        description="Whether they can. Without it there is no page and no form.",
        examples=[True],
    )
    consent: Annotated[Line, AfterValidator(_words)] | None = Field(
        default=None,
        description="What they say yes to, in your words and in every language the same. `{lists}`"
        " stands for the titles of what is offered, `{organisation}` for your name. Without it, our"
        " words in the language of the page. What each person was shown is kept as proof.",
        examples=['"{organisation} may send me e-mail on: {lists}. I can leave at any time."'],
    )
    refuse_roles: tuple[Annotated[str, AfterValidator(_role)], ...] = Field(
        default=ROLES,
        description="Addresses that begin so are a machine's or an office's, and cannot join.",
        examples=[["postmaster", "abuse"]],
    )
    refuse_domains: tuple[Annotated[str, AfterValidator(_domain)], ...] = Field(
        default=(),
        description="Addresses of these domains, and of those below them, cannot join; besides the"
        " well-known throw-away ones that this program knows.",
        examples=[["mailinator.com"]],
    )
    most_per_hour: int = Field(
        default=600,
        ge=1,
        description="So many letters that readers asked for leave within an hour; the others wait."
        " A flood of sign-ups then cannot ruin the name of your domain.",
        examples=[600],
    )

    def rules(self, offers: tuple[PublicList, ...]) -> SignUpRules:
        """What is asked of those who join."""
        return SignUpRules(
            offers=offers if self.enabled else (),
            roles=frozenset(self.refuse_roles),
            domains=frozenset([*self.refuse_domains, *_throw_away()]),
        )


def _throw_away() -> Iterator[str]:
    """The domains of the file beside this module, a line each; # begins a remark."""
    text = files("newsletter.config").joinpath(_THROW_AWAY).read_text("utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return (line for line in lines if line)
