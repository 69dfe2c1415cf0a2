"""``python -m bench.writers``: sixteen programs write sixteen texts of ours, and all are imported.

Prints a row a writer for docs/importing.md: titles, dates, words in their order, furniture left in
the text, refusals, and milliseconds of CPU an import. Rules are tuned on the even texts and
measured on the odd ones (``--tuned`` shows the even ones, with each fault). Needs pandoc,
LibreOffice, Chromium, wkhtmltopdf and python-docx; a writer whose program is missing is named.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from email.message import EmailMessage
from html import escape
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time

from newsletter.documents.importing import import_file
from newsletter.domain.errors import InvalidInput

TODAY = date(2026, 11, 24)
_LIMIT = 120.0
_OFFICE = "Northmere Housing Forum"
_PLACES = ["Alder", "Birch", "Cedar", "Dunmore", "Elmbridge", "Fenwick", "Garston", "Hartley"]
_TOPICS = [
    "rents",
    "tenants",
    "landlords",
    "evictions",
    "repairs",
    "deposits",
    "hostels",
    "schools",
    "buses",
    "clinics",
    "rivers",
    "libraries",
    "wages",
    "pensions",
    "harbours",
    "forests",
]
_HEAD = "Northmere Housing Forum, 1 Example Street"
_FOOT = "Charity number 1234567"
_MENU = ("Home", "About us", "News", "Contact us", "Donate")


@dataclass(frozen=True, kw_only=True)
class Text:
    """A statement of ours, as an author would write it."""

    title: str
    day: date
    paragraphs: tuple[str, ...]
    quotation: str
    items: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    last: str

    @property
    def written_day(self) -> str:
        """The date as it stands below the title."""
        return f"{self.day.day} {self.day:%B %Y}"

    def words(self) -> list[str]:
        """All words below the title and the date, in order."""
        cells = [cell for row in self.rows for cell in row]
        return words_of(
            " ".join([*self.paragraphs, self.quotation, *self.items, *cells, self.last])
        )


def words_of(text: str) -> list[str]:
    """Return letters and figures, in small letters."""
    return re.findall(r"[^\W_]+", text.casefold())


def made_text(number: int) -> Text:
    """Return the text of a number; each has its own length, day and words."""
    topic, place = _TOPICS[number % 16], _PLACES[number % 8]
    count = 120 + 37 * number
    long = " before the council votes on its budget for the coming year" if number % 3 else ""
    return Text(
        title=f"{place} Needs an Answer on {topic.title()}{long.title()}",
        day=TODAY - timedelta(days=11 * number + 1),
        paragraphs=tuple(
            f"In {place}, {count + n} families wrote to us about {topic} last winter, and most of"
            f" them had waited {number + n + 3} months for an answer that never came. Our"
            f" {n + 2} volunteers visited every street in the district and counted again."
            for n in range(3 + number % 4 * 3)
        ),
        quotation=f"We were told to wait for {topic}, and we waited long enough, said the chair.",
        items=tuple(
            f"publish the {word} of {topic} each month" for word in ("cost", "list", "plan")
        ),
        rows=(("Year", "Letters"), ("2024", f"{count}"), ("2025", f"{count * 2}")),
        last=f"The Forum will meet the council again to speak about {topic} and asks all to come.",
    )


def markdown(text: Text) -> str:
    """Return the text for pandoc."""
    rows = [f"| {a} | {b} |" for a, b in text.rows]
    table = [rows[0], "|---|---|", *rows[1:]]
    parts = [f"# {text.title}", text.written_day, *text.paragraphs, f"> {text.quotation}"]
    listed = "\n".join(f"- {item}" for item in text.items)
    return "\n\n".join([*parts, listed, "\n".join(table), text.last]) + "\n"


def page(text: Text, *, paragraph: str = "<p>{}</p>", around: str = "{}", head: str = "") -> str:
    """Return the text as a page, with the marks of one program."""
    rows = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in text.rows)
    body = "".join(
        (
            f"<h1>{escape(text.title)}</h1>",
            *(paragraph.format(escape(one)) for one in (text.written_day, *text.paragraphs)),
            f"<blockquote>{paragraph.format(escape(text.quotation))}</blockquote>",
            f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in text.items)}</ul>",
            f"<table>{rows}</table>{paragraph.format(escape(text.last))}",
        )
    )
    title = f"<title>{escape(text.title)} | {_OFFICE}</title>"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{head}{title}</head>'
        f"<body>{around.format(body)}</body></html>"
    )


def plain(text: Text) -> str:
    """Return the text as an email has it: no marks but blank lines and hyphens."""
    cells = "\n".join("\t".join(row) for row in text.rows)
    listed = "\n".join(f"- {item}" for item in text.items)
    parts = [text.title, text.written_day, *text.paragraphs, text.quotation, listed, cells]
    return "\n\n".join([*parts, text.last])


# --- the writers ---------------------------------------------------------------------------------


def _run(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=_LIMIT)


def by_pandoc(text: Text, file: Path) -> None:
    source = file.with_suffix(".source.md")
    source.write_text(markdown(text), "utf-8")
    _run("pandoc", "--standalone", "--metadata", f"pagetitle={text.title}", source, "-o", file)


def by_pandoc_plain(text: Text, file: Path) -> None:
    source = file.with_suffix(".source.md")
    source.write_text(markdown(text), "utf-8")
    _run("pandoc", "--to", "plain", source, "-o", file)


def by_office(text: Text, file: Path) -> None:
    folder = file.parent / f"{file.stem}-{file.suffix[1:]}"
    folder.mkdir()
    source = folder / f"{file.stem}.odt"
    by_pandoc(text, source)
    written = folder / "out"
    profile = f"-env:UserInstallation=file://{file.parent}/profile"
    kind = file.suffix[1:]
    _run("soffice", profile, "--headless", "--convert-to", kind, "--outdir", written, source)
    (written / file.name).replace(file)


def by_chromium(text: Text, file: Path) -> None:
    source = file.with_suffix(".html")
    source.write_text(page(text), "utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={file}")
    _run("chromium", *flags, source)


def by_wkhtmltopdf(text: Text, file: Path) -> None:
    source = file.with_suffix(".html")
    source.write_text(page(text), "utf-8")
    marks = ("--header-left", _HEAD, "--footer-center", "Page [page] of [topage]")
    _run("wkhtmltopdf", "-q", *marks, source, file)


def by_python_docx(text: Text, file: Path) -> None:
    from docx import Document  # only this writer needs it

    document = Document()
    document.sections[0].header.paragraphs[0].text = _HEAD
    document.sections[0].footer.paragraphs[0].text = _FOOT
    document.add_heading(text.title, level=0)
    for one in (text.written_day, *text.paragraphs):
        document.add_paragraph(one)
    document.add_paragraph(text.quotation, style="Intense Quote")
    for item in text.items:
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=0, cols=2)
    for row in text.rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
    document.add_paragraph(text.last)
    document.save(str(file))


def by_google(text: Text, file: Path) -> None:
    paragraph = '<p class="c1"><span class="c2">{}</span></p>'
    around = '<div class="doc-content">{}</div>'
    file.write_text(page(text, paragraph=paragraph, around=around), "utf-8")


def by_word_as_page(text: Text, file: Path) -> None:
    generator = '<meta name=Generator content="Microsoft Word 15 (filtered)">'
    paragraph = "<p class=MsoNormal><span lang=EN-GB>{}</span><o:p></o:p></p>"
    around = "<div class=WordSection1>{}</div>"
    file.write_text(page(text, paragraph=paragraph, around=around, head=generator), "utf-8")


def by_site(text: Text, file: Path) -> None:
    menu = "".join(f'<li><a href="/{n}">{one}</a></li>' for n, one in enumerate(_MENU))
    around = (
        f"<header><nav><ul>{menu}</ul></nav></header><main><article>{{}}</article></main>"
        f"<footer><p>{_FOOT}</p><ul>{menu}</ul></footer>"
    )
    file.write_text(page(text, around=around), "utf-8")


def _outlook_head(text: Text) -> list[str]:
    return [
        "From: Press Office <press@forum.example>",
        "Sent: Monday, November 23, 2026 9:14 AM",
        "To: Ana Ruiz <ana@readers.example>",
        f"Subject: {text.title}",
    ]


def _email(text: Text, file: Path, *, html: str = "") -> None:
    message = EmailMessage()
    message["From"] = "Ana Ruiz <ana@readers.example>"
    message["To"] = "editor@news.example"
    message["Subject"] = f"FW: {text.title}"
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    head = "\n".join(_outlook_head(text))
    message.set_content(f"-----Original Message-----\n{head}\n\n{plain(text)}\n")
    if html:
        message.add_alternative(html, subtype="html")
    file.write_bytes(message.as_bytes())


def by_outlook_plain(text: Text, file: Path) -> None:
    _email(text, file)


def by_outlook(text: Text, file: Path) -> None:
    head = "<br>".join(
        f"<b>{name}:</b> {escape(rest.strip())}"
        for name, _, rest in (line.partition(":") for line in _outlook_head(text))
    )
    rule = f'<div style="border-top:solid #E1E1E1 1pt"><p class=MsoNormal>{head}</p></div>'
    paragraph = "<p class=MsoNormal>{}<o:p></o:p></p>"
    _email(text, file, html=page(text, paragraph=paragraph, around=rule + "{}"))


Writer = tuple[str, str, str, Callable[[Text, Path], None]]
WRITERS: Sequence[Writer] = (
    ("pandoc", "docx", "pandoc", by_pandoc),
    ("pandoc", "odt", "pandoc", by_pandoc),
    ("pandoc", "html", "pandoc", by_pandoc),
    ("pandoc", "txt", "pandoc", by_pandoc_plain),
    ("LibreOffice", "docx", "soffice", by_office),
    ("LibreOffice", "odt", "soffice", by_office),
    ("LibreOffice", "html", "soffice", by_office),
    ("LibreOffice", "pdf", "soffice", by_office),
    ("Chromium", "pdf", "chromium", by_chromium),
    ("wkhtmltopdf", "pdf", "wkhtmltopdf", by_wkhtmltopdf),
    ("python-docx", "docx", "docx", by_python_docx),
    ("like Google Docs", "html", "", by_google),
    ("like Word", "html", "", by_word_as_page),
    ("like a site", "html", "", by_site),
    ("like Outlook, text", "eml", "", by_outlook_plain),
    ("like Outlook, HTML", "eml", "", by_outlook),
)


# --- the figures ---------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Counts:
    """What became of the texts of one writer."""

    texts: int = 0
    refused: int = 0
    titles: int = 0
    dates: int = 0
    ordered: int = 0
    clean: int = 0
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def count(text: Text, file: Path, counts: Counts) -> None:
    """Import a file, and count what is right."""
    counts.texts += 1
    data = file.read_bytes()
    started = process_time()
    try:
        made = import_file(data, today=TODAY, file=file.name)
    except InvalidInput as error:
        counts.refused += 1
        counts.faults.append(f"refused: {error}")
        return
    counts.seconds.append(process_time() - started)
    body = words_of(re.sub(r"\\(.)", r"\1", made.body))
    kept, own = "".join(body), "".join(text.words())
    furniture = [one for one in (_HEAD, _FOOT, *_MENU, text.title) if one in made.body]
    counts.titles += made.title == text.title
    counts.dates += made.date == text.day
    counts.ordered += own == kept
    counts.clean += not furniture
    if made.title != text.title:
        counts.faults.append(f"title {made.title!r}")
    if made.date != text.day:
        counts.faults.append(f"date {made.date}, not {text.day}")
    if own != kept:
        at = next(
            (n for n, pair in enumerate(zip(own, kept, strict=False)) if pair[0] != pair[1]), -1
        )
        counts.faults.append(
            f"words: …{own[at - 20 : at + 40]}… became …{kept[at - 20 : at + 40]}…"
        )
    if furniture:
        counts.faults.append(f"furniture: {furniture}")


def missing(program: str) -> bool:
    """Return whether a writer's program or package is not installed."""
    return bool(program) and not (shutil.which(program) or find_spec(program))


