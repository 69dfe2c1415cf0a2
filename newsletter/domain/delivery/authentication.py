"""What a sending domain says about itself in the DNS, and what mailbox providers make of it.

Gmail and Yahoo ask whoever sends in bulk for SPF or DKIM that is aligned with From, and for DMARC
(Google's email sender guidelines, Yahoo's sender best practices, both since February 2024). SPF is
RFC 7208, DKIM RFC 6376, DMARC RFC 7489; BIMI is the draft that Gmail and Yahoo follow.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.domain.delivery.provider import Finding, Level

Texts = Callable[[str], Sequence[str]]
"""A name → its TXT records; none where the name has none. Raises LookupFailed."""

_MOST_LOOKUPS = 10
"""RFC 7208, 4.6.4: a policy that asks for more counts as broken."""
_DEEPEST = 12
_ASKING = re.compile(r"[+~?-]?(?:include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)
_INCLUDED = re.compile(r"[+~?-]?(?:include:|redirect=)([A-Za-z0-9._-]+)\Z", re.IGNORECASE)
_TAG = re.compile(r"\s*([A-Za-z]{1,10})\s*=\s*([^;]*)")
_POLICIES = {"none", "quarantine", "reject"}


class LookupFailed(Exception):
    """The DNS could not be asked, or did not answer in time: nothing is known."""


def examine_domain(domain: str, selectors: Sequence[str], texts: Texts) -> Iterator[Finding]:
    """One finding each for SPF, DKIM, DMARC and BIMI of the domain in From.

    ``selectors`` are the names under which the providers publish their keys, where that is known.
    """
    looks: dict[str, Callable[[], Finding]] = {
        "SPF": lambda: _spf(domain, texts),
        "DKIM": lambda: _dkim(domain, selectors, texts),
        "DMARC": lambda: _dmarc(domain, texts),
        "BIMI": lambda: _bimi(domain, texts),
    }
    for what, look in looks.items():
        try:
            yield look()
        except LookupFailed as error:
            yield check(what, f"could not be looked up: {error}", "try again")


# --- SPF


def _spf(domain: str, texts: Texts) -> Finding:
    found = [one for one in texts(domain) if one.lower().startswith("v=spf1")]
    if not found:
        advice = (
            "publish the TXT record that your provider's set-up page names, such as"
            f' "v=spf1 include:… ~all" at {domain}'
        )
        return check("SPF", f"{domain} has no record", advice)
    if len(found) > 1:
        advice = "put all of it into one record: with two, mailbox providers read none"
        return fix("SPF", f"{domain} has {len(found)} records", advice)
    terms = found[0].split()[1:]
    if any(term.lower() in {"all", "+all"} for term in terms):
        return fix("SPF", f"{domain} lets everybody send for it (+all)", 'end it with "~all"')
    lookups = _Lookups(texts).count(domain, found[0])
    if lookups > _MOST_LOOKUPS:
        detail = f"{domain} asks for more than {_MOST_LOOKUPS} lookups, so it counts as broken"
        return fix("SPF", detail, "take out what no longer sends for you")
    return ok("SPF", f"{domain} says who may send for it ({lookups} of {_MOST_LOOKUPS} lookups)")


@dataclass(kw_only=True)
class _Count:
    asked: int = 0


class _Lookups:
    """Counts what a policy asks the DNS for, its includes too."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def count(self, domain: str, policy: str) -> int:
        """At most a little more than is allowed: whoever asks for more is broken anyway."""
        counted = _Count()
        self._add(domain, policy, counted, 0)
        return counted.asked

    def _add(self, domain: str, policy: str, counted: _Count, depth: int) -> None:
        for term in policy.split()[1:]:
            if counted.asked > _MOST_LOOKUPS or depth > _DEEPEST:
                return
            counted.asked += bool(_ASKING.match(term))
            included = _INCLUDED.fullmatch(term)
            if included is None or included[1] == domain:
                continue
            inner = [one for one in self._texts(included[1]) if one.lower().startswith("v=spf1")]
            for one in inner[:1]:
                self._add(included[1], one, counted, depth + 1)


