"""A mail as it was delivered: whole, by the rules, with one unsubscribe link of its own."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

LINK = re.compile(r"https://news\.forum\.example(/u/[A-Za-z0-9_-]{36})(?![A-Za-z0-9_-])")


def read_mail(path: Path) -> EmailMessage:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def check_the_mail(mail: EmailMessage) -> str:
    """Whole, by the rules, and with one unsubscribe link of its own, which is returned."""
    assert not mail.defects
    assert mail.get_content_type() == "multipart/alternative"
    parts = [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert not any(part.defects or value.defects for part in parts for value in part.values())
    assert not any(value.defects for value in mail.values())
    for name in ("From", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "Feedback-ID"):
        assert len(mail.get_all(name, [])) == 1, name
    [link] = set(LINK.findall(mail["List-Unsubscribe"]))
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in parts:
        assert set(LINK.findall(part.get_content())) == {link}
        assert "1 Example Street" in part.get_content()
    return str(link)
