"""Scenarios that once broke a rule, each with few steps."""

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.documented import DOCUMENTED
from tests.simulation.expected import Rule
from tests.simulation.program import BOOT, LOOK, Program, Step, run, worker


def holds(traits: str, *steps: Step, kind: str = "begun") -> None:
    """Assert that the steps, or those of a whole program in words, break no rule."""
    given = Program(kind=kind, traits=traits, steps=(BOOT, *steps))
    result = run(Program.read(traits) if ":" in traits else given)
    assert result.violation is None, "\n".join(result.trace)


@pytest.mark.parametrize("traits", ["keyed", "asked", "both"])
def test_what_is_unknown_at_one_account_is_not_decided_by_another(traits: str) -> None:
    looks = (worker("reconcile"), Step("wait", number=300), worker("reconcile"))
    holds(traits, worker("dispatch-1", "lose"), Step("account"), BOOT, *looks, *looks)


def test_nobody_resends_what_a_replay_may_be_handing_over() -> None:
    """The first call was lost. A person decides during the second."""
    holds(
        "begun, keyed: go dispatch-1 99 drop; go reconcile 3 take; hand resend 1; "
        "go reconcile 99 take"
    )


def test_nothing_leaves_by_a_claim_that_went_stale_before_the_call() -> None:
    """The disk hangs during the note, and the campaign is cancelled."""
    holds(
        "begun, keyed: go dispatch-1 3 take; reader leave_all 2; hand cancel 1; wait 100; "
        "go dispatch-1 99 take"
    )


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_a_documented_provider_is_judged_by_what_its_readers_have(kind: str) -> None:
    looks = (worker("reconcile"), Step("wait", number=4_000)) * 3
    calls = (worker("dispatch-1", how) for how in ("hints", "lose", "torn", "split", "busy"))
    moved = Step("reader", "move", 2)
    holds(kind, Step("reader", "join"), worker("post"), *calls, moved, *looks)
    late = BUGS["a time-out is tried again"]
    given = Program(kind="begun", traits=kind, steps=(BOOT, worker("dispatch-1", "lose")))
    twice = run(given, late).violation
    assert twice.rule is Rule.TWICE


@pytest.mark.parametrize("points", range(1, 8))
def test_a_claim_that_the_power_undoes_has_handed_nothing_over(points: int) -> None:
    """A claim need not be on the disk; the note before a call must be."""
    holds("mute", worker("dispatch-1", "take", points), Step("power"), BOOT, worker("dispatch-1"))


def test_of_two_copies_of_a_disk_one_alone_goes_on() -> None:
    holds("begun, keyed: go dispatch-1 99 take; crash; clone disk; boot")


def test_of_two_copies_of_a_workspace_that_never_ran_one_alone_sends() -> None:
    holds("plain, keyed: clone files; boot")


def test_a_batch_that_was_left_by_all_does_not_bind_the_attempt_that_skipped_it() -> None:
    holds(
        "correction, postal/sendgrid: go look 99 take; boot 99; go dispatch-1 99 take; "
        "go dispatch-1 99 take; reader leave 3; go dispatch-2 4 stale; boot; hand resend -1; "
        "go dispatch-2 5 stale"
    )


def test_an_event_of_another_workspace_changes_no_reader_of_ours() -> None:
    holds("begun, keyed: go dispatch-1 99 take; event foreign 2")


def test_what_may_have_arrived_does_not_count_as_cancelled_when_it_could_be_repeated() -> None:
    holds("begun, safe: go dispatch-1 99 lose; hand cancel 1; go reconcile 99 take")


def test_what_may_have_arrived_does_not_count_as_cancelled_when_it_was_repeated_in_vain() -> None:
    holds("begun, safe: go dispatch-1 99 lose; go reconcile 99 busy; hand cancel 1")


@pytest.mark.parametrize("traits", ["safe", "keyed", "both"])
def test_what_may_have_arrived_does_not_count_as_suppressed_when_its_reader_leaves(
    traits: str,
) -> None:
    holds(
        traits,
        worker("dispatch-1", "lose"),
        worker("reconcile", "busy"),
        Step("reader", "leave", 2),
    )


@pytest.mark.parametrize("traits", ["safe", "keyed", "both"])
def test_a_proxy_that_finds_a_replay_too_large_sends_nothing_again(traits: str) -> None:
    """The provider accepted the first call."""
    holds(traits, worker("dispatch-1", "lose"), worker("reconcile", "split"))


