"""The desk's style sheets: a rule that no page uses is deleted."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_each_class_of_the_style_sheets_is_on_a_page() -> None:
    pages = [*(ROOT / "templates" / "desk").glob("*.*ml*")]
    pages += (ROOT / "newsletter" / "web" / "browser" / "src").rglob("*.js")
    used = "\n".join(page.read_text("utf-8") for page in pages)
    for name in ("desk.css", "editor.css"):
        sheet = (ROOT / "templates" / "desk" / name).read_text("utf-8")
        rules = re.sub(r"/\*[^*]*\*/|\{[^{}]*\}", " ", sheet)
        classes = {found.removeprefix(".") for found in re.findall(r"\.[a-z][\w-]*", rules)}
        # the end of some is filled in, as in chip--{{ state }}
        stems = {one: re.match(r"(.*--|is-)?", one) for one in classes}
        assert [one for one, stem in stems.items() if one not in used and not stem[0]] == []
        assert [one for one, stem in stems.items() if stem[0] not in used] == []
