"""The status of a statement in sentences: its state, the next act, and the people who may do it.

The statement's page, the board, notices and commands show these sentences and no others.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.state import (
    SHELVES,
    Act,
    Facts,
    Home,
    Shelf,
    State,
    actors_of,
    acts_of,
    may,
    state_of,
)
from newsletter.domain.staff.account import name_of
from newsletter.domain.statements.statement import Progress
from newsletter.domain.wording import clock, day, listed, moment, people, plural, without_commands


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The status of a statement in words, and the acts that are possible."""

    facts: Facts
    state: State
    where: str
    """Its state, in a sentence or two."""
    acts: tuple[Act, ...]
    """The possible acts, most important first. Roles may not allow all of them."""
    actors: tuple[str, ...]
    """The folded addresses of people who may do the first act."""
    notes: tuple[str, ...]
    """Further facts, such as an embargo, other languages, or readers' local hours."""

    @property
    def shelf(self) -> Shelf:
        """Its shelf on the board."""
        return SHELVES[self.state]

    def acts_for(self, address: str) -> tuple[Act, ...]:
        """Return the acts that this person is offered."""
        return tuple(act for act in self.acts if may(act, address, self.facts))

    def waits_for(self, address: str) -> bool:
        """Nothing goes on before somebody acts, and this person may."""
        return self.state in _WAITS and address in self.actors

    def next(self, address: str = "") -> str:
        """Return the next act and the people who may do it, for the reader ``address``."""
        can = _CAN.get(self.state, "")
        if self.state is State.FAULTY and self.facts.home is Home.DESK:
            can = "correct it"
        if not can or (self.state is State.CANCELLED and self.facts.begun):
            return ""
        if not self.actors:
            return _NOBODY.get(self.state, "")
        others = [name(actor, self.facts) for actor in self.actors if actor != address]
        who = listed(["you", *others] if address in self.actors else others, "or")
        return f"Next: {who} can {can}."


def situate(facts: Facts) -> Situation:
    """Return the status that follows from these facts."""
    state = state_of(facts)
    acts = acts_of(state, facts)
    return Situation(
        facts=facts,
        state=state,
        where=_WHERE[state](facts),
        acts=acts,
        actors=actors_of(next(iter(acts), None), facts),
        notes=tuple(_notes(state, facts)),
    )


def name(address: str, facts: Facts) -> str:
    """Return the name that colleagues use for a person."""
    return facts.names.get(address) or name_of(address)


_WAITS = frozenset(
    {
        State.RETURNED,
        State.REVIEW,
        State.CHANGED,
        State.APPROVED,
        State.PAUSED,
        State.ATTENTION,
    }
)
_CAN: Mapping[State, str] = MappingProxyType(
    {
        State.DRAFT: "finish it and hand it in",
        State.RETURNED: "change it and hand it in again",
        State.REVIEW: "approve it",
        State.CHANGED: "approve the new text",
        State.APPROVED: "choose a time and send it",
        State.SCHEDULED: "still change the time",
        State.LEAVING: "undo this",
        State.SENDING: "pause it",
        State.PAUSED: "resume or cancel it",
        State.ATTENTION: "decide",
        State.CANCELLED: "bring it back for approval",
        State.FAULTY: "copy it to the desk and go on there",
        State.MISSING: "copy it to the desk and go on there",
    }
)
_NOBODY: Mapping[State, str] = MappingProxyType(
    {
        State.REVIEW: "No member of staff can approve it. An admin can invite an approver.",
        State.CHANGED: "No member of staff can approve it. An admin can invite an approver.",
        State.APPROVED: "No member of staff can send it. An admin can invite a sender.",
        State.PAUSED: "No member of staff can resume it. An admin can invite a sender.",
        State.ATTENTION: "No member of staff can decide. Your operator can add an admin.",
    }
)


# --- the state, in words -------------------------------------------------------------------------


def _draft(facts: Facts) -> str:
    return "Only staff can see it."


