"""statement → content: rendered once, stored under its digest, never rendered again for sending."""

from dataclasses import dataclass, replace

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.ports import Clock, Renderer, Store, StoredStatement


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What one run rendered, and what it could not."""

    slugs: tuple[str, ...]
    faults: tuple[Fault, ...]


def render(*, store: Store, renderer: Renderer, clock: Clock) -> Rendered:
    """Render what is new, was rendered by other templates or settings, or could not be rendered."""
    with store.read() as tx:
        stale = [
            stored
            for stored in tx.statements.all()
            if stored.present and (stored.fingerprint != renderer.fingerprint or not stored.digest)
        ]
    rendered: list[str] = []
    faults: list[Fault] = []
    for stored in stale:
        faults += _render_one(stored, store=store, renderer=renderer, clock=clock)
        rendered.append(stored.statement.slug)
    return Rendered(slugs=tuple(rendered), faults=tuple(faults))


def _render_one(
    stored: StoredStatement, *, store: Store, renderer: Renderer, clock: Clock
) -> tuple[Fault, ...]:
    done = replace(stored, fingerprint=renderer.fingerprint, digest="")
    try:
        content = renderer.render(stored.statement)
    except InvalidInput as error:
        with store.begin() as tx:
            tx.statements.put(done, clock.now())
        return error.faults
    with store.begin() as tx:
        digest = tx.statements.keep_content(content, clock.now())
        tx.statements.put(replace(done, digest=digest), clock.now())
    return ()
