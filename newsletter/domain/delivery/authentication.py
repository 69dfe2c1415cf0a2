"""The DNS records of a sending domain, judged by the rules of mailbox providers.

Gmail and Yahoo demand from bulk senders SPF or DKIM that is aligned with From, and DMARC (Google's
email sender guidelines, Yahoo's sender best practices, both since February 2024). SPF is RFC 7208,
DKIM RFC 6376, DMARC RFC 7489; BIMI is the draft that Gmail and Yahoo follow.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from newsletter.domain.delivery.provider import Finding, failed, passed, unclear

TxtLookup = Callable[[str], Sequence[str]]
"""A function: DNS name → its TXT records, empty if it has none. Raises LookupFailed."""

_MAX_LOOKUPS = 10
"""RFC 7208, 4.6.4: an SPF policy that needs more DNS lookups is invalid."""
_MAX_INCLUDE_DEPTH = 12
_LOOKUP_PATTERN = re.compile(r"[+~?-]?(?:include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)
"""SPF terms that need a DNS lookup (RFC 7208, 4.6.4); ``ip4``, ``ip6`` and ``all`` need none."""
_INCLUDE_PATTERN = re.compile(r"[+~?-]?(?:include:|redirect=)([A-Za-z0-9._-]+)\Z", re.IGNORECASE)
_DMARC_TAG_PATTERN = re.compile(r"\s*([A-Za-z]{1,10})\s*=\s*([^;]*)")
_DMARC_POLICIES = {"none", "quarantine", "reject"}


class LookupFailed(Exception):
    """The DNS query failed or timed out: the records are unknown."""


def examine_domain(domain: str, selectors: Sequence[str], texts: TxtLookup) -> Iterator[Finding]:
    """Yield one finding each for SPF, DKIM, DMARC and BIMI of the domain in From.

    ``selectors`` are the known DKIM selectors of the providers.
    """
    checks: dict[str, Callable[[], Finding]] = {
        "SPF": lambda: _spf(domain, texts),
        "DKIM": lambda: _dkim(domain, selectors, texts),
        "DMARC": lambda: _dmarc(domain, texts),
        "BIMI": lambda: _bimi(domain, texts),
    }
    for what, check in checks.items():
        try:
            yield check()
        except LookupFailed as error:
            yield unclear(what, f"could not be looked up: {error}", "try again")


def _spf(domain: str, texts: TxtLookup) -> Finding:
    records = [text for text in texts(domain) if text.lower().startswith("v=spf1")]
    if not records:
        advice = (
            "publish the TXT record that your provider's set-up page names, such as"
            f' "v=spf1 include:… ~all" at {domain}'
        )
        return unclear("SPF", f"{domain} has no record", advice)
    if len(records) > 1:
        merge = "put all of it into one record: with two, mailbox providers read none"
        several = "{domain} has {count} records"
        return failed("SPF", several, merge, domain=domain, count=len(records))
    terms = records[0].split()[1:]
    if any(term.lower() in {"all", "+all"} for term in terms):
        is_open = "{domain} lets everybody send for it (+all)"
        return failed("SPF", is_open, 'end it with "~all"', domain=domain)
    lookups = _count_lookups(domain, records[0], texts)
    if lookups > _MAX_LOOKUPS:
        too_many = "{domain} asks for more than {most} lookups, so it counts as broken"
        shorten = "take out what no longer sends for you"
        return failed("SPF", too_many, shorten, domain=domain, most=_MAX_LOOKUPS)
    return passed("SPF", f"{domain} says who may send for it ({lookups} of {_MAX_LOOKUPS} lookups)")


def _count_lookups(
    domain: str, policy: str, texts: TxtLookup, *, left: int = _MAX_LOOKUPS + 1, depth: int = 0
) -> int:
    """Return the number of DNS lookups of an SPF policy and of the policies that it includes.

    Counting stops at ``left``.
    """
    count = 0
    for term in policy.split()[1:]:
        if count >= left or depth > _MAX_INCLUDE_DEPTH:
            break
        count += bool(_LOOKUP_PATTERN.match(term))
        included = _INCLUDE_PATTERN.fullmatch(term)
        if included is not None and included[1] != domain:
            inner = [text for text in texts(included[1]) if text.lower().startswith("v=spf1")]
            for further in inner[:1]:
                count += _count_lookups(
                    included[1], further, texts, left=left - count, depth=depth + 1
                )
    return count


def _dkim(domain: str, selectors: Sequence[str], texts: TxtLookup) -> Finding:
    for selector in selectors:
        for record in texts(f"{selector}._domainkey.{domain}"):
            key = parse_tags(record).get("p")
            if key:
                return passed("DKIM", f"{domain} publishes a key as {selector}")
            if key == "":
                revoked = "the key {name} of {domain} was taken back (p= is empty)"
                replace = "publish the one that your provider names"
                return failed("DKIM", revoked, replace, name=selector, domain=domain)
    where_searched = f" under {', '.join(selectors)}" if selectors else ""
    advice = "look at your provider's page of the domain: it shows the names of your keys"
    return unclear("DKIM", f"no key of {domain} was found{where_searched}", advice)


def _dmarc(domain: str, texts: TxtLookup) -> Finding:
    # a policy also covers all subdomains, so parent domains count, except the top level
    labels = domain.split(".")
    for place in range(max(1, len(labels) - 1)):
        name = ".".join(labels[place:])
        tags = [parse_tags(text) for text in texts(f"_dmarc.{name}")]
        policies = [one for one in tags if one.get("v") == "DMARC1"]
        if len(policies) > 1:
            several = "_dmarc.{domain} has {count} records"
            leave = "leave one: with two, mailbox providers read none"
            return failed("DMARC", several, leave, domain=name, count=len(policies))
        if policies:
            return _judge_policy(domain, name, policies[0])
    publish = (
        "publish a TXT record at _dmarc.{domain}:"
        ' "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
    )
    lacks = "{domain} has no policy, which Gmail and Yahoo ask for"
    return failed("DMARC", lacks, publish, domain=domain)


def _judge_policy(domain: str, name: str, tags: dict[str, str]) -> Finding:
    # the policy of a parent domain is in sp, or in p without sp (RFC 7489, 6.3)
    policy = tags.get("sp", tags.get("p", "")) if name != domain else tags.get("p", "")
    if policy.lower() not in _DMARC_POLICIES:
        write = 'write p=none, p=quarantine or p=reject behind "v=DMARC1;"'
        unknown = "_dmarc.{domain} names no policy that there is ({policy!r})"
        return failed("DMARC", unknown, write, domain=name, policy=policy)
    strict = [tag for tag in ("adkim", "aspf") if tags.get(tag, "r").lower() == "s"]
    aligned = ""
    if strict:
        aligned = f"; {' and '.join(strict)} ask for the very same domain, no subdomain"
    if policy.lower() == "none":
        advice = "once its reports show your own mail alone, write p=quarantine"
        return unclear("DMARC", f"{domain} only watches (p=none){aligned}", advice)
    return passed("DMARC", f"{domain} has p={policy.lower()}{aligned}")


def _bimi(domain: str, texts: TxtLookup) -> Finding:
    for record in texts(f"default._bimi.{domain}"):
        tags = parse_tags(record)
        if tags.get("v") == "BIMI1" and tags.get("l", "").lower().startswith("https://"):
            return passed("BIMI", f"{domain} shows a logo where DMARC is enforced")
        return unclear(
            "BIMI", f"the record of {domain} names no logo at https://", "look at its l="
        )
    return passed("BIMI", "none, and none is needed: it shows your logo next to your email")


def parse_tags(record: str) -> dict[str, str]:
    """Return the tags of a record by name, in lower case. The first of two equal names counts."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        match = _DMARC_TAG_PATTERN.fullmatch(part)
        if match:
            tags.setdefault(match[1].lower(), match[2].strip())
    return tags
