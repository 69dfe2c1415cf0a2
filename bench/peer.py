"""The peer: django-anymail's Mailgun backend, given the same message and the same recipients.

``python -m bench.peer URL FOLDER``. Tokens and addresses stand ready in its memory, it reads no
database and records nothing: all of that is in its favour.
"""

import sys
from pathlib import Path
from typing import Any

import django  # type: ignore[import-untyped]  # it ships no types
from django.conf import settings  # type: ignore[import-untyped]
from django.core.mail import (  # type: ignore[import-untyped]
    EmailMultiAlternatives,
    get_connection,
)

from bench.material import kept, variables
from bench.measuring import Stopwatch, hand_in


def main() -> None:
    """Hand over every call of a folder, said in anymail's words, on one connection."""
    url, folder = sys.argv[1], Path(sys.argv[2])
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


if __name__ == "__main__":
    main()
