"""The settings at the desk: all of them with their lines, and forms for some of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from newsletter.config.loading import ShownSetting, list_settings
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.domain.errors import InvalidInput, NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.wording import say
from newsletter.pipeline.campaigns.trial import fill, sample_recipient
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.runtime.statements import Statements
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.desk import setting_forms
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, framed_email, route
from newsletter.web.desk.statements.preview import inbox_values, preview_html, view_of

_LOOK_PATH, _CHANGE_PATH = "/settings/look", "/settings/change"
_CHOICE_LABELS, _GROUP_NAMES = words_of("choices"), words_of("groups")
_EDITABLE_PATTERN = re.compile(
    r"count|timezone|language|default_lists|translations"
    r"|(layout|utm|signup)\.\w+|lists\[\d+\]\.\w+|schedule\.(poll|undo_window)"
)
"""The settings that an admin may change at the desk.

An operator changes the others in the file: what decides who may approve and send, where the
program finds and keeps its data, and how it sends.
"""


def find_groups(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Return group → keys of its settings that can be changed at the desk; "" is no group.

    Those of each list and of a new one are there, but a list's name stays.
    """
    groups: dict[str, list[str]] = {}
    for name, shape in Shape(type=Settings).keys.items():
        keys = [f"{name}.{key}" for key in shape.keys] or [name]
        if name == "lists":
            new = len(settings.lists)
            numbered = [(number, key) for number in range(new + 1) for key in shape.items.keys]
            keys = [f"lists[{at}].{key}" for at, key in numbered if at == new or key != "name"]
        if keys := [*filter(_EDITABLE_PATTERN.fullmatch, keys)]:
            groups.setdefault("" if keys == [name] else name, []).extend(keys)
    return groups


class SettingsPages(setting_forms.SettingForm):
    """The page of all settings, and the form for publisher and look beside an example email."""

    template, back, labels = "settings-look.html.j2", _LOOK_PATH, words_of("settings")

    def __init__(self, staff: Staff, subscribers: Subscribers, statements: Statements) -> None:
        super().__init__(staff, subscribers)
        self._statements = statements

    @route("GET", "/settings", Role.ADMIN)
    def show_all(self, request: DeskRequest) -> Response:
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
            headings=_GROUP_NAMES,
            editable=find_groups(self._staff.settings),
        )

    @route("GET", _LOOK_PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        return self.show_form(request, {})

    @route("POST", _LOOK_PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        return self.save_form(request)

    def find_fields(
        self, settings: Settings, form: setting_forms.Form
    ) -> Sequence[setting_forms.SettingField]:
        return setting_forms.read_fields(settings, {key: key for key in self.labels})

    def show_form(self, request: DeskRequest, form: setting_forms.Form, **values: Any) -> Response:
        """Show the form for publisher and look, next to an example email."""
        example = self._example(request, *self._staff.files.read())
        title, view = say("Publisher and look"), view_of(request)
        values |= inbox_values(example)
        return super().show_form(request, form, title=title, view=view, **values)

    @route("GET", f"{_LOOK_PATH}/mail", Role.ADMIN)
    def mail(self, request: DeskRequest) -> Response:
        """Return an example email with the saved design, for an iframe."""
        return self.preview(request)

    @route("POST", f"{_LOOK_PATH}/mail", Role.ADMIN)
    def preview(self, request: DeskRequest) -> Response:
        """Return an example email with the design in the form, without saving it."""
        form = request.posted.fields
        try:
            settings, renderer, _ = self._staff.files.with_changes(self.find_changes(form))
            content = self._example(request, settings, renderer)
        except InvalidInput as error:
            return request.unshown_email(fault for _, fault in self.find_faults(error, form))
        return framed_email(preview_html(content, view_of(request)))

    def _example(self, request: DeskRequest, settings: Settings, renderer: LazyRenderer) -> Content:
        content = setting_forms.render_example(settings, renderer, request.desk)
        return fill(content, sample_recipient(content, self._statements.links))


class SettingGroupPages(setting_forms.SettingForm):
    """The form of a group. An admin's changes are written into newsletter.yaml."""

    template, back = "settings-change.html.j2", "/settings"

    @route("GET", _CHANGE_PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        return self.show_form(request, {"group": [request.query("group")]})

    @route("POST", _CHANGE_PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        return self.save_form(request)

    def show_form(self, request: DeskRequest, form: setting_forms.Form, **values: Any) -> Response:
        settings, group = self._staff.files.read()[0], "".join(form.get("group", ()))
        lists, general = settings.lists, _GROUP_NAMES[""]
        named_in = {
            name: _GROUP_NAMES.get(re.split(r"[.[]", one.key)[0], general)
            for one in list_settings(settings)
            if re.search(r"(lists?|gathers)$", one.key)
            for name in one.value.split(", ")
        }
        with self._staff.store.read() as tx:
            used = {one.name for one in lists if tx.readers.has_list_history(one.name)}
        return super().show_form(
            request,
            form,
            title=_GROUP_NAMES.get(group, ""),
            group=group,
            about=Shape(type=Settings).child(group).description,
            headings={f"lists[{n}].title": one.name for n, one in enumerate(lists)}
            | {f"lists[{len(lists)}].name": say("Add a list")},
            choices={**_CHOICE_LABELS, "": "–"},
            named_in=named_in,
            used=used,
            **values,
        )

    def find_fields(
        self, settings: Settings, form: setting_forms.Form
    ) -> Sequence[setting_forms.SettingField]:
        keys = find_groups(settings).get("".join(form.get("group", ())), ())
        if not keys:
            raise NotFound(say("There are no such settings."))
        new = f"lists[{len(settings.lists)}].public"
        fields = setting_forms.read_fields(settings, {key: key for key in keys})
        return [replace(one, texts=["false"]) if one.key == new else one for one in fields]

    def find_changes(self, form: setting_forms.Form) -> SettingChanges:
        """Return the changes. A new list is for staff only, unless the form says otherwise."""
        settings, changes = self._staff.files.read()[0], super().find_changes(form)
        names, delete = [one.name for one in settings.lists], "".join(form.get("delete", ()))
        if delete in names:
            return {f"lists[{names.index(delete)}]" if len(names) > 1 else "lists": None}
        entry = f"lists[{len(settings.lists)}]"
        if not any(key.startswith(entry) for key in changes):
            return changes
        others = settings.default_lists
        return setting_forms.with_entry(settings, entry, changes, others, public=False)

    def place(self, key: str, fields: Sequence[setting_forms.SettingField]) -> tuple[str, str]:
        """Return where a fault is. A missing name is one of the title, of which it is made."""
        key, name = super().place(key, fields)
        return key, re.sub(r"\.name\Z", ".title", name)
