"""Two spellings of one mailbox are one person."""

from newsletter.domain.subscribers.mailbox import mailbox, same_person
from tests.rows import rows

ANA = "ana@forum.example"
SPELLINGS = [
    ANA,
    "Ana@Forum.Example",
    "ana+press@forum.example",
    "ana+a+b@forum.example",
    " ana@forum.example ",
    "ａｎａ@forum.example",
    "ana@forum.example.",
]
OTHERS = [
    (ANA, "ben@forum.example"),
    (ANA, "ana@forum.invalid"),
    ("a.na@forum.example", ANA),
    ("", ""),
    ("+a@forum.example", "+b@forum.example"),
]


@rows("spelling", SPELLINGS)
def test_another_spelling_is_the_same_person(spelling: str) -> None:
    assert same_person(ANA, spelling)


@rows(("one", "other"), OTHERS)
def test_somebody_else_is_not(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_gmail_has_one_mailbox_whatever_its_dots_and_its_name() -> None:
    assert same_person("a.n.a@gmail.com", "ana+x@googlemail.com")


def test_an_international_domain_is_the_same_in_its_ascii_form() -> None:
    assert same_person("ana@bücher.example", "ana@xn--bcher-kva.example")


def test_a_domain_that_nobody_can_look_up_is_only_itself() -> None:
    strange = f"ana@{'ü' * 80}.example"
    assert mailbox(strange) == strange
