"""The processes that share the sending, the lease of the scheduler, and the settings in use."""

from datetime import datetime, timedelta

from newsletter.domain.delivery.worker import ProcessRole, Worker
from newsletter.store.database import Repository

_SERVICE_KEY = "running service"
_WORKER_COLUMNS = "id, name, host, role, slots, started_at, beat_at"


class Workers(Repository):
    """The running processes. The claims of a process are valid while its row exists."""

    def enter(self, *, name: str, host: str, role: ProcessRole, slots: int, at: datetime) -> int:
        """Add the row of a process; return its id, which is never reused."""
        return self._db.insert(
            "worker",
            returning="id",
            name=name,
            host=host,
            role=role,
            slots=slots,
            started_at=at,
            beat_at=at,
        )

    def all(self) -> list[Worker]:
        """Return the processes, oldest first."""
        return self._db.all(Worker, f"SELECT {_WORKER_COLUMNS} FROM worker ORDER BY id")

    def beat(self, worker_id: int, at: datetime) -> bool:
        """Record a heartbeat; return False if the process has no row, because it counts as dead."""
        self._db.change("UPDATE restore_guard SET beat_at = :at", at=at)
        return self._db.update("worker", {"id": worker_id}, beat_at=at)

    def silent(self, since: datetime) -> list[int]:
        """Return the ids of processes without a heartbeat since then."""
        return self._db.column("SELECT id FROM worker WHERE beat_at < :since", since=since)

    def remove(self, worker_ids: list[int]) -> None:
        """Remove the rows of processes; their claims stay counted."""
        these = "FROM worker WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"
        self._db.change(
            "UPDATE restore_guard"
            f" SET claims = claims + (SELECT COALESCE(SUM(worker.claims), 0) {these})",
            ids=worker_ids,
        )
        self._db.change(f"DELETE {these}", ids=worker_ids)

    def lead(self, worker_id: int, at: datetime, lease: timedelta) -> bool:
        """Take or extend the scheduler's lease; return whether this process has it."""
        return self._db.changes(
            """
            INSERT INTO scheduler_lease (id, worker_id, epoch, lease_until)
            VALUES (1, :worker_id, 1, :until)
            ON CONFLICT (id) DO UPDATE SET worker_id = :worker_id, lease_until = :until,
                epoch = scheduler_lease.epoch
                    + CASE WHEN scheduler_lease.worker_id = :worker_id THEN 0 ELSE 1 END
            WHERE scheduler_lease.worker_id = :worker_id OR scheduler_lease.lease_until <= :at
                OR NOT EXISTS (SELECT 1 FROM worker WHERE id = scheduler_lease.worker_id)
            """,
            worker_id=worker_id,
            at=at,
            until=at + lease,
        )

    def leader(self, at: datetime) -> int | None:
        """Return the id of the process with the scheduler's lease, or None."""
        found = self._db.value(
            "SELECT worker_id FROM scheduler_lease WHERE lease_until > :at", at=at
        )
        return None if found is None else int(found)


class RunningService(Repository):
    """A note on the settings of the process that sends. Its lock shows whether it still runs."""

    def configuration(self) -> str:
        """Return the hash of the settings and templates in the note; "" without a note."""
        note = self._db.value("SELECT value FROM meta WHERE key = :key", key=_SERVICE_KEY)
        return (note or "").partition(" ")[0]

    def replace_note(self, configuration: str, name: str) -> None:
        """Replace the note. ``name`` identifies this process."""
        self._db.put("meta", "key", key=_SERVICE_KEY, value=f"{configuration} {name}")

    def remove_note(self, name: str) -> None:
        """Remove the note of this process, unless another process has replaced it."""
        note = self._db.value("SELECT value FROM meta WHERE key = :key", key=_SERVICE_KEY)
        if note is not None and note.endswith(f" {name}"):
            self._db.change("DELETE FROM meta WHERE key = :key", key=_SERVICE_KEY)
