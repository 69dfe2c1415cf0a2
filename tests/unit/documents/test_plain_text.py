"""Plain text into a statement: title, date, body, and all that is left out."""

from datetime import date
from textwrap import wrap

import pytest
from markdown_it import MarkdownIt

from newsletter.documents.encoding import decode
from newsletter.documents.importing import import_file
from newsletter.documents.plain_text import import_bytes, import_document
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.rows import rows

TODAY = date(2026, 11, 24)

TITLE = "Forum Leaves the Advisory Council on Fair Housing"
FIRST = (
    "The Example Forum left the Advisory Council on Fair Housing today after two years of work, "
    "because the council’s last report said nothing of what its own hearings had found."
)
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."


def imported(*blocks: str) -> ImportedDocument:
    return import_document("\n\n".join(blocks), today=TODAY)


def left_out(document: ImportedDocument) -> list[str]:
    return [dropped.text for dropped in document.dropped]


def paragraphs(document: ImportedDocument) -> list[str]:
    return document.body.split("\n\n")


def shown(markdown: str) -> list[str]:
    """The texts of the paragraphs that a reader of the Markdown sees."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    found = []
    for token in tokens:
        if token.type == "inline":
            children = token.children or []
            assert {child.type for child in children} <= {"text", "text_special"}
            found.append("".join(child.content for child in children))
    return found


def test_a_title_a_date_and_a_body_are_all_it_takes() -> None:
    document = imported(TITLE, "September 21, 2011", FIRST, SECOND)

    assert document == ImportedDocument(
        title=TITLE,
        date=date(2011, 9, 21),
        body=f"{FIRST}\n\n{SECOND}",
        dropped=document.dropped,
        notes=(),
    )
    assert left_out(document) == ["September 21, 2011"]


def test_masthead_and_tagline_above_the_title_are_left_out_and_the_guess_is_noted() -> None:
    document = imported("Example Forum", "Homes for all", TITLE, "21 September 2011", FIRST)

    assert document.title == TITLE
    assert [(dropped.line, dropped.reason) for dropped in document.dropped] == [
        (1, "above the title"),
        (3, "above the title"),
        (7, "the date"),
    ]
    assert document.notes == ("Line 5 was taken for the title; look whether it is.",)


DECK = "Its last report passes over what its hearings found"
NOTICE = "We use cookies to make this site better for everybody who reads it, now and later."
TOLD = ["Example Forum", "Homes for all who want them", "Example Forum Leaves the Council"]
DAY = "May 3, 2024"
SHORT = ["We resigned today.", "We wish you well."]


@rows(
    ("blocks", "title", "kept"),
    [
        (["The Example Forum", "September 21, 2011", TITLE, FIRST, SECOND], TITLE, [FIRST, SECOND]),
        (["Acme News", "September 21, 2011", TITLE, FIRST], TITLE, [FIRST]),
        (["September 21, 2011", TITLE, FIRST], TITLE, [FIRST]),
        ([TITLE, "September 21, 2011", DECK, FIRST], TITLE, [DECK, FIRST]),
        (["The Example Forum", "Homes for people", TITLE, FIRST], TITLE, [FIRST]),
        ([NOTICE, TITLE, DAY, FIRST], TITLE, [FIRST]),
        ([TITLE, "FOR IMMEDIATE RELEASE", DAY, "Share", FIRST], TITLE, [FIRST]),
        (
            [TITLE, "FOR IMMEDIATE RELEASE", "Embargoed until noon", DAY, "Share", TITLE, FIRST],
            TITLE,
            [FIRST],
        ),
        # a title that tells of the masthead, wherever the date is
        ([*TOLD, DAY, FIRST], TOLD[2], [FIRST]),
        ([DAY, *TOLD, FIRST], TOLD[2], [FIRST]),
        ([TOLD[0], DAY, *TOLD[1:], FIRST], TOLD[2], [FIRST]),
        # a short title does not lose to the first sentence
        (["Statement on Strike", FIRST, SECOND], "Statement on Strike", [FIRST, SECOND]),
        (["Statement on Strike", DAY, FIRST, SECOND], "Statement on Strike", [FIRST, SECOND]),
        (["Forum Resigns", "We resigned today."], "Forum Resigns", ["We resigned today."]),
        (["Forum Resigns", DAY, *SHORT], "Forum Resigns", SHORT),
        ([TITLE, DECK, DAY, FIRST], TITLE, [DECK, FIRST]),
    ],
)
def test_the_title_is_found_and_only_the_text_below_it_kept(
    blocks: list[str], title: str, kept: list[str]
) -> None:
    document = imported(*blocks)
    assert (document.title, paragraphs(document)) == (title, kept)
    assert (document.date is None) == {DAY, "September 21, 2011"}.isdisjoint(blocks)


def test_without_a_date_the_first_line_is_the_title_and_a_note_says_so() -> None:
    document = imported(TITLE, FIRST)

    assert (document.title, document.date) == (TITLE, None)
    assert document.notes == ("No date was found: enter it yourself.",)


def test_a_page_title_with_the_sites_name_points_at_the_title() -> None:
    document = imported(
        f"{TITLE} | Example Forum", "Skip to main content", "News", TITLE, "May 3, 2024", FIRST
    )

    assert document.title == TITLE
    assert {dropped.line: dropped.reason for dropped in document.dropped} == {
        1: "the page's title",
        3: "site furniture",
        5: "the kind of text",
        9: "the date",
    }


def test_a_title_behind_for_immediate_release_is_taken_with_its_second_line() -> None:
    text = (
        "April 10, 2019 Contact: Wren Writer\n"
        "wren@forum.example\n"
        "For Immediate Release: Forum Leaves the Advisory Council on Fair Housing and\n"
        "Calls for Hearings\n"
        "(Washington, D.C.) – The Example Forum left the Advisory Council on Fair Housing\n"
        "today after two years of work, because the last report of the council was silent on\n"
        "what its hearings had found.\n"
    )
    document = import_document(text, today=TODAY)

    assert document.title == f"{TITLE} and Calls for Hearings"
    assert document.date == date(2019, 4, 10)
    assert len(paragraphs(document)) == 1
    assert left_out(document) == [
        "April 10, 2019 Contact: Wren Writer",
        "wren@forum.example",
        "For Immediate Release:",
    ]


def test_a_title_broken_over_two_lines_is_joined() -> None:
    text = (
        "Forum Leaves the Advisory Council on Fair Housing and\n"
        f"Calls for New Hearings\n\nSeptember 21, 2011\n\n{FIRST}"
    )
    document = import_document(text, today=TODAY)

    assert document.title.startswith("Forum Leaves the Advisory Council on Fair Housing and")
    assert document.title.endswith("Calls for New Hearings")
    assert paragraphs(document) == [FIRST]


SURVEY = "The survey of nine thousand members was made in the spring,\nand its figures are new."


@rows(
    ("head", "title"),
    [
        ("NEWS FROM THE WORKERS' UNION\n\nTwo in five plan to quit", "Two in five plan to quit"),
        ("Faculty of Law, University of Ashby\n\nFines keep nobody", "Fines keep nobody"),
        ("National Union of Tenants\n\nRents rise by a fifth", "Rents rise by a fifth"),
        (
            "Sin embargo, se mueve: Galileo llega a casa",
            "Sin embargo, se mueve: Galileo llega a casa",
        ),
        (
            "Ministers pay for roofs\nFor immediate release (not embargoed)",
            "Ministers pay for roofs",
        ),
        ("“We can wait no longer”\nMayors ask for a bridge", "“We can wait no longer”"),
        (
            "Nurses’ Union\n\nFor immediate release\n\nTwo Sentenced\nAfter a Break-In\nin Ashby"
            "\n\nDecision Follows Months of Hearings",
            "Two Sentenced After a Break-In in Ashby",
        ),
        (
            "The Lantern Foundation\nMarch 18, 2016\n\nA survey shows what residents want."
            "\n\nWork Will Begin in the Spring and Take Two Years",
            "A survey shows what residents want.",
        ),
        ("CIRCULAR BREVE No. 32\n\nLos vecinos piden un puente", "Los vecinos piden un puente"),
        (
            "INVITATION PRESSE – VISITE DU CENTRE DE SOINS POUR EXILÉS",
            "INVITATION PRESSE – VISITE DU CENTRE DE SOINS POUR EXILÉS",
        ),
        ("Deutscher Verband Forum · Landesverband\n\nMieten fallen", "Mieten fallen"),
        ("Presseinfo der Stiftung Rat\n\nMieten fallen wie nie", "Mieten fallen wie nie"),
        (
            "Amis du Forum ASBL\nObjet : loyers à Huy\n\nLes loyers ont tous doublé",
            "Les loyers ont tous doublé",
        ),
        (
            "May 3, 2024\n\nWe will not sign a contract that bars us from speaking to the\npress",
            "We will not sign a contract that bars us from speaking to the press",
        ),
        (
            "Data: 16/11/2026\n\nAssunto: merenda escolar\n\nFalta água na escola",
            "Falta água na escola",
        ),
        ("Berlin, im Oktober 2026\n\nMieten fallen um ein Drittel", "Mieten fallen um ein Drittel"),
    ],
)
def test_a_title_is_found_below_names_and_above_subheads(head: str, title: str) -> None:
    assert imported(head, SURVEY, SECOND).title == title


def test_for_immediate_release_and_the_embargo_are_left_out_and_the_embargo_noted() -> None:
    document = imported(
        "FOR IMMEDIATE RELEASE", "EMBARGOED UNTIL 5 a.m. ET", TITLE, "May 3, 2024", FIRST
    )

    assert document.title == TITLE
    assert [dropped.reason for dropped in document.dropped] == [
        "for immediate release",
        "the embargo",
        "the date",
    ]
    assert document.notes == ("Line 3 speaks of an embargo: enter its end (embargo_until).",)


def test_a_short_title_that_comes_again_is_left_out_the_second_time() -> None:
    document = imported(
        "Forum Resigns", "May 3, 2024", "Embargoed until noon", "Forum Resigns", FIRST
    )

    assert document.title == "Forum Resigns"
    assert paragraphs(document) == [FIRST]
    assert [dropped.reason for dropped in document.dropped] == [
        "the date",
        "the embargo",
        "the title again",
    ]


def test_a_wrapped_title_above_wrapped_text_is_found_whole() -> None:
    text = WRAPPED.replace(
        "Forum Leaves the Advisory Council on Fair Housing",
        "Example Forum\n\nWhy the Forum Leaves the Council on Fair Housing\nTonight",
        1,
    )
    document = import_document(text, today=TODAY)

    assert document.title == "Why the Forum Leaves the Council on Fair Housing Tonight"
    assert len(paragraphs(document)) == 2


def test_a_paragraph_of_two_lines_full_of_names_is_no_headline() -> None:
    named = "The Example Forum Rejects Arrests of Wren Writer, Robin Reader\n"
    told = f"{named}and Kim Keeper, which took place in the early hours of Sunday."
    title = "We demand that three people who defend the river\nare freed"
    document = imported(
        "Example Forum", "May 3, 2024", title, told, told.replace("Forum", "Council")
    )

    assert document.title == title.replace("\n", " ")
    assert len(paragraphs(document)) == 2


def test_feet_that_are_longer_than_wrapped_lines_show_no_width() -> None:
    text = ["\n".join(wrap(one * 2, 60)) for one in (FIRST, SECOND, FIRST)]
    foot = "The Example Forum Ltd, registered in England under the number 01234567, 4 Quay Road"

    for count in (2, 5):
        feet = "\n".join([foot] * (count - 1))
        head = (TITLE, "May 3, 2024", *text, *text[:2])
        document = imported(*head, CONTACT, f"{feet}\nVAT 355 5512 34, {foot}")

        assert document.title == TITLE
        assert paragraphs(document) == [
            FIRST * 2,
            SECOND * 2,
            FIRST * 2,
            FIRST * 2,
            SECOND * 2,
            CONTACT,
        ]


def test_wrapped_text_that_begins_with_names_is_still_text() -> None:
    text = WRAPPED.replace(
        "The Example Forum left", "Wren Writer, Robin Reader and Sandy Sender left"
    )
    text = text.replace(
        "the Advisory Council on Fair Housing\ntoday", "the\nAdvisory Council today"
    )

    assert import_document(text, today=TODAY).title == TITLE


def test_a_label_before_the_title_is_no_part_of_it() -> None:
    document = imported(f"Title: {TITLE}", "Date: 2011-09-21", FIRST)

    assert document.title == TITLE
    assert left_out(document) == ["Title:", "Date: 2011-09-21"]


@rows(
    ("line", "day"),
    [
        ("September 21, 2011", "2011-09-21"),
        ("Sept. 21, 2011", "2011-09-21"),
        ("21 September 2011", "2011-09-21"),
        ("21st of September, 2011", "2011-09-21"),
        ("2011-09-21", "2011-09-21"),
        ("9/21/2011", "2011-09-21"),
        ("21/9/2011", "2011-09-21"),
        ("21.9.2011", "2011-09-21"),
        ("7/7/2011", "2011-07-07"),
        ("Wednesday, September 21, 2011 at 11 AM ET", "2011-09-21"),
        ("Posted on Sep 21, 2011", "2011-09-21"),
        ("WASHINGTON, D.C. — September 21, 2011", "2011-09-21"),
        ("9/10/2011", "None"),
        ("February 30, 2011", "None"),
        ("Pressemitteilung Nr. 47/2026 · Berlin, den 24. November 2026", "2026-11-24"),
        ("٣ كانون الأول 2024", "2024-12-03"),
        ("Originally published November 20, 2026", "2026-11-20"),
        ("By Staff on November 22, 2026", "2026-11-22"),
        ("By Wren Writer on Friday, November 20, 2026", "2026-11-20"),
        ("25 ноября 2026 года", "2026-11-25"),
        ("Київ, 25 листопада 2026 року", "2026-11-25"),
        ("Roma, venerdì 27 novembre 2026", "2026-11-27"),
        ("vrijdag 27 november 2026", "2026-11-27"),
        ("Warszawa, 5 grudnia 2025 r.", "2025-12-05"),
        ("Kraków, 23 listopada 2026 r.", "2026-11-23"),
        ("Zagreb, 23. listopada 2026.", "None"),
        ("Nota stampa, 1 dicembre 2026", "2026-12-01"),
        ("Boletín 55 – 20 de octubre de 2026", "2026-10-20"),
        ("Praha, 24. listopadu 2026", "2026-11-24"),
        ("Αθήνα, 24 Νοεμβρίου 2026", "2026-11-24"),
        ("Ankara, 3 Kasım 2026", "2026-11-03"),
        ("24 noiembrie 2026", "2026-11-24"),
        ("Stockholm, den 24 november 2026", "2026-11-24"),
        ("24. marraskuuta 2026", "2026-11-24"),
        ("27 בנובמבר 2026", "2026-11-27"),
        ("27 नवंबर 2026", "2026-11-27"),
        ("2026年11月27日（星期五）", "2026-11-27"),
        ("2026 年 11 月 27 日", "2026-11-27"),
        ("2026年11月20日 金曜日", "2026-11-20"),
        ("2026년 11월 20일", "2026-11-20"),
        ("2026年13月20日", "None"),
    ],
)
def test_dates_are_read_as_people_write_them(line: str, day: str) -> None:
    document = imported(TITLE, line, FIRST)

    assert document.title == TITLE
    assert str(document.date) == day


def test_a_date_that_can_be_read_two_ways_is_left_to_the_person() -> None:
    assert imported(TITLE, "9/10/2011", FIRST).notes == (
        "9/10/2011 on line 3 can be read two ways: enter the date yourself.",
    )


def test_only_english_texts_write_the_month_first() -> None:
    text = "La rete dei pescatori ha denunciato la pesca a strascico seicento volte in cinque anni."
    document = imported("Reti a strascico: tre multe", "Roma, 08/10/2026", text)
    assert document.date == date(2026, 10, 8)


@rows(
    "label",
    [
        *("ПРЕСС-РЕЛИЗ", "Δελτίο Τύπου", "INFORMACJA PRASOWA", "新闻稿", "प्रेस विज्ञप्ति", "立即发布"),
        *("Convocation de presse", "Nota à comunidade", "Comunicado a la opinión pública"),
        *("Gemeinsame Presseerklärung", "Einladung für die Medien", "Oświadczenie dla mediów"),
        *("Mededeling aan de pers", "Agli organi di informazione"),
        "Sehr geehrte Damen und Herren, anbei unsere heutige Pressemitteilung. Schreiben Sie uns.",
        *("Mit der Bitte um Veröffentlichung", "Verklaring voor de pers", "Invito alla stampa"),
    ],
)
def test_what_a_text_is_is_known_in_many_languages(label: str) -> None:
    document = imported(label, TITLE, "2026-11-20", FIRST)
    assert document.title == TITLE
    assert left_out(document)[0] == label


@rows(
    "head",
    ["Fecha: 3 de mayo de 2024\nPara: Redacciones\nDe: El Foro", "Nº 45 – 3 de mayo de 2024"],
)
def test_a_date_with_a_label_a_number_or_a_memo_around_it_is_read_and_left_out(head: str) -> None:
    document = imported(head, TITLE, FIRST, "Fim")
    assert (document.title, document.date, document.body) == (TITLE, date(2024, 5, 3), FIRST)


@rows(
    "dateline",
    [
        *("Madrid, 27 de noviembre de 2026.", "Leipzig, den 27. November 2026.", "27.11.2026:"),
        *(
            "Lyon, vendredi 27 novembre 2026.",
            "(Utrecht, 27-11-2026)",
            "Leeds, Nov. 27, 2026 /PR/ --",
        ),
        *(
            "[LEEDS, 27 November 2026]",
            "Leipzig/Berlin, 27. November 2026:",
            "27 November 2026, Leeds:",
        ),
        *("Torino, lì 27 novembre 2026 –", "LEIPZIG, 20. November."),
    ],
)
def test_a_dateline_is_what_would_be_a_date_alone(dateline: str) -> None:
    document = imported(TITLE, f"{dateline} {FIRST}")
    assert document.date == date(2026, 11, 20 if "20." in dateline else 27)
    assert dateline.strip("[]")[-6:] in document.body


def test_a_note_to_the_desk_may_be_above_the_dateline() -> None:
    note = "Please do not run this story before the minister sits down on Thursday afternoon."
    assert imported(TITLE, note, f"LEEDS, 2 May 2026 – {FIRST}").date == date(2026, 5, 2)


def test_a_date_in_the_title_or_in_the_text_is_not_the_statements_date() -> None:
    title = "Joint Statement on the January 6, 2021 Attack"
    document = imported(title, "May 3, 2024", FIRST + " It resigned on May 9, 2024 in writing.")

    assert (document.title, document.date) == (title, date(2024, 5, 3))
    for opening in (
        "On May 9, 2024 it left. ",
        "It left on 21 September 2011. ",
        "The law of 9 May 2024 – a bad one – ended. ",
    ):
        assert imported(TITLE, opening + FIRST).date is None


def test_the_date_of_a_dateline_is_taken_with_a_note_and_stays_in_the_text() -> None:
    document = imported(TITLE, f"REDMOND, WA, March 14, 2024 – {FIRST}")

    assert document.date == date(2024, 3, 14)
    assert document.body.startswith("REDMOND, WA, March 14, 2024 – The Example")
    assert document.notes == ("The date 2024-03-14 is from line 3 in its dateline.",)


def test_a_date_to_come_is_noted() -> None:
    assert imported(TITLE, "November 25, 2026", FIRST).notes == (
        "The date 2026-11-25 lies in the future.",
    )
    assert imported(TITLE, "November 24, 2026", FIRST).notes == ()


@rows(
    "line",
    [
        "Site by Somebody",
        "Website designed by Somebody & Co",
        "Powered by Somebody",
        "© 2011 Example Forum. All rights reserved.",
        "We use cookies to make this site better.",
        "Back to top",
        "Print",
        "###",
        "# # #",
        "-30-",
        "– END –",
        "-0-0-0-",
        "ENDS",
        "1 Example Street, Washington, DC 20001 | 202-555-0100",
        "Documento de dos páginas. Página 2 de 2",
    ],
)
def test_a_foot_line_is_left_out(line: str) -> None:
    document = imported(TITLE, "May 3, 2024", FIRST, SECOND, line)

    assert paragraphs(document) == [FIRST, SECOND]
    assert left_out(document)[-1] == line


def test_a_telephone_number_is_no_postcode_and_what_says_when_no_date() -> None:
    report = "Am 2. Dezember 2026 stellen wir den Bericht vor. Er beruht auf 213 Interviews."
    when, contact = "Wann: Mittwoch, 2. Dezember 2026", "Ana – (95) 95555-0123 – ana@forum.example"
    document = imported(TITLE, "20. November 2026", report, when, FIRST, "Imprensa", contact)

    assert document.date == date(2026, 11, 20)
    assert paragraphs(document) == [report, when, FIRST, "Imprensa", contact]


FEET = [
    "Registered office: 4 Quay Road, Northport NP1 2QQ. Registered in England no. 0555123.",
    "You get this because you are on our press list. To stop these notices, reply with STOP.",
    "Amtsgericht Oldenhagen VR 5512 – Steuernummer 55/123/45678",
    "Bankverbindung: Sparkasse Mittelrhein, IBAN DE44 5555 0000 0099 1234 56",
    "FCSR – 3, place du Marché – 87000 Limoges – SIRET 555 123 456 00012",
    "Conformément au RGPD, vous pouvez vous désinscrire à tout moment.",
    "C/ Feria, 15 · 41003 Sevilla · CIF G-55501234 · Inscrita en el Registro con el n.º 5512",
    "Rua das Acácias, 55 – Duque de Caxias – CNPJ 55.512.345/0001-67",
    "Per non ricevere più questi comunicati, scrivere a cancellami@forum.example",
    "Stichting Forum – Postbus 12 – 1000 AB Amsterdam – KvK 55512345",
    "جمعية المنتدى – جمعية مسجلة برقم 5512 – شارع الحمراء 55",
    "Follow us on Mastodon and LinkedIn",
    "Reconnue d’utilité publique par décret du 5 mai 1984",
    "Sede: Rua Pará, 555, Nossa Senhora das Graças, Manaus – Fone: (92) 3555-0199",
    "Forum. C/ Mayor, 55, bajo. 30001 Murcia",
    "Fundacja Rzeki, ul. Krucza 55/3, 50-011 Wrocław, KRS 0000555123, NIP 8975551234",
    "Otrzymują Państwo tę wiadomość jako dziennikarze. Wypisz mnie",
    "Wilt u onze persberichten niet meer ontvangen? Meld u hier af.",
    "Forum gGmbH, Überseetor 5, 28217 Bremen",
    "Foro · Calle 17 # 5-55 · Bogotá · Personería jurídica 555 de 1998",
    "Le Forum, association reconnue d’intérêt général",
    "Corso Roma, 155 – 71121 Foggia – tel. 0881 555 123 – fax 0881 555 124",
    "Forum Cymru, Unit 4, Dinefwr Business Park, Llandeilo SA19 6RT",
    "Plaza de la Constitución, 1 – 11555 Villarrubia del Mar (Cádiz)",
]
CONTACT = "Media contact: Wren Writer, 01632 960 112"


@rows("line", FEET)
def test_a_foot_below_the_contact_is_left_out_and_the_contact_kept(line: str) -> None:
    for width, foot in ((400, [line]), (400, [line, "Board 2025–2028"]), (60, [line])):
        wrapped = ["\n".join(wrap(one, width)) for one in (FIRST, SECOND, CONTACT, *foot)]
        assert paragraphs(imported(TITLE, "May 3, 2024", *wrapped)) == [FIRST, SECOND, CONTACT]


@rows(
    "ending",
    [
        ["Wren Writer"],
        ["Wren Writer, Director", "The Example Forum"],
        ["Meet us here: 55 High Street, London W2 5ES", "Where: Old Library, 12 High Street"],
        ["To unsubscribe must take one click, and that is what the law should say."],
        [CONTACT, "The Forum is a registered charity (no. 1155511) that runs two shelters."],
        [CONTACT, "* Avenida de la Paz: registro 2.157"],
        [CONTACT, "Weitere Informationen: www.forum.example/bericht"],
        [CONTACT, "El informe completo puede consultarse en www.forum.example/informe"],
        [CONTACT, "Die Forum e.V. vertritt 4.200 Haushalte in Sachsen."],
        [CONTACT, "The figures can be seen in the library, 12 High Street, from Monday."],
    ],
)
def test_an_ending_that_only_looks_like_a_foot_is_kept(ending: list[str]) -> None:
    document = imported("The Example Forum", TITLE, "May 3, 2024", FIRST, SECOND, *ending)
    kept = [line.replace("*", "\\*") for line in ending]

    assert paragraphs(document) == [FIRST, SECOND, *kept]


def test_a_line_above_the_title_may_name_the_sender_of_a_foot() -> None:
    head = ("Press office", "The Example Forum", TITLE, "May 3, 2024")
    document = imported(*head, FIRST, SECOND, CONTACT, "The Example Forum, 12 High Street, Ashby")
    assert paragraphs(document) == [FIRST, SECOND, CONTACT]


def test_a_person_below_a_register_is_no_part_of_the_foot() -> None:
    person = "Wren Writer\nDirector\nwren@forum.example"
    document = imported(TITLE, "May 3, 2024", FIRST, SECOND, FEET[2], person)
    assert paragraphs(document) == [FIRST, SECOND, person.replace("\n", "\\\n")]
    assert left_out(document)[-1] == FEET[2]


def test_what_is_below_a_foot_goes_with_it_and_a_text_above_stays() -> None:
    last, foot = "We thank all who wrote to us.", "Forum – Postbus 12 – 1000 AB Amsterdam"
    for below in ("Ashby only", "www.forum.example"):
        document = imported(TITLE, "May 3, 2024", FIRST, last, CONTACT, foot, below)
        assert paragraphs(document) == [FIRST, last, CONTACT]
    document = imported(TITLE, "May 3, 2024", FIRST, foot, last, SECOND, "Unsubscribe")
    assert paragraphs(document)[-2:] == [last, SECOND]


ABOUT = "The Example Forum was founded in 1990 and works for homes that people can pay for."


@rows(
    ("blocks", "kept"),
    [
        ([TITLE, DAY, FIRST, "Bright River Media", "Green Hill Partners"], None),
        ([TITLE, DAY, FIRST, "https://forum.example/a.jpg", SECOND], None),
        (["The Example Forum", TITLE, DAY, FIRST, "The Example Forum"], [FIRST]),
        ([TITLE, DAY, FIRST, "###", ABOUT], [FIRST, ABOUT]),
    ],
)
def test_of_the_foot_only_furniture_is_left_out(blocks: list[str], kept: list[str] | None) -> None:
    kept = blocks[2:] if kept is None else kept
    assert paragraphs(imported(*blocks)) == kept


def test_all_below_a_heading_of_other_pages_is_left_out_and_noted() -> None:
    other = "Another statement altogether, which says in a whole sentence what is of no concern."
    document = imported(TITLE, "May 3, 2024", FIRST, SECOND, "Latest News", "June 8, 2026", other)

    assert paragraphs(document) == [FIRST, SECOND]
    assert left_out(document) == ["May 3, 2024", "Latest News", "June 8, 2026", other]
    assert document.notes == ("All from line 9 on was taken for lists of other pages.",)
    assert document.date == date(2024, 5, 3)


def test_a_pages_own_data_gives_the_date_and_is_left_out() -> None:
    data = ["https://forum.example/a.jpg", "720", "Wren Writer", "2023-01-04 12:15:51"]
    document = imported(TITLE, FIRST, SECOND, *data)

    assert paragraphs(document) == [FIRST, SECOND]
    assert left_out(document) == data
    assert document.date == date(2023, 1, 4)


WRAPPED = """\
Forum Leaves the Advisory Council on Fair Housing

