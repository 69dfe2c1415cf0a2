"""Imports of readers: upload a file, name its columns, see what changes, import, undo.

A thread of its own reads each file, as a proxy does not wait for minutes. A page shows it.
"""

import threading
import time
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, takewhile

from starlette.responses import Response

from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import ImportResult, ImportUndoResult, UploadedFile
from newsletter.domain.wording import enclosed, joined, one_line, say, without_commands
from newsletter.pipeline.subscribers import imports
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.subscribers import Subscribers
from newsletter.subscriber_files.csv_files import IGNORED_COLUMN, KNOWN_COLUMNS, write_table
from newsletter.subscriber_files.entries import BAD_ROW_CODE, tag_objection
from newsletter.subscriber_files.isolated import MAX_UPLOAD_BYTES, read_upload
from newsletter.subscriber_files.subscriber_file import pause_after
from newsletter.subscriber_files.subscribers import TableColumn
from newsletter.web.desk.deciding import describe_error
from newsletter.web.desk.page import LEFT_OUT
from newsletter.web.desk.request import DeskRequest, Faults, redirect, route
from newsletter.web.desk.subscribers.readers import (
    READERS_PATH,
    ReadersPages,
    chosen_lists,
    read_consent,
    read_search,
)
from newsletter.web.http.forms import Upload

_IMPORT_PATH = f"{READERS_PATH}/import"
_MAX_FORM_BYTES = MAX_UPLOAD_BYTES + (64 << 10)
_MAX_IMPORTS_SHOWN = 50
_MAX_FAULTS_SHOWN = 50
"""The first faults of a file, which a page lists."""
_OPTIONAL_FILES = ("unsubscribed", "cleaned")
"""Files that a Mailchimp export does not contain if they would be empty."""
_PASTED_NAME = "pasted.csv"
_WAIT_SECONDS = 5.0
"""Time that an upload waits for the result before it redirects to the progress page."""
_MAX_IMPORTS_RUNNING = 50
"""Uploads whose result this process keeps."""
_COLUMN_OF_ACT = {"add": "lists", "off": "left", "tag": "tags", "untag": "remove_tags"}
_FILE_GONE_MESSAGE = say("This file was imported already, or is gone. Look at the list of imports.")


