"""Embargoes in imported files: none is missed near the head, and other lines stay."""

import html
from collections.abc import Callable
from datetime import date

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.documents.importing import import_file
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.imported import ImportedDocument
from newsletter.documents.release.waiting import holds
from newsletter.documents.release.words import words
from tests.properties import examples
from tests.rows import rows
from tests.unit.documents.corpus import CORPUS
from tests.unit.documents.word_files import docx, paragraph, run

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council on Housing"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."
MORE = [f"This is sentence number {n} of a statement on homes in the city." for n in range(12)]

TABLES = yaml.safe_load((CORPUS / "embargo.yaml").read_text("utf-8"))
PHRASES = TABLES["phrases"]
ARABIC = TABLES["phrases in arabic"]
WHEN = (
    "5 June 2026, 10:00",
    "Friday 10:00",
    "10 am",
    "2026-06-05",
    "5.6.2026",
    "5 juin",
    "viernes",
)
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower)
AROUND = ("{}", "*** {} ***", "({})", "Note: {}", "{}.", "!! {} !!")
PLACES = ("first", "above the title", "below the title", "below the date", "last")


def placed(line: str, place: str) -> list[str]:
    """The paragraphs of a release, with this line in its place."""
    head = ["Example Forum", TITLE, "May 3, 2024"]
    at = {"first": 0, "above the title": 1, "below the title": 2, "below the date": 3}
    if place in at:
        head.insert(at[place], line)
    return [*head, FIRST, SECOND, *MORE, *([line] if place == "last" else [])]


def as_page(paragraphs: list[str]) -> bytes:
    text = "".join(
        f"<h1>{html.escape(one)}</h1>" if one == TITLE else f"<p>{html.escape(one)}</p>"
        for one in paragraphs
    )
    return f"<html><head><meta charset=utf-8></head><body>{text}</body></html>".encode()


def as_words_page(paragraphs: list[str]) -> bytes:
    text = "".join(f"<p class=MsoNormal>{html.escape(one)}</p>" for one in paragraphs)
    head = '<meta charset=utf-8><meta name=Generator content="Microsoft Word 15">'
    return f"<html><head>{head}</head><body>{text}</body></html>".encode()


def as_google(paragraphs: list[str]) -> bytes:
    text = "".join(
        f'<p class="c1"><span class="c2">{html.escape(one)}</span></p>' for one in paragraphs
    )
    head = "<head><meta charset=utf-8></head>"
    return f'<html>{head}<body class="c0 doc-content">{text}</body></html>'.encode()


def as_markdown(paragraphs: list[str]) -> bytes:
    return "\n\n".join(f"# {one}" if one == TITLE else one for one in paragraphs).encode()


KINDS: dict[str, Callable[[list[str]], bytes]] = {
    "a.txt": lambda paragraphs: "\n\n".join(paragraphs).encode(),
    "b.txt": lambda paragraphs: "\r\n".join(paragraphs).encode("cp1252", "replace"),
    "a.md": as_markdown,
    "a.html": as_page,
    "word.html": as_words_page,
    "google.html": as_google,
    "a.docx": lambda paragraphs: docx(*(paragraph(run(one)) for one in paragraphs)),
}


def imported(paragraphs: list[str], file: str = "a.txt") -> ImportedDocument:
    return import_file(KINDS[file](paragraphs), today=TODAY, file=file)


def test_each_phrase_with_each_time_imposes_an_embargo() -> None:
    spoken = [phrase.format(when) for phrase in PHRASES for when in WHEN]
    lines = [around.format(case(one)) for one in spoken for case in CASES for around in AROUND]

    assert [line for line in lines if not is_embargo(line)] == []


def test_no_phrase_is_passed_over_before_it_is_read() -> None:
    spoken = [phrase.format(when) for phrase in [*PHRASES, *ARABIC] for when in WHEN]

    assert [one for one in spoken if not holds("worth reading", one)] == []


