"""changed rows → notices → emails to staff, and posts to the team's channels.

The tick derives the events from changed rows, so a crash loses none. A notice is a row for an event
and a person or channel, so none is sent twice.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial, reduce
from itertools import filterfalse

from newsletter.domain.campaigns.notices import (
    MAX_EVENT_AGE,
    MIN_EMAIL_INTERVAL,
    Channel,
    Notice,
    NoticeEvent,
    NoticeKind,
    comment_events,
    events_of,
    find_newest,
    import_event,
    next_event_at,
)
from newsletter.domain.campaigns.sentences import describe_next, describe_state
from newsletter.domain.campaigns.state import CampaignRules, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.delivery.batch import Answer, backoff
from newsletter.domain.delivery.transactional import (
    FINAL_STATES,
    ChannelPost,
    EmailKind,
    MessageState,
    NoticeSection,
    TransactionalEmail,
)
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import Limit, is_exceeded
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.wording import moment, say
from newsletter.pipeline import ledger
from newsletter.pipeline.history import describe_entry
from newsletter.pipeline.status import load_statuses
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.notices import Mark

_MAX_STATEMENTS = 200
"""The maximum number of changed statements that one tick processes."""
_MAX_COMMENTS = 100
"""The authors of this many last comments get a notice of the next one."""
_QUOTE_CHARS = 300
"""An email quotes this much of a comment."""
_RETENTION = timedelta(days=31)
_ADDRESS_BREAK_PATTERN = re.compile(r"[\s,;]+")
_COMMENT_KINDS = frozenset({NoticeKind.MENTIONED, NoticeKind.COMMENTED})
_ACT_KINDS = frozenset({NoticeKind.TAKEN_BACK, NoticeKind.PAGE_CHANGED})


def notify(*, store: Store, rules: CampaignRules, channels: Sequence[Channel] = ()) -> int:
    """Store notices of changes and queue due messages. Return the number of messages."""
    with store.read() as tx:
        mark = tx.notices.load_mark()
        slugs, change = tx.notices.find_changed(mark, tx.now, _MAX_STATEMENTS)
        comments = tx.comments.list_after(mark.comment_id)
        since = mark.imported_at
        if since is None or since > tx.now:  # a clock ran ahead
            since = tx.now - MAX_EVENT_AGE
        imports = tx.imports.list_finished(since, tx.now)
        statuses = _load_statuses(tx, [*slugs, *(comment.slug for comment in comments)], rules)
        events = {slug: events_of(one, tx.audit.last(slug)) for slug, one in statuses.items()}
        for comment in comments:
            if comment.slug in statuses:
                before = tx.comments.list_for(comment.slug, _MAX_COMMENTS)
                events[comment.slug] += comment_events(comment, before, statuses[comment.slug])
        failing = tx.failing_checks.list_without_notice()
        roles = tx.staff.roles()
        admins = {address for address, role in roles.items() if role is Role.ADMIN}
        events[""] = (
            *(import_event(record, roles) for record in imports),
            *(
                NoticeEvent(NoticeKind.HEALTH, check.occurrence, tx.now, admins)
                for check in failing
            ),
        )
        receivers = _due_receivers(tx, channels)
    if not (slugs or comments or imports or failing or receivers):
        return 0
    with store.begin() as tx:
        for slug, slug_events in events.items():
            tx.notices.add(slug, slug_events, tx.now, channels)
        for slug in slugs:
            at = next_event_at(statuses[slug]) if slug in statuses else None
            tx.notices.set_next_event(slug, at)
        last = max((comment.id for comment in comments), default=mark.comment_id)
        imported = imports[-1].finished_at if imports else mark.imported_at
        tx.notices.store_mark(Mark(change_id=change, comment_id=last, imported_at=imported))
        tx.notices.clear(tx.now - _RETENTION)
        tx.failing_checks.note_notified(check.what for check in failing)
        receivers, languages = _due_receivers(tx, channels), tx.staff.languages()
        for address in receivers:
            if address.startswith("#"):
                tx.channel_posts.add(address.removeprefix("#"), tx.now)
            else:
                language = languages.get(address, "")
                tx.emails.inform(address, "", tx.now, EmailKind.NEWS, language=language)
    return len(receivers)


def _due_receivers(tx: Transaction, channels: Iterable[Channel]) -> list[str]:
    """Return the addresses of people and channels for whom a message must be queued."""
    receivers = tx.notices.find_due_addresses(tx.now)
    busy = {*tx.channel_posts.find_open_channels()}
    free = {channel.address for channel in channels if channel.name not in busy}
    return [
        one
        for one in receivers
        if (one in free if one.startswith("#") else not tx.emails.is_under_way(one, EmailKind.NEWS))
    ]


def _load_statuses(
    tx: Transaction, slugs: Iterable[str], rules: CampaignRules
) -> dict[str, StatementStatus]:
    known = tx.statements.find([*dict.fromkeys(slugs)])
    return {status.slug: status for status in load_statuses(tx, known, rules)}


def compose_email(
    tx: Transaction, email: TransactionalEmail, *, rules: CampaignRules, desk: str
) -> tuple[NoticeSection, ...]:
    """Return the sections of an email to staff. Store its notices as sent, or as over.

    ``desk`` is the URL of the desk. An email with a report has one section.
    """
    if email.kind is EmailKind.REPORT:
        return (_report_section(tx, email, rules.timezone, desk),)
    address = email.address
    account = tx.accounts.get(address) if tx.staff.role(address) else None
    notices = tx.notices.list_for_email(address, email.id)
    unmuted = [one for one in notices if account and one.kind.value not in account.muted]
    known = _load_statuses(tx, [one.slug for one in unmuted], rules)
    current, news = _Writer(tx=tx, address=address, desk=desk, known=known).write(unmuted)
    tx.notices.finish(current, tx.now, email.id)
    tx.notices.finish([one for one in notices if one not in current], tx.now, None)
    return news


def _report_section(
    tx: Transaction, email: TransactionalEmail, zone: str, desk: str
) -> NoticeSection:
    """Return a campaign's current figures, with no reader's address."""
    number, sender, title = email.source.split("\n", 2)
    campaign = ledger.find_campaign(tx, number)
    counts, results = campaign.counts, tx.events.count_results(campaign.id)
    accepted = "The provider accepted {accepted:,} of {all:,} emails."
    lines = [
        say("Sending began: {at}", at=moment(campaign.started_at or tx.now, zone)),
        say(accepted, accepted=counts.accepted, all=counts.audience),
    ]
    if results.received:
        lines.append(say("Delivered: {count:,}", count=results.delivered))
        lines.append(say("Bounced: {count:,}", count=results.bounced))
        lines.append(say("Reported as spam: {count:,}", count=results.complained))
    lines.append(say("Unsubscribed by its link: {count:,}", count=results.unsubscribed))
    counted = ledger.load_counted(tx, tx.statements.get_content(campaign.content_hash)) or {}
    if counted.get("opens") is not None:
        lines.append(say("Opens: {count:,}", count=counted["opens"]))
    if counted.get("clicks") is not None:
        lines.append(say("Clicks: {count:,}", count=counted["clicks"]))
    lines += [counted["note"]] if counted else []
    lines.append(say("{who} sent you this report.", who=sender))
    url = f"{desk}/campaigns/{campaign.id}"
    return NoticeSection(title=title, label=say("Report"), lines=tuple(lines), url=url)


def mail_report(name: str, to: str, *, by: str, language: str, store: Store) -> None:
    """Queue emails with a campaign's report to the addresses in a text. Raises Refused."""
    if not to.strip(" \t\r\n,;"):
        raise Refused(say("Write an address like name@example.org"))
    try:
        parts = map(parse_address, _ADDRESS_BREAK_PATTERN.split(to.strip(" \t\r\n,;")))
        given = {fold(address): address for address in parts}.values()
    except ValueError as error:
        raise Refused(str(error)) from error
    with ledger.act_as(store, by, Role.SENDER, "mail a report") as (tx, actor):
        campaign = ledger.find_campaign(tx, name)
        if campaign.started_at is None:
            raise Refused(say("Nothing of it was sent, so there is no report."))
        title = ledger.find_stored(tx, campaign.slug).statement.title
        report = f"{campaign.id}\n{tx.staff.names().get(actor, actor)}\n{title}"
        limit = Limit(key=f"report {actor}", max_count=60, period=timedelta(hours=1))
        under_way = partial(tx.emails.is_under_way, kind=EmailKind.REPORT, what=report)
        addresses = [*filterfalse(under_way, given)]  # not twice by a second press
        for address in addresses:
            if is_exceeded([limit], tx.now, tx.throttle.count_failures):
                raise Refused(say("You can mail 60 reports an hour. None was mailed now."))
            ledger.refuse_suppressed(tx, address)
            tx.throttle.record_failure([limit.key], tx.now)
            tx.emails.inform(address, report, tx.now, EmailKind.REPORT, language=language)
        tx.audit.enter(actor, "mail report", campaign.slug, readers=len(addresses))


