"""A newsroom with a desk: who writes there, and what the pipeline makes of it."""

from dataclasses import dataclass, field
from typing import Any

from newsletter.domain.campaigns.state import State
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import Draft, DraftText
from newsletter.pipeline.statements.ingest import DeskSource
from newsletter.pipeline.statements.write import Conflict, DraftWriter, Submitter
from newsletter.pipeline.status import load_status
from newsletter.sources.statements import Defaults
from tests.unit.pipeline.newsroom import Newsroom

ANA, BEN, CLEO, VERA = (f"{name}@forum.example" for name in ("ana", "ben", "cleo", "vera"))
TEXT = DraftText(title="Library hours", body="The library opens at 9.", lists=("press",))
DEFAULTS = Defaults(lists=(), language="en", timezone="America/New_York")


@dataclass
class WritingRoom:
    """Ana writes, Ben and Cleo approve, Vera looks on."""

    room: Newsroom
    source: DeskSource = field(init=False)

    def __post_init__(self) -> None:
        self.source = DeskSource(self.room.store, DEFAULTS)
        self.room.source = self.source  # type: ignore[assignment]
        with self.room.store.begin() as tx:
            for address, role in ((ANA, Role.WRITER), (BEN, Role.APPROVER), (CLEO, Role.ADMIN)):
                tx.staff.put(address, role, self.room.clock.now())
            tx.staff.put(VERA, Role.VIEWER, self.room.clock.now())

    def writing(self, by: str = ANA) -> DraftWriter:
        return DraftWriter(store=self.room.store, actor=by)

    @property
    def submitter(self) -> Submitter:
        room = self.room
        return Submitter(
            store=room.store, renderer=room.renderer, defaults=DEFAULTS, rules=room.rules
        )

    def new(self, by: str = ANA, **fields: Any) -> Draft:
        return self.writing(by).new(DraftText(**vars(TEXT) | fields))

    def new_submitted(self, by: str = ANA, **fields: Any) -> Draft:
        draft = self.new(by, **fields)
        self.submit_draft(draft)
        return draft

    def type(self, draft: Draft, by: str = ANA, *, base: int | None = None, **fields: Any) -> Draft:
        """Somebody types in the text as it stands now."""
        now = self.draft(draft)
        text = DraftText(**vars(now.version.text) | fields)
        saved = self.writing(by).save(draft.key, base or now.revision, text)
        assert not isinstance(saved, Conflict)
        return saved

    def submit_draft(self, draft: Draft, by: str = ANA) -> Draft:
        """Hand it in as it stands now, and have the pipeline look."""
        done = self.submitter.submit_draft(
            draft.key, self.draft(draft).revision, by=by, shown_depth=2
        )
        self.room.look()
        return done

    def draft(self, draft: Draft) -> Draft:
        with self.room.store.read() as tx:
            found = tx.drafts.get(draft.key)
        assert found is not None
        return found

    @property
    def state(self) -> State:
        """The state of the only statement that is no translation."""
        with self.room.store.read() as tx:
            [stored] = [one for one in tx.statements.all() if not one.statement.translation_of]
            return load_status(tx, stored, self.room.rules).state

    def versions(self, draft: Draft) -> list[str]:
        """The text of each version, the oldest first."""
        with self.room.store.read() as tx:
            return [one.text.body for one in reversed(tx.drafts.list_versions(draft.key, 99))]
