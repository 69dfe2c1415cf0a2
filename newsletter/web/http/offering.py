"""Sign-up by page, API or another site's form: public lists, consent words, HTML of the form."""

import re
from collections.abc import Sequence
from typing import Any

from newsletter.config.settings import Settings
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.subscribers import signup
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.join import ShownConsent, SignUpRequest
from newsletter.rendering.languages import direction
from newsletter.store.sql import Store
from newsletter.web.http.frame import shared_frame

SIGN_UP_PATH = "/subscribe"
SCRIPT_PATH = f"{SIGN_UP_PATH}/form.js"
HONEYPOT_FIELD = "website"
"""The name of a hidden form field, which only bots fill in."""
LANGUAGE_TAG_PATTERN = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class SignUpOffer:
    """The public lists of a workspace, and the consent that their sign-up form asks for."""

    def __init__(self, settings: Settings) -> None:
        self.rules = settings.sign_up_rules()
        self._settings = settings
        self._frame = shared_frame(publisher=settings.publisher(), language=settings.language)

    def languages(self) -> dict[str, str]:
        """Return code → own name of the languages of the form."""
        return {"en": "English"} | self._frame.languages()

    def consent(self, language: str, offers: Sequence[PublicList]) -> ShownConsent:
        words, shown_in = self._frame.words(language)
        ours = words["consent_one" if len(offers) == 1 else "consent_many"]
        consent = signup.consent_words(
            self._settings.signup.consent or ours,
            organisation=self._settings.organisation.name,
            public_lists=offers,
        )
        return ShownConsent(
            words=consent, language=shown_in, wording=signup.hash_consent_words(consent)
        )

    def form_values(self, language: str) -> dict[str, Any]:
        """Return the values of the template of our own form in a language."""
        offers = self.rules.public_lists
        consent = self.consent(language, offers)
        return {
            "offers": offers,
            "form_language": language,
            "consent": consent.words,
            "wording": consent.wording,
            "trap": HONEYPOT_FIELD,
        }

    def request_of(
        self,
        sign_up: signup.SignUp,
        form: signup.SignUpForm,
        *,
        source: str,
        network: str,
        language: str = "",
    ) -> SignUpRequest:
        """Return the request of a valid form, whose consent was shown in ``language``."""
        language = language or self._settings.language
        now = self.consent(language, self.rules.public_lists)
        # the email is in the language of the form, even if our pages do not have it
        form_language = form.language if LANGUAGE_TAG_PATTERN.fullmatch(form.language) else language
        consent = ShownConsent(words=now.words, language=form_language, wording=form.wording)
        return SignUpRequest(wish=sign_up, consent=consent, source=source, network=network)

    def form_html(self, store: Store, names: Sequence[str] = (), language: str = "") -> str:
        """Return the HTML of a form for another site, which posts to the sign-up page.

        Its words of consent are stored as proof. Raises Refused if no list is public, and
        NotFound for a list that is not.
        """
        if not self.rules.public_lists:
            none = "there is no list to join: set lists or default_lists, and signup.enabled"
            raise Refused(say(none))
        offers = self.rules.offered(names)
        if unknown := sorted(set(names) - {offer.name for offer in offers}):
            other = "no list {names} is offered; lists in the file says which"
            raise NotFound(say(other, names=", ".join(unknown)))
        language = language or self._settings.language
        words, shown_in = self._frame.words(language)
        consent = self.consent(language, offers)
        with store.begin() as tx:
            tx.consents.store_words(consent.words, consent.language, tx.now)
        return self._frame.fill(
            "form.html.j2",
            action=self._settings.public_url + SIGN_UP_PATH,
            language=language,
            shown_in=shown_in,
            direction=direction(shown_in),
            words=words,
            offers=offers,
            consent=consent.words,
            wording=consent.wording,
            trap=HONEYPOT_FIELD,
        )

    def script_html(self) -> str:
        """Return the script element that shows answers in place. Raises Refused without origins."""
        if not self.rules.origins:
            raise Refused(
                "no site may read the answers to the script; name yours in signup.origins"
            )
        return f'<script src="{self._settings.public_url}{SCRIPT_PATH}" defer></script>\n'
