"""The judges of the whole message: SpamAssassin, two parsers, and a DKIM signature."""

import base64
import logging
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import import_module
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.judge.corpus import DOMAIN

_SCORE = re.compile(r"(?m)^X-Spam-Status: \w+, score=(-?[\d.]+) ")
_TABLE = "\n pts rule name "
_RULE = re.compile(r"(?m)^ *(-?\d+\.\d+) ([A-Z]\w+) ")
_NUMBERED = re.compile(r"(?m)^From judge-(\d+) .*\n")
_FROM = re.compile(rb"(?m)^From ")
_SELECTOR = b"judge"
_LIMIT = 120.0


@dataclass(frozen=True, kw_only=True)
class Spam:
    """SpamAssassin's score and the rules that made it."""

    score: float
    rules: Mapping[str, float]
    """Rule → points."""

    def beyond(self, words: "Spam") -> "Spam":
        """Return the score without the rules that the words alone have fired."""
        own = {rule: points for rule, points in self.rules.items() if rule not in words.rules}
        return Spam(score=round(sum(own.values()), 1), rules=own)


def spam(messages: Sequence[bytes]) -> list[Spam]:
    """Ask SpamAssassin of each, with the rules it came with, without network and without learning.

    All of them in one process, since it takes most of a second to start. Raises ValueError.
    """
    # no Received field is added: for an address of documentation it alone would cost 1.3
    options = ["--local", "--test-mode", "--nocreate-prefs", "--cf=use_bayes 0"]
    with tempfile.TemporaryDirectory(prefix="newsletter-judge-") as home:
        ran = subprocess.run(
            ["spamassassin", "--mbox", *options],
            input=as_mbox(messages),
            capture_output=True,
            env={**os.environ, "HOME": home},
            timeout=_LIMIT,
            check=True,
        )
    return read_reports(ran.stdout.decode(errors="replace"), len(messages))


def as_mbox(messages: Sequence[bytes]) -> bytes:
    """The messages one below the other, each under a line with its number."""
    return b"".join(
        b"From judge-%d Mon Jan  5 14:00:00 2026\n%s\n\n" % (number, _FROM.sub(b">From ", message))
        for number, message in enumerate(messages)
    )


def read_reports(output: str, wanted: int) -> list[Spam]:
    """Return score and rules of each message, in any order. Raises ValueError."""
    _, *parts = _NUMBERED.split(output)
    found = {int(number): report for number, report in zip(parts[::2], parts[1::2], strict=True)}
    return [read_spam(found.get(number, "")) for number in range(wanted)]


def read_spam(report: str) -> Spam:
    """Score and rules, from a message with SpamAssassin's report behind it. Raises ValueError."""
    found = _SCORE.search(report)
    _, begins, table = report.rpartition(_TABLE)
    if found is None or not begins:
        raise ValueError("SpamAssassin gave no score")
    rules = {rule: float(points) for points, rule in _RULE.findall(table)}
    return Spam(score=float(found[1]), rules=rules)


def stdlib_defects(message: bytes) -> tuple[str, ...]:
    """Return the objections of Python's own parser to the parts, and to the fields of each."""
    found = []
    for part in message_from_bytes(message, policy=policy.default).walk():
        assert isinstance(part, EmailMessage)
        part.get_payload(decode=True)  # which may add defects
        found += part.defects
        found += [defect for value in part.values() for defect in value.defects]
    return tuple(f"{type(defect).__name__}: {defect}" for defect in found)


def parser_defects(message: bytes) -> tuple[str, ...]:
    """Return the objections of mail-parser."""
    mailparser = import_module("mailparser")
    logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # it tells the same again
    return tuple(map(str, mailparser.parse_from_bytes(message).defects))


class Signing:
    """A throw-away key, and what a receiver finds in the DNS for it."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._dkim: Any = import_module("dkim")
        self._private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def holds(self, message: bytes) -> bool:
        """Sign: it verifies, and no longer does with one letter of the body changed."""
        signature = self._dkim.sign(message, _SELECTOR, DOMAIN.encode(), self._private)
        return seals(signature + message, self._verifies)

    def _verifies(self, message: bytes) -> bool:
        return bool(self._dkim.verify(message, dnsfunc=lambda name, timeout=5: self._record))


def seals(signed: bytes, verifies: Callable[[bytes], bool]) -> bool:
    """Return whether it verifies as it is, and not with a letter more at the end of its body."""
    return verifies(signed) and not verifies(signed.rstrip(b"\r\n") + b"x\r\n")
