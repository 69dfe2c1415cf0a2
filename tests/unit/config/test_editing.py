"""Values change in the text of ``newsletter.yaml``; all else stays as its operator wrote it."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config.editing import edit
from newsletter.config.loading import FILE_NAME
from newsletter.domain.errors import InvalidConfiguration, Refused
from newsletter.rendering.mail.files import default_templates
from tests.rows import rows

NAME, TAGLINE = "organisation.name", "organisation.tagline"
CONTACT, COLOR = "organisation.press_contact", "brand.color"


@rows(
    ("before", "path", "value", "after"),
    [
        (
            "# top\norganisation:\n  name: A # said\n",
            NAME,
            "B",
            "organisation:\n  name: B # said\n",
        ),
        ("organisation:\n  name: >\n    A\n    b\nx: 1\n", NAME, "B", "  name: B\nx: 1\n"),
        ("organisation:\n  name:\nx: 1\n", NAME, "B", "  name: B\nx: 1\n"),
        ("organisation: {name: A}\n", NAME, "B: c", 'organisation: {name: "B: c"}\n'),
        ("organisation: {name: A}\n", TAGLINE, "b", "organisation: {name: A, tagline: b}\n"),
        ("organisation:\n  name: A # said\n", TAGLINE, "b", "  name: A # said\n  tagline: b\n"),
        ("organisation:\n  name: A", TAGLINE, "b", "  name: A\n  tagline: b"),
        ("organisation:\n  tagline: b # so\n  name: A\n", TAGLINE, None, "sation:\n  name: A\n"),
        ("organisation: {tagline: b, name: A}\n", TAGLINE, None, "organisation: {name: A}\n"),
        ("organisation: {name: A, tagline: b}\n", TAGLINE, None, "organisation: {name: A}\n"),
        ("organisation: {name: A}\n", TAGLINE, None, "organisation: {name: A}\n"),
        ("organisation:\n  press_contact:\n    name: P\n  name: A\n", CONTACT, None, "  name: A\n"),
        ("organisation:\n  name: A\n", f"{CONTACT}.name", None, "organisation:\n  name: A\n"),
        (
            "organisation:\n  name: A\n",
            f"{CONTACT}.name",
            "P",
            'organisation:\n  name: A\n  press_contact: {"name": "P"}\n',
        ),
        ("x: 1\n# end\n", COLOR, "#112233", 'x: 1\nbrand: {"color": "#112233"}\n# end\n'),
        ("brand: {}\nx: 1\n", COLOR, "#112233", 'brand: {"color": "#112233"}\nx: 1\n'),
        ("brand:\nx: 1\n", COLOR, "#112233", 'brand: {"color": "#112233"}\nx: 1\n'),
        ("lists:\n  - name: a # a\n", "lists[0].title", "A", "  - name: a # a\n    title: A\n"),
        ("lists:\n  - title: A\n    name: a\n", "lists[0].title", None, "  - name: a\n"),
        ("lists:\n- name: a\nx: 1\n", "lists[1]", {"name": "b"}, 'a\n- {"name": "b"}\nx: 1\n'),
        ("lists: [{name: a}]\n", "lists[1]", {"name": "b"}, 'lists: [{name: a}, {"name": "b"}]\n'),
        ("x:\n  y:\n  - a\n  - b\nz: 1\n", "x.y", ["ü"], 'x:\n  y: ["ü"]\nz: 1\n'),
        ("y: # of y\n- a: 1\n  b: 2 # two\n# end\n- a: 3\n", "y[0]", None, "of y\n# end\n- a: 3\n"),
        ("x:\n  y:\n  - a: 1\n  - b: 2\nz: 1\n", "x.y[1]", None, "  y:\n  - a: 1\nz: 1\n"),
        ("y: [{a: 1}, {b: 2}, c]\n", "y[1]", None, "y: [{a: 1}, c]\n"),
        ("y: [{a: 1}, {b: 2}]\n", "y[1]", None, "y: [{a: 1}]\n"),
        ("organisation:\r\n  name: A\r\nx: 1\r\n", NAME, "B", "organisation:\r\n  name: B\r\nx: 1"),
    ],
)
def test_one_value_changes_and_comments_stay(
    before: str, path: str, value: Any, after: str
) -> None:
    assert after in edit(before, {path: value})


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_each_text_is_read_as_it_was_typed_and_names_no_variable(typed: str) -> None:
    file = default_templates() / "workspace" / FILE_NAME
    lines = file.read_text("utf-8").splitlines()
    changed = edit("\n".join(lines), {NAME: typed, "language": "de"})
    read = yaml.safe_load(changed)
    assert (read["organisation"]["name"], read["language"]) == (typed.replace("${", "$${"), "de")
    assert len(set(lines) - set(changed.split("\n"))) <= 2


@pytest.mark.parametrize("value", ["B", None])
def test_a_value_of_the_environment_stays_its_operators(value: str | None) -> None:
    with pytest.raises(InvalidConfiguration, match=r"organisation\.name: comes from the environ"):
        edit("organisation:\n  name: ${NAME:-A}\n", {NAME: value})


@pytest.mark.parametrize("broken", ["a: [", "organisation: &x {name: A}\nb: *x\n"])
def test_a_file_that_cannot_be_read_is_left_alone(broken: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        edit(broken, {NAME: "B"})


def test_what_would_change_more_than_the_value_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be edited here"):
        edit("organisation: {? name\n : A}\n? x\n: 1\n", {"y": "B", "x": None})