@dataclass(kw_only=True)
class _ImportWork:
    """The state of a thread that rehearses or carries out the import of an upload."""

    upload: UploadedFile
    """The upload without its bytes."""
    is_import: bool
    people: int = 0
    """Number of people in the file; 0 until it has been read."""
    done: int = 0
    """Number of people processed."""
    columns: tuple[TableColumn, ...] = ()
    notes: tuple[str, ...] = ()
    bad_rows: int = 0
    left_out: tuple[Fault, ...] = ()
    """The faults of the bad rows, which are left out."""
    brought: ImportResult = field(default_factory=ImportResult)
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(kw_only=True)
class _Undo:
    """The state of a thread that undoes an import, also after the browser is closed."""

    by: str
    began: float = field(default_factory=time.monotonic)
    undone: ImportUndoResult | None = None
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class ImportPages:
    """The pages on which senders import files of readers."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._readers = ReadersPages(subscribers)
        self._works: dict[int, _ImportWork] = {}
        """Upload number → its work."""
        self._undos: dict[int, _Undo] = {}
        """Import number → its undo."""
        self._lock = threading.Lock()

    @route("GET", "/readers/import", Role.SENDER)
    def _form(self, request: DeskRequest, *, upload: UploadedFile | None = None) -> Response:
        lists, new_list = request.posted.all("list"), request.field("new-list")
        consent, is_complete = request.field("agreed"), request.field("complete") == "yes"
        paste = request.field("pasted")
        if upload:
            lists, consent, is_complete = upload.lists, upload.agreed, bool(upload.without)
            # a file may have that name too
            paste = upload.body.decode(errors="replace") if upload.file == _PASTED_NAME else ""
        with self._subscribers.store.read() as tx:
            names = known_lists(tx, self._subscribers.declared_lists)
            if upload:
                new_list = next((name for name in lists if name not in names), "")
            records = tx.imports.list_newest(_MAX_IMPORTS_SHOWN)
        return request.page(
            "import.html.j2",
            title=say("Import readers"),
            limit_mb=MAX_UPLOAD_BYTES // 1_000_000,
            agreed=consent,
            pasted=paste,
            new_list=new_list,
            is_complete=is_complete,
            lists=names,
            chosen=lists,
            records=records,
        )

    @route(
        "POST",
        "/readers/import",
        Role.SENDER,
        takes_files=True,
        is_parsed=True,
        max_bytes=_MAX_FORM_BYTES,
    )
    def upload(self, request: DeskRequest) -> Response:
        """Store a file, and rehearse its import."""
        file, consent = request.upload("file") or _pasted_upload(request), read_consent(request)
        lists, list_faults = chosen_lists(request)
        faults = [*list_faults]
        if file is None:
            faults.append(("file", say("Choose a file, or paste rows")))
        elif len(file.data) > MAX_UPLOAD_BYTES:
            message = say("Choose a file of at most {most} MB", most=MAX_UPLOAD_BYTES // 1_000_000)
            faults.append(("file", message))
        if not consent:
            faults.append(("agreed", say("Say where these people come from, and how they agreed")))
        if file is None or faults:
            return self._form(request.with_faults(*faults))
        upload = UploadedFile(
            by=request.who.address,
            file=one_line(file.name.replace("\\", "/").rpartition("/")[2]) or "file",
            lists=lists,
            without=_OPTIONAL_FILES if request.field("complete") == "yes" else (),
            agreed=consent,
            body=file.data,
        )
        with self._subscribers.store.begin() as tx:
            number = tx.imports.add_upload(upload, tx.now)
        return self._start(request, number, upload)

    @route("POST", "/readers/acts", Role.SENDER, is_parsed=True)
    def choose(self, request: DeskRequest) -> Response:
        """Rehearse an act on the ticked readers, or on all whom the filters find.

        It is an import of their addresses, so that its rules hold and it can be undone.
        """
        kind, _, name = request.field("act").partition(":")
        name, agreed = name or request.field("tag-name").strip(), read_consent(request)
        column = _COLUMN_OF_ACT.get(kind, "")
        faults = list[tuple[str, str]]()
        if not column:
            faults.append(("act", say("Choose what to do with these people")))
        is_tag = kind in {"tag", "untag"}
        if is_tag and (objection := tag_objection(name)):
            faults.append(("tag-name", objection))
        if kind == "add" and not agreed:
            faults.append(("agreed", say("Say how they agreed, in at most 200 characters")))
        if faults:
            return self._readers.page(request.with_faults(*faults))
        with self._subscribers.store.read() as tx:
            lists = known_lists(tx, self._subscribers.declared_lists)
            if not is_tag and name not in lists:
                raise NotFound(say("There is no such list."))
            rows = [
                (one.address, name)
                for one, _ in tx.readers.stream(read_search(request, tx, self._subscribers))
                if kind != "off" or name in (*one.lists, *one.requested)
                if kind != "untag" or name in one.tags
            ]
            if not rows:
                on_list = say("No one of these people is on this list")
                fault = say("No one of these people has this tag") if is_tag else on_list
                return self._readers.page(request.with_faults(("act", fault)))
            upload = UploadedFile(
                by=request.who.address,
                file=f"readers-{kind}-{name}.csv",
                lists=(),
                without=(),
                agreed=agreed if kind == "add" else "",
                body="".join(write_table(("email", column), rows)).encode(),
            )
        with self._subscribers.store.begin() as tx:
            number = tx.imports.add_upload(upload, tx.now)
        return self._start(request, number, upload)

    @route("POST", "/readers/import/{number}/columns", Role.SENDER, is_parsed=True)
    def choose_columns(self, request: DeskRequest) -> Response:
        """Store the meaning of a table's columns, and rehearse its import."""
        number = request.number("number")
        upload = self._upload(request, number)
        names = takewhile(request.posted.fields.__contains__, (f"column-{n}" for n in count()))
        known = {*KNOWN_COLUMNS, IGNORED_COLUMN}
        chosen = tuple(one if one in known else "" for one in map(request.field, names))
        omits = request.field("omit") == "yes"
        with self._subscribers.store.begin() as tx:
            tx.imports.configure_upload(number, chosen, omits_bad_rows=omits)
        return self._start(request, number, replace(upload, columns=chosen, omits_bad_rows=omits))

    @route("POST", "/readers/import/{number}", Role.SENDER, is_parsed=True)
    def import_people(self, request: DeskRequest) -> Response:
        """Import a file that was uploaded and rehearsed."""
        number = request.number("number")
        return self._start(request, number, self._upload(request, number), is_import=True)

    def _upload(self, request: DeskRequest, upload_id: int) -> UploadedFile:
        """Return an upload of the signed-in person. Raises NotFound."""
        with self._subscribers.store.read() as tx:
            upload = tx.imports.get_upload(upload_id)
        if upload is None or upload.by != request.who.address:
            raise NotFound(_FILE_GONE_MESSAGE)
        return upload

    def _start(
        self, request: DeskRequest, upload_id: int, upload: UploadedFile, *, is_import: bool = False
    ) -> Response:
        """Rehearse or import a file in a thread, and redirect to its page."""
        work = _ImportWork(upload=replace(upload, body=b""), is_import=is_import)
        with self._lock:
            other = self._works.pop(upload_id, None)
            is_running = other and other.is_import and not other.ended.is_set()
            self._works[upload_id] = other if other and is_running else work
            while len(self._works) > _MAX_IMPORTS_RUNNING:
                del self._works[next(iter(self._works))]
        if not is_running:
            threading.Thread(target=self._run, args=(work, upload_id, upload), daemon=True).start()
            work.ended.wait(_WAIT_SECONDS)
        return redirect(f"{_IMPORT_PATH}/{upload_id}")

    def _run(self, work: _ImportWork, upload_id: int, upload: UploadedFile) -> None:
        """Read an upload, then rehearse or carry out its import."""
        try:
            result = read_upload(upload)
            work.columns, work.error = result.columns, result.error
            if result.file is not None:
                work.people, work.notes = result.file.count, result.file.notes
                work.bad_rows, work.left_out = result.file.bad_rows, result.file.left_out
                plan = imports.ImportPlan(
                    file=upload.file,
                    kind=result.file.kind,
                    sha256=result.file.sha256,
                    by=upload.by,
                    declared=self._subscribers.declared_lists.union(upload.lists),
                    places=result.file.lists,
                    agreed=upload.agreed,
                    upload=upload_id,
                    bad_rows=work.bad_rows,
                )
                work.brought = imports.run_import(
                    result.file.people,
                    plan,
                    store=self._subscribers.store,
                    only_rehearse=not work.is_import,
                    after_part=pause_after(partial(setattr, work, "done")),
                )
        except Exception as error:  # the page of the file raises it
            work.error = error
        work.ended.set()

    @route("GET", "/readers/import/{number}", Role.SENDER)
    def _progress_page(self, request: DeskRequest) -> Response:
        """Show the progress of a file, the choice of its columns, or the changes of its import."""
        number = request.number("number")
        work = self._works.get(number)
        upload = work.upload if work and work.is_import else self._upload(request, number)
        if upload.by != request.who.address:
            raise NotFound(_FILE_GONE_MESSAGE)
        if work is None or work.upload != replace(upload, body=b""):
            # this process has begun since, or another machine rehearsed other choices
            return self._start(request, number, upload)
        if not work.ended.is_set():
            return request.page(
                "import-working.html.j2",
                title=say("Importing {file}", file=work.upload.file)
                if work.is_import
                else say("Checking {file}", file=work.upload.file),
                number=number,
                work=work,
                refresh=2,
            )
        faults = _list_faults(request, work)
        if work.is_import and not faults:
            return redirect(_IMPORT_PATH, done="imported-people")
        if work.columns and (faults or request.query("columns") or not work.people):
            faulty = request.with_faults(*(("", said) for _, said in faults))
            return self._columns_page(faulty, number, work)
        if faults:
            return self._form(request.with_faults(*faults), upload=upload)
        return self._rehearsal_page(request, number, work)

    def _columns_page(self, request: DeskRequest, upload_id: int, work: _ImportWork) -> Response:
        choices = work.upload.columns or [
            one.ours or ("" if one.is_doubtful else IGNORED_COLUMN) for one in work.columns
        ]
        error = work.error
        can_omit = isinstance(error, InvalidInput) and error.faults[0].code == BAD_ROW_CODE
        columns = say("What is in each column?")
        return request.page(
            "import-columns.html.j2",
            title=say("Some rows cannot be imported") if can_omit else columns,
            can_omit=can_omit,
            number=upload_id,
            file=work.upload.file,
            columns=list(zip(work.columns, choices, strict=False)),
            recognized=sum(bool(one.ours) for one in work.columns),
        )

    def _rehearsal_page(self, request: DeskRequest, upload_id: int, work: _ImportWork) -> Response:
        refused = [(LEFT_OUT[reason.value], away) for reason, away in work.brought.refused.items()]
        excluded = (*refused, ("unsubscribed", work.brought.left))
        return request.page(
            "import-rehearsed.html.j2",
            title=say("Check before you import"),
            number=upload_id,
            upload=work.upload,
            changes=work.brought,
            excluded=[(one.people, reason, one.first) for reason, one in excluded if one.people],
            left_out=[_sentence(request, fault, work) for fault in work.left_out],
            bad_rows=work.bad_rows,
            notes=work.notes,
            has_columns=bool(work.columns),
        )

    @route("POST", "/readers/import/{number}/undo", Role.ADMIN, step_up=True)
    def undo(self, request: DeskRequest) -> Response:
        """Start to undo an import, unless that is running, and redirect to its page."""
        number = request.number("number")
        with self._lock:
            work = self._undos.get(number)
            if work is None or work.ended.is_set():
                work = self._undos[number] = _Undo(by=request.who.address)
                threading.Thread(target=self._run_undo, args=(work, number), daemon=True).start()
        work.ended.wait(_WAIT_SECONDS)
        return redirect(f"{_IMPORT_PATH}/{number}/undo")

    def _run_undo(self, work: _Undo, import_id: int) -> None:
        try:
            work.undone = imports.undo(import_id, by=work.by, store=self._subscribers.store)
        except Exception as error:  # the page of the undo raises it
            work.error = error
        work.ended.set()

    @route("GET", "/readers/import/{number}/undo", Role.ADMIN)
    def _undo_page(self, request: DeskRequest) -> Response:
        """Ask before an undo; show its progress, or its result."""
        number = request.number("number")
        work = self._undos.get(number)
        with self._subscribers.store.read() as tx:
            record = tx.imports.get(number)
        if record is None or (work is None and record.undone_at):
            raise NotFound(say("There is no such undo. The list of imports shows what was undone."))
        if work is None:
            return request.page(
                "import-undo.html.j2", title=say("Undo this import?"), record=record
            )
        if work.error is not None:
            self._undos.pop(number, None)  # told once: the next look shows the import as it is
            if isinstance(work.error, Refused):
                raise Refused(describe_error(work.error, other="")) from work.error
            raise work.error
        undone = work.undone
        return request.page(
            "import-undone.html.j2",
            title=say("The import of {file} is undone", file=record.file)
            if undone
            else say("Undoing the import of {file}", file=record.file),
            number=number,
            kept_people=undone.reasons if undone else (),
            undone=undone,
            seconds=int(time.monotonic() - work.began),
            refresh=0 if undone else 2,
        )


