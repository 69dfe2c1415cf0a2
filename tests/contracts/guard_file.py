"""The contract of every guard file: inherit it with fixtures ``guard_file`` and ``again``.

``again`` opens the same place again, as the next process does.
"""

from collections.abc import Callable

import pytest

from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location, Mark
from newsletter.domain.errors import Defect, Refused
from newsletter.store.file.guard_file import GuardFile
from tests.contracts.store_threads import THREADS, in_threads

EPOCH, BEFORE = "a" * 32, "b" * 32


def record(claims: int = 0, before: str = BEFORE, file: int = 12345) -> GuardRecord:
    return GuardRecord(
        mark=Mark(generation=EPOCH, claims=claims), before=before, location=Location(file=file)
    )


class WatermarkContract:
    def test_before_anything_was_written_it_is_missing(self, guard_file: GuardFile) -> None:
        assert guard_file.read() is Absence.MISSING

    @pytest.mark.parametrize(
        "written", [record(), record(claims=2**40), record(before=""), record(file=2**63)]
    )
    def test_what_was_written_is_read_by_the_next_process(
        self, guard_file: GuardFile, again: Callable[[], GuardFile], written: GuardRecord
    ) -> None:
        guard_file.write(record(claims=99))
        guard_file.write(written)
        assert guard_file.read() == again().read() == written

    def test_a_claim_is_noted_for_the_next_process(
        self, guard_file: GuardFile, again: Callable[[], GuardFile]
    ) -> None:
        guard_file.write(record(claims=4))
        for claims in (5, 6):
            guard_file.store_claim(claims)
            assert again().read() == record(claims=claims)

    def test_a_lower_number_never_overwrites_a_higher_one(self, guard_file: GuardFile) -> None:
        guard_file.write(record(claims=4))
        for claims in (9, 5, 9, 0):
            guard_file.store_claim(claims)
        assert guard_file.read() == record(claims=9)

    def test_with_many_threads_the_highest_number_stays(self, guard_file: GuardFile) -> None:
        guard_file.write(record())

        def work(number: int) -> None:
            for step in range(50):
                guard_file.store_claim(1 + step * THREADS + number)

        in_threads(work)
        assert guard_file.read() == record(claims=50 * THREADS)

    def test_a_number_that_was_made_before_is_refused(self, guard_file: GuardFile) -> None:
        guard_file.write(record(claims=4))
        guard_file.follow(5)
        guard_file.store_claim(7)
        guard_file.follow(8)
        for claims in (7, 5, 0):
            with pytest.raises(Refused, match="exchanged"):
                guard_file.follow(claims)

    def test_without_a_generation_nothing_is_claimed(self, guard_file: GuardFile) -> None:
        with pytest.raises(Defect, match="before its generation"):
            guard_file.follow(1)
        with pytest.raises(Defect, match="before its generation"):
            guard_file.store_claim(1)
