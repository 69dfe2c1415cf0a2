"""Several people, or one impatient person, act at the same moment, in threads of their own."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.statements.draft import DraftText
from newsletter.pipeline.ledger import find_draft
from tests.desk import OURS, Signed, address_of
from tests.pages import kept_after
from tests.unit.web.desk.deciding import SLUG, Room, form_of, room

HERE = f"/desk/statements/{SLUG}"
AT_ONCE = 8


kept = kept_after(room)


def together(*acts: Callable[[], object]) -> None:
    """Do all of it at the same moment."""
    ready = threading.Barrier(len(acts))
    failures: list[BaseException] = []

    def act(deed: Callable[[], object]) -> None:
        ready.wait(timeout=60)
        try:
            deed()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=act, args=(deed,)) for deed in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures


def pressed(at: Room, who: Signed, action: str, page: str, times: int = AT_ONCE) -> list[int]:
    """The statuses of one form sent so many times at once, as by a nervous finger."""
    form = form_of(who.get(page), action)
    headers = {
        "Cookie": f"__Host-desk={who.cookie}",
        "Content-Type": "application/x-www-form-urlencoded",
        **OURS,
    }
    body = urlencode(form).encode()
    asked = [("POST", action)] * times
    return sorted(one.status for one in at.site.ask_all(asked, body=body, headers=headers))


def test_one_start_pressed_many_times_is_one_go_and_one_line(at: Room) -> None:
    at.approve()
    statuses = pressed(at, at.as_("cleo"), f"{HERE}/start", f"/statements/{SLUG}/start")
    assert statuses == [303] + [409] * (AT_ONCE - 1)
    assert len(at.starts) == 1
    assert at.deeds().count((address_of("cleo"), "start")) == 1
    at.begin()
    at.hand_over()
    assert at.campaigns == 1
    assert len(at.site.mails) == 12


def test_pictures_that_are_placed_at_once_are_all_in_the_text(at: Room) -> None:
    writing = at.services.statements.writer(address_of("ana"))
    key, lines = writing.new(DraftText(title="Hours", body="At ten.")).key, range(AT_ONCE)
    together(*(partial(writing.append, key, f"![{number}](…)") for number in lines))
    with at.services.store.read() as tx:
        text = find_draft(tx, key).version.text
    assert sorted(text.body.split()[2:]) == [f"![{number}](…)" for number in lines]


def test_one_approval_pressed_many_times_is_one(at: Room) -> None:
    statuses = pressed(at, at.as_("ben"), f"{HERE}/review", f"/statements/{SLUG}/review")
    assert statuses == [303] * AT_ONCE
    assert len(at.approvals) == 1
    assert at.deeds().count((address_of("ben"), "approve")) == 1


def test_two_who_approve_at_once_are_two_approvals_and_one_campaign(
    tmp_path: Path, migrated: Path
) -> None:
    with room(tmp_path, migrated, schedule={"start": "approval"}, approvals={"required": 2}) as at:
        people = [at.as_("ben"), at.as_("dan")]
        forms = [form_of(one.get(f"/statements/{SLUG}/review"), f"{HERE}/review") for one in people]
        together(
            *(
                lambda who=who, form=form: who.post(f"/statements/{SLUG}/review", form)  # type: ignore[misc]
                for who, form in zip(people, forms, strict=True)
            ),
            at.services.tick.run,
        )
        assert {yes.by for yes in at.approvals} == {address_of("ben"), address_of("dan")}
        at.begin()
        at.hand_over()
        assert at.campaigns == 1
        assert len(at.site.mails) == 12


def test_an_approval_while_the_text_changes_is_for_what_was_read_or_for_nothing(at: Room) -> None:
    ben = at.as_("ben")
    seen = at.content_hash
    form = form_of(ben.get(f"/statements/{SLUG}/review"), f"{HERE}/review")
    answers: list[int] = []
    together(
        lambda: answers.append(ben.post(f"/statements/{SLUG}/review", form).status),
        lambda: at.write("The library opens at eight."),
    )
    assert at.content_hash != seen
    assert [yes.content_hash for yes in at.approvals] == ([seen] if answers == [303] else [])
    cleo = at.as_("cleo")
    assert cleo.post(
        f"/statements/{SLUG}/start", {"digest": at.content_hash, "shown": "12", "when": "now"}
    ).status in {409, 422}
    at.begin()
    at.hand_over()
    assert at.site.mails == []


def test_a_pause_and_a_cancellation_at_once_leave_the_books_in_balance(at: Room) -> None:
    at.approve()
    cleo = at.as_("cleo")
    at.start()
    at.begin()
    number = at.campaign.id
    together(
        lambda: cleo.post(f"/campaigns/{number}/pause"),
        lambda: cleo.post(f"/campaigns/{number}/cancel"),
        at.hand_over,
    )
    counts = at.campaign.counts
    assert counts.audience == 12
    assert counts.accepted == len(at.site.mails)
    assert at.campaign.state in {CampaignState.CANCELLED, CampaignState.SENT}
