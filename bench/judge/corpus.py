"""The judged mails: our own examples and a corpus outside the project, in three brands.

There is one for each theme: the plain style, and those of docs/look.md; a test holds them together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from newsletter.documents.importing import import_file
from newsletter.domain.campaigns.digest import Digest, Every, compose_issue
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.brand import Brand, Logo, Sans, Serif
from newsletter.domain.statements.content import Organisation, PressContact, Publisher, Sender
from newsletter.domain.statements.statement import Statement
from newsletter.domain.themes import Theme
from newsletter.rendering.mail.details import Abstracts
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer
from newsletter.sources.statements import Defaults, parse_statement, slugify

DOMAIN = "forum.example"
TIMEZONE = "America/New_York"

BRANDS = {
    "plain": Brand(),
    "briefing": Brand(
        color="#1a4fa0",
        theme=Theme.BRIEFING,
        sans=Sans.VERDANA,
        logo=Logo(src="https://forum.example/mail-logo.png", width=96, height=96),
    ),
    "bulletin": Brand(color="#8a1c3b", theme=Theme.BULLETIN, serif=Serif.PALATINO),
}
PLAIN = "plain"


def publisher_in(brand: str = PLAIN) -> Publisher:
    """A made-up organisation in one of the brands."""
    organisation = Organisation(
        name="Example Forum",
        website=f"https://{DOMAIN}",
        postal_address="1 Example Street, Washington, DC 20001",
        tagline="Practical answers",
        press_contact=PressContact(
            name="Press Office", email=f"press@{DOMAIN}", phone="+1 202 555 0100"
        ),
    )
    return Publisher(
        organisation=organisation,
        sender=Sender(name=organisation.name, address=f"news@{DOMAIN}", reply_to=f"press@{DOMAIN}"),
        public_url=f"https://news.{DOMAIN}",
        timezone=TIMEZONE,
        brand=BRANDS[brand],
    )


EXAMPLES = Path(__file__).parent / "statements"
BLOCKS = Path(__file__).parent / "blocks"
"""A statement for each block that plain Markdown has no mark for."""
KINDS = Path(__file__).parent / "kinds"
"""Corrections and digest emails in each language of the fixed words; translations in one mail."""
_OURS = (EXAMPLES, BLOCKS, KINDS)
_DIGEST = "digest-"
_SHARED = Path(__file__).parents[2] / ".." / "shared"
_BESIDE = ("seed/statement.txt", "corpus/markdown", "corpus/text")
_KINDS = {".md", ".txt"}
_FRONT_MATTER = b"---"
_TODAY = date(2026, 1, 5)  # an import must not depend on the day it is made
_DEFAULTS = Defaults(lists=("press",), language="en", timezone=TIMEZONE)


def default_places() -> list[Path]:
    """Our own examples, and the corpus outside the project, as far as it is there."""
    return [*_OURS, *(place for name in _BESIDE if (place := _SHARED / name).exists())]


def statement_files(places: Iterable[Path]) -> list[Path]:
    """All files of statements at the places, each a file or a folder, in their order."""
    return [file for place in places for file in _files(place)]


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(file for file in place.iterdir() if file.suffix in _KINDS)
    else:
        yield place


@dataclass(frozen=True, kw_only=True)
class Text:
    """The parts of one mail."""

    statement: Statement
    translations: tuple[Statement, ...] = ()


def read_text(file: Path) -> Text:
    """Return the content of a file, and its companions. Raises InvalidInput or OSError.

    Its translations are in a folder of the same name. Of a digest email the file is the
    introduction: it gathers all our statements in its language.
    """
    statement = read_statement(file)
    if file.resolve().parent == KINDS and file.stem.startswith(_DIGEST):
        return Text(statement=_gathered(statement))
    beside = sorted(file.with_suffix("").glob("*.md"))
    return Text(statement=statement, translations=tuple(map(read_statement, beside)))


def _gathered(intro: Statement) -> Statement:
    """A digest email, by the product's own rules."""
    publisher, language, day = publisher_in(), intro.language, intro.date or _TODAY
    wordings = TemplateRenderer(publisher=publisher, files=mail_templates(None)).wordings
    abstracts = Abstracts(publisher, wordings)
    files = (file for place in _OURS for file in sorted(place.glob("*.md")))
    told = [read_statement(file) for file in files if not file.stem.startswith(_DIGEST)]
    digest = Digest(
        name="digest",
        title=intro.title,
        every=Every.WEEK,
        day="friday",
        at="09:00",
        lists=intro.lists,
        language=language,
        intro=intro.body,
    )
    found = [abstracts.of(one, day, language) for one in told if one.language == language]
    return compose_issue(digest, day, found, dated=abstracts.dated(day, language))


def read_statement(file: Path) -> Statement:
    """A statement file as it is; anything else as ``newsletter statement import`` takes it.

    Raises InvalidInput or OSError.
    """
    data = file.read_bytes()
    if file.suffix == ".md" and data.startswith(_FRONT_MATTER):
        parsed = parse_statement(data, file=file.name, defaults=_DEFAULTS)
        if parsed.statement is None:
            raise InvalidInput(parsed.faults)
        return parsed.statement
    found = import_file(data, today=_TODAY, file=file.name)
    return Statement(
        slug=slugify(found.title),
        title=found.title,
        body=found.body,
        lists=_DEFAULTS.lists,
        language=_DEFAULTS.language,
        date=found.date,
        summary=found.summary,
        subject=found.subject,
        origin=file.name,
    )
