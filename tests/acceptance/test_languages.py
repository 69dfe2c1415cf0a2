"""One statement in three languages, by the command line alone: each reader gets one, once."""

import re
from collections import Counter

from tests.acceptance.mails import read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import EDITOR, Workspace

READERS = {"en": 11, "es": 9, "es-MX": 5, "fr": 8, "": 7}


def people(workspace: Workspace) -> dict[str, str]:
    """Forty readers; address → language."""
    found: dict[str, str] = {}
    for language, count in READERS.items():
        for _ in range(count):
            found[f"reader{len(found):02}@example.org"] = language
    path = workspace.folder / "readers.csv"
    rows = "".join(f"{address},press,{language}\n" for address, language in found.items())
    path.write_text(f"email,lists,language\n{rows}", "utf-8")
    workspace.do("subscribers", "import", str(path))
    return found


def compose(workspace: Workspace) -> None:
    workspace.hire()
    workspace.write("hours", "The library opens at nine.", title="Opens at nine")
    for language, title in (("es", "Abre a las nueve"), ("fr", "Ouvre à neuf heures")):
        workspace.write(
            f"hours-{language}",
            f"{title}.",
            title=title,
            language=language,
            translation_of="hours",
        )


def outcome(workspace: Workspace) -> Counter[tuple[str, str]]:
    """(address, subject) → how often the outbox has it."""
    mails = [read_mail(path) for path in workspace.outbox]
    return Counter((str(mail["To"]), str(mail["Subject"])) for mail in mails)


def test_each_of_forty_readers_gets_their_language_once(bare: Workspace) -> None:
    languages = people(bare)
    compose(bare)
    assert "not approved" not in bare.approve("hours-es").stderr
    said = bare.approve("hours").stderr
    assert "hours-fr (fr) is not approved: its readers get hours, should that begin" in said
    bare.do("run", "--until-idle")  # French is not approved yet
    bare.approve("hours-fr")
    late = bare.do("run", "--until-idle", code=5)
    assert "no one on press is left for hours-fr" in late.stderr

    titles = {"es": "Abre a las nueve", "es-MX": "Abre a las nueve"}
    expected = {(one, titles.get(it, "Opens at nine")): 1 for one, it in languages.items()}
    assert outcome(bare) == expected
    assert bare.report("hours")["accepted"] == 26
    assert bare.report("hours-es")["accepted"] == 14
    assert (bare.report("hours-es")["translates"], bare.report("hours")["translates"]) == (
        "hours",
        "",
    )
    site = Site(bare)
    page = site.ask("GET", "/archive/hours-es").text
    other = "https://news.forum.example/archive/hours"
    assert f'<link rel="alternate" hreflang="en" href="{other}">' in page
    assert 'lang="es"' in site.ask("GET", "/").text
    site.close()


def test_who_waits_for_a_cancelled_translation_is_shown_and_reached_by_a_new_yes(
    bare: Workspace,
) -> None:
    people(bare)
    compose(bare)
    bare.do(
        "statement", "schedule", "hours-fr", "--at", "2099-01-01 09:00", "--by", "ed@x.org", code=4
    )
    bare.hire("sender@forum.example", "sender")
    by = ("--by", "sender@forum.example")
    bare.do("statement", "schedule", "hours-fr", "--at", "2099-01-01 09:00", *by)
    for slug in ("hours-fr", "hours", "hours-es"):
        bare.approve(slug)
    bare.do("run", "--until-idle")
    dry = bare.do("send", "hours-fr", "--dry-run").stdout
    assert "hours-fr would go to 8 readers of press" in dry
    assert "14 more on these lists: is in the audience of hours-es" in dry

    cancelled = bare.do("cancel", "hours-fr", *by)
    waiting = "8 readers wait for hours-fr (fr), which is cancelled"
    assert waiting in cancelled.stderr
    assert waiting in bare.do("report", "hours").stdout
    assert waiting in bare.do("statement", "show", "hours").stdout
    assert len(bare.outbox) == 32

    bare.do("statement", "unschedule", "hours-fr", *by)
    bare.approve("hours-fr")
    bare.do("run", "--until-idle")
    assert max(outcome(bare).values()) == 1
    assert len(bare.outbox) == 40
    assert bare.report("hours")["awaited"] == []
    assert "translation_of: hours" in " ".join(
        bare.do("statement", "show", "hours-fr").stdout.split()
    )


