"""One statement and its translations. Each of its readers gets one language, once."""

from collections.abc import Mapping, Sequence

from newsletter.domain.statements.statement import Statement


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
    others: Sequence[Statement],
    *,
    shares_email: bool = False,
) -> str:
    """Return why a statement cannot be a translation of its original, and the remedy; or "".

    ``others`` are the other translations of the original. ``shares_email``: they are sent in its
    email.
    """
    of = translation.translation_of
    if original is None:
        return f"it translates {of}, and there is no statement of that name; write the slug of one"
    if translation.corrects:
        return (
            "it has both translation_of and corrects; take translation_of out: a correction goes to"
            " those who got what it corrects, so that each language has one of its own"
        )
    if original.translation_of:
        return (
            f"it translates {of}, which is a translation itself;"
            f" write translation_of: {original.translation_of}"
        )
    if original.corrects and not shares_email:
        return (
            f"it translates {of}, which is a correction; take translation_of out, and let it"
            f" correct the translation of {original.corrects} in its language"
        )
    if shares_email and translation.embargo_until not in {None, original.embargo_until}:
        return (
            f"it has an embargo of its own, and goes out in the mail of {of};"
            " write embargo_until there too, or take it out here"
        )
    return _field_fault(translation, original, others)


def _field_fault(translation: Statement, original: Statement, others: Sequence[Statement]) -> str:
    language = translation.language
    if language.lower() == original.language.lower():
        return (
            f"it is in {language}, as is {original.slug}, which it translates;"
            " write its own language, as in language: es"
        )
    twins = [other for other in others if other.language.lower() == language.lower()]
    if twins:
        return (
            f"{twins[0].slug} is in {language} and translates {original.slug} too;"
            " write another language in one of them, or take its translation_of out"
        )
    if set(translation.lists) != set(original.lists):
        return (
            f"it names other lists than {original.slug}, which it translates;"
            f" write lists: [{', '.join(original.lists)}]"
        )
    if translation.segment != original.segment:
        return _segment_fault(original)
    return ""


def _segment_fault(original: Statement) -> str:
    if original.segment is None:
        return (
            f"it goes to a segment, and {original.slug}, which it translates, to everybody on its"
            " lists; take segment out, or write the same there"
        )
    return (
        f"{original.slug}, which it translates, goes to a segment;"
        f" write segment: {original.segment.name} here too"
    )