def compose_post(
    tx: Transaction, post: ChannelPost, channel: Channel, *, rules: CampaignRules, desk: str
) -> tuple[NoticeSection, ...]:
    """Return the sections of a post to a channel. Store all its notices as sent."""
    notices = tx.notices.list_for_post(channel, post.id)
    known = _load_statuses(tx, [one.slug for one in notices], rules)
    _, news = _Writer(tx=tx, address="", desk=desk, known=known).write(notices)
    tx.notices.finish(notices, tx.now, post.id)
    return news


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """Writes the sections of a message to one person or channel."""

    tx: Transaction
    address: str
    """The recipient's address; "" for a channel."""
    desk: str
    known: Mapping[str, StatementStatus]
    """Slug → the status of the statement."""

    def write(self, notices: Iterable[Notice]) -> tuple[list[Notice], tuple[NoticeSection, ...]]:
        """Return the notices whose events are not over, and the sections about them."""
        by_subject: dict[tuple[str, str], list[tuple[Notice, str]]] = {}
        for notice in notices:
            line = self.line(notice)
            if line is not None:
                subject = (notice.slug, "" if notice.slug else notice.occurrence)
                by_subject.setdefault(subject, []).append((notice, line))
        current = [notice for entries in by_subject.values() for notice, _ in entries]
        return current, tuple(self.section(entries) for entries in by_subject.values())

    def line(self, notice: Notice) -> str | None:
        """Return the line about an event, or ""; None if the event is over."""
        if notice.kind in _COMMENT_KINDS:
            return self._quote(notice)
        if notice.kind is NoticeKind.IMPORTED:
            return self._import_counts(notice)
        if notice.kind is NoticeKind.TEST:
            return say("Messages from the desk arrive here. There is nothing to do.")
        if notice.kind is NoticeKind.HEALTH:
            if self.address and self.tx.staff.role(self.address) is not Role.ADMIN:
                return None
            failing = {check.occurrence: check for check in self.tx.failing_checks.all()}
            check = failing.get(notice.occurrence)
            return say("{name}: {text}", name=say(check.what), text=check.detail) if check else None
        status, last = self.known.get(notice.slug), self.tx.audit.last(notice.slug)
        if notice.kind is NoticeKind.TAKEN_BACK and not self._knows_of_start(notice, last):
            return None
        events = events_of(status, last) if status else ()
        same = [
            one for one in events if one.kind is notice.kind and one.occurrence == notice.occurrence
        ]
        if status is None or not any(self.address in {"", *one.people} for one in same):
            return None
        # what the statement's state does not say
        acts = {str(one.number): one for one in last.values() if one.action != "cancel"}
        act = acts.get(notice.occurrence) if notice.kind in _ACT_KINDS else None
        return describe_entry(act, status.names, status.rules.timezone) if act else ""

    def _knows_of_start(self, notice: Notice, last: Mapping[str, AuditEntry]) -> bool:
        """Return whether the recipient made the start that was undone, or got a notice of it."""
        if "undo" not in last or str(last["undo"].number) != notice.occurrence:
            return True  # the notice is about another act
        first_act = find_newest(last, "start", "approve")
        if self.address in {"", first_act.actor if first_act else ""}:
            return True
        return self.tx.notices.was_announced(notice, self.address)

    def _quote(self, notice: Notice) -> str | None:
        comment = self.tx.comments.get(int(notice.occurrence))
        status = self.known[notice.slug]
        if comment is None or status.state is State.MISSING:
            return None
        words = " ".join(comment.words.split())
        quote = words if len(words) <= _QUOTE_CHARS else f"{words[:_QUOTE_CHARS].rstrip()} …"
        return say("{who}: “{quote}”", who=status.name(comment.by), quote=quote)

    def _import_counts(self, notice: Notice) -> str | None:
        record = self.tx.imports.get(int(notice.occurrence))
        if record is None or record.undone_at:
            return None
        if self.address not in {"", *import_event(record, self.tx.staff.roles()).people}:
            return None
        counts = "{new:,} new, {known:,} known before, {changed:,} changed, {skipped:,} skipped."
        return say(counts, **vars(record))

    def section(self, notices: Sequence[tuple[Notice, str]]) -> NoticeSection:
        """Return the section about one statement, import or failing check."""
        notice, _ = notices[0]
        kinds = map(say, dict.fromkeys(one.kind.value for one, _ in notices))
        label = reduce(lambda first, name: say("{first}, {name}", first=first, name=name), kinds)
        lines = [line for _, line in notices if line]
        status = self.known.get(notice.slug)
        is_talk = all(one.kind in _COMMENT_KINDS for one, _ in notices)
        title: str = say("Provider and domain")
        if notice.kind in {NoticeKind.HEALTH, NoticeKind.TEST}:
            title = title if notice.kind is NoticeKind.HEALTH else say("Channels")
            url = f"{self.desk}/channels"
        elif status is None:
            record = self.tx.imports.get(int(notice.occurrence))
            title = " ".join(record.file.split()) if record else ""
            url = f"{self.desk}/readers/import"
        else:
            title = status.statement.title
            url = f"{self.desk}/statements/{notice.slug}{'#comments' if is_talk else ''}"
            if not is_talk:
                lines += [describe_state(status), describe_next(status, self.address)]
        return NoticeSection(
            title=title,
            label=label,
            lines=tuple(filter(None, lines)),
            url=url,
            events=tuple(dict.fromkeys(one.kind.name.lower() for one, _ in notices)),
            statement=notice.slug,
        )


