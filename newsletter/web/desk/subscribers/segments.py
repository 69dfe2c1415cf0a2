"""Segments at the desk: an admin's form for the rules in newsletter.yaml that pick readers."""

from dataclasses import replace

from starlette.responses import Response

from newsletter.domain.errors import InvalidInput
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import say
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.desk.setting_forms import EntryForm

_PATH = "/readers/segment"


class SegmentPages(EntryForm):
    """The form of a segment, which counts whom it picks, and saves or deletes the segment."""

    key, labels, template = "segments", words_of("segment"), "segment.html.j2"
    title, none = say("Add a segment"), say("There is no such segment.")
    back, separator = "/readers", ";"

    @route("GET", _PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        """Show the form with the conditions in the query, or of the segment that it names."""
        query = request.http.query_params
        form = {key: query.getlist(key) for key in query}
        try:
            changes = self.find_changes(form) if "list" in form else {}
            settings, _, _ = self._staff.files.with_changes(changes)
        except InvalidInput as error:
            return self.show_form(request.with_faults(*self.find_faults(error, form)), form)
        chosen = request.query("segment") or request.query("name")
        segments = replace(self._subscribers, settings=settings).segments
        segment = next((one for one in segments if one.name == chosen), None)
        if segment is None:
            return self.show_form(request, form)
        with self._staff.store.read() as tx:
            count = tx.audiences.count(Audience(lists=(segment.list,), segment=segment))
        return self.show_form(request, form, rule=segment.rule, count=count)

    @route("POST", _PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        return self.save_form(request)
