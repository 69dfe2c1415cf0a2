"""The content of an email with open merge fields, its content hash, and greetings by name."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from newsletter.domain.setting import Line, PictureUrl, Rule, SecureUrl, Website, not_empty, setting
from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.counting import Counted, Counting
from newsletter.domain.subscribers.address import Address, OptionalAddress
from newsletter.domain.subscribers.lists import ListName
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.themes import Theme
from newsletter.domain.wording import invalid, say

MAX_FALLBACKS = 10
"""The maximum number of fallbacks for a missing name, in all languages of an email."""
MAX_GREETING_CHARS = 60
"""The maximum length of a name in a greeting."""
MAX_NAME_WORD_CHARS = 30
"""The maximum length of a word of a name: it fits on a line of a phone."""

_MAX_RAW_CHARS = 4 * MAX_GREETING_CHARS
"""A longer name is not examined."""
_QUOTES = str.maketrans(dict.fromkeys("'‘ʼ`´", "’"))
_PLAIN_NAME_SIGNS = {" ": " ", "-": "-", "‐": "-", "‑": "-", "’": "'", ".": ".", ",": ",", "·": "-"}
_JOINERS = "\u200c\u200d"
"""Invisible characters in the spelling of Persian and Indian names."""
_NAME_SHAPE_PATTERN = re.compile(r"'?a[am' .,-]*[am.]|a")
"""A name as ``_shape`` writes it: ``a`` is a letter, ``m`` a combining mark."""
_IMPLAUSIBLE_NAME_PATTERN = re.compile(
    r"m{4}"  # marks piled up
    r"|[' ,-][',.-]|'[ .,]|\.\.|\.[' ,-]?[',-]{2}|,(?! )"
    rf"|[am'.]{{{MAX_NAME_WORD_CHARS + 1}}}"
    r"|\.(?=a)(?!am{0,3}(?:[-. ,]|\Z))"  # forum.example is an address, J.R. are initials
)


def greeting_name(name: str) -> str:
    """Return the name for a greeting, or "" if it is unfit for one.

    At most 60 characters: letters of any script, blanks, ``-``, ``.``, ``,``, ``·`` and ``’``,
    which replaces ``'``.
    """
    if len(name) > _MAX_RAW_CHARS or any(map(_is_invisible, name)):
        return ""
    name_text = " ".join(unicodedata.normalize("NFC", name).translate(_QUOTES).split()).rstrip(" ,")
    shape = "".join(map(_shape, name_text))
    is_fitting = len(name_text) <= MAX_GREETING_CHARS and _NAME_SHAPE_PATTERN.fullmatch(shape)
    return name_text if is_fitting and not _IMPLAUSIBLE_NAME_PATTERN.search(shape) else ""


def _is_invisible(character: str) -> bool:
    """Return whether it is a line break, a control character, or reverses the text direction."""
    kind = unicodedata.category(character)
    return (kind[0] in "C" and character not in _JOINERS) or kind in {"Zl", "Zp"}


def _shape(character: str) -> str:
    kind = unicodedata.category(character)[0]
    if kind == "M" or character in _JOINERS:
        return "m"
    return "a" if kind == "L" else _PLAIN_NAME_SIGNS.get(character, "!")


class MergeField(Enum):
    """A merge mark in content that is replaced for each recipient.

    A mark has only letters, which premailer, quoted-printable and URL encoding leave unchanged. No
    statement may contain ``MARK_PREFIX``.
    """

    UNSUBSCRIBE = "NLMERGEUNSUBSCRIBE"
    """The token at the end of the recipient's unsubscribe link."""
    MESSAGE_ID = "NLMERGEMESSAGEID"
    """The local part of Message-ID, the same for each attempt of one delivery."""


MARK_PREFIX = "NLMERGE"
NAME_MARKS = tuple(f"{MARK_PREFIX}NAME{number}" for number in range(MAX_FALLBACKS))
"""The merge marks of a reader's name, in the order of ``Content.fallbacks``."""


