"""The forms with which admins change settings. What they save is written into newsletter.yaml."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import chain, count, groupby
from typing import Any, ClassVar, Literal, get_args, get_origin

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.config.loading import show
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape, as_yaml, child_value
from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import enclosed
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.runtime.subscribers import Subscribers
from newsletter.sources.statements import slugify
from newsletter.tables import load_table
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import DeskRequest, Faults, redirect
from newsletter.web.http.forms import parse_number

Form = Mapping[str, Sequence[str]]
_MAX_WORD_CHARS = 37
"""Of a name made of a title; a digest email's name has at most 40 with its number."""


@dataclass(frozen=True, kw_only=True)
class SettingField:
    key: str
    """Its path in newsletter.yaml."""
    name: str
    """The name of its field in the form."""
    shape: Shape
    texts: Sequence[str]
    """Its values, as the form shows them."""

    @property
    def group(self) -> str:
        return self.key.rpartition(".")[0]

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

    def split(self, text: str, separator: str) -> Sequence[str]:
        """Return the values in a text: several of a list, or a line for each key."""
        several = {tuple: separator, dict: "\n"}.get(get_origin(self.shape.type))
        return text.split(several) if several else [text]

    def parse(self, texts: Sequence[str]) -> Value:
        """Return the value for the file; None removes the setting."""
        kind = self.shape.type
        if get_origin(kind) is dict:  # Board: ana@forum.example, ben@forum.example
            groups: dict[str, list[str]] = {}
            for name, _, values in (text.partition(":") for text in texts):
                groups.setdefault(name.strip(), []).extend(values.replace(",", " ").split())
            return groups
        if get_origin(kind) is tuple:
            return [*texts] or None
        text = "".join(texts)
        number = parse_number(text) if kind in {int, Any} else None
        return text == "true" if kind is bool else text or None if number is None else number


def read_fields(settings: Settings, names: Mapping[str, str]) -> list[SettingField]:
    """Return the settings at paths such as ``lists[0].title``, as fields with these names."""
    values: Any = show(settings)
    found: list[SettingField] = []
    for key, name in names.items():
        path = _path_of(key)
        shape = Shape(type=Settings).at(path, None)
        value: Any = reduce(child_value, path, values)
        value = shape.default if value is None else value
        if isinstance(value, dict):
            texts = [f"{one}: {', '.join(several)}" for one, several in value.items()]
        else:
            texts = [*map(as_yaml, value if isinstance(value, list) else [value])]
        texts = [*filter(None, texts)]
        found.append(SettingField(key=key, name=name, shape=shape, texts=texts))
    return found


def _path_of(key: str) -> Sequence[str | int]:
    return [int(part) if part.isdecimal() else part for part in re.findall(r"\w+", key)]


def render_example(settings: Settings, renderer: LazyRenderer, desk: Desk) -> Content:
    """Return an example email. Raises InvalidInput if a template of the workspace refuses."""
    lists = tuple(one.name for one in settings.titled_lists()[:1])
    example = load_table("newsletter.web.desk", "example.yaml")
    example |= {"lists": lists, "language": settings.language, "date": desk.now().date()}
    return renderer.render(Statement(**example, slug="example"))


class SettingForm(ABC):
    template: ClassVar[str]
    back: ClassVar[str]
    """The page to which a saved form leads."""
    labels: ClassVar[Mapping[str, str]] = {}
    """Name of a field → its label, with which its faults begin."""
    separator: ClassVar[str] = ","
    """The sign between several values in a field."""

    def __init__(self, staff: Staff, subscribers: Subscribers) -> None:
        self._staff = staff
        self._subscribers = subscribers

    @abstractmethod
    def find_fields(self, settings: Settings, form: Form) -> Sequence[SettingField]:
        """Return the settings in the form, those of a group together. Raises NotFound."""

    def typed(self, field: SettingField, form: Form) -> Sequence[str]:
        """Return the values in a form. ``language-2`` has a further one of ``language``."""
        texts = (text for key in form if key.partition("-")[0] == field.name for text in form[key])
        parts = (part for text in texts for part in field.split(text, self.separator))
        return [part.replace("\r\n", "\n").strip() for part in parts if part.strip()]

    def show_form(self, request: DeskRequest, form: Form, **values: Any) -> Response:
        """Show the values in the form, and the saved ones of the fields that it has not."""
        settings, _ = self._staff.files.read()
        fields = self.find_fields(settings, form)
        lock_reason = self._staff.files.why_not_editable()
        with self._staff.store.read() as tx:
            lists = known_lists(tx, self._subscribers.declared_lists)
            shelves = tx.board.count_by_shelf(settings.campaign_rules())
        return request.page(
            self.template,
            messages=[lock_reason] if lock_reason else (),
            fields={one.name: one for one in fields},
            typed={
                one.name: self.typed(one, form) if one.name in form else one.texts for one in fields
            },
            labels=self.labels,
            lists=lists,
            approved_count=shelves[Shelf.APPROVED] + shelves[Shelf.SCHEDULED],
            file_digest=self._staff.configuration.digest(),
            lock_reason=lock_reason,
            **values,
        )

    def save_form(self, request: DeskRequest) -> Response:
        """Save what the form changes, or show it again with its faults."""
        form, files = request.posted.fields, self._staff.files
        try:
            changes = self.find_changes(form)
            settings, renderer, _ = files.with_changes(changes)
            render_example(settings, renderer, request.desk)
            seen, by = request.field("seen"), request.who.address
            files.save(changes, by=by, expected_digest=seen, store=self._staff.store)
        except InvalidInput as error:
            return self.show_form(request.with_faults(*self.find_faults(error, form)), form)
        except Refused as error:
            return self.show_form(request.with_error(error), form)
        return redirect(self.back, done="settings" if changes else "")

    def find_changes(self, form: Form) -> SettingChanges:
        """Return key → new value of what the form changes. A missing field changes nothing.

        A group is removed if the form has all of its settings and no value, because some groups
        require a part of theirs. Raises NotFound.
        """
        fields = self.find_fields(self._staff.files.read()[0], form)
        new = {one.key: self.typed(one, form) for one in fields if one.name in form}
        changes: dict[str, Value] = {}
        for group, members in groupby(fields, key=lambda one: one.group):
            own = [*members]
            keys = Shape(type=Settings).at(_path_of(group), None).keys
            if group and len(own) == len(keys) and all(new.get(one.key) == [] for one in own):
                changes |= {group: None} if any(one.texts for one in own) else {}
            else:
                changes |= {
                    one.key: one.parse(new[one.key])
                    for one in own
                    if one.key in new and new[one.key] != one.texts
                }
        return changes

    def find_faults(self, error: InvalidInput, form: Form) -> Faults:
        fields = self.find_fields(self._staff.files.read()[0], form)
        found: list[tuple[str, str]] = []
        for one in error.faults:
            key, name = self.place(one.key, fields)
            part = one.key.removeprefix(key).removeprefix(".").partition("[")[0] if name else ""
            text = enclosed("{name}: {text}", name=part, text=one.message) if part else one.message
            label = self.labels.get(name)
            said = enclosed("{label}: {text}.", label=label, text=text) if label else text
            found.append((name, said))
        return [*dict.fromkeys(found)]

    def place(self, key: str, fields: Sequence[SettingField]) -> tuple[str, str]:
        """Return the key and the name of the field in which a fault is, or two empty texts."""
        return next(((one.key, one.name) for one in fields if key.startswith(one.key)), ("", ""))


