"""Statements that are too much: each becomes a mail or is refused in words, within bounds."""

import email
import email.policy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SENTENCE = "Fair housing for everybody is what the Example Forum works for, and nothing less. "
LAST = "The end of it."

Outcome = tuple[list[str], EmailMessage | None]
"""Return the refusal of a statement, or its mail."""


def many(line: Callable[[int], str], count: int) -> str:
    return "\n".join(map(line, range(count)))


def outcomes(folder: Path, texts: Mapping[str, str]) -> dict[str, Outcome]:
    """All in one process, which has so much time and memory for them together."""
    folders = [folder / str(number) for number in range(len(texts))]
    for place, text in zip(folders, texts.values(), strict=True):
        place.mkdir()
        (place / "one.md").write_bytes(text.encode())
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.rendering.stressed", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    faults = json.loads(done.stdout)
    return {
        name: (said, None if said else mail_in(place))
        for name, place, said in zip(texts, folders, faults, strict=True)
    }


def mail_in(folder: Path) -> EmailMessage:
    raw = (folder / "mail.eml").read_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert not mail.defects
    return mail


def written(body: str, front: str = "") -> str:
    return f"---\ntitle: Forum resigns\ndate: 2011-09-21\n{front}---\n{body}"


def whole(name: str) -> str:
    """The statement of a name, of which the last words say that it is there to its end."""
    return written(REFUSED[name][0] if name in REFUSED else f"{SHOWN[name][0]}\n\n{LAST}\n")


def part(mail: EmailMessage | None, kind: str) -> str:
    found = mail.get_body((kind,))
    return str(found.get_content()).replace("\r\n", "\n")


TOO_LONG = "and Gmail cuts a message off after 102,000: shorten it"
TOO_DEEP = "is deeper than 10 lists or 20 quotations: use fewer levels"
TOO_MARKED = "more than 20 marks of emphasis inside of each other"
UNSEEN = "no reader would see a word of its body"

REFUSED = {
    "more than 2 MB": (SENTENCE * 26_000, "is larger than 2 MB, too much for a mail"),
    "2 MB of paragraphs": ((SENTENCE * 8 + "\n\n") * 2_990, f"bytes long, {TOO_LONG}"),
    "2 MB in one paragraph": (SENTENCE * 24_000, TOO_LONG),
    "a little more than Gmail shows": ((SENTENCE * 8 + "\n\n") * 155, TOO_LONG),
    "a table of 2,000 rows": (
        "| County | Share |\n|:--|--:|\n" + many(lambda n: f"| County {n} | {n} % |", 2_000),
        TOO_LONG,
    ),
    "a table of 10,000 columns": (
        f"{'|a' * 10_000}|\n{'|-' * 10_000}|\n" + many(lambda _: "|a" * 10_000 + "|", 10),
        TOO_LONG,
    ),
    "1,000 footnotes": (
        many(lambda n: f"A word[^{n}].", 1_000) + "\n\n" + many(lambda n: f"[^{n}]: N.", 1_000),
        TOO_LONG,
    ),
    "5,000 headings": (many(lambda n: f"## Heading {n}\n", 5_000), TOO_LONG),
    "1 MB of <": ("<" * 1_000_000, TOO_LONG),
    "150 kB of <": ("<" * 150_000, TOO_LONG),
    "150 kB of [": ("[" * 150_000, TOO_LONG),
    "150 kB of ![": ("![" * 75_000, TOO_LONG),
    "stars that never close": ("*a " * 50_000, TOO_LONG),
    "backticks that never close": ("".join("e" + "`" * n for n in range(1, 540)), TOO_LONG),
    "straight quotes": ("\"'" * 60_000, TOO_LONG),
    "addresses that never close": ("[a](<b" * 25_000, TOO_LONG),
    "one letter for each line": ("- a\n" * 30_000, TOO_LONG),
    "emphasis in emphasis": (f"{'**a ' * 3_000}b{' a**' * 3_000}", TOO_MARKED),
    "50,000 underscores around a letter": ("_" * 50_000 + "a" + "_" * 50_000, TOO_MARKED),
    "200 quotations deep": ("> " * 200 + "deep", TOO_DEEP),
    "200 lists deep": ("- " * 200 + "deep", TOO_DEEP),
    "200 lists deep, a line each": (many(lambda n: "  " * n + "- item", 200), TOO_DEEP),
    "200 of both": ("> - " * 100 + "deep", TOO_DEEP),
    "75,000 quotations deep": (">" * 75_000 + "deep", TOO_DEEP),
    "only addresses": ("[a]: https://forum.example\n" * 5_000, UNSEEN),
    "only empty quotations": (">\n" * 50_000, UNSEEN),
    "only stars": ("*" * 100_000, UNSEEN),
    "footnotes inside of each other": ("[^a]: " * 20_000, "nothing refers to it"),
    "200 images without a description": ("![](https://a.example/b.png)" * 200, "no description"),
}


FAMILY = "👨‍👩‍👧‍👦 🇩🇪🇫🇷 👍🏽 🏳️‍🌈 ❤️ 1️⃣ 🧑🏿‍🚀"
ARABIC = "استقالت ممثلة المنتدى من فرقة العمل."
HEBREW = "הפורום פרש היום מ-Advisory Council (לאחר 2 שנים) של עבודה."
CHINESE = "論壇今天退出了公平住房諮詢委員會，因為最後的報告沒有提到聽證會的結果。"
JAPANESE = "フォーラムは本日、公正住宅諮問委員会を脱退しました。"
THAI = "เวทีตัวอย่างได้ลาออกจากสภาที่ปรึกษาด้านที่อยู่อาศัยในวันนี้"

