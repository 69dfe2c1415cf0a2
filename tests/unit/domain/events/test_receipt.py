"""What is kept of an event, and what it means for its reader."""

import itertools
from datetime import UTC, datetime, timedelta

from newsletter.domain.events.event import (
    Bounce,
    DeliveryStatus,
    Event,
    EventKind,
    Figures,
    is_kept_whole,
    is_worn_out,
    receipt_kind,
    suppression,
)
from newsletter.domain.subscribers.audience import SuppressionReason
from tests.rows import rows

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
        kept = receipt if receipt.prevails(kept) else kept
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
        assert bounced(graver, 9).prevails(bounced(lighter))
        assert not bounced(lighter).prevails(bounced(graver, 9))


def test_a_copy_does_not_prevail_over_itself() -> None:
    assert not bounced(Bounce.SOFT).prevails(bounced(Bounce.SOFT))


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
    assert receipt_kind(kind) is kept


def event(kind: EventKind, bounce: Bounce | None = None) -> Event:
    return Event(id="e", kind=kind, at=NOON, bounce=bounce)


def test_what_has_to_be_looked_into_is_kept_whole_and_nothing_else() -> None:
    assert {kind for kind in EventKind if is_kept_whole(event(kind))} == {
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
    assert suppression(event(EventKind.BOUNCED, bounce)) is reason


def test_of_all_other_events_only_a_complaint_bars_an_address() -> None:
    others = set(EventKind) - {EventKind.BOUNCED}
    assert {kind: suppression(event(kind)) for kind in others} == dict.fromkeys(others) | {
        EventKind.COMPLAINED: SuppressionReason.COMPLAINED
    }


def days_ago(*days: float) -> list[datetime]:
    return [NOON - timedelta(days=number) for number in days]


@rows(
    ("soft", "delivered", "worn_out"),
    [
        ((20, 15, 10, 6, 6), None, True),
        ((20, 15, 10, 6.01), None, False),
        ((19, 15, 10, 6, 5.01), None, False),
        ((29, 20, 18, 16, 15), None, True),
        ((30, 20, 18, 16, 15), None, False),
        ((29, 28, 10, 5, 1), 30, True),
        ((29, 28, 10, 5, 1), 29, False),
        ((29, 28, 10, 5, 1), 0, False),
        ((), None, False),
    ],
)
def test_a_mailbox_is_worn_out_after_five_campaigns_in_two_weeks_that_are_not_forgotten(
    soft: tuple[float, ...], delivered: float | None, worn_out: bool
) -> None:
    latest = None if delivered is None else days_ago(delivered)[0]
    for order in (soft, soft[::-1]):
        assert is_worn_out(days_ago(*order), latest, NOON) is worn_out


def test_the_bounced_are_those_of_all_classes() -> None:
    assert Figures().bounced == 0
    assert Figures(bounces={Bounce.HARD: 2, Bounce.POLICY: 3}).bounced == 5
