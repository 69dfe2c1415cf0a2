"""The conditions under which a subscriber gets mail, and the rules of segments.

Counting and claiming use the same conditions. They refer to the ``subscriber`` in their query.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from unicodedata import normalize

from newsletter.domain.subscribers.address import fold_ascii
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.search import Origin, SubscriberSearch, SubscriberState
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.database import Condition, Database, as_stored

SUPPRESSED = Condition(
    "EXISTS (SELECT 1 FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
)
IS_SUPPRESSED = "subscriber.address_hash IN (SELECT address_hash FROM suppression)"
"""As ``SUPPRESSED``, for queries that begin with the suppressed subscribers, which are few."""
PAUSED = Condition("subscriber.paused_until IS NOT NULL")
"""A condition: the subscriber has paused all email. Each tick deletes pauses that are over."""
_WANTS_MAIL = ~PAUSED & ~SUPPRESSED
_NOT_ERASED = Condition("subscriber.id IS NOT NULL")


ListKeys = Sequence[str] | Sequence[int]
"""The names of lists, or their ids."""


def on_lists(lists: ListKeys) -> Condition:
    """A condition: the subscription is to one of these lists, by names or by ids."""
    if lists and isinstance(lists[0], int):
        # SQLite uses the key of subscriptions only if the query names each list
        values = {f"list_{index}": number for index, number in enumerate(lists)}
        return Condition(
            f"subscription.list_id IN ({', '.join(f':{name}' for name in values)})", values
        )
    if len(lists) == 1:
        return Condition(
            "subscription.list_id = (SELECT id FROM list WHERE name = :list_name)",
            {"list_name": lists[0]},
        )
    return Condition(
        "subscription.list_id IN ("
        "SELECT id FROM list WHERE name IN (SELECT value FROM json_each(:lists)))",
        {"lists": list(lists)},
    )


def count_confirmed(on: object) -> str:
    """Return SQL that counts confirmed subscriptions: all, minus the ended and requested ones.

    The bound makes SQLite use the indexes of these, which have it as their second column.
    """
    count = f"(SELECT COUNT(*) FROM subscription WHERE {on}"
    few = f"{count} AND changed_at > 0 AND state"
    return f"({count}) - {few} = 'ended') - {few} = 'requested'))"


def count_left_out(on: object, who: str, people: str = "COUNT(*)") -> str:
    """Return the SQL that counts confirmed subscriptions of ``who``, the query of a few ids.

    ``|| ''`` keeps SQLite from an index by which it would visit all subscriptions.
    """
    where = f"{on} AND state || '' = 'confirmed' AND subscriber_id IN ({who})"
    return f"(SELECT {people} FROM subscription WHERE {where})"


def _confirmed(lists: ListKeys) -> Condition:
    return Condition("subscription.state = 'confirmed'") & on_lists(lists)


def subscribed(lists: ListKeys) -> Condition:
    """A condition: the subscriber has a confirmed subscription to one of these lists."""
    is_confirmed = _confirmed(lists)
    return Condition(
        "EXISTS (SELECT 1 FROM subscription WHERE subscription.subscriber_id = subscriber.id"
        f" AND {is_confirmed})",
        is_confirmed.values,
    )


def eligible(lists: ListKeys | None) -> Condition:
    """A condition: the subscriber gets email to these lists. Suppression outranks everything.

    With None, as for a correction, each subscriber who is neither erased nor suppressed gets it.
    """
    if lists is None:
        return _NOT_ERASED & ~SUPPRESSED
    return subscribed(lists) & _WANTS_MAIL


@dataclass(frozen=True, kw_only=True)
class People:
    """Subscribers as parts of a query: tables, the column of the id, and a condition."""

    tables: str
    id: str
    who: Condition


def people_on(
    lists: ListKeys, segment: Segment | None = None, *, id_range: tuple[int, int] | None = None
) -> People:
    """Return the people who are ``eligible`` for these lists, in the segment, with ids ``between``.

    For a single list its subscriptions are scanned, which costs less than looking each up.
    """
    if len(lists) == 1:
        tables = "subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id"
        who, number = _confirmed(lists) & _WANTS_MAIL, "subscription.subscriber_id"
    else:
        tables, who, number = "subscriber", eligible(lists), "subscriber.id"
    if segment is not None:
        who &= in_segment(segment)
    if id_range is not None:
        # for each table: else PostgreSQL reads all of the second one
        for column in dict.fromkeys((number, "subscriber.id")):
            values = dict(zip(("first_member", "last_member"), id_range, strict=True))
            who &= Condition(f"{column} BETWEEN :first_member AND :last_member", values)
    return People(tables=tables, id=number, who=who)


def ids_of(db: Database, lists: Sequence[str]) -> ListKeys:
    """Return the ids of these lists, for ``on_lists``, or the name if it is one."""
    if len(lists) == 1:
        return lists
    return db.column(
        "SELECT id FROM list WHERE name IN (SELECT value FROM json_each(:lists))", lists=list(lists)
    )


def exclusion(lists: Sequence[str] | None) -> Condition:
    """An expression: the reason why a left-joined subscriber gets no email."""
    reason = (
        "(SELECT reason FROM suppression WHERE suppression.address_hash = subscriber.address_hash)"
    )
    # "paused" only if the subscriber would get it after the pause
    is_paused = PAUSED & (Condition("1 = 0") if lists is None else subscribed(lists))
    return Condition(
        f"CASE WHEN subscriber.id IS NULL THEN 'erased' WHEN {reason} IS NOT NULL THEN {reason}"
        f" WHEN {is_paused} THEN 'paused' ELSE 'unsubscribed' END",
        is_paused.values,
    )


def in_audience(audience: Audience) -> Condition:
    who = eligible(audience.lists)
    if audience.segment is not None:
        who &= in_segment(audience.segment)
    return who if audience.languages is None else who & reads_language(audience)


def reads_language(audience: Audience) -> Condition:
    """A condition: the subscriber's language is one of the audience's, spelt the same."""
    language = language_for(audience.original)
    return Condition(
        f"{language} IN (SELECT value FROM json_each(:languages))",
        {**language.values, "languages": sorted(audience.languages or ())},
    )


def language_for(original: str) -> Condition:
    """An expression: the language in which the subscriber gets a statement with translations.

    A change after the first of them began to be sent has no effect.
    """
    of = "(slug = :original OR translates = :original)"
    began = f"SELECT MIN(started_at) FROM campaign WHERE state <> 'cancelled' AND {of}"
    return Condition(
        "COALESCE((SELECT former.language FROM former_language AS former"
        f" WHERE former.subscriber_id = subscriber.id AND former.started_at >= ({began})"
        " ORDER BY former.started_at LIMIT 1), subscriber.language)",
        {"original": original},
    )


def in_segment(segment: Segment) -> Condition:
    """A condition: the subscriber is in the segment, eligible or not."""
    return reduce(and_, _conditions(segment))


def _conditions(segment: Segment) -> Iterator[Condition]:
    """Yield the conditions of a segment, the cheap ones first, in the order of evaluation."""
    if segment.language:
        # en picks en-GB too
        yield Condition(
            "EXISTS (SELECT 1 FROM json_each(:segment_languages) AS wanted"
            " WHERE lower(subscriber.language) = wanted.value"
            " OR substr(lower(subscriber.language), 1, length(wanted.value) + 1)"
            " = wanted.value || '-')",
            {"segment_languages": [language.lower() for language in segment.language]},
        )
    for column, values in (("place", segment.place), ("outlet", segment.outlet)):
        if values:
            yield Condition(
                f"lower(subscriber.{column}) IN (SELECT value FROM json_each(:segment_{column}))",
                {f"segment_{column}": [form for one in values for form in spellings(one)]},
            )
    if segment.beat:  # a subscriber may name several beats
        yield Condition(
            "EXISTS (SELECT 1 FROM json_each(:segment_beat) AS wanted"
            " WHERE instr(lower(subscriber.beat), wanted.value) > 0)",
            {"segment_beat": [form for one in segment.beat for form in spellings(one)]},
        )
    yield _joined_within(segment)
    for index, tag in enumerate(segment.tags):
        yield _has_tag([tag], f"tag_{index}")
    if segment.any_tag:
        yield _has_tag(segment.any_tag, "any_tag")
    if segment.without_tags:
        yield ~_has_tag(segment.without_tags, "without_tags")


def spellings(text: str) -> list[str]:
    """Return what ``lower`` of the databases makes of a text in small letters, capitals or both."""
    text = normalize("NFC", text)
    return sorted({*map(fold_ascii, (text, text.lower(), text.upper(), text.title()))})


def contains_any(text: str, parts: Sequence[str], name: str) -> Condition:
    """A condition: the SQL expression ``text`` contains a part. ``name`` begins the parameters."""
    named = {f"{name}_{index}": part for index, part in enumerate(parts)}
    return reduce(
        or_, (Condition(f"instr({text}, :{key}) > 0", {key: part}) for key, part in named.items())
    )


def _joined_within(segment: Segment) -> Condition:
    """A condition: the subscriber joined the segment's list within its dates."""
    return Condition(
        "EXISTS (SELECT 1 FROM subscription WHERE subscription.subscriber_id = subscriber.id"
        " AND subscription.state = 'confirmed'"
        " AND subscription.list_id = (SELECT id FROM list WHERE name = :segment_list)"
        " AND (:joined_since IS NULL OR subscription.changed_at >= :joined_since)"
        " AND (:joined_before IS NULL OR subscription.changed_at < :joined_before))",
        {
            "segment_list": segment.list,
            "joined_since": segment.since,
            "joined_before": segment.before,
        },
    )


