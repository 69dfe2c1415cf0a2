"""A person is erased: what names them is gone, and a keyed hash blocks their address."""

from newsletter.ports import Clock, Store


def forget(address: str, *, by: str, store: Store, clock: Clock) -> bool:
    """Erase whoever has the address; tells whether anybody had. ``by`` stands in the audit log.

    Whoever sends waits for none of it: where the address is quoted is looked for without a lock.
    """
    now = clock.now()
    with store.read() as tx:
        traces = tx.traces.of(address)
    with store.begin() as tx:
        known = tx.readers.forget(address, now)
        tx.traces.erase(traces)
        tx.audit.enter(at=now, actor=by, action="forget", subject="subscriber", detail="")
    # From now on nothing that names them is kept; what was told meanwhile goes too.
    with store.read() as tx:
        traces = tx.traces.of(address)
    if traces:
        with store.begin() as tx:
            tx.traces.erase(traces)
    return known


def clean(*, store: Store) -> bool:
    """Overwrite what was erased; False where the database is too busy now: try again later."""
    with store.read() as tx:
        if not tx.traces.left():
            return True
    return store.scrub()