@dataclass(frozen=True, kw_only=True)
class PressContact:
    """The press contact for journalists."""

    name: Line = setting("The contact's name.", "Press Office")
    position: Line = setting("The contact's position.", "Head of press", default="")
    portrait: PictureUrl = setting("A square picture.", "https://forum.example/us.jpg", default="")
    email: Address = setting("The contact's email address.", "press@forum.example", default="")
    phone: Line = setting("The contact's telephone number.", '"+1 202 555 0100"', default="")
    after_hours: Line = setting("For evenings and weekends.", '"+1 202 555 0101"', default="")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile of the organisation on another site."""

    name: Line = setting("The name of the place.", "Mastodon")
    url: SecureUrl = setting("Its https address.", "https://social.example/@forum")


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """The organisation that sends."""

    name: Line = setting("The organization's public name.", "Example Forum")
    tagline: Line = setting("A few words under the name.", "Practical answers", default="")
    website: Website = setting("The organization's own site.", "https://forum.example")
    postal_address: Line = setting(
        "The postal address, on one line. Laws on bulk email require it.",
        "1 Example Street, Washington, DC 20001",
    )
    press_contact: PressContact | None = setting("The contact for journalists.", default=None)
    social: tuple[Profile, ...] = setting(
        "Links to social media in the foot of each email and page.", default=()
    )


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The addresses in From and Reply-To."""

    name: Line = setting("The name in inboxes.", "Example Forum")
    address: Address = setting(
        "The address in From. Its domain must be set up with the provider.", "news@forum.example"
    )
    reply_to: OptionalAddress = setting(
        "The address for answers. Without it: the address in From.",
        "press@forum.example",
        default="",
    )


@dataclass(frozen=True, kw_only=True)
class ListTitle:
    """A list, as readers see it."""

    name: str
    title: str
    joinable: bool = True
    """Readers can subscribe to the list; otherwise staff add them."""
    theme: Theme | None = None
    archive: bool = True
    """The archive shows statements to this list."""


