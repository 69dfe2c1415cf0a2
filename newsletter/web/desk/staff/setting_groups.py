"""A form for a group of settings, built from their types and descriptions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args, get_origin

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.config.loading import list_settings
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape, as_yaml
from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import capitalized, say
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, Faults, redirect, route
from newsletter.web.http.forms import parse_number

_PATH = "/settings/change"
_CHOICE_LABELS = words_of("choices")
_EDITABLE_PATTERN = re.compile(
    r"count|timezone|language|default_lists|translations"
    r"|(layout|utm|signup)\.\w+|lists\[\d+\]\.\w+|schedule\.(poll|undo_window)"
)
"""The settings that an admin may change at the desk.

An operator changes the others in the file: what decides who may approve and send, where the
program finds and keeps its data, and how it sends.
"""


@dataclass(frozen=True, kw_only=True)
class SettingField:
    """A setting in the form."""

    key: str
    shape: Shape
    value: str

    @property
    def choices(self) -> Sequence[str]:
        """Return the allowed values; empty for a text, a number or several values."""
        kind = self.shape.type
        if kind is bool:
            return ("true", "false")
        if get_origin(kind) is Literal:
            return get_args(kind)
        if not (isinstance(kind, type) and issubclass(kind, Enum)):
            return ()
        unset = () if self.shape.default else ("",)
        return (*unset, *(str(one.value) for one in kind))

    def parse(self, text: str) -> Value:
        """Return the value for the file; None removes the setting. Commas separate several."""
        if get_origin(self.shape.type) is tuple:
            return [part.strip() for part in text.split(",") if part.strip()] or None
        if self.shape.type is bool:
            return text == "true"
        number = parse_number(text) if self.shape.type is int else None
        return text or None if number is None else number


def find_groups(settings: Settings) -> Mapping[str, Sequence[SettingField]]:
    """Return group → its settings that can be changed at the desk; "" has those of no group."""
    values = {one.key: one.value for one in list_settings(settings)}
    values[f"{_new_list(settings)}.public"] = "false"
    groups: dict[str, list[SettingField]] = {}
    for name, shape in Shape(type=Settings).keys.items():
        shapes = {f"{name}.{key}": inner for key, inner in shape.keys.items()} or {name: shape}
        if name == "lists":
            shapes = _list_shapes(settings, shape.items)
        for key, inner in shapes.items():
            if _EDITABLE_PATTERN.fullmatch(key):
                field = SettingField(
                    key=key, shape=inner, value=values.get(key, as_yaml(inner.default))
                )
                groups.setdefault("" if key == name else name, []).append(field)
    return groups


def _list_shapes(settings: Settings, shape: Shape) -> dict[str, Shape]:
    """Return the settings of each list, and those of a new one. A name stays."""
    return {
        f"lists[{number}].{key}": inner
        for number in range(len(settings.lists) + 1)
        for key, inner in shape.keys.items()
        if number == len(settings.lists) or key != "name"
    }


def _new_list(settings: Settings) -> str:
    return f"lists[{len(settings.lists)}]"


class SettingGroupPages:
    """The form of a group. An admin's changes are written into newsletter.yaml."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    @route("GET", _PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        return self._show_form(request, request.query("group"))

    @route("POST", _PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        group = request.field("group")
        settings, _ = self._staff.files.read()
        fields = _fields(settings, group)
        try:
            request.save_settings(_add_list(settings, _changes(request, group, fields)))
        except InvalidInput as error:
            request = request.with_faults(*_fault_sentences(error, fields))
            return self._show_form(request, group)
        except Refused as error:
            text = request.desk.describe_error(error)
            return self._show_form(request.with_faults(("", text), status=409), group)
        return redirect("/settings", done="settings")

    def _show_form(self, request: DeskRequest, group: str) -> Response:
        settings, _ = self._staff.files.read()
        fields = _fields(settings, group)
        with self._staff.store.read() as tx:
            shelves = tx.board.count_by_shelf(settings.campaign_rules())
            names = tx.readers.list_names()
        return request.page(
            "settings-change.html.j2",
            title=say("Change {name}", name=group or say("General")),
            group=group,
            about=Shape(type=Settings).keys[group].description if group else "",
            fields=fields,
            headings={f"lists[{n}].title": one.name for n, one in enumerate(settings.lists)}
            | {f"{_new_list(settings)}.name": say("Add a list")},
            choices={**_CHOICE_LABELS, "": "–"},
            untitled=[name for name in names if name not in {one.name for one in settings.lists}],
            typed={one.key: request.posted.text(one.key) for one in fields}
            if request.faults
            else {one.key: one.value for one in fields},
            approved_count=shelves[Shelf.APPROVED] + shelves[Shelf.SCHEDULED],
            file_digest=self._staff.configuration.digest(),
            lock_reason=self._staff.files.why_not_editable(),
        )


def _fields(settings: Settings, group: str) -> Sequence[SettingField]:
    fields = find_groups(settings).get(group, ())
    if not fields:
        raise NotFound(say("There are no such settings."))
    return fields


def _changes(request: DeskRequest, group: str, fields: Sequence[SettingField]) -> SettingChanges:
    """Return key → new value of the settings that the form changes. A missing field changes none.

    A group without any value is removed, because some groups require a part of them.
    """
    posted = request.posted
    typed = {one.key: posted.text(one.key) for one in fields if one.key in posted.fields}
    if group and len(typed) == len(fields) and not any(typed.values()):
        return {group: None} if any(one.value for one in fields) else {}
    return {
        one.key: one.parse(typed[one.key])
        for one in fields
        if one.key in typed and typed[one.key] != one.value
    }


def _add_list(settings: Settings, changes: SettingChanges) -> SettingChanges:
    """Return the changes with the values of a new list as one entry."""
    path = _new_list(settings)
    added = {key: value for key, value in changes.items() if key.startswith(path)}
    if not added:
        return changes
    entry = {"public": False, **{key.partition(".")[2]: value for key, value in added.items()}}
    others = {key: value for key, value in changes.items() if key not in added}
    if settings.lists:
        return {**others, path: entry}
    return {**others, "lists": [*({"name": name} for name in settings.default_lists), entry]}


def _fault_sentences(error: InvalidInput, fields: Sequence[SettingField]) -> Faults:
    """Return (key, sentence) of each fault; "" if its setting is not in the form."""
    found = []
    for one in error.faults:
        keys = (field.key for field in fields if one.key.startswith(field.key))
        found.append((next(keys, ""), capitalized(one.message, ".")))
    return found
