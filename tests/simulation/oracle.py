"""What must hold: the provider's journal against the books, message by message and at the end.

What the books have to say is kept here a second time, in few words and without their code: who is
in the frozen audience, whom nothing may reach any more and since which commit, who was moved.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from tests.simulation.database import BERLIN, CORRECTION, ORIGINAL, SPANISH, TWICE, ZONES, address
from tests.simulation.service import Mail

LEASE = timedelta(seconds=90)
"""Of a claim: longer than the longest call."""
_FAMILY = {SPANISH: ORIGINAL}
_FIGURES = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")


class Rule(Enum):
    """A promise that was broken."""

    TWICE = "twice"
    """A reader got a campaign twice, and nobody had said that it should be sent again."""
    LATE = "late"
    """Something left of who had left before the claim, of what was stopped before it was written
    down that it leaves, or by a claim that was over."""
    LOST = "lost"
    """The books say that a reader's message was taken, and it was not."""
    UNLISTED = "unlisted"
    """The provider took a message of which the books say that it was not handed over."""
    FIGURES = "figures"
    """The six figures do not add up to the frozen audience."""
    STUCK = "stuck"
    """A campaign is sending, nothing stands in its way, and it does not end."""
    WRONG = "wrong"
    """A message has another reader's link or address, or left before its hour."""
    UNCORRECTED = "uncorrected"
    """Who got the original is not among those who get its correction."""
    FOREIGN = "foreign"
    """An event that speaks of somebody else changed a reader of ours."""
    FAULT = "fault"
    """The program itself failed in a way that it does not know."""


class Violation(Exception):
    """A rule was broken."""

    def __init__(self, rule: Rule, words: str) -> None:
        super().__init__(f"{rule.value}: {words}")
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Something ended, for a reader, a campaign or all."""

    commit: int
    at: datetime
    firm: bool = True
    """Corrections do not pass it either."""


@dataclass(kw_only=True)
class Expected:
    """What one line of books has to hold. A copy of the books takes a copy of this along."""

    audiences: dict[int, frozenset[int]] = field(default_factory=dict)
    slugs: dict[int, str] = field(default_factory=dict)
    bars: dict[tuple[str, int], Bar] = field(default_factory=dict)
    addresses: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    firm: frozenset[int] = frozenset()
    """Whom nothing could reach when the correction began."""
    put_back: bool = False
    """These books are older than what went out."""

    def copy(self) -> "Expected":
        moves = {number: [*each] for number, each in self.addresses.items()}
        return replace(
            self,
            audiences={**self.audiences},
            slugs={**self.slugs},
            bars={**self.bars},
            addresses=moves,
        )


@dataclass(kw_only=True)
class Excuses:
    """What a person said of whom nobody knew. Then it is theirs."""

    again: set[tuple[str, int]] = field(default_factory=set)
    """(slug, subscriber) whom the provider had, as a person said that it had not."""
    vouched: set[tuple[str, int]] = field(default_factory=set)
    """Whom a person said that the provider has."""
    given_up: set[tuple[str, int]] = field(default_factory=set)
    told: set[tuple[str, int]] = field(default_factory=set)
    """Whom a person found at the provider, after older books were put back."""


def campaign_of(mail: Mail) -> int:
    """The campaign's number in the books of whoever handed it over; 0 for a letter."""
    return 0 if mail.campaign.startswith("letter_") else int(mail.message_id.split(".")[1])


def judge(mail: Mail, journal: Collection[Mail], expected: Expected, excuses: Excuses) -> None:
    """A message that was taken just now, the last of the journal."""
    _once(mail, journal, excuses)
    _in_time(mail, expected)
    if campaign_of(mail):
        _right(mail, expected)


def _once(mail: Mail, journal: Collection[Mail], excuses: Excuses) -> None:
    key = _key(mail)
    before = [one for one in journal if one is not mail and _key(one) == key]
    slugs = {one.campaign for one in before} | {mail.campaign}
    if before and not any((slug, mail.subscriber) in excuses.again for slug in slugs):
        raise Violation(
            Rule.TWICE,
            f"{mail.address} got {mail.campaign} by {mail.try_}, and {before[0].campaign} by"
            f" {before[0].try_} before",
        )


def _key(mail: Mail) -> tuple[str, object]:
    if not campaign_of(mail):
        return mail.address, mail.text
    return _FAMILY.get(mail.campaign, mail.campaign), mail.subscriber


def _in_time(mail: Mail, expected: Expected) -> None:
    number, claimed = campaign_of(mail), mail.claimed
    keys = [("all", 0), ("campaign", number)] + [("reader", mail.subscriber)] * bool(number)
    for key in keys:
        bar = expected.bars.get(key)
        if bar is None or not (bar.firm or mail.campaign != CORRECTION):
            continue
        reader = key[0] == "reader"  # who left meanwhile is asked again at the next claim
        if bar.commit <= (claimed.commit if reader else claimed.noted):
            before = "the claim" if reader else "it was written down to leave"
            raise Violation(Rule.LATE, f"{mail.address}: {key} was ended before {before}")
        if mail.at - claimed.at > LEASE and bar.at < mail.at:
            late = mail.at - claimed.at
            raise Violation(Rule.LATE, f"{mail.address}: {key} had ended, claimed {late} ago")


def _right(mail: Mail, expected: Expected) -> None:
    number = campaign_of(mail)
    if mail.token != f"t-{number}-{mail.subscriber}":
        raise Violation(Rule.WRONG, f"{mail.address} has the link {mail.token}")
    moves = expected.addresses.get(mail.subscriber, [])
    known = [where for commit, where in moves if commit <= mail.claimed.commit]
    if mail.address != (known[-1] if known else address(mail.subscriber)):
        raise Violation(Rule.WRONG, f"reader {mail.subscriber} was written to at {mail.address}")


