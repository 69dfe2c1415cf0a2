"""Statements in the shapes that press offices give them, and what comes of each."""

# ruff: noqa: E501 - a paragraph of a statement is a line

from dataclasses import dataclass
from datetime import date

from newsletter.documents.plain_text import import_document
from newsletter.documents.release.lines import cut_text
from tests.rows import rows
from tests.unit.documents.accounting import accounted, crossed_gaps

TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Shape:
    """A text, and what a person makes of it: blocks are ranges of lines, the title first."""

    text: str
    title: str
    date: str
    blocks: str
    dropped: dict[int, str]
    summary: str = ""
    notes: tuple[str, ...] = ()


def contact(words: str) -> str:
    return (
        f"“{cut_text(words, 61)}” begins a contact, which was kept. Each mail ends with the press contact of the "
        "configuration: take this one out if it is the same."
    )


def editors(words: str) -> str:
    return (
        f"“{cut_text(words, 61)}” begins what editors are told, which was kept: take it out if it is not for "
        "readers."
    )


SHAPES = {
    "a contact block at the top": Shape(
        text="""\
FOR IMMEDIATE RELEASE

Contact:
Wren Writer
Director of Communications
(202) 555-0100
wren@forum.example

Forum Calls for Hearings on Fair Housing

WASHINGTON, May 3, 2024 – The Example Forum called today for public hearings on fair housing in each of the fifty states.

“We have waited long enough,” said Robin Reader, who chairs the board.

###

About the Example Forum
The Example Forum was founded in 1990 and works for homes that people can pay for.
""",
        title="Forum Calls for Hearings on Fair Housing",
        date="2024-05-03",
        blocks="9 11 13 17 18",
        dropped={
            1: "for immediate release",
            3: "a contact above the text",
            4: "a contact above the text",
            5: "a contact above the text",
            6: "a contact above the text",
            7: "a contact above the text",
            15: "the mark of the end",
        },
        notes=("The date 2024-05-03 is from line 11 in its dateline.",),
    ),
    "a headline of two lines, a subhead, ENDS and a contact": Shape(
        text="""\
PRESS RELEASE

Forum Leaves the Advisory Council on Fair
Housing and Calls for Public Hearings

Its last report passes over what its own hearings found

LONDON, 3 May 2024 – The Example Forum left the council today after two years of work on
fair housing, because its last report said nothing of what the council's own hearings
had found.

“We had to go,” said Wren Writer, who quoted the chair as saying: “‘There is no room for
this,’ she told us, and that was that.”

Notes to editors

1. The Example Forum was founded in 1990.
2. The council's report is at https://council.example/report.

ENDS

Contact: Wren Writer, +44 20 7946 0100, wren@forum.example
""",
        title="Forum Leaves the Advisory Council on Fair Housing and Calls for Public Hearings",
        date="2024-05-03",
        blocks="3-4 6 8-10 12-13 15 17 18 22",
        dropped={1: "site furniture", 20: "the mark of the end"},
        summary="Its last report passes over what its own hearings found",
        notes=(
            "Lines 3 and 4 were taken for one title.",
            "The date 2024-05-03 is from line 8 in its dateline.",
            editors("Notes to editors"),
            contact("Contact: Wren Writer, +44 20 7946 0100, wren@forum.example"),
            "Line 6 reads like a subhead: it stays in the text, and is the summary too.",
        ),
    ),
    "a British release with bullets and notes to editors": Shape(
        text="""\
News release
Tuesday 3 September 2024

Charity warns of a winter without homes

* Waiting lists grew by a third in a year
* Councils built 2,000 homes fewer than promised

Waiting lists for social homes have grown by a third within a year, figures published today by the Example Forum show.

Councils built 2,000 homes fewer than they had promised.

ENDS

Notes to editors:
1. The figures are from a survey of 120 councils in July 2024.
2. The Example Forum is a registered charity.

For more information please contact:
Wren Writer, press officer
020 7946 0100
wren@forum.example
""",
        title="Charity warns of a winter without homes",
        date="2024-09-03",
        blocks="4 6 7 9 11 15 16 17 19-22",
        dropped={1: "site furniture", 2: "the date", 13: "the mark of the end"},
        notes=(editors("Notes to editors:"), contact("For more information please contact:")),
    ),
    "an embargo, a byline, a numbered list and -30-": Shape(
        text="""\
Embargoed until 9 a.m. ET, May 6, 2024

Forum Publishes Report on Rents

By Wren Writer

NEW YORK (May 3, 2024) -- Rents grew faster than pay in 41 of 50 states last year, a report by the Example Forum found.

The report lists the following steps:

1. Build more homes.
2. Protect those who rent.
3. Publish the figures each year.

Its authors will speak in Albany on May 7.

-30-

Media contact: Robin Reader, (212) 555-0100, robin@forum.example
""",
        title="Forum Publishes Report on Rents",
        date="2024-05-03",
        blocks="3 5 7 9 11 12 13 15 19",
        dropped={1: "the embargo", 17: "the mark of the end"},
        notes=(
            "Line 1 speaks of an embargo: enter 2024-05-06 09:00-04:00 as its end (embargo_until).",
            "The date 2024-05-03 is from line 7 in its dateline.",
            contact("Media contact: Robin Reader, (212) 555-0100, robin@forum.example"),
        ),
    ),
    "a German release": Shape(
        text="""\
PRESSEMITTEILUNG
ZUR SOFORTIGEN VERÖFFENTLICHUNG

Beispielforum verlässt den Beirat für faires Wohnen

Abschlussbericht verschweigt Ergebnisse der eigenen Anhörungen

Berlin, 3. März 2024 – Das Beispielforum hat heute nach zwei Jahren den Beirat für faires Wohnen verlassen, weil dessen Abschlussbericht die Ergebnisse der eigenen Anhörungen verschweigt.

„Wir mussten gehen“, sagte die Vorsitzende Jana Muster. „Es gab keinen anderen Weg.“

Pressekontakt:
Jana Muster
Telefon: +49 30 5550100
presse@forum.example
""",
        title="Beispielforum verlässt den Beirat für faires Wohnen",
        date="2024-03-03",
        blocks="4 6 8 10 12-15",
        dropped={1: "site furniture", 2: "for immediate release"},
        summary="Abschlussbericht verschweigt Ergebnisse der eigenen Anhörungen",
        notes=(
            "Line 4 was taken for the title; look whether it is.",
            "The date 2024-03-03 is from line 8 in its dateline.",
            contact("Pressekontakt:"),
            "Line 6 reads like a subhead: it stays in the text, and is the summary too.",
        ),
    ),
    "a Spanish release": Shape(
        text="""\
COMUNICADO DE PRENSA
PARA DIFUSIÓN INMEDIATA

El Foro Ejemplo abandona el consejo asesor de vivienda

Madrid, 3 de mayo de 2024.- El Foro Ejemplo abandonó hoy el consejo asesor de vivienda tras dos años de trabajo, porque su último informe calla lo que dijeron sus propias audiencias.

«No había otro camino», dijo su presidenta, Ana Ruiz.

Contacto de prensa: Ana Ruiz, +34 91 555 01 00, prensa@foro.example
""",
        title="El Foro Ejemplo abandona el consejo asesor de vivienda",
        date="2024-05-03",
        blocks="4 6 8 10",
        dropped={1: "site furniture", 2: "for immediate release"},
        notes=(
            "The date 2024-05-03 is from line 6 in its dateline.",
            contact("Contacto de prensa: Ana Ruiz, +34 91 555 01 00, prensa@foro.example"),
        ),
    ),
    "a French release": Shape(
        text="""\
COMMUNIQUÉ DE PRESSE
POUR DIFFUSION IMMÉDIATE

Le Forum Exemple quitte le conseil consultatif du logement

Paris, le 1er février 2024 – Le Forum Exemple a quitté aujourd’hui le conseil consultatif du logement après deux ans de travail, parce que son dernier rapport tait ce que ses propres auditions ont montré.

« Il n’y avait pas d’autre chemin », a déclaré sa présidente, Anne Martin.

Contact presse : Anne Martin, +33 1 55 50 01 00, presse@forum.example
""",
        title="Le Forum Exemple quitte le conseil consultatif du logement",
        date="2024-02-01",
        blocks="4 6 8 10",
        dropped={1: "site furniture", 2: "for immediate release"},
        notes=(
            "The date 2024-02-01 is from line 6 in its dateline.",
            contact("Contact presse : Anne Martin, +33 1 55 50 01 00, presse@forum.example"),
        ),
    ),
    "a PDF with soft hyphens, ligatures, parted words and page lines": Shape(
        text="""\
Example Forum\u00a0| Press Release
Page 1 of 2

May 3, 2024

Forum Leaves the Advisory Council on Fair Housing

The Example Forum left the Advisory Council on Fair Hous\u00ad
ing today after two years of work, because the \ufb01nal re-
port of the council said nothing of what its own hearings
had found, and nothing of the o\ufb03ce that had held them. The
council had been founded in 2022 in order to advise the

Example Forum\u00a0| Press Release
Page 2 of 2

department on homes that people can pay for, and on long-
term plans for those who rent.
We remain ready to speak with everybody who wants homes
that people can pay for, in each of the \ufb01fty states.
""",
        title="Forum Leaves the Advisory Council on Fair Housing",
        date="2024-05-03",
        blocks="6 8-18 19-20",
        dropped={
            1: "a running header",
            2: "a page number",
            4: "the date",
            14: "a running header",
            15: "a page number",
        },
        notes=(
            "Parted by a hyphen at the end of a line: re-port, long-term. Look whether they are right.",
        ),
    ),
    "a table of cells that tabs part": Shape(
        text="""\
Forum Publishes Figures on Rents

May 3, 2024

Rents grew faster than pay in each of the three counties that the Example Forum looked at last year.

County\tRent\tPay
Adams\t12 %\t3 %
Bristol\t9 %\t4 %
Clark\t15 %\t2 %

The figures are from a survey of 1,200 homes in the three counties.
""",
        title="Forum Publishes Figures on Rents",
        date="2024-05-03",
        blocks="1 5 7 8 9 10 12",
        dropped={3: "the date"},
    ),
    "a header on each page with its number in words": Shape(
        text="""\
EXAMPLE FORUM
Statement on fair housing - 3 May 2024 - Page 1

Statement on Fair Housing

3 May 2024

The Example Forum left the Advisory Council on Fair Housing today after two years of
work, because the council's last report said nothing of what its own hearings had found.
It had been a member from the very first day, and had brought many of the people to the

EXAMPLE FORUM
Statement on fair housing - 3 May 2024 - Page 2

table who spoke at those hearings. None of their words are in the report, which was
written by a firm that had not been at any of them.
The Forum will go on with its own hearings, and will publish what is said there by the
end of the year, so that everybody can read what the council did not want to be read.

EXAMPLE FORUM
Statement on fair housing - 3 May 2024 - Page 3

Everybody who wants to speak at one of these hearings may write to the Forum, which will
answer each letter.
""",
        title="Statement on Fair Housing",
        date="2024-05-03",
        blocks="4 8-16 17-24",
        dropped={
            1: "a running header",
            2: "a page number",
            6: "the date",
            12: "a running header",
            13: "a page number",
            20: "a running header",
            21: "a page number",
        },
        notes=("A paragraph may begin with each of these lines, or go on: 10, 23.",),
    ),
    "quotations in quotations, broken by links": Shape(
        text="""\
Forum Answers the Minister

3 May 2024

“The minister said, ‘Nobody is without a home who wants one.’ That is untrue,” said Wren Writer, who directs the Forum.

She added: “When we asked him, ‘Who told you so?’ he answered, ‘The council.’”

“It is not the first time,”
she said,
“and it will not be the last.”
""",
        title="Forum Answers the Minister",
        date="2024-05-03",
        blocks="1 5 7 9-11",
        dropped={3: "the date"},
    ),
    "a German embargo and a note to editors": Shape(
        text="""\
Sperrfrist: 6. Mai 2024, 9:00 Uhr

Presseinformation

Mieten steigen schneller als Löhne

Die Mieten sind im vergangenen Jahr in 41 von 50 Landkreisen schneller gestiegen als die Löhne, zeigt ein Bericht des Beispielforums.

Der Bericht erscheint am 6. Mai 2024.

Hinweis an die Redaktionen: Der Bericht liegt auf Wunsch vorab vor.
""",
        title="Mieten steigen schneller als Löhne",
        date="None",
        blocks="5 7 9 11",
        dropped={1: "the embargo", 3: "site furniture"},
        notes=(
            "Line 1 speaks of an embargo: enter 2024-05-06 09:00 as its end (embargo_until) if that time is in your own zone.",
            "No date was found: enter it yourself.",
            editors("Hinweis an die Redaktionen: Der Bericht liegt auf Wunsch vorab vor."),
        ),
    ),
    "a contact between title and text": Shape(
        text="""\
Statement of the Example Forum on the Court's Decision

For Immediate Release: May 3, 2024
Contact: Wren Writer | wren@forum.example | 202-555-0100

Washington, D.C. — Today, the Supreme Court decided that counties may not turn people away who have no home.

Robin Reader, president of the Example Forum, issued the following statement:

"The Court has done what was right.

"Counties will now have to do what they should have done all along."
""",
        title="Statement of the Example Forum on the Court's Decision",
        date="2024-05-03",
        blocks="1 6 8 10 12",
        dropped={3: "the date", 4: "a contact above the text"},
    ),
    "a headline in capitals with a subhead below": Shape(
        text="""\
EXAMPLE FORUM SUES COUNTY OVER HOMES
Suit says that officials broke a promise of 2019
FOR IMMEDIATE RELEASE
Friday, May 3, 2024
Contact: Wren Writer
(202) 555-0100
wren@forum.example

(Springfield, Ill.) – The Example Forum today sued Adams County over homes that officials promised in 2019 and never built.

“A promise is a promise,” said Wren Writer.

                                 # # #
""",
        title="EXAMPLE FORUM SUES COUNTY OVER HOMES",
        date="2024-05-03",
        blocks="1 2 9 11",
        dropped={
            3: "for immediate release",
            4: "the date",
            5: "a contact above the text",
            6: "a contact above the text",
            7: "a contact above the text",
            13: "the mark of the end",
        },
        summary="Suit says that officials broke a promise of 2019",
        notes=(
            "Line 1 was taken for the title; look whether it is.",
            "Line 2 reads like a subhead: it stays in the text, and is the summary too.",
        ),
    ),
}


@rows("name", SHAPES)
def test_a_statement_is_recognised_whatever_its_shape(name: str) -> None:
    shape = SHAPES[name]
    document = import_document(shape.text, today=TODAY)

    assert document.title == shape.title
    assert str(document.date) == shape.date
    assert accounted(shape.text, document) == shape.blocks
    assert {one.line: one.reason for one in document.dropped} == shape.dropped
    assert document.summary == shape.summary
    assert document.notes == shape.notes
    assert crossed_gaps(shape.text, document) == []
