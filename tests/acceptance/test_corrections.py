"""A correction goes to exactly those who may have the original; who waited gets it alone."""

import threading
from collections import Counter
from collections.abc import Iterable

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.mails import LINK, check_the_mail, read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, readers, wait_until
from tests.servers import Delivered

HUNDRED = readers(100)


def subjects(delivered: Iterable[Delivered]) -> Counter[tuple[str, str]]:
    return Counter((message.to, message.one("Subject")) for message in delivered)


def test_a_correction_reaches_exactly_those_who_were_sent_the_original(
    bare: Workspace, mailgun: PacedMailgun
) -> None:
    before, refused, left, barred, forgotten = HUNDRED[:5]
    bare.use_mailgun(mailgun.url)
    mailgun.refuses = {refused}
    bare.subscribe(HUNDRED)
    bare.hire()
    bare.do("subscribers", "suppress", before)
    bare.write("hours", "The library opens at eight.")
    bare.approve("hours")
    bare.do("run", "--until-idle", code=5)
    assert mailgun.counted() == dict.fromkeys({*HUNDRED} - {before, refused}, 1)

    [theirs] = [message for message in mailgun.delivered if message.to == left]
    site = Site(bare)
    assert site.ask("POST", LINK.findall(theirs.text)[0]).status_code == 200
    site.close()
    bare.do("subscribers", "suppress", barred)
    bare.do("subscribers", "forget", "--yes", forgotten)
    bare.subscribe(["late@example.org"])
    bare.configure(provider={"kind": "outbox"})
    bare.write("right", "The library opens at nine.", corrects="hours")

    dry = bare.do("send", "right", "--dry-run", "--json").json()
    assert (dry["audience"], dry["corrects"], dry["ends"]) == (96, "hours", [])
    assert [(row["address"], row["reason"]) for row in dry["excluded"]] == [
        (refused, "was never sent the original: rejected"),
        (barred, "manual"),
        ("(erased)", "erased"),
    ]
    assert "corrects:      hours" in bare.do("statement", "show", "right").stdout
    bare.approve("right")
    bare.do("run", "--until-idle")

    mails = [read_mail(path) for path in bare.outbox]
    expected = sorted({*HUNDRED} - {before, refused, barred, forgotten})
    assert sorted(str(mail["To"]) for mail in mails) == expected == sorted(dry["addresses"])
    assert left in expected
    assert len({check_the_mail(mail) for mail in mails}) == 96
    report = bare.report("right")
    assert (report["state"], report["accepted"], report["corrects"]) == ("sent", 96, "hours")
    assert "corrects hours" in bare.do("report", "right").stdout
    assert bare.report("hours")["state"] == "sent"


def test_in_the_middle_of_the_original_everybody_gets_both_or_the_correction_alone(
    workspace: Workspace, mailgun: PacedMailgun
) -> None:
    people = readers(200)
    workspace.use_mailgun(mailgun.url, batch_size=10, concurrency=2)
    workspace.subscribe(people)
    workspace.write("hours", title="Wrong")
    workspace.approve("hours")
    mailgun.gate = threading.Event()
    running = workspace.start("run", "--until-idle")
    wait_until(lambda: len(mailgun.taken) == 2, describe=running.said)

    workspace.write("right", title="Right", corrects="hours")
    assert "right would end hours" in workspace.do("send", "right", "--dry-run").stdout
    workspace.approve("right")
    wait_until(lambda: workspace.report("hours")["state"] == "cancelled", describe=running.said)
    mailgun.gate.set()

    assert running.finish().code == 0
    had = subjects(mailgun.delivered)
    assert sum(had[address, "Wrong"] for address in people) == 20
    assert {had[address, "Wrong"] for address in people} == {0, 1}
    assert {had[address, "Right"] for address in people} == {1}
    original, correction = workspace.report("hours"), workspace.report("right")
    assert (original["accepted"], original["cancelled"]) == (20, 180)
    assert original["reason"] == "corrected by right"
    assert (correction["state"], correction["accepted"]) == ("sent", 200)
    assert "ended by its correction right" in workspace.approve("hours", code=4).stderr


def test_a_correction_of_what_nobody_was_sent_waits_and_says_why(workspace: Workspace) -> None:
    workspace.write("right", corrects="hours")
    workspace.approve("right")
    held = workspace.do("run", "--until-idle", code=4)
    why = "it corrects hours, and there is no statement of that name"
    assert why in held.stderr
    assert why in workspace.do("send", "right", "--dry-run").stdout
    assert workspace.do("campaign", "list", "--json").json() == []
