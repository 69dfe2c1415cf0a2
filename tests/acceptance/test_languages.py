"""One statement in three languages, by the command line alone: each reader gets one, once."""

from collections import Counter

from tests.acceptance.mails import read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace

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
            f"hours-{language}", f"{title}.", title=title, language=language, translation_of="hours"
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