# --- DKIM


def _dkim(domain: str, selectors: Sequence[str], texts: Texts) -> Finding:
    for selector in selectors:
        for record in texts(f"{selector}._domainkey.{domain}"):
            key = tags_of(record).get("p")
            if key:
                return ok("DKIM", f"{domain} publishes a key as {selector}")
            if key == "":
                detail = f"the key {selector} of {domain} was taken back (p= is empty)"
                return fix("DKIM", detail, "publish the one that your provider names")
    tried = f" under {', '.join(selectors)}" if selectors else ""
    advice = "look at your provider's page of the domain: it shows the names of your keys"
    return check("DKIM", f"no key of {domain} was found{tried}", advice)


# --- DMARC


def _dmarc(domain: str, texts: Texts) -> Finding:
    for name in _upwards(domain):
        found = [one for one in texts(f"_dmarc.{name}") if tags_of(one).get("v") == "DMARC1"]
        if len(found) > 1:
            advice = "leave one: with two, mailbox providers read none"
            return fix("DMARC", f"_dmarc.{name} has {len(found)} records", advice)
        if found:
            return _policy(domain, name, tags_of(found[0]))
    advice = (
        f"publish a TXT record at _dmarc.{domain}:"
        f' "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
    )
    return fix("DMARC", f"{domain} has no policy, which Gmail and Yahoo ask for", advice)


def _policy(domain: str, name: str, tags: dict[str, str]) -> Finding:
    policy = tags.get("sp", tags.get("p", "")) if name != domain else tags.get("p", "")
    if policy.lower() not in _POLICIES:
        advice = 'write p=none, p=quarantine or p=reject behind "v=DMARC1;"'
        return fix("DMARC", f"_dmarc.{name} names no policy that there is ({policy!r})", advice)
    strict = [tag for tag in ("adkim", "aspf") if tags.get(tag, "r").lower() == "s"]
    aligned = ""
    if strict:
        aligned = f"; {' and '.join(strict)} ask for the very same domain, no subdomain"
    if policy.lower() == "none":
        advice = "once its reports show your own mail alone, write p=quarantine"
        return check("DMARC", f"{domain} only watches (p=none){aligned}", advice)
    return ok("DMARC", f"{domain} has p={policy.lower()}{aligned}")


def _upwards(domain: str) -> Iterator[str]:
    """The domain and those above it, but for the last label: a policy of one covers those below."""
    labels = domain.split(".")
    for place in range(max(1, len(labels) - 1)):
        yield ".".join(labels[place:])


# --- BIMI


def _bimi(domain: str, texts: Texts) -> Finding:
    for record in texts(f"default._bimi.{domain}"):
        tags = tags_of(record)
        if tags.get("v") == "BIMI1" and tags.get("l", "").lower().startswith("https://"):
            return ok("BIMI", f"{domain} shows a logo where DMARC is enforced")
        return check("BIMI", f"the record of {domain} names no logo at https://", "look at its l=")
    return ok("BIMI", "none, and none is needed: it shows your logo beside your mail")


def tags_of(record: str) -> dict[str, str]:
    """The tags of a record, by name in small letters; of two with one name the first."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        found = _TAG.fullmatch(part)
        if found:
            tags.setdefault(found[1].lower(), found[2].strip())
    return tags


def ok(what: str, detail: str) -> Finding:
    """It is as it has to be."""
    return Finding(what=what, level=Level.OK, detail=detail)


def check(what: str, detail: str, advice: str) -> Finding:
    """It could not be proved, or might be better."""
    return Finding(what=what, level=Level.WARNING, detail=detail, advice=advice)


def fix(what: str, detail: str, advice: str) -> Finding:
    """It has to be mended."""
    return Finding(what=what, level=Level.FAULT, detail=detail, advice=advice)
