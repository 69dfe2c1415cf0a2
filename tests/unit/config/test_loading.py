"""Reading the file: faults that stop it, their messages, and their places."""

from pathlib import Path
from typing import Any

import pytest

from newsletter.config.document import key_text
from newsletter.config.loading import find_workspace, list_settings, load
from newsletter.domain.errors import InvalidConfiguration
from tests.rows import rows


def only_fault(path: Path) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        load(path, {})
    (fault,) = caught.value.faults
    return str(fault)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    assert only_fault(tmp_path / "newsletter.yaml") == (
        "newsletter.yaml: does not exist; write one with: newsletter init"
    )


def test_a_directory_in_its_place_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "newsletter.yaml").mkdir()

    assert "newsletter.yaml: cannot be read: " in only_fault(tmp_path / "newsletter.yaml")


@rows("content", [b"", b"\n\n", b"# nothing\n", b"---\n", b"null\n"])
def test_an_empty_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "newsletter.yaml").write_bytes(content)

    assert "newsletter.yaml: is empty" in only_fault(tmp_path / "newsletter.yaml")


@rows("content", ["- a\n", "text\n", "12\n"])
def test_a_file_without_keys_is_a_fault(tmp_path: Path, content: str) -> None:
    (tmp_path / "newsletter.yaml").write_text(content)

    assert "must hold keys and values" in only_fault(tmp_path / "newsletter.yaml")


def test_a_file_in_another_encoding_says_where(tmp_path: Path) -> None:
    (tmp_path / "newsletter.yaml").write_bytes("language: en\nsender: Büro\n".encode("cp1252"))

    assert only_fault(tmp_path / "newsletter.yaml") == (
        "newsletter.yaml:2:10: holds 0xfc here, which is not UTF-8; save the file as UTF-8"
    )


@rows(
    ("text", "place", "says"),
    [
        ("a: [1, 2\n", "1:4", "[ opens"),
        ("a: {b: 1\n", "1:4", "a brace opens"),
        ("a: [1 2: 3: 4]\n", "1:4", "[ opens"),
        ('a: "\\q"\n', "1:6", "single quotes"),
        ("a: |\nb\n", "2:1", "no colon"),
        ("a: ,\n", "1:4", "something else"),
        ("a: - b\n", "1:4", "list item"),
        ("%YAML x\n", "1:7", "correct this line"),
        ("a: &a 1\n<<: *a\n", "2:5", "aliases"),
    ],
)
def test_what_is_no_yaml_is_one_fault_in_plain_words(
    tmp_path: Path, text: str, place: str, says: str
) -> None:
    (tmp_path / "newsletter.yaml").write_text(text)

    fault = only_fault(tmp_path / "newsletter.yaml")

    assert fault.startswith(f"newsletter.yaml:{place}")
    assert says in fault


def test_the_fault_names_the_file_as_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("language: english\n")

    with pytest.raises(InvalidConfiguration) as caught:
        load(tmp_path / "other.yaml", {})

    assert {fault.file for fault in caught.value.faults} == {"other.yaml"}


def test_the_cause_is_kept_for_whoever_looks_into_it(read: Any) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        read("language: english\n")

    assert caught.value.__cause__ is not None


@rows(
    ("more", "reading"),
    [
        ("language: no\n", "false"),
        ("language: ON\n", "true"),
        ("language: 012\n", "the number 10"),
        ("language: 22:22\n", "the number 1342"),
        ("language: 1_000\n", "the number 1000"),
        ("language: 0x1F\n", "the number 31"),
        ("language: 190:20:30.15\n", "the number 685230.15"),
        ("language: 2024-05-01\n", "a date"),
        ("language: 2024-05-01 10:00:00\n", "a date"),
    ],
)
def test_what_yaml_takes_for_something_else_is_explained(
    faults: Any, more: str, reading: str
) -> None:
    (fault,) = faults(more)

    assert fault.key == "language"
    assert reading in fault.message


@rows(
    "number",
    [
        ".inf",
        "-.inf",
        ".nan",
        "1.0e+999",
        "0b_",
        "9" * 5000,
        "0x" + "f" * 5000,
        "1" + ":1" * 5000,
        "=",
    ],
)
def test_what_only_looks_like_a_number_is_none(faults: Any, number: str) -> None:
    found = faults(f"provider: {{kind: outbox, rate: {number}}}\n")

    assert [fault.key for fault in found] == ["provider.rate"]
    assert "must be a number" in found[0].message


