"""Who stopped all sending, read back from the line in which it is kept."""

from newsletter.domain.delivery.stopped import Stopped, read_stopped
from tests.fakes import NOON
from tests.rows import rows


@rows("why", ["", "wrong list", "wrong (very wrong) list", "on 2026-01-01 10:00 UTC"])
def test_what_is_kept_is_read_back(why: str) -> None:
    stopped = Stopped(by="cleo@forum.example", at=NOON, why=why)
    assert read_stopped(str(stopped)) == stopped


@rows("kept", ["", "restored on Monday", "stopped by nobody", "the database is a copy; seen on …"])
def test_a_hold_of_another_kind_is_none(kept: str) -> None:
    assert read_stopped(kept) is None
