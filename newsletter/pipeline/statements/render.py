"""statement → content: render once, and store under the content hash. Sending never renders."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from newsletter.domain.campaigns.translations import translation_fault
from newsletter.domain.errors import Fault, InvalidInput, Postponed, TookTooLong
from newsletter.domain.statements.statement import StageResult, Statement, StoredStatement
from newsletter.domain.wording import say
from newsletter.pipeline.statements.translations import present_translations
from newsletter.rendering.lazy import LazyRenderer
from newsletter.store.sql import Store, Transaction

_SLOW_AFTER, _MAX_SLOW_TIME = timedelta(seconds=2), timedelta(seconds=10)
"""A text is slow from this time on. A run renders slow texts for so long at most."""

TranslationGroups = Mapping[str, tuple[Statement, ...]]
"""Slug of an original → its present translations, by language."""


@dataclass(kw_only=True)
class RenderState:
    """The results of the last rendering run. The next run renders only what has changed since."""

    change_number: int | None = None
    """The change number of the last run; None before the first run."""
    faults: dict[str, tuple[Fault, ...]] = field(default_factory=dict)
    """Slug of a statement that cannot be rendered → its faults."""
    group_faults: dict[str, tuple[Fault, ...]] = field(default_factory=dict)
    """Slug of an original → the faults of its translations."""
    originals: dict[str, str] = field(default_factory=dict)
    """Slug of a translation → slug of its original."""
    postponed: set[str] = field(default_factory=set)
    """The slugs that the next run renders, even if they do not change."""
    slow_time: timedelta = timedelta(0)
    """The time that slow texts took in this run."""
    is_late: bool = False
    """The time for slow texts is used up: this run postpones all further texts."""

    def store_groups(
        self, known: Sequence[StoredStatement], groups: TranslationGroups, shares_email: bool
    ) -> None:
        """Store the originals of these translations, and the faults of the groups."""
        texts = {stored.slug: stored.statement for stored in known}
        self.originals |= {slug: one.translation_of for slug, one in texts.items()}
        for slug, members in groups.items():
            find = partial(translation_fault, original=texts.get(slug), members=members)
            self.group_faults[slug] = tuple(
                Fault(file=one.origin, message=message)
                for one in members
                if (message := find(one, shares_email=shares_email))
            )

    def note_result(self, slug: str, error: InvalidInput | None) -> None:
        """Store the error of a rendering, if any, and whether the time is used up."""
        if error is not None:
            self.faults[slug] = error.faults
        if isinstance(error, Postponed):
            self.postponed.add(slug)
        is_too_slow = isinstance(error, TookTooLong) or self.slow_time >= _MAX_SLOW_TIME
        self.is_late = self.is_late or is_too_slow


def render(
    *,
    store: Store,
    renderer: LazyRenderer,
    shares_email: bool = False,
    state: RenderState | None = None,
) -> StageResult:
    """Render statements that are new, changed, failed before, or were rendered by other templates.

    With ``shares_email`` an original's content contains its translations, and is rendered again if
    one of them changes. Raises InvalidInput for a broken template. Updates ``state``,
    what the last run left.
    """
    state = state or RenderState()
    with store.read() as tx:
        change_number, slugs = tx.statements.changed_since(state.change_number)
        if state.change_number is None:
            known = tx.statements.all()
            groups = _group_translations(known)
        else:
            groups = _load_groups(tx, state, slugs)
            known = tx.statements.find({*slugs, *groups, *state.postponed})
    state.store_groups(known, groups, shares_email)
    state.is_late, state.slow_time = False, timedelta(0)
    rendered: list[str] = []
    failed = {one.slug for one in known if one.fingerprint == renderer.fingerprint}
    failed -= {one.slug for one in known if one.content_hash}
    # short texts first, and last those that could not be rendered before
    for stored in sorted(known, key=lambda one: (one.slug in failed, len(one.statement.body))):
        slug = stored.statement.slug
        members = groups.get(slug, ()) if shares_email else ()
        fingerprint = renderer.fingerprint
        if members:
            fingerprint = hashlib.sha256(f"{fingerprint} {members!r}".encode()).hexdigest()
        # without a content hash until it is rendered: no approval counts
        result = replace(stored, fingerprint=fingerprint, content_hash="", writers=())
        state.faults.pop(slug, None)
        state.postponed.discard(slug)
        if stored.present and (stored.fingerprint != result.fingerprint or not stored.content_hash):
            renderer.prepare()  # raises here for a broken template, which is no fault of the text
            if state.is_late:
                with store.begin() as tx:  # it has no content until the next run
                    _store_content(tx, replace(stored, content_hash="", writers=()))
                why = say(
                    "is no email yet: another text takes too long to be made one; it is tried again"
                )
                error: InvalidInput | None = Postponed.at(stored.statement.origin, why)
            else:
                began = store.clock.uptime()
                error = _render_one(result, members, store=store, renderer=renderer)
                duration = store.clock.uptime() - began
                state.slow_time += duration if duration >= _SLOW_AFTER else timedelta()
                rendered.append(slug)
            state.note_result(slug, error)
    state.change_number = change_number
    by_slug = (state.group_faults, state.faults)
    faults = dict.fromkeys(
        fault for faults_of in by_slug for slug in sorted(faults_of) for fault in faults_of[slug]
    )
    return StageResult(slugs=tuple(sorted(rendered)), faults=tuple(faults))


def _group_translations(known: Sequence[StoredStatement]) -> TranslationGroups:
    groups: dict[str, list[StoredStatement]] = defaultdict(list)
    for stored in known:
        if stored.present and stored.statement.translation_of:
            groups[stored.statement.translation_of].append(stored)
    return {original: present_translations(members) for original, members in groups.items()}


def _load_groups(tx: Transaction, state: RenderState, slugs: Sequence[str]) -> TranslationGroups:
    """Return the groups that changed statements belong to now, or belonged to before."""
    statements = tx.statements.find(slugs)
    originals = {stored.statement.translation_of for stored in statements}
    originals |= {state.originals.get(slug, "") for slug in slugs}
    return {
        slug: present_translations(tx.statements.find_translations(slug))
        for slug in sorted({*slugs, *originals} - {""})
    }


def _render_one(
    result: StoredStatement, members: Sequence[Statement], *, store: Store, renderer: LazyRenderer
) -> InvalidInput | None:
    try:
        # an email has all its languages, or is not sent
        faulty = [
            member
            for member in members
            if translation_fault(member, result.statement, members, shares_email=True)
        ]
        if faulty:
            names = ", ".join(member.slug for member in faulty)
            together = "goes out together with {names}, which has a fault; correct that first"
            raise InvalidInput.at(result.statement.origin, say(together, names=names))
        content = renderer.render(result.statement, members)
    except InvalidInput as error:
        with store.begin() as tx:
            _store_content(tx, result)
        return error
    with store.begin() as tx:
        content_hash = tx.statements.store_content(content, tx.now)
        _store_content(tx, replace(result, content_hash=content_hash, writers=content.writers))
    return None


def _store_content(tx: Transaction, result: StoredStatement) -> None:
    """Store a rendered statement, unless its text has changed since."""
    known = tx.statements.get(result.statement.slug)
    if known is not None and known.statement == result.statement:
        tx.statements.put(replace(result, present=known.present), tx.now)