def test_dates_in_places_that_take_any_text_are_questioned_too(faults: Any, base: str) -> None:
    found = faults(base=base.replace("{name: Example Forum", "{name: 2024-05-01"))

    assert [str(fault) for fault in found] == [
        "newsletter.yaml:5:10 sender.name: must be text, and YAML reads 2024-05-01 as a date; "
        'if it is meant so, put it in quotes: "2024-05-01"'
    ]


def test_quoted_text_is_text_whatever_it_looks_like(read: Any, base: str) -> None:
    for text in ("no", "012", "22:22", "2024-05-01", "null", "1.5"):
        settings = read(base=base.replace("{name: Example Forum", f"{{name: '{text}'"))
        assert settings.sender.name == text


def test_keys_are_text_whatever_they_look_like(faults: Any) -> None:
    found = faults("no: 1\n2024-05-01: 2\n<<: 3\n")

    assert [fault.key for fault in found] == ["no", "2024-05-01", "'<<'"]


def test_what_hangs_on_a_fault_is_not_told_again(faults: Any, base: str) -> None:
    found = faults(base=base.replace("timezone", "timezon").replace("{name:", "{nam:"))

    assert [fault.key for fault in found] == ["sender.nam", "timezon"]


def test_a_key_with_a_line_break_stays_on_one_line_of_the_message(faults: Any) -> None:
    (fault,) = faults('"a\\nb": 1\n')

    assert "\n" not in str(fault)


def test_a_group_with_a_key_that_is_no_word_is_a_fault_of_that_group(faults: Any) -> None:
    (fault,) = faults("approvals:\n  ? {a: b}\n  : 1\n")

    assert (fault.key, fault.line) == ("approvals", 9)


def test_half_a_character_is_a_fault(faults: Any) -> None:
    (fault,) = faults('language: "\\ud800"\n')

    assert "half of a character" in fault.message


def test_a_group_where_one_value_belongs_is_a_fault(faults: Any) -> None:
    (fault,) = faults("timezone2: 1\nlanguage: {en: 1}\n")[1:]

    assert fault.message.startswith("must be text, like en, not a group of keys")


@rows(
    ("path", "text"),
    [
        (("statements", 0, "kind"), "statements[0].kind"),
        (("default_lists", 1), "default_lists[1]"),
        (("a b", "c"), "'a b'.c"),
        ((), ""),
    ],
)
def test_keys_are_written_as_people_do(path: tuple[str | int, ...], text: str) -> None:
    assert key_text(path) == text


def test_the_workspace_is_the_nearest_directory_with_a_configuration(tmp_path: Path) -> None:
    inner = tmp_path / "statements" / "2024"
    inner.mkdir(parents=True)
    (tmp_path / "newsletter.yaml").touch()

    assert find_workspace(inner) == tmp_path
    assert find_workspace(tmp_path) == tmp_path


def test_a_nearer_workspace_wins_and_a_directory_of_that_name_is_none(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "deep" / "newsletter.yaml").mkdir(parents=True)
    (inner / "newsletter.yaml").touch()
    (tmp_path / "newsletter.yaml").touch()

    assert find_workspace(inner / "deep") == inner


def test_without_a_workspace_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="newsletter init"):
        find_workspace(tmp_path)


def test_each_setting_has_its_line_also_if_its_secret_is_in_a_file(
    tmp_path: Path, base: str
) -> None:
    (tmp_path / "mailgun.key").write_text("hush")
    more = "provider:\n  kind: mailgun\n  domain: forum.example\n  api_key_file: mailgun.key\n"
    file = tmp_path / "newsletter.yaml"
    file.write_text(base + more)
    begins = len(base.splitlines())
    listed = {one.key: one for one in list_settings(load(file, {}))}
    key, domain = listed["provider.api_key"], listed["provider.domain"]
    assert (key.value, key.line) == ("**********", begins + 4)
    assert (domain.value, domain.line) == ("forum.example", begins + 3)
    assert domain.about, "what it is, in a sentence"
    assert (listed["schedule.poll"].value, listed["schedule.poll"].line) == ("5s", 0)
