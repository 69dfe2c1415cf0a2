"""The brands of the judges are those that operators are shown, and their packages are pinned."""

import json
import re
from pathlib import Path

import pytest

from bench.judge import word
from bench.judge.archive.__main__ import list_objections, publish
from bench.judge.corpus import BLOCKS, BRANDS, read_text
from bench.judge.mail import make_renderer
from bench.judge.markup import HERE
from bench.judge.word import objections
from newsletter.config.loading import load
from tests.rows import rows


@rows(
    ("folder", "names"),
    [
        (HERE, {"axe-core", "caniemail", "html-validate", "vnu-jar"}),
        (HERE / "peers", {"@maizzle/framework", "mjml", "react", "react-dom", "react-email"}),
    ],
)
def test_each_package_from_npm_is_pinned_exactly(folder: Path, names: set[str]) -> None:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert names == set(wanted)
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in one for one in locked.values()), "the lock names no registry"
    assert all("integrity" in one for place, one in locked.items() if _is_fetched(place, one))


def test_word_spoils_no_block_of_ours_in_any_brand() -> None:
    for brand in BRANDS:
        for name in ("all", "figure", "lead", "video", "arabic-blocks"):
            text = read_text(BLOCKS / f"{name}.md")
            page = make_renderer(brand).render(text.statement, text.translations).html
            assert objections(page) == (), (brand, name)


_SPOILT = {
    word.cropped_pictures: (r"mso-line-height-rule: ?at-least;?", ""),
    word.unsized_pictures: (r'(<img [^>]*) width="\d+"', r"\1"),
    word.bare_buttons: (r"mso-padding-alt:13px 26px", "color:#000000"),
    word.tight_grounds: (r"background-color: ?#[0-9a-f]{6} ?!important", "color: #000000"),
    word.lost_gaps: (r"<p class=.gap.>.*?</p>", ""),
    word.unbounded_widths: (r' width="(?:254|600)"', ""),
    word.shown_secrets: (r"mso-hide: ?all", "color:#000000"),
    word.unknown_properties: (r"display:inline-block", "float:left"),
}


def test_each_rule_of_word_objects_to_an_email_of_ours_that_is_spoilt_in_one_way() -> None:
    texts = [read_text(BLOCKS / f"{name}.md") for name in ("all", "figure")]
    pages = [make_renderer().render(one.statement).html for one in texts]
    for rule in word.RULES:
        spoilt = [re.sub(*_SPOILT[rule], page) for page in pages]
        assert any(objections(page, [rule]) for page in spoilt), rule.__name__
        assert not any(objections(page, [rule]) for page in pages), rule.__name__


@pytest.mark.slow("sends seven statements")
def test_no_rule_objects_to_our_archive(tmp_path: Path) -> None:
    files = publish(tmp_path)
    assert len(files) == 14
    assert list(list_objections(files)) == []


def _is_fetched(place: str, one: dict[str, object]) -> bool:
    """It is not the project itself, nor comes inside of another package."""
    return bool(place) and not one.get("inBundle")


def test_the_brands_are_those_that_operators_are_shown(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "look.md").read_text("utf-8")
    shown = re.findall(r"(?ms)^```yaml\n(brand:.*?)^```", page)
    example = (Path(__file__).parents[2] / "newsletter.example.yaml").read_text("utf-8")
    least = re.sub(r"(?ms)^brand:.*?^(?=\w)", "", example)
    found = []
    for block in shown:
        (tmp_path / "newsletter.yaml").write_text(f"{least}\n{block}", "utf-8")
        found.append(load(tmp_path / "newsletter.yaml", {}).publisher().brand)
    assert found == [BRANDS["briefing"], BRANDS["bulletin"]]