def _has_tag(names: Sequence[str], parameter: str) -> Condition:
    return Condition(
        "EXISTS (SELECT 1 FROM tag WHERE tag.subscriber_id = subscriber.id"
        f" AND tag.name IN (SELECT value FROM json_each(:{parameter})))",
        {parameter: list(names)},
    )


_IN_STATE: Mapping[SubscriberState, str] = {
    SubscriberState.SUBSCRIBED: f"NOT {SUPPRESSED} AND EXISTS (SELECT 1 FROM subscription"
    " WHERE subscriber_id = subscriber.id AND state = 'confirmed')",
    SubscriberState.PAUSED: f"subscriber.id IN (SELECT id FROM subscriber WHERE {PAUSED})",
    SubscriberState.REQUESTED: "subscriber.id IN"
    " (SELECT subscriber_id FROM subscription WHERE state = 'requested')",
    SubscriberState.LEFT: "subscriber.id IN"
    " (SELECT subscriber_id FROM subscription WHERE state = 'ended')",
    SubscriberState.SUPPRESSED: "subscriber.id IN"
    f" (SELECT subscriber.id FROM subscriber WHERE {IS_SUPPRESSED})",
}
_WITH_VALUE = {
    "language": "subscriber.language = :language",
    "origin": "subscriber.origin = :origin",
    # the bound of ids ends the walk through them; the + keeps SQLite from a walk to find it
    "since": "added_at >= :since AND subscriber.id >="
    " (SELECT MIN(+id) FROM subscriber WHERE added_at >= :since)",
    "until": "added_at < :until",
    "ids": "subscriber.id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))",
}
"""Field of a search → the condition of its value."""


