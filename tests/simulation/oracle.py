"""The rules: what the scenario demands is compared with the provider's journal and the database."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.domain.delivery.rate_limit import Limits
from newsletter.domain.statements.content import NAME_MARKS, MergeField
from tests.simulation.cast import (
    BERLIN,
    CORRECTION,
    FRIEND,
    NOTICE,
    ORIGINAL,
    SPANISH,
    TWICE,
    ZONE,
    Person,
    Version,
    markers,
    written,
)
from tests.simulation.database import database
from tests.simulation.expected import (
    Approved,
    Bar,
    Excuses,
    Expected,
    Rule,
    Truth,
    Violation,
    Words,
    embargoed,
    parts_of,
)
from tests.simulation.service import KEPT, Mail

LEASE = timedelta(seconds=90)
"""The lease of a claim, longer than the longest call."""
_FAMILY = {SPANISH: ORIGINAL}
_ASKED = KEPT - timedelta(hours=4)
"""The provider is asked at least for this time."""
_A_DAY = timedelta(hours=23)
_LATE = 1
"""Seconds by which a turn may come late without losing its place."""
_OVERRIDES = 2
"""The number of admins who replace a missing approval."""
_PER_CHANGE = 5
_LEAST_CHANGE = 10
"""If so many readers, and more than one in ``_PER_CHANGE``, came or went, a campaign waits."""
_FIGURES = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")


def campaign_of(mail: Mail) -> int:
    """Return the number of the campaign; 0 for a transactional email."""
    return 0 if mail.campaign.startswith("letter_") else int(mail.message_id.split(".")[1])


def judge(mail: Mail, true: Truth, expected: Expected) -> None:
    """Judge the last message of the journal."""
    reader = true.owners.get(mail.address, 0)
    _once(mail, reader, true)
    _in_time(mail, reader, true, expected)
    if campaign_of(mail):
        _right(mail, reader, true, expected)


def _once(mail: Mail, reader: int, true: Truth) -> None:
    """Compare by address and by person, because a person may have moved.

    Two events of a kind give staff two emails with the same words, and two reports may be alike.
    """
    if mail.subject in {"notice", "report"}:
        return
    key = _key(mail)
    before = [
        one
        for one in true.journal
        if (one.address == mail.address or (reader and true.owners.get(one.address) == reader))
        and one is not mail
        and _key(one) == key
    ]
    keys = [(slug, reader) for slug in {one.campaign for one in before} | {mail.campaign}]
    anew = any(key in true.excuses.anew for key in keys)
    may_be = max(true.excuses.again.get(key, 1) for key in keys)
    if len(before) >= may_be and not anew:
        raise Violation(
            Rule.TWICE,
            f"{mail.address} got {mail.campaign} by {mail.try_}, and {before[0].address}"
            f" {before[0].campaign} by {before[0].try_} before",
        )


def _key(mail: Mail) -> str:
    return _FAMILY.get(mail.campaign, mail.campaign) if campaign_of(mail) else mail.text


def _in_time(mail: Mail, reader: int, true: Truth, expected: Expected) -> None:
    number, claimed = campaign_of(mail), mail.claimed
    for key in (("all", 0), ("campaign", number)):
        _before(mail, expected.bars.get(key), claimed.commit, f"{key} was ended")
    if number:
        # a departure after the claim counts at the next claim
        lists = written(mail.campaign).lists
        person = expected.people[reader]
        # who has, or may have, the original gets its correction even if they left the list
        first = min(true.attempts.values()) > expected.corrected and reader in expected.listed
        whole = mail.campaign == CORRECTION and not first
        left = person.gone if whole else person.left(lists)
        _before(mail, left, claimed.commit, f"reader {reader} had left")
        if mail.campaign != CORRECTION and expected.is_paused(person):
            _before(mail, person.pause, claimed.commit, f"reader {reader} had paused")
        _before(mail, expected.dead.get(mail.address), claimed.commit, "the address had bounced")


def _before(mail: Mail, bar: Bar | None, commit: int, what: str) -> None:
    if bar is None:
        return
    if bar.commit <= commit:
        raise Violation(Rule.LATE, f"{mail.address}: {what} before the commit that counts")
    late = mail.at - mail.claimed.at
    if late > LEASE and bar.at < mail.at:
        raise Violation(Rule.LATE, f"{mail.address}: {what}, and the claim is {late} old")


def _right(mail: Mail, reader: int, true: Truth, expected: Expected) -> None:
    number = campaign_of(mail)
    if mail.subscriber != reader or f"/t-{number}-{reader}\n" not in mail.text:
        raise Violation(Rule.WRONG, f"{mail.address} has the link of another reader: {mail.text}")
    first = min(true.attempts[mail.attempt], mail.claimed.commit)
    _approved(mail, expected, f"t-{number}-{reader}", expected.people[reader].names)
    if mail.address not in expected.people[reader].addresses_between(first, mail.claimed.commit):
        raise Violation(Rule.WRONG, f"reader {reader} was written to at {mail.address}")


def _approved(mail: Mail, expected: Expected, token: str, names: Collection[str]) -> None:
    """Compare a message byte by byte with the words that were approved when its campaign began."""
    arrived = (mail.subject, mail.text, mail.html)
    number = campaign_of(mail)
    why = "nobody approved it"
    for words, objection in expected.objections.get(number, {}).items():
        if any(arrived == _filled(words, token, mail.message_id, name) for name in names):
            why = objection
    if why:
        raise Violation(Rule.UNAPPROVED, f"{mail.address} got {markers(mail.text)}: {why}")


def _filled(words: Words, token: str, message_id: str, name: str) -> Words:
    marks = {MergeField.UNSUBSCRIBE.value: token, MergeField.MESSAGE_ID.value: message_id}
    marks[NAME_MARKS[0]] = name or FRIEND
    for mark, value in marks.items():
        words = (
            words[0].replace(mark, value),
            words[1].replace(mark, value),
            words[2].replace(mark, value),
        )
    return words


def asked_once(mail: Mail, true: Truth) -> None:
    """Judge an email that a stranger asked for: one a day to a mailbox, however it is written."""
    name = mail.address.partition("@")[0].partition("+")[0]
    before = {
        one.text
        for one in true.journal
        if re.split(r"[+@]", one.address)[0] == name
        and one.subject == mail.subject
        and mail.at - one.at < _A_DAY
    }
    if name.startswith("new") and len(before) > 1:
        raise Violation(Rule.HASTY, f"{len(before)} emails to the mailbox {name}")


def reported_once(true: Truth) -> None:
    """Judge a report: no more arrive than were mailed, however often staff pressed."""
    reports = sum(one.subject == "report" for one in true.journal)
    if reports > true.reports:
        raise Violation(Rule.TWICE, f"{reports} reports arrived, and {true.reports} were mailed")


def in_turn(true: Truth, provider: str, limits: Limits) -> None:
    """Judge the rate and the day's quota after a message: when its batch was claimed, it left.

    A second call for the same batch was counted at the first.
    """
    if limits.rate is None and limits.daily_quota is None:
        return
    claims = sorted(
        mail.claimed.at
        for mail in true.journal
        if mail.provider == provider and true.attempts[mail.attempt] == mail.claimed.commit
    )
    days = [at.astimezone(ZoneInfo(ZONE)).date() for at in claims]
    today = days.count(days[-1]) if days else 0
    if limits.daily_quota is not None and today > limits.daily_quota:
        raise Violation(Rule.HASTY, f"{today} messages at {provider} on one day")
    for first, at in enumerate(claims if limits.rate else ()):
        count, seconds = len(claims) - first, (claims[-1] - at).total_seconds()
        if count > limits.burst + (limits.rate or 0) * (seconds + _LATE) + 1:
            raise Violation(Rule.HASTY, f"{count} messages at {provider} in {seconds} s")


def in_hour(mail: Mail, ready: datetime, person: Person) -> None:
    """Judge a message of a campaign at a local time."""
    zone = person.zone or "America/New_York"
    due = TWICE.instant(zone, earliest=ready)
    if not mail.claimed.jumps and mail.claimed.host_at < due:
        raise Violation(Rule.WRONG, f"{mail.address} in {zone or BERLIN} before {due}")


def figures(books: sqlite3.Connection, expected: Expected, now: Bar, clock: datetime) -> str:
    """Check that the figures balance after a commit, and return them in words.

    ``clock`` is the time by the machine's clock.
    """
    expected.latest, said = max(expected.latest, clock), []
    for number, slug, state, size, *counts in books.execute(_SUMS):
        if number not in expected.audiences:
            expected.audiences[number] = frozenset(_members(books, number))
            expected.slugs[number] = slug
            _judge_audience(number, slug, expected)
            words = {one.words for one in expected.approvals if one.slug == slug}
            expected.objections[number] = {
                each: "; ".join(_objections(slug, each, expected, clock)) for each in words
            }
            if slug == CORRECTION:
                _begin_correction(expected, now)
        audience = len(expected.audiences[number])
        if sum(counts) != audience or size != audience or min(counts) < 0:
            raise Violation(Rule.FIGURES, f"campaign {number} of {audience}: {size}, {counts}")
        shown = " ".join(f"{n} {name}" for name, n in zip(_FIGURES, counts, strict=True) if n)
        said.append(f"{slug} {state}: {shown}")
    return "; ".join(said)


def _judge_audience(number: int, slug: str, expected: Expected) -> None:
    """Compare a new audience with the people of the scenario."""
    frozen, least, most = expected.audiences[number], *_for_whom(slug, expected)
    counted = expected.counted.get(slug) if expected.setting.by_sender else None
    moved = abs(len(frozen) - counted) if counted else 0
    if counted and moved >= _LEAST_CHANGE and moved * _PER_CHANGE > counted:
        raise Violation(Rule.HASTY, f"{slug} was started for {counted}, and is for {len(frozen)}")
    if least - frozen:
        raise Violation(Rule.DROPPED, f"{slug} is not for {sorted(least - frozen)}")
    if frozen - most:
        raise Violation(Rule.STRANGER, f"{slug} is for {sorted(frozen - most)} too")


def _for_whom(slug: str, expected: Expected) -> tuple[frozenset[int], frozenset[int]]:
    """Return the readers who must be in the audience, and those who may."""
    text = written(slug)
    if text.corrects:  # at the end the journal says who must get it
        originals = [n for n, name in expected.slugs.items() if name == text.corrects]
        if originals:
            return frozenset(), frozenset().union(*(expected.audiences[n] for n in originals))
    reached = frozenset(
        number
        for number, person in expected.people.items()
        if person.gets(text.lists)
        and person.address not in expected.dead
        and not expected.is_paused(person)
        and (text.segment is None or person.gives)
    )
    sure = frozenset(
        number
        for number in reached
        if not (expected.people[number].pauses_until or expected.people[number].unsure)
    )
    others = {number for number in reached if expected.people[number].language != text.language}
    if text.translation_of:
        return frozenset(), reached - others
    apart = any(written(name).translation_of == slug for name in expected.setting.texts)
    if apart and not expected.setting.together:  # others may be left to a translation
        return sure - others, reached
    return sure, reached


def _objections(slug: str, words: Words, expected: Expected, clock: datetime) -> Iterator[str]:
    """Yield the reasons why these words must not be sent as this statement now."""
    approvals = [one for one in expected.approvals if one.slug == slug and one.words == words]
    parts = [expected.texts[part] for part in markers(" ".join(words))]
    own = list(parts_of(slug, expected))
    if slug == NOTICE and not own:
        yield "nobody handed it in"
    if own and [part.marker for part in parts] != [part.marker for part in own]:
        yield f"its words are {[part.marker for part in own]} by now"
    # what follows a plus is another spelling of the mailbox
    writers = {re.sub(r"\+[a-z]*@", "@", writer) for part in parts for writer in part.writers}
    yield from _too_few(approvals, writers, expected)
    start = expected.starts.get(slug)
    # in their order: the clock may run back in between
    before = [one for one in approvals if start is not None and one in start.approvals]
    is_started = start is not None and start.words == words
    if is_started and start and clock < start.at + expected.setting.undo_window:
        yield f"it was started at {start.at}, and may be undone"
    # an approval that was given again needs a new start
    if expected.setting.by_sender and (not is_started or any(_too_few(before, writers, expected))):
        yield "no sender started it"
    yield from (f"{part.marker} is a draft" for part in own if part.draft)
    yield from _too_early(approvals, [*embargoed(slug, expected)], clock)


def _too_few(
    approvals: Collection[Approved], writers: set[str], expected: Expected
) -> Iterator[str]:
    by = {one.by for one in approvals if not one.override} - writers
    over = {one.by for one in approvals if one.override} - writers
    if len(by) < expected.setting.required and len(over) < _OVERRIDES:
        yield f"approved by {sorted(by)}, overridden by {sorted(over)}, written by {writers}"


def _too_early(
    approvals: Collection[Approved], parts: Collection[Version], clock: datetime
) -> Iterator[str]:
    waived = any(one.waives for one in approvals)
    for part in parts:
        if part.embargo and part.embargo_until is None and not waived:
            yield f"{part.marker} speaks of an embargo"
        if part.embargo_until is not None and clock < part.embargo_until:
            yield f"{part.marker} is under embargo until {part.embargo_until}"
    times = [one.not_before for one in approvals if one.not_before is not None]
    if times and clock < max(times):
        yield f"its approvers were shown {max(times)}"


def for_how_many(slug: str, expected: Expected) -> int | None:
    """Return the number of readers that a statement is for; None if that is not certain."""
    least, most = _for_whom(slug, expected)
    return len(most) if least == most else None


def _begin_correction(expected: Expected, now: Bar) -> None:
    """End the original."""
    expected.corrected = now.commit
    expected.firm = frozenset(
        number for number, person in expected.people.items() if person.gone is not None
    )
    expected.listed = frozenset(
        number for number, person in expected.people.items() if person.gets(written(ORIGINAL).lists)
    )
    for number, slug in expected.slugs.items():
        if slug == ORIGINAL:
            expected.bars.setdefault(("campaign", number), now)
            expected.ended.add(number)


_SUMS = f"""
SELECT campaign.id, campaign.slug, campaign.state, sum(size),
       {", ".join(f"sum(batch.{name})" for name in _FIGURES)}
