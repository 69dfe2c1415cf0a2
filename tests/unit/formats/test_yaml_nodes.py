"""Nodes are what PyYAML's own composer makes of a text, but for what repeats or goes too deep."""

import io
from typing import Any

import pytest
import yaml

from newsletter.formats.yaml_nodes import (
    NodeReader,
    UnsupportedYaml,
    _read_document,
    compose,
    in_plain_words,
    pairs,
    position_of,
)
from tests.costs import grows_in_proportion
from tests.rows import rows


def plain(node: Any) -> Any:
    """A node with its tag, its place and its contents."""
    value = node.value
    if isinstance(value, list):
        value = [plain(one) if isinstance(one, yaml.Node) else [*map(plain, one)] for one in value]
    start, end = node.start_mark, node.end_mark
    return type(node), node.tag, value, start.line, start.column, end.line, end.column


@rows(
    "text",
    [
        "a: 1\nb: [x, 'y', \"z\", yes, ~, 2024-05-01, 0x1F, 1e3, =, <<]\n",
        "- {a: {b: c}}\n- |\n  two\n  lines\n",
        "# nothing but\nä: 📣 e  # and on\n? [k]\n: v\n",
        "--- text\n...\n",
        "",
    ],
)
def test_a_text_is_composed_as_pyyaml_does_it(text: str) -> None:
    ours, theirs = compose(text), yaml.compose(text, Loader=yaml.SafeLoader)

    assert (ours and plain(ours)) == (theirs and plain(theirs))


@rows(
    ("text", "problem"),
    [
        ("a: b: c", "mapping values are not allowed here"),
        ("a: 'b", "found unexpected end of stream"),
        ("a: 1\n---\nb: 2\n", "but found another document"),
    ],
)
def test_what_is_no_yaml_is_told_in_pyyamls_words(text: str, problem: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as told:
        compose(text)

    assert told.value.problem == problem


@rows(
    ("text", "place", "says"),
    [
        ("a: b: c", (1, 5), "a colon with a blank after it begins a value"),
        ("a: 1\nb: 'c\n", (2, 4), "a quote is opened and never closed"),
        ("a: [1, 2\nb: 3\n", (1, 4), "a list that [ opens"),
        ("a: {b: 1\nc: 3\n]", (1, 4), "a group that a brace opens"),
        ("a: 1\n\tb: 2\n", (2, 1), "a tab cannot indent YAML"),
        ("a: , x\n", (1, 4), "something else was expected here"),
        ("a: @x\n", (1, 4), "text cannot begin with this sign"),
        ("- a: 1\n b: 2\n", (2, 2), "this does not fit the lines above"),
        ("a: 1\nb\nc: 2\n", (2, 1), "this line has no colon"),
        ("a: 1\n---\nb: 2\n", (2, 1), "--- begins a second document"),
    ],
)
def test_both_parsers_say_in_plain_words_where_to_look(
    text: str, place: tuple[int, int], says: str
) -> None:
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        with pytest.raises(yaml.MarkedYAMLError) as told:
            _read_document(NodeReader(text, loader=loader))
        mark = position_of(told.value)
        assert (mark.line + 1, mark.column + 1) == place
        assert in_plain_words(told.value).startswith(f"this is not YAML: {says}")


def test_a_character_that_json_writes_in_halves_is_whole_and_a_half_is_refused() -> None:
    node = compose(r'"so \uD83D\uDE00 it is"')
    assert node.value == "so 😀 it is"
    with pytest.raises(UnsupportedYaml, match="half of a character"):
        compose(r'a: "\uDE00"')


@rows("tag", ["!", "!own", "!!str", "!!bool", "!!python/name:os.system"])
@rows("value", ["foo", '""', "[press]", "{a: b}"])
def test_a_tag_is_refused_whatever_it_is_written_before(tag: str, value: str) -> None:
    with pytest.raises(UnsupportedYaml) as told:
        compose(f"a: {tag} {value}")

    assert in_plain_words(told.value).startswith(f"the tag {tag} is not read here; leave it out")
    assert position_of(told.value).column == 3


def test_a_second_key_of_the_same_name_and_a_key_that_is_no_word_are_faults() -> None:
    group = compose("a: 1\nb: 2\na: 3\n? [c]\n: 4\n")
    assert isinstance(group, yaml.MappingNode)

    assert [(pair.mark.line, pair.key, pair.value.value, pair.fault) for pair in pairs(group)] == [
        (0, "a", "1", ""),
        (1, "b", "2", ""),
        (2, "a", "3", "appears twice, first on line 1; keep one of them"),
        (3, "", "4", "has a list or mapping for a key; write a plain word"),
    ]


def test_a_text_of_a_megabyte_is_read_in_proportion_to_its_length() -> None:
    def read(keys: int) -> None:
        group = compose("".join(f"key{number}: [a, 'b']\n" for number in range(keys)))
        assert isinstance(group, yaml.MappingNode)
        assert not any(pair.fault for pair in pairs(group))

    assert grows_in_proportion(read, 12_000)


def test_aliases_and_what_has_no_bottom_are_refused() -> None:
    with pytest.raises(UnsupportedYaml, match="write the value out"):
        compose("a: &a [*a]")
    with pytest.raises(UnsupportedYaml, match="too deep"):
        compose("[" * 50_000)
    with pytest.raises(UnsupportedYaml, match="too deep"):
        compose("[" * 32 + "]" * 32)
    assert compose("[" * 31 + "]" * 31) is not None


def test_a_text_is_read_no_further_than_its_nodes_are_asked_for() -> None:
    text = io.StringIO("- one\n" * 200_000)
    nodes = NodeReader(text)
    for _ in range(3):
        nodes.event()

    assert [nodes.node().value for _ in range(3)] == ["one"] * 3
    assert text.tell() < 100_000
