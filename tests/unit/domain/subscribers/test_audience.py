"""The reason for sending nothing that stays, of two for the same address."""

from newsletter.domain.subscribers.audience import SuppressionReason


def test_what_a_person_said_replaces_what_became_of_a_mailbox_in_whatever_order() -> None:
    bounced, unsubscribed, complained = (
        SuppressionReason.BOUNCED,
        SuppressionReason.UNSUBSCRIBED,
        SuppressionReason.COMPLAINED,
    )
    assert {reason: set(reason.replaces) for reason in SuppressionReason} == {
        bounced: set(),
        unsubscribed: {bounced},
        complained: {bounced, unsubscribed, SuppressionReason.MANUAL},
        SuppressionReason.MANUAL: set(),
        SuppressionReason.ERASED: set(),
    }


def test_a_complaint_and_an_erasure_are_taken_back_by_nobody_but_the_person() -> None:
    theirs = {reason for reason in SuppressionReason if reason.only_theirs}
    assert theirs == {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}