FROM campaign JOIN batch ON batch.campaign_id = campaign.id GROUP BY campaign.id
"""
_BATCHES = f"SELECT id, state, members, {', '.join(_FIGURES)} FROM batch WHERE campaign_id = ?"
_UNKNOWN = """
SELECT batch.attempt_id, batch.campaign_id, batch.members
FROM batch JOIN campaign ON campaign.id = batch.campaign_id
WHERE batch.state = 'unknown' AND campaign.state IN ('sending', 'attention', 'sent')
"""
_SUPPRESSED = """
SELECT subscriber.id FROM subscriber
JOIN suppression ON suppression.address_hash = subscriber.address_hash
"""
_SUBSCRIBED = """
SELECT subscription.subscriber_id, list.name FROM subscription
JOIN list ON list.id = subscription.list_id WHERE subscription.state = 'confirmed'
"""
_LOG = """
SELECT coalesce(max(number), 0), count(*), max(CASE WHEN number = ? THEN digest END),
    coalesce((SELECT digest FROM audit ORDER BY number DESC LIMIT 1), '') FROM audit
"""
_CONSENTED = """
SELECT wording.words FROM consent LEFT JOIN wording ON wording.hash = consent.wording
WHERE consent.subscriber_id = ? AND consent.given = 1
"""
_UNEXPLAINED = """
SELECT subscriber_id FROM delivery
WHERE state IN ('suppressed', 'rejected') AND reason = ''
"""
_ROWS = "SELECT subscriber_id, state FROM delivery WHERE batch_id = ?"
_FOR_NOBODY = """
SELECT slug FROM campaign WHERE state = 'sent' AND id NOT IN (SELECT campaign_id FROM batch)
"""


def _members(books: sqlite3.Connection, number: int) -> Iterator[int]:
    for (members,) in books.execute("SELECT members FROM batch WHERE campaign_id = ?", (number,)):
        yield from json.loads(members)


def standings(books: sqlite3.Connection, number: int) -> dict[int, str]:
    """Return the state of each reader in a campaign, from the database."""
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


def close(books: sqlite3.Connection, true: Truth, expected: Expected) -> None:
    """Judge the end: the database has each reader of each audience, in the right state."""
    for number, audience in expected.audiences.items():
        slug = expected.slugs[number]
        standing = standings(books, number)
        if standing.keys() != audience:
            raise Violation(Rule.FIGURES, f"{slug} was frozen for {sorted(audience)}")
        has = {
            true.owners[mail.address]
            for mail in true.journal
            if mail.campaign == slug and campaign_of(mail) == number
        }
        for reader, state in standing.items():
            _compare((slug, reader), state, reader in has, true.excuses)
            _caused(number, reader, state, true, expected)
    if sent := books.execute(_FOR_NOBODY).fetchall():
        raise Violation(Rule.DROPPED, f"{sent} count as sent, and were for nobody")
    _corrected(books, true, expected)
    if not expected.put_back:
        _explained(books, expected)
        _kept(books, expected)
        _erased(books, expected)


def _explained(books: sqlite3.Connection, expected: Expected) -> None:
    """Check that each reader without a message has a cause that staff can read.

    The causes of erased people are erased too.
    """
    silent = {number for (number,) in books.execute(_UNEXPLAINED).fetchall()}
    if silent := {n for n in silent if not expected.people[n].erased}:
        raise Violation(Rule.DROPPED, f"nothing says why {silent} have no message")


def _erased(books: sqlite3.Connection, expected: Expected) -> None:
    """Check that no row has an address of a person who was erased."""
    erased = [person for person in expected.people.values() if person.erased]
    names = "|".join(re.escape(address) for one in erased for _, address in one.addresses)
    for table in database(0).columns.keys() - {"sqlite_sequence"} if names else ():
        rows = str(books.execute(f'SELECT * FROM "{table}"').fetchall())
        if found := re.search(names, rows):
            raise Violation(Rule.STRANGER, f"{found.group()} was erased, and is in {table}")


def judge_bytes(image: Callable[[], bytes], expected: Expected) -> None:
    """Check that no byte of a file has an address of a person who was erased."""
    erased = [person for person in expected.people.values() if person.erased]
    content = image() if erased else b""
    for person in erased:
        for _, address in person.addresses:
            if address.encode() in content:
                raise Violation(Rule.STRANGER, f"{address} was erased, and is in the file")


def judge_log(books: sqlite3.Connection, expected: Expected) -> None:
    """Check that the audit log still has the last line that was seen, and lacks none before it."""
    number, digest = expected.log
    [found] = books.execute(_LOG, (number,)).fetchall()
    last, count, there, last_digest = found
    if count != last or (there or "") != digest:
        raise Violation(Rule.UNPROVED, f"the audit log has {count} of {last} lines, or others")
    expected.log = last, last_digest


def judge_consent(books: sqlite3.Connection, reader: int, page: str) -> None:
    """Check that the words of consent are kept as the page of a sign-up showed them."""
    kept = [words for (words,) in books.execute(_CONSENTED, (reader,)).fetchall()]
    if not kept or any(words is None or " ".join(words.split()) not in page for words in kept):
        raise Violation(Rule.UNPROVED, f"reader {reader} consented to other words than {kept}")


def judge_public(path: str, page: str, expected: Expected) -> None:
    """Check that a public page has only statements that were sent, and names the withdrawn ones."""
    for slug, _ in markers(page):
        if slug not in expected.slugs.values():
            raise Violation(Rule.PUBLISHED, f"{path} shows {slug}, which was not sent")
        is_off = slug in expected.withdrawn and written(slug).language == "en"
        if is_off and "withdrawn" not in page:
            raise Violation(Rule.PUBLISHED, f"{path} shows {slug} as if it was not withdrawn")


def _kept(books: sqlite3.Connection, expected: Expected) -> None:
    """Check that no reader who never left is suppressed, and that no end of a list was undone."""
    suppressed = {number for (number,) in books.execute(_SUPPRESSED)}
    on = set(books.execute(_SUBSCRIBED))
    if added := {number for number, _ in on} - expected.people.keys():
        raise Violation(Rule.STRANGER, f"readers {added} are on a list, and were never added")
    for number, person in expected.people.items():
        again = [name for name, end in person.lists.items() if end and (number, name) in on]
        if again and not person.added_again:
            raise Violation(Rule.STRANGER, f"{person.address} left {again}, and is on it again")
        inside = {name for n, name in on if n == number} - person.lists.keys()
        if inside and not (person.ever_left or person.added_again):
            raise Violation(Rule.STRANGER, f"{person.address} is on {inside}, and never was let in")
        lost = [name for name, end in person.lists.items() if not end and (number, name) not in on]
        if lost and not (person.unsure or person.gone):
            raise Violation(Rule.DROPPED, f"{person.address} is not on {lost} any longer")
        if person.complained and not person.erased and number not in suppressed:
            raise Violation(Rule.STRANGER, f"{person.address} complained, and may get mail")
        if not person.ever_left and number in suppressed:
            raise Violation(Rule.DROPPED, f"{person.address} is suppressed, without cause")


def _compare(key: tuple[str, int], state: str, taken: bool, excuses: Excuses) -> None:
    if state == "accepted" and not taken and key not in excuses.vouched:
        raise Violation(Rule.LOST, f"{key} counts as accepted, and no provider took it")
    excused = excuses.resent | excuses.given_up | excuses.told
    known = state in {"accepted", "unknown"} or key in excused
    if taken and not known:
        raise Violation(Rule.UNLISTED, f"{key} was taken, and counts as {state}")


def _caused(number: int, reader: int, state: str, true: Truth, expected: Expected) -> None:
    """Check that a reader without the message left or was rejected, or the campaign was ended."""
    slug, person = expected.slugs[number], expected.people[reader]
    cause = {
        "suppressed": person.ever_left or person.pause is not None,
        "rejected": reader in true.refused,
        "cancelled": number in expected.ended or (slug, reader) in true.excuses.given_up,
    }.get(state, True)
    if not cause and not expected.put_back:
        raise Violation(Rule.DROPPED, f"reader {reader} of {slug} counts as {state}, without cause")


def find_out(
    books: sqlite3.Connection,
    true: Truth,
    expected: Expected,
    keys: Mapping[str, str],
    now: datetime,
) -> None:
    """Judge the unknown at the end: a message in the provider's records must be known."""
    unknown = books.execute(_UNKNOWN).fetchall()
    for attempt, number, members in unknown:
        for mail in true.journal:
            reader = true.owners.get(mail.address, 0)
            if mail.attempt != attempt or reader not in json.loads(members):
                continue
            asked = mail.recorded and mail.key == keys[mail.provider] and now - mail.at < _ASKED
            erased = expected.people[reader].erased
            state = standings(books, number)[reader]
            if asked and not erased and state == "unknown":
                raise Violation(Rule.STUCK, f"{mail.address} stays unknown after {mail.try_}")