September 21, 2011

The Example Forum left the Advisory Council on Fair Housing
today after two years of work, because the council’s last
report said nothing of what its own hearings had found.
We remain ready to speak with everybody.
Who wants homes that people can pay for will find us at
the side of every well-
known friend.
"""


def test_hard_wrapped_lines_become_paragraphs() -> None:
    document = import_document(WRAPPED, today=TODAY)

    assert paragraphs(document) == [
        "The Example Forum left the Advisory Council on Fair Housing today after two years of "
        "work, because the council’s last report said nothing of what its own hearings had "
        "found. We remain ready to speak with everybody.",
        "Who wants homes that people can pay for will find us at the side of every well-known "
        "friend.",
    ]


def test_a_page_break_does_not_end_a_paragraph() -> None:
    head = "Updated May 3, 2024"
    text = WRAPPED.replace("September 21, 2011", head, 1).replace(
        "council’s last\n", f"council’s last\n1\n\n{head}\n"
    )
    document = import_document(text + "2\n", today=TODAY)

    assert len(paragraphs(document)) == 2
    assert [dropped.reason for dropped in document.dropped] == [
        "the date",
        "a page number",
        "a running header",
        "a page number",
    ]


def test_numbers_that_number_no_pages_are_kept() -> None:
    assert paragraphs(imported(TITLE, "May 3, 2024", FIRST, "7", SECOND, "1"))[1] == "7"
    assert "1" in paragraphs(imported(TITLE, "May 3, 2024", FIRST, "1", SECOND))


def test_a_list_in_wrapped_text_is_not_run_together() -> None:
    text = WRAPPED.strip() + (
        "\nThese are the reasons why we left the council last night:\n"
        "Hearings without a record\nReports without an author\n"
        "List of Signatories\nWren Writer\nRobin Reader\n"
    )
    assert paragraphs(import_document(text, today=TODAY))[-5:] == [
        "Hearings without a record",
        "Reports without an author",
        "List of Signatories",
        "Wren Writer",
        "Robin Reader",
    ]


def test_lines_broken_by_links_and_bold_words_are_mended() -> None:
    text = "\n".join(
        [
            TITLE,
            "May 3, 2024",
            "CHICAGO",
            "—",
            "The Example Forum",
            "left the",
            "Advisory Council on Fair Housing",
            "today. " + FIRST,
            "“We had to go,”",
            "said Wren Writer",
            ". “There was no other way.”",
            "What Happens Next",
            "Meetings will be held in each of the",
            "50",
            "states, as the Forum announced last week at its office.",
            "These are open to:",
            "tenants;",
            "owners; and",
            "(all others)",
            "1. Nobody needs to bring anything along to the meetings.",
            "2. Everybody may speak.",
        ]
    )
    assert paragraphs(import_document(text, today=TODAY)) == [
        f"CHICAGO — The Example Forum left the Advisory Council on Fair Housing today. {FIRST}",
        "“We had to go,” said Wren Writer. “There was no other way.”",
        "What Happens Next",
        "Meetings will be held in each of the 50 states, as the Forum announced last week at its "
        "office.",
        "These are open to:",
        "tenants;",
        "owners; and",
        "(all others)",
        "1. Nobody needs to bring anything along to the meetings.\n2. Everybody may speak.",
    ]


@rows(
    ("lines", "markdown"),
    [
        (["* $18 million for buses", "* training"], ["- $18 million for buses\n- training"]),
        (["• one", "• two, and", "more of *it*"], ["- one\n- two, and more of \\*it\\*"]),
        (["- one", "", "- two"], ["- one\n- two"]),
        (["1) one", "2) two", "3) three"], ["1. one\n2. two\n3. three"]),
        (["1. one", "2. two", "* three", "* four"], ["1. one\n2. two", "- three\n- four"]),
        (
            ["1. one", "a. in it", "b. too", "2. two", "* three", "* four", "3. five"],
            ["1. one\n   - a. in it\n   - b. too\n2. two\n   - three\n   - four\n3. five"],
        ),
        (
            ["·\tone", "o\ttwo", "§\tthree", "\uf0a7\tfour", "\uf0b7\tfive"],
            ["- one\n  - two\n    - three\n    - four\n- five"],
        ),
        (["1. one", "1. in it", "2. two"], ["1\\. one", "1. in it\n2. two"]),
        (["1.\tone", "2.\ttwo"], ["1. one\n2. two"]),
        (["a. one", "b. two"], ["a. one", "b. two"]),
        (["o one"], ["o one"]),
        (["2. two", "3. three"], ["2\\. two", "3\\. three"]),
        (["1. one,", "going on,", "2. two,", "3. three"], ["1. one, going on,\n2. two,\n3. three"]),
        (["- one,", "- two"], ["- one,\n- two"]),
        (["– So?", "– So."], ["– So?", "– So."]),  # in French and Spanish somebody speaks
    ],
)
def test_lines_with_marks_below_each_other_are_a_list(
    lines: list[str], markdown: list[str]
) -> None:
    text = "\n".join([TITLE, "", "May 3, 2024", "", FIRST, "", *lines, "", SECOND])
    assert paragraphs(import_document(text, today=TODAY)) == [FIRST, *markdown, SECOND]


def test_lines_that_are_quoted_as_emails_quote_are_a_quotation() -> None:
    lines = ["> We left the council", "> today.", ">", ">> Why?", "> So it is."]
    text = "\n".join([TITLE, "", "May 3, 2024", "", FIRST, "", *lines, "", SECOND])
    quoted = "> We left the council today.\n>\n> > Why?\n>\n> So it is."
    document = import_document(text.replace(">> Why?", ">> Why?\n>> Because."), today=TODAY)
    assert document.body == "\n\n".join(
        [FIRST, quoted.replace("Why?", "Why?\n> >\n> > Because."), SECOND]
    )
    deep = import_document(f"{TITLE}\n\n{FIRST}\n\n{'>' * 3_000} a\n{'>' * 3_000} b", today=TODAY)
    assert deep.body.startswith(FIRST)


def test_what_underlines_a_title_is_left_out_and_a_long_address_tells_no_width() -> None:
    address = f"https://forum.example/{'a-long-name-' * 12}.pdf"
    wrapped = [
        FIRST[:60],
        FIRST[60:],
        "It can be read at",
        address,
        "and in the library of the town.",
    ]
    text = "\n".join([TITLE, "=" * len(TITLE), "May 3, 2024", "", *wrapped, "", SECOND])
    document = import_document(text, today=TODAY)
    assert document.title == TITLE
    assert [one.reason for one in document.dropped] == ["an underline", "the date"]
    assert document.body.endswith(
        f"It can be read at {address} and in the library of the town.\n\n{SECOND}"
    )


@rows(
    ("head", "why"),
    [
        ("For Release: Upon Receipt   Contact: Wren Writer", "for immediate release"),
        ("FOR IMMEDIATE RELEASE  Contact: Wren, 202-555-0100", "a contact above the text"),
    ],
)
def test_what_is_beside_for_immediate_release_is_no_title(head: str, why: str) -> None:
    document = imported(head, TITLE, "May 3, 2024", FIRST, "- more -", SECOND)
    assert document.title == TITLE
    assert document.dropped[0].reason == why
    assert paragraphs(document) == [FIRST, SECOND]


def test_how_a_letter_begins_is_no_title_and_stays() -> None:
    for greeting in ("Dear Members of the Committee,", "Sehr geehrte Damen und Herren,"):
        document = imported("May 3, 2024", greeting, FIRST, SECOND)
        assert paragraphs(document) == [greeting, FIRST, SECOND]
        assert document.title.startswith("The Example Forum left")
        assert document.guessed
        document = imported(TITLE, "May 3, 2024", greeting, FIRST, SECOND)
        assert (document.title, paragraphs(document)) == (TITLE, [greeting, FIRST, SECOND])


def test_who_signed_stands_below_each_other() -> None:
    names = [
        "Wren Writer, Forum",
        "Zoë van der Berg, Vereniging",
        "d’Arcy & Co., Paris",
        "Ōta Haruka",
    ]
    for around in ([FIRST, "", SECOND], [FIRST[:70], FIRST[70:], "", SECOND[:70], SECOND[70:]]):
        text = "\n".join([TITLE, "", "May 3, 2024", "", *around, "", "Signed,", "", *names])
        assert paragraphs(import_document(text, today=TODAY))[-2:] == [
            "Signed,",
            "\\\n".join(names),
        ]


def test_odd_blanks_become_single_ones_and_quotes_stay() -> None:
    document = imported(
        TITLE, "May 3, 2024", f"“So.”\u00a0 It\u2009went  on\u200b. ‘Yes’\t– {FIRST}"
    )

    assert document.body.startswith("“So.” It went on. ‘Yes’ – The Example")


@rows(
    "tail",
    [
        "# not a heading",
        "###### nor this",
        "#",
        "1. not a list",
        "2) nor this",
        "- nor this",
        "+ nor this",
        "* nor this",
        "*stars* and **more**",
        "_lines_ and __more__ but snake_case_words",
        "`code` and ``more``",
        "<b>bold</b> and <script>",
        "> a quote",
        "[a link](https://forum.example) and ![image](x)",
        "&amp; and &copy; and &#65; and AT&T",
        "~~struck~~ and ~~~",
        "back\\slash and \\*",
        "| a | b |",
        "---",
        "===",
        ": a definition",
        "    indented",
        "https://forum.example/a_b_c?x=1&y=2",
        "a *b",
        "5 * 3 * 2",
    ],
)
def test_what_markdown_would_read_as_markup_is_shown_as_it_was(tail: str) -> None:
    alone = imported(TITLE, "May 3, 2024", FIRST, tail, SECOND)
    inside = imported(TITLE, "May 3, 2024", f"{FIRST} {tail} {SECOND}")

    assert shown(alone.body) == [FIRST, tail.strip(), SECOND]
    assert shown(inside.body) == [" ".join(f"{FIRST} {tail} {SECOND}".split())]


@rows(
    ("text", "message"),
    [
        ("", "note.txt: is empty; copy the whole statement into it"),
        (" \n\u200b\n", "note.txt: is empty; copy the whole statement into it"),
        (TITLE, "note.txt: has a title and no text below it; copy the whole statement into it"),
        (
            f"{TITLE}\n\nMay 3, 2024",
            "note.txt: has a title and no text below it; copy the whole statement into it",
        ),
    ],
)
def test_a_text_without_body_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        import_document(text, today=TODAY, file="note.txt")

    assert str(refusal.value) == message


@rows("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_bytes_are_decoded_and_a_guess_is_noted(encoding: str) -> None:
    text = f"{TITLE}\r\n\r\nMay 3, 2024\r\n\r\n{FIRST}\r\n"
    document = import_bytes(text.encode(encoding), today=TODAY)

    assert document.body == FIRST
    assert bool(document.notes) == (encoding == "cp1252")


def test_bytes_of_no_known_encoding_are_refused() -> None:
    with pytest.raises(InvalidInput, match="nor Windows-1252: byte 5 is 0x81"):
        decode(b"Yes \x81")


@rows(
    "title",
    [
        "Contact-Free Deliveries Grow in the County",
        "Zur Veröffentlichung des Berichts über Mieten",
        "Page by Page Through a Hundred Years of Housing",
        "Embargoes of the Nineties and What Became of Them After All, a Statement by the Forum on "
        "Trade, Work and Homes",
    ],
)
def test_a_title_that_only_sounds_like_furniture_is_the_title(title: str) -> None:
    assert imported(title, "May 3, 2024", FIRST).title == title


@rows(
    "lines",
    [
        ["Contact: Wren Writer, 202-555-0100"],
        ["Media Contact", "Wren Writer", "Example Forum", "wren@forum.example"],
        ["Pressekontakt:", "Wren Writer", "Tel.: +49 30 5550100"],
        ["Contacto de prensa: Wren Writer", "prensa@foro.example"],
        ["Contact presse : Wren Writer", "Tél. : +33 1 55 50 01 00"],
        ["For more information, please contact:", "Wren Writer", "020 7946 0100"],
    ],
)
def test_a_contact_above_the_text_is_left_out_and_one_below_kept_and_noted(
    lines: list[str],
) -> None:
    block = "\n".join(lines)
    above = imported("May 3, 2024", block, TITLE, FIRST, SECOND)
    below = imported(TITLE, "May 3, 2024", FIRST, SECOND, block)

    assert (above.title, paragraphs(above)) == (TITLE, [FIRST, SECOND])
    assert [one.reason for one in above.dropped[1:]] == ["a contact above the text"] * len(lines)
    assert below.body.replace("\\\n", "\n\n").count("\n\n") == 1 + len(lines)
    assert "begins a contact, which was kept" in below.notes[-1]


def test_a_contact_swallows_neither_title_nor_text() -> None:
    document = import_document(
        f"Contact: Wren Writer\n{TITLE}\nMay 3, 2024\n{FIRST}\n202-555-0100\n", today=TODAY
    )

    assert document.title == TITLE
    assert paragraphs(document) == [FIRST, "202-555-0100"]


def test_a_telephone_number_within_a_sentence_stays_in_it() -> None:
    document = imported(TITLE, "May 3, 2024", f"{FIRST}\nYou can call the Forum at\n202-555-0100.")

    assert paragraphs(document)[-1] == "You can call the Forum at 202-555-0100."


@rows(
    ("line", "value"),
    [
        ("EMBARGOED UNTIL 5 a.m. ET, May 6, 2024", "2024-05-06 05:00-04:00"),
        ("EMBARGOED until 10:00 BST (05:00 EDT), 5 June 2026", "2026-06-05 10:00+01:00"),
        ("Embargoed until 10:00 UTC+2, 5 June 2026", "2026-06-05 10:00+02:00"),
        ("Embargoed until 10:00+02:00 on 5 June 2026", "2026-06-05 10:00+02:00"),
        ("Embargoed until 2026-06-05T10:00:00Z", "2026-06-05 10:00+00:00"),
        ("Embargo: 5 June 2026, 10am Eastern Time", "2026-06-05 10:00-04:00"),
        ("Sperrfrist: 5. Juni 2026, 10 Uhr MESZ", "2026-06-05 10:00+02:00"),
        ("EMBARGOED UNTIL 10:00 ON FRIDAY, 5 JUNE 2026", "2026-06-05 10:00"),
        ("Embargo tot 5 juni 2026, 10.30 uur", "2026-06-05 10:30"),
        ("No publicar antes de las 10:00 horas del 5 de junio de 2026", "2026-06-05 10:00"),
        ("STRICTLY EMBARGOED UNTIL 10:00 GMT\nFriday, 5 June 2026", "2026-06-05 10:00+00:00"),
        ("Embargoed until 10:00 EST, 5 June 2026", ""),  # it is EDT then: who wrote it, knows
        ("Embargoed until 10:00 IST, 5 June 2026", ""),
        ("Embargoed until 10:00 UTC+20, 5 June 2026", ""),
        ("Embargoed until 10:00 CET+1, 5 June 2026", ""),
        ("Embargoed until 10:00 local time, 5 June 2026", ""),
        ("Embargado hasta las 10:00 hora de Madrid del 5 de junio de 2026", ""),
        ("Embargoed until 10:00 or 12:00 on 5 June 2026", ""),
        ("Embargoed from 5 June 2026 until 6 June 2026, 10:00", ""),
        ("Under strict embargo until 6 May 2024, 12:30 hours", "2024-05-06 12:30"),
        ("Sperrfrist: 6. Mai 2024, 9 Uhr", "2024-05-06 09:00"),
        ("Embargo: 6 mai 2024 à 18h30", "2024-05-06 18:30"),
        ("Embargoed until noon on May 6, 2024", "2024-05-06 12:00"),
        ("Embargoed until 12 a.m., May 6, 2024", "2024-05-06 00:00"),
        ("Embargoed until 13 p.m., May 6, 2024", ""),
        ("Embargoed until May 6, 2024", ""),
        ("Sous embargo jusqu'au 10 décembre 2026, 00 h 01", "2026-12-10 00:01"),
        ("Embargo do 2 grudnia 2026, 17:00", "2026-12-02 17:00"),
        # the day before the bracket is that of the dateline
        ("BERLIN, 30.11.2026 (Sperrfrist: morgen, 10 Uhr)", ""),
        ("LONDON, 30 November 2026 (under embargo until midnight tonight)", ""),
    ],
)
def test_the_end_of_an_embargo_is_suggested_where_the_line_tells_it(line: str, value: str) -> None:
    document = imported(line, TITLE, "May 3, 2024", FIRST)
    (note,) = [one for one in document.notes if "embargo" in one]

    assert note.startswith("Line 1 speaks of an embargo: enter")
    assert (f"enter {value} as its end (embargo_until)" in note) == bool(value)


@rows(
    ("text", "title", "body"),
    [
        (FIRST, FIRST[: FIRST.index(" report said")] + "…", FIRST),
        (f"Forum leaves the council.\n\n{FIRST}", "Forum leaves the council", FIRST),
        ("Yes.\n\nNo.", "note", "Yes.\n\nNo."),
    ],
)
def test_a_text_without_a_title_gets_the_best_one_there_is_as_a_guess(
    text: str, title: str, body: str
) -> None:
    document = import_document(text, today=TODAY, file="in/note.txt")

    assert (document.title, document.guessed) == (title, True)
    assert paragraphs(document) == body.split("\n\n")
    assert any("a guess: look at it, and enter the title" in one for one in document.notes)


@rows(
    ("page", "headline"),
    [
        (f"{TITLE} - Forum", [TITLE[:20].strip(), TITLE[20:].strip()]),
        ("A Long Way Home: Five Lines - Forum", ["A Long", "Way", "Home:", "Five", "Lines"]),
        ("“Forum’s” Vote – Élan and Calm | Forum", ['"FORUM\'S" VOTE - ELAN AND CALM']),
        ("Forum Leaves the Council. - Example", ["Forum Leaves the Council."]),
        ("Rents Down by 10% - Forum", ["Rents Down", "by 10%"]),
        ("Forum Leaves the Council on Housing", ["Forum Leaves", "the Council on Housing"]),
        (
            f"{TITLE} {'and Calls for Hearings ' * 6}- Forum",
            [f"{TITLE} {'and Calls for Hearings ' * 6}"],  # as long as a paragraph
        ),
        (f"MEDIA ADVISORY – {TITLE} | Forum", [f"MEDIA ADVISORY – {TITLE}"]),  # as a dateline opens
        (
            f"{TITLE} {'and Calls for Hearings ' * 8}- Forum",
            [TITLE, *["and Calls for Hearings " * 4] * 2],
        ),
    ],
)
def test_a_headline_is_found_that_the_pages_title_has_in_other_marks_and_lines(
    page: str, headline: list[str]
) -> None:
    text = "\n".join([page, "HOME", "CONTACT US", "May 3rd, 2024", *headline, "A Subhead of It"])
    document = import_document(f"{text}\n{FIRST}\n{FIRST}", today=TODAY)

    assert document.title == " ".join(" ".join(headline).split())
    assert document.date == date(2024, 5, 3)


def test_a_headline_behind_for_immediate_release_goes_on_in_longer_lines() -> None:
    headline = "FOR IMMEDIATE RELEASE: Court Affirms the Injunction That Is Blocking"
    more = "Enforcement of the Reporting Rules of the State, Citing a"
    document = import_document(
        f"May 1st, 2024\n{headline}\n{more}\nLaw of 1990\n{WRAPPED}", today=TODAY
    )

    assert document.title.startswith("Court Affirms the Injunction That Is Blocking Enforcement of")


def test_a_title_that_is_found_is_no_guess() -> None:
    assert not imported(TITLE, "May 3, 2024", FIRST).guessed


def test_a_word_that_a_hyphen_parts_is_put_together_as_the_text_has_it_elsewhere() -> None:
    text = WRAPPED.replace("report said nothing of", "report said noth-\ning of")
    document = import_document(text + "There was nothing of it.\n", today=TODAY)

    assert "report said nothing of what" in document.body
    assert any("nothing, well-known. Look whether" in note for note in document.notes)


def test_a_full_line_that_ends_a_sentence_is_told_of() -> None:
    text = WRAPPED.replace(
        "years of work, because the council’s last", "years of work in its offices."
    )
    document = import_document(text, today=TODAY)

    assert any("A paragraph may begin with" in note for note in document.notes)


def test_lines_that_number_pages_in_words_part_no_paragraph() -> None:
    broken = WRAPPED.replace("council’s last\n", "council’s last\n\nForum\nPage 1 of 2\n\n", 1)
    document = import_document(broken + "\nForum\nPage 2 of 2\n", today=TODAY)
    second = broken.replace("Forum\nPage 1 of 2", "strona 2 z 2")  # the first page has no number

    for one in (document, import_document(second, today=TODAY)):
        assert paragraphs(one) == paragraphs(import_document(WRAPPED, today=TODAY))
    assert [one.reason for one in document.dropped][1:] == [
        "a running header",
        "a page number",
        "a running header",
        "a page number",
    ]


@rows("line", ["Page 7", "Page 3 of the report", "Seite 1 von 2 und 3"])
def test_a_line_that_names_a_page_and_numbers_none_is_kept(line: str) -> None:
    assert line in paragraphs(imported(TITLE, "May 3, 2024", FIRST, line, SECOND))


def test_a_subhead_is_the_summary_and_stays_in_the_text() -> None:
    deck = "Its last report passes over what its hearings found"
    document = imported(TITLE, "May 3, 2024", deck, FIRST)

    assert (document.summary, paragraphs(document)) == (deck, [deck, FIRST])
    assert imported(TITLE, deck, "May 3, 2024", FIRST).summary == deck
    assert document.notes[-1] == (
        "Line 5 reads like a subhead: it stays in the text, and is the summary too."
    )


def test_cells_that_tabs_part_become_a_table_and_a_lone_tab_a_blank() -> None:
    document = imported(TITLE, "May 3, 2024", FIRST, "A|B\t*C*\n1\t2", "lone\ttab", "a\tb\nc\td\te")

    assert paragraphs(document)[1:] == [
        "| A\\|B | \\*C\\* |\n| --- | --- |\n| 1 | 2 |",
        "lone tab",
        "a b",
        "c d e",
    ]


@pytest.mark.parametrize(
    "lines", [2_000, pytest.param(90_000, marks=pytest.mark.faults(seconds=5))]
)
def test_a_text_of_very_many_lines_is_read(lines: int) -> None:
    head = f"{TITLE}\n\nMay 3, 2024\n\n{FIRST}\n"
    data = (head + "Some short line here\n" * lines).encode()

    assert import_file(data, today=TODAY, file="a.txt").body.count("Some short line") == lines


def test_a_text_of_more_than_two_megabytes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is larger than 2 MB"):
        import_file(b"Some short line here\n" * 100_000, today=TODAY, file="a.txt")


def test_a_date_below_the_text_dates_it_if_none_is_above() -> None:
    document = imported(TITLE, FIRST, SECOND, "20/11/2026")
    assert (document.date, document.notes) == (
        date(2026, 11, 20),
        ("The date 2026-11-20 is from line 7 below the text.",),
    )


@rows(
    "head",
    [
        ["Example Forum Official", "Example Forum Official"],
        ["EXAMPLE FORUM OFFICIAL", "JOINT STATEMENT TO ALL"],
        ["EF – The Example Forum", "Home > Press\nSearch"],
        ["Government of the Republic · Department of Homes and Streets"],
        ["Our website uses cookies to give you the best experience."],
    ],
)
def test_what_is_above_a_headline_is_no_headline(head: list[str]) -> None:
    assert imported(*head, TITLE, DAY, FIRST, SECOND).title == TITLE


@pytest.mark.parametrize(
    "sentence",
    [
        "Publishers must obtain consent before they set cookies.",
        "Ohne Einwilligung darf keine Website Cookies setzen.",
        "We counted the cookies of two hundred public pages.",
        "Our site uses forced labour, the files show.",
        "Wir fordern die Umsetzung der Richtlinie bis Mai.",
        "Die Gestaltung der Häfen liegt bei der Stadt.",
        "La réalisation du port revient à la ville.",
        "Das Projekt wird als Website by the people geführt.",
    ],
)
def test_a_sentence_on_cookies_or_on_what_is_made_stays_wherever_it_is(sentence: str) -> None:
    assert sentence in imported(TITLE, DAY, FIRST, SECOND, sentence).body
    assert sentence in imported(TITLE, DAY, FIRST, sentence, SECOND).body


@pytest.mark.parametrize(
    "notice",
    [
        "This site uses cookies.",
        "This website stores small files on your device.",
        "Um unsere Seite zu verbessern, verwenden wir Cookies.",
        "En continuant votre navigation, vous acceptez les cookies.",
        "Este sitio web utiliza cookies propias.",
        "Questo sito utilizza cookie tecnici.",
        "Example Forum 2026 · Diseño web: Estudio Cierzo",
        "Collectif Exemple 2026 – Site réalisé avec SPIP",
    ],
)
def test_notices_on_cookies_and_the_makers_of_pages_are_left_out(notice: str) -> None:
    document = imported(TITLE, DAY, FIRST, SECOND, notice)
    assert left_out(document)[-1] == notice
