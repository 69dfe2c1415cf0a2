"""Letterheads, labels and lines of web pages around a statement: each rule with what it spares."""

from datetime import date

from newsletter.documents.importing import import_file
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.furniture import edge_reason, is_address
from newsletter.documents.release.imported import ImportedDocument
from tests.rows import rows

_TEXT = """The council of the river backs the new plan, and it will be read in May by all members.

A second paragraph says why: the river has had no plan at all for more than twenty years.
"""


def _read(head: str, name: str = "a.txt") -> ImportedDocument:
    return import_file((head + _TEXT).encode(), today=date(2026, 12, 2), file=name)


@rows(
    ["line", "is_furniture"],
    [
        ("Share this page on", True),
        ("Auf LinkedIn teilen", True),
        ("Partager sur Facebook", True),
        ("Seite drucken", True),
        ("Baixar em PDF", True),
        ("Reading time: 4 minutes", True),
        ("Publié par la rédaction", True),
        ("Ouvrir le menu", True),
        ("Voltar ao topo", True),
        ("Laisser un commentaire", True),
        ("Article précédent : Le rapport annuel est paru", True),
        ("TopicsPositionsLibraryPeople", True),
        ("Share the road: new rules for bicycles", False),
        ("Seiten drucken ist teuer", False),
        ("Publicado el informe sobre el agua", False),
        ("Open the books, say residents", False),
        ("LinkedIn and YouTube lose in court", False),
        ("Published by a school: a book on the river", False),
        ("Share this page onShare on FacebookShare on LinkedInEmail this to a friend", True),
        ("Share prices of Facebook and LinkedIn fall", False),
        ("Share your view on Facebook, or on LinkedIn, with the council.", False),
        ("Print", True),
        ("Print and paper", False),
        ("Next: a plan for the river", False),
    ],
)
def test_lines_of_pages_are_known_by_their_whole_words(line: str, is_furniture: bool) -> None:
    assert bool(edge_reason(line)) is is_furniture


@rows(
    ["texts", "is_one"],
    [
        (["22 Rue des Tanneurs", "1000 Brussels", "Belgium"], True),
        (["Rua Sete de Abril 71", "sala 4", "Registro – SP, 11900-000"], True),
        (["Am Alten Wehr 7 · 99084 Erfurt"], True),
        (["40 Groups Call for Action"], False),
        (["Council Backs Plan 7", "A day for the river"], False),
    ],
)
def test_an_address_has_a_street_and_a_postal_code(texts: list[str], is_one: bool) -> None:
    assert is_address(texts) is is_one


def test_the_address_above_a_telephone_is_no_title() -> None:
    head = "River Council\n\n22 Rue des Tanneurs\n\n1000 Brussels\n\nT: +32 2 555 01 88\n\n"
    document = _read(f"{head}Council backs the new plan\n\nBrussels, 2 July 2026\n\n")
    assert (document.title, document.date) == ("Council backs the new plan", date(2026, 7, 2))
    assert document.body.startswith("The council of the river")


@rows(
    ["line"],
    [
        ("6 May 2026, Posted by the web team",),
        ("8. Oktober 2026 — Lesezeit: 3 Minuten",),
        ("2 July 2026 Statement",),
        ("Pressemitteilung Nr. 14/2026 Erfurt, den 11. Juni 2026",),
    ],
)
def test_a_date_may_stand_beside_a_label_or_words_of_its_page(line: str) -> None:
    assert date_line(line)
    assert not date_line(f"{line} was a good day for the river")


def test_a_long_line_above_a_date_is_the_headline_and_no_text() -> None:
    title = "River Council urges the Parliament to reject the proposal to let officers search" + (
        " the phones of travellers without a warrant, a record or any right of complaint"
    )
    assert _read(f"{title}\n\nBrussels, 2 July 2026\n\n").title == title
    assert _read(f"Council backs plan\n\n{title}.\n\n2 July 2026\n\n").title == "Council backs plan"


def test_a_headline_may_be_a_quotation_that_comes_again_below() -> None:
    title = "“It has had no plan at all”"
    page = (
        f"<h1>{title}</h1><p>River Council wants more</p><p>{title}, she said on Monday to all.</p>"
    )
    assert _read(page, "a.html").title == title


def test_the_line_below_the_label_is_the_headline_rather_than_its_subhead() -> None:
    head = "MEDIA ADVISORY\n\nParents to Walk the School Route\n\nFamilies invite the director to"
    document = _read(f"Citizens\n\n{head} join them\n\n20 October 2026\n\n")
    assert document.title == "Parents to Walk the School Route"


def test_a_subject_is_found_below_a_cover_letter_and_without_its_label() -> None:
    letter = "Dear editors,\n\nplease find our release below. We are glad if you print it soon.\n\n"
    mail = (
        "Subject: Press release: Council backs the new plan\nContent-Type: text/plain\n\n"
        f"{letter}Council backs the new plan\n\nBrussels, 2 July 2026. "
    )
    document = _read(mail, "a.eml")
    assert (document.title, document.date) == ("Council backs the new plan", date(2026, 7, 2))
    assert "please find" not in document.body


