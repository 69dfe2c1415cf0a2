"""A fictional Example Forum, and a statement that uses everything Markdown offers."""

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from newsletter.domain.delivery.transactional import EmailText, NoticeSection
from newsletter.domain.statements.brand import Brand, Logo, Sans, Serif
from newsletter.domain.statements.content import (
    Content,
    ListTitle,
    Organisation,
    PressContact,
    Publisher,
    Sender,
)
from newsletter.domain.statements.statement import Statement
from newsletter.domain.themes import Theme
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer
from newsletter.rendering.markdown.faults import faults_of_statement
from newsletter.rendering.markdown.markdown import read_markdown

UNSUBSCRIBE = "https://news.forum.example/u/NLMERGEUNSUBSCRIBE"
ARCHIVE = "https://news.forum.example/archive/example-forum-resigns"

ORGANISATION = Organisation(
    name="Example Forum",
    website="https://forum.example",
    postal_address="1 Example Street, Washington, DC 20001",
    tagline="Practical answers",
    press_contact=PressContact(
        name="Press Office", email="press@forum.example", phone="+1 202 555 0100"
    ),
)
HOUSE = Publisher(
    organisation=ORGANISATION,
    sender=Sender(
        name="Example Forum", address="news@forum.example", reply_to="press@forum.example"
    ),
    public_url="https://news.forum.example",
    timezone="America/New_York",
)

LOGO = Logo(src="https://forum.example/logo.png", width=220, height=56)
HARBOUR = replace(
    HOUSE, brand=Brand(color="#1a4fa0", theme=Theme.BRIEFING, sans=Sans.VERDANA, logo=LOGO)
)
"""A briefing with a wide logo on a band, in wide letters."""
EMBER = replace(HOUSE, brand=Brand(color="#8a1c3b", theme=Theme.BULLETIN, serif=Serif.PALATINO))
"""A letter without a logo."""
MORNING = replace(
    HOUSE,
    brand=Brand(color="#1d6b4f", theme=Theme.BRIEFING, logo=replace(LOGO, width=96, height=96)),
    lists=(ListTitle(name="press", title="The week"),),
)
"""A briefing with a nameplate: a square logo, and the title of its list."""


@cache
def renderer(publisher: Publisher = HOUSE) -> TemplateRenderer:
    """Made once for each publisher, since parsing all templates takes longer than to fill them."""
    return TemplateRenderer(publisher=publisher, files=mail_templates(None))


def renderer_with(override: Path | None, publisher: Publisher = HOUSE) -> TemplateRenderer:
    """Of a workspace with templates of its own, if there is one: new each time."""
    if override is None:
        return renderer(publisher)
    return TemplateRenderer(publisher=publisher, files=mail_templates(override))


WORDINGS = renderer().wordings

BODY = """\
Jane Doe, the Forum's director of policy, resigned on 14 September from the task force on fair
detention, because its final report does not mend what is wrong with the programme.

In July the *Example Forum* took part as a member. The body was created "in response to growing
criticism", and charged with finding ways to
[improve the programme](https://forum.example/papers/detention?lang=en&v=2).[^law]

# What the report leaves out

> We joined in good faith, and we leave in good faith. A report that names the damage must also
> name the remedy.
>
> Jane Doe, director of policy

The report falls short in three places:

- **Local decisions.** Whether and how to take part should be for each county to decide.
- **Civil cases.** People held for ~~criminal~~ civil matters should not be the target.
- **Oversight.** There are still too few consequences for those who misuse it:
  - no independent review,
  - no published figures.

### Figures so far

| County | Requests | Share |
|:-------|---------:|:-----:|
| Adams | 1,204 | 61 % |
| Bristol | 312 | 9 % |

![A hearing room with an empty chair](https://forum.example/hearing.jpg#1056x594 "The chair.")

## What we ask for

1. Halt the programme until the department reports that these flaws are mended.
2. Write to [the press office](mailto:press@forum.example) or [call](tel:+12025550100).
3. Ask [the counties](https://counties.example/survey), and [the papers
   again](https://forum.example/papers/detention?lang=en&v=2).

---

The command is `newsletter send`, and the rest is

    a block of code
      with its own indents

Until then,\\
the operation should be halted, see [above](#figures).

[^law]: The programme rests on section 501(c)(3); see
    <https://law.example/acts/fair-detention/section-287-g-and-all-that-follows-from-it>.
"""

