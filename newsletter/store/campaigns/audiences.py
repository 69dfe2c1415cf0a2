"""The audience of a campaign: its readers, and the people who are excluded, with reasons."""

from collections.abc import Collection, Iterator, Sequence

from newsletter.domain.campaigns.campaign import Correction
from newsletter.domain.schedule import ByZone
from newsletter.domain.subscribers.audience import Audience
from newsletter.store.database import MEMBER, NO_LIMIT, Condition, Repository, as_stored
from newsletter.store.subscribers.eligibility import (
    IS_SUPPRESSED,
    PAUSED,
    SUPPRESSED,
    People,
    count_confirmed,
    count_left_out,
    eligible,
    exclusion,
    ids_of,
    in_audience,
    in_segment,
    language_for,
    on_lists,
    people_on,
    reads_language,
    subscribed,
)


class Audiences(Repository):
    """The readers of a statement, or of a correction. Suppression outranks everything.

    A reader in a campaign of one language gets no other language, unless that delivery was
    cancelled unsent and no correction took the reader over.
    """

    def count(self, audience: Audience | Correction) -> int:
        return self._db.cached(self._count, audience)

    def _count(self, audience: Audience | Correction) -> int:
        if isinstance(audience, Audience) and audience.is_whole:
            return self._count_all(audience.lists)
        people = _people_in(audience)
        return self._db.number(
            f"SELECT COUNT(*) FROM {people.tables} WHERE {people.who}", people.who
        )

    def _count_all(self, lists: Sequence[str]) -> int:
        # ten times as fast as a check of each of a million subscribers
        on = on_lists(lists)
        people, confirmed = "COUNT(*)", count_confirmed(on)
        if len(set(lists)) > 1:  # somebody may be on several
            people = "COUNT(DISTINCT subscriber_id)"
            confirmed = f"(SELECT {people} FROM subscription WHERE {on} AND state = 'confirmed')"
        # without statistics, IS NOT NULL is taken for half of all
        paused = f"SELECT id FROM subscriber WHERE paused_until BETWEEN 0 AND {NO_LIMIT}"
        who = f"SELECT id FROM subscriber WHERE {IS_SUPPRESSED} UNION {paused}"
        left_out = count_left_out(on, who, people)
        return self._db.number(f"SELECT {confirmed} - {left_out}", on)

    def stream_addresses(self, audience: Audience | Correction) -> Iterator[str]:
        """Yield the addresses of the readers, in the order of their ids."""
        people = _people_in(audience)
        return self._db.scan(
            f"SELECT subscriber.address FROM {people.tables} WHERE {people.who}"
            " ORDER BY subscriber.id",
            people.who,
        )

    def list_excluded(self, audience: Audience | Correction) -> list[tuple[str, str]]:
        """Return (address, reason) of the people on the lists who are not in the audience.

        For a correction, these are readers of the original who do not get the correction.
        """
        people, why = query_excluded(audience)
        return self._db.rows(
            f"SELECT COALESCE(subscriber.address, '(erased)'), {why} FROM {people.tables}"
            f" WHERE {people.who} ORDER BY {people.id}",
            people.who,
            why,
        )

    def count_excluded(self, audience: Audience | Correction) -> dict[str, int]:
        """Return reason → number of the people whom ``list_excluded`` returns."""
        people, why = query_excluded(audience)
        rows = self._db.rows(
            f"SELECT {why} AS why, COUNT(*) FROM {people.tables} WHERE {people.who} GROUP BY why",
            people.who,
            why,
        )
        return dict(rows)

    def find_languages(self, lists: Sequence[str], original: str) -> set[str]:
        """Return the languages of the people who may get email to these lists."""
        who, language = eligible(lists), language_for(original)
        query = f"SELECT DISTINCT {language} FROM subscriber WHERE {who}"
        return set(self._db.column(query, language, who))

    def list_other_languages(self, audience: Audience) -> list[tuple[str, str, str]]:
        """Return (address, language, slug) of the people on the lists who read other languages.

        ``slug`` is the translation in whose campaign they are; "" if they are in none yet.
        """
        people, language = _people_of_other_languages(audience), language_for(audience.original)
        return self._db.rows(
            f"SELECT subscriber.address, {language}, COALESCE(had.slug, '')"
            f" FROM {people.tables} WHERE {people.who} ORDER BY {people.id}",
            people.who,
        )

    def count_other_languages(self, audience: Audience) -> dict[str, int]:
        """Return language → number of the people whom ``list_other_languages`` returns."""
        people, language = _people_of_other_languages(audience), language_for(audience.original)
        rows = self._db.rows(
            f"SELECT {language}, COUNT(*) FROM subscriber WHERE {people.who} GROUP BY {language}",
            people.who,
        )
        return dict(rows)

    def count_by_zone(self, audience: Audience) -> dict[str, int]:
        """Return time zone → number of readers; "" for readers without a zone."""
        who = _people_in(audience).who
        rows = self._db.rows(
            f"SELECT timezone, COUNT(*) FROM subscriber WHERE {who}"
            " GROUP BY timezone ORDER BY timezone",
            who,
        )
        return dict(rows)

    def has_reader_in_zone(self, audience: Audience, zones: Collection[str]) -> bool:
        who = in_audience(audience)
        return self._db.has_row(
            "SELECT id FROM subscriber"
            f" WHERE timezone IN (SELECT value FROM json_each(:zones)) AND {who} LIMIT 1",
            who,
            zones=sorted(zones),
        )

    def freeze(
        self,
        campaign_id: int,
        audience: Audience | Correction,
        batch_size: int,
        by_zone: ByZone | None = None,
    ) -> int:
        """Store the audience as batches of ``batch_size``; return its size.

        With ``by_zone``, the readers of a batch have the same send time; zones without one get
        ``otherwise``. The campaign of a correction takes the original's lists. Readers who may have
        the original get the correction even if they unsubscribed; readers who waited for it do not,
        and are in other batches.
        """
        people, ignores_lists, at, part, zones = _people_in(audience), "0", "0", "", ""
        if isinstance(audience, Correction):
            self._db.update("campaign", {"id": campaign_id}, lists=audience.lists)
            ignores_lists = "CASE WHEN held.standing = 2 THEN 1 ELSE 0 END"
            part = f"PARTITION BY {ignores_lists}"
        elif not audience.original:
            people = people_on(ids_of(self._db, audience.lists), audience.segment)
        tables = people.tables
        values: dict[str, object] = {"campaign_id": campaign_id, "batch_size": batch_size}
        if by_zone is not None and isinstance(audience, Audience):
            at = "COALESCE(zone.instant, :otherwise)"
            part = f"PARTITION BY {at}"
            zones = (
                "zone AS MATERIALIZED (SELECT key, CAST(value AS BIGINT) AS instant"
                " FROM json_each(:instants)),"
            )
            tables += " LEFT JOIN zone ON zone.key = subscriber.timezone"
            instants = {zone: as_stored(instant) for zone, instant in by_zone.instants.items()}
            values |= {"instants": instants, "otherwise": by_zone.otherwise}
        place = f"(ROW_NUMBER() OVER ({part} ORDER BY {people.id}) - 1) / :batch_size"
        group, limit = "GROUP BY at, place, ignores_lists", ""
        # on SQLite batch by batch takes a third of the time, unless each has to find other readers
        if not part and not audience.original:
            place, group = f"/*sqlite*/ 0\n/*postgres {place}*/", f"/*postgres {group}*/"
            limit = f"\n/*sqlite*/ ORDER BY {people.id} LIMIT :batch_size"
        # sorted by id within each batch, because an event's batch is found by its first id
        insert = f"""
            WITH {zones} reader AS (
                SELECT {people.id} AS id, {ignores_lists} AS ignores_lists, {at} AS at,
                    {place} AS place
                FROM {tables} WHERE {people.who} AND {people.id} > :last {limit}
            )
            INSERT INTO batch
                (campaign_id, no, members, state, size, pending, ignores_lists, not_before)
            SELECT :campaign_id, :no + ROW_NUMBER() OVER (ORDER BY at, place, ignores_lists DESC),
                ids, 'queued', people, people, ignores_lists, at
            FROM (SELECT json_group_array(id) AS ids, COUNT(*) AS people, at, place, ignores_lists
                FROM reader {group}) AS made WHERE people > 0 RETURNING size, last
            """
        size = no = last = 0
        while size == no * batch_size and (  # the last batch was full
            batches := self._db.rows(insert, people.who, no=no - 1, last=last, **values)
        ):
            size, no = size + sum(one for one, _ in batches), no + len(batches)
            last = max(one for _, one in batches)
        return size


