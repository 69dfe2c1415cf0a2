"""A made-up release, before any layout: title, date, paragraphs, contact."""

from dataclasses import dataclass
from datetime import date

from tools.releases.draw import Draw
from tools.releases.languages import LANGUAGES, WEEKDAYS, Language

_LANGUAGES = ("en", "en", "en", "en", "de", "es", "fr")


@dataclass(frozen=True, kw_only=True)
class Story:
    """One release. Its paragraphs are lists of sentences."""

    language: str
    agency: str
    city: str
    person: str
    title: str
    subhead: str
    on: date
    paragraphs: tuple[tuple[str, ...], ...]
    about: tuple[str, ...]
    """The description of the agency: a head and a sentence, or nothing."""
    phone: str
    email: str

    @property
    def words(self) -> Language:
        """The words of its language."""
        return LANGUAGES[self.language]

    @property
    def prose(self) -> tuple[str, ...]:
        """All sentences that the text must have."""
        sentences = [one for paragraph in self.paragraphs for one in paragraph]
        return (*filter(None, [self.subhead]), *sentences, *self.about)


def story(draw: Draw, language: str = "") -> Story:
    """Make up a release, in any language if none is given."""
    language = language or draw.any(_LANGUAGES)
    words = LANGUAGES[language]
    filled = {
        "a": draw.own(words.agencies),
        "c": draw.own(words.cities),
        "p": draw.own(words.people),
        "t": draw.own(words.topics),
        "n": f"{draw.number(12, 980)}",
    }
    title = _title(draw, words, filled)
    sentences = draw.some([*words.sentences, *words.sentences], 8, 22)
    paragraphs, rest = [], [one.format(**filled) for one in sentences]
    while rest:
        count = draw.number(1, 4)
        paragraphs.append(tuple(rest[:count]))
        rest = rest[count:]
    return Story(
        language=language,
        agency=filled["a"],
        city=filled["c"],
        person=filled["p"],
        title=title,
        subhead=draw.own(words.subheads).format(**filled) if draw.chance(0.3) else "",
        on=date(draw.number(2004, 2026), draw.number(1, 10), draw.number(1, 28)),
        paragraphs=tuple(paragraphs),
        about=_about(draw, words, filled) if draw.chance(0.4) else (),
        phone=f"+1 202 555 01{draw.number(10, 99)}",
        email=f"press@{''.join(c for c in filled['c'].lower() if c.isascii() and c.isalpha())}.example",
    )


def _about(draw: Draw, words: Language, filled: dict[str, str]) -> tuple[str, str]:
    return words.about_head.format(**filled), draw.own(words.about).format(**filled)


def _title(draw: Draw, words: Language, filled: dict[str, str]) -> str:
    title = draw.own(words.titles).format(**filled)
    title = title[0].upper() + title[1:]
    if draw.chance(0.12):
        return title.upper()
    if draw.chance(0.1) and title[-1].isalnum():
        return f"{title}."
    return title


def written(draw: Draw, said: Story, pattern: str = "") -> str:
    """The date of a story in one of the ways of its language; never one of two meanings."""
    day, month, year = said.on.day, said.on.month, said.on.year
    name = said.words.months[month - 1]
    pattern = pattern or draw.own(said.words.dates)
    if "{dd}/{mm}" in pattern and day <= 12:
        pattern = said.words.dates[0]
    ending = "th" if 10 <= day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return pattern.format(
        d=day,
        m=name,
        y=year,
        th=ending,
        s=name[:3],
        M=name.upper(),
        dd=f"{day:02}",
        mm=f"{month:02}",
        w=WEEKDAYS[said.language][said.on.weekday()],
        c=said.city,
        C=said.city.upper(),
    )


def dateline(draw: Draw, said: Story) -> str:
    """The beginning of the first paragraph: place and date."""
    pattern = draw.own(said.words.datelines)
    if "{date}" in pattern:
        return pattern.replace(
            "{date}", written(draw, said, draw.own(said.words.dates[:6]))
        ).format(c=said.city, C=said.city.upper())
    return written(draw, said, pattern)
