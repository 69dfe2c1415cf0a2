"""The kind of a bounce, and the proof in an event."""

import itertools
from datetime import UTC, datetime, timedelta

from newsletter.domain.events import (
    STORED_KINDS,
    Bounce,
    BreakerCounts,
    DeliveryStatus,
    Event,
    EventKind,
    classify_bounce,
    overrule,
    pause_reasons,
    status_kind,
    suppression_reason,
)
from newsletter.domain.subscribers.audience import SuppressionReason
from tests.rows import rows


@rows("said", [Bounce.HARD, Bounce.SOFT, Bounce.POLICY, Bounce.OTHER])
@rows(
    "diagnostic",
    [
        "550 5.7.1 message refused",
        "550-5.7.26 unauthenticated sender",
        "smtp; 550 5.7.515 Access denied",
        "554 5.2.0 rejected: listed at a blocklist",
        "550 sender's IP has a poor reputation",
        "421 4.7.0 our policy limits unsolicited mail",
        "550 5.0.0 failed DMARC evaluation",
    ],
)
def test_an_objection_to_us_is_never_held_against_the_reader(said: Bounce, diagnostic: str) -> None:
    assert classify_bounce(said, diagnostic) is Bounce.POLICY


@rows(
    ("said", "diagnostic", "expected"),
    [
        (Bounce.HARD, "550 5.1.1 no such user", Bounce.HARD),
        (Bounce.HARD, "", Bounce.HARD),
        (Bounce.HARD, "550 5.1.1 unknown; see our spam policy", Bounce.HARD),
        (Bounce.HARD, "552 5.2.2 mailbox full", Bounce.SOFT),
        (Bounce.SOFT, "450 4.7.1 greylisted, come back later", Bounce.SOFT),
        (Bounce.POLICY, "", Bounce.POLICY),
        (Bounce.COMPLAINT, "550 5.7.1 spam", Bounce.COMPLAINT),
        (Bounce.OTHER, "", Bounce.OTHER),
        (Bounce.OTHER, "no code in it, from host 10.5.1.1.2", Bounce.OTHER),
        (Bounce.OTHER, "no code in it, from host 5.1.1.2", Bounce.OTHER),
        (Bounce.OTHER, "the server said 5.1.1.", Bounce.HARD),
        (Bounce.OTHER, "550 5.1.10 recipient not found", Bounce.HARD),
        (Bounce.OTHER, "550 5.4.4 no such domain", Bounce.HARD),
        (Bounce.OTHER, "452 4.3.1 out of space", Bounce.SOFT),
        (Bounce.OTHER, "554 5.6.0 odd content", Bounce.OTHER),
    ],
)
def test_a_bounce_has_one_of_five_classes(said: Bounce, diagnostic: str, expected: Bounce) -> None:
    assert classify_bounce(said, diagnostic) is expected


def test_only_an_event_that_is_understood_proves_that_the_provider_had_the_message() -> None:
    proving = {kind for kind in EventKind if kind.proves_acceptance}
    assert proving == set(EventKind) - {EventKind.OTHER}


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def bounced(bounce: Bounce, minutes: int = 0, reason: str = "") -> DeliveryStatus:
    return DeliveryStatus(
        campaign_id=1,
        subscriber_id=2,
        kind=EventKind.BOUNCED,
        at=NOON + timedelta(minutes=minutes),
        bounce=bounce,
        reason=reason,
    )


def last_standing(receipts: tuple[DeliveryStatus, ...]) -> DeliveryStatus:
    kept = receipts[0]
    for receipt in receipts:
        kept = receipt if receipt.replaces(kept) else kept
    return kept


def test_the_gravest_bounce_then_the_earliest_stands_in_whatever_order_they_come() -> None:
    told = (
        bounced(Bounce.HARD, 5, "b"),
        bounced(Bounce.HARD, 5, "a"),
        bounced(Bounce.HARD, 9),
        bounced(Bounce.SOFT, 1),
        bounced(Bounce.POLICY),
        bounced(Bounce.OTHER),
    )
    kept = {last_standing(order) for order in itertools.permutations(told)}
    assert kept == {bounced(Bounce.HARD, 5, "a")}


def test_the_classes_of_bounce_have_one_order() -> None:
    rising = (Bounce.OTHER, Bounce.SOFT, Bounce.POLICY, Bounce.COMPLAINT, Bounce.HARD)
    assert set(rising) == set(Bounce)
    for lighter, graver in itertools.combinations(rising, 2):
        assert bounced(graver, 9).replaces(bounced(lighter))
        assert not bounced(lighter).replaces(bounced(graver, 9))