def _review(facts: Facts) -> str:
    have, needed = facts.standing.counted, facts.rules.policy.required
    missing = plural(needed - len(have), "more approval" if have else "approval")
    others = [
        writer for writer in facts.writers if writer not in {approval.by for approval in have}
    ]
    barred = bool(others) and not facts.rules.policy.author_may_approve
    whose = f", from someone other than {_names(others, facts, 'or')}" if barred else ""
    if have:
        by = _names([approval.by for approval in have], facts)
        return f"Approved by {by}. Waiting for {missing}{whose}."
    return f"Waiting for {missing}{whose}."


def _returned(facts: Facts) -> str:
    if facts.returned is None:
        return _draft(facts)
    return f"{name(facts.returned.by, facts)} sent it back: “{facts.returned.reason}”"


def _changed(facts: Facts) -> str:
    who = _names(list(dict.fromkeys(approval.by for approval in facts.standing.outdated)), facts)
    lost = facts.standing.lost or "its text"
    return f"{lost[:1].upper()}{lost[1:]} changed after {who} approved it. It needs a new approval."


def _approved(facts: Facts) -> str:
    return f"Approved by {_approvers(facts)}. No sender has started it.{_set_for(facts)}"


def _set_for(facts: Facts) -> str:
    """Return the time that its text or staff set, in words."""
    if facts.set_for is None:
        return ""
    verb = "was" if facts.is_overdue else "is"
    return f" It {verb} to go out on {moment(facts.set_for, facts.rules.timezone)}."


def _held_back(facts: Facts) -> str:
    return f"Approved by {_approvers(facts)}, and held back: {facts.objection}."


def _scheduled(facts: Facts) -> str:
    whom = f" to about {people(facts.readers)}" if facts.readers is not None else ""
    if facts.release is None:
        return f"Approved by {_approvers(facts)}. It goes out as soon as it can{whom}."
    if facts.release <= facts.now:
        return f"Its time has come: it is about to go out{whom}."
    return f"Goes out on {moment(facts.release, facts.rules.timezone)}{whom}."


def _leaving(facts: Facts) -> str:
    if facts.release is None or facts.release <= facts.now:
        return _scheduled(facts)
    whom = f" to about {people(facts.readers)}" if facts.readers is not None else ""
    return f"Leaves at {clock(facts.release, facts.rules.timezone)}{whom}."


def _of_campaign(sentence: Callable[[Campaign, Facts], str]) -> Callable[[Facts], str]:
    def where(facts: Facts) -> str:
        return sentence(facts.campaign, facts) if facts.campaign else _draft(facts)

    return where


def _sending(campaign: Campaign, facts: Facts) -> str:
    counts = campaign.counts
    return f"{counts.audience - counts.pending:,} of {counts.audience:,} handed over."


def _paused(campaign: Campaign, facts: Facts) -> str:
    accepted = campaign.counts.accepted
    have = f"{people(accepted)} have it" if accepted != 1 else "1 person has it"
    return f"{_by_name(campaign.reason, facts)}. {have if accepted else 'No one has it yet'}."


def _attention(campaign: Campaign, facts: Facts) -> str:
    unknown = people(campaign.counts.unknown)
    return f"Sending is over. For {unknown} it is unknown whether the provider took the email."


def _sent(campaign: Campaign, facts: Facts) -> str:
    counts = campaign.counts
    return f"The provider accepted {counts.accepted:,} of {counts.audience:,} emails."


def _corrected(facts: Facts) -> str:
    by = facts.corrected
    if by is None:
        return _draft(facts)
    on = f" on {day(by.at, facts.rules.timezone)}" if by.at else ""
    return f"Corrected{on} by “{by.title}”."


def _withdrawn(facts: Facts) -> str:
    on = f" since {day(facts.withdrawn_at, facts.rules.timezone)}" if facts.withdrawn_at else ""
    return f"Its web page says{on} that it is withdrawn."


def _cancelled(campaign: Campaign, facts: Facts) -> str:
    accepted = campaign.counts.accepted
    if not facts.begun or not (accepted or campaign.may_have_reached_anybody):
        return f"{_by_name(campaign.reason, facts)}, before anybody got it."
    have = "1 person has it" if accepted == 1 else f"{people(accepted)} have it"
    return f"{_by_name(campaign.reason, facts)}. {have}."


