"""Notices by mail reach the right people, once, and only while their cause lasts."""

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.campaigns.notices import Channel, NoticeKind
from newsletter.domain.delivery.batch import Resolution, Verdict
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import ImportResult, SkippedPeople
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.events.record import pause_harmful
from newsletter.pipeline.staff.notify import notify
from newsletter.pipeline.statements.approve import comment, send_back
from newsletter.runtime.log import log_email
from tests.fakes import NOON, PlainRenderer, accept_all, always
from tests.interrupted import Fuse, PowerCut, watched
from tests.unit.pipeline.delivery.sending import Post
from tests.unit.pipeline.newsroom import STAFF, Meanwhile, Newsroom

ED, FLO, ADA, SAM, WRITER, VIC = STAFF
SHORT = {address: address.partition("@")[0] for address in STAFF}


@dataclass(kw_only=True)
class Desk:
    """A newsroom whose people have accounts, and read their mail."""

    room: Newsroom
    channels: tuple[Channel, ...] = ()

    def __post_init__(self) -> None:
        self.post = Post(room=self.room)
        self.room.rules = replace(self.room.rules, start=StartBy.SENDER)
        self.room.demand(author_may_approve=False)
        with self.room.store.begin() as tx:
            for address in STAFF:
                tx.accounts.open(address, "hashed", NOON)

    def look(self) -> None:
        self.room.look()
        self.room.start_due()
        pause_harmful(store=self.room.store)

    def tick(self) -> int:
        self.look()
        return notify(store=self.room.store, rules=self.room.rules, channels=self.channels)

    def mails(self, *, after: timedelta = timedelta(minutes=1)) -> dict[str, str]:
        """Return the mails of another tick: name → events and titles."""
        self.room.clock.advance(seconds=after.total_seconds())
        before = len(self.room.provider.batches)
        self.tick()
        while self.post.transactional_sender().post() is not None:
            pass
        found = {}
        for batch in self.room.provider.batches[before:]:
            if batch.campaign.startswith("letter_"):
                [to] = batch.recipients
                assert to.address not in found, "two at once"
                found[SHORT[to.address]] = batch.content.text.partition(" | ")[2]
        return found

    def whom(self, **how: Any) -> dict[str, str]:
        """Name → the events that they are mailed."""
        return {who: text.partition(" | ")[0] for who, text in self.mails(**how).items()}

    def start(self, **fields: Any) -> None:
        asked = StartRequest(
            slug="resignation",
            by=SAM,
            seen=self.room.content_hash(),
            shown=self.room.terms(),
            **fields,
        )
        self.room.starter().start(asked)

    def mute(self, address: str, *kinds: NoticeKind) -> None:
        with self.room.store.begin() as tx:
            tx.accounts.change(address, muted=[kind.value for kind in kinds])

    def say(self, words: str, by: str = ED) -> None:
        comment("resignation", words, by=by, store=self.room.store)


@pytest.fixture
def desk(room: Newsroom) -> Desk:
    desk = Desk(room=room)
    room.subscribe(3)
    room.write()
    return desk


def test_a_statement_goes_from_hand_to_hand_by_mails_alone(desk: Desk) -> None:
    room = desk.room
    assert desk.mails() == {
        name: "waiting for approval | Forum resigns from task force | Waiting for 1 approval,"
        f" from someone other than Writer. Next: {whom} can approve it."
        for name, whom in {
            "ed": "you, Flo, Sam or 1 other",
            "flo": "you, Ed, Sam or 1 other",
            "sam": "you, Ed, Flo or 1 other",
            "ada": "you, Ed, Flo or 1 other",
        }.items()
    }

    send_back(
        "resignation",
        by=ED,
        expect=room.content_hash(),
        reason="Say when.",
        store=room.store,
        rules=room.rules,
    )
    [(who, text)] = desk.mails().items()
    assert (who, "Ed sent it back: “Say when.”" in text) == ("writer", True)

    room.write(body="The Forum resigned on Monday.")
    assert desk.whom() == dict.fromkeys(("ed", "flo", "sam", "ada"), "waiting for approval")

    room.approve(ED)
    assert desk.whom() == dict.fromkeys(("writer", "sam", "ada"), "approved")

    desk.start()
    assert desk.whom() == dict.fromkeys(("writer", "ed"), "scheduled")

    told = desk.whom(after=timedelta(minutes=5))
    assert told == dict.fromkeys(("writer", "ed", "sam"), "sending has started")

    room.drain()
    told = desk.mails()
    assert told.keys() == {"writer", "ed", "sam"}
    assert "finished | " in told["ed"]
    assert "The provider accepted 3 of 3 emails." in told["ed"]
    assert desk.mails() == {}, "nothing is left to tell"


