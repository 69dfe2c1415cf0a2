"""statement → content: rendered once, stored under its digest, never rendered again for sending."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.family import objection
from newsletter.domain.statement import Statement
from newsletter.pipeline.family import within
from newsletter.ports import Clock, Renderer, Store, StoredStatement, Transaction

Families = Mapping[str, tuple[Statement, ...]]
"""Slug of an original → its translations that are there, by language."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What one run rendered, and what it could not."""

    slugs: tuple[str, ...]
    faults: tuple[Fault, ...]


def render(*, store: Store, renderer: Renderer, clock: Clock, together: bool = False) -> Rendered:
    """Render what is new, was rendered by other templates or settings, or could not be rendered.

    With ``together`` the content of an original holds its translations, and is rendered again when
    one of them changes. A translation that cannot be what it says it is, is a fault either way.
    Raises InvalidInput where the renderer itself cannot render.
    """
    with store.read() as tx:
        known = tx.statements.all()
    families = _families(known)
    faults = list(_family_faults(known, families, together))
    rendered: list[str] = []
    for stored in known:
        members = families.get(stored.statement.slug, ()) if together else ()
        done = replace(stored, fingerprint=_fingerprint(renderer, members), digest="")
        if stored.present and (stored.fingerprint != done.fingerprint or not stored.digest):
            renderer.prepare()  # a broken template is no fault of this statement
            faults += _render_one(done, members, store=store, renderer=renderer, clock=clock)
            rendered.append(stored.statement.slug)
    return Rendered(slugs=tuple(rendered), faults=tuple(dict.fromkeys(faults)))


def _families(known: Sequence[StoredStatement]) -> Families:
    found: dict[str, list[StoredStatement]] = defaultdict(list)
    for stored in known:
        if stored.present and stored.statement.translation_of:
            found[stored.statement.translation_of].append(stored)
    return {of: within(members) for of, members in found.items()}


def _family_faults(
    known: Sequence[StoredStatement], families: Families, together: bool
) -> Iterator[Fault]:
    originals = {stored.statement.slug: stored.statement for stored in known}
    for of, members in families.items():
        for one in members:
            message = _objection(one, originals.get(of), members, together)
            if message:
                yield Fault(file=one.origin, message=message)


def _objection(
    one: Statement, original: Statement | None, members: Sequence[Statement], together: bool
) -> str:
    others = [other for other in members if other is not one]
    return objection(one, original, others, together=together)


def _fingerprint(renderer: Renderer, members: Sequence[Statement]) -> str:
    """What the content of a statement was made by and, beside itself, from."""
    if not members:
        return renderer.fingerprint
    return hashlib.sha256(f"{renderer.fingerprint} {members!r}".encode()).hexdigest()


def _render_one(
    done: StoredStatement,
    members: Sequence[Statement],
    *,
    store: Store,
    renderer: Renderer,
    clock: Clock,
) -> tuple[Fault, ...]:
    try:
        _refuse_strangers(done.statement, members)
        content = renderer.render(done.statement, members)
    except InvalidInput as error:
        with store.begin() as tx:
            _put(tx, done, clock)
        return error.faults
    with store.begin() as tx:
        digest = tx.statements.keep_content(content, clock.now())
        _put(tx, replace(done, digest=digest), clock)
    return ()


def _put(tx: Transaction, done: StoredStatement, clock: Clock) -> None:
    """Write down what was made of a text, unless another look has read a newer one meanwhile."""
    known = tx.statements.get(done.statement.slug)
    if known is not None and known.statement == done.statement:
        tx.statements.put(replace(done, present=known.present), clock.now())


def _refuse_strangers(original: Statement, members: Sequence[Statement]) -> None:
    """No mail leaves with only some of its languages. Raises InvalidInput."""
    faulty = [one for one in members if _objection(one, original, members, True)]
    if faulty:
        names = ", ".join(one.slug for one in faulty)
        message = f"goes out together with {names}, which has a fault; mend that first"
        raise InvalidInput([Fault(file=original.origin, message=message)])
