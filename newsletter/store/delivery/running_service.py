"""Which settings and templates the running service uses."""

from newsletter.store.database import Repository

_KEY = "running service"


class RunningService(Repository):
    """A note of the process that sends. The lock of that process says whether it still runs."""

    def configuration(self) -> str:
        """Return the digest of its settings and templates; empty where no service noted one."""
        note = self._db.value("SELECT value FROM meta WHERE key = :key", key=_KEY)
        return (note or "").partition(" ")[0]

    def note(self, configuration: str, name: str) -> None:
        """Replace the note. ``name`` tells this process from every other one."""
        self._db.change(
            "INSERT INTO meta (key, value) VALUES (:key, :value)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key=_KEY,
            value=f"{configuration} {name}",
        )

    def forget(self, name: str) -> None:
        """Remove the note of this process, unless another process has replaced it."""
        note = self._db.value("SELECT value FROM meta WHERE key = :key", key=_KEY)
        if note is not None and note.endswith(f" {name}"):
            self._db.change("DELETE FROM meta WHERE key = :key", key=_KEY)
