"""The desk in four languages: complete catalogues, and pages in one language each."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from starlette.requests import Request

from newsletter.domain.delivery.authentication import examine_domain
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import Sentence, joined, say, untranslated, without_commands
from newsletter.rendering.sentences import translate_source
from newsletter.web.desk.page import NOTE_NAMES, Desk
from newsletter.web.desk.request import DeskRequest
from tests.desk import Staffed, desk, words
from tests.marks import MarkedDesk
from tests.rows import rows
from tests.unit.web.desk.work import READERS, send, write
from tests.unit.web.desk.writing import Desk as Writing
from tools.desk_words import BRITISH, ROOT, WORDS, british, in_british, source

LANGUAGES = ("de", "es", "fr")
GAP = re.compile(r"\{[^{}]*\}")


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Staffed]:
    """One statement that was sent, and one that waits for approval."""
    settings: dict[str, Any] = {"approvals": {"author_may_approve": False}}
    with desk(tmp_path_factory.mktemp("desk"), database=migrated, **settings) as found:
        found.site.subscribe(*READERS)
        send(found)
        write(found, slug="settings", title="Settings", body="See the [report](https://bit.ly/1).")
        Writing(found)
        yield found


def test_the_source_has_what_pages_and_code_say() -> None:
    assert (WORDS / "words.pot").read_bytes() == source(), "run make words"
    assert (WORDS / "en-GB.po").read_bytes() == british(), "run make words"


SPELLED = re.compile(r"\w+(?:i[sz]|y[sz])(?:e|ed|es|ing|ations?)|\w+our(?:s|ed|ing|al)?")
SPELLED_ALIKE = {
    *("four", "hour", "hours", "otherwise", "promises", "raised"),
    "size",
    "your",
    "yours",
}
NOT_AMERICAN = {
    *(*BRITISH.values(), "afterwards", "catalogue", "judgement", "labelled", "licence"),
    *("programme", "spelt", "tick", "ticked", "towards", "untick", "whilst"),
}


def test_english_is_american_but_for_its_british_catalogue() -> None:
    for pages in ("desk", "web", ""):
        with (ROOT / "templates" / pages / "words/words.pot").open("rb") as file:
            messages = [message for one in read_po(file) for message in _texts_of(one.id)]
        text = GAP.sub("", " ".join(messages)).lower()
        words = set(re.findall(r"[a-z]+", text))
        assert words & NOT_AMERICAN == set()
        spelled = {one for one in words if SPELLED.fullmatch(one)} - SPELLED_ALIKE
        assert spelled - BRITISH.keys() == set(), "add its British spelling to tools/desk_words.py"
        assert pages == "desk" or [one for one in messages if in_british(one) != one] == []


def _texts_of(message: str | tuple[str, str]) -> Sequence[str]:
    return (message,) if isinstance(message, str) else message


def test_in_british_english_alone_the_spelling_differs(staffed: Staffed) -> None:
    languages = Desk(staffed.site.services.staff).languages
    at = staffed.site.clock.now()
    for sentence, said in (
        (say("the campaign was canceled"), "the campaign was cancelled"),
        (say("canceled by {who}", who="A. Gray, center"), "cancelled by A. Gray, center"),
        (say("1 person", "{count:,} people", count=4213), "4,213 people"),
        (say("{at:%A}, {at.day} {at:%B}", at=at), "Tuesday, 24 November"),
    ):
        assert languages["en-GB"].say(sentence) == said
    dan = staffed.as_("dan")
    assert lang(staffed, "/calendar", **{"Accept-Language": "en-GB,en;q=0.9"}) == "en-GB"
    assert lang(staffed, "/calendar", **{"Accept-Language": "en-AU,en-GB;q=0.9"}) == "en"
    assert dan.post("/account/language", {"language": "en-GB"}).status == 303
    assert "The organisation's color" not in words(dan.get("/settings"))
    assert "The organisation's colour" in words(dan.get("/settings"))
    assert dan.post("/account/language", {"language": ""}).status == 303


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_lacks_no_message(language: str) -> None:
    with (WORDS / f"{language}.po").open("rb") as file:
        found = {message.id: message for message in read_po(file) if message.id}
    with (WORDS / "words.pot").open("rb") as file:
        wanted = [message.id for message in read_po(file) if message.id]
    assert sorted(map(str, found)) == sorted(map(str, wanted)), "run make words"
    for message in found.values():
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        missing = f"translate {message.id!r} in templates/desk/words/{language}.po, without fuzzy"
        assert all(said), missing
        assert not message.fuzzy, missing
        # French has spaces of its own before signs, at which no line breaks
        assert language != "fr" or not re.search("« | [:;?!»]", " ".join(said)), message.id
        assert set(GAP.findall(" ".join(said))) == set(GAP.findall(" ".join(english))), message.id


@rows(
    ["template", "german"],
    [
        ("<p>Sent</p>", "<p>‹Sent›</p>"),
        (
            "<p>{{ n | number }} of {{ all }} sent</p>",
            "<p>‹{{ n | number }} of {{ all }} sent›</p>",
        ),
        ('<a title="More" href="/More">', '<a title="‹More›" href="/More">'),
        ('<a{% if x %} class="y"{% endif %}>In <b>two</b></a>', None),
        ('{{ f("Take back", kind="main") }}', '{{ f("‹Take back›", kind="main") }}'),
        ('{% if x == "Pause" %}{{ say("a {x}", x=1) }}{% endif %}', None),
        ('<p>{{ parts.icon("send") }}Send &amp; wait</p>', None),
    ],
)
def test_the_visible_words_of_a_template_are_messages(template: str, german: str | None) -> None:
    expected = (
        german
        or {
            "<a{": '<a{% if x %} class="y"{% endif %}>‹In› <b>‹two›</b></a>',
            "{% ": template,
            "<p>": '<p>{{ parts.icon("send") }}‹Send &amp; wait›</p>',
        }[template[:3]]
    )
    assert translate_source(template, lambda message: f"‹{message}›") == expected


def test_a_language_writes_numbers_days_and_plurals_in_its_own_way(staffed: Staffed) -> None:
    german = Desk(staffed.site.services.staff).languages["de"]
    at = staffed.site.clock.now()
    assert german.in_words(say("{number:,}", number=4213)) == "4.213"
    assert german.in_words(say("1 person", "{count:,} people", count=4213)) == "4.213 Personen"
    assert german.in_words(say("1 person", "{count:,} people", count=1)) == "1 Person"
    assert german.in_words(say("{at:%A}, {at.day} {at:%B}", at=at)) == "Dienstag, 24. November"
    assert german.in_words(say("nobody translated {it}", it="this")) == "nobody translated this"
    assert german.in_words("Sent") == "Sent", "words of people are not translated"


def test_the_rule_of_a_segment_and_the_names_of_themes_are_translated(staffed: Staffed) -> None:
    german = Desk(staffed.site.services.staff).languages["de"]
    segment = Segment(
        name="south", list="press", language=("en", "es"), beat=("water",), timezone="UTC"
    )
    assert german.say(segment.rule) == 'in press; Sprache en oder es; Themen "water"'
    assert german.say(str(segment)) == f"south: {german.say(segment.rule)}"
    look = staffed.as_("dan").get("/settings/look", headers={"Accept-Language": "de"})
    assert ">Mitteilung</option>" in look.text


COMMENTS, LOOK = "/statements/settings/comments", "/settings/look"


@rows(
    ["name", "path", "typed"],
    [
        ("ana", COMMENTS, {"comment": ""}),
        ("ana", COMMENTS, {"comment": "x" * 2001}),
        ("dan", "/staff/invitations", {"email": "nobody", "role": "writer"}),
        ("dan", "/staff/invitations", {"email": "ben@forum.example", "role": "writer"}),
        ("dan", "/staff/invitations", {"email": "ben+1@forum.example", "role": "writer"}),
        ("dan", "/staff/invitations", {"email": "z@forum.example", "role": "king"}),
        ("dan", "/staff/nobody/reset", {}),
        ("dan", LOOK, {"language": "${PATH}"}),
        ("dan", LOOK, {"brand.color": "red", "sender.reply_to": "a b"}),
        ("cleo", "/statements/settings/review", {"digest": "DIGEST"}),
    ],
)
def test_every_word_of_a_fault_goes_through_the_catalogue(
    staffed: Staffed, name: str, path: str, typed: dict[str, str]
) -> None:
    with staffed.site.services.store.read() as tx:
        stored = tx.statements.get("settings")
    assert stored is not None
    fields = {name: text.replace("DIGEST", stored.content_hash) for name, text in typed.items()}
    in_marks = Staffed(site=replace(staffed.site))
    in_marks.site.pages = MarkedDesk(staffed.site.services)
    assert in_marks.as_(name, fresh=True).post(path, fields).status in {409, 422}
    own = {word for text in fields.values() for word in re.findall(r"\w+", text)}
    left = {one.rpartition(": ")[2] for one in in_marks.site.pages.take()}
    assert left - own == set()


def test_each_fault_of_a_document_is_told_in_each_language(staffed: Staffed) -> None:
    languages = Desk(staffed.site.services.staff).languages
    with (WORDS / "words.pot").open("rb") as file:
        patterns = [
            str(one.id)
            for one in read_po(file)
            if any(place.startswith("newsletter/documents/") for place, _ in one.locations)
        ]
    assert len(patterns) > 40
    for pattern in patterns:
        # a sandbox and a row of the database return the text alone
        fault = untranslated(GAP.sub("7", pattern))
        for code in LANGUAGES:
            told = languages[code].recognize(fault)
            assert getattr(told, "pattern", "") == pattern
    lost = "a picture that was not kept: it is no PNG, JPEG or GIF; save it as PNG or JPEG and"
    why = languages["de"].say(languages["de"].recognize(f"{lost} choose that", NOTE_NAMES))
    assert why.startswith("ein Bild, das nicht übernommen wurde: kein PNG, JPEG oder GIF; ")
    note = "The date 2026-12-03 is from “Berlin, 3.12.2026” in its dateline."
    for code, day in (("de", "3. Dezember 2026"), ("es", "3 de diciembre de 2026")):
        assert day in languages[code].say(languages[code].recognize(note, NOTE_NAMES))
    assert "„Berlin, 3.12.2026“" in languages["de"].say(languages["de"].recognize(note, NOTE_NAMES))


def test_the_settings_are_explained_in_the_language_of_the_desk(staffed: Staffed) -> None:
    page = words(staffed.as_("dan").get("/settings", headers={"Accept-Language": "de"}))
    assert "Die Postanschrift, in einer Zeile. " in page
    with (WORDS / "words.pot").open("rb") as file:
        explained = [
            str(one.id)
            for one in read_po(file)
            if any("config/settings" in place for place, _ in one.locations)
        ]
    english = [one for one in explained if len(one) > 20 and one in page]
    assert english == [], "translate them in templates/desk/words/"


@rows(
    ["field", "value", "said"],
    [
        ("organisation.name", "", "Name: fehlt; schreiben Sie zum Beispiel name: "),
        ("organisation.website", "forum", "Website: „forum“ ist keine Webadresse;"),
        ("sender.reply_to", "press", "Adresse für Antworten: „press“ ist keine Adresse wie"),
        ("brand.color", "red", "Farbe: „red“ ist keine Farbe, die jedes Mailprogramm kennt;"),
        ("language", "xx_", "Sprache der Mitteilungen: „xx_“ ist kein Sprachkürzel;"),
    ],
)
def test_a_fault_of_a_setting_is_told_in_the_language_of_the_desk(
    staffed: Staffed, field: str, value: str, said: str
) -> None:
    german = {"Accept-Language": "de"}
    answer = staffed.as_("dan", fresh=True).post("/settings/look", {field: value}, headers=german)
    assert answer.status == 422
    assert '<html lang="de"' in answer.text
    assert said in words(answer)


def test_a_refusal_is_told_in_the_language_of_the_desk(staffed: Staffed) -> None:
    answer = staffed.as_("ana").get("/drafts/none", headers={"Accept-Language": "de"})
    assert answer.status == 404
    assert "Diesen Text gibt es in der Redaktion nicht" in words(answer)


@rows(
    ["name", "path", "fields", "said"],
    [
        (
            "cleo",
            "/campaigns/1/pause",
            {},
            "Das ist nicht geschehen. Die Kampagne 1 (hours) hat den Stand „versendet“. Um"
            " sie anzuhalten, muss der Stand „braucht Aufmerksamkeit oder geplant oder wird",
        ),
        ("cleo", "/statements/settings/start", {"when": "now"}, "0 von 1 Freigaben"),
        ("cleo", "/statements/settings/undo", {}, "Cleo hat an settings nichts mehr"),
        (
            "dan",
            "/readers/move",
            {"email": READERS[0], "new": READERS[1]},
            f"{READERS[1]} gehört einer anderen Person mit Abonnement.",
        ),
    ],
)
def test_a_refused_act_is_told_in_the_language_of_the_desk(
    staffed: Staffed, name: str, path: str, fields: dict[str, str], said: str
) -> None:
    german = {"Accept-Language": "de"}
    answer = staffed.as_(name, fresh=True).post(path, fields, headers=german)
    assert answer.status in {409, 422}
    assert '<html lang="de"' in answer.text
    assert said in words(answer)


# modules whose refusals only commands show, or pages for subscribers in words of their own
COMMANDS_ONLY = {"join.py", "mime.py", "preferences.py"}


def unsaid(module: Path) -> Iterator[str]:
    """Yield each refusal whose message is no Sentence, so that no catalogue can translate it."""
    tree = ast.parse(module.read_text())
    of_provider = module.is_relative_to(ROOT / "newsletter/providers")
    refusals = {"NotFound", "Outdated", "Refused", "Unproven", "ValueError"}
    named = {
        (function.name, one.targets[0].id): one.value
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for one in ast.walk(function)
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    calls = [
        (getattr(function, "name", ""), node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Module)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    ]
    for place, node in calls:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        kinds: tuple[type, ...] = (ast.JoinedStr, ast.Constant)
        said: list[ast.expr] = []
        if of_provider and name != "failed":
            continue  # of what a provider's modules say, the desk shows what doctor found
        if name == "Fault":
            said = [one.value for one in node.keywords if one.arg == "message"]
        elif name in refusals:
            said = node.args[:1]
        elif name in {"failed", "fault", "unusable"}:  # they say the patterns that they are given
            kinds, said = (ast.JoinedStr,), node.args[1:]
        yield from (
            f"{module.name}:{node.lineno}: {ast.unparse(one)}"
            for one in said
            if isinstance(named.get((place, getattr(one, "id", "")), one), kinds)
        )


def test_the_message_of_each_refusal_is_one_that_catalogues_have() -> None:
    places = (
        *("pipeline", "subscriber_files", "web/desk", "domain", "config", "formats", "providers"),
        *("documents", "rendering/markdown", "rendering/checks"),
    )
    found_at = {place: [*(ROOT / "newsletter" / place).rglob("*.py")] for place in places}
    assert all(found_at.values()), "a place has moved"
    modules = [
        module
        for of_place in found_at.values()
        for module in of_place
        if module.name not in COMMANDS_ONLY
    ]
    modules += [ROOT / "newsletter/credentials/identity_provider.py"]
    modules += [ROOT / "newsletter/sources/statements.py", ROOT / "newsletter/domain/typed_time.py"]
    found = [one for module in modules for one in unsaid(module)]
    # without a workspace there is no desk
    assert [one for one in found if "newsletter init" not in one] == []


def test_a_failing_check_is_told_in_the_language_of_the_desk(
    staffed: Staffed,
) -> None:
    services, german = staffed.site.services, {"Accept-Language": "de"}
    records = {"forum.example": ["v=spf1 ~all", "v=spf1 -all"]}
    finding = next(examine_domain("forum.example", (), lambda name: records.get(name, [])))
    with services.store.begin() as tx:
        tx.failing_checks.store_failing({"SPF": joined([finding.detail, finding.advice])}, tx.now)
    page = words(staffed.as_("dan").get("/channels", headers=german))
    assert "forum.example hat 2 Einträge; Fassen Sie alles in einem Eintrag zusammen" in page
    with services.store.begin() as tx:
        tx.failing_checks.store_failing({}, tx.now)


def lang(staffed: Staffed, path: str, name: str = "dan", **headers: str) -> str:
    answer = staffed.as_(name, fresh=True).get(path, headers=headers)
    [found] = re.findall(r'<html lang="([\w-]+)"', answer.text)
    assert answer.headers["content-language"] == found
    return found


@pytest.mark.slow("the pages of two more languages are made")
def test_a_page_is_in_the_language_that_its_reader_chose_or_their_browser_asks_for(
    staffed: Staffed,
) -> None:
    french = {"Accept-Language": "nl, fr-CA;q=0.9, en;q=0.5"}
    assert lang(staffed, "/calendar") == "en"
    with staffed.site.services.store.read() as tx:
        text = tx.board.list_unsubmitted(limit=1)[0].key
    assert lang(staffed, f"/drafts/{text}/edit", "ana", **french) == "fr", "not the text's"
    assert lang(staffed, "/readers/form", **french) == "fr", "not the form's"
    assert lang(staffed, "/calendar", **french) == "fr"
    assert staffed.as_("dan").post("/account/language", {"language": "de"}).status == 303
    assert lang(staffed, "/calendar", **french) == "de"
    assert lang(staffed, "/calendar", "ben", **french) == "fr", "it is his own choice"
    staffed.as_("dan").post("/account/language", {"language": "tlh"})
    assert lang(staffed, "/calendar", **french) == "fr", "one that there is not is the browser's"


def test_a_fault_of_a_form_is_told_in_the_language_of_the_desk(staffed: Staffed) -> None:
    dan = staffed.as_("dan", fresh=True)
    wrong = {"email": "no address", "list": "press", "agreed": "by phone"}
    answer = dan.post("/readers/new", wrong, headers={"Accept-Language": "de"})
    assert answer.status == 422
    assert "„no address“ enthält ein Leerzeichen, das in keiner Adresse stehen darf" in words(
        answer
    )
    answer = dan.post("/account/password", {}, headers={"Accept-Language": "de"})
    assert "Das ist nicht Ihr Passwort." in words(answer)


def test_a_fault_without_a_translation_makes_the_page_english(staffed: Staffed) -> None:
    http = Request({"type": "http", "headers": [(b"accept-language", b"de")]})
    request = DeskRequest(http=http, desk=Desk(staffed.site.services.staff), member=None)
    assert request.language([say("Sent"), say("Stop")]).code == "de"
    assert request.language([say("Sent"), "what nobody translated"]).code == "en"


BAD_FILES = ROOT / "tests/acceptance"


@rows("case", sorted((BAD_FILES / "bad_subscribers").glob("*.txt")))
def test_each_fault_of_a_file_is_told_in_each_language(staffed: Staffed, case: Path) -> None:
    languages = Desk(staffed.site.services.staff).languages
    for line in case.read_text().splitlines():
        fault = re.sub(r"^[\w.-]+\.(?:yaml|csv)(?::\d+)*(?: [\w.?-]+)?: ", "", line)
        for code in LANGUAGES:
            told = languages[code].recognize(without_commands(fault))
            assert isinstance(told, Sentence), (fault, code)
            assert not re.search(r"\b(?:the|is|has|write|keep|take)\b", languages[code].say(told))


def test_a_title_that_is_a_word_of_the_desk_stays_as_its_writer_wrote_it(staffed: Staffed) -> None:
    page = words(staffed.as_("ben").get("/statements", headers={"Accept-Language": "de"}))
    assert " Settings Press releases In Prüfung" in page