def test_together_everybody_gets_all_the_languages_in_one_mail(bare: Workspace) -> None:
    bare.configure(translations="together")
    people(bare)
    compose(bare)
    assert "not approved" not in bare.approve("hours").stderr
    bare.write("hours-fr", "Autre.", title="Autre", language="fr", translation_of="hours")
    translated = bare.approve("hours-fr").stderr
    assert "hours-fr does not go out by itself: it goes out in the mail of hours" in translated
    lapsed = bare.do("run", "--until-idle", code=4)
    assert "the translation hours-fr changed after editor@forum.example approved" in lapsed.stderr
    bare.approve("hours")
    bare.do("run", "--until-idle")

    assert outcome(bare) == {(address, "Opens at nine"): 1 for address, _ in outcome(bare)}
    assert len(bare.outbox) == 40
    mail = read_mail(bare.outbox[0])
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert all(title in text for title in ("Opens at nine", "Abre a las nueve", "Autre"))
    assert [row["statement"] for row in bare.do("campaign", "list", "--json").json()] == ["hours"]


def test_together_what_is_wrong_with_a_translation_is_said_of_the_mail_it_stands_in(
    bare: Workspace,
) -> None:
    bare.configure(translations="together")
    compose(bare)
    bare.write("hours-fr", "{{ nom }}", title="Autre", language="fr", translation_of="hours")
    said = bare.do("statement", "check", "hours", code=3).stderr
    assert re.search(r"statements/hours-fr.md:\d+: blocking merge-mark", said)
    assert "hours-fr.md" in bare.approve("hours", code=4).stderr
    bare.write("hours-fr", "TK", title="Autre", language="fr", translation_of="hours")
    assert "warning placeholder" in bare.do("statement", "check", "hours", code=4).stderr
    assert "warning placeholder" in bare.approve("hours", code=4).stderr
    bare.do("statement", "approve", "hours", "--by", EDITOR, "--despite", "TK is a name")
    bare.do("statement", "check", code=0)


def test_what_cannot_be_a_translation_is_told_with_what_to_write(bare: Workspace) -> None:
    bare.write("hours")
    bare.write("a", language="es", translation_of="ours")
    bare.write("b", language="en", translation_of="hours")
    bare.write("c", language="es", translation_of="hours")
    bare.write("d", language="fr", translation_of="c")
    bare.write("e", language="fr", translation_of="hours", lists=["friends"])
    bare.write("f", language="es", translation_of="hours")
    bare.write("g", language="de", translation_of="hours", corrects="hours")
    said = bare.do("statement", "check", code=3).stderr.splitlines()
    faults = dict(line.partition(".md: blocking fault: ")[::2] for line in said if ".md: " in line)
    starts = {
        "a": "it translates ours, and there is no statement of that name; write the slug of one",
        "b": "it is in en, as is hours, which it translates; write its own language, as in",
        "c": "f is in es and translates hours too; write another language in one of them",
        "d": "it translates c, which is a translation itself; write translation_of: hours",
        "e": "it names other lists than hours, which it translates; write lists: [press]",
        "f": "c is in es and translates hours too; write another language in one of them",
        "g": "it has both translation_of and corrects; take translation_of out",
    }
    found = {place.rpartition("/")[2]: message for place, message in faults.items()}
    assert {slug: found[slug][: len(start)] for slug, start in starts.items()} == starts
