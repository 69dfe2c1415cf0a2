"""What a round-up says of a statement, in the words in which mails say it elsewhere."""

from datetime import date

from newsletter.domain.message import House
from newsletter.domain.roundup import Abstract
from newsletter.domain.statement import Statement
from newsletter.rendering import details
from newsletter.rendering.headers import archive_url
from newsletter.rendering.markdown import read_markdown
from newsletter.rendering.values import Wordings
from newsletter.rendering.wrapping import visible

_MOST = 300
"""Characters of a first sentence: more than most have. A summary is never cut."""


class WrittenAbstracts:
    """Takes a statement's summary, or else the first sentence of its text."""

    def __init__(self, house: House, wordings: Wordings) -> None:
        self._house = house
        self._wordings = wordings

    def of(self, statement: Statement, went_out: date, language: str) -> Abstract:
        """What to say of a statement that went out that day."""
        tokens = read_markdown(statement.body, statement.language)
        said = " ".join(visible(statement.summary).split())
        return Abstract(
            title=statement.title,
            address=archive_url(self._house, statement),
            dated=self.dated(statement.date or went_out, language),
            opening=said or details.shortened(details.opening(tokens), _MOST),
        )

    def dated(self, day: date, language: str) -> str:
        """A day as a mail in this language writes it."""
        return details.written_date(day, self._wordings.of(language)[0])
