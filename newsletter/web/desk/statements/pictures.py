"""Pictures of a text at the desk: to bring one, to say what it shows, to put it into the text."""

from dataclasses import replace

from starlette.responses import Response

from newsletter.documents.release.imported import LARGEST_PICTURE
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import Picture
from newsletter.pipeline.ledger import find_draft
from newsletter.pipeline.statements.write import Made
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.statements.fields import of_file


class DraftPictures:
    """Pictures of a text."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    def routes(self) -> list[Route]:
        """Path and method → page."""
        writer, at = Role.WRITER, "/drafts/{key}/pictures"
        return [
            Route("GET", at, writer, self._page),
            Route("POST", at, writer, self.add, files=True, most=LARGEST_PICTURE + (64 << 10)),
            Route("POST", f"{at}/{{name}}/place", writer, self.place),
        ]

    def add(self, request: DeskRequest) -> Response:
        """Take a picture: a script gets its address, a form comes back to the page."""
        scripted = "application/json" in request.http.headers.get("accept", "")
        try:
            picture = self._taken(request)
        except InvalidInput as error:
            if scripted:
                faults = " ".join(told for _, told in of_file(error.faults, "picture"))
                return self._desk.data({"error": faults}, status=422)
            return self._page(request, error.faults)
        except (NotFound, Refused) as error:
            if scripted:
                return self._desk.data({"error": str(error)}, status=409)
            raise
        if not scripted:
            return self._desk.go(request, f"/drafts/{picture.draft}/pictures", done="picture")
        url = self._statements.settings.public_url
        return self._desk.data(
            {
                "address": picture.address(url),
                "alt": picture.alt,
                "width": picture.width,
                "height": picture.height,
                "markdown": picture.markdown(url),
            }
        )

    def place(self, request: DeskRequest) -> Response:
        """Put a picture at the end of the text."""
        key = request.param("key")
        with self._statements.store.read() as tx:
            draft = find_draft(tx, key)
            pictures = {picture.name: picture for picture in tx.pictures.of(key)}
        found = pictures.get(request.param("name"))
        if found is None:
            raise NotFound("There is no such picture.")
        line = found.markdown(self._statements.settings.public_url)
        text = draft.version.text
        body = f"{text.body.rstrip()}\n\n{line}\n".lstrip("\n")
        self._statements.writing(request.who.address).save(
            key, draft.revision, replace(text, body=body)
        )
        return self._desk.go(request, f"/drafts/{key}/edit", done="placed")

    def _taken(self, request: DeskRequest) -> Picture:
        from newsletter.documents.isolated import picture as read

        key, upload = request.param("key"), request.upload("picture")
        if upload is None or not upload.data:
            raise InvalidInput([Fault(file=key, key="picture", message="Choose a picture.")])
        made = read(upload.data, file=upload.name[:80] or "the picture")
        return self._statements.writing(request.who.address).illustrate(
            key,
            Made(kind=made.kind, data=made.data, width=made.width, height=made.height),
            alt=request.field("alt")[:500],
            decoration=request.field("decoration") == "yes",
        )

    def _page(self, request: DeskRequest, faults: tuple[Fault, ...] = ()) -> Response:
        """Show all pictures of a text, each with its Markdown."""
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            pictures = tx.pictures.of(draft.key)
        url = self._statements.settings.public_url
        return self._desk.page(
            request,
            "draft-pictures.html.j2",
            title="Pictures",
            draft=draft,
            pictures=[(picture, picture.markdown(url)) for picture in pictures],
            faults=of_file(faults, "picture"),
            alt=request.field("alt"),
            decoration=request.field("decoration") == "yes",
        )