SHOWN = {
    "emoji of many parts": (f"{FAMILY}\n\n" * 60, [FAMILY], [FAMILY]),
    "Arabic": (f"{ARABIC}\n\n" * 100, [ARABIC], [ARABIC]),
    "Hebrew with Latin in it": (f"{HEBREW}\n\n" * 100, [HEBREW], [HEBREW]),
    "Chinese without blanks": (CHINESE * 100, [CHINESE * 100], [CHINESE[:20]]),
    "Japanese without blanks": (JAPANESE * 100, [JAPANESE * 100], [JAPANESE[:20]]),
    "Thai without blanks": (THAI * 60, [THAI * 60], [THAI * 60]),
    "a letter under 10,000 accents": ("a" + "\u0301" * 10_000, ["\u0301" * 29], ["\u0301" * 9_000]),
    "a table of 200 rows": (
        "| County | Requests | Share |\n|---|--:|---|\n"
        + many(lambda n: f"| County {n} | {n * 13} | {n} % |", 200),
        ["County 199", "199\u00a0%"],
        ["County 199      2587  199 %"],
    ),
    "500 links": (
        many(lambda n: f"See [paper {n}](https://forum.example/papers/{n}).\n", 500),
        ['href="https://forum.example/papers/499"'],
        ["paper 499 [500]", "https://forum.example/papers/499"],
    ),
    "300 footnotes": (
        many(lambda n: f"A word[^{n}].", 300) + "\n\n" + many(lambda n: f"[^{n}]: Note {n}.", 300),
        ["Note 299."],
        ["(300) Note 299."],
    ),
    "a word of 10,000 letters": ("Donau" * 2_000, ["DonauDonau"], ["Donau" * 2_000]),
    "an address of 10,000 letters": (
        f"<https://forum.example/{'a' * 10_000}>",
        [f'href="https://forum.example/{"a" * 10_000}"'],
        [f"https://forum.example/{'a' * 10_000}"],
    ),
    "300 long addresses in a paragraph": (
        many(lambda n: f"<https://forum.example/papers/on/fair/housing/and/more/{n}>", 300),
        ["fair/housing/and/more/299"],
        ["https://forum.example/papers/on/fair/housing/and/more/299"],
    ),
    "ten lists deep": (many(lambda n: "  " * n + f"- item {n}", 10), ["item 9"], ["- item 9"]),
    "twenty quotations deep": ("> " * 20 + "deep", ["deep"], ["> > deep"]),
    "100,000 blank lines": ("First." + "\n" * 100_000 + "Last.", ["Last."], ["First.\n\nLast."]),
}


QUICK = [
    *("more than 2 MB", "2 MB of paragraphs", "a table of 2,000 rows", "1 MB of <"),
    *("emphasis in emphasis", "200 of both", "75,000 quotations deep", "only empty quotations"),
    *("footnotes inside of each other", "200 images without a description"),
    *("Chinese without blanks", "a letter under 10,000 accents", "100,000 blank lines"),
    *("ten lists deep", "300 long addresses in a paragraph"),
]
"""One of each kind, and none that takes a second."""


def assert_refused_in_words(name: str, outcome: Outcome) -> None:
    faults, mail = outcome

    assert mail is None
    assert REFUSED[name][1] in faults[0]
    assert all(re.match(r"one\.md(?::\d+)?: ", fault) for fault in faults)


def assert_there_to_its_end(name: str, outcome: Outcome) -> None:
    _, in_html, in_text = SHOWN[name]
    faults, mail = outcome

    assert faults == []
    html, text = part(mail, "html"), part(mail, "plain")
    assert [words for words in [*in_html, LAST, "/u/a1B2"] if words not in html] == []
    assert [words for words in [*in_text, LAST, "/u/a1B2"] if words not in text] == []


@pytest.mark.slow("starts a process")
def test_too_much_is_refused_in_words_and_what_a_mail_can_hold_is_there(tmp_path: Path) -> None:
    title = "a title of half a megabyte"
    texts = {name: whole(name) for name in QUICK}
    found = outcomes(tmp_path, texts | {title: written("Text.", f"subject: {'a' * 500_000}\n")})

    faults, _ = found.pop(title)
    assert faults[0].startswith("one.md:2: the front matter is 500,047 bytes long")
    for name, outcome in found.items():
        if name in REFUSED:
            assert_refused_in_words(name, outcome)
        else:
            assert_there_to_its_end(name, outcome)


@pytest.mark.faults(seconds=3)
@pytest.mark.parametrize("name", REFUSED)
def test_what_no_mail_can_hold_is_refused_in_words(name: str, tmp_path: Path) -> None:
    assert_refused_in_words(name, outcomes(tmp_path, {name: whole(name)})[name])


@pytest.mark.faults(seconds=3)
@pytest.mark.parametrize("name", SHOWN)
def test_what_a_mail_can_hold_is_there_to_its_end(name: str, tmp_path: Path) -> None:
    assert_there_to_its_end(name, outcomes(tmp_path, {name: whole(name)})[name])
