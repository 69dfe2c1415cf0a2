"""What stands for a picture in a text."""

from dataclasses import replace

from newsletter.domain.statements.picture import Picture
from tests.fakes import NOON

PICTURE = Picture(
    name="p" * 26,
    draft="a" * 16,
    kind="image/png",
    width=600,
    height=400,
    alt="The [new]  library_hall",
    by="ana@forum.example",
    at=NOON,
)


def test_a_picture_stands_in_a_text_by_its_public_address_with_its_size_and_its_words() -> None:
    assert PICTURE.markdown("https://news.forum.example") == (
        r"![The \[new\] library\_hall]"
        f"(https://news.forum.example/media/{'p' * 26}#600x400)"
    )


def test_decoration_says_so_in_its_address() -> None:
    assert replace(PICTURE, alt="").markdown("https://x.example") == (
        f"![](https://x.example/media/{'p' * 26}#600x400,decoration)"
    )
