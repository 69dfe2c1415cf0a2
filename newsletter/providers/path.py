"""Where something stands in an answer: ``id``, ``emails[0].id`` or ``header:X-Message-Id``."""

import json
import re
from typing import Any

from newsletter.providers.http import HttpResponse

_STEP = re.compile(r"\.?([^.\[\]\s]+)|\[([0-9]{1,4})\]")
_HEADER = re.compile(r"header:([A-Za-z0-9!#$%&'*+.^_`|~-]+)")


class AnswerPath:
    """A place in an answer. ``emails[0].id`` and ``emails.0.id`` are the same."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no path."""
        header = _HEADER.fullmatch(text)
        self._header = header[1].lower() if header else ""
        self._steps = [] if header else _steps(text)

    def find(self, response: HttpResponse) -> str:
        """The text or whole number that stands there, or nothing."""
        if self._header:
            return response.headers.get(self._header, "").strip()
        try:
            value: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            return ""
        for step in self._steps:
            value = _inside(value, step)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else ""


def _steps(text: str) -> list[str]:
    steps, end = [], 0
    for found in _STEP.finditer(text):
        if found.start() != end:
            break
        steps.append(found[1] or found[2])
        end = found.end()
    if not steps or end != len(text) or text.startswith((".", "header:")):
        raise ValueError(
            f"{text!r} is no path; write it like id, emails[0].id or header:X-Message-Id"
        )
    return steps


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None
