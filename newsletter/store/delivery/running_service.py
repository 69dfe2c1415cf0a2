"""Which settings and templates the running service uses."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.store.repository import Repository
from newsletter.store.schema import tables

_KEY = "running service"


class RunningService(Repository):
    """A note of the process that sends. The lock of that process says whether it still runs."""

    def configuration(self) -> str:
        """Return the digest of its settings and templates; empty where no service noted one."""
        note = self._connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == _KEY))
        return (note or "").partition(" ")[0]

    def note(self, configuration: str, name: str) -> None:
        """Replace the note. ``name`` tells this process from every other one."""
        value = f"{configuration} {name}"
        self._connection.execute(
            insert(tables.meta)
            .values(key=_KEY, value=value)
            .on_conflict_do_update(index_elements=["key"], set_={"value": value})
        )

    def forget(self, name: str) -> None:
        """Remove the note of this process, unless another process has replaced it."""
        of = (tables.meta.c.key == _KEY, tables.meta.c.value.endswith(f" {name}"))
        self._connection.execute(delete(tables.meta).where(*of))
