"""The audience split: the readers of an original and of its translations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.domain.campaigns.campaign import BEFORE_START, Campaign, CampaignState, has_begun
from newsletter.domain.campaigns.state import State
from newsletter.domain.campaigns.translations import choose_version, why_no_campaign
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import find_approved_content, find_stored
from newsletter.pipeline.status import check_translation
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class TranslationGroup:
    """An original and its unsent translations, among which the readers are divided."""

    languages: Mapping[str, str]
    """Slug → language; the original comes first."""
    lists: tuple[str, ...]
    segment: Segment | None = None

    @property
    def original(self) -> str:
        return next(iter(self.languages))

    def member_for(self, language: str) -> str:
        """Return the slug of the version for readers of this language."""
        return choose_version(language, self.languages)

    def audience(self, tx: Transaction, slug: str) -> Audience:
        languages = tx.audiences.find_languages(self.lists, self.original)
        return Audience(
            slug=slug,
            original=self.original,
            lists=self.lists,
            segment=self.segment,
            languages=frozenset(read for read in languages if self.member_for(read) == slug),
        )


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """Readers who did not get the original, and whose translation has not been sent."""

    slug: str
    language: str
    readers: int
    state: CampaignState

    def __str__(self) -> str:
        return say(
            "1 reader waits for {slug} ({language}), which is {state}",
            "{count:,} readers wait for {slug} ({language}), which is {state}",
            count=self.readers,
            slug=self.slug,
            language=self.language,
            state=say(State[self.state.name].value),
        )


def translations_of(tx: Transaction, slug: str) -> tuple[Statement, ...]:
    """Return the present translations of a statement, by language."""
    return present_translations(tx.statements.find_translations(slug))


def present_translations(translations: Iterable[StoredStatement]) -> tuple[Statement, ...]:
    """Return the translations that are present, in their order in the email."""
    present = (translation.statement for translation in translations if translation.present)
    return tuple(sorted(present, key=lambda one: one.language))


def group_of(
    tx: Transaction,
    statement: Statement,
    *,
    shares_email: bool,
    to_be_planned: Sequence[Statement] = (),
) -> TranslationGroup | None:
    """Return the group of a translation, or of a statement with translations; else None.

    The group has only members that have not begun: the readers of others are in their campaigns.
    ``to_be_planned`` are translations that get a campaign next. Raises Refused, with the reason, if
    the statement cannot be sent.
    """
    if shares_email and statement.translation_of:
        raise Refused(why_no_campaign(statement))
    original = check_translation(tx, statement) if statement.translation_of else statement
    campaigns = tx.campaigns.list_translations(original.slug)
    if original is statement and not campaigns and not to_be_planned:
        return None
    to_come = [
        one
        for one in campaigns
        if not (shares_email or has_begun(one)) and one.state in BEFORE_START
    ]
    languages = {original.slug: original.language, **_approved_languages(tx, to_come)}
    languages |= {one.slug: one.language for one in (*to_be_planned, statement)}
    return TranslationGroup(languages=languages, lists=statement.lists, segment=statement.segment)


def find_awaited(tx: Transaction, campaign: Campaign) -> tuple[Awaited, ...]:
    """Return the readers whom a campaign left to translations that are not sent."""
    if campaign.translates or not has_begun(campaign):
        return ()
    late = [
        translation
        for translation in tx.campaigns.list_translations(campaign.slug)
        if not has_begun(translation) or translation.state is CampaignState.CANCELLED
    ]
    if not late:
        return ()
    languages = _approved_languages(tx, [campaign, *late])
    approved = find_approved_content(tx, campaign) or find_stored(tx, campaign.slug).statement
    segment = approved.segment
    group = TranslationGroup(languages=languages, lists=campaign.lists, segment=segment)
    results = []
    for one in late:
        # without the slug, readers whom the translation has reached are not counted
        readers = tx.audiences.count(replace(group.audience(tx, one.slug), slug=""))
        language = languages[one.slug]
        results.append(Awaited(slug=one.slug, language=language, readers=readers, state=one.state))
    return tuple(result for result in results if result.readers)


def _approved_languages(tx: Transaction, campaigns: Sequence[Campaign]) -> dict[str, str]:
    """Return slug → language of the approved content, or of the text if that was altered."""
    return {
        one.slug: (find_approved_content(tx, one) or find_stored(tx, one.slug).statement).language
        for one in campaigns
    }
