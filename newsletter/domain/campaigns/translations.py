"""One statement and its translations. Each of its readers gets one language, once."""

from collections.abc import Mapping, Sequence

from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import say


def choose_version(language: str, versions: Mapping[str, str]) -> str:
    """Return the slug of the version that a reader of this language gets.

    ``versions`` maps slug to language, the original first. The order of preference: the same
    language (``es-MX``), the plain one (``es``), another variant (``es-AR``), the original. The
    original also wins a tie.
    """
    original, *others = versions
    members = [original, *sorted(others, key=lambda slug: (versions[slug].lower(), slug))]
    slugs = [slug for slug in members if _distance(language, versions[slug]) < _MAX_DISTANCE]
    return min(slugs, key=lambda slug: _distance(language, versions[slug]), default=original)


_MAX_DISTANCE = 3
"""The distance of two different languages. Variants of one language are closer."""


def _distance(language: str, offered: str) -> int:
    language, offered = language.lower(), offered.lower()
    plain = language.partition("-")[0]
    if language == offered:
        return 0
    if plain == offered:
        return 1
    return 2 if plain == offered.partition("-")[0] else _MAX_DISTANCE


def translation_fault(
    translation: Statement,
    original: Statement | None,
    members: Sequence[Statement],
    *,
    shares_email: bool = False,
) -> str:
    """Return why a statement cannot be a translation of its original, and the remedy; or "".

    ``members`` are the translations of the original. ``shares_email``: they are sent in its email.
    """
    of = translation.translation_of
    if original is None:
        none = "it translates {of}, and there is no statement of that name; write the slug of one"
        return say(none, of=of)
    if translation.corrects:
        return say(
            "it has both translation_of and corrects; take translation_of out: a correction goes to"
            " those who got what it corrects, so that each language has one of its own"
        )
    if original.translation_of:
        chained = "it translates {of}, which is a translation itself; write translation_of: {slug}"
        return say(chained, of=of, slug=original.translation_of)
    if original.corrects and not shares_email:
        correction = (
            "it translates {of}, which is a correction; take translation_of out, and let it"
            " correct the translation of {corrected} in its language"
        )
        return say(correction, of=of, corrected=original.corrects)
    if shares_email and translation.embargo_until not in {None, original.embargo_until}:
        own_embargo = (
            "it has an embargo of its own, and goes out in the mail of {of}; write embargo_until"
            " there too, or take it out here"
        )
        return say(own_embargo, of=of)
    return _field_fault(translation, original, members)


def _field_fault(translation: Statement, original: Statement, members: Sequence[Statement]) -> str:
    language, slug = translation.language, original.slug
    if language.lower() == original.language.lower():
        alike = (
            "it is in {language}, as is {slug}, which it translates; write its own language, as in"
            " language: es"
        )
        return say(alike, language=language, slug=slug)
    same = [one for one in members if one.language.lower() == language.lower()]
    twins = [one for one in same if one.slug != translation.slug]
    if twins:
        double = (
            "{twin} is in {language} and translates {slug} too; write another language in one of"
            " them, or take its translation_of out"
        )
        return say(double, twin=twins[0].slug, language=language, slug=slug)
    if set(translation.lists) != set(original.lists):
        others_lists = (
            "it names other lists than {slug}, which it translates; write lists: [{lists}]"
        )
        return say(others_lists, slug=slug, lists=", ".join(original.lists))
    if translation.segment == original.segment:
        return ""
    if original.segment is None:
        narrower = (
            "it goes to a segment, and {slug}, which it translates, to everybody on its lists; take"
            " segment out, or write the same there"
        )
        return say(narrower, slug=slug)
    wider = "{slug}, which it translates, goes to a segment; write segment: {segment} here too"
    return say(wider, slug=slug, segment=original.segment.name)


def why_no_campaign(statement: Statement) -> str:
    """Return why a translation in the email of its original has no campaign."""
    within = (
        "it goes out in the mail of {slug}, for the configuration says translations: together;"
        " approve that one"
    )
    return say(within, slug=statement.translation_of)