def find_people(db: Database, search: SubscriberSearch) -> People:
    """Return the people of a search. An index has them in the order of their ids."""
    own = [Condition(_IN_STATE[search.state])] if search.state in _IN_STATE else []
    if search.words:
        own.append(contains_any("subscriber.sought", spellings(search.words), "query"))
    for name, sql in _WITH_VALUE.items():
        value = getattr(search, name)
        if value and as_stored(value):
            own.append(Condition(sql, {name: value}))
    if search.segment is not None:
        own.append(in_segment(search.segment))
    rows = dict[str, Condition]()
    if search.tag:
        rows["tag"] = Condition("tag.name = :tag", {"tag": search.tag})
    if search.list:
        states = {SubscriberState.REQUESTED: "requested", SubscriberState.LEFT: "ended"}
        state = {"state": states.get(search.state, "confirmed")}
        # by its id, as PostgreSQL knows how many it has
        on = on_lists(db.column("SELECT id FROM list WHERE name = :name", name=search.list))
        rows["subscription"] = on & Condition("subscription.state = :state", state)
    # first the table with the fewest of them as a rule, by an index in the order of ids
    is_rare = not search.tag and (search.language or search.origin is not Origin.ANY)
    first = "subscriber" if is_rare else next(iter(rows), "subscriber")
    number = "subscriber.id" if first == "subscriber" else f"{first}.subscriber_id"
    who = rows.pop(first, Condition("1 = 1"))
    for table, of_list in rows.items():
        found = f"SELECT 1 FROM {table} WHERE {table}.subscriber_id = {number} AND {of_list}"
        who &= Condition(f"EXISTS ({found})", of_list.values)
    if first != "subscriber" and own:
        who &= Condition(f"{number} = subscriber.id")
        first = f"{first} CROSS JOIN subscriber"  # SQLite keeps its order
    return People(tables=first, id=number, who=reduce(and_, own, who))
