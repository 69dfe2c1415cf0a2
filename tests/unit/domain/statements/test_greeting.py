"""A greeting says people's names, and nothing that somebody hid in a form's field."""

import html
import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.statements.content import (
    MAX_GREETING_CHARS,
    MAX_NAME_WORD_CHARS,
    greeting_name,
)
from tests.properties import examples
from tests.rows import rows


@rows(
    "name",
    [
        *["Ana", "Ana Ruiz", "Jean-Pierre", "J.-P. Sartre", "J.R.R. Tolkien", "X", "A.", "Ng"],
        *["Dr. Ana Ruiz", "Prof. Dr. h. c. Ana Ruiz", "Ana Ruiz, Ph.D., M.D.", "Smith, John"],
        *["Martin Luther King Jr.", "’t Hart", "O’Brien", "María-José O’Neill-Ruiz", "Gual·la"],
        *[
            "Ἀριστοτέλης",
            "李小龍",
            "王",
            "محمد علی",
            "علی‌رضا",
            "प्रिया शर्मा",
            "Nguyễn Thị Minh Khai",
        ],
        *["St. John-Smith", "Silva y Ortega", "X" * MAX_NAME_WORD_CHARS, f"{'Xy ' * 19}Xyz"],
    ],
)
def test_a_name_is_said_as_it_is(name: str) -> None:
    assert greeting_name(name) == name


@rows(
    ("given", "said"),
    [
        ("  Ana \u00a0 Ruiz ", "Ana Ruiz"),
        ("Ana Ruiz, ", "Ana Ruiz"),
        ("O'Brien", "O’Brien"),
        ("Jose\u0301", "José"),
    ],
)
def test_a_name_is_tidied(given: str, said: str) -> None:
    assert greeting_name(given) == said


@rows(
    "name",
    [
        *[
            "",
            "  ",
            "-",
            "...",
            "a..b",
            "a,b",
            "Ana, , ,b",
            "Ana -",
            "x" * (MAX_NAME_WORD_CHARS + 1),
        ],
        *[f"{'Xyz ' * 20}", "Ana " * 250_000, "Z" + "\u0301" * 9, "Ana 5", "2nd"],
        # what a mail program would make a link of, and who would pay for that
        *["evil.example", "Visit evil.example now", "www.x.co", "t.co", "a.b.com", "a@b.example"],
        *["http://x", "//x", "tel:1", "+1 202 555 0100", "Ana.Ruiz"],
        # what HTML, JSON, a header field or a provider's template would take for its own
        *["<b>Ana</b>", "Ana & Ben", '"Ana"', "Ana\\", "{{contact}}", "{name|x}", "%recipient.u%"],
        *["[[var:x]]", "Ana\r\nBcc: eve@example.org", "Ana\nRuiz", "Ana\x00", "Ana\x85", "*|X|*"],
        # invisible letters, or those that turn around the words behind them
        *[
            "Ana\u202eziuR",
            "Ana\u2028R",
            "A\u00adb",
            "\ufeffAna",
            "A\u200bb",
            "\ud800",
            "Ana\u2066",
        ],
    ],
)
def test_what_is_no_name_is_not_said(name: str) -> None:
    assert greeting_name(name) == ""


SIGNS = " \u200c\u200d’.,·‐‑-"
NAMES = st.one_of(st.text(), st.text("aZé王ع\u0301 -.,'’·\u200c{}<>&\"\\/:@|%0", max_size=80))


@examples(100)
@given(NAMES)
def test_a_name_needs_no_escaping_anywhere_and_is_never_a_link(name: str) -> None:
    said = greeting_name(name)
    assert len(said) <= MAX_GREETING_CHARS
    assert html.escape(said) == said
    assert json.dumps(said, ensure_ascii=False) == f'"{said}"'
    kinds = {unicodedata.category(character)[0] for character in said if character not in SIGNS}
    assert kinds <= {"L", "M"}, "letters, and marks above or below them"
    assert not re.search(r"\.[^\W_]{2}", said)
    assert greeting_name(said) == said
