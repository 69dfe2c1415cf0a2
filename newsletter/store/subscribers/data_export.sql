-- The tables of the export of one person's data. :id is the person, :after a campaign's id.

-- # before_imports
SELECT file, at, name, language, timezone, place, outlet, beat, phone, notes, consent,
    paused_until, removed_tags
FROM import_change JOIN import ON import.id = import_change.import_id
WHERE subscriber_id = :id ORDER BY import.id

-- # former_languages
SELECT language, started_at AS campaign_started_at FROM former_language
WHERE subscriber_id = :id ORDER BY started_at

-- # subscriptions
SELECT list.name AS list, subscription.state, changed_at,
    subscription.ended_by AS ended_by_the_link_of_campaign, COALESCE(campaign.slug, '') AS statement
FROM subscription JOIN list ON list.id = subscription.list_id
    LEFT JOIN campaign ON campaign.id = subscription.ended_by
WHERE subscriber_id = :id ORDER BY list.name

-- # consents
SELECT list, given, method, source, COALESCE(wording.words, '') AS words,
    COALESCE(wording.language, '') AS language, asked_at, at
FROM consent LEFT JOIN wording ON wording.hash = consent.wording
WHERE subscriber_id = :id ORDER BY id

-- # emails
SELECT id, kind, state, address, name, language, timezone, lists, source, wording,
    asked_at, asks, not_before, attempts, provider, provider_id, reason, claimed_at,
    settled_at, used_at, account, NULLIF(held_until, 0) AS held_until
FROM transactional_email
WHERE subscriber_id = :id
    OR address_hash = (SELECT address_hash FROM subscriber WHERE subscriber.id = :id)
ORDER BY id

-- # deliveries
SELECT batch.campaign_id AS campaign, campaign.slug AS statement,
    COALESCE(delivery.state, CASE
        WHEN batch.state IN ('unknown', 'given up') THEN 'unknown' -- they may have it
        WHEN batch.state <> 'done' THEN 'pending'
        WHEN batch.cancelled > 0 THEN 'cancelled' -- it has rows of all others
        -- the batch counts members with a row of their own too
        WHEN batch.accepted > (SELECT COUNT(*) FROM delivery AS own
            WHERE own.campaign_id = batch.campaign_id AND own.batch_id = batch.id
                AND own.state = 'accepted') THEN 'accepted'
        ELSE 'suppressed' END) AS state,
    COALESCE(delivery.reason, batch.reason) AS reason, batch.provider,
    COALESCE(delivery.provider_id, batch.provider_id) AS provider_id,
    COALESCE(delivery.at, batch.settled_at) AS at
FROM batch JOIN campaign ON campaign.id = batch.campaign_id
    LEFT JOIN delivery
        ON delivery.campaign_id = batch.campaign_id AND delivery.subscriber_id = :id
-- the cheap condition first: for most batches it spares the search through the members
WHERE batch.campaign_id > :after AND batch.first <= :id AND batch.last >= :id AND instr(
    ',' || substr(batch.members, 2, length(batch.members) - 2) || ',',
    ',' || CAST(:id AS TEXT) || ',') > 0
ORDER BY batch.campaign_id

-- # delivery_statuses
SELECT delivery_status.kind, bounce, at, delivery_status.reason, campaign.slug
FROM delivery_status JOIN campaign ON campaign.id = delivery_status.campaign_id
WHERE subscriber_id = :id AND campaign.id > :after ORDER BY at

-- # events
SELECT provider, id, kind, at, received_at, campaign_id, raw
FROM event WHERE subscriber_id = :id ORDER BY received_at, id