def _list_faults(request: DeskRequest, work: _ImportWork) -> Faults:
    """Return the faults of a file that was read. Raises what is no fault of the file."""
    if isinstance(work.error, InvalidInput):
        found = [("file", _sentence(request, one, work)) for one in work.error.faults]
        others = len(found) - _MAX_FAULTS_SHOWN
        more = [("file", say("And {count:,} more", count=others))] if others > 0 else []
        return [*found[:_MAX_FAULTS_SHOWN], *more]
    if isinstance(work.error, NotFound):
        raise NotFound(_FILE_GONE_MESSAGE) from work.error
    if work.error is not None:
        raise work.error
    is_empty = work.left_out and not work.people
    return [("file", say("Each row has a fault, so nobody is imported."))] if is_empty else ()


def _pasted_upload(request: DeskRequest) -> Upload | None:
    """Return the pasted rows as a file. Addresses alone need no name of their column."""
    text = request.field("pasted").strip()
    first_line, *_ = text.splitlines() or [""]
    head = "email\n" if "@" in first_line and not {*first_line} & {*",;\t"} else ""
    return Upload(name=_PASTED_NAME, data=f"{head}{text}\n".encode()) if text else None


def _sentence(request: DeskRequest, fault: Fault, work: _ImportWork) -> str:
    """Return a fault as a text that begins with file, line and column."""
    message = request.language().recognize(without_commands(fault.message))
    chosen = work.upload.columns or [one.ours for one in work.columns]
    headers = dict(zip(chosen, (one.header for one in work.columns), strict=False))
    key = fault.key.replace(".", "_")
    places = (
        fault.file.removeprefix(work.upload.file).strip("/"),
        say("line {line:,}", line=fault.line) if fault.line else "",
        say("column {name}", name=headers.get(key) or key) if key else "",
    )
    place = joined([*filter(None, places)], "{first}, {last}")
    pattern = "{place}: {text}"
    if not place or (fault.message.startswith(("is ", "has ")) and not fault.key):
        pattern = "{place} {text}"
    return enclosed(pattern, place=place or say("the file"), text=message)
