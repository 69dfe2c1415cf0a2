"""Email addresses: their validation, folding, and comparison."""

import hashlib
import re
import unicodedata
from encodings.idna import nameprep
from functools import lru_cache
from typing import Annotated

from newsletter.domain.setting import Rule
from newsletter.domain.wording import invalid

_MAX_CHARS = 254
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_DOMAIN_LABEL_PATTERN = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_NUMBER_PATTERN = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN_PATTERN = re.compile(
    r"[\x00-\x20\x7f-\xa0\s"  # controls, blanks of every width, line and paragraph separators
    r"\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # invisible characters
    r"\"(),:;<>\[\]\\]"  # the special characters of RFC 5322
)


def parse_address(text: str) -> str:
    """Return the address as written, without surrounding spaces.

    Accepts international addresses (RFC 6531), but no quoted local parts, comments or address
    literals. Raises ValueError with the fault.
    """
    address = text.strip()
    found = _FORBIDDEN_PATTERN.search(address)
    if found:
        reason = "{text!r} contains {found!r}, which is not allowed in an address"
        if found.group() == " ":
            reason = "{text!r} contains a blank, which is not allowed in an address"
        raise invalid(reason, text=text, found=found.group())
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local:
        raise invalid("{text!r} is not an address like name@example.org", text=text)
    if len(address.encode()) > _MAX_CHARS or len(local.encode()) > 64:
        reason = "{text!r} is too long: 64 bytes before the @ and 254 in all"
        raise invalid(reason, text=text)
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise invalid("{text!r} has a dot where none may be before the @", text=text)
    if not _is_domain(domain):
        raise invalid("{text!r} has no domain like example.org after the @", text=text)
    return address


@lru_cache(maxsize=1_000)  # most of a million addresses share a few domains
def _is_domain(domain: str) -> bool:
    # both forms are checked: IDNA turns some letters into brackets and dots
    if not _has_names(domain) or not _has_names(in_ascii := ascii_host(domain)):
        return False
    # no top-level domain is a number (RFC 3696, section 2): such a host is an IP address
    return "." in domain and not _NUMBER_PATTERN.fullmatch(in_ascii.rpartition(".")[2])


def _has_names(domain: str) -> bool:
    """Return whether each label of a domain is valid. Combining marks are ignored."""
    letters = "".join(sign for sign in domain if unicodedata.category(sign)[0] != "M")
    return all(map(_DOMAIN_LABEL_PATTERN.fullmatch, letters.split(".")))


def fold_ascii(text: str) -> str:
    """Return a text with small ASCII letters, as ``lower`` of the databases does."""
    return text.translate(_ASCII_LOWER)


def fold(address: str) -> str:
    """Return the folded form of an address. Addresses are stored and compared in this form.

    The local part is in NFC with small ASCII letters: Unicode folding would merge different people,
    as it turns the Kelvin sign into k. The domain is in ASCII (IDNA).
    """
    if address.isascii() and "@" in address:
        return address.strip().lower()  # five times as fast: millions of addresses are folded
    local, _, domain = address.strip().rpartition("@")
    composed = unicodedata.normalize("NFC", local)
    # only for letters in parts: NFC would turn the Kelvin sign alone into k
    if len(composed) != len(local) or any(map(unicodedata.combining, local)):
        # again, because some letters take a mark only when small
        local = unicodedata.normalize("NFC", fold_ascii(composed))
    return f"{fold_ascii(local)}@{ascii_host(domain)}"


def fold_or_empty(address: str) -> str:
    try:
        return fold(address[:_MAX_CHARS])  # no longer text is an address
    except ValueError:
        return ""


_OWN_LETTERS_PATTERN = re.compile("([ßς])")
"""Letters of IDNA 2008. Python's codec turns them into ss and σ, which are other domains."""


def ascii_host(domain: str) -> str:
    """Return a domain in ASCII (IDNA). Raises ValueError if IDNA cannot encode it."""
    try:
        return ".".join(map(_ascii_label, domain.replace("ẞ", "ß").split("."))).lower()
    except UnicodeError as error:
        raise invalid("{domain!r} is not a domain that can be looked up", domain=domain) from error


def _ascii_label(label: str) -> str:
    parts = _OWN_LETTERS_PATTERN.split(label)
    if len(parts) == 1:
        return label.encode("idna").decode("ascii")
    coded = "".join(part if part in {"ß", "ς"} else nameprep(part) for part in parts)
    # the codec raises UnicodeError for a label that is too long
    return f"xn--{coded.encode('punycode').decode('ascii')}".encode("idna").decode("ascii")


_DOMAINS_IGNORING_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domain that ignores dots in local parts → the domain to compare."""


class AddressHash:
    """The keyed hash of folded addresses: 16 bytes, by BLAKE2s, which is fast for short texts."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hashlib.blake2s(key=key, digest_size=16, person=b"address")

    def __call__(self, address: str) -> bytes:
        state = self._keyed.copy()
        state.update(fold(address).encode())
        return state.digest()

    def hash_list(self, addresses: bytes) -> bytes:
        """Return the hashes of addresses in UTF-8; commas separate them. Raises ValueError."""
        if addresses.isascii():  # folded all at once: this takes two thirds of the time
            folded_list = addresses.lower()
        else:
            folded_list = ",".join(map(fold, addresses.decode().split(","))).encode()
        hashes = []
        for folded in folded_list.split(b","):
            state = self._keyed.copy()
            state.update(folded)
            hashes.append(state.digest())
        return b",".join(hashes)


def mailbox(address: str) -> str:
    """Return a form that is equal for all spellings of a mailbox, for comparisons and limits.

    It ignores case, full-width letters, a ``+`` suffix, and dots in Gmail addresses. It can be
    hashed if the address can.
    """
    spellings = unicodedata.normalize("NFKC", address).strip().rstrip("."), address
    folded = next(filter(None, map(fold_or_empty, spellings)), spellings[0])
    local, at, domain = folded.rpartition("@")
    local = local.casefold()
    local = local.partition("+")[0] or local
    if domain in _DOMAINS_IGNORING_DOTS:
        local, domain = local.replace(".", ""), _DOMAINS_IGNORING_DOTS[domain]
    return f"{local}{at}{domain}"


def same_person(one: str, other: str) -> bool:
    """Return whether two addresses are spellings of one mailbox."""
    return bool(one) and mailbox(one) == mailbox(other)


def _parse_setting(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        if " like " in str(error):
            raise
        refusal = "{text}; write only the address, like news@forum.example"
        raise invalid(refusal, text=str(error)) from error


Address = Annotated[str, Rule(_parse_setting)]
"""An email address in a settings file."""
OptionalAddress = Annotated[str, Rule(lambda text: text and _parse_setting(text))]
"""An email address in a settings file, or ""."""