@examples(20)
@given(
    phrase=st.sampled_from(PHRASES),
    when=st.sampled_from(WHEN),
    case=st.sampled_from(CASES),
    around=st.sampled_from(AROUND),
    place=st.sampled_from(PLACES),
    file=st.sampled_from(sorted(KINDS)),
)
def test_no_text_that_names_its_embargo_is_imported_without_saying_so(
    phrase: str, when: str, case: Callable[[str], str], around: str, place: str, file: str
) -> None:
    line = around.format(case(phrase.format(when)))
    assume(file != "b.txt" or "?" not in line.encode("cp1252", "replace").decode("cp1252"))
    document = imported(placed(line, place), file)

    assert document.embargo is not None, (line, place, file)
    assert any("speaks of an embargo: enter" in one for one in document.notes)
    assert document.title == TITLE


@rows("phrase", PHRASES)
def test_each_phrase_is_told_from_a_title(phrase: str) -> None:
    document = imported(placed(phrase.format(WHEN[0]), "first"))

    assert (document.title, document.embargo is None) == (TITLE, False)
    assert "the embargo" in {one.reason for one in document.dropped}


def test_letters_set_wide_end_before_a_figure() -> None:
    document = imported(placed("Note: E M B A R G O 5 juin", "first"))

    assert (document.title, document.embargo is None) == (TITLE, False)


@rows("phrase", ARABIC)
def test_in_arabic_too(phrase: str) -> None:
    title, told = "افتتاح ثلاث مكتبات عامة في شرق المدينة", phrase.format("3 كانون الأول 2026")
    first = "أعلنت الجمعية اليوم افتتاح ثلاث مكتبات عامة في شرق المدينة، تضم 45,000 كتاب."
    for place, head in enumerate([["بيان صحفي", told], [told]]):
        document = import_file(
            "\n\n".join([*head, title, first, first]).encode(), today=TODAY, file="a.txt"
        )
        assert (document.title, document.embargo is None) == (title, False), place


def test_when_an_embargo_ends_is_read_in_arabic() -> None:
    line = "محظور النشر حتى الساعة 9 صباحًا يوم ٣ كانون الأول ٢٠٢٦"
    document = imported(placed(line, "first"))
    assert document.embargo is not None
    assert document.embargo.until == "2026-12-03 09:00"
    elsewhere = imported(placed(f"{line} بتوقيت عمّان", "first"))
    assert elsewhere.embargo is not None
    assert elsewhere.embargo.until == ""


@rows(
    "sentence",
    [
        "Embargo or not, this is for journalists.",
        "The embargo ends when the minister has spoken.",
        "We send you this report under embargo, so that you can prepare: it may be quoted from "
        "Friday on, with the name of the Forum. Interviews can be had before; call the press office"
        " at any hour, and ask for the chair or the director, who both speak English and French.",
    ],
)
def test_near_the_head_a_word_of_it_is_enough(sentence: str) -> None:
    document = imported([TITLE, "May 3, 2024", sentence, FIRST, SECOND, *MORE])

    assert document.embargo is not None


ORDINARY = TABLES["ordinary"]


@rows("line", ORDINARY)
def test_what_speaks_of_no_embargo_on_this_text_is_not_flagged(line: str) -> None:
    for place, file in (("above the title", "a.txt"), ("below the date", "a.html")):
        assert imported(placed(line, place), file).embargo is None, (place, file)


def test_an_embargo_that_is_told_of_deep_in_the_text_is_about_something_else() -> None:
    told = "The files were under embargo until 1994, as the old law had it."
    text = [TITLE, FIRST, SECOND, *MORE[:6], told, *MORE[6:]]

    assert imported(text).embargo is None


def test_a_sentence_on_its_embargo_that_is_broken_over_two_lines_is_seen() -> None:
    wrapped = "Please do not publish or broadcast\nany of this before Friday"

    assert imported([wrapped, TITLE, "May 3, 2024", FIRST, SECOND]).embargo is not None


def test_a_release_for_a_day_to_come_is_held_back() -> None:
    document = imported(placed("FOR RELEASE: December 5, 2026", "first"))

    assert document.embargo is not None


def told(line: str, language: str, place: str) -> tuple[bool, bool]:
    """Return whether the import of a release asks for the end of an embargo, and has its title."""
    arabic = language == "ar"
    title = "افتتاح ثلاث مكتبات عامة في شرق المدينة" if arabic else TITLE
    first = "أعلنت الجمعية اليوم افتتاح ثلاث مكتبات عامة في شرق المدينة، تضم 45,000 كتاب."
    text = [first] * 6 if arabic else [FIRST, SECOND, *MORE]
    paragraphs = {"first": [line, title, *text], "last": [title, *text, line]}[place]
    document = imported(paragraphs)
    return document.embargo is not None, document.title == title


