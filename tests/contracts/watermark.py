"""What every watermark must do, as a suite: inherit it beside fixtures ``watermark`` and ``again``.

``again`` opens the same place anew, as the next process does.
"""

from collections.abc import Callable

import pytest

from newsletter.domain.delivery.epoch import Absence, Location, Mark, Witness
from newsletter.domain.errors import Defect, Refused
from newsletter.domain.ports import Watermark
from tests.contracts.store_threads import THREADS, in_threads

EPOCH, BEFORE = "a" * 32, "b" * 32


def witness(claims: int = 0, before: str = BEFORE, file: int = 12345) -> Witness:
    return Witness(
        mark=Mark(epoch=EPOCH, claims=claims), before=before, location=Location(file=file)
    )


class WatermarkContract:
    def test_before_anything_was_written_it_is_missing(self, watermark: Watermark) -> None:
        assert watermark.read() is Absence.MISSING

    @pytest.mark.parametrize(
        "written", [witness(), witness(claims=2**40), witness(before=""), witness(file=2**63)]
    )
    def test_what_was_written_is_read_by_the_next_process(
        self, watermark: Watermark, again: Callable[[], Watermark], written: Witness
    ) -> None:
        watermark.write(witness(claims=99))
        watermark.write(written)
        assert watermark.read() == again().read() == written

    def test_a_claim_is_noted_for_the_next_process(
        self, watermark: Watermark, again: Callable[[], Watermark]
    ) -> None:
        watermark.write(witness(claims=4))
        for claims in (5, 6):
            watermark.note(claims)
            assert again().read() == witness(claims=claims)

    def test_a_lower_number_never_overwrites_a_higher_one(self, watermark: Watermark) -> None:
        watermark.write(witness(claims=4))
        for claims in (9, 5, 9, 0):
            watermark.note(claims)
        assert watermark.read() == witness(claims=9)

    def test_with_many_threads_the_highest_number_stays(self, watermark: Watermark) -> None:
        watermark.write(witness())

        def work(number: int) -> None:
            for step in range(50):
                watermark.note(1 + step * THREADS + number)

        in_threads(work)
        assert watermark.read() == witness(claims=50 * THREADS)

    def test_a_number_that_was_made_before_is_refused(self, watermark: Watermark) -> None:
        watermark.write(witness(claims=4))
        watermark.follow(5)
        watermark.note(7)
        watermark.follow(8)
        for claims in (7, 5, 0):
            with pytest.raises(Refused, match="exchanged"):
                watermark.follow(claims)

    def test_without_an_epoch_nothing_is_claimed(self, watermark: Watermark) -> None:
        with pytest.raises(Defect, match="before its epoch"):
            watermark.follow(1)
        with pytest.raises(Defect, match="before its epoch"):
            watermark.note(1)
