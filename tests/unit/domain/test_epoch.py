"""Whether a database is the one that last sent."""

import re

from newsletter.domain.epoch import Absence, Books, Doubt, Mark, Witness
from tests.rows import rows

FIRST, SECOND, THIRD = "a" * 32, "b" * 32, "c" * 32
NEW = Mark()


def witness(claims: int, epoch: str = FIRST, before: str = FIRST, file: int = 7) -> Witness:
    return Witness(mark=Mark(epoch=epoch, claims=claims), before=before, file=file)


def books(claims: int, seen: Witness | Absence, epoch: str = FIRST, file: int = 7) -> Books:
    return Books(mark=Mark(epoch=epoch, claims=claims), file=file, witness=seen)


@rows(
    "sound",
    [
        books(5, witness(5)),
        books(5, witness(4)),
        books(5, witness(5, epoch=SECOND, before=FIRST)),
        Books(mark=NEW, file=7, witness=Absence.MISSING),
        Books(mark=NEW, file=8, witness=witness(0)),
    ],
)
def test_what_a_dead_process_or_a_beginning_leaves_is_no_doubt(sound: Books) -> None:
    assert sound.doubt is None
    assert sound.explanation == ""


@rows(
    ("found", "doubt", "words"),
    [
        (books(5, witness(8)), Doubt.BEHIND, "of 5 claims, and there were 8: .* the last 3 is not"),
        (
            Books(mark=NEW, file=7, witness=witness(8)),
            Doubt.BEHIND,
            "of 0 claims, and there were 8",
        ),
        (books(5, witness(5), file=8), Doubt.COPIED, "another file than the one that last sent"),
        (books(9, witness(5), epoch=THIRD), Doubt.FOREIGN, "not the one that the last run"),
        (
            books(5, Absence.MISSING),
            Doubt.UNWITNESSED,
            "of 5 claims, and the epoch_file, .*, is missing: copied or",
        ),
        (books(0, Absence.MISSING), Doubt.UNWITNESSED, "of 0 claims, .* is missing"),
        (books(5, Absence.UNREADABLE), Doubt.UNWITNESSED, "cannot be read"),
        (
            Books(mark=NEW, file=7, witness=Absence.UNREADABLE),
            Doubt.UNWITNESSED,
            "cannot be read",
        ),
    ],
)
def test_a_copy_and_what_is_older_is_doubted_and_said_why(
    found: Books, doubt: Doubt, words: str
) -> None:
    assert found.doubt is doubt
    assert re.search(words, found.explanation)


def test_the_books_go_on_from_the_highest_number_that_anybody_knows() -> None:
    assert books(5, witness(8)).claims == 8
    assert books(8, witness(5)).claims == 8
    assert books(5, Absence.MISSING).claims == 5
