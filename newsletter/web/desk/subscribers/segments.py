"""Segments at the desk: an admin's form for the rules in newsletter.yaml that pick readers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from starlette.responses import Response

from newsletter.config.editing import Value
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.segment import SegmentRule
from newsletter.domain.wording import capitalized, say
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.configuration import SettingChanges
from newsletter.runtime.services import Staff
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, Faults, redirect, route

_PATH = "/readers/segment"
_LABELS = words_of("segment")
"""Condition of a rule → label of its field."""
_SINGLE = frozenset({"name", "list", "joined_since", "joined_before"})
_KEY_PATTERN = re.compile(r"segments\[\d+\]\.?(\w*)")
_Form = Mapping[str, Sequence[str]]


class SegmentPages:
    """The form of a segment, which counts whom it picks, and saves or deletes the segment."""

    def __init__(self, staff: Staff, subscribers: Subscribers) -> None:
        self._staff = staff
        self._subscribers = subscribers

    @route("GET", _PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        """Show the form with the conditions in the query, or of the segment that it names."""
        query = request.http.query_params
        form = {key: query.getlist(key) for key in query}
        try:
            changes = self._changes(form) if "list" in form else {}
            settings, _, _ = self._staff.files.with_changes(changes)
        except InvalidInput as error:
            return self._show_form(request.with_faults(*_fault_sentences(error)), form)
        chosen = request.query("segment") or request.query("name")
        segments = replace(self._subscribers, settings=settings).segments
        segment = next((one for one in segments if one.name == chosen), None)
        if segment is None:
            return self._show_form(request, form)
        with self._staff.store.read() as tx:
            count = tx.audiences.count(Audience(lists=(segment.list,), segment=segment))
        form = {name: _texts(value) for name, value in vars(segment).items()} | form
        return self._show_form(request, form, rule=segment.rule, count=count)

    @route("POST", _PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        form = request.posted.fields
        try:
            changes = self._changes(form)
            request.save_settings(changes)
        except InvalidInput as error:
            return self._show_form(request.with_faults(*_fault_sentences(error)), form)
        except Refused as error:
            text = request.desk.describe_error(error)
            return self._show_form(request.with_faults(("", text), status=409), form)
        return redirect("/readers", done="settings" if changes else "")

    def _changes(self, form: _Form) -> SettingChanges:
        """Return key → new value of what the form changes. A missing field changes nothing.

        Raises NotFound if there is no such segment.
        """
        rules = self._staff.files.read()[0].segments
        chosen = "".join(form.get("segment", ()))
        number = _find(rules, chosen)
        if number is not None and form.get("delete"):
            return {f"segments[{number}]" if len(rules) > 1 else "segments": None}
        new = {name: _parse(name, form) for name in _LABELS if name in form}
        if number is None:
            added = {name: value for name, value in new.items() if value}
            return {f"segments[{len(rules)}]": added} if rules else {"segments": [added]}
        old = {name: _texts(value) for name, value in vars(rules[number]).items()}
        return {
            f"segments[{number}].{name}": value
            for name, value in new.items()
            if _texts(value) != old[name] and name != "name"
        }

    def _show_form(
        self, request: DeskRequest, form: _Form, *, rule: str = "", count: int = 0
    ) -> Response:
        chosen = "".join(form.get("segment", ()))
        _find(self._staff.files.read()[0].segments, chosen)
        with self._staff.store.read() as tx:
            lists = known_lists(tx, self._subscribers.declared_lists)
        return request.page(
            "segment.html.j2",
            title=chosen or say("Add a segment"),
            chosen=chosen,
            typed={name: _split(name, form) for name in _LABELS},
            rule=rule,
            count=count,
            lists=lists,
            labels=_LABELS,
            file_digest=self._staff.configuration.digest(),
            lock_reason=self._staff.files.why_not_editable(),
        )


def _find(rules: Sequence[SegmentRule], name: str) -> int | None:
    """Return the number of the segment of this name; None for "". Raises NotFound."""
    if not name:
        return None
    for number, rule in enumerate(rules):
        if rule.name == name:
            return number
    raise NotFound(say("There is no such segment."))


def _split(name: str, form: _Form) -> list[str]:
    """Return the values of a condition in a form.

    They stand between semicolons, or in several fields: ``language`` and ``language-2``.
    """
    fields = (texts for key, texts in form.items() if key.partition("-")[0] == name)
    texts: Iterable[str] = chain.from_iterable(fields)
    if name not in _SINGLE:
        texts = (part for text in texts for part in text.split(";"))
    return [text.strip() for text in texts if text.strip()]


def _parse(name: str, form: _Form) -> Value:
    values = _split(name, form)
    return next(iter(values), None) if name in _SINGLE else values or None


def _texts(value: object) -> list[str]:
    """Return a condition's value as the texts in its field, sorted like those of a rule."""
    if isinstance(value, list | tuple):
        return sorted({*map(str, value)})
    return [str(value)] if value else []


def _fault_sentences(error: InvalidInput) -> Faults:
    """Return (field, sentence) of each fault; "" for one of the whole segment."""
    found = []
    for one in error.faults:
        condition = _KEY_PATTERN.match(one.key)
        name = condition[1] if condition else ""
        found.append((name if name in _LABELS else "", capitalized(one.message, ".")))
    return found