_MAX_ATTEMPTS = 8
"""They take about forty minutes. After that an admin may send the post again."""
_SKIPPED_DOUBLINGS = 5
"""The first wait is that of a later attempt: a retry after seconds is too soon."""


@dataclass(frozen=True, kw_only=True)
class PostSender:
    """Sends one post to a channel per call.

    ``compose`` returns the sections of a post. ``call`` makes one attempt and returns the answer.
    """

    store: Store
    channels: Mapping[str, Channel]
    compose: Callable[[Transaction, ChannelPost, Channel], tuple[NoticeSection, ...]]
    call: Callable[[ChannelPost, tuple[NoticeSection, ...]], Answer]
    jitter: Callable[[], float]

    def post(self) -> tuple[ChannelPost, MessageState, str] | None:
        """Send the next due post. Return it, its new state and the reason; None if none is due."""
        with self.store.read() as tx:  # called every second: an idle call takes no write lock
            if not tx.channel_posts.find_open_channels():
                return None
        with self.store.begin() as tx:
            post = tx.channel_posts.claim(self.channels, tx.now)
            if post is None:
                return None
            news = self.compose(tx, post, self.channels[post.channel])
            if not news:
                over = say("its events are over")
                tx.channel_posts.settle(post, MessageState.WITHHELD, over, tx.now)
                return post, MessageState.WITHHELD, over
        answer = self.call(post, news)
        verdict, reason = answer.outcome.verdict, answer.outcome.reason
        state = FINAL_STATES.get(verdict, MessageState.WAITING)
        if state is MessageState.WAITING and post.attempts >= _MAX_ATTEMPTS:
            state = MessageState.REJECTED
        attempts = post.attempts + _SKIPPED_DOUBLINGS
        wait = backoff(attempts, jitter=self.jitter(), retry_after=answer.retry_after)
        with self.store.begin() as tx:
            tx.channel_posts.settle(post, state, reason, tx.now + max(wait, MIN_EMAIL_INTERVAL))
        return post, state, reason


