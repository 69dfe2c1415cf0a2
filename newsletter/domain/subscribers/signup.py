"""The sign-up form: its settings, its faults, and the words of consent.

A form is refused for its content alone, so the answer does not reveal who is subscribed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated
from unicodedata import normalize

from newsletter.domain.setting import Line, Rule, control_in_value, pattern_rule, setting
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.wording import invalid, listed

LISTS_GAP, ORGANISATION_GAP = CONSENT_GAPS = ("{lists}", "{organisation}")
"""The gaps in the words of consent."""

ROLE_MAILBOXES = (
    *("abuse", "bounce", "bounces", "do-not-reply", "donotreply", "hostmaster", "mailer-daemon"),
    *("no-reply", "nobody", "noreply", "postmaster", "root"),
)
"""Local parts of machines and offices that never subscribe."""
MAX_NAME_CHARS = 100
_REPLACEMENT_CHARACTER = "\ufffd"
"""The character that replaces bytes which are not text."""


def is_name(text: str) -> bool:
    """Return whether a text can be a name: short, on one line, and not misleading."""
    is_plain = not control_in_value(text) and _REPLACEMENT_CHARACTER not in text
    return is_plain and len(text) <= MAX_NAME_CHARS


class FormFault(Enum):
    """The reason for refusing a form."""

    NO_ADDRESS = "no_address"
    """The address field is empty."""
    MALFORMED = "malformed"
    """The address field contains no address."""
    ROLE = "role"
    """The address is that of a machine, or of an office."""
    THROW_AWAY = "throw_away"
    """The domain of the address provides temporary mailboxes."""
    NO_LIST = "no_list"
    """No offered list is ticked."""
    NAME = "name"
    """The name has more than a hundred characters, or is not one line of text."""
    WORDS = "words"
    """The words of consent that the form showed are unknown."""


@dataclass(frozen=True, kw_only=True)
class SignUpForm:
    """The fields of a sign-up form as received."""

    address: str = ""
    name: str = ""
    lists: tuple[str, ...] = ()
    language: str = ""
    wording: str = ""
    """The hash of the shown words of consent; "" if the form does not send it."""
    trap: str = ""
    """A field that people cannot see. If it is filled in, a program did it."""


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """The valid fields of a form."""

    address: str
    name: str
    lists: tuple[str, ...]


def _require_known_gaps(text: str) -> str:
    without_gaps = text
    for gap in CONSENT_GAPS:
        without_gaps = without_gaps.replace(gap, "")
    if {"{", "}"} & set(without_gaps):
        raise invalid("holds a brace; only {gaps} may stand there", gaps=listed(CONSENT_GAPS))
    return text


def _parse_domain(text: str) -> str:
    try:
        return fold(parse_address(f"somebody@{text}")).rpartition("@")[2]
    except ValueError as error:
        raise invalid("{text!r} is no domain; write it like mailinator.com", text=text) from error


_MailboxName = Annotated[
    str,
    pattern_rule(
        r"[a-z0-9._-]+",
        "is not the part of an address before the @; write it in small letters, like postmaster",
    ),
]


@dataclass(frozen=True, kw_only=True)
class SignUpSettings:
    """The settings of sign-up, on the public page and by forms on other sites."""

    enabled: bool = setting("Whether there is a sign-up form.", True, default=True)
    consent: Annotated[Line, Rule(_require_known_gaps)] = setting(
        "The words of consent, in your words for all languages. `{lists}` becomes the offered"
        " titles, `{organisation}` your name. Without it: our words in the page's language."
        " newsletter stores the shown words as proof.",
        '"{organisation} may send me email on: {lists}. I can leave at any time."',
        default="",
    )
    refuse_roles: tuple[_MailboxName, ...] = setting(
        "Names before the @ that cannot subscribe.", ["postmaster", "abuse"], default=ROLE_MAILBOXES
    )
    refuse_domains: tuple[Annotated[str, Rule(_parse_domain)], ...] = setting(
        "Domains that cannot subscribe, with their subdomains, in addition to known throw-away"
        " domains.",
        ["mailinator.com"],
        default=(),
    )
    origins: tuple[
        Annotated[
            str,
            pattern_rule(
                r"https://[a-z0-9.-]+(:[0-9]+)?|http://([a-z0-9-]+\.)*localhost(:[0-9]+)?",
                "is not the start of a site's addresses; write it like https://www.forum.example",
            ),
        ],
        ...,
    ] = setting(
        "The sites where the script of the form may read our answer, each as `https://` and a"
        " host. A form without script works on each site.",
        ["https://www.forum.example"],
        default=(),
    )
    most_per_hour: int = setting(
        "The number of requested emails sent per hour; the others wait. A flood of sign-ups then"
        " cannot harm your domain's reputation.",
        600,
        default=600,
        ge=1,
    )


@dataclass(frozen=True, kw_only=True)
class SignUpRules(SignUpSettings):
    """The settings of sign-up, with the lists that can be joined."""

    public_lists: tuple[PublicList, ...]
    """The lists that can be joined; empty if sign-up is off."""
    throw_away: frozenset[str] = frozenset()
    """Known throw-away domains. Their subdomains are refused too."""

    def offered(self, names: Sequence[str] = ()) -> tuple[PublicList, ...]:
        """Return the public lists with these names, or all, in the order of the settings."""
        return tuple(one for one in self.public_lists if not names or one.name in names)

    def judge(self, form: SignUpForm) -> SignUp | Mapping[str, FormFault]:
        """Return the valid sign-up, or the faults by field."""
        # a form for a single list has no box to tick
        takes_all = len(self.public_lists) == 1 and not form.lists
        lists = tuple(
            shown.name for shown in self.public_lists if takes_all or shown.name in form.lists
        )
        results = {
            "email": self.find_address_fault(form.address),
            "name": None if is_name(form.name) else FormFault.NAME,
            "lists": None if lists else FormFault.NO_LIST,
        }
        faults = {key: fault for key, fault in results.items() if fault}
        if faults:
            return faults
        name = normalize("NFC", form.name.strip())
        return SignUp(address=parse_address(form.address), name=name, lists=lists)

    def find_address_fault(self, address: str) -> FormFault | None:
        """Return why no confirmation email is sent to an address; None if it is valid."""
        if not address.strip():
            return FormFault.NO_ADDRESS
        try:
            local, _, domain = fold(parse_address(address)).rpartition("@")
        except ValueError:
            return FormFault.MALFORMED
        if _REPLACEMENT_CHARACTER in local:
            return FormFault.MALFORMED
        if local.partition("+")[0] in self.refuse_roles:
            return FormFault.ROLE
        labels = domain.split(".")
        domains = {".".join(labels[start:]) for start in range(len(labels))}
        return FormFault.THROW_AWAY if domains & {*self.refuse_domains, *self.throw_away} else None


def consent_words(template: str, *, organisation: str, public_lists: Sequence[PublicList]) -> str:
    titles = ", ".join(public_list.title for public_list in public_lists)
    return template.replace(ORGANISATION_GAP, organisation).replace(LISTS_GAP, titles)


def hash_consent_words(words: str) -> str:
    """Return the SHA-256 of words of consent, as 64 hexadecimal digits."""
    return hashlib.sha256(words.encode()).hexdigest()


def mask_address(address: str) -> str:
    """Return an address with only the first letter of its local part, for its owner."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


class Method(Enum):
    """The method by which consent was given or withdrawn."""

    DOUBLE_OPT_IN = "double opt-in"
    """Requested on a page, and confirmed by the link in an email."""
    PREFERENCES = "preferences"
    """Chosen on the preferences page."""


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """The proof of one person's consent to one list, or of its withdrawal. It never changes."""

    list: str
    given: bool
    """False if consent was withdrawn."""
    method: Method
    source: str
    """The page or form."""
    wording: str = ""
    """The hash of the shown words; ``Consents.get_words`` returns the words."""
    asked_at: datetime | None = None
    at: datetime
