"""Data that sending processes share: their list, the scheduler's lease, settings, rate limits."""

from datetime import UTC, date, datetime, timedelta

from newsletter.domain.delivery.rate_limit import RateLimit
from newsletter.domain.delivery.worker import ProcessRole, Worker
from newsletter.store.database import TLI, Repository, from_row

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
        self._db.change(
            "UPDATE restore_guard SET beat_at = :at"
            # a replica may lack any commit if no standby is synchronous
            " /*postgres *"
            " CASE current_setting('synchronous_standby_names') WHEN '' THEN 0 ELSE 1 END"
            f" WHERE timeline IN ('', {TLI}) */",
            at=at,
        )
        return self._db.update("worker", {"id": worker_id}, beat_at=at)

    def silent(self, since: datetime) -> list[int]:
        """Return the ids of processes without a heartbeat since then."""
        return self._db.column("SELECT id FROM worker WHERE beat_at < :since", since=since)

    def remove(self, worker_ids: list[int]) -> None:
        """Remove the rows of processes; their claims stay counted."""
        chosen = "FROM worker WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"
        self._db.change(
            "UPDATE restore_guard"
            f" SET claims = claims + (SELECT COALESCE(SUM(worker.claims), 0) {chosen})",
            ids=worker_ids,
        )
        self._db.change(f"DELETE {chosen}", ids=worker_ids)

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
        self._db.put("meta", "key", key=_SERVICE_KEY, value=f"{configuration} {name}")

    def remove_note(self, name: str) -> None:
        """Remove the note of this process, unless another process has replaced it."""
        own_lease = "key = :key AND substr(value, instr(value, ' ') + 1) = :name"
        self._db.change(f"DELETE FROM meta WHERE {own_lease}", key=_SERVICE_KEY, name=name)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RateLimits(Repository):
    """The rate limits by provider and sending domain."""

    def get(self, provider: str, domain: str, *, is_locked: bool = False) -> RateLimit:
        """Return the stored rate limit, or a new one.

        With ``is_locked``, no other transaction changes it before this one ends.
        """
        rows = self._db.mappings(
            "SELECT free_at, blocked_until, cause, reason, failing_since, day, used"
            " FROM rate_limit WHERE provider = :provider AND domain = :domain"
            f" {'/*postgres FOR UPDATE*/' * is_locked}",
            provider=provider,
            domain=domain,
        )
        if not rows and is_locked:  # only a row can be locked
            self._db.insert_new("rate_limit", **_row(provider, domain, RateLimit()))
            return self.get(provider, domain, is_locked=True)
        if not rows:
            return RateLimit()
        # in microseconds, because a slot may be shorter than a millisecond
        free_at = _EPOCH + rows[0].pop("free_at") * _MICROSECOND
        return from_row(RateLimit, rows[0], free_at=free_at)

    def put(self, provider: str, domain: str, rate_limit: RateLimit) -> None:
        """Insert the rate limit, or replace the stored one."""
        self._db.put("rate_limit", "provider, domain", **_row(provider, domain, rate_limit))

    def count(self, provider: str, domain: str, messages: int, *, day: date, quota: int) -> bool:
        """Count messages of a day; return False, uncounted, if they exceed the quota."""
        return self._db.changes(
            "UPDATE rate_limit SET used = used + :messages WHERE provider = :provider"
            " AND domain = :domain AND day = :day AND used + :messages <= :quota",
            provider=provider,
            domain=domain,
            messages=messages,
            day=day,
            quota=quota,
        )

    def clear_block(self, provider: str) -> None:
        """Delete the block of a provider and the beginning of its failure."""
        self._db.update("rate_limit", {"provider": provider}, blocked_until=0, failing_since=None)


def _row(provider: str, domain: str, rate_limit: RateLimit) -> dict[str, object]:
    free_at = (rate_limit.free_at - _EPOCH) // _MICROSECOND
    return {"provider": provider, "domain": domain, **vars(rate_limit), "free_at": free_at}
