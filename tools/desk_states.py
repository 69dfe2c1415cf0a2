"""The desk's pages in states that the demo does not have, for ``tools.desk_screens``."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import requests

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.delivery.batch import Resolution, Verdict
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.pipeline.ledger import find_campaign, find_draft, find_stored
from newsletter.pipeline.staff import people
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.services import Services
from tests.fakes import RecordingProvider, accept_all, always

Page = tuple[str, str, str]
"""A name, an address below ``/desk``, and a visitor; "" is a stranger."""
_ANA, _BEN, _CLEO, _DAN = (f"{name}@forum.example" for name in ("ana", "ben", "cleo", "dan"))
_SENT, _CHANGED = "thank-you-to-four-hundred-volunteers", "library-opening-hours-have-to-stay"
_CANCELLED = "budget-hearing-what-we-will-say"
_BATCH, _BATCHES = 5, 4
_FILE = b"Correo,Nombre,Status\nzoe@readers.example,Zo\xc3\xab,active\n"


class AheadClock(SystemClock):
    """The machine's time, and what is to pass at once."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


def empty_pages() -> Iterator[Page]:
    """Yield the pages of a workspace in which nothing was done yet."""
    yield from (
        ("empty-home-admin", "", "dan"),
        ("empty-home-writer", "", "ana"),
        ("empty-home-viewer", "", "vera"),
        ("empty-statements", "/statements", "ana"),
        ("empty-calendar", "/calendar", "vera"),
        ("empty-readers", "/readers", "cleo"),
        ("empty-import", "/readers/import", "cleo"),
        ("empty-compare", "/campaigns", "vera"),
        ("empty-channels", "/channels", "dan"),
        ("empty-tokens", "/tokens", "dan"),
    )


def states(
    services: Services, clock: AheadClock, post: Callable[..., requests.Response]
) -> Iterator[Page]:
    """Yield pages. The state that a page shows is made when the page is asked for.

    ``post`` posts a form as an admin.
    """
    made = people.invite(
        "eve@forum.example", Role.SENDER, by=OPERATOR_NAME, proofs=services.staff.proofs
    )
    yield from (
        ("invitation", f"/invitation/{made.token}", ""),
        ("step-up", "/account/factor", "stale dan"),
        ("step-up-by-password", "/account/factor", "stale cleo"),
    )
    yield from _before(services)
    provider = RecordingProvider(max_recipients=_BATCH)
    first = PooledProvider(provider=provider, limiter=services.delivery.pool.first.limiter)
    vars(services.delivery)["pool"] = ProviderPool(first=first)
    with services.store.begin() as tx:
        more = [
            Entry(address=f"reader{number}@readers.example", lists=("press",))
            for number in range(_BATCH * _BATCHES)
        ]
        tx.readers.upsert(more, tx.now)
    services.delivery.guard().begin()
    _start(services, _SENT)
    services.tick.run()
    here = f"/statements/{_SENT}"
    yield from (
        ("statement-leaving", here, "cleo"),
        ("start-leaving", f"{here}/start", "cleo"),
        ("home-leaving", "", "cleo"),
    )
    clock.ahead += timedelta(minutes=6)
    services.tick.run()
    yield from _during(services, provider)
    yield from _after(services)
    clock.ahead += timedelta(minutes=6)
    services.tick.run()
    dispatcher = services.delivery.dispatcher()
    while dispatcher.dispatch() is not None:
        pass
    services.tick.run()
    yield from (
        ("statement-corrected", f"/statements/{_SENT}", "vera"),
        ("compare-some", "/campaigns", "cleo"),
        ("reader-with-mails", "/readers/10", "dan"),
    )
    yield from _import(post)
    services.delivery.guard().stop(by=_CLEO, reason="The wrong list")
    yield from (("stopped-home", "", "cleo"), ("stopped", "/stop", "cleo"))


def _find_campaign(services: Services, slug: str) -> Campaign:
    with services.store.read() as tx:
        return find_campaign(tx, slug)


def _start(services: Services, slug: str) -> None:
    with services.store.read() as tx:
        stored = tx.statements.get(slug)
    terms = services.campaigns.current_terms(slug)
    request = StartRequest(
        slug=slug, by=_CLEO, seen=stored.content_hash if stored else "", shown=terms
    )
    services.campaigns.starter().start(request)


def _approve(services: Services, slug: str) -> None:
    terms = services.campaigns.current_terms(slug)
    request = ApprovalRequest(slug=slug, by=_BEN, shown=terms, despite="It is made up.")
    services.statements.approve(request)


