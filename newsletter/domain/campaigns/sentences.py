"""The status of a statement in sentences.

Pages, the board, notices and commands show these sentences and no others.
"""

from collections.abc import Callable, Iterator, Mapping

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.state import STATE_ROWS, State, TextOrigin
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.staff.account import name_of
from newsletter.domain.statements.statement import Progress
from newsletter.domain.wording import (
    Sentence,
    capitalized,
    clock,
    day,
    enclosed,
    listed,
    moment,
    people,
    say,
    without_commands,
)


def _review(status: StatementStatus) -> str:
    have, needed = status.approval.counted, status.rules.policy.required
    shortage = needed - len(have)
    others = [
        writer
        for writer in status.stored.writers
        if writer not in {approval.by for approval in have}
    ]
    barred = bool(others) and not status.rules.policy.author_may_approve
    needs: Sentence = say("1 approval", "{count} approvals", count=shortage)
    if have:
        needs = say("1 more approval", "{count} more approvals", count=shortage)
    if barred:
        whose = _names(others, status, "or")
        needs = say("{missing}, from someone other than {whose}", missing=needs, whose=whose)
    if have:
        by = _names([approval.by for approval in have], status)
        return say("Approved by {by}. Waiting for {missing}.", by=by, missing=needs)
    return say("Waiting for {missing}.", missing=needs)


def _returned(status: StatementStatus) -> str:
    back = status.change_request
    pattern = "{who} sent it back: “{reason}”"
    return say(pattern, who=status.name(back.by), reason=back.reason) if back else ""


def _changed(status: StatementStatus) -> str:
    who = _names(list(dict.fromkeys(approval.by for approval in status.approval.outdated)), status)
    lost = status.approval.lost or say("its text")
    rule = "After {who} approved it, {lost} changed. It needs a new approval."
    return say(rule, who=who, lost=lost)


def _approved(status: StatementStatus) -> str:
    if status.refusal:
        return _held_back(status)
    by = _approvers(status)
    if status.is_unread:
        return say("Approved by {by}. No reader of its lists needs this translation.", by=by)
    if status.set_for is None:
        return say("Approved by {by}. No sender has started it.", by=by)
    at = moment(status.set_for, status.rules.timezone)
    if status.is_overdue:
        late = "Approved by {by}. No sender has started it. It was to go out on {at}."
        return say(late, by=by, at=at)
    return say("Approved by {by}. No sender has started it. It is to go out on {at}.", by=by, at=at)


def _held_back(status: StatementStatus) -> str:
    pattern = "Approved by {by}, and held back: {why}."
    return say(pattern, by=_approvers(status), why=status.refusal)


def _scheduled(status: StatementStatus) -> str:
    if status.release is None:
        leaves = say("Approved by {by}. It goes out as soon as it can", by=_approvers(status))
    elif status.release <= status.now:
        leaves = say("Its time has come: it is about to go out")
    elif status.state is State.LEAVING:
        leaves = say("Leaves at {at}", at=clock(status.release, status.rules.timezone))
    else:
        leaves = say("Goes out on {at}", at=moment(status.release, status.rules.timezone))
    if status.statement.welcome:
        return say("{leaves} to those who join from then on.", leaves=leaves)
    if status.readers is None:
        return say("{leaves}.", leaves=leaves)
    return say("{leaves} to about {people}.", leaves=leaves, people=people(status.readers))


def _sending(campaign: Campaign, status: StatementStatus) -> str:
    count, rejected = campaign.counts.accepted, campaign.counts.rejected
    sentence = say("{done:,} of {all:,} accepted.", done=count, all=campaign.counts.audience)
    more = "{said} The provider rejected {count:,}."
    return say(more, said=sentence, count=rejected) if rejected else sentence


def _paused(campaign: Campaign, status: StatementStatus) -> str:
    have = campaign.accepted_in_words if campaign.counts.accepted else say("No one has it yet")
    return say("{why}. {went_to}.", why=stop_reason(campaign.reason, status.names), went_to=have)


def _corrected(status: StatementStatus) -> str:
    by = status.corrected_by
    if by is None or by.at is None:
        return say("Corrected by “{title}”.", title=by.title) if by else ""
    on = day(by.at, status.rules.timezone)
    return say("Corrected on {day} by “{title}”.", day=on, title=by.title)


def _cancelled(campaign: Campaign, status: StatementStatus) -> str:
    why = stop_reason(campaign.reason, status.names)
    if not status.has_begun or not campaign.may_have_reached_anybody:
        return say("{why}, before anybody got it.", why=why)
    return say("{why}. {went_to}.", why=why, went_to=campaign.accepted_in_words)


def _missing(status: StatementStatus) -> str:
    origin = status.statement.origin
    if status.fault:
        sentence = enclosed("It cannot be read any more: {text}", text=status.fault)
    elif status.text_origin is TextOrigin.FILE:
        sentence = say("Its file {origin} is gone", origin=origin)
    else:
        sentence = say("{origin} is gone", origin=origin)
    return say("{gone}. What was read of it before stays here.", gone=sentence)


def _within(status: StatementStatus) -> str:
    if status.is_left_out is None:
        return say("It goes out in the email of its original, and is approved with it.")
    left_out = "The email of its original went out without it. No one gets it."
    return say(left_out) if status.is_left_out else say("It went out in the email of its original.")


