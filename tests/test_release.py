"""A release describes itself: its changes and its components."""

import re
from pathlib import Path

import pytest

from tools.release import bundled, changes, materials

ROOT = Path(__file__).parents[1]


def test_the_changes_of_a_version_are_its_section_with_a_date() -> None:
    text = (
        "# Changelog\n\n## [0.2.0] – 2026-12-01\n\n- More.\n\n## [0.1.0] – unreleased\n\n- All.\n"
    )
    assert changes(text, "0.2.0") == "- More."
    for version in ("0.1.0", "0.2", "0.3.0"):
        with pytest.raises(ValueError, match="DATE"):
            changes(text, version)
    [newest, *_] = re.findall(r"(?m)^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert newest in (ROOT / "newsletter/__init__.py").read_text("utf-8")


def test_the_bill_of_materials_names_each_package_once_with_its_licence() -> None:
    pins = {"jinja2": "3.1.6", "not-of-this-platform": "1"}
    bill = materials("0.2.0", pins, bundled(ROOT), "2026-12-01T00:00:00+00:00")
    by_name = {one["name"]: one for one in bill["components"]}
    assert bill["metadata"]["component"]["version"] == "0.2.0"
    assert by_name["jinja2"]["purl"] == "pkg:pypi/jinja2@3.1.6"
    assert "BSD" in str(by_name["jinja2"]["licenses"])
    assert by_name["prosemirror-model"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert by_name["prosemirror-model"]["purl"].startswith("pkg:npm/prosemirror-model@1.")
    assert "licenses" not in by_name["not-of-this-platform"]
    refs = bill["dependencies"][0]["dependsOn"]
    assert len(refs) == len(set(refs)) == len(bill["components"]) > 15