@pytest.mark.parametrize("next_answer", ["busy", "configuration", "lose", "take"])
def test_an_answer_that_is_not_final_is_not_the_answer(next_answer: str) -> None:
    """The answer follows a 103. The next call must not read it."""
    calls = (worker("dispatch-1", "hints"), worker("dispatch-1", next_answer))
    holds("mute", *calls, worker("dispatch-1"))


@pytest.mark.parametrize("deed", ["move", "erase"])
@pytest.mark.parametrize("how", ["lose", "torn"])
def test_the_records_are_asked_for_the_addresses_of_the_attempt(how: str, deed: str) -> None:
    look = (Step("wait", number=300), worker("reconcile"))
    holds("asked", worker("dispatch-1", how), Step("reader", deed, 1), *look, *look, *look)


@pytest.mark.parametrize("seconds", [-432_000, 432_000])
def test_a_clock_that_is_wrong_by_days_proves_no_absence(seconds: int) -> None:
    """The look-up covers days without messages."""
    look = (Step("wait", number=300), worker("reconcile"))
    holds("asked", Step("jump", number=seconds), worker("dispatch-1", "lose"), *look, *look, *look)


def test_a_clock_that_is_put_forward_completes_no_records() -> None:
    """The records come late by the provider's clock, and ours says that they are complete."""
    holds("begun, asked: go dispatch-1 99 torn; jump 7200; go reconcile 99 take; jump 7200")


@pytest.mark.parametrize("event", ["bounced", "complained", "bare bounced", "bare complained"])
def test_a_bounce_of_an_address_that_was_left_ends_it_and_a_complaint_its_reader(
    event: str,
) -> None:
    """After a bounce, the correction still goes to the reader."""
    steps = (worker("dispatch-1"), Step("reader", "move", 1), Step("event", event))
    holds("mute", *steps, kind="correction")


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_two_posts_of_a_provider_are_two_events(kind: str) -> None:
    posts = (Step("event", "bare bounced", 0), Step("event", "bare bounced", 1))
    holds(kind, worker("dispatch-1"), *posts, kind="correction")


@pytest.mark.parametrize("deed", ["draft", "embargo", "until"])
def test_a_part_that_is_not_ready_holds_the_email_back(deed: str) -> None:
    """A draft, or an embargo that has not ended."""
    for steps in (
        (Step(deed, "writer", 1), LOOK, Step("approve", "ed"), LOOK),
        (LOOK, Step("approve", "ed"), Step(deed, "writer", 1), LOOK),
    ):
        holds("mute", *steps, kind="together")
        holds("mute", *(step._replace(number=0) for step in steps), kind="office")


def test_the_end_of_an_original_is_not_taken_for_that_of_its_translation() -> None:
    """The words of the translation may mean a later end."""
    steps = (LOOK, Step("until", "writer"), Step("embargo", "writer", 1), LOOK)
    holds("mute", *steps, Step("approve", "ed"), Step("wait", number=9_000), LOOK, kind="together")


def test_a_text_that_changed_after_its_approval_needs_another() -> None:
    steps = (Step("read", "ed"), Step("edit", "writer"), LOOK, Step("approve", "ed"), LOOK)
    holds("mute", LOOK, *steps, kind="office")
    holds("mute", LOOK, Step("approve", "ed"), Step("edit", "writer"), LOOK, kind="office")


def test_an_approval_that_was_taken_back_starts_nothing() -> None:
    holds("mute", LOOK, Step("approve", "ed"), Step("revoke", "ed"), LOOK, kind="office")
    approved = (Step("approve", "flo"), Step("approve", "writer"), Step("start", "sam"))
    holds("mute", LOOK, *approved, Step("revoke", "flo"), LOOK, kind="strict")
    holds("mute", LOOK, *approved, Step("undo", "sam"), LOOK, kind="strict")
    # two of three stay, and the start with them if both were there before it
    third, back, later = Step("approve", "ada"), Step("revoke", "writer"), Step("wait", number=9)
    holds("mute", LOOK, third, *approved, back, LOOK, kind="strict")
    holds("mute", LOOK, *approved, later, third, back, LOOK, kind="strict")


def test_who_approves_again_is_held_to_the_later_time() -> None:
    steps = (*(Step("approve", who) for who in ("ada", "writer")), Step("hurry", "sam"))
    holds("mute", LOOK, *steps, Step("approve", "ada"), Step("start", "sam"), kind="strict")


def test_a_clock_put_forward_does_not_make_one_replica_that_lags_a_proof() -> None:
    holds(
        "begun, asked: go dispatch-1 99 silent; jump 7200; go reconcile 99 take; wait 700; "
        "go reconcile 99 stale"
    )


