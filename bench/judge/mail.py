"""A statement as the mail that a reader gets, made by the product's own renderer.

``python -m bench.judge.mail BRAND FILE...`` prints a digest of each mail, to compare processes.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from bench.judge.corpus import PLAIN, Text, publisher_in, read_text
from newsletter.domain.delivery.mime import to_mime
from newsletter.domain.statements.content import Content, Recipient
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer

_READER = Recipient(
    subscriber_id=1,
    address="ana@readers.example",
    unsubscribe="AAAAAAAAAAEAAAABgk3qv7wVn0Zc1Jr2u5yB",
    message_id="1.1.4f2a9c",
)
AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
_IMAGE = "!["
_OF_THE_BODY = {"mime-version", "content-type", "content-transfer-encoding"}


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail, rendered and filled for a made-up reader."""

    name: str
    words: int
    """Of all that its authors wrote."""
    texts: int = 1
    """The statement, and its translations in the same mail."""
    has_images: bool
    """The statement has some; a logo does not count."""
    html: str
    message: bytes
    """The whole message, as RFC 5322 has it."""
    bare: bytes
    """The statement's own words under the same header fields, as text and nothing else."""

    def digest(self) -> str:
        """SHA-256 over HTML and message."""
        return hashlib.sha256(self.html.encode() + b"\0" + self.message).hexdigest()


def make_renderer(brand: str = PLAIN) -> TemplateRenderer:
    """The default templates, for a made-up organisation in one of the brands."""
    return TemplateRenderer(publisher=publisher_in(brand), files=mail_templates(None))


def make_mail(name: str, text: Text, renderer: TemplateRenderer) -> Mail:
    """Render, and fill for one reader. Raises InvalidInput."""
    content = renderer.render(text.statement, text.translations)
    reader = reader_of(content)
    message = to_mime(content=content, recipient=reader, at=AT)
    words = "\n\n".join(one.body for one in (text.statement, *text.translations))
    return Mail(
        name=name,
        words=len(words.split()),
        texts=1 + len(text.translations),
        has_images=_IMAGE in words,
        html=reader.merge(content.html),
        message=message,
        bare=_bare(message, words),
    )


def reader_of(content: Content) -> Recipient:
    """The made-up reader of a mail, by the name that it greets them with."""
    return _READER._replace(names=content.fill_names("Ana Ruiz"))


def _bare(message: bytes, words: str) -> bytes:
    """For the question what the words alone cost at a spam filter."""
    whole = message_from_bytes(message, policy=SMTP)
    bare = EmailMessage(policy=SMTP)
    for name, value in whole.items():
        if name.lower() not in _OF_THE_BODY:
            bare[name] = value
    bare.set_content(words, cte="quoted-printable")
    return bare.as_bytes()


def main() -> None:
    """Make the mail of each file and print the digests as JSON, in their order."""
    renderer = make_renderer(sys.argv[1])
    files = [Path(argument) for argument in sys.argv[2:]]
    mails = [make_mail(file.name, read_text(file), renderer) for file in files]
    print(json.dumps([mail.digest() for mail in mails]))


_THREADS = 8
ROUNDS = 8
_LIMIT = 300.0


def unstable(
    files: Sequence[Path], mails: Sequence[Mail], brand: str = PLAIN, *, rounds: int = ROUNDS
) -> list[bool]:
    """For each file, whether any further rendering of it differs from its mail."""
    seen = [{mail.digest()} for mail in mails]
    for each in (
        _again(files, brand),
        *_in_threads(files, brand, rounds),
        _elsewhere(files, brand),
    ):
        for known, digest in zip(seen, each, strict=True):
            known.add(digest)
    return [len(known) > 1 for known in seen]


def _again(files: Sequence[Path], brand: str) -> list[str]:
    renderer = make_renderer(brand)
    return [make_mail(file.name, read_text(file), renderer).digest() for file in files]


def _in_threads(files: Sequence[Path], brand: str, rounds: int) -> list[list[str]]:
    """Different mails side by side, in one renderer."""
    renderer = make_renderer(brand)
    texts = [(file.name, read_text(file)) for file in files]

    def digest(turn: int) -> str:
        name, text = texts[turn % len(texts)]
        return make_mail(name, text, renderer).digest()

    with ThreadPoolExecutor(_THREADS) as pool:
        made = list(pool.map(digest, range(rounds * len(files))))
    return [made[start : start + len(files)] for start in range(0, len(made), len(files))]


def _elsewhere(files: Sequence[Path], brand: str) -> list[str]:
    command = [sys.executable, "-m", "bench.judge.mail", brand, *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=True)
    digests: list[str] = json.loads(ran.stdout)
    return digests


if __name__ == "__main__":
    main()
