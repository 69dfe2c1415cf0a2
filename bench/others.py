"""The product's comparisons: the calls that it made, made again by others.

``python -m bench.others anymail URL FOLDER``: django-anymail's Mailgun backend, given the same
message and the same recipients. Tokens and addresses stand ready in its memory, it reads no
database and records nothing: all of that is in its favour. With ``bare`` in its place, the ceiling:
bytes that stand ready, posted by ``requests`` and nothing else.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

from bench.measuring import Stopwatch, hand_in


def anymail(url: str, folder: Path) -> None:
    """Send every call of a folder, in anymail's terms, on one connection."""
    import django  # type: ignore[import-untyped]  # it ships no types; and bare does without
    from django.conf import settings  # type: ignore[import-untyped]
    from django.core.mail import get_connection  # type: ignore[import-untyped]

    settings.configure(
        EMAIL_BACKEND="anymail.backends.mailgun.EmailBackend",
        INSTALLED_APPS=["anymail"],
        ANYMAIL={
            "MAILGUN_API_KEY": "key",
            "MAILGUN_SENDER_DOMAIN": "forum.example",
            "MAILGUN_API_URL": f"{url}/v3",
        },
    )
    django.setup()
    watch = Stopwatch()
    connection = get_connection()
    connection.open()
    for call in kept(folder):
        fields = call.fields()
        merged = variables(fields)
        with watch.running():
            assert connection.send_messages([_message(fields, merged, connection)]) == 1
    connection.close()
    hand_in({"hand over": watch.phase()})


def _message(fields: dict[str, str], merged: dict[str, dict[str, str]], connection: Any) -> Any:
    """The message with the very fields of the product's call; Mailgun fills headers too."""
    from django.core.mail import EmailMultiAlternatives

    message: Any = EmailMultiAlternatives(
        subject=fields["subject"],
        body=fields["text"],
        from_email=fields["from"],
        to=list(merged),
        reply_to=[fields["h:Reply-To"]],
        headers={
            name[2:]: value
            for name, value in fields.items()
            if name.startswith("h:") and name != "h:Reply-To"
        },
        connection=connection,
    )
    message.attach_alternative(fields["html"], "text/html")
    message.merge_data = merged
    message.metadata = {"campaign": fields["v:campaign"], "attempt": fields["v:attempt"]}
    message.tags = [fields["o:tag"]]
    message.track_clicks = message.track_opens = False
    return message


def bare(url: str, folder: Path) -> None:
    """Post every call of a folder again, one after the other on one connection."""
    import requests

    watch = Stopwatch()
    with requests.Session() as session:
        session.trust_env = False
        for call in kept(folder):
            headers = {
                name: call.headers[name]
                for name in ("content-type", "authorization", "accept", "user-agent")
            }
            with watch.running():
                answer = session.post(url + call.path, data=call.body, headers=headers, timeout=60)
                assert answer.json()["id"]
    hand_in({"hand over": watch.phase()})


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One call in its bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    def fields(self) -> dict[str, str]:
        """The fields of its form, the last of each name."""
        kind = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(kind + self.body)
        return {
            str(part.get_param("name", header="content-disposition")): _value(
                part.get_payload(decode=True)
            )
            for part in form.iter_parts()
        }


def _value(payload: object) -> str:
    assert isinstance(payload, bytes)
    return payload.decode()


def kept(folder: Path) -> Iterator[Kept]:
    """All calls of a folder, in their order, one in memory at a time."""
    for file in sorted(folder.glob("*.call")):
        head, _, body = file.read_bytes().partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = (line.partition(":") for line in lines)
        yield Kept(
            path=first.split()[1],
            headers={name.lower(): value.strip() for name, _, value in fields},
            body=body,
        )


def variables(fields: dict[str, str]) -> dict[str, dict[str, str]]:
    """Address → the values merged into its message."""
    found: dict[str, dict[str, str]] = json.loads(fields["recipient-variables"])
    return found


if __name__ == "__main__":
    {"anymail": anymail, "bare": bare}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
