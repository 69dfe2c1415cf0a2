"""Signing up as a browser does: with the fields of the form that it was shown."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import requests
from lxml import html

from tests.acceptance.mails import read_mail
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace
from tests.pages import Forum

LISTS = [
    {"name": "press", "title": "Press releases", "about": "What we say in public."},
    {"name": "sport", "title": "Sport & games"},
]
_CONFIRM = re.compile(r"https://news\.forum\.example(/confirm/[A-Za-z0-9_-]{32})\s")


def fields_of(page: str) -> dict[str, Any]:
    """Return the fields that a browser would post from the one form of a page, unchanged."""
    [form] = html.document_fromstring(page).xpath("//form")
    return dict(form.form_values())


def sign_up(site: Site, address: str, *lists: str, **fields: Any) -> requests.Response:
    """Open the page, fill in the form, post it."""
    form = fields_of(site.ask("GET", "/subscribe").text)
    form |= {"email": address, **({"list": list(lists)} if lists else {}), **fields}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    return site.ask("POST", "/subscribe", data=form, headers=headers)


def letters(workspace: Workspace) -> list[dict[str, Any]]:
    """The rows that were taken on."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            dict(row) for row in connection.execute("SELECT * FROM transactional_email ORDER BY id")
        ]


def confirmation_link(workspace: Workspace | Forum, address: str) -> str:
    """The path in the letter to an address."""
    mails = [mail for mail in map(read_mail, workspace.outbox) if mail["To"] == address]
    [link] = {
        found
        for mail in mails
        for part in mail.iter_parts()
        for found in _CONFIRM.findall(part.get_content().replace('"', " "))  # type: ignore[attr-defined]
    }
    return str(link)
