"""The emails that judges are shown: every kind, every language, and packages that are pinned."""

import json
import re
from pathlib import Path

from bench.judge import corpus
from bench.judge.corpus import BRANDS
from bench.judge.mail import make_renderer
from bench.judge.markup import HERE
from newsletter.config.loading import load
from tests.rows import rows


def test_our_own_examples_cover_what_a_statement_can_hold() -> None:
    found = {file.stem: corpus.read_statement(file) for file in corpus.statement_files(
        [corpus.EXAMPLES]
    )}  # fmt: skip
    assert set(found) == {"arabic", "correction", "everything", "image", "plain", "spanish"}
    assert {found["arabic"].language, found["spanish"].language} == {"ar", "es"}
    assert found["correction"].corrects
    assert found["correction"].embargo_until
    assert 380 <= len(found["plain"].body.split()) <= 400
    assert re.search(r"!\[.+\]\(\S+#\d+x\d+ ", found["image"].body)
    for mark in ("> ", "| ", "1. ", "- ", "[^rule]:"):
        assert re.search(f"(?m)^ *{re.escape(mark)}", found["everything"].body), mark


def test_corrections_and_digest_emails_are_judged_in_each_language_of_the_fixed_words() -> None:
    languages = set(make_renderer().wordings.languages)
    for kind in ("correction", "digest"):
        found = [corpus.read_text(file) for file in corpus.KINDS.glob(f"{kind}-*.md")]
        assert {text.statement.language for text in found} == languages
        assert all(text.statement.corrects or text.statement.digest for text in found)
    gathered = corpus.read_text(corpus.KINDS / "digest-en.md").statement
    assert "Correction: the hearing is on Wednesday" in gathered.body
    assert gathered.title.endswith("13 February 2026")


def test_translations_are_judged_in_one_mail_whichever_way_the_original_runs() -> None:
    every = corpus.read_text(corpus.KINDS / "languages.md")
    assert {one.language for one in every.translations} == {"ar", "de", "es", "fr", "pt"}
    assert all(one.translation_of == "languages" for one in every.translations)
    other = corpus.read_text(corpus.KINDS / "arabic-first.md")
    assert [other.statement.language, *(one.language for one in other.translations)] == ["ar", "en"]


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
        found.append(load(tmp_path / "newsletter.yaml", {}).house().brand)
    assert found == [BRANDS["briefing"], BRANDS["bulletin"]]
