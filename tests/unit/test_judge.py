"""The judging of the finished mail: what is asked elsewhere is decided here, and must bite."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.judge import corpus
from bench.judge.corpus import BRANDS
from bench.judge.envelope import Spam, as_mbox, read_reports, read_spam, seals
from bench.judge.figures import Figures, missed
from bench.judge.judges import Judge, asleep
from bench.judge.mail import make_renderer
from bench.judge.markup import HERE
from bench.judge.support import Support
from newsletter.config.loading import load
from tests.rows import rows

GOOD = Figures(
    name="plain",
    words=397,
    has_images=False,
    html_bytes=9_000,
    message_bytes=14_000,
    support=Support(
        families={"gmail": 88.0, "outlook": 87.0, "apple-mail": 100.0, "yahoo": 81.0},
        overall=88.0,
        costs=(),
    ),
    validate=(),
    checker=(),
    mode="CSS1Compat",
    light=(),
    dark=(),
    width=375,
    width_without_images=375,
    width_without_styles=375,
    spam=0.0,
    parser=(),
    stdlib=(),
    dkim=True,
)
BAD_SUPPORT = Support(families={}, overall=86.9, costs=())


# --- the message ---------------------------------------------------------------------------------


REPORT = """\
X-Spam-Level: *
X-Spam-Status: No, score=1.2 required=5.0 tests=HTML_MESSAGE,MONEY,
\tNO_RELAYS autolearn=disabled version=4.0.1
Subject: X-Spam-Status: No, score=0.0 required=5.0

 pts rule name              description
 9.9 MADE_UP                a line of the mail

Content analysis details:   (1.2 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 1.0 MONEY                  BODY: Mentions millions of $
                            ($NN,NNN,NNN.NN)
 0.2 HTML_MESSAGE           BODY: HTML included in message
"""


def test_score_and_rules_are_read_from_the_report_and_not_from_the_mail() -> None:
    spam = read_spam(REPORT)
    assert spam.score == 1.2
    assert spam.rules == {"NO_RELAYS": 0.0, "MONEY": 1.0, "HTML_MESSAGE": 0.2}


def test_the_form_answers_for_the_rules_that_the_words_alone_do_not_fire() -> None:
    words = Spam(score=2.0, rules={"MONEY": 1.0, "NO_HTML": 1.0})
    form = read_spam(REPORT).beyond(words)
    assert (form.score, set(form.rules)) == (0.2, {"NO_RELAYS", "HTML_MESSAGE"})


def test_an_answer_without_a_score_is_an_error() -> None:
    for report in ("Subject: hello\n", REPORT.replace(" pts rule name", "")):
        with pytest.raises(ValueError, match="no score"):
            read_spam(report)


def test_of_many_messages_each_gets_its_own_report_in_whatever_order_they_come() -> None:
    asked = as_mbox([b"Subject: a\r\n\r\nFrom here on\r\n", b"Subject: b\r\n\r\nx\r\n"])
    assert asked.count(b"\nFrom ") == 1, "a line of a mail begins no other mail"
    first, second = re.findall(rb"(?m)^From \S+ .*\n", asked)
    other = REPORT.replace("score=1.2", "score=0.2")
    told = f"{second.decode()}{other}\n{first.decode()}{REPORT}\n"
    assert [spam.score for spam in read_reports(told, 2)] == [1.2, 0.2]
    with pytest.raises(ValueError, match="no score"):
        read_reports(told, 3)


def test_a_seal_holds_only_if_a_changed_body_breaks_it() -> None:
    signed = b"Subject: x\r\n\r\nbody\r\n"
    assert seals(signed, lambda message: message == signed)
    assert not seals(signed, lambda message: True), "it does not look at the body"
    assert not seals(signed, lambda message: False)


# --- targets -------------------------------------------------------------------------------------


def test_a_mail_that_reaches_all_targets_misses_none() -> None:
    assert missed(GOOD) == []


@rows(
    ("changes", "reason"),
    [
        ({"support": BAD_SUPPORT}, "caniemail 86.9, less than 87.0"),
        ({"checker": ("line 1: Stray.",)}, "vnu: line 1: Stray."),
        ({"validate": ("wcag/h37, line 2: alt",)}, "html-validate: wcag/h37, line 2: alt"),
        ({"light": ("color-contrast: <p>",)}, "axe, light: color-contrast: <p>"),
        ({"dark": ("color-contrast: <p>",)}, "axe, dark: color-contrast: <p>"),
        ({"width": 376}, "376 pixels wide as it is, more than 375"),
        ({"width_without_images": 600}, "600 pixels wide without images, more than 375"),
        ({"width_without_styles": 600}, "600 pixels wide without styles, more than 375"),
        ({"mode": "BackCompat"}, "it is read in the mode BackCompat, not CSS1Compat"),
        (
            {"spam": 1.2, "spam_of_form": 0.7, "form_rules": ("A", "B")},
            "SpamAssassin 0.7 for its form, more than 0.0: A B",
        ),
        ({"parser": ("x",)}, "mail-parser: x"),
        ({"stdlib": ("y",)}, "the standard library's parser: y"),
        ({"dkim": False}, "a DKIM signature does not hold"),
        (
            {"html_bytes": 20_000},
            "20,000 bytes of HTML, not less than 20,000, for 397 words",
        ),
        ({"stable": False}, "rendered again, it gave other bytes"),
    ],
)
def test_each_missed_target_is_told_with_its_figure(
    changes: dict[str, object], reason: str
) -> None:
    assert missed(replace(GOOD, **changes)) == [f"plain: {reason}"]  # type: ignore[arg-type]


def test_long_statements_and_several_in_one_mail_may_cost_bytes() -> None:
    assert missed(replace(GOOD, html_bytes=30_000, words=401)) == []
    assert missed(replace(GOOD, html_bytes=30_000, texts=2)) == []
    assert missed(replace(GOOD, html_bytes=40_000, texts=2)) != []


def test_a_spam_filter_may_object_to_the_words_alone() -> None:
    assert missed(replace(GOOD, spam=1.0, spam_of_form=0.0)) == []


# --- who says nothing ----------------------------------------------------------------------------


def test_a_judge_that_finds_the_sentinel_faultless_is_asleep() -> None:
    found = asleep(replace(GOOD, support=replace(BAD_SUPPORT, overall=100.0)))
    assert set(found) == set(Judge) - {Judge.SIGNATURE}, "that one proves itself with each mail"
    assert found[Judge.SPAM] == "saw nothing wrong in free money"
    assert "in dark" in found[Judge.BROWSER]


def test_a_judge_that_objects_to_the_sentinel_is_awake_and_one_without_an_answer_not_asleep() -> (
    None
):
    seen = replace(
        GOOD,
        support=BAD_SUPPORT,
        validate=("x",),
        checker=("x",),
        mode="BackCompat",
        light=("x",),
        dark=("x",),
        width=900,
        width_without_images=900,
        width_without_styles=900,
        spam=5.0,
        spam_of_form=5.0,
        parser=("x",),
        stdlib=("x",),
    )
    assert asleep(seen) == {}
    nothing = Figures(name="x", words=1, has_images=True, html_bytes=1, message_bytes=1)
    assert asleep(nothing) == {}
    assert list(asleep(replace(seen, dark=()))) == [Judge.BROWSER]


# --- what is judged ------------------------------------------------------------------------------


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
    assert found == [BRANDS["banner"], BRANDS["serif"]]