def in_hour(mail: Mail, ready: datetime) -> None:
    """A message of a campaign at an hour of each reader's own clock."""
    zone = ZONES[mail.subscriber % len(ZONES)] or "America/New_York"
    due = TWICE.instant(zone, ready=ready)
    if not mail.claimed.jumps and mail.claimed.host_at < due:
        raise Violation(Rule.WRONG, f"{mail.address} in {zone or BERLIN} before {due}")


def figures(books: sqlite3.Connection, expected: Expected, now: Bar) -> str:
    """The figures after a commit, in words, once they are found to balance."""
    said = []
    for number, slug, state, size, *counts in books.execute(_SUMS):
        if number not in expected.audiences:
            expected.audiences[number] = frozenset(_members(books, number))
            expected.slugs[number] = slug
            if slug == CORRECTION:
                _begin_correction(expected, now)
        audience = len(expected.audiences[number])
        if sum(counts) != audience or size != audience or min(counts) < 0:
            raise Violation(Rule.FIGURES, f"campaign {number} of {audience}: {size}, {counts}")
        shown = " ".join(f"{n} {name}" for name, n in zip(_FIGURES, counts, strict=True) if n)
        said.append(f"{slug} {state}: {shown}")
    return "; ".join(said)


def _begin_correction(expected: Expected, now: Bar) -> None:
    """From now on nobody gets the original."""
    bars = expected.bars
    expected.firm = frozenset(n for (what, n), bar in bars.items() if what == "reader" and bar.firm)
    for number, slug in expected.slugs.items():
        if slug == ORIGINAL:
            bars.setdefault(("campaign", number), now)


_SUMS = f"""
SELECT campaign.id, campaign.slug, campaign.state, sum(size),
       {", ".join(f"sum(batch.{name})" for name in _FIGURES)}
FROM campaign JOIN batch ON batch.campaign_id = campaign.id GROUP BY campaign.id
"""
_BATCHES = f"SELECT id, state, members, {', '.join(_FIGURES)} FROM batch WHERE campaign_id = ?"
_ROWS = "SELECT subscriber_id, state FROM delivery WHERE batch_id = ?"


def _members(books: sqlite3.Connection, number: int) -> Iterator[int]:
    for (members,) in books.execute("SELECT members FROM batch WHERE campaign_id = ?", (number,)):
        yield from json.loads(members)


def standings(books: sqlite3.Connection, number: int) -> dict[int, str]:
    """Subscriber → the state that a campaign's books have them in."""
    found: dict[int, str] = {}
    for batch, state, members, *counts in books.execute(_BATCHES, (number,)).fetchall():
        rest = {"queued": "pending", "claimed": "pending", "unknown": "unknown"}.get(state)
        cancelled = counts[_FIGURES.index("cancelled")]
        rest = rest or ("cancelled" if state == "given up" or cancelled else "accepted")
        each = dict.fromkeys(json.loads(members), rest)
        each |= {n: own for n, own in books.execute(_ROWS, (batch,)) if n in each}
        tally = Counter(each.values())
        if [tally[name] for name in _FIGURES] != counts:
            raise Violation(Rule.FIGURES, f"batch {batch}, {state}: {counts} are {dict(tally)}")
        if found.keys() & each.keys():
            raise Violation(Rule.FIGURES, f"batch {batch} has readers of another one")
        found |= each
    return found


def close(
    books: sqlite3.Connection, journal: Collection[Mail], expected: Expected, excuses: Excuses
) -> None:
    """The end: each reader of each frozen audience is listed, and as what they are."""
    for number, audience in expected.audiences.items():
        slug = expected.slugs[number]
        standing = standings(books, number)
        if standing.keys() != audience:
            raise Violation(Rule.FIGURES, f"{slug} was frozen for {sorted(audience)}")
        has = {
            one.subscriber for one in journal if one.campaign == slug and campaign_of(one) == number
        }
        for reader, state in standing.items():
            _compare((slug, reader), state, reader in has, excuses)
    _corrected(journal, expected, excuses)


def _compare(key: tuple[str, int], state: str, taken: bool, excuses: Excuses) -> None:
    if state == "accepted" and not taken and key not in excuses.vouched:
        raise Violation(Rule.LOST, f"{key} counts as accepted, and nobody took it")
    known = (
        state in {"accepted", "unknown"} or key in excuses.again | excuses.given_up | excuses.told
    )
    if taken and not known:
        raise Violation(Rule.UNLISTED, f"{key} was taken, and counts as {state}")


def _corrected(journal: Collection[Mail], expected: Expected, excuses: Excuses) -> None:
    numbers = [number for number, slug in expected.slugs.items() if slug == CORRECTION]
    if not numbers or expected.put_back:
        return
    gets = expected.audiences[numbers[-1]]
    for mail in journal:
        excused = (mail.campaign, mail.subscriber) in excuses.again
        missed = mail.campaign == ORIGINAL and mail.subscriber not in gets | expected.firm
        if missed and not excused:
            raise Violation(Rule.UNCORRECTED, f"{mail.address} got what is wrong, and no more")


def people(books: sqlite3.Connection) -> Mapping[str, object]:
    """What is known of readers, to be compared."""
    return {
        "suppressed": books.execute("SELECT count(*) FROM suppression").fetchone()[0],
        "subscribed": books.execute(
            "SELECT count(*) FROM subscription WHERE state = 'confirmed'"
        ).fetchone()[0],
    }
