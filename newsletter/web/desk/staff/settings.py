"""The settings at the desk: all of them with their lines, and a form for some of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.config.loading import ShownSetting, list_settings
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.errors import InvalidInput, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.brand import Sans, Serif
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.domain.themes import Theme
from newsletter.domain.wording import enclosed, say
from newsletter.pipeline.campaigns.trial import fill, sample_recipient
from newsletter.rendering.lazy import LazyRenderer
from newsletter.rendering.preview import text_page
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.runtime.statements import Statements
from newsletter.tables import load_table
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, Faults, framed_email, redirect, route
from newsletter.web.desk.staff.setting_groups import find_groups
from newsletter.web.desk.statements.preview import inbox_values, preview_html, view_of
from newsletter.web.http.forms import parse_number

_LOOK_PATH = "/settings/look"
_EXAMPLE_STATEMENT = Statement(
    **load_table("newsletter.web.desk", "example.yaml"), slug="example", lists=(), language="en"
)
_LABELS = words_of("settings")
"""Setting that the form edits → its label. A field's name is the key in newsletter.yaml."""


_GROUPS = "desk.test_groups"


def _parse_groups(text: str) -> dict[str, list[str]]:
    """Return name → addresses of the groups, one in each line: ``Board: ana@forum.example``."""
    groups: dict[str, list[str]] = {}
    for name, _, addresses in (line.partition(":") for line in text.splitlines() if line.strip()):
        groups.setdefault(name.strip(), []).extend(addresses.replace(",", " ").split())
    return groups


def _field_values(settings: Settings) -> dict[str, str]:
    values = {one.key: one.value for one in list_settings(settings)}
    groups = (f"{name}: {', '.join(group)}" for name, group in settings.desk.test_groups.items())
    values[_GROUPS] = "\n".join(groups)
    return {key: values.get(key, "") for key in _LABELS}


def _changed_fields(settings: Settings, form: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    """Return key → new value of the fields that a form changes. A missing field changes nothing."""
    old_values = _field_values(settings)
    new_values = {key: form.get(key, value) for key, value in old_values.items()}
    for group in ("organisation.press_contact", "brand.logo"):
        keys = [key for key in old_values if key.startswith(group)]
        if not any(new_values[key] for key in keys) and any(old_values[key] for key in keys):
            yield group, None
            new_values |= {key: old_values[key] for key in keys}
    groups = _parse_groups(new_values.pop(_GROUPS))
    if groups != _parse_groups(old_values[_GROUPS]):
        yield _GROUPS, groups
    for key, value in new_values.items():
        if value != old_values[key]:
            number = parse_number(value) if key.endswith(("width", "height")) else None
            yield key, value or None if number is None else number


class SettingsPages:
    """The pages of the settings. An admin's changes are written into newsletter.yaml."""

    def __init__(self, staff: Staff, statements: Statements) -> None:
        self._staff = staff
        self._statements = statements

    @route("GET", "/settings", Role.ADMIN)
    def _show(self, request: DeskRequest) -> Response:
        groups: dict[str, list[ShownSetting]] = {}
        shapes = Shape(type=Settings).keys
        for one in list_settings(self._staff.settings):
            name = re.split(r"[.[]", one.key)[0]
            is_group = name != one.key or shapes[name].keys
            groups.setdefault(name if is_group else "", []).append(one)
        about = {key: group.description for key, group in shapes.items()}
        return request.page(
            "settings.html.j2",
            title=say("Settings"),
            groups=groups,
            about=about,
            editable=find_groups(self._staff.settings),
        )

    @route("GET", _LOOK_PATH, Role.ADMIN)
    def _edit(self, request: DeskRequest) -> Response:
        """Show the form for organisation and design, next to an example email."""
        settings, renderer = self._staff.files.read()
        values = _field_values(settings) | _posted_values(request)
        with self._staff.store.read() as tx:
            shelves = tx.board.count_by_shelf(settings.campaign_rules())
        lock_reason = self._staff.files.why_not_editable()
        return request.page(
            "settings-look.html.j2",
            title=say("Publisher and look"),
            messages=[lock_reason] if lock_reason else (),
            labels=_LABELS,
            choices={"theme": Theme, "serif": Serif, "sans": Sans},
            values=values,
            approved_count=shelves[Shelf.APPROVED] + shelves[Shelf.SCHEDULED],
            file_digest=self._staff.configuration.digest(),
            lock_reason=lock_reason,
            view=view_of(request),
            **inbox_values(self._example(request, settings, renderer)),
        )

    @route("POST", _LOOK_PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        try:
            changes = self._find_changes(request)
            settings, renderer, _ = self._staff.files.with_changes(changes)
            self._example(request, settings, renderer)  # templates of the workspace may refuse it
            request.save_settings(changes)
        except InvalidInput as error:
            return self._edit(request.with_faults(*_fault_sentences(error)))
        except Refused as error:
            text = request.desk.describe_error(error)
            return self._edit(request.with_faults(("", text), status=409))
        return redirect(_LOOK_PATH, done="settings" if changes else "")

    @route("GET", f"{_LOOK_PATH}/mail", Role.ADMIN)
    def _mail(self, request: DeskRequest) -> Response:
        """Return an example email with the saved design, for an iframe."""
        return self.preview(request)

    @route("POST", f"{_LOOK_PATH}/mail", Role.ADMIN)
    def preview(self, request: DeskRequest) -> Response:
        """Return an example email with the design in the form, without saving it."""
        try:
            settings, renderer, _ = self._staff.files.with_changes(self._find_changes(request))
            content = self._example(request, settings, renderer)
        except InvalidInput as error:
            faults = [sentence for _, sentence in _fault_sentences(error)]
            language = request.language(faults)
            message, title = "\n".join(map(language.say, faults)), language.say(say("Error"))
            return framed_email(text_page(message, title=title, language=language.code))
        return framed_email(preview_html(content, view_of(request)))

    def _find_changes(self, request: DeskRequest) -> SettingChanges:
        return dict(_changed_fields(self._staff.files.read()[0], _posted_values(request)))

    def _example(self, request: DeskRequest, settings: Settings, renderer: LazyRenderer) -> Content:
        lists = tuple(one.name for one in settings.titled_lists()[:1])
        day = request.desk.now().date()
        content = renderer.render(
            replace(_EXAMPLE_STATEMENT, lists=lists, language=settings.language, date=day)
        )
        return fill(content, sample_recipient(content, self._statements.links))


def _fault_sentences(error: InvalidInput) -> Faults:
    """Return (key, sentence) of each fault; the sentence begins with the field's label."""
    found: list[tuple[str, str]] = []
    for one in error.faults:
        key = _GROUPS if one.key.startswith(_GROUPS) else one.key
        label = _LABELS[key]
        name = one.key.removeprefix(key).removeprefix(".").partition("[")[0]
        text = enclosed("{name}: {text}", name=name, text=one.message) if name else one.message
        found.append((key, enclosed("{label}: {text}.", label=label, text=text)))
    return found


def _posted_values(request: DeskRequest) -> dict[str, str]:
    return {name: request.posted.text(name) for name in request.posted.fields}