class EntryForm(SettingForm):
    """A form that adds, changes and deletes the entries of one list, such as ``segments``."""

    key: ClassVar[str]
    """The list. Without its s it is the field that names the entry."""
    title: ClassVar[str]
    """The title of the page for a new entry."""
    none: ClassVar[str]
    """The message that there is no entry of a name."""

    def show_form(self, request: DeskRequest, form: Form, **values: Any) -> Response:
        chosen = self._chosen(form)
        return super().show_form(request, form, title=chosen or self.title, chosen=chosen, **values)

    def find_fields(self, settings: Settings, form: Form) -> Sequence[SettingField]:
        """Return the settings of the entry that the form changes. Its name stays."""
        entry, is_new = self._entry(settings, form)
        names = (name for name in self.labels if is_new or name != "name")
        return read_fields(settings, {f"{entry}.{name}": name for name in names})

    def find_changes(self, form: Form) -> SettingChanges:
        settings, _ = self._staff.files.read()
        entry, is_new = self._entry(settings, form)
        if form.get("delete") and not is_new:
            return {entry if len(getattr(settings, self.key)) > 1 else self.key: None}
        changes = super().find_changes(form)
        return with_entry(settings, entry, changes) if is_new else changes

    def place(self, key: str, fields: Sequence[SettingField]) -> tuple[str, str]:
        if key == self.key or key.endswith(".name"):  # two of one name, or none
            return key, "name" if "name" in self.labels else "title"
        return super().place(key, fields)

    def _entry(self, settings: Settings, form: Form) -> tuple[str, bool]:
        """Return the path of the entry that the form changes, and whether it is a new one."""
        names, chosen = [one.name for one in getattr(settings, self.key)], self._chosen(form)
        if chosen and chosen not in names:
            raise NotFound(self.none)
        return f"{self.key}[{names.index(chosen) if chosen else len(names)}]", not chosen

    def _chosen(self, form: Form) -> str:
        """Return the name of the entry that the form changes; "" for a new one."""
        return "".join(form.get(self.key.removesuffix("s"), ()))


def with_entry(
    settings: Settings,
    entry: str,
    changes: SettingChanges,
    before: Sequence[str] = (),
    **defaults: Value,
) -> SettingChanges:
    """Return the changes with the values of a new entry, such as ``lists[2]``, as one value.

    ``before`` names entries to add before the first one. An entry without a name gets one that is
    free, of its title.
    """
    added = {key: value for key, value in changes.items() if key.startswith(entry)}
    values = {key.rpartition(".")[2]: value for key, value in added.items()}
    others = {key: value for key, value in changes.items() if key not in added}
    group = entry.partition("[")[0]
    if values.get("name"):
        values["name"] = slugify(str(values["name"]), settings.language)
    elif title := str(values.get("title") or "").replace("{date}", ""):
        word = slugify(title, settings.language)[:_MAX_WORD_CHARS].strip("-")
        free = chain([word], (f"{word}-{number}" for number in count(2)))
        used = {str(one) for one in before} | {one.name for one in getattr(settings, group)}
        values = {"name": next(name for name in free if name not in used), **values}
    if getattr(settings, group):
        return {**others, entry: {**defaults, **values}}
    names = [{"name": name} for name in before]
    return {**others, group: [*names, {**defaults, **values}]}
