"""campaigns → round-up: what went out is gathered into one statement, which waits for approval.

Whether a slot is due is decided by what stands in the database, so looking twice, a crash between
two looks, or a clock that was put back makes no second issue for a local date.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.roundup import (
    MOST,
    Due,
    Issue,
    Roundup,
    Slot,
    choose,
    coming,
    compose,
    due,
    in_one_language,
    standing_for,
)
from newsletter.domain.clock import Clock
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.ports import Abstracts
from newsletter.domain.statements.statement import Statement
from newsletter.pipeline.ledger import approved_content
from newsletter.store.sql import Store, Transaction

Part = tuple[Campaign, Statement]
"""What went out, and its statement in the words that were approved."""


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Fills the issues of a workspace's round-ups."""

    timezone: str
    abstracts: Abstracts

    def parts(self, tx: Transaction, roundup: Roundup, upto: datetime) -> list[Part]:
        """What an issue gathers that takes in all until then, in the order it went out."""
        issues = tx.roundups.issues()
        made = [one for one in issues if one.name == roundup.name and one.statement]
        since = tx.roundups.since().get(roundup.name, upto)
        after = max([since, *(one.upto for one in made)])
        chosen = choose(
            tx.campaigns.begun(after),  # a correction begins after what it corrects
            after=after,
            upto=upto,
            gathers=roundup.gathers,
            listed={slug for one in made for slug in one.parts} | {one.slug for one in issues},
        )
        found = [(campaign, as_it_went_out(tx, campaign)) for campaign in chosen]
        kept = in_one_language([one for _, one in found], roundup.language)
        return [(campaign, one) for campaign, one in found if one in kept]

    def fill(self, roundup: Roundup, issue: Issue, parts: Sequence[Part]) -> Issue:
        """The issue with these parts, and the statement that says so."""
        abstracts = [
            self.abstracts.of(one, self._began_on(campaign, issue), roundup.language)
            for campaign, one in parts
        ]
        dated = self.abstracts.dated(issue.day, roundup.language)
        return replace(
            issue,
            statement=compose(roundup, issue.day, abstracts, dated=dated),
            parts=tuple(one.slug for _, one in parts),
        )

    def put_right(self, tx: Transaction, issue: Issue, roundup: Roundup | None) -> Issue:
        """The issue as it may go out: without what was cancelled, corrections for what was wrong.

        It is what it was where that is so already.
        """
        standing = standing_for(issue.parts, tx.campaigns.kin(issue.parts))
        if tuple(one.slug for one in standing) == issue.parts:
            return issue
        if roundup is None or not standing:
            return replace(issue, statement=None, parts=())
        return self.fill(roundup, issue, [(one, as_it_went_out(tx, one)) for one in standing])

    def local_day(self, instant: datetime) -> date:
        """The date at an instant, in the workspace's zone."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def _began_on(self, campaign: Campaign, issue: Issue) -> date:
        return self.local_day(campaign.started_at or issue.upto)


def as_it_went_out(tx: Transaction, campaign: Campaign) -> Statement:
    """The statement of a campaign; of one that changed since, no words that nobody approved."""
    stored = tx.statements.get(campaign.slug)
    if stored is not None and stored.content_hash == campaign.content_hash:
        return stored.statement
    content = approved_content(tx, campaign)
    return Statement(
        slug=campaign.slug,
        title=content.subject,
        body="",
        lists=content.lists,
        language=content.language,
    )


_SCHEDULER = "scheduler"


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A slot that was seen to, or an issue that was put right, and what came of it."""

    name: str
    day: date
    slug: str
    """Of the statement; empty where there is none."""
    said: str


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a round-up would gather if it were made now."""

    roundup: Roundup
    coming: Slot
    parts: tuple[Statement, ...]
    made: tuple[Issue, ...]
    """The issues that were made, oldest first."""


@dataclass(frozen=True, kw_only=True)
class Gatherer:
    """Makes the issues of a workspace's round-ups."""

    store: Store
    roundups: Sequence[Roundup]
    issues: Issues
    clock: Clock

    def gather(self) -> tuple[Gathered, ...]:
        """Make what is due, and put right what was made and has not begun to go out."""
        self._note_names()
        with self.store.read() as tx:
            waiting = [one for one in self.roundups if self._due(tx, one) is not None]
            wrong = self._wrong(tx)
        done = []
        for roundup in waiting:
            with self.store.begin() as tx:
                done += self._make_due(tx, roundup)
        if wrong:
            with self.store.begin() as tx:
                done += [self._put_right(tx, issue) for issue in self._wrong(tx)]
        return tuple(done)

    def make(self, name: str, actor: str) -> Gathered:
        """Make the issue of today by hand. Raises NotFound or Refused."""
        roundup = self.find(name)
        self._note_names()
        now = self.clock.now()
        issue = Issue(name=name, day=self.issues.local_day(now), upto=now)
        with self.store.begin() as tx:
            if any(one.slug == issue.slug and one.statement for one in tx.roundups.issues()):
                raise Refused(
                    f"{issue.slug} is made already, and a date has one issue; until it begins to"
                    f" go out, 'newsletter roundup drop {issue.slug}' takes it back"
                )
            if not self.issues.parts(tx, roundup, now):
                raise Refused(self._nothing(tx, roundup))
            return self._make(tx, replace(roundup, least=1), issue, actor)

    def drop(self, slug: str, actor: str) -> Issue:
        """Take an issue back that has not begun; a later one may gather what was in it."""
        with self.store.begin() as tx:
            found = [one for one in tx.roundups.issues() if one.slug == slug and one.statement]
            if not found:
                raise NotFound(
                    f"there is no issue {slug!r} of a round-up; 'newsletter roundup show NAME'"
                    " names those that were made"
                )
            if slug not in {one.slug for one in tx.roundups.waiting()}:
                raise Refused(
                    f"{slug} has begun to go out; 'newsletter cancel {slug}' stops the rest"
                )
            dropped = replace(found[0], statement=None, parts=())
            tx.roundups.put(dropped, self.clock.now())
            self._enter(tx, actor, "drop", slug, f"it gathered {', '.join(found[0].parts)}")
            return dropped

    def forecast(self, name: str) -> Forecast:
        """What would be made now. Raises NotFound."""
        roundup = self.find(name)
        now = self.clock.now()
        with self.store.read() as tx:
            issues = [one for one in tx.roundups.issues() if one.name == name]
            zone = self.issues.timezone
            return Forecast(
                roundup=roundup,
                coming=coming(roundup.rhythm, zone, last=tx.roundups.last(name), now=now),
                parts=tuple(one for _, one in self.issues.parts(tx, roundup, now)),
                made=tuple(one for one in issues if one.statement),
            )

    def find(self, name: str) -> Roundup:
        """A configured round-up. Raises NotFound."""
        found = self._configured(name)
        if found is None:
            raise NotFound(
                f"no round-up {name!r} is configured; 'newsletter roundup list' shows them"
            )
        return found

    def _configured(self, name: str) -> Roundup | None:
        return next((one for one in self.roundups if one.name == name), None)

    def _note_names(self) -> None:
        """A round-up begins when it is first seen: nothing older is gathered, no slot made up."""
        configured = {one.name for one in self.roundups}
        with self.store.read() as tx:
            known = set(tx.roundups.since())
        if configured == known:
            return
        with self.store.begin() as tx:
            for name in sorted(configured - known):
                tx.roundups.begin(name, self.clock.now())
            for name in known - configured:
                tx.roundups.end(name)

    def _due(self, tx: Transaction, roundup: Roundup) -> Due | None:
        zone, now = self.issues.timezone, self.clock.now()
        since = tx.roundups.since().get(roundup.name, now)
        last = tx.roundups.last(roundup.name)
        return due(roundup.rhythm, zone, since=since, last=last, now=now)

    def _make_due(self, tx: Transaction, roundup: Roundup) -> list[Gathered]:
        found = self._due(tx, roundup)
        if found is None:
            return []
        issue = Issue(name=roundup.name, day=found.slot.day, upto=found.slot.at)
        done = self._make(tx, roundup, issue, _SCHEDULER)
        if found.passed_over:
            days = ", ".join(day.isoformat() for day in found.passed_over)
            done = replace(done, said=f"{done.said}; passed over: {days}")
        return [done]

    def _make(self, tx: Transaction, roundup: Roundup, issue: Issue, actor: str) -> Gathered:
        parts = self.issues.parts(tx, roundup, issue.upto)
        went = f"{_counted(len(parts))} went out{_to(roundup)}"
        said = f"{went}, and it takes {roundup.least}: there is no issue"
        if len(parts) >= roundup.least:
            issue = self.issues.fill(roundup, issue, parts[-MOST:])
            vouched = ", unless its parts vouch for it" if roundup.trust_parts else ""
            said = f"{_counted(len(issue.parts))}; it waits for approval{vouched}"
        if len(parts) > MOST:
            said += f"; the {len(parts) - MOST} oldest are left out, for one mail holds {MOST}"
        tx.roundups.put(issue, self.clock.now())
        self._enter(tx, actor, "gather", issue.slug, ", ".join(issue.parts) or said)
        return _gathered(issue, said)

    def _nothing(self, tx: Transaction, roundup: Roundup) -> str:
        began = tx.roundups.since()[roundup.name].astimezone(ZoneInfo(self.issues.timezone))
        return (
            f"there is nothing to gather: since {began:%Y-%m-%d %H:%M}, when {roundup.name} was"
            f" first seen here, nothing went out{_to(roundup)} that is not in one of its issues"
        )

    def _wrong(self, tx: Transaction) -> list[Issue]:
        return [one for one in tx.roundups.waiting() if self._right(tx, one) != one]

    def _right(self, tx: Transaction, issue: Issue) -> Issue:
        return self.issues.put_right(tx, issue, self._configured(issue.name))

    def _put_right(self, tx: Transaction, issue: Issue) -> Gathered:
        right = self._right(tx, issue)
        tx.roundups.put(right, self.clock.now())
        rest = f"it is made anew of {_counted(len(right.parts))}" if right.parts else "none is left"
        said = f"a part was corrected or cancelled since, and {rest}"
        self._enter(tx, _SCHEDULER, "gather", issue.slug, ", ".join(right.parts) or said)
        return _gathered(right, said)

    def _enter(self, tx: Transaction, actor: str, action: str, slug: str, detail: str) -> None:
        now = self.clock.now()
        tx.audit.enter(at=now, actor=actor, action=action, subject=slug, detail=detail)


def _gathered(issue: Issue, said: str) -> Gathered:
    slug = issue.slug if issue.statement else ""
    return Gathered(name=issue.name, day=issue.day, slug=slug, said=said)


def _to(roundup: Roundup) -> str:
    return f" to {', '.join(roundup.gathers)}" if roundup.gathers else ""


def _counted(number: int) -> str:
    return "1 statement" if number == 1 else f"{number} statements"