def send_test(name: str, *, by: str, store: Store, channels: Mapping[str, Channel]) -> None:
    """Queue a test message to a channel, one a minute. Raises NotFound."""
    with ledger.act_as(store, by, Role.ADMIN, "send a test message to a channel") as (tx, _):
        if name not in channels:
            raise NotFound(say("There is no such channel."))
        channel = replace(channels[name], kinds=frozenset({NoticeKind.TEST}))
        occurrence = f"{name} {tx.now:%Y-%m-%dT%H:%M}"
        tx.notices.add(
            "", [NoticeEvent(NoticeKind.TEST, occurrence, tx.now, ())], tx.now, [channel]
        )
        if channel.address in _due_receivers(tx, [channel]):
            tx.channel_posts.add(name, tx.now)
        tx.audit.enter(by, "send test", name)


def send_again(post_id: int, *, by: str, store: Store, channels: Mapping[str, Channel]) -> None:
    """Queue a post again. Raises NotFound, and Refused if it is still queued."""
    with ledger.act_as(store, by, Role.ADMIN, "send a message to a channel again") as (tx, _):
        post = tx.channel_posts.get(post_id)
        if post is None or post.channel not in channels:
            raise NotFound(say("There is no such message, or its channel is not set any more."))
        if post.state.is_open:
            raise Refused(say("This message is sent by itself. Nothing was changed."))
        tx.channel_posts.requeue(post_id, tx.now)
        tx.audit.enter(by, "send again", post.channel, message=post_id)
