"""The contact sheet: one page on which a mail is seen in all its views before it is approved."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.domain.statements.review import ReviewFinding, Severity
from newsletter.rendering.checks.guards import HTML_LIMIT
from newsletter.rendering.mail.files import default_templates, read_templates

MARK = '<meta name="generator" content="newsletter preview">'
"""By this line a folder is known to hold a preview that may be replaced."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What stands above the views."""

    slug: str
    sender: str
    """The name that inboxes show."""
    sender_address: str
    reply_to: str
    to: str
    made_up: bool
    """Whether nobody has that address."""
    subject: str
    inbox_line: str
    lists: tuple[str, ...]
    corrects: str
    """The statement whose readers get this one, or empty."""
    language: str
    send_at: str
    """As the file says it, or empty."""
    embargo_until: str
    made: str
    """When the preview was made, in words."""
    content_hash: str
    approved: bool
    approved_by: tuple[str, ...]
    reasons: tuple[str, ...]
    """Why it is not approved."""
    remarks: tuple[ReviewFinding, ...] = ()
    """What the checks say of it."""
    size: int
    """Bytes of HTML."""
    picture_hosts: tuple[str, ...]
    fetched: bool
    """Whether the views load pictures from there."""

    @property
    def share(self) -> int:
        """Of what Gmail shows, in per cent."""
        return round(self.size * 100 / HTML_LIMIT)

    @property
    def warned(self) -> bool:
        """Whether a yes takes a reason."""
        return any(remark.grade is Severity.WARNING for remark in self.remarks)


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to see the mail: a file, and how wide the frame is that shows it."""

    name: str
    title: str
    about: str
    file: str
    width: int
    """CSS pixels."""


@dataclass(frozen=True, kw_only=True)
class Screenshot:
    """A picture of a view."""

    title: str
    file: str
    width: int
    height: int
    """CSS pixels, both."""
    cut: bool = False
    """Whether the mail goes on below."""
    missing: tuple[str, ...] = ()
    """Pictures on the web that did not come."""
    data: str = ""
    """The picture itself as a data: address, for the page of all pictures."""


VIEWS = (
    View(
        name="light",
        title="Light",
        about="A mail program on a light screen, wide enough for the whole column.",
        file="light.html",
        width=640,
    ),
    View(
        name="dark",
        title="Dark",
        about="Apple Mail, and Outlook on Mac and phones, where the screen is set to dark."
        " Gmail makes dark colours of its own.",
        file="dark.html",
        width=640,
    ),
    View(
        name="phone-light",
        title="Phone, light",
        about="375 pixels wide, as many telephones are.",
        file="light.html",
        width=375,
    ),
    View(
        name="phone-dark",
        title="Phone, dark",
        about="The same, set to dark.",
        file="dark.html",
        width=375,
    ),
    View(
        name="no-images",
        title="Images off",
        about="As Outlook and many offices show mail from outside, until the reader asks for"
        " the pictures. The words must do without them.",
        file="no-images.html",
        width=640,
    ),
    View(
        name="no-styles",
        title="Style sheets removed",
        about="The Gmail app with a mailbox of another provider. Never dark, and nothing is"
        " adapted to narrow screens.",
        file="no-styles.html",
        width=640,
    ),
    View(
        name="text",
        title="Plain text",
        about="The other part of the mail: for mail programs without HTML, watches, and some"
        " screen readers.",
        file="text.html",
        width=640,
    ),
)


class ContactSheet:
    """Writes the page. Reads its templates once."""

    def __init__(self) -> None:
        from newsletter.rendering.mail.templates import Templates

        self._templates = Templates(read_templates(default_templates() / "preview"), filters={})

    def page(self, facts: Facts, screenshots: Sequence[Screenshot], *, combined: str = "") -> str:
        """The whole page, for any browser, without script and without a network.

        ``combined`` is the file of the picture that shows them all.
        """
        return self._fill("sheet.html.j2", facts, screenshots, combined)

    def picture(self, facts: Facts, screenshots: Sequence[Screenshot]) -> str:
        """A page of all pictures side by side, to be made a picture itself."""
        return self._fill("picture.html.j2", facts, screenshots, "")

    def _fill(
        self, name: str, facts: Facts, screenshots: Sequence[Screenshot], combined: str
    ) -> str:
        values = {
            "mark": MARK,
            "facts": facts,
            "views": VIEWS,
            "screenshots": screenshots,
            "combined": combined,
            "limit": HTML_LIMIT,
        }
        return self._templates.fill(name, values)
