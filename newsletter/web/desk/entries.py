"""The form of an entry in newsletter.yaml, such as a segment, which admins change at the desk."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.wording import capitalized
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.desk.request import DeskRequest, Faults, redirect

_KEY_PATTERN = re.compile(r"(\w+)\[\d+\]\.?(\w*)")
Form = Mapping[str, Sequence[str]]


class EntryForm(ABC):
    """A form that adds, changes and deletes the entries of one list in newsletter.yaml."""

    key: ClassVar[str]
    """The list, such as ``segments``. Without its s it is the field that names the entry."""
    labels: ClassVar[Mapping[str, str]]
    """Key of an entry → label of its field."""
    template: ClassVar[str]
    title: ClassVar[str]
    """The title of the page for a new entry."""
    none: ClassVar[str]
    """The message that there is no entry of a name."""
    back: ClassVar[str]
    """The page to which a saved form leads."""

    def __init__(self, staff: Staff, subscribers: Subscribers) -> None:
        self._staff = staff
        self._subscribers = subscribers

    @abstractmethod
    def parse(self, name: str, form: Form) -> Value:
        """Return the value of a field; None if its key is to be left out."""

    @abstractmethod
    def typed(self, name: str, form: Form) -> list[str]:
        """Return the values in the fields of a key."""

    def show_form(self, request: DeskRequest, form: Form, **values: Any) -> Response:
        """Show the form. Raises NotFound if there is no such entry."""
        self.find_entry(form)
        chosen = self._chosen(form)
        with self._staff.store.read() as tx:
            lists = known_lists(tx, self._subscribers.declared_lists)
        return request.page(
            self.template,
            title=chosen or self.title,
            chosen=chosen,
            typed={name: self.typed(name, form) for name in self.labels},
            lists=lists,
            labels=self.labels,
            file_digest=self._staff.configuration.digest(),
            lock_reason=self._staff.files.why_not_editable(),
            **values,
        )

    def save_form(self, request: DeskRequest) -> Response:
        """Save the entry, or show the form again with its faults."""
        form = request.posted.fields
        try:
            changes = self.find_changes(form)
            request.save_settings(changes)
        except InvalidInput as error:
            return self.show_form(request.with_faults(*self.fault_sentences(error)), form)
        except Refused as error:
            text = request.desk.describe_error(error)
            return self.show_form(request.with_faults(("", text), status=409), form)
        return redirect(self.back, done="settings" if changes else "")

    def find_changes(self, form: Form) -> SettingChanges:
        """Return key → new value of what the form changes. A missing field changes nothing.

        Raises NotFound if there is no such entry.
        """
        number, entries = self.find_entry(form)
        if number is not None and form.get("delete"):
            return {f"{self.key}[{number}]" if len(entries) > 1 else self.key: None}
        new = {name: self.parse(name, form) for name in self.labels if name in form}
        if number is None:
            added = {name: value for name, value in new.items() if value is not None}
            return {f"{self.key}[{len(entries)}]": added} if entries else {self.key: [added]}
        old = texts_of(entries[number])
        return {
            f"{self.key}[{number}].{name}": value
            for name, value in new.items()
            if as_texts(value) != old[name] and name != "name"
        }

    def find_entry(self, form: Form) -> tuple[int | None, Sequence[Any]]:
        """Return the number of the entry that the form changes, and all. Raises NotFound."""
        entries: Sequence[Any] = getattr(self._staff.files.read()[0], self.key)
        names, chosen = [one.name for one in entries], self._chosen(form)
        if chosen and chosen not in names:
            raise NotFound(self.none)
        return names.index(chosen) if chosen else None, entries

    def _chosen(self, form: Form) -> str:
        """Return the name of the entry that the form changes; "" for a new one."""
        return "".join(form.get(self.key.removesuffix("s"), ()))

    def fault_sentences(self, error: InvalidInput) -> Faults:
        """Return (field, sentence) of each fault; "" for one of the whole entry."""
        found = []
        for one in error.faults:
            place = _KEY_PATTERN.match(one.key)
            name = place[2] if place and place[1] == self.key else ""
            name = "name" if one.key == self.key else name  # two have one name
            found.append((name if name in self.labels else "", capitalized(one.message, ".")))
        return found


def texts_of(entry: object) -> dict[str, list[str]]:
    """Return key → the texts in its field."""
    return {name: as_texts(value) for name, value in vars(entry).items()}


def as_texts(value: object) -> list[str]:
    """Return a value as the texts in its field; those of a list are sorted."""
    if isinstance(value, list | tuple):
        return sorted({*map(str, value)})
    value = value.value if isinstance(value, Enum) else value
    return [str(value)] if value else []