_SENTENCE_OF_STATE: Mapping[State, Callable[[StatementStatus], str]] = {
    State.DRAFT: lambda _: say("Only staff can see it."),
    State.REVIEW: _review,
    State.RETURNED: _returned,
    State.CHANGED: _changed,
    State.APPROVED: _approved,
    State.HELD_BACK: _held_back,
    State.SCHEDULED: _scheduled,
    State.LEAVING: _scheduled,
    State.CORRECTED: _corrected,
    State.WITHIN: _within,
    State.FAULTY: lambda status: enclosed(
        "It cannot be sent like this: {text}.", text=status.fault or say("its text has a fault")
    ),
    State.MISSING: _missing,
}
_SENTENCE_OF_CAMPAIGN_STATE: Mapping[State, Callable[[Campaign, StatementStatus], str]] = {
    State.SENDING: _sending,
    State.IN_USE: lambda campaign, _: say(
        "Each person who joins its lists gets it once. {went_to}.",
        went_to=campaign.accepted_in_words,
    ),
    State.PAUSED: _paused,
    State.ATTENTION: lambda campaign, _: say(
        "Sending is over. {went_to}.", went_to=campaign.accepted_in_words
    ),
    State.SENT: lambda campaign, _: say(
        "The provider accepted {accepted:,} of {all:,} emails.",
        accepted=campaign.counts.accepted,
        all=campaign.counts.audience,
    ),
    State.CANCELLED: _cancelled,
}


def _approvers(status: StatementStatus) -> str:
    groups = (status.approval.counted, status.approval.overrides)
    counted, overrides = ([approval.by for approval in kind] for kind in groups)
    if len(counted) >= status.rules.policy.required or not overrides:
        return _names(counted, status)
    return say("{names}, who replace a missing approval", names=_names(overrides, status))


def _names(addresses: list[str], status: StatementStatus, conjunction: str = "and") -> str:
    return listed([status.name(address) for address in addresses], conjunction)


def stop_reason(reason: str, names: Mapping[str, str]) -> str:
    """Return the reason for a pause or cancellation, with a name in place of an address."""
    if isinstance(reason, Sentence):
        reason = reason.map(
            lambda name, one: names.get(one) or name_of(one) if name == "who" else one,
            without_commands,
        )
    return capitalized(reason) or say("Stopped")


_ENDED_STATES = frozenset({State.SENT, State.CORRECTED, State.CANCELLED})


def _further_sentences(status: StatementStatus) -> Iterator[str]:
    if status.embargo_until is not None and status.embargo_until > status.now:
        until = moment(status.embargo_until, status.rules.timezone)
        rule = "Embargoed: nothing is sent and no page is published before {until}."
        yield say(rule, until=until)
    if status.first_and_last_at is not None and status.state not in _ENDED_STATES:
        first, last = (moment(hour, status.rules.timezone) for hour in status.first_and_last_at)
        clocks = "Each reader gets it by their own clock: the first {first}, the last {last}."
        yield say(clocks, first=first, last=last)
    if status.has_changed_since:
        yield say("Its text has changed since it went out, and no one gets the change.")
    if status.part_count:
        yield say(
            "It gathers 1 statement, and its text cannot be edited.",
            "It gathers {count:,} statements, and its text cannot be edited.",
            count=status.part_count,
        )
    if status.approval.withheld and status.statement.progress is not Progress.DRAFT:
        why = without_commands(status.approval.withheld)
        yield say("It cannot be approved or sent: {why}.", why=why)
    is_over = status.state in _ENDED_STATES
    if status.lapsed_start is not None and not (status.has_begun or is_over):
        yield say(
            "{who} started it, and that has lapsed. Its text, an approval or their role changed"
            " since.",
            who=status.name(status.lapsed_start.by),
        )
        if status.approval.approved:
            yield say("No sender has started it since.")
    yield from status.awaited
    if status.has_newer_draft:
        yield say("There is a newer text at the desk, which has not been submitted.")
    if status.approval.overrides and not status.approval.approved and not is_over:
        by = _names([override.by for override in status.approval.overrides], status)
        yield say("{who} replaces a missing approval. A second admin is needed.", who=by)


def describe_state(status: StatementStatus) -> str:
    state, campaign = status.state, status.campaign
    if state not in _SENTENCE_OF_CAMPAIGN_STATE or campaign is None:
        sentence = _SENTENCE_OF_STATE[state](status)
    else:
        sentence = _SENTENCE_OF_CAMPAIGN_STATE[state](campaign, status)
    unknown = campaign.counts.unknown if campaign else 0
    if not unknown or not (status.is_undecided or state is State.IN_USE):
        return sentence
    pattern = "{said} For {unknown} it is unknown whether the provider took the email."
    return say(pattern, said=sentence, unknown=people(unknown))


def describe_further(status: StatementStatus) -> tuple[str, ...]:
    """Return further facts, such as an embargo, each as a sentence."""
    return tuple(_further_sentences(status))


def describe_next(status: StatementStatus, address: str = "") -> str:
    """Return the next act and the people who may do it. The person at ``address`` is "you"."""
    step = describe_next_step(status, address)
    return say("Next: {step}", step=step) if step and status.actors else step


def describe_next_step(status: StatementStatus, address: str) -> str:
    """Return what ``describe_next`` returns, without "Next:"."""
    row = status.row
    act = row.next_act
    if status.state is State.FAULTY and status.text_origin is TextOrigin.DESK:
        act = "correct it"
    elif status.state is State.FAULTY and status.text_origin is TextOrigin.DIGEST:
        return say(
            "A digest email is made again if a statement in it is corrected or taken off the web."
            " If neither helps, a writer can drop this issue."
        )
    if not act or (row is STATE_ROWS[State.CANCELLED] and status.has_begun):
        return ""
    if not status.actors:
        return say(row.without_actors)
    others = [status.name(actor) for actor in status.actors if actor != address]
    who = listed([say("you"), *others] if address in status.actors else others, "or")
    return say("{who} can {act}.", who=who, act=say(act))