def test_a_copy_does_not_prevail_over_itself() -> None:
    assert not bounced(Bounce.SOFT).replaces(bounced(Bounce.SOFT))


@rows(
    ("kind", "kept"),
    [
        (EventKind.ACCEPTED, EventKind.ACCEPTED),
        (EventKind.DELIVERED, EventKind.DELIVERED),
        (EventKind.DELAYED, EventKind.ACCEPTED),
        (EventKind.BOUNCED, EventKind.BOUNCED),
        (EventKind.COMPLAINED, EventKind.COMPLAINED),
        (EventKind.UNSUBSCRIBED, EventKind.ACCEPTED),
        (EventKind.OPENED, EventKind.ACCEPTED),
        (EventKind.CLICKED, EventKind.ACCEPTED),
        (EventKind.OTHER, None),
    ],
)
def test_of_an_open_or_a_click_no_more_is_kept_than_that_the_provider_had_it(
    kind: EventKind, kept: EventKind | None
) -> None:
    assert status_kind(kind) is kept


def event(kind: EventKind, bounce: Bounce | None = None) -> Event:
    return Event(id="e", kind=kind, at=NOON, bounce=bounce)


def test_what_has_to_be_looked_into_is_kept_whole_and_nothing_else() -> None:
    assert {kind for kind in EventKind if kind in STORED_KINDS} == {
        EventKind.BOUNCED,
        EventKind.COMPLAINED,
        EventKind.UNSUBSCRIBED,
        EventKind.OTHER,
    }


@rows(
    ("bounce", "reason"),
    [
        (Bounce.HARD, SuppressionReason.BOUNCED),
        (Bounce.COMPLAINT, SuppressionReason.COMPLAINED),
        (Bounce.SOFT, None),
        (Bounce.POLICY, None),
        (Bounce.OTHER, None),
    ],
)
def test_only_a_missing_mailbox_or_a_complaint_bars_an_address_at_once(
    bounce: Bounce, reason: SuppressionReason | None
) -> None:
    assert suppression_reason(event(EventKind.BOUNCED, bounce)) is reason


def test_of_all_other_events_only_a_complaint_bars_an_address() -> None:
    others = set(EventKind) - {EventKind.BOUNCED}
    assert {kind: suppression_reason(event(kind)) for kind in others} == dict.fromkeys(others) | {
        EventKind.COMPLAINED: SuppressionReason.COMPLAINED
    }


NOTHING = BreakerCounts()


@rows(
    ("complained", "hard", "accepted", "stops"),
    [
        (1, 0, 199, False),
        (0, 199, 199, False),
        (1, 0, 200, True),
        (0, 9, 200, False),
        (0, 10, 200, True),
        (1, 0, 1_000, True),
        (1, 0, 1_001, False),
        (0, 499, 10_000, False),
        (0, 500, 10_000, True),
        (0, 0, 10_000, False),
    ],
)
def test_a_campaign_stops_from_a_thousandth_of_complaints_or_a_twentieth_of_hard_bounces(
    complained: int, hard: int, accepted: int, stops: bool
) -> None:
    damage = BreakerCounts(complained=complained, hard=hard)
    assert bool(pause_reasons(damage, accepted, NOTHING)) is stops


def test_each_objection_gives_its_figures() -> None:
    assert pause_reasons(BreakerCounts(complained=3, hard=100), 2_000, NOTHING) == (
        "3 of 2,000 accepted were reported as spam (0.15 %; from 0.1 % on it stops)",
        "100 of 2,000 accepted came back since there is no such mailbox"
        " (5.00 %; from 5 % on it stops)",
    )


def test_what_was_overruled_counts_again_when_it_has_doubled() -> None:
    seen = BreakerCounts(complained=3, hard=0)
    assert not pause_reasons(BreakerCounts(complained=5), 2_000, seen)
    assert pause_reasons(BreakerCounts(complained=6), 2_000, seen)
    assert pause_reasons(BreakerCounts(complained=5, hard=100), 2_000, seen), (
        "that was not overruled"
    )


def test_only_what_would_stop_it_is_overruled() -> None:
    before = BreakerCounts(complained=1, hard=7)
    assert overrule(BreakerCounts(complained=4, hard=3), 2_000, before) == BreakerCounts(
        complained=4, hard=7
    )
    assert overrule(BreakerCounts(complained=1, hard=300), 2_000, NOTHING) == BreakerCounts(
        hard=300
    )
    assert overrule(BreakerCounts(complained=9, hard=99), 199, NOTHING) == NOTHING
