"""A correction goes to exactly those who may have the original; who waited gets it alone."""

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.mails import LINK, check_the_mail, read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, readers

HUNDRED = readers(100)


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