def _require_release_line(lists: tuple[str, ...], others: Mapping[str, Any]) -> tuple[str, ...]:
    if lists and others.get("release_line") is False:
        raise invalid("means nothing without release_line: true; write that too")
    return lists


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts around the text of every statement."""

    summary: bool = setting(
        "Whether the summary appears below the title. A first paragraph in italics replaces it.",
        False,
        default=False,
    )
    release_line: bool = setting(
        'Whether "For immediate release" appears above the title, in the statement\'s language.'
        " Under an embargo its end appears.",
        False,
        default=False,
    )
    release_lists: Annotated[tuple[ListName, ...], Rule(_require_release_line, depends=True)] = (
        setting(
            "Only statements to no other lists have the line. Without it: all. Digest emails never"
            " have it.",
            ["press"],
            default=(),
        )
    )
    end_mark: Line = setting(
        "The mark below the text, such as `###` or `-30-`.", '"###"', default=""
    )


_HOST_PATTERN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def _parse_host(text: str) -> str:
    if not _HOST_PATTERN.fullmatch(text.lower()):
        refusal = "{text!r} is no host; write one like forum.example, without https://"
        raise invalid(refusal, text=text)
    return text.lower()


@dataclass(frozen=True, kw_only=True)
class LinkParameters:
    """Link parameters by which a website counts visits from an email, but not the visitors."""

    source: Line = setting(
        "The value of `utm_source`; `utm_medium` is always `email`.", "newsletter"
    )
    campaign: Line = setting(
        "The value of `utm_campaign`. Without it: the statement's slug.", "autumn-2026", default=""
    )
    hosts: Annotated[
        tuple[Annotated[str, Rule(_parse_host)], ...],
        not_empty("names no host; write your own site's, like [forum.example]"),
    ] = setting(
        "The hosts whose links get the parameters, with their subdomains.", ["forum.example"]
    )

    def marks(self, slug: str) -> dict[str, str]:
        """Return the link parameters for a statement. The archive removes them by ``medium``."""
        campaign = self.campaign or slug
        return {"utm_source": self.source, "utm_medium": "email", "utm_campaign": campaign}


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """The sender's details in every email. They are part of the approved content."""

    organisation: Organisation
    sender: Sender
    public_url: str
    """The https base URL of the public pages."""
    timezone: str
    """IANA name of the zone of dates that readers see."""
    brand: Brand = field(default_factory=Brand)
    lists: tuple[ListTitle, ...] = ()
    """The lists with a title. Of other lists readers see the name."""
    layout: Layout = field(default_factory=Layout)
    utm: LinkParameters | None = None
    counted: tuple[Counted, ...] = ()
    """What emails count, without telling who."""
    unsubscribe_inbox: str = ""
    """The address to which mail programs send unsubscribe requests; empty if there is none."""
    senders: tuple[tuple[str, Sender], ...] = ()
    """(list, sender) of each list with its own sender."""

    def sender_of(self, lists: Sequence[str]) -> Sender:
        """Return the sender of a statement to these lists: the first list decides."""
        return dict(self.senders).get(lists[0], self.sender) if lists else self.sender

    def title_of(self, lists: Sequence[str]) -> str:
        """Return the title of the first of these lists, or "" if it has none."""
        titles = {one.name: one.title for one in self.lists if one.title != one.name}
        return titles.get(lists[0], "") if lists else ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A campaign's subject, HTML and text, rendered once, with open merge fields.

    Each field affects what is sent, to whom, or when. The content hash covers all fields.
    """

    subject: str
    html: str
    text: str
    language: str
    sender: Sender
    headers: tuple[tuple[str, str], ...]
    """Further header fields (List-Id, List-Unsubscribe …), with merge marks."""
    lists: tuple[str, ...]
    corrects: str
    send_at: str
    """The wall time from the statement in ISO 8601, words like ``09:00 local``, or empty."""
    embargo_until: str
    template_version: str
    translation_of: str = ""
    segment: Segment | None = None
    delivery_settings_hash: str = ""
    """The hash of the delivery settings that change the sent bytes; empty if there are none."""
    embargo: str = ""
    """The words of the text about an embargo. A waiver is valid only for these words."""
    fallbacks: tuple[str, ...] = ()
    """The text of each mark of NAME_MARKS for readers without a name."""
    writers: tuple[str, ...] = ()
    """The folded addresses of the writers of all texts in the content, who may not approve it."""
    texts: tuple[tuple[str, str], ...] = ()
    """(slug, hash of the Markdown) of each text in the email, the statement's own first."""
    unlisted: bool = False
    """The archive has no page of the statement."""
    welcome: bool = False
    """A welcome email, which is sent to each person who joins its lists."""
    date: str = ""
    """The statement's own date, in ISO 8601; empty if it has none."""
    counting: Counting | None = None
    """How the HTML counts opens and clicks; None if it counts neither."""

    def uncounted(self) -> "Content":
        """Return the email with its own links, for a person who is no reader."""
        if self.counting is None:
            return self
        return replace(self, html=self.counting.remove_from(self.html), counting=None)

    @property
    def greetings(self) -> int:
        """Return the number of name marks in both bodies."""
        return (self.html + self.text).count(f"{MARK_PREFIX}NAME")

    def fill_names(self, name: str) -> tuple[str, ...]:
        """Return the text of each name mark for a reader with this name."""
        if not self.fallbacks:
            return ()
        name_text = greeting_name(name)
        # ``merge`` would also fill a mark in the name
        is_usable = name_text and MARK_PREFIX not in name_text.upper()
        return tuple(name_text if is_usable else fallback for fallback in self.fallbacks)

    def in_words(self, part: str) -> str:
        """Return HTML or text as readers without a name get it."""
        return _fill(part, self.fallbacks)

    def as_written(self, part: str) -> str:
        """Return HTML or text for its writers: greetings as typed, and … for a reader's token."""
        part = self.counting.remove_from(part) if self.counting else part
        written = _fill(part, [f"{{name|{fallback}}}" for fallback in self.fallbacks])
        return written.replace(MergeField.UNSUBSCRIBE.value, "…")

    def content_hash(self) -> str:
        """Return the SHA-256 of all fields, as 64 hexadecimal digits."""
        values = _values_of(self) | {"segment": str(self.segment or "")}
        text = json.dumps(
            values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_values_of
        )
        return hashlib.sha256(text.encode()).hexdigest()


