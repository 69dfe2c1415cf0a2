"""Mailpit: ``GET /api/v1/info`` tells that it is there.

Facts: clients of Mailpit's API, which read ``Version`` from it.
"""

from typing import Any

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import Probe, public, well
from newsletter.providers.mailpit.send import Options
from newsletter.providers.transport.http import HttpRequest

_WHAT = "provider"


def probes(options: Options, _: str) -> tuple[Probe | Finding, ...]:
    """Whether it is there."""
    url = f"{public(options, 'http://127.0.0.1:8025')}/api/v1/info"
    return (Probe(what=_WHAT, request=HttpRequest(method="GET", url=url), judge=_info),)


def _info(said: Any) -> Finding | None:
    match said:
        case {"Version": str(version)}:
            return well(_WHAT, f"Mailpit {version} is there; it delivers to no reader")
    return None
