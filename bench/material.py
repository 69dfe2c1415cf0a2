"""Calls that a run of the product made, kept as files, for the others to make again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path


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
    """Address → what is merged into its message."""
    found: dict[str, dict[str, str]] = json.loads(fields["recipient-variables"])
    return found