BLOCKS = """\
*The Forum leaves, and says in four pages what has to be mended.*

![A hearing room](https://forum.example/hearing.jpg#1200x640 "The room. Photo: Ana Ruiz")

We leave the task force today; see https://forum.example/why, or write to press@forum.example.

**[Read our report](https://forum.example/report)**

> We joined in good faith, and we leave in good faith.
>
> — Jane Doe, director of policy

| The counties and what they did | Held before trial | Spent in the year |
|:-------|---------:|:-----:|
| Adams | 1,240,500 | $1.2 million |
| Bristol | 312,000 | 1990–1995 |

- [Press kit](https://forum.example/kit.zip) (ZIP, 12 MB)
- [Report](https://forum.example/report.pdf)

[![The hall](https://forum.example/poster.jpg#1280x720 "See the hearing (3:42)")](https://youtu.be/a)

| For tenants | For owners |
|-------------|------------|
| ![Keys](https://forum.example/keys.jpg#508x300) Call us any time. | Register by 1 March. |

## What else

1. It is over.

###
"""
"""Each block that plain Markdown has no mark for."""

STATEMENT = Statement(
    slug="example-forum-resigns",
    title="Example Forum resigns from the task force on fair detention",
    body=BODY,
    lists=("press", "supporters"),
    language="en",
    date=date(2011, 9, 21),
    summary="The Forum leaves because the final report does not mend what is wrong.",
    send_at=datetime(2011, 9, 21, 14, 0),  # noqa: DTZ001 - a wall time, as statements have it
    origin="statements/example-forum-resigns.md",
)

ARABIC = """\
استقالت ممثلة المنتدى من فرقة العمل لأن التقرير النهائي لا يصلح ما فسد.

- البند الأول
- البند الثاني

> اقتباس طويل من الرئيسة حول التقرير.

1. واحد
2. اثنان

| البلد | العدد |
|-------|------:|
| مدينة | 12 |
"""


def statement(body: str = BODY, **changes: Any) -> Statement:
    """The example statement with another body, or with other fields."""
    return replace(STATEMENT, body=body, **changes)


def faults_of(body: str) -> list[str]:
    """Return the faults of a mail with this text, each in a sentence."""
    text = statement(body)
    return [fault.message for fault in faults_of_statement(text, read_markdown(body, "en"))]


def arabic() -> Statement:
    """A statement written from right to left."""
    return statement(ARABIC, title="بيان المنتدى حول فرقة العمل", language="ar", summary="")


def render(
    body: str = BODY, *, publisher: Publisher = HOUSE, override: Path | None = None, **changes: Any
) -> Content:
    """Render the example statement, changed as told."""
    return renderer_with(override, publisher).render(statement(body, **changes))


def render_test_mail() -> Content:
    """The example statement as a test mail shows it."""
    return renderer().render(STATEMENT, is_test=True)


NEWS = (
    NoticeSection(
        title="Library hours have to stay",
        label="waiting for approval",
        lines=("Waiting for 1 approval.", "Next: you or Ben can approve it."),
        url="https://news.forum.example/desk/statements/library-hours",
    ),
    NoticeSection(
        title="Budget <2027>",
        label="new comment",
        lines=("Ben: “Which Saturday?”",),
        url="https://news.forum.example/desk/statements/budget",
    ),
)


@cache
def render_letter(
    says: EmailText = EmailText.CONFIRMATION, *, publisher: Publisher = HOUSE, language: str = "en"
) -> Content:
    """A letter; a confirmation is of two lists."""
    return renderer(publisher).transactional(
        says,
        lists=("press", "supporters"),
        language=language,
        url="https://news.forum.example/confirm/abc123",
        news=NEWS,
    )


MAILS = {
    "plain": lambda: render(),
    "harbour, with an embargo": lambda: render(
        publisher=HARBOUR,
        embargo_until=datetime(2011, 9, 21, 14, 0),  # noqa: DTZ001 - a wall time
    ),
    "ember, a correction": lambda: render(publisher=EMBER, corrects="forum-joins"),
    "morning": lambda: render(publisher=MORNING),
    "test": render_test_mail,
}
"""The example statement as each template and each brand makes it."""

BLOCK_MAILS = {
    "blocks": lambda: render(BLOCKS),
    "blocks, harbour": lambda: render(BLOCKS, publisher=HARBOUR),
    "blocks, morning": lambda: render(BLOCKS, publisher=MORNING),
    "blocks, right to left": lambda: render(BLOCKS, language="ar", publisher=EMBER),
}
"""Each block that plain Markdown has no mark for, in a mail."""