def test_a_heading_that_only_names_the_sender_is_no_title() -> None:
    text = "# River Council\n\n**A plan for the river is there at last**\n\nRiver Council: "
    assert _read(text, "a.md").title == "A plan for the river is there at last"


@rows(
    "foot",
    [
        "River Council is a company limited by guarantee registered in England no. 09914427.",
        "River Council, Inc. A Pennsylvania nonprofit corporation.",
        "Back to top | Print this page",
    ],
)
def test_the_legal_status_of_a_sender_and_a_row_of_links_are_a_foot(foot: str) -> None:
    text = f"River Council\n\nCouncil backs the new plan\n\n2 July 2026\n\n{_TEXT}\n\n{foot}\n"
    document = import_file(text.encode(), today=date(2026, 12, 2), file="a.txt")
    assert foot in [line.text for line in document.dropped]


def test_a_headline_below_the_date_wins_over_a_list_of_others_above_it() -> None:
    others = (
        "Age checks: what pilots measured\nOur answers to the ministry\nLeak: a right dropped\n"
    )
    title = "River Council urges the Parliament to reject the proposal to let officers search"
    title += " every boat on the river without a warrant, a record or a right of complaint"
    document = _read(f"Skip to content\n{others}2 July 2026 Statement\n{title}\n")
    assert (document.title, document.date) == (title, date(2026, 7, 2))


def test_a_headline_that_a_path_cuts_short_is_the_title() -> None:
    head = (
        "Home\nCouncil backs the new plan for …\nCouncil backs the new plan for the lower river\n\n"
    )
    assert _read(f"River Council\n{head}2 July 2026\n\n").title.endswith("for the lower river")


@rows(
    "foot",
    [
        "Vorstand: Inge Harms (Vorsitzende), Malte Brandt",
        "Président : Yves Kermadec – Déléguée générale : Anne Le Goff",
        "Member of the European Network on Housing Rights",
        "Prima di stampare, pensa all’ambiente.",
        "Pressemitteilung 14/2026, Seite 2",
        "Communiqué n° 12 – juin 2026",
        "KvK 55501428 | RSIN 855501428 | ANBI",
        "Associação sem fins lucrativos fundada em 1996",
        "1.842 Zeichen (mit Leerzeichen)",
        "River Council\n\n22 Rue des Tanneurs\n\n1000 Brussels\n\nwww.river.example",
        "www.river.example",
        "River Council, an alliance of friends",
    ],
)
def test_officers_members_numbers_and_the_sender_below_a_text_are_a_foot(foot: str) -> None:
    text = f"River Council\n\nCouncil backs the new plan\n\n2 July 2026\n\n{_TEXT}\n\n{foot}\n"
    document = import_file(text.encode(), today=date(2026, 12, 2), file="a.txt")
    assert document.body == _TEXT.strip()


@rows(
    "end",
    [
        "Journalists who want to visit the river can write to press@river.example.",
        "Ruth Ellery, chair of River Council",
        "The chair: we will go on until the river is clean.",
        "Spenden sind bis Ende Juni in jeder Filiale willkommen.",
        "Sign the petition at www.river.example.",
    ],
)
def test_a_call_on_readers_and_a_signature_below_a_text_are_no_foot(end: str) -> None:
    contact = "Media contact\nAda Lake\npress@river.example"
    head = "River Council\n\nCouncil backs the new plan\n\n2 July 2026"
    text = f"{head}\n\n{_TEXT}\n\n{contact}\n\n{end}"
    document = import_file(text.encode(), today=date(2026, 12, 2), file="a.txt")
    assert document.body.endswith(end)


@rows(
    "line",
    [
        "Door Jan Peeters",
        "Photo: Sam Reed / River Council",
        "Home / News / Press releases",
        "Escuchar noticia",
        "Partilhar nas redes",
        "Ref: PR/2026/031",
        "News, Press release",
        "Last updated: 5 August 2026",
    ],
)
def test_lines_between_title_and_text_that_pages_add_are_left_out(line: str) -> None:
    document = _read(f"River Council\n\nCouncil backs the new plan\n\n{line}\n\n2 July 2026\n\n")
    assert (document.title, str(document.date)) == ("Council backs the new plan", "2026-07-02")
    assert document.body == _TEXT.strip()


def test_the_path_to_a_page_with_a_cut_headline_is_no_text() -> None:
    title = "Council of the river backs the new plan in spite of all dead ladders for fish"
    document = _read(f"Home\nPress\n{title[:60]} …\n\n{title}\n\n2 July 2026\n\n")
    assert (document.title, document.body) == (title, _TEXT.strip())


def test_a_headline_that_is_a_quotation_wins_over_the_subhead_that_names_the_sender() -> None:
    subhead = "A plan for the fish – River Council demands that the ministry reads it now"
    document = _read(f"River Council\n\nStatement\n\n“It has had no plan at all”\n\n{subhead}\n\n")
    assert (document.title, document.summary) == ("“It has had no plan at all”", subhead)
