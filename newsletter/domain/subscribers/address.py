"""Email addresses: their validation, folding, and comparison."""

import re
import unicodedata
from encodings.idna import nameprep
from typing import Annotated

from newsletter.domain.setting import Rule

_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_DOMAIN_LABEL_PATTERN = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_FORBIDDEN_PATTERN = re.compile(
    r"[\x00-\x20\x7f-\xa0\s"  # controls, blanks of every width, line and paragraph separators
    r"\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # marks nobody can see
    r"\"(),:;<>\[\]\\]"  # what RFC 5322 keeps for itself
)


def parse_address(text: str) -> str:
    """Return the address as written, without surrounding spaces.

    Raises ValueError with the fault. Accepts international addresses (RFC 6531), but no quoted
    local parts, comments or address literals, which readers do not have.
    """
    address = text.strip()
    found = _FORBIDDEN_PATTERN.search(address)
    if found:
        raise ValueError(f"{text!r} holds {found.group()!r}, which no address may")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local:
        raise ValueError(f"{text!r} is not an address like name@example.org")
    if len(address.encode()) > 254 or len(local.encode()) > 64:
        raise ValueError(f"{text!r} is too long: 64 bytes before the @ and 254 in all")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError(f"{text!r} has a dot where none may be before the @")
    labels = domain.split(".")
    # Checked in both forms: some letters turn into brackets and dots on the way to ASCII.
    if len(labels) < 2 or not (_are_names(labels) and _are_names(ascii_host(domain).split("."))):
        raise ValueError(f"{text!r} has no domain like example.org after the @")
    return address


def _are_names(labels: list[str]) -> bool:
    """Return whether each is a label of a domain, whatever marks its letters have."""
    letters = (
        label if label.isascii() else "".join(c for c in label if unicodedata.category(c)[0] != "M")
        for label in labels
    )
    return all(map(_DOMAIN_LABEL_PATTERN.fullmatch, letters))


def fold(address: str) -> str:
    """Return the folded form of an address, in which two addresses are compared.

    Only ASCII letters are folded: Unicode folding would merge different people (the Kelvin sign
    becomes a k). Accents count alike as a letter or apart (NFC), and a domain in its ASCII form.
    """
    if address.isascii() and "@" in address:
        return address.strip().lower()  # the same, in a fifth of the time: millions are folded
    local, _, domain = address.strip().rpartition("@")
    if any(map(unicodedata.combining, local)):  # without any, NFC would change the Kelvin sign
        local = unicodedata.normalize("NFC", local)
    return f"{local.translate(_ASCII_LOWER)}@{ascii_host(domain)}"


_OWN_LETTERS_PATTERN = re.compile("([ßς])")
"""Letters that IDNA 2008 keeps. Python's codec makes ss and σ of them: the domains of others."""


def ascii_host(domain: str) -> str:
    """Return a domain in ASCII, as the DNS has it. Raises ValueError if it has no such form."""
    try:
        return ".".join(map(_ascii_label, domain.replace("ẞ", "ß").split("."))).lower()
    except UnicodeError as error:
        raise ValueError(f"{domain!r} is not a domain that can be looked up: {error}") from error


def _ascii_label(label: str) -> str:
    parts = _OWN_LETTERS_PATTERN.split(label)
    if len(parts) == 1:
        return label.encode("idna").decode("ascii")
    coded = "".join(part if part in {"ß", "ς"} else nameprep(part) for part in parts)
    # by way of the codec, which refuses too long a label
    return f"xn--{coded.encode('punycode').decode('ascii')}".encode("idna").decode("ascii")


_DOMAINS_IGNORING_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domain that ignores dots in local parts → its main name."""


def mailbox(address: str) -> str:
    """Return one spelling for all spellings of a mailbox. For comparisons and limits only.

    Upper case, full-width letters, a ``+`` suffix and Gmail's dots do not make another person.
    """
    address_text = unicodedata.normalize("NFKC", address).casefold().rstrip(".")
    try:
        folded = fold(address_text)
    except ValueError:  # a domain that nobody can look up is only itself
        folded = address_text.strip()
    local, at, domain = folded.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOMAINS_IGNORING_DOTS:
        local, domain = local.replace(".", ""), _DOMAINS_IGNORING_DOTS[domain]
    return f"{local}{at}{domain}"


def same_person(one: str, other: str) -> bool:
    """Return whether two addresses are spellings of one mailbox."""
    return bool(one) and mailbox(one) == mailbox(other)


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        if " like " in str(error):
            raise
        raise ValueError(f"{error}; write only the address, like news@forum.example") from error


Address = Annotated[str, Rule(_address)]
"""An email address in a settings file."""
OptionalAddress = Annotated[str, Rule(lambda text: text and _address(text))]
"""An email address in a settings file, or "" if it is left out."""