def test_a_mail_is_in_the_language_that_its_reader_chose(desk: Desk) -> None:
    with desk.room.store.begin() as tx:
        tx.staff.change(ED, language="fr")
    desk.mails()
    found = {
        SHORT[batch.recipients[0].address]: batch.content.language
        for batch in desk.room.provider.batches
    }
    assert found == {"ed": "fr", **dict.fromkeys(("flo", "sam", "ada"), "en")}


def test_a_mail_whose_events_are_all_over_is_withheld(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert desk.tick() == 4
    desk.room.remove()
    desk.room.look()
    sender = desk.post.transactional_sender()
    done = [sender.post() for _ in range(4)]
    assert {(one.state, one.reason) for one in done if one} == {
        (MessageState.WITHHELD, "its events are over")
    }
    for one in filter(None, done):
        log_email(one)
    assert caplog.messages == [], "nobody has to do anything about it"


def test_whoever_lost_their_role_or_account_gets_nothing(desk: Desk) -> None:
    desk.tick()
    with desk.room.store.begin() as tx:
        tx.staff.put(FLO, Role.VIEWER, tx.now)
        tx.staff.remove(ADA)
        tx.accounts.remove(SAM)
    assert desk.whom(after=timedelta()).keys() == {"ed"}


def test_an_account_is_needed_for_a_mail(desk: Desk) -> None:
    with desk.room.store.begin() as tx:
        tx.accounts.remove(FLO)
    assert desk.whom().keys() == {"ed", "sam", "ada"}


def test_one_mail_a_minute_tells_of_all_that_came_since(desk: Desk) -> None:
    desk.mails()
    desk.room.write("budget", title="The budget")
    desk.say("Well done.")
    assert desk.mails(after=timedelta(seconds=30)) == {
        "writer": "new comment | Forum resigns from task force | Ed: “Well done.”"
    }, "the others had a mail half a minute ago"
    desk.say("Which Monday?", FLO)
    told = desk.mails(after=timedelta(seconds=31))
    assert told.keys() == {"ed", "flo", "sam", "ada", "writer"} - {"writer"}
    assert told["ed"] == (
        "waiting for approval | The budget | Waiting for 1 approval, from someone other than"
        " Writer. Next: you, Flo, Sam or 1 other can approve it. | new comment | Forum resigns"
        " from task force | Flo: “Which Monday?”"
    )
    assert desk.whom(after=timedelta(seconds=30)).keys() == {"writer"}


def test_a_comment_reaches_whom_it_names_and_those_who_talk(desk: Desk) -> None:
    desk.mails()
    desk.say("Look, @vic\nand @flo.")
    assert desk.mails() == {
        "writer": "new comment | Forum resigns from task force | Ed: “Look, @vic and @flo.”",
        "flo": "a comment names you | Forum resigns from task force | Ed: “Look, @vic and @flo.”",
        "vic": "a comment names you | Forum resigns from task force | Ed: “Look, @vic and @flo.”",
    }


def test_a_long_comment_is_cut(desk: Desk) -> None:
    desk.mails()
    desk.say("word " * 100)
    assert desk.mails()["writer"].endswith("word word …”")


def test_a_comment_is_told_of_a_text_that_was_sent_and_of_none_that_was_removed(desk: Desk) -> None:
    desk.room.write("budget", title="The budget")
    sending(desk)
    desk.room.drain()
    desk.mails()
    for slug in ("resignation", "budget"):
        comment(slug, "@vic", by=ED, store=desk.room.store)
        desk.room.remove(slug)
    told = desk.mails()["vic"]
    assert ("Forum resigns" in told, "The budget" in told) == (True, False)


def test_a_comment_on_what_is_gone_is_told_to_nobody(desk: Desk) -> None:
    desk.mails()
    desk.say("@vic")
    desk.tick()
    desk.say("@flo")
    with desk.room.store.begin() as tx:
        tx.db.change("DELETE FROM statement")
    assert notify(store=desk.room.store, rules=desk.room.rules) == 0
    done = desk.post.transactional_sender().post()
    assert done.state is MessageState.WITHHELD


def test_a_person_who_submitted_the_text_of_another_hears_what_becomes_of_it(desk: Desk) -> None:
    with desk.room.store.begin() as tx:
        tx.staff.put(VIC, Role.WRITER, tx.now)
        tx.audit.enter(VIC, "submit", "resignation")
    assert "vic" not in desk.whom()
    send_back(
        "resignation",
        by=ED,
        expect=desk.room.content_hash(),
        reason="Say when.",
        store=desk.room.store,
        rules=desk.room.rules,
    )
    assert desk.whom() == dict.fromkeys(("writer", "vic"), "sent back")


def test_another_look_of_a_text_of_the_desk_is_told_to_those_who_approved_alone(desk: Desk) -> None:
    desk.room.write(desk="a key")
    with desk.room.store.begin() as tx:
        tx.audit.enter(WRITER, "submit", "resignation")
    desk.mails()
    desk.room.renderer = PlainRenderer("plain-2")
    assert desk.whom() == {}
    desk.room.approve(ED)
    desk.mails()
    desk.room.write(desk="a key", subject="Resignation")
    assert desk.whom() == dict.fromkeys(("ed", "flo", "sam", "ada"), "waiting for approval")
    desk.room.renderer = PlainRenderer("plain-3")
    assert desk.whom() == {}


def approved(desk: Desk) -> None:
    desk.room.look()
    desk.room.approve(ED)
    desk.mails()


def test_another_time_is_told_and_the_old_one_is_forgotten(desk: Desk) -> None:
    approved(desk)
    desk.start(at=NOON + timedelta(hours=2))
    desk.room.schedule("resignation", NOON + timedelta(days=2))
    told = desk.mails()
    assert told.keys() == {"writer", "ed", "sam"}
    assert "Thu 26 Nov" in told["sam"]
    assert desk.whom(after=timedelta(hours=1)) == {}


def test_a_time_that_comes_back_is_told_again_and_another_approval_tells_nothing(
    desk: Desk,
) -> None:
    approved(desk)
    desk.start(at=NOON + timedelta(hours=4))
    assert desk.whom() == dict.fromkeys(("writer", "ed"), "scheduled")
    desk.room.schedule("resignation", NOON + timedelta(days=2))
    assert desk.whom().keys() == {"writer", "ed", "sam"}
    desk.room.schedule("resignation", NOON + timedelta(hours=4))
    assert desk.whom() == dict.fromkeys(("writer", "ed", "sam"), "scheduled")
    desk.room.approve(FLO)
    assert desk.whom() == {}
    desk.room.starter().undo("resignation", by=SAM)
    desk.whom()
    desk.start(at=NOON + timedelta(hours=4))
    assert desk.whom() == dict.fromkeys(("writer", "ed", "flo"), "scheduled")


def sending(desk: Desk) -> None:
    approved(desk)
    desk.start()
    desk.mails(after=timedelta(minutes=5))
    desk.mails()


def imported(desk: Desk, by: str) -> int:
    desk.room.clock.advance(seconds=1)
    with desk.room.store.begin() as tx:
        number = tx.imports.begin(at=tx.now, by=by, file="a.csv", kind="plain", sha256="")
        brought = ImportResult(
            new=2, known=1, suppressed=0, refused={}, left=SkippedPeople(), number=number
        )
        assert tx.imports.store_progress(brought, finished_at=tx.now)
    return number


def test_an_import_is_told_to_admins_and_to_whom_it_is_of(desk: Desk) -> None:
    desk.mails()
    for by in (SAM, "operator"):
        imported(desk, by)
    line = "import finished | a.csv | 2 new, 1 known before, 0 changed, 0 skipped."
    assert desk.mails() == {"sam": line, "ada": f"{line} | {line}"}


def test_an_import_after_a_clock_that_ran_ahead_is_told(desk: Desk) -> None:
    desk.mails()
    desk.room.clock.advance(days=400)
    imported(desk, SAM)
    assert set(desk.whom()) == {"sam", "ada"}
    desk.room.clock.advance(days=-399)
    imported(desk, "operator")
    assert set(desk.whom()) == {"ada"}


def failing(desk: Desk, **findings: str) -> None:
    for _ in range(2):
        with desk.room.store.begin() as tx:
            tx.failing_checks.store_failing(findings, tx.now)


def test_what_admins_and_senders_hear_goes_to_none_who_was_one(desk: Desk) -> None:
    desk.mails()
    imported(desk, FLO)
    imported(desk, SAM)
    imported(desk, ADA)
    failing(desk, dns="no SPF record")
    desk.tick()
    desk.room.hire(ADA, Role.SENDER)
    desk.room.hire(SAM, Role.WRITER)
    assert desk.whom() == {"ada": "import finished"}


def test_a_check_that_fails_while_notices_are_made_is_told_by_the_next(desk: Desk) -> None:
    desk.mails()
    failing(desk, dns="no SPF record")
    meanwhile: Any = Meanwhile(desk.room.store, lambda: failing(desk, dns="no", tls="expired"))
    notify(store=meanwhile, rules=desk.room.rules)
    told = desk.mails()
    assert ("dns: no" in told["ada"], "tls: expired" in told["ada"]) == (True, True)


def test_sending_to_the_rest_is_told_again_when_it_is_over(desk: Desk) -> None:
    sending(desk)

    def drained(verdict: Verdict) -> dict[str, str]:
        desk.room.provider.answer = always(verdict)
        desk.room.drain()
        desk.room.provider.answer = accept_all
        return desk.whom()

    assert drained(Verdict.UNKNOWN)["ada"] == "needs a decision"
    desk.room.hand().resolve("1", Resolution.RESEND)
    assert drained(Verdict.UNKNOWN) == {"ada": "needs a decision"}
    desk.room.hand().resolve("1", Resolution.RESEND)
    assert drained(Verdict.REJECTED) == {}
    desk.room.hand().reopen("1")
    assert drained(Verdict.ACCEPTED) == dict.fromkeys(("writer", "ed", "sam", "ada"), "finished")


def test_a_mail_that_did_not_leave_tells_of_all_again_and_of_what_came_since(desk: Desk) -> None:
    desk.room.provider.answer = always(Verdict.RETRY)
    assert desk.mails().keys() == {"ada"}, "the provider is left alone then"
    desk.room.provider.answer = accept_all
    desk.say("@ed @flo, when?", WRITER)
    told = desk.whom(after=timedelta(hours=1))
    assert told == dict.fromkeys(("ed", "flo"), "waiting for approval, a comment names you") | (
        dict.fromkeys(("sam", "ada"), "waiting for approval")
    )
    assert desk.mails() == {}


def test_a_mail_whose_outcome_is_unknown_is_not_sent_again(desk: Desk) -> None:
    desk.room.provider.answer = always(Verdict.UNKNOWN)
    assert desk.mails().keys() == {"ed", "flo", "sam", "ada"}
    desk.room.provider.answer = accept_all
    assert desk.mails() == {}


def test_a_mail_that_waited_for_a_day_leaves_its_events_to_the_next(desk: Desk) -> None:
    desk.tick()
    assert desk.whom(after=timedelta(days=1, minutes=1)) == {}
    assert desk.whom().keys() == {"ed", "flo", "sam", "ada"}


def test_what_happened_more_than_a_day_ago_is_no_news(desk: Desk) -> None:
    desk.room.look()
    desk.room.approve(ED)
    assert desk.mails(after=timedelta(days=1, minutes=1)) == {}


def test_an_older_database_tells_nothing_that_may_have_been_told(desk: Desk) -> None:
    desk.tick()
    with desk.room.store.begin() as tx:
        tx.generation.invalidate_copy("older", tx.now)
    assert desk.mails() == {}


def test_notices_are_kept_for_a_month(desk: Desk) -> None:
    desk.mails()
    desk.room.clock.advance(days=32)
    desk.say("Still?")
    desk.tick()
    with desk.room.store.read() as tx:
        assert tx.db.column("SELECT DISTINCT kind FROM notice") == ["new comment"]


@pytest.mark.slow("two hundred statements")
def test_many_changes_are_told_over_several_ticks(desk: Desk) -> None:
    for number in range(205):
        desk.room.write(f"text-{number}")
    desk.tick()
    with desk.room.store.read() as tx:
        assert tx.db.value("SELECT COUNT(DISTINCT slug) FROM notice") == 200
    desk.tick()
    with desk.room.store.read() as tx:
        assert tx.db.value("SELECT COUNT(DISTINCT slug) FROM notice") == 206


def told_after_a_crash(desk: Desk, left: int, *, commits: bool) -> tuple[Counter[str], int]:
    """Work until the crash, and continue in another process.

    Returns the notices of each person, and how many mails are of unknown outcome.
    """
    room = desk.room
    room.look()
    store = watched(room.store, **{"after" if commits else "within": Fuse(left).burn})
    with suppress(PowerCut):
        notify(store=store, rules=room.rules)
        sender = desk.post.transactional_sender(store)
        while sender.post() is not None:
            pass
    with room.store.begin() as tx:
        unknown = tx.emails.abandon(tx.now)
    for _ in range(3):
        desk.mails()
    mails = [one for one in room.provider.batches if one.campaign == "letter_news"]
    assert all("waiting for approval" in one.content.text for one in mails)
    return Counter(one.recipients[0].address for one in mails), unknown


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("left", range(1, 15))
def test_a_crash_loses_no_notice_and_doubles_none(desk: Desk, left: int, commits: bool) -> None:
    told, unknown = told_after_a_crash(desk, left, commits=commits)
    assert max(told.values()) == 1
    # a mail that was being sent may have left: it is unknown, and is not sent again
    assert unknown <= 1
    assert 4 - unknown <= len(told) <= 4
