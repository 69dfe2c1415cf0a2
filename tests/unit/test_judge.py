"""The judging of the finished mail: what is asked elsewhere is decided here, and must bite."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.judge import corpus, table
from bench.judge.browser import picture, without_styles
from bench.judge.corpus import BRANDS
from bench.judge.envelope import Spam, as_mbox, read_reports, read_spam, seals, stdlib_defects
from bench.judge.figures import Figures, missed
from bench.judge.judges import Judge, Machine, absent, asleep, sentinel
from bench.judge.mail import Mail, make_mail, make_renderer, unstable
from bench.judge.markup import HERE, errors_by_file, is_error
from bench.judge.peers.content import content_of, words_of
from bench.judge.support import Cost, Mark, Support, score
from newsletter.config.loading import load
from newsletter.domain.errors import InvalidInput
from tests.rows import rows

MARKS = {
    "padding": [
        Mark(family="gmail", client="ios", mark="y"),
        Mark(family="yahoo", client="ios", mark="y"),
    ],
    "margin": [
        Mark(family="gmail", client="ios", mark="a #1"),
        Mark(family="yahoo", client="ios", mark="n"),
    ],
    "wbr": [
        Mark(family="gmail", client="ios", mark="u"),
        Mark(family="yahoo", client="ios", mark="y"),
    ],
}
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


# --- how far mail programs support a mail --------------------------------------------------------


def test_yes_counts_one_partly_a_half_no_nothing_and_unknown_not_at_all() -> None:
    support = score(["margin", "padding", "wbr"], MARKS)
    assert support.families["gmail"] == pytest.approx(100 * 1.5 / 2)
    assert support.families["yahoo"] == pytest.approx(100 * 2 / 3)
    assert support.overall == pytest.approx(100 * 3.5 / 5)


def test_a_feature_costs_what_the_score_would_gain_without_it() -> None:
    (cost,) = score(["margin", "padding"], MARKS).costs
    assert (cost.feature, cost.where) == ("margin", ("gmail.ios a #1", "yahoo.ios n"))
    assert cost.points == pytest.approx(100 - 100 * 2.5 / 4)


def test_a_feature_of_which_nothing_is_known_costs_nothing() -> None:
    support = score(["newest"], MARKS)
    assert (support.overall, support.costs) == (100.0, ())


# --- the checker's answer ------------------------------------------------------------------------


@rows(
    "text",
    [
        "CSS: “mso-line-height-rule”: Property “mso-line-height-rule” doesn't exist.",
        "CSS: “supported-color-schemes”: Property “supported-color-schemes” doesn't exist.",
        "The “bgcolor” attribute on the “td” element is obsolete. Use CSS instead.",
        "Attribute “xmlns:o” not allowed here.",
    ],
)
def test_what_mail_cannot_do_without_is_no_error(text: str) -> None:
    assert not is_error({"type": "error", "message": text})


def test_errors_and_failures_count_and_remarks_do_not() -> None:
    text = "CSS: “colour”: Property “colour” doesn't exist."
    assert is_error({"type": "error", "message": text})
    assert is_error({"type": "non-document-error", "message": "File not found."})
    assert not is_error({"type": "info", "subType": "warning", "message": text})


def test_each_file_gets_its_own_errors_in_the_order_of_the_files() -> None:
    told = [
        {"type": "error", "url": "file:/tmp/b.html", "lastLine": 3, "message": "Stray end tag."},
        {"type": "info", "url": "file:/tmp/a.html", "lastLine": 1, "message": "Trailing slash."},
    ]
    urls = ["file:///tmp/a.html", "file:///tmp/b.html"]
    assert errors_by_file(told, urls) == [(), ("line 3: Stray end tag.",)]


def test_an_error_about_a_file_that_was_not_shown_is_not_lost() -> None:
    with pytest.raises(KeyError, match=r"c\.html"):
        errors_by_file([{"type": "error", "url": "file:/tmp/c.html", "message": "Bad."}], [])


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


def test_a_message_that_never_ends_is_defective() -> None:
    assert any("CloseBoundaryNotFound" in one or "Boundary" in one for one in stdlib_defects(
        sentinel().message
    ))  # fmt: skip


# --- the page ------------------------------------------------------------------------------------


def test_all_styles_but_those_of_elements_are_taken_away() -> None:
    html = '<STYLE type="text/css">p{}\n</style><p style="a:b">x</p><style>q{}</style>'
    assert without_styles(html) == '<p style="a:b">x</p>'


def test_a_picture_has_the_size_it_says() -> None:
    made = picture(3, 2)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert made[16:24] == b"\0\0\0\3\0\0\0\2"


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


def test_with_the_score_that_is_missed_the_dearest_features_are_named() -> None:
    costs = (
        Cost(feature="@media", points=1.17, where=("gmail.ios a",)),
        *(Cost(feature=f"feature {number}", points=0.1, where=()) for number in range(9)),
    )
    (reason,) = missed(replace(GOOD, support=replace(BAD_SUPPORT, costs=costs)))
    assert "(what costs most: @media 1.2, feature 0 0.1, " in reason
    assert "feature 3" in reason
    assert "feature 4" not in reason


def test_long_statements_and_several_in_one_mail_may_cost_bytes() -> None:
    assert missed(replace(GOOD, html_bytes=30_000, words=401)) == []
    assert missed(replace(GOOD, html_bytes=30_000, texts=2)) == []
    assert missed(replace(GOOD, html_bytes=40_000, texts=2)) != []


def test_a_spam_filter_may_object_to_the_words_alone() -> None:
    assert missed(replace(GOOD, spam=1.0, spam_of_form=0.0)) == []


# --- who says nothing ----------------------------------------------------------------------------


def machine(*lacking: str) -> Machine:
    def has(name: str) -> bool:
        return name not in lacking

    return Machine(has_program=has, has_module=has, has_package=has)


@rows(
    ("lacking", "judges"),
    [
        ("node", {Judge.MARKUP}),
        ("caniemail", {Judge.MARKUP}),
        ("html-validate", {Judge.MARKUP}),
        ("java", {Judge.CHECKER}),
        ("vnu-jar", {Judge.CHECKER}),
        ("chromium", {Judge.BROWSER}),
        ("playwright", {Judge.BROWSER}),
        ("axe-core", {Judge.BROWSER}),
        ("spamassassin", {Judge.SPAM}),
        ("mailparser", {Judge.PARSER}),
        ("dkim", {Judge.SIGNATURE}),
    ],
)
def test_a_judge_that_is_missing_is_named_with_what_to_do(lacking: str, judges: set[Judge]) -> None:
    found = absent(machine(lacking))
    assert set(found) == judges
    assert all(re.match(r"is missing: (?:install|run) ", why) for why in found.values())


def test_where_everything_is_installed_nobody_is_missing() -> None:
    assert absent(machine()) == {}


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


# --- the table -----------------------------------------------------------------------------------


def test_the_last_row_shows_the_worst_of_each_column() -> None:
    worse = replace(
        GOOD,
        name="other",
        html_bytes=12_345,
        checker=("x", "y"),
        dark=("x",),
        width_without_images=600,
        spam=0.4,
        spam_of_form=0.0,
        dkim=False,
        stable=False,
    )
    lines = table.markdown([GOOD, worse]).splitlines()
    assert len(lines) == 2 + 2 + 1
    assert lines[2] == (
        "| plain | 397 | 9,000 | 14,000 | 88.0 | 87.0 | 100.0 | 81.0 | 88.0 | 0 | 0 | 0 / 0 |"
        " 375 | 0.0 | 0 | yes | yes |"
    )
    assert "| 0.4 (form 0.0) |" in lines[3]
    assert lines[4] == (
        "| worst | 397 | 12,345 | 14,000 | 88.0 | 87.0 | 100.0 | 81.0 | 88.0 | 2 | 0 | 0 / 1 |"
        " 375 / 600 / 375 | 0.4 | 0 | NO | NO |"
    )


def test_who_was_not_asked_is_a_dash_and_no_nought() -> None:
    nothing = Figures(name="x", words=1, has_images=True, html_bytes=1, message_bytes=1)
    for row in table.rows([nothing]):
        assert row[4:] == ["–"] * 7 + ["– / –", "–", "–", "–", "–", "yes"]


def test_the_columns_of_the_table_stand_below_each_other() -> None:
    long = replace(GOOD, name="x" * 60)
    head, first, second, _ = table.plain([GOOD, long]).splitlines()
    assert len({len(head), len(first), len(second)}) == 1
    assert "x…" in second


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


def test_files_of_a_folder_are_sorted_and_other_files_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "c.html"):
        (tmp_path / name).write_text("x")
    assert [file.name for file in corpus.statement_files([tmp_path])] == ["a.md", "b.txt"]
    assert corpus.statement_files([tmp_path / "c.html"]) == [tmp_path / "c.html"]


def test_a_plain_text_is_imported_and_a_broken_statement_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("A Library Opens\n\nMay 3, 2021\n\nThe library opens on Sundays, at last.\n")
    assert corpus.read_statement(text).title == "A Library Opens"
    broken = tmp_path / "broken.md"
    broken.write_text("---\ntitel: x\n---\ntext\n")
    with pytest.raises(InvalidInput, match="titel"):
        corpus.read_statement(broken)


@pytest.fixture(scope="module")
def mail() -> Mail:
    file = corpus.EXAMPLES / "image.md"
    return make_mail(file.stem, corpus.read_text(file), make_renderer())


def test_the_mail_is_filled_for_a_reader_and_knows_what_it_holds(mail: Mail) -> None:
    assert "NLMERGE" not in mail.html
    assert b"NLMERGE" not in mail.message
    assert b"Received:" not in mail.message
    assert mail.has_images
    assert stdlib_defects(mail.message) == ()


def test_a_mail_that_greets_its_readers_greets_the_made_up_one() -> None:
    file = corpus.BLOCKS / "greeting.md"
    made = make_mail(file.stem, corpus.read_text(file), make_renderer())
    assert 'Dear <span dir="auto">Ana Ruiz</span>' in made.html
    assert b"Dear Ana Ruiz," in made.message
    assert b"NLMERGE" not in made.message


def test_the_words_alone_keep_the_fields_and_lose_the_form(mail: Mail) -> None:
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail.bare
    assert b"Content-Type: text/plain" in mail.bare
    assert b"nothing." in mail.bare
    assert b"<table" not in mail.bare
    assert stdlib_defects(mail.bare) == ()


@pytest.mark.slow("starts a process")
def test_a_mail_that_comes_out_otherwise_is_found(mail: Mail) -> None:
    files = [corpus.EXAMPLES / "image.md", corpus.EXAMPLES / "spanish.md"]
    spanish = make_mail("spanish", corpus.read_text(files[1]), make_renderer())
    other = replace(mail, html="other")
    assert unstable(files, [other, spanish], rounds=2) == [True, False]


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


# --- what others make of it ----------------------------------------------------------------------


def said(content: object) -> list[str]:
    """All texts of a content, without what only tells what a block is."""
    if isinstance(content, dict):
        kept = [one for name, one in content.items() if name not in _NOT_WORDS]
        return [text for one in kept for text in said(one)]
    if isinstance(content, list):
        return [text for one in content for text in said(one)]
    return [content] if isinstance(content, str) else []


_NOT_WORDS = {"kind", "language", "direction", "subject", "src", "alt", "href", "side"}


@rows(
    "file",
    [
        corpus.EXAMPLES / "everything.md",
        corpus.BLOCKS / "all.md",
        corpus.BLOCKS / "arabic-blocks.md",
        corpus.KINDS / "correction-en.md",
        corpus.KINDS / "languages.md",
    ],
)
def test_peers_are_given_every_word_of_a_mail_and_none_of_its_looks(file: Path) -> None:
    html = make_mail(file.stem, corpus.read_text(file), make_renderer()).html
    given = content_of(html)
    texts = said(given)
    # on telephones, each cell of a wide table says once more what it is
    named = re.findall(r'<span class="named"[^>]*>.*?</span>', html)
    found, wanted = Counter(words_of(" ".join(texts))), Counter(words_of(html))
    assert wanted - found <= Counter(words_of(" ".join(named)))
    assert not found - wanted
    assert not any(mark in text for text in texts for mark in ("style=", "class=", "<wbr"))
    kinds = {block["kind"] for block in given["blocks"]}
    assert kinds <= KINDS_OF_BLOCKS


KINDS_OF_BLOCKS = {
    *("p", "h2", "h3", "ul", "ol", "hr", "blockquote", "table", "div"),
    *("standfirst", "edge", "figure", "button", "video", "pull", "quoted", "columns"),
    *("downloads", "wide", "record", "end", "notes", "pre"),
}
"""What the programs of the peers know."""


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