def test_two_batches_ask_one_replica_that_lags() -> None:
    """Two batches of one moment to the same readers ask the same question."""
    late = (Step("wait", number=300), worker("reconcile", "stale"))
    lost = (worker("dispatch-1", "lose"), LOOK, worker("dispatch-1", "torn"))
    holds("both", *lost, *late, *late, Step("wait", number=700), late[1], kind="correction")


def test_a_call_and_its_replay_are_told_the_same_of_a_reader() -> None:
    """The replay of a second process comes first."""
    holds("begun, safe: go dispatch-1 3 take; boot; go reconcile 99 partly")


def test_a_person_answers_for_an_approval_of_what_had_gone_before_a_restore() -> None:
    holds("digest, asked: go dispatch-1 99 take; restore in place; release; approve ada; boot")


def test_a_careful_person_revokes_the_approval_of_what_is_cancelled_already() -> None:
    sent = (LOOK, Step("approve", "ada"), LOOK, Step("back_up"), worker("dispatch-2"))
    put_back = (Step("restore", "in place", 1), Step("hand", "cancel"), Step("approve", "flo"))
    holds("safe", *sent, *put_back, kind="office")


@pytest.mark.parametrize("end", [Step("hand", "cancel"), Step("reader", "erase", 1)])
def test_a_person_who_resolved_wrongly_answers_for_the_figures(end: Step) -> None:
    """An event proves later that the provider had accepted the message."""
    resent = (worker("dispatch-1", "silent"), Step("hand", "resend"), end)
    holds("asked", *resent, worker("dispatch-1", "split"), Step("event", "delivered"))


def test_staff_lift_nothing_that_an_erasure_keeps() -> None:
    ended = (Step("reader", "leave_all", 1), Step("reader", "erase", 1), Step("reader", "lift", 1))
    holds("asked", worker("dispatch-2"), *ended, kind="correction")


def test_no_retry_waits_for_the_time_of_a_clock_that_was_five_days_ahead() -> None:
    holds(
        "correction, both/mute: go dispatch-1 3 take; hand pause 8; go dispatch-1 99 take; "
        "hand resume 6; jump -432000; wait 100000; go dispatch-1 99 unreadable; reader move 6"
    )


def test_a_call_that_another_replayed_gives_nothing_back_of_the_day() -> None:
    """It wakes after its lease and does not call. Its share of the quota has left all the same."""
    holds(
        "paced, safe: go dispatch-2 4 take; wait 700; boot; go reconcile 99 take; older 99; "
        "wait 2; go dispatch-1 99 take; wait 2; go dispatch-1 99 take; wait 2; "
        "go dispatch-1 99 take; wait 2; go dispatch-1 99 take; wait 2; go dispatch-1 99 take; "
        "wait 2; go dispatch-1 99 take"
    )


def test_a_process_that_stood_still_before_its_claim_counts_on_the_day_of_the_claim() -> None:
    """It read the time, and claimed a day later. The day's count began again."""
    stood_still = (worker("dispatch-1", "take", points=2), Step("wait", number=100_000))
    rest = (worker("dispatch-1", "hints"),)
    holds("mailgun/sendgrid", *stood_still, Step("boot", number=3), *rest, kind="paced")


def test_what_is_called_again_on_another_day_was_counted_at_its_first_call() -> None:
    """The first call was cut off on its way, a day long."""
    holds("paced, safe: go dispatch-1 5 take; wait 100000")


def test_an_event_after_a_restore_proves_what_the_restored_books_never_tried() -> None:
    """An admin sends the rest again, not to the reader of whom the provider has told since."""
    put_back = (Step("restore", "in place"), Step("release"), Step("hand", "reopen"))
    holds("asked", worker("dispatch-1"), *put_back, Step("event", "delivered"))


def test_a_start_counts_after_its_approval_though_the_clock_was_put_back_in_between() -> None:
    holds("throng, safe: jump -432000; start ada")


def test_a_second_press_writes_no_second_note() -> None:
    holds("digest, asked: chore note; chore note")


def test_a_copy_of_a_bounce_does_not_end_whom_it_ended_before_they_came_back() -> None:
    holds(
        "correction, mute: boot; import 1; go dispatch-1 99 take; event storm 5; "
        "reader come_back 6; event storm -2"
    )


def test_a_test_mail_that_the_provider_refuses_for_the_clock_counts_as_an_attempt() -> None:
    holds("office, ses: jump -432000; test ed")
