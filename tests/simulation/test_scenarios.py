"""Ways on which readers once got a campaign twice, or after they had left; each as few steps."""

import pytest

from tests.simulation.program import BOOT, Program, Step, run, worker


def holds(traits: str, *steps: Step, kind: str = "begun") -> None:
    """Every rule holds, on the way and at the end."""
    result = run(Program(kind=kind, traits=traits, steps=(BOOT, *steps)))
    assert result.violation is None, "\n".join(result.trace)


@pytest.mark.parametrize("traits", ["keyed", "asked", "both"])
def test_what_is_unknown_at_one_account_is_not_decided_by_another(traits: str) -> None:
    looks = (worker("reconcile"), Step("wait", number=300), worker("reconcile"))
    holds(traits, worker("dispatch-1", "lose"), Step("account"), BOOT, *looks, *looks)


def test_nobody_resends_what_a_replay_may_be_handing_over() -> None:
    """The first call was lost on its way; the second is on its way when a person decides."""
    holds(
        "keyed",
        worker("dispatch-1", "drop"),
        worker("reconcile", points=3),
        Step("hand", "resend", 1),
        worker("reconcile"),
    )


def test_nothing_leaves_by_a_claim_that_went_stale_before_the_call() -> None:
    """The disk hangs while the claim is noted; meanwhile it is all ended."""
    holds(
        "keyed",
        worker("dispatch-1", points=3),
        Step("reader", "leave_all", 2),
        Step("hand", "cancel", 1),
        Step("wait", number=100),
        worker("dispatch-1"),
    )


@pytest.mark.parametrize("points", range(1, 8))
def test_a_claim_that_the_power_undoes_has_handed_nothing_over(points: int) -> None:
    """A claim alone need not be on the disk; what is about to leave is."""
    holds("mute", worker("dispatch-1", "take", points), Step("power"), BOOT, worker("dispatch-1"))


def test_of_two_copies_of_a_disk_one_alone_goes_on() -> None:
    holds("keyed", worker("dispatch-1"), Step("crash"), Step("clone", "disk"), BOOT)


def test_of_two_copies_of_a_workspace_that_never_ran_one_alone_sends() -> None:
    result = run(Program(kind="plain", traits="keyed", steps=(Step("clone", "files"), BOOT)))
    assert result.violation is None, "\n".join(result.trace)


def test_an_event_of_another_workspace_changes_no_reader_of_ours() -> None:
    holds("keyed", worker("dispatch-1"), Step("event", "foreign", 2))


def test_what_may_have_arrived_does_not_count_as_cancelled_when_it_could_be_repeated() -> None:
    holds("safe", worker("dispatch-1", "lose"), Step("hand", "cancel", 1), worker("reconcile"))


def test_what_may_have_arrived_does_not_count_as_cancelled_when_it_was_repeated_in_vain() -> None:
    holds(
        "safe",
        worker("dispatch-1", "lose"),
        worker("reconcile", "busy"),
        Step("hand", "cancel", 1),
    )


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
    """The provider has it since the first try."""
    holds(traits, worker("dispatch-1", "lose"), worker("reconcile", "split"))
