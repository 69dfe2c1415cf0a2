"""Admins see the posts to the team's channels, and send them again."""

from pathlib import Path

from newsletter.domain.delivery.transactional import MessageState
from tests.desk import desk, words

ROOM = {"kind": "slack", "name": "press-room", "url": "https://chat.example/hush-hush"}
HUB = {"kind": "websub", "name": "feeds", "url": "https://hub.example/"}


def test_an_admin_sees_what_was_posted_and_sends_it_again(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated, notices=[ROOM, HUB]) as staffed:
        dan = staffed.as_("dan")
        assert "Nothing was posted yet." in words(dan.get("/channels"))
        assert "Send a test message feeds" in words(dan.get("/channels"))
        tried = dan.post("/channels/test", {"channel": "feeds"})
        assert tried.headers["location"] == "/desk/channels?done=posted-test"
        assert "feeds – Waiting" in words(dan.get("/channels?done=posted-test"))
        text = "---\ntitle: Opening hours\n---\nThe library is open.\n"
        (staffed.site.folder / "statements" / "hours.md").write_text(text, "utf-8")
        staffed.site.services.tick.run()
        store = staffed.site.services.store
        with store.begin() as tx:
            post = tx.channel_posts.claim(["press-room"], tx.now)
            assert post is not None
        assert "Sending" in words(dan.get("/channels"))
        with store.begin() as tx:
            channel, _ = staffed.site.services.settings.channels()
            tx.notices.finish(tx.notices.list_for_post(channel, post.id), tx.now, post.id)
            tx.channel_posts.settle(post, MessageState.REJECTED, "HTTP 404: no_service", tx.now)
            tx.failing_checks.store_failing({"SPF": "no record"}, tx.now)
        page = dan.get("/channels")
        assert "Opening hours : waiting for approval Rejected (HTTP 404: no_service)" in words(page)
        assert "SPF , since" in words(page)
        assert "hush" not in page.text
        done = dan.post(f"/channels/{post.id}/again")
        assert done.headers["location"] == "/desk/channels?done=posted-again"
        again = dan.get("/channels?done=posted-again")
        assert "The message is sent again." in words(again)
        assert "Waiting" in words(again)
        assert "Send again" not in words(again)
        assert dan.post(f"/channels/{post.id}/again").status == 409


def test_the_records_to_publish_are_there_to_copy(tmp_path: Path, migrated: Path) -> None:
    key = tmp_path / "key"
    key.write_text("secret")
    provider = {"kind": "mailgun", "domain": "mg.forum.example", "api_key_file": str(key)}
    with desk(tmp_path, database=migrated, provider=provider) as staffed:
        page = staffed.as_("dan").get("/channels")
        spf = '<code id="dns-1-1-value">v=spf1 include:mailgun.org ~all</code>'
        assert f'{spf}<span class="acts" hidden data-copy="dns-1-1-value">' in page.text
        assert '<code id="dns-1-1-host">mg.forum.example</code>' in page.text
        said = words(page)
        assert "DKIM TXT Your account shows it: Mailgun, Domains" in said
        assert "DMARC TXT _dmarc.forum.example" in said


def test_without_channels_the_page_says_how_to_get_one(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated) as staffed:
        assert "No channels yet" in words(staffed.as_("dan").get("/channels"))
