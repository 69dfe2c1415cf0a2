"""The settings of what stands around a text, as the domain has them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from newsletter.config.loading import load
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Layout, LinkParameters, Profile, Publisher
from tests.pages import SETTINGS


def publisher(folder: Path, **settings: Any) -> Publisher:
    path = folder / "newsletter.yaml"
    path.write_text(yaml.safe_dump(SETTINGS | settings), "utf-8")
    return load(path, {}).publisher()


def test_without_settings_nothing_stands_around_a_text(tmp_path: Path) -> None:
    plain = publisher(tmp_path)
    assert (plain.layout, plain.utm) == (Layout(), None)
    assert plain.organisation.social == ()


def test_what_is_set_is_what_mails_are_made_with(tmp_path: Path) -> None:
    social = [{"name": "Mastodon", "url": "https://social.example/@forum"}]
    made = publisher(
        tmp_path,
        organisation=SETTINGS["organisation"] | {"social": social},
        layout={"summary": True, "release_line": True, "end_mark": "-30-"},
        utm={"source": "mail", "hosts": ["Forum.example"]},
    )
    assert made.layout == Layout(summary=True, release_line=True, end_mark="-30-")
    assert made.utm == LinkParameters(source="mail", hosts=("forum.example",))
    assert made.utm is not None
    assert made.utm.marks("hours")["utm_campaign"] == "hours"
    assert made.organisation.social == (
        Profile(name="Mastodon", url="https://social.example/@forum"),
    )


def test_links_are_marked_for_some_host(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="names no host; write your own site's"):
        publisher(tmp_path, utm={"source": "mail", "hosts": []})
