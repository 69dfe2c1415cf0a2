"""Any blocks next to and inside of each other are written and closed."""

from hypothesis import given
from hypothesis import strategies as some

from newsletter.rendering.checks.text_segments import text_segments
from newsletter.rendering.mail.details import first_sentences
from newsletter.rendering.markdown.blocks import in_parts
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import to_text

_P = "https://a.example/b.jpg"
_PIECES = some.sampled_from(
    [
        "**[R](https://a.example/r)**",
        "**[](https://a.example)**",
        "> a\n> — B",
        "> — B",
        f'![A]({_P}#1200x600 "C. Photo: D")',
        f"[![A]({_P})](https://youtu.be/x)",
        f"[![A]({_P})](#a)",
        f"a ![A]({_P}) b",
        "- [K](https://a.example/k.zip) (ZIP, 1 MB)",
        "- [a](<https://[x/a.pdf>)",
        f"|a|b|\n|-|-|\n|{'w ' * 50}|b|",
        f"| #![A]({_P}) | b |\n|-|-|\n| ![A]({_P}) x | ![B]({_P}) |",
        "|a|b|\n|-|-|",
        f"|{'acknowledgement|' * 6}\n{'|-' * 6}|\n{'|1990–1995' * 6}|",
        "|a|b|c|d|\n|-|-|-|-|\n|1,240,500,000|1,240,500,000|1|2|",
        "*s*",
        "###",
        "see https://a.example/x[^1] a@b.example",
        "[^1]: note",
    ]
)
_WITHIN = some.sampled_from(["", "", "", "> ", "- ", "  ", "    "])


@some.composite
def bodies(draw: some.DrawFn) -> str:
    parts = []
    for piece in draw(some.lists(_PIECES, min_size=1, max_size=5)):
        first = draw(_WITHIN)
        rest = first.replace("- ", "  ")
        parts.append(
            "\n".join(f"{rest if at else first}{line}" for at, line in enumerate(piece.split("\n")))
        )
    return draw(some.sampled_from(["\n\n", "\n"])).join(parts)


@given(bodies(), some.sampled_from(["en", "ar"]))
def test_whatever_stands_together_is_written_and_closed(body: str, language: str) -> None:
    tokens = read_markdown(body, language)
    html = to_html(tokens)
    parts = in_parts(tokens, 600)

    assert "<x-" not in html
    assert html.count("<table") == html.count("</table")
    assert html.count("<!--[if") == html.count("<![endif]")
    assert len(parts.above) + len(parts.lead) + len(parts.rest) == len(tokens)
    to_text(tokens)
    list(text_segments(tokens))
    first_sentences(tokens)
