"""The delivery's service, built from the settings."""

from pathlib import Path

from tests.pages import forum


def test_one_rate_limit_counts_all_senders(tmp_path: Path) -> None:
    senders = [{"lists": ["events"], "name": "Events", "address": "events@other.example"}]
    provider = {"kind": "outbox", "daily_quota": 3}
    with forum(tmp_path, senders=senders, provider=provider) as site:
        site.subscribe("ana@example.org", "bo@example.org", lists=["press", "events"])
        site.send("news")
        site.send("feast", lists=["events"])
        senders_of = [b"From: Example Forum" in mail for mail in site.mails]
    assert sorted(senders_of) == [False, True, True]
