"""The form of a digest email at the desk, which admins fill in."""

from datetime import date
from typing import Any

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.domain.campaigns.digest import DAYS
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.web.desk.entries import EntryForm, Form, texts_of
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.http.forms import parse_number

_PATH = "/digest"
_FOR_NEW = {"day": ["friday"], "at": ["16:00"], "least": ["1"]}
_OPTIONAL = frozenset({"gathers", "least", "language", "intro"})
# the first day of 2024 was a Monday
_WEEKDAYS = [(day, say("{at:%A}", at=date(2024, 1, at))) for at, day in enumerate(DAYS, start=1)]


class DigestForm(EntryForm):
    """The form of a digest email. Its day decides whether it comes each week or each month."""

    key, labels, template = "digests", {**words_of("digest"), "every": ""}, "digest-form.html.j2"
    title, none = say("Add a digest email"), say("There is no such digest email.")
    back = "/digests"

    @route("GET", _PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        form = {"digest": [request.query("digest")]}
        number, digests = self.find_entry(form)
        known = _FOR_NEW if number is None else texts_of(digests[number])
        return self.show_form(request, known | form)

    @route("POST", _PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        return self.save_form(request)

    def show_form(self, request: DeskRequest, form: Form, **values: Any) -> Response:
        language = self._staff.settings.language
        return super().show_form(
            request, form, weekdays=_WEEKDAYS, default_language=language, **values
        )

    def parse(self, name: str, form: Form) -> Value:
        texts = self.typed(name, form)
        if name in {"lists", "gathers"}:
            return None if name in _OPTIONAL and not texts else texts
        text = "".join(texts)
        if name == "every":
            return "week" if {*DAYS} & {*self.typed("day", form)} else "month"
        number = parse_number(text) if name in {"day", "least"} else None
        return (text or (None if name in _OPTIONAL else "")) if number is None else number

    def typed(self, name: str, form: Form) -> list[str]:
        texts = (text.replace("\r\n", "\n").strip() for text in form.get(name, ()))
        return [text for text in texts if text]
