"""The plainest workspace that does everything, for tests and the benchmark."""

from pathlib import Path

BASE = """\
organisation:
  name: Example Forum
  website: https://forum.example
  postal_address: 1 Example Street, Washington, DC 20001
sender: {name: Example Forum, address: news@forum.example}
public_url: https://news.forum.example
timezone: America/New_York
"""
"""The least that a configuration has to say."""

SENDS = "default_lists: [press]\nprovider: {kind: outbox, path: var/outbox}\n"


def plain_workspace(folder: Path, more: str = "") -> Path:
    """Write a workspace without statements, with these lines at the end of its configuration."""
    (folder / "statements").mkdir()
    (folder / "newsletter.yaml").write_text(BASE + SENDS + more)
    return folder