def _within(facts: Facts) -> str:
    of = facts.statement.translation_of
    return f"It goes out in the email of {of}, and is approved with it."


def _faulty(facts: Facts) -> str:
    return f"It cannot be sent like this: {facts.fault or 'its text has a fault'}."


def _missing(facts: Facts) -> str:
    origin = facts.statement.origin
    gone = f"Its file {origin} is gone" if facts.home is Home.FILE else f"{origin} is gone"
    if facts.fault:
        gone = f"It cannot be read any more: {facts.fault}"
    return f"{gone}. What was read of it before stays here."


_WHERE: Mapping[State, Callable[[Facts], str]] = MappingProxyType(
    {
        State.DRAFT: _draft,
        State.REVIEW: _review,
        State.RETURNED: _returned,
        State.CHANGED: _changed,
        State.APPROVED: _approved,
        State.HELD_BACK: _held_back,
        State.SCHEDULED: _scheduled,
        State.LEAVING: _leaving,
        State.SENDING: _of_campaign(_sending),
        State.PAUSED: _of_campaign(_paused),
        State.ATTENTION: _of_campaign(_attention),
        State.SENT: _of_campaign(_sent),
        State.CORRECTED: _corrected,
        State.WITHDRAWN: _withdrawn,
        State.CANCELLED: _of_campaign(_cancelled),
        State.WITHIN: _within,
        State.FAULTY: _faulty,
        State.MISSING: _missing,
    }
)


def _approvers(facts: Facts) -> str:
    given = (facts.standing.counted, facts.standing.overrides)
    counted, overrides = ([approval.by for approval in kind] for kind in given)
    if len(counted) >= facts.rules.policy.required or not overrides:
        return _names(counted, facts)
    return f"{_names(overrides, facts)}, who replace a missing approval"


def _names(addresses: list[str], facts: Facts, word: str = "and") -> str:
    return listed([name(address, facts) for address in addresses], word)


def _by_name(reason: str, facts: Facts) -> str:
    """Return the reason for a pause or cancellation, with a name in place of an address."""
    stopped = reason or "stopped"
    action, by, who = stopped.partition(" by ")
    # a provider's reason may hold an @ as well, but in more than one word
    named = f"{action}{by}{name(who, facts)}" if "@" in who and " " not in who else stopped
    return named[:1].upper() + named[1:].rstrip(".")


# --- further facts -------------------------------------------------------------------------------

_OVER = frozenset({State.SENT, State.CORRECTED, State.WITHDRAWN, State.CANCELLED})


def _notes(state: State, facts: Facts) -> Iterator[str]:
    """Yield each further fact as a sentence."""
    if facts.embargo_until is not None and facts.embargo_until > facts.now:
        until = moment(facts.embargo_until, facts.rules.timezone)
        yield f"Embargoed: nothing is sent and no page is published before {until}."
    if facts.hours is not None and state not in _OVER:
        first, last = (moment(hour, facts.rules.timezone) for hour in facts.hours)
        yield f"Each reader gets it by their own clock: the first {first}, the last {last}."
    if facts.parts:
        yield f"It gathers {plural(facts.parts, 'statement')}, and its text cannot be edited."
    if facts.standing.withheld and facts.statement.progress is not Progress.DRAFT:
        yield f"It cannot be approved or sent: {without_commands(facts.standing.withheld)}."
    if facts.lapsed is not None and not facts.begun:
        since = " No sender has started it since." * facts.standing.approved
        who = name(facts.lapsed.by, facts)
        why = "Its text, an approval or their role changed since."
        yield f"{who} started it, and that has lapsed. {why}{since}"
    yield from facts.awaited
    if facts.ahead:
        yield "There is a newer text at the desk, which has not been handed in."
    if facts.standing.overrides and not facts.standing.approved and state not in _OVER:
        by = _names([override.by for override in facts.standing.overrides], facts)
        yield f"{by} replaces a missing approval. A second admin is needed."
