"""What readers choose for themselves takes effect."""

from newsletter.ports import Clock, Store


def resume(*, store: Store, clock: Clock) -> int:
    """End the pauses that are over; returns how many. Looks first, so that most looks only read."""
    now = clock.now()
    with store.read() as tx:
        if not tx.choices.any_over(now):
            return 0
    with store.begin() as tx:
        return tx.choices.resume(now)