def rows(numbers: Sequence[int], folder: Path, only: str) -> Iterator[tuple[str, Counts]]:
    """Yield the counts of each writer that is asked for."""
    for place, (name, kind, program, write) in enumerate(WRITERS):
        if only not in f"{name}, .{kind}":
            continue
        counts = Counts()
        if not missing(program):
            for number in numbers:
                text = made_text(number)
                file = folder / f"{place}-{number}.{kind}"
                write(text, file)
                count(text, file, counts)
        yield f"{name}, .{kind}", counts


def main() -> int:
    """Write, import, print. Ends with 2 if a writer is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.writers", description=__doc__)
    parser.add_argument("--tuned", action="store_true", help="the half that rules are tuned on")
    parser.add_argument("only", nargs="?", default="", help="a part of the writers' names")
    options = parser.parse_args()
    tuned = options.tuned
    lacking = False
    print("| written by | texts | title | date | word order | no furniture | refused | ms |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    every: list[float] = []
    with tempfile.TemporaryDirectory(prefix="newsletter-writers-") as folder:
        for name, one in rows(range(0 if tuned else 1, 16, 2), Path(folder), options.only):
            if not one.texts:
                print(f"{name}: its program is missing", file=sys.stderr)
                lacking = True
                continue
            every += one.seconds
            time = f"{1000 * median(one.seconds):.0f}" if one.seconds else "–"
            print(
                f"| {name} | {one.texts} | {one.titles} | {one.dates} | {one.ordered}"
                f" | {one.clean} | {one.refused} | {time} |",
                flush=True,
            )
            if tuned:
                print("\n".join(f"    {fault}" for fault in one.faults), file=sys.stderr)
    if every:
        print(f"\nMedian: {1000 * median(every):.0f} ms an import.")
    return 2 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