@pytest.mark.slow("250 imports")
@rows("language", ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ar"])
def test_what_is_to_come_is_asked_for_and_what_is_not_is_left_alone(language: str) -> None:
    for place in ("first", "last"):
        for line in TABLES["embargoes"][language]:
            assert told(line, language, place) == (True, True), (line, place)
        for line in TABLES["harmless"][language]:
            assert not told(line, language, place)[0], (line, place)


@pytest.mark.slow("200 imports")
@rows(
    ("group", "missed", "false"),
    [("tuned", 1, 0), ("taught", 0, 0), ("new", 0, 0), ("amid", 0, 0), ("general", 0, 0)],
)
def test_a_line_around_a_text_that_asks_to_wait_is_asked_for_by_its_place(
    group: str, missed: int, false: int
) -> None:
    for file in ("a.txt", "a.html"):
        asked = {
            kind: [release for release in TABLES["releases"][group][kind] if asks(release, file)]
            for kind in ("asks", "silent")
        }
        wanting = set(TABLES["releases"][group]["asks"]) - set(asked["asks"])
        assert len(wanting) <= missed, (file, wanting)
        assert len(asked["silent"]) <= false, (file, asked["silent"])


def asks(release: str, file: str) -> bool:
    """Return whether the import of a release asks for the end of an embargo."""
    body = {"…": [FIRST, SECOND, *MORE]}
    text = [part for line in release.split(" ¶ ") for part in body.get(line, [line])]
    page = [f"<h1>{part[2:]}</h1>" if part.startswith("# ") else f"<p>{part}</p>" for part in text]
    plain = "\n\n".join(part.removeprefix("# ") for part in text)
    data = plain if file == "a.txt" else f"<meta charset=utf-8><body>{''.join(page)}</body>"
    return import_file(data.encode(), today=TODAY, file=file).embargo is not None


@rows(
    "line",
    [
        "The march sets off at 2 pm on Saturday from the town hall.",
        "Registration is open until 27 November.",
        "L'exposition est visible du 28 novembre au 6 décembre.",
        "Ufficio stampa: Carla Neri, 06 1234567, dalle 9 alle 17",
        "تعقد الجلسة المقبلة في 3 ديسمبر 2026 الساعة 10.",
        "The full report will be published on 9 December.",
        "Press conference: Tuesday 1 December, 10:00, Room 9.",
        "Le service de presse répond du lundi au vendredi, de 9 h à 17 h.",
        "Please confirm before Friday whether you can come.",
        "Two of the hostages were released on bail until their hearing on 9 December.",
        "Le trafic reprendra à minuit.",
        "L'atrazine est interdite depuis 2003. La carte des pesticides est en ligne ce vendredi.",
        "W 1400 gminach w niedzielę nie ma autobusu.",
        "Imagens aéreas estarão disponíveis para a imprensa a partir das 15h.",
        "It ended a scheme that kept cars from the school for an hour in the morning.",
        "We ask editors to correct the report that was published on Monday.",  # yesterday
        "Das Papier ging den Redaktionen letzten Freitag zu und darf zitiert werden.",
    ],
)
def test_a_foot_may_name_a_day_to_come(line: str) -> None:
    assert imported(placed(line, "last")).embargo is None


@rows(
    "line",
    [
        "Journalists are asked not to quote from this report before Friday 27 November, 5 a.m.",
        "Se pide a los medios que no citen el informe antes del viernes a las 5.",
        "Pede-se aos jornalistas que não citem o relatório antes de sexta às 5 da manhã.",
        "Wij verzoeken u dit bericht vast te houden tot maandag 30 november.",
        "Radio en tv vanaf morgen 6 uur, kranten vanaf woensdag.",
        "Prosimy nie informować przed niedzielą 6 grudnia.",
        "Nunca antes das 17h de quarta-feira.",
        "Niets hiervan mag vóór vannacht, 24 uur, worden gepubliceerd.",
        "O texto é enviado já e só pode ser usado depois da sessão, no dia 8 de dezembro.",
        "يرجى من وسائل الإعلام عدم تداول هذا البيان قبل المؤتمر الصحفي في 4 ديسمبر.",
    ],
)
def test_a_foot_that_asks_journalists_to_wait_is_an_embargo(line: str) -> None:
    assert imported(placed(line, "last")).embargo is not None


@rows(
    ["line", "asks"],
    [
        ("Hold: 2 December 2026", True),
        ("London: 2 December 2026", True),
        ("2 December 2026", False),
        ("Niet vóór 5-12-2026", True),
        ("Abendausgabe, 2. Dez.", True),
        ("Reeds op 5-10-2026", False),
        ("Wstrzymać do 7 listopada 2027", True),
        ("Trattenere fino al 14.12", True),
        ("Einladung: Mahnwache am Donnerstag, 18 Uhr, Pariser Platz", False),
        ("Aktenzeichen 4.12.2026-B", False),
    ],
)
def test_a_line_above_the_title_asks_unless_it_is_a_date_or_an_occasion(
    line: str, asks: bool
) -> None:
    assert (imported(placed(line, "first")).embargo is not None) is asks


def test_a_subhead_may_name_a_day_to_come_if_it_repeats_words_or_goes_on_behind_it() -> None:
    for line in (
        "Housing council meets again on Friday",
        "What homes need before 2 December",
        "Act in force from 1 January will leave thousands without counsel",
        "Deadline of 4 December must be met",
    ):
        document = imported([TITLE, line, FIRST, SECOND, *MORE])
        assert (document.title, document.embargo) == (TITLE, None)


@rows(
    ("text", "title"),
    [
        (["New Film on Housing to Be Released on 3 March 2027"], None),
        (["Le ministre doit publier le rapport avant jeudi"], None),
        (["Es gilt das gesprochene Wort – Sperrfrist Mittwoch, 16 Uhr", TITLE], TITLE),
        (["Goes live 25 November 2026 08:00 UTC", TITLE], TITLE),
        (["Para los periódicos del domingo 29", TITLE], TITLE),
        (["Material bajo reserva, liberar el 26/11 a las 8 am", TITLE], TITLE),
        (["Nota de prensa n.º 58", TITLE], TITLE),
        (["Nota de prensa para difusión inmediata", TITLE], TITLE),
        (["Mis à jour le 24 novembre 2026 à 15 h 10", TITLE], TITLE),
        (["بيروت، 24 نوفمبر 2026", TITLE], TITLE),
    ],
)
def test_neither_an_embargo_nor_a_label_costs_the_headline(
    text: list[str], title: str | None
) -> None:
    assert imported([*text, FIRST, SECOND, *MORE]).title == (title or text[0])


@rows(
    ["asks", "tells"],
    [
        (
            "It asks the council to publish its figures.",
            "No family may be moved before 1 January 2027.",
        ),
        (
            "Es fordert, die Zahlen zu veröffentlichen.",
            "Bis zum 31. März 2027 darf keine Wohnung geräumt werden.",
        ),
        (
            "Pide publicar las cifras.",
            "Hasta el 31 de marzo de 2027 no se podrá desalojar a ninguna familia.",
        ),
    ],
)
def test_a_time_of_the_story_does_not_answer_the_sentence_beside_it(asks: str, tells: str) -> None:
    assert imported([TITLE, FIRST, f"{asks} {tells}", SECOND]).embargo is None
    request = "Please publish nothing before 1 January 2027."
    assert imported([TITLE, FIRST, f"{asks} {request}", SECOND]).embargo is not None


def test_a_notice_has_at_most_120_characters() -> None:
    notice = "Goes live on 25 November 2026 08:00 UTC"

    assert holds("notice", notice.replace("live", "live".ljust(85, "x")))
    assert not holds("notice", notice.replace("live", "live".ljust(86, "x")))


def test_a_programme_names_hours_and_is_no_embargo() -> None:
    hours = ["9:00 Coffee and papers", "10:00 Report of the chair", "12:30 Lunch"]

    assert imported([TITLE, *hours, FIRST, SECOND]).embargo is None


@rows(
    ("text", "asks"),
    [
        (["Report on homes appears on 14 December", "We show it in Leeds on that day."], False),
        (["Arms embargo must stay", "The current embargo ends on 12 December."], False),
        (["Arms embargo must stay", "Embargo: 2 December, 10:00", "It ends too soon."], True),
        (["We leave the council", "It did nothing.", "Please use this from Friday on only."], True),
    ],
)
def test_a_text_of_short_sentences_has_its_title_and_its_embargo(
    text: list[str], asks: bool
) -> None:
    document = imported([*text, "We are the Forum for homes."])
    assert (document.title, document.embargo is not None) == (text[0], asks)


def test_sentences_on_a_line_each_are_one_paragraph_and_no_notices() -> None:
    lines = [
        "Les rendez-vous seront libérés mercredi à 8 heures.",
        "Il est inutile d'appeler avant.",
        "Les plus de 65 ans sont prioritaires.",
    ]
    notice = "Merci de ne rien publier avant mercredi à 8 heures."
    asked = [
        imported([TITLE, "\n".join(body), "Forum for homes"]).embargo
        for body in (["Le centre ouvre.", *lines], [*lines, notice])
    ]
    assert asked[0] is None
    assert asked[1] is not None
    assert asked[1].notes[0].startswith("Line 6 ")


@rows(
    ["line", "asks"],
    [
        ("Embargo until 22 November 2025, 00.01", True),  # the year may be wrong
        ("EMBARGO: 00.01 Sunday 22 November 2026", False),
        ("Embargo until Sunday 22 November, 00.01", False),
        ("Under embargo. Issued on 20 November 2026", True),
        ("Embargo until the speech (version of 20 November 2026)", True),
        ("Embargo levantado ayer a las 20 h", False),
        ("Vencido el embargo, este texto puede usarse libremente", False),
        ("Update: Text nach Ablauf der Sperrfrist freigegeben", False),
        ("Text wird nach Ablauf der Sperrfrist frei", True),
        ("L'embargo sera levé vendredi à 8 h", True),
    ],
)
def test_an_embargo_that_has_ended_is_none(line: str, asks: bool) -> None:
    assert (imported(placed(line, "first")).embargo is not None) is asks


def test_below_a_greeting_a_time_to_come_asks_and_an_invitation_does_not() -> None:
    label, more = "Press release", [FIRST, SECOND, *MORE]
    for note, asks in (
        ("Segue o material. Podem não o pôr no site até quinta-feira ao meio-dia?", True),
        ("You are warmly invited to the launch on Thursday at 7 pm.", False),
    ):
        document = imported([f"Boa tarde,\n{note}", label, TITLE, *more])
        assert (document.embargo is not None) is asks


def test_a_title_asks_only_if_a_mark_sets_off_its_time() -> None:
    for title, asks in (
        ("Release of All Hostages Before Friday", False),
        ("Statement on the January 6 Flood", False),
        ("Council Will Publish Its Report at 10 am on Friday", False),
        ("Friday, 10 am: Council Will Publish Its Report", True),
    ):
        document = imported([title, "May 3, 2024", FIRST, SECOND, *MORE])
        assert (document.title, document.embargo is not None) == (title, asks)


def test_each_fact_in_a_row_of_requests_is_told_by_a_table_or_by_one_of_these_places() -> None:
    rows_of_facts = [row for table in words("facts of rows") for row in words(table)]
    facts = {fact.lstrip("!") for row in rows_of_facts for fact in row.split(", ")}
    by_place = {one for one in facts if holds(one, "", TODAY, frozenset({one}))}
    by_place -= {one for one in facts if holds(one, "", TODAY)}

    beside = {"above", "first", "joined", "speech", "occasion"}
    assert by_place == beside | {"amid", "apart", "last", "edge", "cover"}


@rows(
    "line",
    [
        f"EMBARGOED: {TITLE}",
        f"[EMBARGOED] {TITLE}",
        f"EMBARGOED UNTIL 5 JUNE 2026 – {TITLE}",
        f"{TITLE} (embargoed until Friday)",
        f"{TITLE} – EMBARGOED",
    ],
)
def test_a_headline_on_the_line_of_the_embargo_is_the_title_without_it(line: str) -> None:
    text = f"{line}\n\nMay 3, 2024\n\n{FIRST}\n\n{SECOND}"
    page = (
        f"<html><head><title>{line}</title></head><body><p>{FIRST}</p><p>{SECOND}</p></body></html>"
    )
    for data, file in ((text, "a.txt"), (f"# {text}", "a.md"), (page, "a.html")):
        document = import_file(data.encode(), today=TODAY, file=file)
        assert document.title == TITLE, file
        assert document.embargo is not None, file


LINE = "Embargoed until 10:00 GMT on 5 June 2026"
UNTIL = "2026-06-05 10:00+00:00"


@rows(
    ("head", "body"),
    [
        (f"<title>{LINE}</title>", ""),
        (f'<meta name=description content="{LINE}">', ""),
        (f'<meta property="og:title" content="{LINE}">', ""),
        ("", f"<header><div>{LINE}</div></header>"),
        ("", f"<aside>{LINE}</aside>"),
        ("", f"<div style='display:none'>{LINE}</div>"),
        ("", f"<img src=a.png alt='{LINE}'>"),
        ("", "<div class=banner>" + "Menu and more of it. " * 6 + f"<p>{LINE}</p></div>"),
    ],
)
def test_on_a_page_it_is_seen_wherever_it_stands(head: str, body: str) -> None:
    text = f"<article><h1>{TITLE}</h1><p>{FIRST}</p><p>{SECOND}</p></article>"
    page = f"<html><head><meta charset=utf-8>{head}</head><body>{body}{text}</body></html>"
    document = import_file(page.encode(), today=TODAY, file="a.html")

    assert document.embargo is not None
    assert (document.title, document.embargo.until) == (TITLE, UNTIL)


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@rows("where", ["header", "box", "watermark", "comment", "properties"])
def test_in_a_word_file_it_is_seen_wherever_it_stands(where: str) -> None:
    box = f"<w:r><w:drawing><w:txbxContent>{paragraph(run(LINE))}</w:txbxContent></w:drawing></w:r>"
    mark = (
        f'<w:hdr {_W} xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="{LINE}"/></w:hdr>'
    )
    note = f"<w:comments {_W}><w:comment w:id='1'>{paragraph(run(LINE))}</w:comment></w:comments>"
    properties = f'<c:p xmlns:c="urn:c"><c:subject>{LINE}</c:subject></c:p>'
    extra = {
        "watermark": {"word/header2.xml": mark.encode()},
        "comment": {"word/comments.xml": note.encode()},
        "properties": {"docProps/core.xml": properties.encode()},
    }
    data = docx(
        paragraph(run(TITLE), style="Title"),
        paragraph(run(FIRST), box if where == "box" else ""),
        paragraph(run(SECOND)),
        header=LINE if where == "header" else "",
        extra=extra.get(where),
    )
    document = import_file(data, today=TODAY, file="a.docx")

    assert document.embargo is not None
    assert (document.title, document.embargo.until) == (TITLE, UNTIL)


@rows(
    ("front", "until"),
    [
        ("embargo_until: 2026-06-05 10:00", "2026-06-05 10:00"),
        ("embargo: true", ""),
        (f"note: {LINE}", UNTIL),
        ("embargo: false", None),
        ("embargo_until:", None),
    ],
)
def test_in_front_matter_it_is_seen_in_each_key(front: str, until: str | None) -> None:
    text = f"---\ntitle: {TITLE}\n{front}\n---\n{FIRST}\n\n{SECOND}\n"
    embargo = import_file(text.encode(), today=TODAY, file="a.md").embargo

    assert (embargo and embargo.until) == until


def test_two_lines_that_disagree_suggest_no_end_and_a_long_one_is_shortened() -> None:
    other = "Embargoed until 10:00 GMT on 6 June 2026"
    long = f"{LINE} for all media, online and in print, and for all who share what they read here"
    long += " on their own pages"
    document = imported([long, other, TITLE, "May 3, 2024", FIRST, SECOND])

    assert document.embargo is not None
    assert document.embargo.until == ""
    assert document.embargo.words.endswith("…")
    assert len(document.embargo.words) <= 120


def test_an_embargo_at_the_head_of_each_page_of_a_text_is_seen() -> None:
    page = "EMBARGOED Page {} of 2"
    text = [TITLE, FIRST, page.format(1), SECOND, *MORE, page.format(2)]

    assert imported(text).embargo is not None
