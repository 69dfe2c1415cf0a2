"""Ana and Ben at the desk's pages for writing."""

import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from urllib3 import encode_multipart_formdata

from newsletter.domain.statements.draft import Draft, Version
from newsletter.domain.statements.statement import StoredStatement
from tests.contracts.books import audited
from tests.desk import Signed, Staffed
from tests.pages import Answer

FORM = {"title": "Library hours", "body": "The library opens at 9.", "lists": "press"}


@dataclass
class Desk:
    """One text, which Ana began."""

    staffed: Staffed
    ana: Signed = field(init=False)
    ben: Signed = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.ana, self.ben = self.staffed.as_("ana"), self.staffed.as_("ben")
        answer = self.ana.post("/drafts/new", {"title": FORM["title"]})
        self.key = key_in(answer)

    @property
    def at(self) -> str:
        return f"/drafts/{self.key}"

    @property
    def draft(self) -> Draft:
        with self.staffed.site.services.store.read() as tx:
            found = tx.drafts.get(self.key)
        assert found is not None
        return found

    def keep(self, who: Signed | None = None, *, act: str = "save", **fields: Any) -> Answer:
        """Send the form, as it stands now but for these fields."""
        base = fields.pop("base", self.draft.revision)
        form = {"base": str(base), "act": act, **FORM, **fields}
        return (who or self.ana).post(f"{self.at}/edit", form)

    def save(self, who: Signed | None = None, *, base: object, **fields: Any) -> Answer:
        """As the script does it."""
        said = {"base": base, "fields": {name: [value] for name, value in (FORM | fields).items()}}
        return (who or self.ana).ask("POST", f"{self.at}/save", **as_json(said))

    def versions(self) -> list[Version]:
        """The oldest first."""
        with self.staffed.site.services.store.read() as tx:
            return list(reversed(tx.drafts.list_versions(self.key, 99)))

    def stored(self, slug: str = "library-hours") -> StoredStatement:
        with self.staffed.site.services.store.read() as tx:
            found = tx.statements.get(slug)
        assert found is not None
        return found

    def deeds(self) -> list[tuple[str, str]]:
        lines = audited(self.staffed.site.services.store)
        return [(one.actor.partition("@")[0], one.action) for one in lines]


def key_in(answer: Answer) -> str:
    found = re.fullmatch(r"/desk/drafts/([a-z0-9]{16})/edit\?done=\w+", answer.headers["location"])
    assert found is not None
    return found[1]


def as_json(said: object) -> dict[str, Any]:
    return {"body": json.dumps(said).encode(), "headers": {"Content-Type": "application/json"}}


def said(answer: Answer) -> Any:
    return json.loads(answer.body)


def multipart(fields: dict[str, str], **files: tuple[str, bytes]) -> dict[str, Any]:
    """A form with files, as browsers send it."""
    body, kind = encode_multipart_formdata({**fields, **files})
    return {"body": body, "headers": {"Content-Type": kind}}


def png() -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(out, "PNG")
    return out.getvalue()
