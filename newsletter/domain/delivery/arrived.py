"""A mail of ours as it arrived in a mailbox: what was signed on its way, and by whom.

Providers sign, we do not; so which fields a signature covers is seen in a mail that arrived, and
nowhere else. One click to unsubscribe counts only where DKIM covers both of its fields (RFC 8058,
4), and DMARC asks that a signature or the return path belongs to the domain in From (RFC 7489,
3.1).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr

from newsletter.domain.delivery.authentication import check, fix, ok, tags_of
from newsletter.domain.delivery.provider import Finding

ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")
_COVERED = frozenset({"from", "subject", *ONE_CLICK})
"""What a signature has to cover: the sender, what it says, and how to leave."""
_RESULT = re.compile(r"\b(dkim|spf|dmarc)=([a-z]{1,12})\b", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_LINK = re.compile(r"<(https://[^<>\s]{1,2000})>")
_SUFFIX = 3
"""Letters: ``co``, ``com`` and ``gov`` before a country are nobody's own."""
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class _Signature:
    """A DKIM-Signature."""

    domain: str
    covers: frozenset[str]
    """Names of header fields, in lower case."""
    weak: str
    """What makes it worth less; empty where nothing does."""


def examine_arrived(email: bytes, public_url: str) -> Iterator[Finding]:
    """What to say of a mail that was saved with all its header fields."""
    message = BytesHeaderParser().parsebytes(email)
    domain = _domain_of(*_fields(message, "from")[:1])
    if not domain:
        advice = "save the original from your mailbox, with all its header fields"
        yield fix("email", "it names no sender: this is no email as it arrived", advice)
        return
    yield _one_click(message, public_url)
    yield _signed(list(_signatures(message)), domain)
    yield _returned(message, domain)
    yield from _judged(message)


def _one_click(message: Message, public_url: str) -> Finding:
    links, posts = (_fields(message, name) for name in ONE_CLICK)
    if len(links) != 1 or len(posts) != 1:
        found = f"{len(links)} List-Unsubscribe and {len(posts)} List-Unsubscribe-Post"
        advice = (
            "there has to be one of each: turn off what your provider adds, or let it pass ours"
        )
        return fix("one-click", f"the email has {found}", advice)
    link = next(iter(_LINK.findall(links[0])), "")
    if not link.startswith(f"{public_url}/u/"):
        advice = "turn off rewriting of links and unsubscribing at your provider"
        return fix("one-click", f"it leads to {link or 'no https address'}, and not to us", advice)
    if posts[0].lower() != "list-unsubscribe=one-click":
        advice = "it has to be List-Unsubscribe=One-Click: look at what your provider changes"
        return fix("one-click", f"List-Unsubscribe-Post says {posts[0][:80]!r}", advice)
    return ok("one-click", f"both fields are there, and lead to {public_url}")


def _signed(signatures: Sequence[_Signature], domain: str) -> Finding:
    if not signatures:
        advice = (
            "set up DKIM at your provider; if it is, save a mail that arrived, not one that left"
        )
        return fix("DKIM", "the email has no signature", advice)
    ours = [one for one in signatures if _belong(one.domain, domain)]
    if not ours:
        named = ", ".join(one.domain for one in signatures)
        advice = f"set up DKIM for {domain} at your provider: DMARC counts no other's"
        return fix("DKIM", f"it is signed by {named}, and not by {domain}", advice)
    best = min(ours, key=lambda one: (len(_COVERED - one.covers), one.weak))
    if missing := sorted(_COVERED - best.covers):
        advice = "ask your provider to sign them: Gmail offers one click for nothing else"
        return fix("DKIM", f"{best.domain} signs it without {', '.join(missing)}", advice)
    if best.weak:
        return check("DKIM", f"{best.domain} signs it, but {best.weak}", "ask your provider why")
    return ok("DKIM", f"{best.domain} signs it, with both fields of one-click")


def _returned(message: Message, domain: str) -> Finding:
    path = _domain_of(*_fields(message, "return-path")[:1])
    if not path:
        advice = "save the original from your mailbox: it notes where bounces go"
        return check("return path", "the email says no Return-Path", advice)
    if _belong(path, domain):
        return ok("return path", f"{path} belongs to {domain}, so SPF counts for DMARC")
    advice = f"DMARC rests on DKIM alone; most providers let you set up a domain below {domain}"
    return check("return path", f"bounces go to {path}", advice)


def _judged(message: Message) -> Iterator[Finding]:
    """What the mailbox provider found: the topmost field is its own, others came along."""
    results = _fields(message, "authentication-results")
    if not results:
        advice = "send a test to Gmail or another large provider, and save the original there"
        yield check("mailbox", "it did not note what it made of SPF, DKIM and DMARC", advice)
        return
    said = {
        name.lower(): verdict.lower()
        for name, verdict in reversed(_RESULT.findall(_COMMENT.sub(" ", results[0])))
    }
    for name in ("spf", "dkim", "dmarc"):
        detail = f"the mailbox found {name}={said.get(name, 'none')}"
        if said.get(name) == "pass":
            yield ok("mailbox", detail)
            continue
        level = check if said.get("dmarc") == "pass" else fix  # which needs one of the two
        yield level("mailbox", detail, f"see what 'newsletter doctor' says of {name.upper()}")


def _signatures(message: Message) -> Iterator[_Signature]:
    for field in _fields(message, "dkim-signature"):
        tags = {name: _BLANKS.sub("", value) for name, value in tags_of(field).items()}
        covers = frozenset(filter(None, tags.get("h", "").lower().split(":")))
        yield _Signature(domain=tags.get("d", "").lower(), covers=covers, weak=_weakness(tags))


def _weakness(tags: dict[str, str]) -> str:
    if tags.get("a", "").lower() == "rsa-sha1":
        return "by SHA-1, which nobody counts any more (RFC 8301)"
    if "l" in tags:
        return "only the beginning of its text (l=), so that others could add to it"
    return ""


def _fields(message: Message, name: str) -> list[str]:
    """The values of all fields of a name, each on one line."""
    return [_BLANKS.sub(" ", str(value)).strip() for value in message.get_all(name, [])]


def _domain_of(mailbox: str = "") -> str:
    return parseaddr(mailbox)[1].rpartition("@")[2].strip(".").lower()


def _belong(one: str, other: str) -> bool:
    """Both are of one organisation: what DMARC calls relaxed, as far as names alone tell.

    Whose ``co.example`` is takes a list of all suffixes to know. So what two domains share has to
    be one of them, or has to have a name of more than three letters.
    """
    shared: list[str] = []
    for mine, yours in zip(reversed(one.split(".")), reversed(other.split(".")), strict=False):
        if mine != yours:
            break
        shared.insert(0, mine)
    named = len(shared) > 2 or (len(shared) == 2 and len(shared[0]) > _SUFFIX)
    return named or (len(shared) == 2 and ".".join(shared) in {one, other})