def _people_in(audience: Audience | Correction) -> People:
    if isinstance(audience, Correction):
        join = "LEFT JOIN" if audience.is_original_unstarted else "JOIN"
        who = ~SUPPRESSED & _gets_correction(audience)
        return _join_query(
            f"{join} {{}} AS held ON held.id = subscriber.id", _original_readers(audience), who
        )
    who = in_audience(audience)
    if audience.original:
        had = _other_readers(audience)
        who &= Condition(f"subscriber.id NOT IN (SELECT id FROM {had} AS had)", had.values)
    return People(tables="subscriber", id="subscriber.id", who=who)


def _join_query(join: str, query: Condition, condition: Condition) -> People:
    return People(
        tables=f"subscriber {join.format(query)}",
        id="subscriber.id",
        who=Condition(condition.sql, {**query.values, **condition.values}),
    )


def query_excluded(audience: Audience | Correction) -> tuple[People, Condition]:
    """Return the people who are not in the audience, and the SQL expression of the reason."""
    why = exclusion(audience.lists)
    if isinstance(audience, Correction):
        held = _original_readers(audience)
        return People(
            tables=f"{held} AS held LEFT JOIN subscriber ON subscriber.id = held.id",
            id="held.id",
            who=Condition("subscriber.id IS NULL") | SUPPRESSED | ~_gets_correction(audience),
        ), Condition(
            f"CASE WHEN subscriber.id IS NOT NULL AND NOT {SUPPRESSED} AND held.standing = 0"
            f" THEN 'was never sent the original: ' || held.own ELSE {why} END",
            {**held.values, **why.values},
        )
    on = on_lists(audience.lists)
    may_be = Condition(
        f"""
        -- no join, which SQLite may begin with all subscribers
        subscriber.id IN (
            SELECT subscriber_id FROM subscription WHERE {on} AND state <> 'confirmed'
            UNION SELECT id FROM subscriber WHERE {IS_SUPPRESSED}
            UNION SELECT id FROM subscriber WHERE paused_until IS NOT NULL)
        AND EXISTS (
            SELECT 1 FROM subscription
            WHERE subscription.subscriber_id = subscriber.id AND {on})
        """,
        on.values,
    )
    who = may_be & ~eligible(audience.lists)
    return People(tables="subscriber", id="subscriber.id", who=who), why


