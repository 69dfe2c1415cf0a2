"""The people and texts of a simulated workspace, as the scenario makes them."""

import re
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from newsletter.domain.campaigns.digest import Digest, Every
from newsletter.domain.delivery.rate_limit import Limits
from newsletter.domain.schedule import LocalTime
from newsletter.domain.statements.statement import Progress, Statement
from newsletter.domain.subscribers.segment import Segment

READERS = 8
FRIEND = "friend"
"""The name of a reader without one."""
KEY = b"k" * 32
"""The key of each installation."""
BOARD = "board@elsewhere.example"
"""The address that gets reports."""
LISTS = {"press": "Press releases", "members": "For members"}
ORIGINAL, CORRECTION, SPANISH = "resignation", "correction", "renuncia"
INVITATION, APPEAL, NOTICE = "invitation", "appeal", "opening-hours"
BERLIN, ZONE = "Europe/Berlin", "America/New_York"
_ZONES = (BERLIN, "Asia/Tokyo", "", BERLIN, "Europe/Lisbon", BERLIN, "America/New_York")
TWICE = LocalTime(at=time(2, 30), day=date(2026, 10, 25))
"""An hour that comes twice in Berlin: the clocks go back."""
_MEMBERS = frozenset({2, 5, 8})
"""Readers on the second list; the last of them is on no other."""


@dataclass(kw_only=True)
class Person:
    """A reader, as the scenario knows them."""

    addresses: list[tuple[int, str]]
    """(commit, address): each address, and the commit from which on the reader has it."""
    lists: dict[str, Any]
    """The end of the subscription by list; None while it lasts."""
    language: str = "en"
    names: tuple[str, ...] = ("",)
    """All names that staff gave the reader; the empty one is a friend's."""
    zone: str = ""
    gone: Any = None
    """The end of all email: an unsubscribe, an erasure, a bounce or a complaint."""
    complained: bool = False
    is_barred: bool = False
    """Staff suppressed the reader, and only staff can lift that."""
    ever_left: bool = False
    ever_ended: bool = False
    """All email to the reader had an end at some time."""
    erased: bool = False
    pause: Any = None
    """The last time that the reader asked for a pause."""
    pauses_until: datetime | None = None
    gives: bool = False
    """The reader is in the segment of the appeal."""
    acted: int = 0
    """The commit of the reader's last act on their page."""
    added_again: bool = False
    """Staff added the reader, who was there already."""
    unsure: bool = False
    """An import of the reader was undone, after which the program decides who stays."""

    def copy(self) -> "Person":
        """Return a copy, faster than ``replace``: each commit may need eight."""
        made = copy(self)
        made.addresses, made.lists = [*self.addresses], {**self.lists}
        return made

    @property
    def address(self) -> str:
        return self.addresses[-1][1]

    def gets(self, lists: tuple[str, ...]) -> bool:
        """Return whether a statement to these lists is for the reader."""
        on = [name for name in lists if name in self.lists]
        return self.gone is None and any(self.lists[name] is None for name in on)

    def left(self, lists: tuple[str, ...]) -> Any:
        """Return the end of the last subscription to these lists; None while one lasts."""
        if self.gone is not None or self.gets(lists):
            return self.gone
        return max(
            (self.lists[name] for name in lists if name in self.lists),
            key=lambda bar: int(bar.commit),
            default=None,
        )

    def addresses_between(self, first: int, last: int) -> set[str]:
        """Return the addresses that the reader had between two commits."""
        before = [address for since, address in self.addresses if since <= first]
        between = [address for since, address in self.addresses if first < since <= last]
        return {*before[-1:], *between}

    def end(self, bar: object) -> None:
        """End all email."""
        self.gone = self.gone or bar
        self.ever_left = self.ever_ended = True

    def leave(self, lists: tuple[str, ...], bar: object) -> None:
        """End subscriptions."""
        self.lists |= {name: self.lists[name] or bar for name in lists if name in self.lists}
        self.ever_left = True


def address(number: int) -> str:
    return f"reader{number}@example.org"


def readers(kind: str) -> dict[int, Person]:
    """Return the people of a kind of workspace, by number."""
    several = SPANISH in SETTINGS[kind].texts
    return {
        number: Person(
            addresses=[(0, address(number))],
            lists=dict.fromkeys(
                ("press",) * (number != READERS) + ("members",) * (number in _MEMBERS)
            ),
            language="es" if several and number % 2 else "en",
            zone=_ZONES[number % len(_ZONES)] if kind == "hours" else "",
            gives=kind == "segment" and number % 2 == 0,
        )
        for number in range(1, SETTINGS[kind].size + 1)
    }


@dataclass(frozen=True, kw_only=True)
class Text:
    """A statement without its words, which change."""

    slug: str
    author: str = "writer@forum.example"
    lists: tuple[str, ...] = ("press",)
    language: str = "en"
    corrects: str = ""
    translation_of: str = ""
    segment: Segment | None = None


