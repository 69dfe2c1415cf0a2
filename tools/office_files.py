"""Writes ``tests/corpus/office`` by LibreOffice: ``python -m tools.office_files``.

Each is written once, as HTML, and saved by LibreOffice as .odt, .docx, .pdf and .html. Their
contents are made up.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tests" / "corpus" / "office"
KINDS = ("odt", "docx", "pdf", "html")


@dataclass(frozen=True)
class Text:
    """A made-up statement: its HTML, and what an import is to make of it."""

    name: str
    title: str
    date: str
    html: str
    embargo: bool = False


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


_ABOUT = "<p>###</p>"
_CONTACT = "<p>Contact: Jo Example, press@forum.example, +1 202 555 0100</p>"

TEXTS = (
    Text(
        "01-plain",
        "Forum opens a reading room for everyone",
        "2026-03-04",
        "<h1>Forum opens a reading room for everyone</h1>"
        + _paragraphs(
            "March 4, 2026",
            "The Example Forum opened a public reading room today. It holds forty seats, six"
            " thousand books and a desk at which anybody may ask for help with a letter.",
            "It is open on weekdays from nine to six. Nobody has to show a card, and nobody is"
            " asked why they came.",
        ),
    ),
    Text(
        "02-marks-and-link",
        "Council has to publish what the bridge costs",
        "2026-05-12",
        "<h1>Council has to publish what the bridge costs</h1>"
        + _paragraphs(
            "12 May 2026",
            "The Example Forum asks the city council to <b>publish every contract</b> of the new"
            " bridge. So far it has published <i>none of them</i>.",
            'The law is clear, and <a href="https://law.example/records">the records act</a> leaves'
            " no room: a contract over ten thousand has to be public within thirty days.",
        ),
    ),
    Text(
        "03-list",
        "Five steps to a safer crossing",
        "2026-06-01",
        "<h1>Five steps to a safer crossing</h1>"
        + _paragraphs(
            "June 1, 2026",
            "Three people were hurt at the crossing of Mill Road last year. The Example Forum asks"
            " for steps that other towns have taken long ago.",
        )
        + "<ul><li>A longer green for people on foot</li><li>A lamp above each side</li>"
        "<li>A line at which cars stop</li></ul>"
        + _paragraphs("None of them costs more than a day of roadworks on the bypass."),
    ),
    Text(
        "04-numbered",
        "How the hearing will go",
        "2026-07-20",
        "<h1>How the hearing will go</h1>"
        + _paragraphs(
            "July 20, 2026",
            "The hearing on the water plan takes place on Thursday in the town hall, and everybody"
            " may come. The Example Forum explains how it goes.",
        )
        + "<ol><li>The mayor opens it.</li><li>Each group speaks for ten minutes.</li>"
        "<li>Questions from the floor follow.</li></ol>"
        + _paragraphs("The minutes are published within a week."),
    ),
    Text(
        "05-subheads",
        "Forum presents its report on rents",
        "2026-09-15",
        "<h1>Forum presents its report on rents</h1>"
        + _paragraphs(
            "September 15, 2026",
            "Rents in the old town rose by a fifth within two years. The Example Forum has asked"
            " eight hundred households and presents what they said.",
        )
        + "<h2>What tenants say</h2>"
        + _paragraphs("Every third household has moved, or expects to move within a year.")
        + "<h2>What the Forum asks for</h2>"
        + _paragraphs("A register of rents that anybody may read, and an office that keeps it."),
    ),
    Text(
        "06-table",
        "What the libraries got and what they need",
        "2026-10-02",
        "<h1>What the libraries got and what they need</h1>"
        + _paragraphs(
            "October 2, 2026",
            "The budget for the libraries falls for the third time. The Example Forum has put the"
            " figures of the last three years beside each other.",
        )
        + "<table border='1'><tr><th>Year</th><th>Budget</th><th>Need</th></tr>"
        "<tr><td>2024</td><td>1,240,500</td><td>1,300,000</td></tr>"
        "<tr><td>2025</td><td>1,180,000</td><td>1,340,000</td></tr></table>"
        + _paragraphs("Without another decision two branches close in spring."),
    ),
    Text(
        "07-quotation",
        "Judge orders the records to be opened",
        "2026-10-09",
        "<h1>Judge orders the records to be opened</h1>"
        + _paragraphs(
            "October 9, 2026",
            "The district court has ordered the police to open the records that the Example Forum"
            " asked for two years ago.",
        )
        + "<blockquote>Whoever pays for a report may read it.</blockquote>"
        + _paragraphs("The order takes effect in ten days, and the police may appeal until then."),
    ),
    Text(
        "08-embargo",
        "Inquiry finds that warnings were ignored",
        "2026-11-03",
        _paragraphs("EMBARGOED UNTIL 3 NOVEMBER 2026, 06:00")
        + "<h1>Inquiry finds that warnings were ignored</h1>"
        + _paragraphs(
            "3 November 2026",
            "The inquiry into the flood has found that eleven warnings reached the authority, and"
            " that none of them was passed on.",
            "The Example Forum asks the authority to name who decides in such a night.",
        ),
        embargo=True,
    ),
    Text(
        "09-release-line",
        "Forum joins the suit against the port",
        "2026-11-10",
        _paragraphs("FOR IMMEDIATE RELEASE", "November 10, 2026")
        + "<h1>Forum joins the suit against the port</h1>"
        + _paragraphs(
            "The Example Forum joins the suit of three villages against the new port. It brings"
            " the measurements of two summers.",
            "The water was warmer than allowed on ninety of a hundred days.",
        )
        + _ABOUT
        + _CONTACT,
    ),
    Text(
        "10-german",
        "Forum fordert Auskunft über die Brücke",
        "2026-11-12",
        "<h1>Forum fordert Auskunft über die Brücke</h1>"
        + _paragraphs(
            "12. November 2026",
            "Das Beispielforum verlangt von der Stadt alle Verträge über den Bau der neuen Brücke."
            " Bisher ist keiner davon öffentlich, obwohl das Gesetz es verlangt.",
            "Die Stadt hat dafür dreißig Tage Zeit, und sie sind seit dem Sommer vorbei.",
        ),
    ),
    Text(
        "11-spanish",
        "El Foro pide que se publiquen los contratos",
        "2026-11-16",
        "<h1>El Foro pide que se publiquen los contratos</h1>"
        + _paragraphs(
            "16 de noviembre de 2026",
            "El Foro de Ejemplo pide al ayuntamiento que publique todos los contratos del puente"
            " nuevo. La ley da treinta días y ya han pasado noventa.",
            "Quien paga una obra tiene derecho a saber lo que cuesta.",
        ),
    ),
    Text(
        "12-long",
        "Forum leaves the advisory council on detention",
        "2026-11-20",
        "<h1>Forum leaves the advisory council on detention</h1>"
        + _paragraphs("November 20, 2026")
        + _paragraphs(
            *(
                f"This is paragraph {number} of a statement that runs over several pages. The"
                " Example Forum sat on the advisory council for six years, and read each report"
                " that it was given. It said what was missing, asked when it would come, and wrote"
                " down what it was told. Nothing of that has changed how people are held, and so"
                " the Forum leaves."
                for number in range(1, 31)
            )
        ),
    ),
    Text(
        "13-arabic",
        "المنتدى يفتتح قاعة للقراءة",
        "2026-11-25",
        "<div dir='rtl' lang='ar'><h1>المنتدى يفتتح قاعة للقراءة</h1>"
        + _paragraphs(
            "25 تشرين الثاني 2026",
            "افتتح المنتدى اليوم قاعة للقراءة (الطابق 2) في شارع 14، وهي مفتوحة للجميع من الساعة"
            " 10:30 حتى 18:00 كل يوم. وقالت Dr. Rania Haddad إن «الكتاب حق لكل طفل».",
            "بلغت الكلفة 1,250,000 دينار، والرابط https://forum.example/ar هنا.",
        )
        + "</div>",
    ),
    Text(
        "14-hebrew",
        "הפורום פותח אולם קריאה",
        "2026-11-27",
        "<div dir='rtl' lang='he'><h1>הפורום פותח אולם קריאה</h1>"
        + _paragraphs(
            "27 בנובמבר 2026",
            "הפורום פתח היום אולם קריאה (קומה 2) ברחוב 14, והוא פתוח לכולם משעה 10:30 עד 18:00"
            " בכל יום. המנהלת Rania Haddad אמרה: הספר הוא זכות של כל ילד.",
            "העלות הייתה 1,250,000 שקל, לפי דוח של Example Forum מהשנה.",
        )
        + "</div>",
    ),
    Text(
        "15-columns",
        "Two towns share one fire engine",
        "2026-11-18",
        "<h1>Two towns share one fire engine</h1>"
        + _paragraphs("November 18, 2026")
        + "<multicol cols='2' gutter='30'>"
        + _paragraphs(
            "The towns of Upper and Lower Penny will share one fire engine from January, their"
            " councils decided on Monday evening.",
            "It will stand in Upper Penny from Monday to Thursday, and in Lower Penny at weekends."
            " The crews train together on the first Tuesday of each month.",
            "“We have shared a river for nine hundred years,” said the mayor of Upper Penny. “An"
            " engine is easier.”",
            "The engine costs 412,000 and was paid for by a bequest of the late Miss Abernathy, who"
            " lived on the bridge between the towns.",
            "Its name will be chosen by the children of both schools. The shortlist has four"
            " names.",
        )
        + "</multicol>",
    ),
)


def main() -> int:
    """Make all of them, where LibreOffice is there."""
    office = shutil.which("soffice")
    if office is None:
        print("LibreOffice is not installed (soffice)", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for text in TEXTS:
            page = f"<html><head><meta charset='utf-8'></head><body>{text.html}</body></html>"
            (folder / f"{text.name}.html").write_text(page, "utf-8")
        sources = sorted(folder.glob("*.html"))
        _convert(office, "odt", FOLDER, sources, "--infilter=HTML (StarWriter)")
        for kind in KINDS[1:]:
            _convert(office, kind, FOLDER, sorted(FOLDER.glob("*.odt")))
    return 0


def _convert(office: str, kind: str, out: Path, files: list[Path], *how: str) -> None:
    command = [office, "--headless", *how, "--convert-to", kind, "--outdir", str(out)]
    subprocess.run([*command, *map(str, files)], check=True, capture_output=True, timeout=600)


if __name__ == "__main__":
    sys.exit(main())
