"""The locks: one process sends, and none replaces a database that another has open."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.domain.errors import Refused, StoreUnavailable
from newsletter.store.file.lock import hold_sender_lock, lock_exclusively, lock_shared


def test_the_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.lock"
    for _ in range(2):
        with hold_sender_lock(path):
            pass
    with pytest.raises(ZeroDivisionError), hold_sender_lock(path):
        raise ZeroDivisionError
    with hold_sender_lock(path):
        pass


def test_a_second_holder_is_refused_and_told_why(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.lock"
    with (
        hold_sender_lock(path),
        pytest.raises(Refused, match="another 'newsletter run' is at work") as caught,
        hold_sender_lock(path),
    ):
        pass
    assert str(path) in str(caught.value)


def of_another_account(folder: Path) -> Path:
    """Only root can give a file away; everybody else has root's."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    path = folder / "newsletter.use"
    path.touch()
    os.chown(path, 65534, -1)
    return path


def test_another_account_is_refused_and_told_how_before_anything_is_written(tmp_path: Path) -> None:
    path = of_another_account(tmp_path)
    before = path.stat()
    for lock in (hold_sender_lock(path), lock_shared(path), lock_exclusively(path)):
        with pytest.raises(Refused, match=r"belongs to the account .* is run by .*sudo -u"), lock:
            pass
    assert path.stat() == before


@contextmanager
def elsewhere(path: Path, lock: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the lock until it is killed."""
    program = f"""
import sys
from pathlib import Path
from newsletter.store.file.lock import {lock}
with {lock}(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        try:
            yield other
        finally:
            other.kill()


@pytest.mark.slow("starts a process")
def test_another_process_has_the_lock_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.lock"
    with elsewhere(path, "hold_sender_lock") as other:
        with pytest.raises(Refused), hold_sender_lock(path):
            pass
        other.kill()
        other.wait(timeout=60)
        with hold_sender_lock(path):
            assert path.exists()


def test_any_number_may_use_it_and_none_while_it_is_replaced(path: Path) -> None:
    lock = path.with_suffix(".use")
    with lock_shared(lock), lock_shared(lock):
        pass
    with (
        lock_exclusively(lock),
        pytest.raises(Refused, match="replaced or changed by another process"),
        lock_shared(lock),
    ):
        pass
    with lock_shared(lock):
        pass
    assert lock.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow("starts a process")
def test_nobody_replaces_what_another_process_uses_until_it_dies(path: Path) -> None:
    lock = path.with_suffix(".use")
    with elsewhere(lock, "lock_shared") as other:
        with (
            pytest.raises(Refused, match=r"another process, which 'fuser "),
            lock_exclusively(lock),
        ):
            pass
        other.kill()
        other.wait(timeout=60)
        with lock_exclusively(lock):
            pass


def test_where_the_lock_cannot_be_made_it_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"none/newsletter.use cannot be opened"),
        lock_shared(tmp_path / "none" / "newsletter.use"),
    ):
        pass