def _before(services: Services) -> Iterator[Page]:
    """Change a text after its approval, and cancel a campaign before it began."""
    _approve(services, _CHANGED)
    with services.store.read() as tx:
        key = find_stored(tx, _CHANGED).statement.desk
    services.statements.writer(_ANA).append(key, "The hearing is on Monday.")
    yield ("draft-newer", f"/drafts/{key}", "ana")
    with services.store.read() as tx:
        revision = find_draft(tx, key).revision
    services.statements.submit_draft(key, revision, by=_ANA, shown_depth=1)
    here = f"/statements/{_CHANGED}"
    yield from (
        ("statement-changed", here, "ana"),
        ("review-changed", f"{here}/review", "ben"),
        ("review-override", f"{here}/review", "dan"),
    )
    campaign = _find_campaign(services, _CANCELLED)
    yield ("campaign-scheduled", f"/campaigns/{campaign.id}", "cleo")
    services.campaigns.actions_of(_CLEO).cancel(str(campaign.id))
    yield ("statement-canceled", f"/statements/{_CANCELLED}", "ana")


def _during(services: Services, provider: RecordingProvider) -> Iterator[Page]:
    """Send the first emails, pause, resume, and lose the answers to the last."""
    dispatcher, actions = services.delivery.dispatcher(), services.campaigns.actions_of(_CLEO)
    campaign = _find_campaign(services, _SENT)
    here, name = f"/campaigns/{campaign.id}", str(campaign.id)
    dispatcher.dispatch()
    yield from (
        ("campaign-live", here, "cleo"),
        ("statement-sending", f"/statements/{_SENT}", "cleo"),
        ("home-sending", "", "cleo"),
        ("cancel", f"{here}/cancel", "cleo"),
    )
    actions.pause(name)
    yield from (
        ("campaign-paused", here, "cleo"),
        ("statement-paused", f"/statements/{_SENT}", "vera"),
    )
    actions.resume(name)
    for verdict in (Verdict.REJECTED, Verdict.UNKNOWN):
        provider.answer = always(verdict)
        dispatcher.dispatch()
    provider.answer = accept_all
    while dispatcher.dispatch() is not None:
        pass
    services.tick.run()
    yield from (
        ("campaign-attention", here, "cleo"),
        ("statement-attention", f"/statements/{_SENT}", "dan"),
        ("home-decide", "", "dan"),
        ("unknown", f"{here}/unknown", "dan"),
        ("unknown-sender", f"{here}/unknown", "cleo"),
        ("people", f"{here}/people", "cleo"),
        ("amend-doors", f"{here}/amend", "dan"),
    )
    services.campaigns.actions_of(_DAN).resolve(name, Resolution.ACCEPTED)


def _after(services: Services) -> Iterator[Page]:
    """Take a text off the web, and send a correction."""
    for kind, words in (
        (NoteKind.NOTE, "It is on Tuesday."),
        (NoteKind.WITHDRAWN, "It was wrong."),
    ):
        annotate(_SENT, kind, words, by=_CLEO, store=services.store)
    campaign = _find_campaign(services, _SENT)
    yield from (
        ("amend-withdrawn", f"/campaigns/{campaign.id}/amend", "cleo"),
        ("statement-withdrawn", f"/statements/{_SENT}", "cleo"),
        ("correction-new", f"/drafts/new?corrects={_SENT}", "ana"),
    )
    text = DraftText(title="Correction", body="Five hundred did.", lists=("press",), corrects=_SENT)
    draft = services.statements.writer(_ANA).new(text)
    slug = services.statements.submit_draft(draft.key, draft.revision, by=_ANA).slug
    yield ("review-correction", f"/statements/{slug}/review", "ben")
    _approve(services, slug)
    yield ("start-correction", f"/statements/{slug}/start", "cleo")
    _start(services, slug)


def _import(post: Callable[..., requests.Response]) -> Iterator[Page]:
    """Import a file step by step."""
    fields = {"new-list": "climate-desk", "agreed": "Asked at the congress in May", "pasted": ""}
    answer = post("/readers/import", fields, files={"file": ("press.csv", _FILE)})
    here = answer.url.rpartition("/desk")[2]
    yield ("import-columns", f"{here}?columns=1", "dan")
    columns = dict(zip(("column-0", "column-1", "column-2"), ("email", "name", "-"), strict=True))
    post(f"{here}/columns", columns)
    yield ("import-rehearsed", here, "dan")
    post(here, {})
    yield from (
        ("import-done", "/readers/import", "dan"),
        ("import-undo", "/readers/import/2/undo", "dan"),
    )
    many = {"act": "add:climate-desk", "tag-name": "", "agreed": "Asked by telephone"}
    yield ("readers-acts", post("/readers/acts", many).url.rpartition("/desk")[2], "dan")