def _original_readers(correction: Correction) -> Condition:
    """Return a query of the readers of the original: ``id``, ``standing``, ``own``.

    ``standing`` is 2 if the reader may have the original, 1 if the reader waits for it, else 0.
    ``own`` is the state of the reader's own delivery row.
    """
    return Condition(
        f"""
        SELECT {MEMBER} AS id,
            -- of several campaigns: the reader may have it from any of them
            MAX(CASE
                -- first the reader's own row, which is more exact than the batch
                WHEN delivery.state IN ('accepted', 'unknown') THEN 2
                WHEN delivery.state IS NOT NULL THEN 0
                WHEN batch.state IN ('claimed', 'unknown', 'given up') THEN 2
                -- in a cancelled batch, accepted deliveries have rows of their own
                WHEN batch.state = 'done' AND batch.accepted > 0 AND batch.cancelled = 0 THEN 2
                WHEN (campaign.state NOT IN ('sent', 'cancelled')
                        OR campaign.corrected_by = :correction)
                    AND (batch.state = 'queued'
                        OR (batch.state = 'done' AND batch.cancelled > 0))
                    -- a correction that is corrected: these may have what it corrects
                    THEN 1 + batch.ignores_lists
                ELSE 0 END) AS standing,
            COALESCE(MAX(delivery.state), 'cancelled') AS own
        FROM campaign JOIN batch ON batch.campaign_id = campaign.id
            CROSS JOIN json_each(batch.members) AS member
            LEFT JOIN delivery ON delivery.campaign_id = batch.campaign_id
                AND delivery.subscriber_id = {MEMBER}
        WHERE campaign.slug = :original GROUP BY {MEMBER}
        """,
        {"original": correction.original, "correction": correction.by},
    )


def _gets_correction(correction: Correction) -> Condition:
    """A condition: the subscriber gets the correction, if not suppressed."""
    # a subscriber who joined after the original has no row in held
    waits = Condition("COALESCE(held.standing, 0) = 1")
    if correction.is_original_unstarted:
        waits = in_segment(correction.segment) if correction.segment else Condition("1 = 1")
    return Condition("COALESCE(held.standing, 0) = 2") | (
        waits & subscribed(correction.lists) & ~PAUSED
    )


def _people_of_other_languages(audience: Audience) -> People:
    """Return the subscribers on the lists who are, or will be, in another language's campaign."""
    had = _other_readers(audience)
    # no column of the join: SQLite tests it before it looks up who may get email
    is_other = Condition(f"subscriber.id IN (SELECT id FROM {had} AS other)", had.values)
    who = in_audience(Audience(lists=audience.lists, segment=audience.segment)) & (
        is_other | ~reads_language(audience)
    )
    return _join_query("LEFT JOIN {} AS had ON had.id = subscriber.id", had, who)


def _other_readers(audience: Audience) -> Condition:
    """Return a query of the readers in campaigns of other languages: ``id``, ``slug``."""
    return Condition(
        f"""
        SELECT {MEMBER} AS id, MAX(campaign.slug) AS slug
        FROM campaign JOIN batch ON batch.campaign_id = campaign.id
            CROSS JOIN json_each(batch.members) AS member
            LEFT JOIN delivery ON delivery.campaign_id = batch.campaign_id
                AND delivery.subscriber_id = {MEMBER}
        WHERE (campaign.slug = :original OR campaign.translates = :original)
            AND campaign.slug <> :slug
            AND (campaign.corrected_by <> '' OR NOT (
                batch.state = 'done' AND batch.cancelled > 0
                AND COALESCE(delivery.state, 'cancelled') = 'cancelled'))
        GROUP BY {MEMBER}
        """,
        {"original": audience.original, "slug": audience.slug},
    )