def _corrected(books: sqlite3.Connection, true: Truth, expected: Expected) -> None:
    numbers = [number for number, slug in expected.slugs.items() if slug == CORRECTION]
    if not numbers or expected.put_back:
        return
    gets, states = expected.audiences[numbers[-1]], standings(books, numbers[-1])
    for mail in true.journal:
        reader = true.owners.get(mail.address, 0)
        excused = (mail.campaign, reader) in true.excuses.resent
        missed = mail.campaign == ORIGINAL and reader not in gets | expected.firm
        # a list that the reader left does not count
        held = mail.campaign == ORIGINAL and states.get(reader) == "suppressed"
        if (missed or (held and _may_get(expected.people[reader], expected))) and not excused:
            raise Violation(Rule.UNCORRECTED, f"{mail.address} got what is wrong, and no more")


def _may_get(person: Person, expected: Expected) -> bool:
    """Return whether email to the reader never had an end or a pause."""
    dead = any(address in expected.dead for _, address in person.addresses)
    return not (person.ever_ended or person.pause or dead)


def people(books: sqlite3.Connection) -> Mapping[str, int]:
    """Return figures about readers, to compare before and after."""
    return {
        "suppressed": books.execute("SELECT count(*) FROM suppression").fetchone()[0],
        "consents": books.execute("SELECT count(*) FROM consent").fetchone()[0],
        "subscribed": books.execute(
            "SELECT count(*) FROM subscription WHERE state = 'confirmed'"
        ).fetchone()[0],
    }
