"""The log of a run: one structured line per event."""

import logging
from collections.abc import Iterable

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.transactional import EmailKind, MessageState
from newsletter.pipeline.delivery.dispatch import DispatchResult
from newsletter.pipeline.delivery.reconcile import ReconcileResult, RecoveryResult
from newsletter.pipeline.delivery.transactional import EmailResult
from newsletter.pipeline.statements.visit import VisitResult
from newsletter.runtime.tick import TickResult

log = logging.getLogger("newsletter.run")


def log_tick(result: TickResult, before: TickResult) -> None:
    """Log the results of a tick, without faults and holds of the tick before."""
    for fault in result.faults if result.faults != before.faults else ():
        log.error("%s", fault)
    for issue, summary in result.built_digests:
        log.info("digest email %s of %s: %s", issue.name, issue.day.isoformat(), summary)
    for one in result.approved:
        if one.warnings:
            why = one.despite or "no reason is given"
            log.warning("approved %s despite %s: %s", one.slug, ", ".join(one.warnings), why)
    for campaign in result.scheduled:
        log.info("scheduled %s for %s", campaign.slug, f"{campaign.release_at:%F %H:%M %Z}")
    for statement in (
        *result.withdrawn,
        *(kept_back for kept_back in result.held if kept_back not in before.held),
    ):
        log.warning("not sent: %s: %s", statement.slug, statement.reason)
    log_stopped(result.stopped)
    if result.resumed:
        log.info("%d readers' pauses are over", result.resumed)
    for campaign in result.started:
        log.info("started %s as campaign %d", campaign.slug, campaign.id)


def log_reconciled(result: ReconcileResult) -> None:
    log.info(
        "unknown attempt=%s campaign=%d statement=%s batch=%d step=%s known=%d queued=%d"
        " unknown=%d%s",
        result.batch.attempt_id,
        result.batch.campaign.id,
        result.batch.campaign.slug,
        result.batch.id,
        result.step.name.lower(),
        result.known,
        result.queued,
        result.unknown,
        f" reason={result.reason!r}" if result.reason else "",
    )


def log_attempt(result: DispatchResult) -> None:
    """Log one attempt to send a batch, at DEBUG if all was accepted."""
    outcome = result.answer.outcome
    fine = outcome.verdict is Verdict.ACCEPTED and not result.answer.exceptions and result.recorded
    log.log(
        logging.DEBUG if fine else logging.WARNING,
        "attempt=%s campaign=%d statement=%s batch=%d provider=%s messages=%d verdict=%s"
        " exceptions=%d recorded=%s%s",
        result.attempt_id,
        result.batch.campaign.id,
        result.batch.campaign.slug,
        result.batch.id,
        result.batch.provider,
        len(result.batch.members),
        outcome.verdict.value,
        len(result.answer.exceptions),
        result.recorded,
        f" reason={outcome.reason!r}" if outcome.reason else "",
    )


def log_email(result: EmailResult) -> None:
    """Log one attempt to send an email, without the address, at DEBUG if there is nothing to do."""
    is_over = result.claimed.email.kind is EmailKind.NEWS and result.state is MessageState.WITHHELD
    fine = result.recorded and (is_over or result.state is MessageState.ACCEPTED)
    log.log(
        logging.DEBUG if fine else logging.INFO,
        "email=%d kind=%s attempt=%s provider=%s state=%s recorded=%s%s",
        result.claimed.email.id,
        result.claimed.email.kind.value,
        result.claimed.attempt_id,
        result.provider or "none",
        result.state.value,
        result.recorded,
        f" reason={result.reason!r}" if result.reason else "",
    )


class EndLog:
    """Logs the end of each campaign, and again when its unknown deliveries are settled."""

    def __init__(self) -> None:
        self._logged_states: dict[int, CampaignState] = {}

    def log_ended(self, campaigns: Iterable[Campaign]) -> None:
        for campaign in campaigns:
            state = campaign.state
            if state.is_ended and self._logged_states.get(campaign.id) is not state:
                self._log_end(campaign)
            self._logged_states[campaign.id] = state

    def is_over(self, campaign_id: int) -> bool:
        """Return whether the final state of the campaign has been logged."""
        state = self._logged_states.get(campaign_id)
        return state is not None and state.is_final

    def _log_end(self, campaign: Campaign) -> None:
        counts, attention = campaign.counts, campaign.state is CampaignState.ATTENTION
        log.log(
            logging.WARNING if attention else logging.INFO,
            "finished campaign=%d statement=%s state=%s audience=%d accepted=%d rejected=%d"
            " suppressed=%d cancelled=%d unknown=%d",
            campaign.id,
            campaign.slug,
            campaign.state.value,
            counts.audience,
            counts.accepted,
            counts.rejected,
            counts.suppressed,
            counts.cancelled,
            counts.unknown,
        )


def log_recovered(result: RecoveryResult) -> None:
    if result.unknown:
        log.warning("after a crash: %d batches unknown", result.unknown)
    if result.emails:
        log.warning("after a crash: %d emails unknown", result.emails)
    if result.strays:
        log.warning(
            "%d readers are unknown at another account of the provider: the configured one cannot"
            " say whether they got their emails, only an event or a person can",
            result.strays,
        )


def log_stopped(campaigns: Iterable[Campaign]) -> None:
    for campaign in campaigns:
        log.warning("stopped %s, campaign %d: %s", campaign.slug, campaign.id, campaign.reason)


def log_visited(result: VisitResult) -> None:
    """Log the new items of a feed, and whether it became readable or unreadable."""
    if result.failure and result.has_turned:
        log.error("feed=%s cannot be read: %s", result.feed, result.failure)
    elif result.has_turned:
        log.info("feed=%s can be read again", result.feed)
    if result.first:
        log.info("feed=%s first visit: %d items passed over", result.feed, result.passed)
    for slug in result.new_slugs:
        log.info("feed=%s new statement %s", result.feed, slug)
    for slug in result.changed:
        log.info("feed=%s changed statement %s", result.feed, slug)
    for why in (*result.unusable, *([result.remark] if result.remark else [])):
        log.warning("feed=%s please check: %s", result.feed, why)
