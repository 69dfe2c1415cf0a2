"""What readers are offered to join: the lists, the words of consent, and the form in HTML."""

from collections.abc import Sequence

from newsletter.config import Settings
from newsletter.domain.audience import Offer
from newsletter.domain.signup import consent_words, wording_of
from newsletter.pipeline.join import Shown
from newsletter.rendering.details import direction
from newsletter.web.frame import Frame

PATH = "/subscribe"
TRAP = "website"
"""The field that people do not see. Its name is one that programs like to fill in."""


class Offering:
    """What is offered in one workspace."""

    def __init__(self, settings: Settings, frame: Frame) -> None:
        self.rules = settings.sign_up_rules()
        self._settings = settings
        self._frame = frame

    def words(self, language: str, offers: Sequence[Offer]) -> Shown:
        """The words of consent beside these lists, as they are now."""
        words, shown_in = self._frame.words(language)
        ours = words["consent_one" if len(offers) == 1 else "consent_many"]
        said = consent_words(
            self._settings.signup.consent or ours,
            organisation=self._settings.organisation.name,
            offers=offers,
        )
        return Shown(words=said, language=shown_in, wording=wording_of(said))

    def html(self, language: str, offers: Sequence[Offer]) -> str:
        """The form for another site: plain HTML that posts to our page."""
        words, shown_in = self._frame.words(language)
        consent = self.words(language, offers)
        return self._frame.fill(
            "form.html.j2",
            action=self._settings.public_url + PATH,
            language=language,
            shown_in=shown_in,
            direction=direction(shown_in),
            words=words,
            offers=offers,
            consent=consent.words,
            wording=consent.wording,
            trap=TRAP,
        )
