"""Files of readers: upload, look at what an import would change, import, undo."""

from starlette.responses import Response

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Brought, UploadedFile
from newsletter.domain.wording import without_commands
from newsletter.pipeline.subscribers import imports
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.subscribers import Subscribers
from newsletter.subscriber_files.isolated import LARGEST_BYTES, ReadFile, read_upload
from newsletter.web.desk.deciding import LEFT_OUT, titles
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.subscribers.reader import HERE, agreed_in

_AT = f"{HERE}/import"
_A_PAGE = 50
_FAULTS = 50
"""Faults of a file that a page lists."""
_WITHOUT = ("unsubscribed", "cleaned")
"""Files that a Mailchimp export lacks if they would be empty."""


class ImportPages:
    """The pages on which senders import files of readers."""

    def __init__(self, desk: Desk, subscribers: Subscribers) -> None:
        self._desk = desk
        self._subscribers = subscribers

    def routes(self) -> list[Route]:
        see, most = Role.SENDER, LARGEST_BYTES + (64 << 10)
        return [
            Route("GET", _AT, see, self._form),
            Route("POST", _AT, see, self.upload, files=True, is_read=True, most=most),
            Route("POST", f"{_AT}/{{number}}", see, self.bring_in, is_read=True),
            Route("POST", f"{_AT}/{{number}}/undo", Role.ADMIN, self.undo, step_up=True),
        ]

    def _form(self, request: DeskRequest, *, faults: Faults = ()) -> Response:
        """Show the form for a file, and the newest imports."""
        chosen, settings = request.posted.all("list"), self._subscribers.settings
        with self._subscribers.store.read() as tx:
            names = known_lists(tx, self._subscribers.declared_lists)
            records = tx.imports.newest(_A_PAGE)
        return self._desk.page(
            request,
            "import.html.j2",
            title="Import readers",
            faults=faults,
            agreed=request.field("agreed"),
            complete=request.field("complete") == "yes",
            lists=[(name, titles(settings, [name]), name in chosen) for name in names],
            records=records,
        )

    def upload(self, request: DeskRequest) -> Response:
        """Show what the import of a file would change; keep the file for that import."""
        file, agreed = request.upload("file"), agreed_in(request)
        faults: list[tuple[str, str]] = []
        if file is None:
            faults.append(("file", "Choose a file"))
        elif len(file.data) > LARGEST_BYTES:
            faults.append(("file", f"Choose a file of at most {LARGEST_BYTES // 1_000_000} MB"))
        if not agreed:
            faults.append(("agreed", "Say where these people come from, and how they agreed"))
        if file is None or faults:
            return self._form(request, faults=faults)
        upload = UploadedFile(
            by=request.who.address,
            file=file.name.replace("\\", "/").rpartition("/")[2] or "file",
            lists=tuple(name for name in request.posted.all("list") if name),
            without=_WITHOUT if request.field("complete") == "yes" else (),
            agreed=agreed,
            body=file.data,
        )
        try:
            read, brought = self._read(upload)
        except InvalidInput as error:
            found = [
                ("file", without_commands(str(fault)).removeprefix(f"{upload.file}:").strip())
                for fault in error.faults
            ]
            more = len(found) - _FAULTS
            extra = [("file", f"And {more:,} more")] if more > 0 else []
            return self._form(request, faults=[*found[:_FAULTS], *extra])
        with self._subscribers.store.begin() as tx:
            number = tx.imports.keep_upload(upload, tx.now)
        return self._desk.page(
            request,
            "import-rehearsed.html.j2",
            title=f"Import {upload.file}?",
            number=number,
            upload=upload,
            brought=brought,
            joins=[
                (titles(self._subscribers.settings, [name]), many)
                for name, many in brought.joined.items()
            ],
            away=_away(brought),
            notes=[without_commands(note) for note in read.notes],
        )

    def bring_in(self, request: DeskRequest) -> Response:
        """Import an uploaded file."""
        number = request.number("number")
        with self._subscribers.store.read() as tx:
            upload = tx.imports.upload(number)
        try:
            if upload is None or upload.by != request.who.address:
                raise NotFound(f"there is no upload {number}")
            self._read(upload, number)
        except NotFound as error:
            raise NotFound(
                "This file was imported already, or is gone. Look at the list of imports."
            ) from error
        return self._desk.go(request, _AT, done="imported-people")

    def undo(self, request: DeskRequest) -> Response:
        """Undo an import."""
        number = request.number("number")
        try:
            undone = imports.undo(number, by=request.who.address, store=self._subscribers.store)
        except Refused as error:
            fault = without_commands(str(error))
            raise Refused(f"{fault[:1].upper()}{fault[1:]}.") from error
        except NotFound as error:
            raise NotFound("There is no such import.") from error
        return self._desk.page(
            request,
            "import-undone.html.j2",
            title=f"Import {number} is undone",
            stay=undone.reasons,
            undone=undone,
        )

    def _read(self, upload: UploadedFile, number: int = 0) -> tuple[ReadFile, Brought]:
        """Import the people of the upload with this number; without it, only rehearse.

        Raises InvalidInput, and NotFound for a file that was imported already.
        """
        read, people = read_upload(
            upload.body, file=upload.file, lists=upload.lists, without=upload.without
        )
        plan = imports.ImportPlan(
            file=upload.file,
            kind=read.kind,
            sha256=read.digest,
            by=upload.by,
            declared=self._subscribers.declared_lists,
            places=read.lists,
            agreed=upload.agreed,
            upload=number,
        )
        brought = imports.carry_out(
            ((one.place, one.person) for one in people),
            plan,
            store=self._subscribers.store,
            only_rehearse=not number,
        )
        return read, brought


def _away(brought: Brought) -> list[tuple[int, str, tuple[tuple[str, str], ...]]]:
    """Return how many people stay away, why, and the first of them with their places."""
    refused = [(LEFT_OUT[reason.value], away) for reason, away in brought.refused.items()]
    return [
        (away.people, why, away.first)
        for why, away in (*refused, ("unsubscribed", brought.left))
        if away.people
    ]