DONORS = Segment(name="donors", list="press", tags=("donor",), timezone=ZONE)
DIGEST = Digest(
    name="weekly",
    title="What the Forum said",
    every=Every.MONTH,
    day=1,
    at="09:00",
    lists=("members",),
    language="en",
)
ISSUE = "weekly-2026-11-24"
_TEXTS = {
    text.slug: text
    for text in (
        Text(slug=ORIGINAL),
        Text(slug=CORRECTION, corrects=ORIGINAL),
        Text(slug=SPANISH, author="flo@forum.example", translation_of=ORIGINAL, language="es"),
        Text(slug=INVITATION, author="ed@forum.example", lists=("press", "members")),
        Text(slug=APPEAL, segment=DONORS),
        Text(slug=ISSUE, author="", lists=DIGEST.lists),
        Text(slug=NOTICE, author=""),
    )
}


def written(slug: str) -> Text:
    """Return a text of the scenario."""
    return _TEXTS[slug]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A kind of workspace, with its configuration."""

    often: float = 1
    """How often a run begins with it."""
    texts: tuple[str, ...] = (ORIGINAL,)
    approved: bool = True
    """The texts are approved at the beginning."""
    begun: bool = False
    """The first text is being sent at the beginning."""
    required: int = 1
    by_sender: bool = False
    together: bool = False
    gathers: bool = False
    """It has a digest email."""
    writes: bool = False
    """A text is written at the desk."""
    size: int = READERS
    """The number of readers."""
    batch: int = 3
    shares: bool = False
    """Two machines share the sending."""
    local_time: LocalTime | None = None
    undo_window: timedelta = timedelta(0)
    limits: Limits = field(default_factory=lambda: Limits(timezone=ZONE))

    @property
    def slugs(self) -> tuple[str, ...]:
        """The statements on which people act."""
        return (*self.texts, *[ISSUE] * self.gathers, *[NOTICE] * self.writes)


SETTINGS = {
    "plain": Setting(often=2),
    "begun": Setting(often=4, begun=True),
    "correction": Setting(often=2, texts=(ORIGINAL, CORRECTION), begun=True),
    "family": Setting(often=1.5, texts=(ORIGINAL, SPANISH)),
    "hours": Setting(often=0.6, local_time=TWICE),
    "office": Setting(often=1.5, texts=(ORIGINAL, INVITATION), approved=False),
    "strict": Setting(often=1.2, texts=(INVITATION,), approved=False, required=2, by_sender=True),
    "careful": Setting(
        often=1.3,
        texts=(ORIGINAL, CORRECTION),
        approved=False,
        by_sender=True,
        undo_window=timedelta(minutes=1),
    ),
    # enough for a change of the audience that a campaign waits for
    "throng": Setting(often=0.6, by_sender=True, size=40, batch=20),
    "together": Setting(often=1.2, texts=(ORIGINAL, SPANISH), approved=False, together=True),
    "digest": Setting(begun=True, gathers=True),
    "segment": Setting(often=0.6, texts=(APPEAL,)),
    "desk": Setting(begun=True, writes=True),
    "paced": Setting(
        often=1.2, begun=True, limits=Limits(timezone=ZONE, rate=1, burst=2, daily_quota=5)
    ),
    # enough for the limits of bounces and complaints
    "crowd": Setting(often=0.3, begun=True, size=220, batch=70),
    "shared": Setting(often=1.2, begun=True, shares=True),
    "shared pace": Setting(
        often=0.8, shares=True, limits=Limits(timezone=ZONE, rate=2, burst=2, daily_quota=6)
    ),
}
EDITORIAL = frozenset({"office", "strict", "careful", "throng", "together", "digest", "desk"})
"""Kinds of workspace in which people write, approve and start."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a text, as it is in its file."""

    slug: str
    number: int
    writers: tuple[str, ...]
    """Everyone who wrote in the version."""
    draft: bool = False
    embargo: str = ""
    """The words that mention an embargo."""
    embargo_until: datetime | None = None
    local_time: LocalTime | None = None

    @property
    def marker(self) -> str:
        """Words that are in no other version."""
        return f"{self.slug}.v{self.number}"

    def statement(self) -> Statement:
        """The version as a statement of its source."""
        text = written(self.slug)
        return Statement(
            slug=self.slug,
            title=f"The Forum says {self.marker}",
            body=f"Dear {{name|{FRIEND}}}, read {self.marker}.",
            lists=text.lists,
            language=text.language,
            author=text.author,
            writers=self.writers[1:],
            progress=Progress.DRAFT if self.draft else Progress.REVIEW,
            corrects=text.corrects,
            translation_of=text.translation_of,
            segment=text.segment,
            embargo=self.embargo,
            embargo_until=self.embargo_until,
            local_time=self.local_time,
            origin=f"statements/{self.slug}.md",
        )


def first_versions(kind: str) -> dict[str, Version]:
    """Return the texts of a kind of workspace as they are at the beginning."""
    return {
        slug: Version(
            slug=slug,
            number=1,
            writers=(written(slug).author,),
            local_time=SETTINGS[kind].local_time,
        )
        for slug in SETTINGS[kind].texts
    }


_MARKER = re.compile(r"([a-z]+(?:-[a-z]+)*)\.v([0-9]+)")


def markers(words: str) -> list[tuple[str, int]]:
    """Return the versions whose words are in a text, each once, in order."""
    return list(dict.fromkeys((slug, int(number)) for slug, number in _MARKER.findall(words)))