def _values_of(value: Any) -> dict[str, Any]:
    """Return a dataclass's fields by name, and no attribute that is cached beside them."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def short_hash(content_hash: str) -> str:
    """Return the short form of a content hash, which ``--digest`` accepts: ``4fb0 2501``."""
    return f"{content_hash[:4]} {content_hash[4:8]}".strip()


def changed_parts(before: Content, now: Content) -> tuple[str, ...]:
    """Return the names of the parts of an email that differ, such as "its lists"."""
    old, new = dict(before.texts), dict(now.texts)
    own = now.texts[0][0] if now.texts else ""
    changed: list[str] = [say("its text")] if old.get(own) != new.get(own) else []
    others = sorted({*old, *new} - {own})
    changed += [
        say("the translation {slug}", slug=slug)
        for slug in others
        if old.get(slug) != new.get(slug)
    ]
    changed += [
        part
        for part, fields in _FIELDS_OF_PART.items()
        if any(getattr(before, name) != getattr(now, name) for name in fields)
    ]
    return tuple(changed) or ("how it is rendered",)


_FIELDS_OF_PART = {
    say("its lists"): ("lists", "welcome"),
    say("its segment"): ("segment",),
    say("its sender"): ("sender",),
    say("its times"): ("send_at", "embargo_until"),
    say("its embargo"): ("embargo",),
    say("its language"): ("language",),
    say("what it corrects or translates"): ("corrects", "translation_of"),
    say("who wrote in it"): ("writers",),
    say("the templates or settings"): ("template_version", "delivery_settings_hash"),
}
"""Part of an email in words → its fields of ``Content``."""


class Recipient(NamedTuple):
    """One reader in a batch, with the value of each merge field."""

    subscriber_id: int
    address: str
    unsubscribe: str
    message_id: str
    names: tuple[str, ...] = ()
    """The text of each name mark, as ``Content.fill_names`` returns it."""

    def merge(self, template: str) -> str:
        """Return a subject, body or header with this reader's values."""
        text = template.replace(MergeField.UNSUBSCRIBE.value, self.unsubscribe).replace(
            MergeField.MESSAGE_ID.value, self.message_id
        )
        return _fill(text, self.names) if self.names else text


class Recipients(Sequence[Recipient]):
    """The recipients of a batch, stored by columns: most providers need no object per recipient."""

    def __init__(
        self,
        subscriber_ids: Sequence[int],
        addresses: Sequence[str],
        unsubscribe: Sequence[str],
        message_ids: Sequence[str],
        names: Sequence[tuple[str, ...]],
    ) -> None:
        self.subscriber_ids = subscriber_ids
        self.addresses = addresses
        self.unsubscribe = unsubscribe
        self.message_ids = message_ids
        self.names = names

    @classmethod
    def of(cls, readers: Sequence[Recipient]) -> "Recipients":
        if isinstance(readers, cls):
            return readers
        return cls(*zip(*readers, strict=True)) if readers else cls((), (), (), (), ())

    @cached_property
    def _rows(self) -> tuple[Recipient, ...]:
        columns = self.subscriber_ids, self.addresses, self.unsubscribe, self.message_ids
        return tuple(map(Recipient, *columns, self.names))

    def __getitem__(self, place: Any) -> Any:
        return self._rows[place]

    def __len__(self) -> int:
        return len(self.addresses)


def _fill(part: str, names: Iterable[str]) -> str:
    for mark, name in zip(NAME_MARKS, names, strict=False):
        part = part.replace(mark, name)
    return part
